"""What the administrator keeps: organisations with their responsible officials (SAH 3.2), and reasons of appeals."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.states import Holder
from acd.journal.store import tables


@dataclass(frozen=True, slots=True)
class Organisation:
    """A clinic, ministry or insurer to which cards are handed over."""

    id: int
    kind: Holder
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Official:
    """Who answers for appeals in an organisation."""

    id: int
    organisation_id: int
    name: str
    email: str
    phone: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """Why people appeal, as the service's catalogue says it."""

    id: int
    title: str
    active: bool = True


class Catalogues:
    """The store of catalogues. Nothing is deleted: cards refer to it; what is no longer used is made inactive."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def organisations(self, service: str) -> list[Organisation]:
        """Return the service's organisations by name."""
        table = tables.organisation
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(table).where(table.c.service == service).order_by(table.c.name, table.c.id)
            )
            return [Organisation(row.id, Holder(row.kind), row.name, row.active) for row in rows]

    async def officials(self, service: str) -> list[Official]:
        """Return the responsible officials of all organisations of the service."""
        table, owner = tables.official, tables.organisation
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(table)
                .join(owner, owner.c.id == table.c.organisation_id)
                .where(owner.c.service == service)
                .order_by(table.c.name, table.c.id)
            )
            return [Official(row.id, row.organisation_id, row.name, row.email, row.phone, row.active) for row in rows]

    async def reasons(self, service: str) -> list[Reason]:
        """Return the service's reasons in alphabetical order."""
        table = tables.reason
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(table).where(table.c.service == service).order_by(table.c.title, table.c.id)
            )
            return [Reason(row.id, row.title, row.active) for row in rows]

    async def add_organisation(self, service: str, kind: Holder, name: str) -> int:
        """Add an organisation and return its id."""
        return await self._add(tables.organisation, service=service, kind=kind, name=name)

    async def add_official(self, organisation: int, name: str, email: str, phone: str = "") -> int:
        """Add a responsible official and return the id."""
        return await self._add(tables.official, organisation_id=organisation, name=name, email=email, phone=phone)

    async def add_reason(self, service: str, title: str) -> int:
        """Add a reason and return its id."""
        return await self._add(tables.reason, service=service, title=title)

    async def set_active(self, service: str, table: str, row: int, *, active: bool) -> None:
        """Take a row of `organisation`, `official` or `reason` out of use, or back into it.

        Raises:
            KeyError: There is no such catalogue.
        """
        found = {"organisation": tables.organisation, "official": tables.official, "reason": tables.reason}[table]
        owner = tables.organisation
        if found is tables.official:
            ours: ColumnElement[bool] = found.c.organisation_id.in_(
                select(owner.c.id).where(owner.c.service == service)
            )
        else:
            ours = found.c.service == service
        async with self._engine.begin() as connection:
            await connection.execute(update(found).where(found.c.id == row, ours).values(active=active))

    async def _add(self, table: Table, **values: object) -> int:
        async with self._engine.begin() as connection:
            added: int = (await connection.execute(insert(table).values(**values).returning(table.c.id))).scalar_one()
        return added

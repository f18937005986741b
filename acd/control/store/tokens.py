"""Tokens: made, listed, revoked, and looked up at each request, so that a revoked one opens nothing from then on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from acd.control.access import Identity, Role, new_token, token_digest
from acd.control.errors import StoreAway, TokenWrong
from acd.control.store.database import ControlDatabase, first_line
from acd.control.store.tables import control_token
from queue_engine.ids import AgentId, Instant


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is known of a token, without the token."""

    id: str
    """The first digits of its digest, enough to name it."""
    name: str
    role: Role
    agent: str | None
    made_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None

    def valid(self, now: Instant) -> bool:
        """Return whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


ID_DIGITS: Final = 10


class TokenStore:
    """The tokens in the database."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def make(
        self, name: str, role: Role, now: Instant, *, agent: AgentId | None = None, expires_at: Instant | None = None
    ) -> str:
        """Return a fresh token for a person or program. It is shown this once.

        Raises:
            TokenWrong: An operator's token needs the operator, and no other may have one.
            StoreAway: The database cannot be written.
        """
        if (role is Role.OPERATOR) != (agent is not None):
            raise TokenWrong("an operator's token, and no other, names the operator")
        token = new_token()
        row = {
            "digest": token_digest(token),
            "name": name,
            "role": role.value,
            "agent": agent,
            "made_at": now,
            "expires_at": expires_at,
        }
        engine = await self._database.engine()
        try:
            async with engine.begin() as link:
                await link.execute(insert(control_token).values(row))
        except (SQLAlchemyError, OSError) as fault:
            raise StoreAway(first_line(fault)) from fault
        return token

    async def find(self, token: str, now: Instant) -> Identity | None:
        """Return whose token it is; None when it is unknown, revoked or out of date.

        Raises:
            StoreAway: The database cannot be read.
        """
        engine = await self._database.engine()
        wanted = select(control_token).where(control_token.c.digest == token_digest(token))
        try:
            async with engine.connect() as link:
                row = (await link.execute(wanted)).mappings().first()
        except (SQLAlchemyError, OSError) as fault:
            raise StoreAway(first_line(fault)) from fault
        if row is None or not (record := _record(row)).valid(now):
            return None
        return Identity(record.name, record.role, None if record.agent is None else AgentId(record.agent))

    async def all(self) -> list[TokenRecord]:
        """Return every token that was ever made, the oldest first.

        Raises:
            StoreAway: The database cannot be read.
        """
        engine = await self._database.engine()
        try:
            async with engine.connect() as link:
                rows = (await link.execute(select(control_token).order_by(control_token.c.made_at))).mappings().all()
        except (SQLAlchemyError, OSError) as fault:
            raise StoreAway(first_line(fault)) from fault
        return [_record(row) for row in rows]

    async def revoke(self, id_: str, now: Instant) -> int:
        """Revoke the token whose id begins so; return how many that were.

        Raises:
            TokenWrong: The id is too short to mean one token.
            StoreAway: The database cannot be written.
        """
        if len(id_) < ID_DIGITS or not id_.isalnum():
            raise TokenWrong(f"an id has {ID_DIGITS} digits")
        chosen = control_token.c.digest.startswith(id_) & control_token.c.revoked_at.is_(None)
        engine = await self._database.engine()
        try:
            async with engine.begin() as link:
                result = await link.execute(update(control_token).where(chosen).values(revoked_at=now))
        except (SQLAlchemyError, OSError) as fault:
            raise StoreAway(first_line(fault)) from fault
        return result.rowcount


class StoreGuard:
    """The tokens of the database as a guard."""

    def __init__(self, store: TokenStore, now: Callable[[], Instant]) -> None:
        self._store = store
        self._now = now

    async def identify(self, token: str) -> Identity | None:
        """Return the holder of a valid token.

        Raises:
            StoreAway: The database cannot be read.
        """
        return await self._store.find(token, self._now())


def _record(row: RowMapping) -> TokenRecord:
    return TokenRecord(
        row["digest"][:ID_DIGITS],
        row["name"],
        Role(row["role"]),
        row["agent"],
        row["made_at"],
        row["expires_at"],
        row["revoked_at"],
    )

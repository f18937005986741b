"""Cards: written under an optimistic lock with their history in one transaction, found by number, call and id."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.journal.cards import EDITABLE, FIELD_NAMES, Alarm, Card, Channel, next_alarm
from acd.journal.errors import CardNotFound, EditConflict
from acd.journal.limits import Urgency
from acd.journal.numbers import CardNumber
from acd.journal.search import words
from acd.journal.states import OPEN, CardState, Holder
from acd.journal.store import tables
from acd.journal.store.outbox import Message, put
from acd.journal.store.talks import Talk, begin_talk, talks_of
from queue_engine.ids import Instant

_ENUMS: Final[Mapping[str, type[Any]]] = {
    "state": CardState,
    "holder": Holder,
    "channel": Channel,
    "urgency": Urgency,
}
_COLUMNS: Final = [tables.card.c[name] for name in FIELD_NAMES]


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to a card, for its history."""

    at: Instant
    actor: str
    trigger: str = ""
    """Empty for a mere edit."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a card: the fields that changed, before and after."""

    version: int
    at: Instant
    actor: str
    trigger: str
    note: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link for a responsible official to one card; only the digest of its secret is stored."""

    digest: str
    official_id: int
    expires_at: Instant


class Cards:
    """The store of cards."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(
        self, card: Card, entry: Entry, *, talk: Talk | None = None, messages: Sequence[Message] = ()
    ) -> Card:
        """Store a fresh card under the next running number of its service and year; return it with both numbers."""
        async with self._engine.begin() as connection:
            return await add_in(connection, card, entry, talk=talk, messages=messages)

    async def save(
        self,
        before: Card,
        after: Card,
        entry: Entry,
        *,
        messages: Sequence[Message] = (),
        links: Sequence[NewLink] = (),
    ) -> Card:
        """Store a change of a card together with its history, messages and links; return the card as stored.

        Raises:
            EditConflict: Somebody else stored a change since `before` was read. Nothing of this one is stored.
        """
        stored = replace(after, version=before.version + 1)
        table = tables.card
        async with self._engine.begin() as connection:
            result = await connection.execute(
                update(table).where(table.c.id == before.id, table.c.version == before.version).values(row_of(stored))
            )
            if result.rowcount != 1:
                raise conflict(await get_in(connection, before.id), before.version, after)
            await _log(connection, before, stored, entry)
            await put(connection, [replace(message, card_id=before.id) for message in messages], entry.at)
            for link in links:
                await connection.execute(
                    insert(tables.link).values(
                        digest=link.digest, card_id=before.id, official_id=link.official_id, expires_at=link.expires_at
                    )
                )
        return stored

    async def get(self, card: int) -> Card:
        """Return the card. Raises `CardNotFound`."""
        async with self._engine.connect() as connection:
            return await get_in(connection, card)

    async def by_number(self, service: str, number: CardNumber) -> Card:
        """Return the card of this number. Raises `CardNotFound`."""
        table = tables.card
        async with self._engine.connect() as connection:
            row = await connection.execute(
                select(*_COLUMNS).where(
                    table.c.service == service, table.c.year == number.year, table.c.running == number.running
                )
            )
            found = row.mappings().one_or_none()
        if found is None:
            raise CardNotFound(str(number))
        return card_of(found)

    async def numbers(self, cards: Collection[int]) -> dict[int, CardNumber]:
        """Return the numbers of cards, by their ids."""
        card = tables.card.c
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(card.id, card.prefix, card.year, card.running).where(card.id.in_(cards))
            )
            return {row.id: CardNumber(row.prefix, row.year, row.running) for row in rows}

    async def by_call(self, call: str) -> Card | None:
        """Return the card that was opened by this call, if any."""
        async with self._engine.connect() as connection:
            row = await connection.execute(
                select(*_COLUMNS)
                .join(tables.talk, tables.talk.c.card_id == tables.card.c.id)
                .where(tables.talk.c.call == call)
                .order_by(tables.talk.c.id)
                .limit(1)
            )
            found = row.mappings().one_or_none()
        return card_of(found) if found is not None else None

    async def alarms_due(self, service: str, now: Instant, limit: int) -> list[Card]:
        """Return the service's cards on which something fell due, the longest overdue first."""
        table = tables.card
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(*_COLUMNS)
                .where(table.c.service == service, table.c.alarm_at <= now)
                .order_by(table.c.alarm_at, table.c.id)
                .limit(limit)
            )
            return [card_of(row) for row in rows.mappings()]

    async def earliest_alarm(self, service: str) -> Instant | None:
        """Return when the next alarm of any card of the service falls due."""
        table = tables.card
        column = table.c.alarm_at
        wanted = (table.c.service == service, column.is_not(None))
        async with self._engine.connect() as connection:
            found = await connection.scalar(select(column).where(*wanted).order_by(column).limit(1))
        return None if found is None else Instant(found)

    async def talks(self, card: int) -> list[Talk]:
        """Return the talks of the card in their order."""
        async with self._engine.connect() as connection:
            return await talks_of(connection, card)

    async def history(self, card: int) -> list[HistoryEntry]:
        """Return all changes of the card, the first first."""
        table = tables.history
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(table).where(table.c.card_id == card).order_by(table.c.version))
            return [
                HistoryEntry(row.version, row.at, row.actor, row.trigger, row.note, row.before, row.after)
                for row in rows
            ]

    async def link(self, digest: str, now: Instant) -> tuple[int, int] | None:
        """Return the card and the official of a link that has not expired."""
        table = tables.link
        async with self._engine.connect() as connection:
            row = await connection.execute(
                select(table.c.card_id, table.c.official_id).where(table.c.digest == digest, table.c.expires_at > now)
            )
            found = row.one_or_none()
        return None if found is None else (found.card_id, found.official_id)


async def add_in(
    connection: AsyncConnection,
    card: Card,
    entry: Entry,
    *,
    talk: Talk | None = None,
    messages: Sequence[Message] = (),
) -> Card:
    """Store a fresh card in the caller's transaction: see `Cards.add`."""
    running = await _draw_number(connection, card.service, card.year)
    stored = replace(card, running=running)
    values = row_of(stored)
    del values["id"]
    result = await connection.execute(insert(tables.card).values(values).returning(tables.card.c.id))
    stored = replace(stored, id=result.scalar_one())
    await _log(connection, None, stored, entry)
    if talk is not None:
        await begin_talk(connection, stored.id, talk)
    await put(connection, [replace(message, card_id=stored.id) for message in messages], entry.at)
    return stored


def conflict(stored: Card, seen_version: int, wanted: Card) -> EditConflict:
    """Return the error that shows, field by field, what is stored and what this person wanted to store."""
    differ = sorted(name for name in EDITABLE if getattr(stored, name) != getattr(wanted, name))
    return EditConflict(
        stored.id,
        seen_version,
        stored.version,
        {name: getattr(stored, name) for name in differ},
        {name: getattr(wanted, name) for name in differ},
    )


def card_of(row: RowMapping) -> Card:
    """Return the card that a row holds."""
    values = {name: row[name] for name in FIELD_NAMES}
    for name, kind in _ENUMS.items():
        values[name] = kind(values[name])
    values["announced"] = frozenset(Alarm(name) for name in values["announced"].split())
    return Card(**values)


def row_of(card: Card) -> dict[str, Any]:
    """Return the row that holds a card."""
    values = {name: getattr(card, name) for name in FIELD_NAMES}
    values["announced"] = " ".join(sorted(card.announced))
    alarm = next_alarm(card)
    values["alarm_at"] = alarm[0] if alarm else None
    values["open"] = card.state in OPEN
    values["search"] = words(
        str(card.number), card.contact_name, card.contact_phone, card.contact_email, card.caller,
        card.description, card.measures,
    )  # fmt: skip
    return values


async def get_in(connection: AsyncConnection, card: int) -> Card:
    """Return the card as the caller's transaction sees it. Raises `CardNotFound`."""
    row = await connection.execute(select(*_COLUMNS).where(tables.card.c.id == card))
    found = row.mappings().one_or_none()
    if found is None:
        raise CardNotFound(card)
    return card_of(found)


async def _draw_number(connection: AsyncConnection, service: str, year: int) -> int:
    """Return the next number. The row stays locked until the transaction ends, so numbers have no gaps."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    table = tables.counter
    statement = dialect.insert(table).values(service=service, year=year, last=1)
    counted = statement.on_conflict_do_update(
        index_elements=[table.c.service, table.c.year], set_={"last": table.c.last + 1}
    ).returning(table.c.last)
    number: int = (await connection.execute(counted)).scalar_one()
    return number


async def _log(connection: AsyncConnection, before: Card | None, after: Card, entry: Entry) -> None:
    changed = [
        name
        for name in FIELD_NAMES
        if name != "version" and (before is None or getattr(before, name) != getattr(after, name))
    ]
    await connection.execute(
        insert(tables.history).values(
            card_id=after.id,
            version=after.version,
            at=entry.at,
            actor=entry.actor,
            trigger=entry.trigger,
            note=entry.note,
            before={} if before is None else {name: _plain(getattr(before, name)) for name in changed},
            after={name: _plain(getattr(after, name)) for name in changed},
        )
    )


def _plain(value: object) -> object:
    """Return what JSON can hold."""
    return sorted(value) if isinstance(value, frozenset) else value

"""Messages that wait to be sent, written in the transaction that gives rise to them: none is lost or sent in vain."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.journal.store import tables
from queue_engine.ids import Instant


@dataclass(frozen=True, slots=True)
class Message:
    """One e-mail to one person."""

    key: str
    """Names its occasion: a second message with the same key is not stored."""
    kind: str
    recipient: str
    subject: str
    body: str
    card_id: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is due to be sent."""

    id: int
    message: Message
    attempts: int


async def put(connection: AsyncConnection, messages: Sequence[Message], at: Instant) -> None:
    """Store messages to be sent as soon as possible, in the caller's transaction."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for message in messages:
        await connection.execute(
            dialect.insert(tables.outbox)
            .values(
                key=message.key,
                card_id=message.card_id,
                kind=message.kind,
                recipient=message.recipient,
                subject=message.subject,
                body=message.body,
                created_at=at,
                due_at=at,
            )
            .on_conflict_do_nothing()
        )


class Outbox:
    """The store of messages that wait."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def due(self, now: Instant, limit: int, kind: str = "") -> list[Waiting]:
        """Return messages to send now, the oldest first; of one kind if asked."""
        table = tables.outbox
        wanted = [table.c.kind == kind] if kind else []
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(table).where(table.c.due_at <= now, *wanted).order_by(table.c.due_at, table.c.id).limit(limit)
            )
            return [
                Waiting(
                    row.id,
                    Message(row.key, row.kind, row.recipient, row.subject, row.body, row.card_id),
                    row.attempts,
                )
                for row in rows
            ]

    async def next_due(self, kind: str = "") -> Instant | None:
        """Return when the next message, of one kind if asked, is to be sent or tried again."""
        column = tables.outbox.c.due_at
        wanted = [tables.outbox.c.kind == kind] if kind else []
        async with self._engine.connect() as connection:
            found = await connection.scalar(
                select(column).where(column.is_not(None), *wanted).order_by(column).limit(1)
            )
        return None if found is None else Instant(found)

    async def sent(self, message: int, at: Instant) -> None:
        """Note that the server took the message."""
        await self._note(message, sent_at=at, due_at=None, error="")

    async def failed(self, message: int, at: Instant, error: str, again_at: Instant | None) -> None:
        """Note a failed attempt; without `again_at` the message is given up and listed for the administrator."""
        await self._note(message, due_at=again_at, error=error, gave_up_at=at if again_at is None else None)

    async def given_up(self, limit: int) -> list[tuple[Message, str]]:
        """Return the latest messages that could not be sent, with the last error."""
        table = tables.outbox
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(table).where(table.c.gave_up_at.is_not(None)).order_by(table.c.id.desc()).limit(limit)
            )
            return [
                (Message(row.key, row.kind, row.recipient, row.subject, row.body, row.card_id), row.error)
                for row in rows
            ]

    async def _note(self, message: int, **values: object) -> None:
        table = tables.outbox
        async with self._engine.begin() as connection:
            await connection.execute(
                update(table).where(table.c.id == message).values(attempts=table.c.attempts + 1, **values)
            )

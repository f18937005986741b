"""Voice messages as the records have them: which are open, one of them, which are due to be destroyed."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.rows import MessageRow
from metrics.records.tables import voice_messages
from queue_engine.ids import CallId, Instant

_T = voice_messages.c


async def open_messages(engine: AsyncEngine) -> list[MessageRow]:
    """Return those that nobody has processed, oldest first."""
    return await _rows(engine, _T.done_at.is_(None) & _T.destroyed_at.is_(None))


async def recent_messages(engine: AsyncEngine, since: Instant) -> list[MessageRow]:
    """Return those left since an instant, oldest first."""
    return await _rows(engine, _T.left_at >= since)


async def find_message(engine: AsyncEngine, call: CallId) -> MessageRow | None:
    """Return one; None if there is none."""
    return next(iter(await _rows(engine, _T.call == call)), None)


async def messages_to_destroy(engine: AsyncEngine, done_before: Instant) -> list[MessageRow]:
    """Return those that were processed before an instant and still have their sound."""
    return await _rows(engine, (_T.done_at <= done_before) & _T.destroyed_at.is_(None))


async def known_messages(engine: AsyncEngine, calls: Iterable[CallId]) -> set[CallId]:
    """Return those of the calls whose messages are recorded."""
    wanted = list(calls)
    known: set[CallId] = set()
    async with engine.connect() as connection:
        for start in range(0, len(wanted), 500):
            part = select(_T.call).where(_T.call.in_(wanted[start : start + 500]))
            known.update(CallId(call) for call in (await connection.execute(part)).scalars())
    return known


async def _rows(engine: AsyncEngine, which: ColumnElement[bool]) -> list[MessageRow]:
    query = select(voice_messages).where(which).order_by(_T.left_at, _T.call)
    async with engine.connect() as connection:
        return [MessageRow(**row) for row in (await connection.execute(query)).mappings()]

"""Puts facts into a database by the records' own way, without spool and threads."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.codec import VERSION, RecordedFact, encode
from metrics.records.spool import Line
from metrics.records.store import FactStore


def as_lines(told: Iterable[RecordedFact], run: str = "run") -> list[Line]:
    """Return the facts as the spool holds them."""
    return [Line(run, seq, type(fact).__name__, VERSION, encode(fact).decode()) for seq, fact in enumerate(told, 1)]


async def store(engine: AsyncEngine, told: Sequence[RecordedFact], run: str = "run") -> None:
    """Commit the facts."""
    writer = FactStore(engine)
    try:
        await writer.write(as_lines(told, run))
    finally:
        writer.close()

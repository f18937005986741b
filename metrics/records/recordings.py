"""What is asked of the table of recordings: lists, one by its id, how many there are, which are due to be destroyed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from metrics.records.counting import Scope
from metrics.records.rows import RecordingRow
from metrics.records.tables import calls, recordings, transfers

_PATHS_PER_QUERY: Final = 500
_BEFORE: Final = calls.alias("calls_before")
"""The visit from which a caller was handed on to somebody outside: a visit there has no record among the calls."""
_QUEUE: Final[ColumnElement[str]] = func.coalesce(calls.c.last_queue, transfers.c.queue)
_CALLER: Final[ColumnElement[str]] = func.coalesce(calls.c.caller, _BEFORE.c.caller)
_AGENT: Final[ColumnElement[str]] = func.coalesce(calls.c.agent, transfers.c.agent)


@dataclass(frozen=True, slots=True)
class Listed:
    """A recording with what the call's record says."""

    row: RecordingRow
    queue: str
    caller: str
    agent: str
    """The operator of the call's last talk, or who handed the caller on; empty where the records have none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which recordings."""

    call: str | None = None
    """This visit, and those of the same caller that came before or after it."""
    agent: str | None = None
    telephone: str | None = None
    """Where that operator sits: talks that are no call of a line are found by it."""
    queue: str | None = None
    since: float | None = None
    until: float | None = None
    destroyed: bool = False
    """Also those that are destroyed."""
    limit: int = 100


async def find_recording(engine: AsyncEngine, recording: str) -> Listed | None:
    """Return one recording; None if the records have none of this id."""
    found = await _listed(engine, _select().where(recordings.c.recording == recording))
    return found[0] if found else None


async def list_recordings(engine: AsyncEngine, wanted: Wanted) -> list[Listed]:
    """Return recordings, the newest first."""
    query = _select().order_by(recordings.c.started_at.desc(), recordings.c.recording).limit(wanted.limit)
    if wanted.call is not None:
        query = query.where((recordings.c.call == wanted.call) | recordings.c.call.startswith(f"{wanted.call}-"))
    if wanted.agent is not None:
        own = and_(_AGENT.is_(None), recordings.c.telephone == wanted.telephone)
        query = query.where(or_(_AGENT.is_not_distinct_from(wanted.agent), own))
    if wanted.queue is not None:
        query = query.where(_QUEUE.is_not_distinct_from(wanted.queue))
    if wanted.since is not None:
        query = query.where(recordings.c.started_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(recordings.c.started_at < wanted.until)
    if not wanted.destroyed:
        query = query.where(recordings.c.destroyed_at.is_(None))
    return await _listed(engine, query)


async def count_recordings(connection: AsyncConnection, scope: Scope) -> int:
    """Return how many recorded talks began in the scope's time, destroyed since or not; on its line or on all."""
    c = recordings.c
    query = select(func.count()).select_from(recordings).where(c.started_at >= scope.start, c.started_at < scope.end)
    if scope.line is not None:
        query = query.join(calls, calls.c.call == c.call).where(calls.c.last_queue == scope.line)
    return await connection.scalar(query) or 0


async def due_recordings(engine: AsyncEngine, now: float, limit: int) -> list[RecordingRow]:
    """Return recordings that have been kept long enough, those that are due longest first."""
    query = (
        select(recordings)
        .where(recordings.c.destroyed_at.is_(None), recordings.c.keep_until <= now)
        .order_by(recordings.c.keep_until)
        .limit(limit)
    )
    async with engine.connect() as connection:
        return [RecordingRow(**row) for row in (await connection.execute(query)).mappings()]


async def next_due(engine: AsyncEngine) -> float | None:
    """Return when the next recording is due to be destroyed; None without any."""
    query = select(func.min(recordings.c.keep_until)).where(recordings.c.destroyed_at.is_(None))
    async with engine.connect() as connection:
        due: float | None = await connection.scalar(query)
        return due


async def unknown_paths(engine: AsyncEngine, paths: Collection[str]) -> list[str]:
    """Return those of the paths that no recording has which is still to be kept, in their order."""
    asked, known = list(paths), set[str]()
    async with engine.connect() as connection:
        for start in range(0, len(asked), _PATHS_PER_QUERY):
            part = recordings.c.path.in_(asked[start : start + _PATHS_PER_QUERY])
            query = select(recordings.c.path).where(part, recordings.c.destroyed_at.is_(None))
            known.update((await connection.scalars(query)).all())
    return [path for path in asked if path not in known]


def _select() -> Select[Any]:
    of_call = (_QUEUE.label("of_queue"), _CALLER.label("of_caller"), _AGENT.label("of_agent"))
    outside = and_(calls.c.call.is_(None), transfers.c.next_call == recordings.c.call)
    return (
        select(recordings, *of_call)
        .outerjoin(calls, calls.c.call == recordings.c.call)
        .outerjoin(transfers, outside)
        .outerjoin(_BEFORE, _BEFORE.c.call == transfers.c.call)
    )


async def _listed(engine: AsyncEngine, query: Select[Any]) -> list[Listed]:
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).mappings().all()
    found = []
    for row in rows:
        values = dict(row)
        queue, caller, agent = (values.pop(name) or "" for name in ("of_queue", "of_caller", "of_agent"))
        found.append(Listed(RecordingRow(**values), queue, caller, agent))
    return found

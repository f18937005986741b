"""What the daemon asks the records when it starts."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.tables import calls, facts, offers
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName

_COLUMNS: Final = (
    calls.c.call,
    calls.c.queue,
    calls.c.last_queue,
    calls.c.caller,
    calls.c.entered_at,
    calls.c.priority,
    calls.c.answered_at,
    calls.c.agent,
)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call whose end is not recorded: it waits, it talks, or it ended while nobody watched."""

    call: CallId
    queue: QueueName
    """The line that it waits in or was last offered from."""
    caller: str
    entered_at: Instant
    priority: int
    answered_at: Instant | None
    """None while it waits."""
    agent: AgentId | None
    """Whom it talks to; None while it waits."""
    entered_on: QueueName | None = None
    """The line on which it came in."""


async def open_calls(engine: AsyncEngine) -> list[OpenCall]:
    """Return the calls with no end recorded, in the order of their entry."""
    query = select(*_COLUMNS).where(calls.c.ended_at.is_(None)).order_by(calls.c.entered_at, calls.c.call)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        OpenCall(
            row.call,
            row.last_queue,
            row.caller,
            row.entered_at,
            row.priority,
            row.answered_at,
            row.agent,
            row.queue,
        )
        for row in rows
    ]


async def last_offer(engine: AsyncEngine) -> OfferId:
    """Return the highest offer number recorded, 0 if none: the next run begins above it."""
    async with engine.connect() as connection:
        return OfferId(await connection.scalar(select(func.max(offers.c.offer))) or 0)


async def is_recorded(engine: AsyncEngine, wanted: list[CallId]) -> set[CallId]:
    """Return those of the calls that the records know, ended or not."""
    known: set[CallId] = set()
    async with engine.connect() as connection:
        for start in range(0, len(wanted), 500):
            part = select(calls.c.call).where(calls.c.call.in_(wanted[start : start + 500]))
            known.update(CallId(call) for call in (await connection.execute(part)).scalars())
    return known


async def last_instant(engine: AsyncEngine) -> Instant | None:
    """Return the instant of the last fact recorded: the last moment that the daemon is known to have lived."""
    async with engine.connect() as connection:
        at = await connection.scalar(select(facts.c.at).order_by(facts.c.id.desc()).limit(1))
    return None if at is None else Instant(at)


@dataclass(frozen=True, slots=True)
class LastTalk:
    """Whom a caller talked to, and when that ended."""

    caller: str
    agent: AgentId
    ended_at: Instant


async def last_talks(engine: AsyncEngine, since: Instant) -> list[LastTalk]:
    """Return the talks that ended after an instant, in the order of their ends; of a caller the last one counts."""
    query = (
        select(calls.c.caller, calls.c.agent, calls.c.ended_at)
        .where(calls.c.ended_at >= since, calls.c.agent.is_not(None), calls.c.caller != "")
        .order_by(calls.c.ended_at)
    )
    async with engine.connect() as connection:
        return [LastTalk(*row) for row in (await connection.execute(query)).all()]

"""What the records say of operators: time in each state, pauses by reason, offers by result."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.agent_time import AgentTime
from metrics.records.counting import SLICE_END, SLICE_START, by_slices
from metrics.records.rows import OfferResult
from metrics.records.tables import agent_states, offers
from queue_engine.facts import AgentState

Stays = Mapping[tuple[str, str, str], tuple[int, float]]
"""By operator, state and reason: how many stays, and how many seconds of them."""


async def stays_by_agent(connection: AsyncConnection, start: float, end: float, as_of: float) -> Stays:
    """Return the stays in states within `start` to `end`.

    A stay over the border counts for the part inside; one that lasts still counts up to `as_of`.
    """
    c = agent_states.c
    reason = case((c.state == AgentState.PAUSED, c.reason), else_="")
    query = (
        select(c.agent, c.state, reason, func.count(), func.sum(_seconds_within(start, end, as_of)))
        .where(_touches(start, end))
        .group_by(c.agent, c.state, reason)
    )
    return {(row[0], row[1], row[2]): (row[3], max(0.0, float(row[4]))) for row in await connection.execute(query)}


def time_by_agent(stays: Stays) -> dict[str, AgentTime]:
    """Return each operator's seconds by state."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (agent, state, _), (_, seconds) in stays.items():
        found[agent][state] += seconds
    return {agent: AgentTime(dict(by_state)) for agent, by_state in found.items()}


def pauses_by_reason(stays: Stays) -> dict[tuple[str, str], tuple[int, float]]:
    """Return for each operator and reason how often and how long (seconds) the pauses were."""
    return {(agent, reason): stay for (agent, state, reason), stay in stays.items() if state == AgentState.PAUSED}


def _touches(start: float, end: float) -> ColumnElement[bool]:
    ended = agent_states.c.ended_at
    return and_(agent_states.c.started_at < end, or_(ended > start, ended.is_(None)))


def _seconds_within(start: float, end: float, as_of: float) -> ColumnElement[Any]:
    until = max(start, min(end, as_of))
    ended = func.coalesce(agent_states.c.ended_at, literal(until))
    last = case((ended > end, literal(end)), else_=ended)
    first = case((agent_states.c.started_at < start, literal(start)), else_=agent_states.c.started_at)
    return case((last > first, last - first), else_=0.0)


@dataclass(frozen=True, slots=True)
class OfferCounts:
    """How an operator took the offers."""

    offered: int = 0
    answered: int = 0
    missed: int = 0
    withdrawn: int = 0
    rang_s: float = 0.0
    """Sum over answered offers."""

    def __add__(self, other: "OfferCounts") -> "OfferCounts":
        """Return the counts of both together."""
        return OfferCounts(
            self.offered + other.offered,
            self.answered + other.answered,
            self.missed + other.missed,
            self.withdrawn + other.withdrawn,
            self.rang_s + other.rang_s,
        )

    @property
    def missed_share(self) -> float | None:
        """Missed / (answered + missed): offers that were withdrawn were nobody's fault. None without either."""
        decided = self.answered + self.missed
        return self.missed / decided if decided else None

    @property
    def mean_ring_s(self) -> float | None:
        """Mean time until the operator answered, seconds."""
        return self.rang_s / self.answered if self.answered else None


async def offers_by_agent(
    connection: AsyncConnection, start: float, end: float, line: str | None
) -> dict[str, OfferCounts]:
    """Return how each operator took the offers made within `start` to `end`, on one line or all."""
    c = offers.c
    query = (
        select(c.agent, c.result, func.count(), func.sum(c.rang_s))
        .where(c.offered_at >= SLICE_START, c.offered_at < SLICE_END)
        .group_by(c.agent, c.result)
    )
    if line is not None:
        query = query.where(c.queue == line)
    found: dict[str, OfferCounts] = defaultdict(OfferCounts)
    async for rows in by_slices(connection, start, end, query):
        for agent, result, count, rang_s in rows:
            found[agent] += OfferCounts(
                offered=count,
                answered=count if result == OfferResult.ANSWERED else 0,
                missed=count if result == OfferResult.MISSED else 0,
                withdrawn=count if result == OfferResult.WITHDRAWN else 0,
                rang_s=float(rang_s or 0.0) if result == OfferResult.ANSWERED else 0.0,
            )
    return dict(found)

"""Distributions of times in the database: the same as `distribution.py` makes of values at hand.

Nothing is sorted that need not be: values are counted by hundredths of a second, and only those that lie in the same
hundredth as a percentile are looked at one by one.
"""

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.distribution import PERCENTS, Distribution, rank
from metrics.records.counting import Scope, whole
from metrics.records.rows import Outcome
from metrics.records.tables import calls

WAITS: Final = (calls.c.waited_s, calls.c.outcome == Outcome.ANSWERED)
"""Waits of answered calls until the answer."""

TALKS: Final = (calls.c.talked_s, and_(calls.c.outcome == Outcome.ANSWERED, calls.c.ended_at.is_not(None)))
"""Lengths of ended talks."""


async def measure(
    connection: AsyncConnection, scope: Scope, what: tuple[ColumnElement[Any], ColumnElement[bool]]
) -> Distribution:
    """Return the distribution of `WAITS` or `TALKS`."""
    value, condition = what
    chosen = and_(scope.where(), condition, value.is_not(None))
    hundredth = whole(connection, value * 100)
    counted = select(hundredth, func.count(), func.sum(value), func.max(value)).where(chosen).group_by(hundredth)
    groups = sorted((row[0], row[1], row[2], row[3]) for row in await connection.execute(counted))
    count = sum(group[1] for group in groups)
    if not count:
        return Distribution()
    places = [_place_of(rank(percent, count), groups) for percent in PERCENTS]
    near = hundredth.in_({at for at, _ in places})
    inside: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for at, exact, times in await connection.execute(
        select(hundredth, value, func.count()).where(chosen, near).group_by(hundredth, value)
    ):
        inside[at].append((exact, times))
    p50, p90, p95, p99 = (_pick(sorted(inside[at]), place) for at, place in places)
    total = sum(group[2] for group in groups)
    return Distribution(count, total / count, p50, p90, p95, p99, max(group[3] for group in groups))


def _place_of(wanted: int, groups: list[tuple[int, int, float, float]]) -> tuple[int, int]:
    """Return in which group the value of this rank lies, and how many values of the group lie before it."""
    for at, size, _, _ in groups:
        if wanted <= size:
            return at, wanted - 1
        wanted -= size
    raise IndexError(wanted)


def _pick(values: list[tuple[float, int]], place: int) -> float:
    """Return the value that has `place` values before it; each value comes with how often it occurs."""
    for value, times in values:
        if place < times:
            return value
        place -= times
    raise IndexError(place)


async def unanswered_by_second(connection: AsyncConnection, scope: Scope) -> dict[int, int]:
    """Return how many calls that nobody answered had waited n whole seconds."""
    second = whole(connection, calls.c.waited_s)
    unanswered = calls.c.outcome.in_((Outcome.ABANDONED, Outcome.OVERFLOWED, Outcome.DIED))
    query = select(second, func.count()).where(scope.where(), unanswered).group_by(second)
    return {row[0]: row[1] for row in await connection.execute(query)}

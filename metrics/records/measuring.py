"""Distributions of times in the database: the same as `distribution.py` makes of values at hand."""

from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.distribution import PERCENTS, Distribution, distribution
from metrics.records.counting import Scope, by_slices, whole
from metrics.records.rows import Outcome
from metrics.records.tables import calls

WAITS: Final = (calls.c.waited_s, calls.c.outcome == Outcome.ANSWERED)
"""Waits of answered calls until the answer."""

TALKS: Final = (calls.c.talked_s, and_(calls.c.outcome == Outcome.ANSWERED, calls.c.ended_at.is_not(None)))
"""Lengths of ended talks."""


async def measure(
    connection: AsyncConnection, scope: Scope, what: tuple[ColumnElement[Any], ColumnElement[bool]]
) -> Distribution:
    """Return the distribution of `WAITS` or `TALKS`.

    PostgreSQL knows the nearest rank (`percentile_disc`). SQLite has no percentiles: the values are sorted here. They
    come as JSON because the cost of a million rows is that of fetching them one by one; SQLite writes 15 digits, so a
    value may be off by less than a microsecond.
    """
    value, condition = what
    chosen = and_(scope.where_in_slice(), condition, value.is_not(None))
    if connection.dialect.name == "sqlite":
        values: list[float] = []
        gathered = select(func.json_group_array(value)).where(chosen)
        async for ((part,),) in by_slices(connection, scope.start, scope.end, gathered):
            values += orjson.loads(part)
        return distribution(values)
    ranks = (func.percentile_disc(percent / 100).within_group(value) for percent in PERCENTS)
    query = select(func.count(), func.avg(value), *ranks, func.max(value)).where(chosen)
    (row,) = (await connection.execute(query, {"slice_start": scope.start, "slice_end": scope.end})).all()
    return Distribution(*row)


async def unanswered_by_second(connection: AsyncConnection, scope: Scope) -> dict[int, int]:
    """Return how many calls that nobody answered had waited n whole seconds."""
    second = whole(connection, calls.c.waited_s)
    unanswered = calls.c.outcome.in_((Outcome.ABANDONED, Outcome.OVERFLOWED, Outcome.DIED))
    query = select(second, func.count()).where(scope.where(), unanswered).group_by(second)
    return {row[0]: row[1] for row in await connection.execute(query)}

"""What the records say of breaks and their call-backs."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.call_backs import BreakCourse
from metrics.records.counting import Scope
from metrics.records.tables import breaks, call_backs

_SPOKEN = ("done", "merged")


async def breaks_owed(connection: AsyncConnection, scope: Scope) -> list[BreakCourse]:
    """Return the breaks in scope that are owed a call-back, in the order of the breaks.

    A break of a number that cannot be called is recorded and owed nothing.
    """
    query = (
        select(
            breaks,
            call_backs.c.result,
            call_backs.c.reason,
            call_backs.c.reached_at,
            call_backs.c.ended_at,
        )
        .join(call_backs, call_backs.c.request == breaks.c.request)
        .where(breaks.c.broken_at >= scope.start, breaks.c.broken_at < scope.end, breaks.c.impossible.is_(None))
        .order_by(breaks.c.broken_at, breaks.c.call)
    )
    if scope.line is not None:
        query = query.where(breaks.c.queue == scope.line)
    return [
        BreakCourse(
            row.call,
            row.queue,
            row.broken_at,
            row.attempts,
            row.first_after_s,
            row.late,
            row.reached_at is not None or row.result in _SPOKEN,
            row.ended_at is not None,
            reached=row.reached_at is not None and row.attempts > 0,
            merged=row.result == "merged",
            given_up=row.reason if row.result == "given_up" else None,
        )
        for row in await connection.execute(query)
    ]


async def breaks_owed_nothing(connection: AsyncConnection, scope: Scope) -> Mapping[str, int]:
    """Return how many breaks in scope can have no call-back, by the reason (`callback.kinds.ImpossibleReason`)."""
    query = (
        select(breaks.c.impossible, func.count())
        .where(breaks.c.broken_at >= scope.start, breaks.c.broken_at < scope.end, breaks.c.impossible.is_not(None))
        .group_by(breaks.c.impossible)
        .order_by(breaks.c.impossible)
    )
    if scope.line is not None:
        query = query.where(breaks.c.queue == scope.line)
    return {row[0]: row[1] for row in await connection.execute(query)}

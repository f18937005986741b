"""Who calls again: repeat calls within 24 hours, and calls that solved the matter at once.

A caller is a number; withheld numbers are nobody's and left out. A repeat on any line counts: people do not know lines.
A caller who was passed on has called once: his call counts where it came in, by its first visit.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.records.counting import Scope
from metrics.records.rows import REPEAT_WITHIN_S, Outcome
from metrics.records.tables import calls


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often people had to call again."""

    known: int = 0
    """Accepted calls with a number."""
    withheld: int = 0
    repeated: int = 0
    """Calls with a number that had called within the 24 hours before."""
    decided: int = 0
    """Answered calls with a number whose next 24 hours are over, or that were followed by another call."""
    resolved: int = 0
    """Those of them after which the number did not call for 24 hours."""

    @property
    def repeat_share(self) -> float | None:
        """Repeated / known, 0 to 1."""
        return self.repeated / self.known if self.known else None

    @property
    def first_call_resolution(self) -> float | None:
        """Resolved / decided, 0 to 1: solved, as far as a telephone network can tell."""
        return self.resolved / self.decided if self.decided else None


async def count_repeats(connection: AsyncConnection, scope: Scope, as_of: float) -> Repeats:
    """Return the repeats of the calls in scope; the 24 hours after a call are over if they are at `as_of`."""
    c = calls.c
    known = c.caller != ""
    counted = select(
        _how_many(known),
        _how_many(c.caller == ""),
        _how_many(c.previous_at.is_not(None)),
        _how_many(and_(known, c.outcome == Outcome.ANSWERED, c.entered_at <= as_of - REPEAT_WITHIN_S)),
    ).where(scope.where(), c.visit == 1, or_(c.outcome.is_(None), c.outcome != Outcome.REFUSED))
    of_known, withheld, repeated, over = (value or 0 for value in (await connection.execute(counted)).one())
    following = calls.alias("following")
    followed = (
        select(
            _how_many(c.entered_at <= as_of - REPEAT_WITHIN_S),
            _how_many(c.entered_at > as_of - REPEAT_WITHIN_S),
        )
        .select_from(following)
        .join(calls, and_(c.caller == following.c.caller, c.entered_at == following.c.previous_at))
        .where(
            following.c.entered_at >= scope.start,
            following.c.entered_at < scope.end + REPEAT_WITHIN_S,
            following.c.previous_at >= scope.start,
            following.c.previous_at < scope.end,
            scope.where(),
            c.visit == 1,
            c.outcome == Outcome.ANSWERED,
        )
    )
    followed_over, followed_early = (value or 0 for value in (await connection.execute(followed)).one())
    return Repeats(of_known, withheld, repeated, over + followed_early, over - followed_over)


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))

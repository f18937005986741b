"""Single calls for the reports: all of a period, or those that break a norm."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.norms import Standard
from metrics.records.counting import Scope, norm_of_line, over_maximum
from metrics.records.rows import NOT_COUNTED, CallRow, Outcome
from metrics.records.tables import calls


async def list_calls(connection: AsyncConnection, scope: Scope, limit: int) -> AsyncIterator[CallRow]:
    """Yield the calls in scope in the order of their entry, at most `limit`."""
    query = select(calls).where(scope.where()).order_by(calls.c.entered_at, calls.c.call).limit(limit)
    async for row in (await connection.stream(query)).mappings():
        yield CallRow(**row)


async def count_listed(connection: AsyncConnection, scope: Scope) -> int:
    """Return how many calls are in scope."""
    return await connection.scalar(select(func.count()).select_from(calls).where(scope.where())) or 0


@dataclass(frozen=True, slots=True)
class Violation:
    """A call that was not connected within the normative wait."""

    call: CallRow
    kind: str
    """`over_maximum`, `not_answered` or `over_norm`; the first that fits."""


def _violates(standard: Standard) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
    c = calls.c
    answered = c.outcome == Outcome.ANSWERED
    decided = and_(c.outcome.is_not(None), c.outcome.not_in(NOT_COUNTED))
    in_norm = and_(answered, c.waited_s <= norm_of_line(standard, lambda norms: norms.target_wait_s))
    kind = case((over_maximum(standard), "over_maximum"), (not_(answered), "not_answered"), else_="over_norm")
    return and_(decided, not_(in_norm)), kind


async def list_violations(connection: AsyncConnection, scope: Scope, standard: Standard, limit: int) -> list[Violation]:
    """Return the calls that were not connected within their norm, the longest waits first, at most `limit`."""
    broken, kind = _violates(standard)
    query = (
        select(calls, kind.label("violation"))
        .where(scope.where(), broken)
        .order_by(calls.c.waited_s.desc(), calls.c.entered_at, calls.c.call)
        .limit(limit)
    )
    found = []
    for row in (await connection.execute(query)).mappings():
        values = dict(row)
        violation = values.pop("violation")
        found.append(Violation(CallRow(**values), violation))
    return found


async def count_violations(connection: AsyncConnection, scope: Scope, standard: Standard) -> dict[str, int]:
    """Return how many calls broke their norm, by kind."""
    broken, kind = _violates(standard)
    query = select(kind, func.count()).where(scope.where(), broken).group_by(kind)
    return {row[0]: row[1] for row in await connection.execute(query)}

"""Counts calls in the database: the same as `counts.py` says of single calls.

Calls are grouped by the quarter of an hour, counted from the epoch, in which they entered. Every time zone is a whole
number of quarters away from UTC, so any day, hour or month of any zone is a union of such quarters, a change of clocks
included; `reports/periods.py` puts them together.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.counts import CallCounts
from metrics.norms import Norms, Standard
from metrics.records.rows import NOT_COUNTED, CallKind, Outcome
from metrics.records.tables import calls

SLOT_S: Final = 900
"""Length of the smallest interval, seconds."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls: callers' that entered from `start` on and before `end`, on `line` or on all lines."""

    start: float
    end: float
    line: str | None = None

    def where(self) -> ColumnElement[bool]:
        """Return the condition on `calls`."""
        return self._within(self.start, self.end)

    def where_in_slice(self) -> ColumnElement[bool]:
        """Return the same for one slice of the time, see `by_slices`."""
        return self._within(SLICE_START, SLICE_END)

    def _within(self, start: float | BindParameter[float], end: float | BindParameter[float]) -> ColumnElement[bool]:
        on_line = true() if self.line is None else calls.c.queue == self.line
        incoming = calls.c.kind == CallKind.INCOMING
        return and_(calls.c.entered_at >= start, calls.c.entered_at < end, incoming, on_line)


SLICE_START: Final[BindParameter[float]] = bindparam("slice_start")
SLICE_END: Final[BindParameter[float]] = bindparam("slice_end")

_CALLS_PER_SLICE: Final = 8000


async def by_slices(
    connection: AsyncConnection, start: float, end: float, query: Select[Any]
) -> AsyncIterator[Sequence[Any]]:
    """Yield the rows of a grouping query that names `SLICE_START` and `SLICE_END`, slice by slice of the time.

    SQLite groups by sorting, and a sort that fits into the processor's cache takes half as long (measured over
    1 000 000 calls: 1.1 s for 1.9 s). So a group may come several times; the caller adds up. PostgreSQL groups in a
    table of hashes and gets one slice.
    """
    step = end - start
    if connection.dialect.name == "sqlite":
        entered_at = calls.c.entered_at
        inside = select(func.count()).select_from(calls).where(entered_at >= start, entered_at < end)
        parts = 1 + (await connection.scalar(inside) or 0) // _CALLS_PER_SLICE
        step = -(-step // parts)
    first = start
    while first < end:
        last = min(end, first + step)
        yield (await connection.execute(query, {"slice_start": first, "slice_end": last})).all()
        first = last


async def count_by_line_and_slot(
    connection: AsyncConnection, scope: Scope, standard: Standard
) -> dict[tuple[str, int], CallCounts]:
    """Return the counts of each line and quarter of an hour, by the number of the quarter since the epoch."""
    # A cast to integer cuts off in SQLite and rounds in PostgreSQL.
    slot = whole(connection, calls.c.entered_at / literal(SLOT_S))
    return await _count(connection, scope, standard, (calls.c.queue, slot))


async def count_by_line(connection: AsyncConnection, scope: Scope, standard: Standard) -> dict[str, CallCounts]:
    """Return the counts of each line."""
    return {line: counts for (line,), counts in (await _count(connection, scope, standard, (calls.c.queue,))).items()}


async def count_by_agent(connection: AsyncConnection, scope: Scope, standard: Standard) -> dict[str, CallCounts]:
    """Return of each operator the counts of answered calls and of talks."""
    c = calls.c
    # Grouped by an expression, for SQLite would otherwise walk the operators' index and fetch every call singly.
    agent: ColumnElement[str] = func.coalesce(c.agent, "")
    query = (
        select(
            agent,
            func.count(),
            _how_many(c.waited_s <= norm_of_line(standard, lambda norms: norms.target_wait_s)),
            func.count(c.talked_s),
            func.sum(c.talked_s),
            _how_many(_is_marked()),
            func.sum(_questioned_s()),
        )
        .where(scope.where_in_slice(), c.outcome == Outcome.ANSWERED)
        .group_by(agent)
    )
    found: dict[str, CallCounts] = defaultdict(CallCounts)
    async for rows in by_slices(connection, scope.start, scope.end, query):
        for row in rows:
            found[row[0]] += CallCounts(
                accepted=row[1],
                answered=row[1],
                answered_in_norm=row[2],
                talks=row[3],
                talked_s=row[4] or 0.0,
                marked=row[5],
                questioned_s=row[6] or 0.0,
            )
    return dict(found)


def whole(connection: AsyncConnection, value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a number without its fraction, on either database."""
    return cast(value, Integer) if connection.dialect.name == "sqlite" else cast(func.floor(value), BigInteger)


async def _count(
    connection: AsyncConnection, scope: Scope, standard: Standard, keys: tuple[ColumnElement[Any], ...]
) -> dict[tuple[Any, ...], CallCounts]:
    """Return the counts of each group of calls.

    The database groups by outcome too, so that its sums need few conditions; `_counts` makes of each outcome's sums
    what `counts.counts_of` makes of a call.
    """
    outcome = calls.c.outcome
    query = select(*keys, outcome, *_sums(standard)).where(scope.where_in_slice()).group_by(*keys, outcome)
    found: dict[tuple[Any, ...], CallCounts] = defaultdict(CallCounts)
    async for rows in by_slices(connection, scope.start, scope.end, query):
        for row in rows:
            sums = dict(zip(_SUMS, (value or 0 for value in row[len(keys) + 1 :]), strict=True))
            found[tuple(row[: len(keys)])] += _counts(row[len(keys)], sums)
    return dict(found)


_SUMS: Final = (
    "count",
    "in_norm",
    "short",
    "over",
    "unended",
    "passed_on",
    "waited_s",
    "longest_wait_s",
    "talks",
    "talked_s",
    "longest_talk_s",
    "marked",
    "questioned_s",
    "advised_s",
    "misses",
    "returns",
)


def _sums(standard: Standard) -> tuple[ColumnElement[Any], ...]:
    """Return one aggregate per name of `_SUMS`, in its order."""
    c = calls.c
    return (
        func.count(),
        _how_many(c.waited_s <= norm_of_line(standard, lambda norms: norms.target_wait_s)),
        _how_many(c.waited_s < norm_of_line(standard, lambda norms: norms.short_abandon_s)),
        _how_many(over_maximum(standard)),
        _how_many(c.ended_at.is_(None)),
        _how_many(c.visit > 1),
        func.sum(c.waited_s),
        func.max(c.waited_s),
        func.count(c.talked_s),
        func.sum(c.talked_s),
        func.max(c.talked_s),
        _how_many(_is_marked()),
        func.sum(_questioned_s()),
        func.sum(c.talked_s - _questioned_s()),
        func.sum(c.misses),
        func.sum(c.returns),
    )


def _counts(outcome: str | None, sums: Mapping[str, Any]) -> CallCounts:
    if outcome == Outcome.REFUSED:
        return CallCounts(refused=sums["count"])
    if outcome == Outcome.CLOSED:
        return CallCounts(closed=sums["count"])
    if outcome is None:
        return CallCounts(open=sums["count"], missed_offers=sums["misses"], returned=sums["returns"])
    common = CallCounts(
        accepted=sums["count"],
        over_maximum=sums["over"],
        passed_on=sums["passed_on"],
        missed_offers=sums["misses"],
        returned=sums["returns"],
        waited_s=sums["waited_s"],
        longest_wait_s=sums["longest_wait_s"],
    )
    if outcome == Outcome.ANSWERED:
        return replace(
            common,
            answered=sums["count"],
            answered_in_norm=sums["in_norm"],
            answered_over_maximum=sums["over"],
            talking=sums["unended"],
            answered_waited_s=sums["waited_s"],
            talks=sums["talks"],
            talked_s=sums["talked_s"],
            longest_talk_s=sums["longest_talk_s"],
            marked=sums["marked"],
            questioned_s=sums["questioned_s"],
            advised_s=sums["advised_s"],
        )
    abandoned = outcome == Outcome.ABANDONED
    return replace(
        common,
        unanswered_after_norm=sums["count"] - sums["in_norm"],
        abandoned=sums["count"] if abandoned else 0,
        abandoned_in_norm=sums["in_norm"] if abandoned else 0,
        abandoned_short=sums["short"] if abandoned else 0,
        overflowed=sums["count"] if outcome == Outcome.OVERFLOWED else 0,
        died=sums["count"] if outcome == Outcome.DIED else 0,
    )


def _is_marked() -> ColumnElement[bool]:
    return and_(calls.c.talked_s.is_not(None), calls.c.questioned_s.is_not(None))


def _questioned_s() -> ColumnElement[Any]:
    """Questioning of an ended talk with a mark: never longer than the talk. Null without either."""
    c = calls.c
    return case((c.questioned_s > c.talked_s, c.talked_s), (c.talked_s.is_not(None), c.questioned_s))


def over_maximum(standard: Standard) -> ColumnElement[bool]:
    """Return the condition that a call counts for K7: waited over its line's maximum, see `counts.counts_of`."""
    c = calls.c
    maximum_s = norm_of_line(standard, lambda norms: norms.max_wait_s)
    leaving_s = norm_of_line(standard, lambda norms: norms.leaving_s)
    grace_s = case((c.outcome == Outcome.OVERFLOWED, leaving_s), else_=0.0)
    return and_(c.outcome.is_not(None), c.outcome.not_in(NOT_COUNTED), c.waited_s > maximum_s + grace_s)


def norm_of_line(standard: Standard, read: Callable[[Norms], float]) -> ColumnElement[Any]:
    """Return the norm that holds for each row's line."""
    default: Norms = standard.default
    differing = [(line, read(norms)) for line, norms in standard.lines.items() if read(norms) != read(default)]
    if not differing:
        return literal(read(default))
    return case(*((calls.c.queue == line, value) for line, value in differing), else_=read(default))


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))

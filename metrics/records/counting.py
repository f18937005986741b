"""Counts calls and measures times in the database: the same as `counts.py` and `distribution.py` say of single calls.

Calls are grouped by the quarter of an hour, counted from the epoch, in which they entered. Every time zone is a whole
number of quarters away from UTC, so any day, hour or month of any zone is a union of such quarters, a change of clocks
included; `reports/periods.py` puts them together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, case, cast, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.counts import CallCounts
from metrics.distribution import PERCENTS, Distribution, rank
from metrics.norms import Norms, Standard
from metrics.records.rows import CallKind, Outcome
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
        on_line = true() if self.line is None else calls.c.queue == self.line
        incoming = calls.c.kind == CallKind.INCOMING
        return and_(calls.c.entered_at >= self.start, calls.c.entered_at < self.end, incoming, on_line)


class By(StrEnum):
    """What calls are grouped by."""

    LINE = "line"
    SLOT = "slot"
    """Number of the quarter of an hour since the epoch: `entered_at // SLOT_S`."""
    AGENT = "agent"
    """The operator who answered; None for calls that nobody answered."""


async def count_calls(
    connection: AsyncConnection, scope: Scope, standard: Standard, by: tuple[By, ...]
) -> dict[tuple[Any, ...], CallCounts]:
    """Return the counts of each group of calls; the key has one entry for each of `by`."""
    keys = [_key(connection, key) for key in by]
    query = select(*keys, *_counted(standard)).where(scope.where()).group_by(*keys)
    found: dict[tuple[Any, ...], CallCounts] = {}
    for row in await connection.execute(query):
        values = dict(zip(_NAMES, row[len(keys) :], strict=True))
        found[tuple(row[: len(keys)])] = CallCounts(**{name: value or 0 for name, value in values.items()})
    return found


async def count_by_line(connection: AsyncConnection, scope: Scope, standard: Standard) -> dict[str, CallCounts]:
    """Return the counts of each line."""
    return {line: counts for (line,), counts in (await count_calls(connection, scope, standard, (By.LINE,))).items()}


def _key(connection: AsyncConnection, key: By) -> ColumnElement[Any]:
    match key:
        case By.LINE:
            return calls.c.queue
        case By.AGENT:
            return calls.c.agent
        case By.SLOT:
            # A cast to integer cuts off in SQLite and rounds in PostgreSQL.
            slot = calls.c.entered_at / literal(SLOT_S)
            if connection.dialect.name == "sqlite":
                return cast(slot, Integer)
            return cast(func.floor(slot), BigInteger)


_NAMES: Final = tuple(f.name for f in fields(CallCounts))


def _counted(standard: Standard) -> list[ColumnElement[Any]]:
    """Return one aggregate per field of `CallCounts`, in its order: `counts.counts_of` in SQL."""
    c = calls.c
    decided = and_(c.outcome.is_not(None), c.outcome != Outcome.REFUSED)
    answered = c.outcome == Outcome.ANSWERED
    abandoned = c.outcome == Outcome.ABANDONED
    overflowed = c.outcome == Outcome.OVERFLOWED
    talked = and_(answered, c.ended_at.is_not(None))
    marked = and_(talked, c.questioned_s.is_not(None))
    target_s = _norm(standard, lambda norms: norms.target_wait_s)
    maximum_s = _norm(standard, lambda norms: norms.max_wait_s)
    leaving_s = _norm(standard, lambda norms: norms.leaving_s)
    in_norm = c.waited_s <= target_s
    over = or_(and_(decided, ~overflowed, c.waited_s > maximum_s), and_(overflowed, c.waited_s > maximum_s + leaving_s))
    questioned_s = case((c.questioned_s > c.talked_s, c.talked_s), else_=c.questioned_s)
    by_name: Mapping[str, ColumnElement[Any]] = {
        "accepted": _how_many(decided),
        "answered": _how_many(answered),
        "answered_in_norm": _how_many(and_(answered, in_norm)),
        "abandoned": _how_many(abandoned),
        "abandoned_in_norm": _how_many(and_(abandoned, in_norm)),
        "abandoned_short": _how_many(
            and_(abandoned, c.waited_s < _norm(standard, lambda norms: norms.short_abandon_s))
        ),
        "overflowed": _how_many(overflowed),
        "died": _how_many(c.outcome == Outcome.DIED),
        "refused": _how_many(c.outcome == Outcome.REFUSED),
        "open": _how_many(c.outcome.is_(None)),
        "talking": _how_many(and_(answered, c.ended_at.is_(None))),
        "over_maximum": _how_many(over),
        "answered_over_maximum": _how_many(and_(answered, c.waited_s > maximum_s)),
        "unanswered_after_norm": _how_many(and_(decided, ~answered, ~in_norm)),
        "missed_offers": func.sum(case((c.outcome == Outcome.REFUSED, 0), else_=c.misses)),
        "returned": func.sum(case((c.outcome == Outcome.REFUSED, 0), else_=c.returns)),
        "waited_s": _total(decided, c.waited_s),
        "answered_waited_s": _total(answered, c.waited_s),
        "talked_s": _total(talked, c.talked_s),
        "talks": _how_many(talked),
        "marked": _how_many(marked),
        "questioned_s": _total(marked, questioned_s),
        "advised_s": _total(marked, c.talked_s - questioned_s),
        "longest_wait_s": func.max(case((decided, c.waited_s), else_=0.0)),
        "longest_talk_s": func.max(case((talked, c.talked_s), else_=0.0)),
    }
    return [by_name[name].label(name) for name in _NAMES]


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _total(condition: ColumnElement[bool], value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.sum(case((condition, value), else_=0.0))


def _norm(standard: Standard, read: Callable[[Norms], float]) -> ColumnElement[Any]:
    """Return the norm that holds for each row's line."""
    default: Norms = standard.default
    differing = [(line, read(norms)) for line, norms in standard.lines.items() if read(norms) != read(default)]
    if not differing:
        return literal(read(default))
    return case(*((calls.c.queue == line, value) for line, value in differing), else_=read(default))


WAITS: Final = (calls.c.waited_s, calls.c.outcome == Outcome.ANSWERED)
"""Waits of answered calls until the answer."""

TALKS: Final = (calls.c.talked_s, and_(calls.c.outcome == Outcome.ANSWERED, calls.c.ended_at.is_not(None)))
"""Lengths of ended talks."""


async def measure(
    connection: AsyncConnection, scope: Scope, what: tuple[ColumnElement[Any], ColumnElement[bool]]
) -> Distribution:
    """Return the distribution of `WAITS` or `TALKS`.

    Nothing is sorted that need not be: the values are counted by whole seconds, and only the seconds that hold a
    percentile are looked at one by one.
    """
    value, condition = what
    chosen = and_(scope.where(), condition, value.is_not(None))
    second = cast(value, Integer) if connection.dialect.name == "sqlite" else cast(func.floor(value), Integer)
    counted = select(second, func.count(), func.sum(value), func.max(value)).where(chosen).group_by(second)
    groups = sorted((row[0], row[1], row[2], row[3]) for row in await connection.execute(counted))
    count = sum(group[1] for group in groups)
    if not count:
        return Distribution()
    found = []
    for percent in PERCENTS:
        at, place = _place_of(rank(percent, count), groups)
        inside = and_(chosen, value >= at, value < at + 1)
        exact = select(value).where(inside).order_by(value).limit(1).offset(place)
        found.append(float((await connection.execute(exact)).scalar_one()))
    total = sum(group[2] for group in groups)
    p50, p90, p95, p99 = found
    return Distribution(count, total / count, p50, p90, p95, p99, max(group[3] for group in groups))


def _place_of(wanted: int, groups: list[tuple[int, int, float, float]]) -> tuple[int, int]:
    """Return in which second the value of this rank lies, and how many values of the same second lie before it."""
    for second, size, _, _ in groups:
        if wanted <= size:
            return second, wanted - 1
        wanted -= size
    raise IndexError(wanted)

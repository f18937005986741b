"""The tables of call-backs: what came of them by attempts, why some had none, and each break by itself."""

from collections import Counter

from metrics.call_backs import BreakCourse, by_attempts
from metrics.norms import Norms
from metrics.reports.gather import Gathered
from metrics.reports.model import TOTAL, Column, Kind, Note, Table, seconds


def call_back_parts(gathered: Gathered, at_most: int) -> list[Table | Note]:
    """Return the tables, of which the last lists so many breaks at most; a note where no call broke."""
    parts: list[Table | Note] = []
    if gathered.breaks:
        parts.append(_course(gathered))
    if why := _reasons(gathered):
        parts.append(Table("call_back_reasons", (Column("why", Kind.WORD), Column("count", Kind.COUNT)), why))
    if gathered.breaks:
        parts.append(_breaks(gathered, at_most))
    return parts or [Note("no_call_backs")]


def _course(gathered: Gathered) -> Table:
    found = by_attempts(gathered.breaks, gathered.norms)
    rows = tuple(
        (str(attempts), c.breaks, c.in_time, c.reached, c.merged, c.given_up, c.under_way)
        for attempts, c in found.items()
    )
    each = found.values()
    total = (
        TOTAL,
        sum(c.breaks for c in each),
        sum(c.in_time for c in each),
        sum(c.reached for c in each),
        sum(c.merged for c in each),
        sum(c.given_up for c in each),
        sum(c.under_way for c in each),
    )
    columns = (
        Column("attempts", Kind.TEXT),
        Column("breaks", Kind.COUNT),
        Column("in_time", Kind.COUNT),
        Column("reached", Kind.COUNT),
        Column("merged", Kind.COUNT),
        Column("given_up", Kind.COUNT),
        Column("under_way", Kind.COUNT),
    )
    return Table("call_back_course", columns, rows, total)


def _reasons(gathered: Gathered) -> tuple[tuple[str, int], ...]:
    """Why nobody was called, or no more: reasons of both kinds, the most frequent first."""
    found: Counter[str] = Counter(gathered.impossible)
    found.update(one.given_up for one in gathered.breaks if one.given_up is not None and not one.spoken)
    return tuple(sorted(found.items(), key=lambda reason: (-reason[1], reason[0])))


def _kept(one: BreakCourse, norms: Norms) -> bool | None:
    if one.late or (one.first_after_s or 0.0) > norms.call_back_within_s:
        return False
    if one.ended and not one.spoken and one.attempts < norms.call_back_attempts:
        return False
    return True if one.ended else None


def _breaks(gathered: Gathered, at_most: int) -> Table:
    rows = tuple(
        (
            one.broken_at,
            one.queue,
            one.call,
            seconds(one.first_after_s),
            one.attempts,
            one.spoken,
            _kept(one, gathered.norms),
        )
        for one in gathered.breaks[:at_most]
    )
    columns = (
        Column("broken_at", Kind.INSTANT),
        Column("queue", Kind.TEXT),
        Column("call", Kind.TEXT),
        Column("first_after_s", Kind.SECONDS),
        Column("attempts", Kind.COUNT),
        Column("spoken", Kind.VERDICT),
        Column("kept", Kind.VERDICT),
    )
    return Table("call_backs", columns, rows)

"""What is counted of calls, and how a single call counts. Sums of counts are counts; shares come from them in `kpi.py`.

A call belongs to the moment at which it entered, whole: one that enters before midnight and talks after it is a call
of the day before. A call that still waits when the figures are read is `open`: accepted, but no share counts it yet.
One that talks is answered, and its talk is not yet in the talk times.
"""

from dataclasses import dataclass, fields
from operator import add, attrgetter
from typing import Final

from metrics.norms import Norms
from metrics.records.rows import CallRow, Outcome
from queue_engine.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class CallCounts:
    """Counts of calls and sums of seconds over some set of calls."""

    accepted: int = 0
    """Calls taken into a line and ended or answered. Those that still wait are in `open` alone."""
    answered: int = 0
    answered_in_norm: int = 0
    """Answered within the normative wait, SAR 5.1."""
    abandoned: int = 0
    abandoned_in_norm: int = 0
    """Given up by the caller before the normative wait was over."""
    abandoned_short: int = 0
    """Given up sooner than a short abandon's limit."""
    overflowed: int = 0
    died: int = 0
    refused: int = 0
    """Not accepted: outside all shares."""
    closed: int = 0
    """Turned away by a closed line, outside its hours: outside all shares, since no operator was to answer them."""
    open: int = 0
    """Still waiting."""
    talking: int = 0
    """Answered and not yet ended."""
    over_maximum: int = 0
    """Waited longer than the maximum, SAR 5.1, whatever came after."""
    answered_over_maximum: int = 0
    unanswered_after_norm: int = 0
    """Not answered though the normative wait was over."""
    passed_on: int = 0
    """Accepted further visits: callers passed on to this line. Each counts and waits like any other call."""
    missed_offers: int = 0
    returned: int = 0
    waited_s: float = 0.0
    """Sum over all accepted calls."""
    answered_waited_s: float = 0.0
    talked_s: float = 0.0
    """Sum over talks that have ended."""
    talks: int = 0
    """Talks that have ended."""
    marked: int = 0
    """Ended talks in which the operator marked the end of questioning."""
    questioned_s: float = 0.0
    advised_s: float = 0.0
    longest_wait_s: float = 0.0
    longest_talk_s: float = 0.0

    def __add__(self, other: "CallCounts") -> "CallCounts":
        """Return the counts of both sets together."""
        mine, others = _VALUES_OF(self), _VALUES_OF(other)
        return CallCounts(
            *map(add, mine[:_SUMS], others[:_SUMS]),
            *map(max, mine[_SUMS:], others[_SUMS:]),
        )


_NAMES: Final = tuple(f.name for f in fields(CallCounts))
_VALUES_OF: Final = attrgetter(*_NAMES)
_SUMS: Final = _NAMES.index("longest_wait_s")
"""The fields before this one are added up; of those from here on the largest counts."""


def counts_of(call: CallRow, norms: Norms) -> CallCounts:
    """Return how one call counts. `records/counting.py` says the same to the database, and a test compares them."""
    if call.outcome == Outcome.REFUSED:
        return CallCounts(refused=1)
    if call.outcome == Outcome.CLOSED:
        return CallCounts(closed=1)
    if call.outcome is None or call.waited_s is None:
        return CallCounts(open=1, missed_offers=call.misses, returned=call.returns)
    waited_s = call.waited_s
    answered = call.outcome == Outcome.ANSWERED
    abandoned = call.outcome == Outcome.ABANDONED
    overflowed = call.outcome == Outcome.OVERFLOWED
    in_norm = waited_s <= norms.target_wait_s
    over = waited_s > norms.max_wait_s + (norms.leaving_s if overflowed else 0.0)
    talked_s = call.talked_s if answered and call.ended_at is not None else None
    questioned_s = min(call.questioned_s, talked_s) if talked_s is not None and call.questioned_s is not None else None
    return CallCounts(
        accepted=1,
        answered=int(answered),
        answered_in_norm=int(answered and in_norm),
        abandoned=int(abandoned),
        abandoned_in_norm=int(abandoned and in_norm),
        abandoned_short=int(abandoned and waited_s < norms.short_abandon_s),
        overflowed=int(overflowed),
        died=int(call.outcome == Outcome.DIED),
        talking=int(answered and call.ended_at is None),
        over_maximum=int(over),
        answered_over_maximum=int(answered and over),
        unanswered_after_norm=int(not answered and not in_norm),
        passed_on=int(call.visit > 1),
        missed_offers=call.misses,
        returned=call.returns,
        waited_s=waited_s,
        answered_waited_s=waited_s if answered else 0.0,
        talked_s=talked_s or 0.0,
        talks=int(talked_s is not None),
        marked=int(questioned_s is not None),
        questioned_s=questioned_s or 0.0,
        advised_s=(talked_s or 0.0) - questioned_s if questioned_s is not None else 0.0,
        longest_wait_s=waited_s,
        longest_talk_s=talked_s or 0.0,
    )

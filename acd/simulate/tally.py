"""Counts simulated calls as the records do: each call whole, in the quarter of an hour in which it entered.

What `metrics.counts.counts_of` says of a single row, said here to running sums, because a simulation ends tens of
thousands of calls a second; a test compares the two over every kind of end.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from metrics.counts import CallCounts
from metrics.norms import Norms

HISTOGRAM_S = 5.0
"""Width of the steps of the waiting-time distribution, seconds."""

_HISTOGRAM_STEPS = 120


class Sums:
    """Counts of the calls of one line that entered in one quarter of an hour."""

    __slots__ = (
        "abandoned",
        "abandoned_in_norm",
        "abandoned_short",
        "accepted",
        "answered",
        "answered_in_norm",
        "answered_over_maximum",
        "answered_waited_s",
        "died",
        "leaving_s",
        "longest_talk_s",
        "longest_wait_s",
        "max_wait_s",
        "missed_offers",
        "over_maximum",
        "overflowed",
        "refused",
        "returned",
        "short_abandon_s",
        "talked_s",
        "target_wait_s",
        "unanswered_after_norm",
        "waited_s",
    )

    def __init__(self, norms: Norms) -> None:
        self.target_wait_s = norms.target_wait_s
        self.max_wait_s = norms.max_wait_s
        self.leaving_s = norms.leaving_s
        self.short_abandon_s = norms.short_abandon_s
        self.accepted = self.answered = self.answered_in_norm = self.answered_over_maximum = 0
        self.abandoned = self.abandoned_in_norm = self.abandoned_short = 0
        self.overflowed = self.died = self.refused = 0
        self.over_maximum = self.unanswered_after_norm = self.missed_offers = self.returned = 0
        self.waited_s = self.answered_waited_s = self.talked_s = 0.0
        self.longest_wait_s = self.longest_talk_s = 0.0

    def _waited(self, waited_s: float) -> None:
        self.accepted += 1
        self.waited_s += waited_s
        if waited_s > self.longest_wait_s:  # noqa: PLR1730 - a call of max() costs more
            self.longest_wait_s = waited_s

    def ended(self, waited_s: float, talked_s: float) -> None:
        """A call was answered, and its talk has ended."""
        self._waited(waited_s)
        self.answered += 1
        self.answered_waited_s += waited_s
        self.talked_s += talked_s
        if talked_s > self.longest_talk_s:  # noqa: PLR1730 - as above
            self.longest_talk_s = talked_s
        if waited_s <= self.target_wait_s:
            self.answered_in_norm += 1
        if waited_s > self.max_wait_s:
            self.over_maximum += 1
            self.answered_over_maximum += 1

    def left(self, waited_s: float) -> None:
        """The caller gave up."""
        self._unanswered(waited_s, self.max_wait_s)
        self.abandoned += 1
        if waited_s <= self.target_wait_s:
            self.abandoned_in_norm += 1
        if waited_s < self.short_abandon_s:
            self.abandoned_short += 1

    def sent_on(self, waited_s: float) -> None:
        """The call left the line for a destination."""
        self._unanswered(waited_s, self.max_wait_s + self.leaving_s)
        self.overflowed += 1

    def lost(self, waited_s: float) -> None:
        """The call died before anybody answered."""
        self._unanswered(waited_s, self.max_wait_s)
        self.died += 1

    def _unanswered(self, waited_s: float, maximum_s: float) -> None:
        self._waited(waited_s)
        if waited_s > self.target_wait_s:
            self.unanswered_after_norm += 1
        if waited_s > maximum_s:
            self.over_maximum += 1

    def counts(self) -> CallCounts:
        """Return the counts as everybody else knows them."""
        return CallCounts(
            accepted=self.accepted,
            answered=self.answered,
            answered_in_norm=self.answered_in_norm,
            abandoned=self.abandoned,
            abandoned_in_norm=self.abandoned_in_norm,
            abandoned_short=self.abandoned_short,
            overflowed=self.overflowed,
            died=self.died,
            refused=self.refused,
            over_maximum=self.over_maximum,
            answered_over_maximum=self.answered_over_maximum,
            unanswered_after_norm=self.unanswered_after_norm,
            missed_offers=self.missed_offers,
            returned=self.returned,
            waited_s=self.waited_s,
            answered_waited_s=self.answered_waited_s,
            talked_s=self.talked_s,
            talks=self.answered,
            longest_wait_s=self.longest_wait_s,
            longest_talk_s=self.longest_talk_s,
        )


@dataclass(frozen=True, slots=True)
class CallBackCounts:
    """What became of call-backs."""

    owed: int = 0
    attempts: int = 0
    late: int = 0
    """Breaks whose first attempt did not start within the limit."""
    reached: int = 0
    merged: int = 0
    """The caller called himself and was spoken to."""
    given_up: int = 0
    impossible: int = 0
    longest_first_s: float = 0.0
    """K5: the longest time from a break to its first attempt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run has brought: small enough to be sent from one process to another."""

    by_slot: Mapping[tuple[str, int], CallCounts]
    """By line and quarter of an hour since the epoch; only what was counted."""
    waits: "array[float]"
    """Waits of the answered calls, in the order of their ends."""
    talks: "array[float]"
    by_state: Mapping[str, float]
    """Seconds of all operators in each state, over the whole run."""
    came: int
    """Calls that came, warming up included."""
    went: int
    """Calls that ended one way or another; the same number, or calls were lost."""
    call_backs: CallBackCounts = CallBackCounts()

    @property
    def total(self) -> CallCounts:
        """All counted calls."""
        return sum(self.by_slot.values(), CallCounts())


def histogram(waits: "array[float]") -> tuple[int, ...]:
    """Return how many waits lie in each step of `HISTOGRAM_S`; the last step has no end."""
    found = [0] * _HISTOGRAM_STEPS
    last = _HISTOGRAM_STEPS - 1
    for wait in waits:
        found[min(last, int(wait / HISTOGRAM_S))] += 1
    return tuple(found)

"""What is due when: a heap of (due, token, what, owner).

A timer belongs to its owner by token: the owner keeps the token that `arm` returned and gives it back to `cancel`. A
token that was cancelled is dead, and its entry is thrown away when it comes to the top, or when dead entries outnumber
the live ones. So cancelling costs no search, and a timer left over from an earlier state can never end a later one.
"""

from enum import IntEnum
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final, Generic, TypeVar

from queue_engine.ids import Instant

Owner = TypeVar("Owner")

NO_TIMER: Final = 0
"""The token of an owner that waits for nothing."""

_DEAD_BESIDE_LIVE: Final = 1024
"""So many dead entries are borne beside as many as there are live ones."""


class What(IntEnum):
    """What happens when a timer fires."""

    CALL_STEP = 1
    """The next step of the line by waiting time."""
    OFFER_GUARD = 2
    """An offer of whose end Asterisk should have told by now."""
    REST_OVER = 3
    """Wrap-up or back-off of an operator."""
    PAUSE_OVER = 4
    PATIENCE_OVER = 5
    """A call has waited long enough for one operator."""
    RING_MORE = 6
    """One more telephone is to ring for the call."""
    HOLD_OVER = 7
    """A call whose offer was cancelled may be offered again."""
    SAY_AGAIN = 8
    AUTO_LOGOUT = 9


_CALL_STEP: Final = What.CALL_STEP


class Timers(Generic[Owner]):
    """All timers of one engine.

    The next steps of waiting calls are many, long and mostly cancelled; all others are few and short. Each kind has a
    heap of its own, so that the short ones are not sifted through the long ones.
    """

    __slots__ = ("_last_token", "_live", "_others", "_steps", "next_at")

    def __init__(self) -> None:
        self._steps: list[tuple[float, int, What, Owner]] = []
        self._others: list[tuple[float, int, What, Owner]] = []
        self._live: set[int] = set()
        self._last_token = NO_TIMER
        self.next_at = inf
        """Nothing is due before this instant. To be read only."""

    def __len__(self) -> int:
        return len(self._live)

    def arm(self, due: float, what: What, owner: Owner) -> int:
        """Return the token of a new timer due at this instant; equal dues fire in the order of arming."""
        self._last_token = token = self._last_token + 1
        self._live.add(token)
        heappush(self._steps if what is _CALL_STEP else self._others, (due, token, what, owner))
        if due < self.next_at:  # noqa: PLR1730 - a call of min() costs more
            self.next_at = due
        return token

    def cancel(self, token: int) -> None:
        """Kill the timer of this token; nothing happens if it has fired or there is none."""
        live = self._live
        live.discard(token)
        if len(self._steps) + len(self._others) > 2 * len(live) + _DEAD_BESIDE_LIVE:
            for heap in (self._steps, self._others):
                heap[:] = [entry for entry in heap if entry[1] in live]
                heapify(heap)

    def next_due(self) -> Instant | None:
        """Return when the earliest live timer is due; None when nothing is waited for."""
        first = self._first()
        return None if first is None else Instant(first[0][0])

    def pop_due(self, now: float) -> tuple[What, Owner] | None:
        """Take the earliest live timer that is due at or before `now`; None when there is none."""
        first = self._first()
        if first is None:
            self.next_at = inf
            return None
        due, token, what, owner = first[0]
        if due > now:
            self.next_at = due
            return None
        heappop(first)
        self._live.remove(token)
        return what, owner

    def _first(self) -> list[tuple[float, int, What, Owner]] | None:
        """Return the heap whose head is the earliest live timer."""
        live, steps, others = self._live, self._steps, self._others
        while steps and steps[0][1] not in live:
            heappop(steps)
        while others and others[0][1] not in live:
            heappop(others)
        if not steps:
            return others or None
        return steps if not others or steps[0] < others[0] else others

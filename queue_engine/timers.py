"""What is due when: a heap of (due, token, what, owner).

A timer belongs to its owner by token: the owner keeps the token that `arm` returned and gives it back to `cancel`. A
token that was cancelled is dead, and its entry is thrown away when it comes to the top, or when dead entries outnumber
the live ones. So cancelling costs no search, and a timer left over from an earlier state can never end a later one.
"""

from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeVar

from queue_engine.ids import Instant

Owner = TypeVar("Owner")

NO_TIMER: Final = 0
"""The token of an owner that waits for nothing."""

_COMPACT_ABOVE: Final = 1024


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


class Timers(Generic[Owner]):
    """All timers of one engine."""

    __slots__ = ("_last_token", "_live", "heap")

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, What, Owner]] = []
        """What is due earliest, dead or alive, is first. To be read only."""
        self._live: set[int] = set()
        self._last_token = NO_TIMER

    def __len__(self) -> int:
        return len(self._live)

    def arm(self, due: float, what: What, owner: Owner) -> int:
        """Return the token of a new timer due at this instant; equal dues fire in the order of arming."""
        self._last_token = token = self._last_token + 1
        self._live.add(token)
        heappush(self.heap, (due, token, what, owner))
        return token

    def cancel(self, token: int) -> None:
        """Kill the timer of this token; nothing happens if it has fired or there is none."""
        self._live.discard(token)
        heap = self.heap
        if len(heap) > _COMPACT_ABOVE and len(heap) > 2 * len(self._live):
            live = self._live
            heap[:] = [entry for entry in heap if entry[1] in live]
            heapify(heap)

    def next_due(self) -> Instant | None:
        """Return when the earliest live timer is due; None when nothing is waited for."""
        heap = self.heap
        while heap:
            if heap[0][1] in self._live:
                return Instant(heap[0][0])
            heappop(heap)
        return None

    def pop_due(self, now: float) -> tuple[What, Owner] | None:
        """Take the earliest live timer that is due at or before `now`; None when there is none."""
        heap = self.heap
        while heap and heap[0][0] <= now:
            _, token, what, owner = heappop(heap)
            if token in self._live:
                self._live.remove(token)
                return what, owner
        return None

"""What is due when: entries (due, token, what, owner), each in a queue or in the heap.

A timer belongs to its owner by token: the owner keeps the token that `arm` returned and gives it back to `cancel`. A
token that was cancelled is dead, and its entry is thrown away when it comes to the front, or when the dead outnumber
the living. So cancelling costs no search, and a timer left over from an earlier state can never end a later one.
"""

from collections import deque
from enum import IntEnum
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final, Generic, TypeVar

from queue_engine.ids import Instant

Owner = TypeVar("Owner")

NO_TIMER: Final = 0
"""The token of an owner that waits for nothing."""

_DEAD_BESIDE_LIVE: Final = 1024
"""So many dead entries are borne beside as many as there are live ones; they are counted after so many cancels."""


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
_OFFER_GUARD: Final = What.OFFER_GUARD


class Timers(Generic[Owner]):
    """All timers of one engine.

    The next steps of waiting calls, and the guards of offers, are nearly always armed in the order in which they will
    be due, and nearly all of them are cancelled, the oldest first. Each of the two kinds stands in a queue of its own,
    where all that costs a look at the ends; whatever comes out of order, and every other kind, stands in the heap.
    """

    __slots__ = ("_cancels", "_guards", "_heap", "_last_token", "_live", "_steps", "next_at")

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int, What, Owner]] = deque()
        self._guards: deque[tuple[float, int, What, Owner]] = deque()
        self._heap: list[tuple[float, int, What, Owner]] = []
        self._live: set[int] = set()
        self._last_token = NO_TIMER
        self._cancels = 0
        """Since the dead were last counted."""
        self.next_at = inf
        """Nothing is due before this instant. To be read only."""

    def __len__(self) -> int:
        return len(self._live)

    def arm(self, due: float, what: What, owner: Owner) -> int:
        """Return the token of a new timer due at this instant; equal dues fire in the order of arming."""
        self._last_token = token = self._last_token + 1
        self._live.add(token)
        entry = (due, token, what, owner)
        queue = self._steps if what is _CALL_STEP else self._guards if what is _OFFER_GUARD else None
        if queue is None or (queue and due < queue[-1][0]):
            heappush(self._heap, entry)
        else:
            queue.append(entry)
        if due < self.next_at:  # noqa: PLR1730 - a call of min() costs more
            self.next_at = due
        return token

    def cancel(self, token: int) -> None:
        """Kill the timer of this token; nothing happens if it has fired or there is none."""
        self._live.discard(token)
        self._cancels += 1
        if self._cancels > _DEAD_BESIDE_LIVE:
            self._count_the_dead()

    def _count_the_dead(self) -> None:
        """Throw the dead away if they outnumber the living."""
        self._cancels = 0
        live, queues = self._live, (self._steps, self._guards)
        if sum(map(len, queues)) + len(self._heap) <= 2 * len(live) + _DEAD_BESIDE_LIVE:
            return
        for queue in queues:
            living = [entry for entry in queue if entry[1] in live]
            queue.clear()
            queue.extend(living)
        self._heap = [entry for entry in self._heap if entry[1] in live]
        heapify(self._heap)

    def next_due(self) -> Instant | None:
        """Return when the earliest live timer is due; None when nothing is waited for."""
        first = self._first()
        return None if first is None else Instant(first[0])

    def pop_due(self, now: float) -> tuple[What, Owner] | None:
        """Take the earliest live timer that is due at or before `now`; None when there is none."""
        first = self._first()
        if first is None:
            self.next_at = inf
            return None
        due, token, what, owner = first
        if due > now:
            self.next_at = due
            return None
        self._live.remove(token)
        return what, owner

    def _first(self) -> tuple[float, int, What, Owner] | None:
        """Return the earliest live timer, which stays where it is; the dead before it are gone."""
        live, heap = self._live, self._heap
        while heap and heap[0][1] not in live:
            heappop(heap)
        first = heap[0] if heap else None
        for queue in (self._steps, self._guards):
            while queue and queue[0][1] not in live:
                queue.popleft()
            if queue and (first is None or queue[0] < first):
                first = queue[0]
        return first

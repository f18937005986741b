"""When each request is due next: a heap in which every request has at most one live entry."""

from heapq import heapify, heappop, heappush
from typing import Final

from callback.ids import RequestId
from queue_engine.ids import Instant

_COMPACT_ABOVE: Final = 1024


class Deadlines:
    """The next due instant of every open request that waits for time."""

    __slots__ = ("_armed", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, RequestId]] = []
        self._armed: dict[RequestId, Instant] = {}

    def arm(self, request: RequestId, at: Instant | None) -> None:
        """Let the request be due at this instant and no other; None: not at all."""
        if at is None:
            self._armed.pop(request, None)
        elif self._armed.get(request) != at:
            self._armed[request] = at
            heappush(self._heap, (at, request))
            if len(self._heap) > _COMPACT_ABOVE and len(self._heap) > 2 * len(self._armed):
                self._heap = [(due, owner) for owner, due in self._armed.items()]
                heapify(self._heap)

    def next_due(self) -> Instant | None:
        """Return when the earliest request is due; None when nobody waits for time."""
        heap = self._heap
        while heap and self._armed.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: Instant) -> RequestId | None:
        """Take the earliest request that is due at or before `now`; None when there is none."""
        at = self.next_due()
        if at is None or at > now:
            return None
        _, request = heappop(self._heap)
        del self._armed[request]
        return request

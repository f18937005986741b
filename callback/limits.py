"""How often anybody is dialled: attempts per number in any 24 hours, attempts per line in any hour.

Both windows roll, so that no midnight doubles them and no time zone matters.
"""

from collections import Counter, deque
from typing import Final

from callback.policy import CallbackPolicy
from queue_engine.ids import Instant, QueueName

DAY_S: Final = 86_400.0
HOUR_S: Final = 3_600.0


class AttemptLimits:
    """Counts of the attempts that were ordered lately."""

    __slots__ = ("_day", "_hours", "_numbers")

    def __init__(self) -> None:
        self._day: deque[tuple[Instant, str]] = deque()
        self._numbers: Counter[str] = Counter()
        self._hours: dict[QueueName, deque[Instant]] = {}

    def add(self, queue: QueueName, number: str, at: Instant) -> None:
        """Count an attempt. Instants come in their order."""
        self._day.append((at, number))
        self._numbers[number] += 1
        self._hours.setdefault(queue, deque()).append(at)

    def take_back(self, queue: QueueName, number: str, at: Instant) -> None:
        """Uncount an attempt that has not left the house."""
        self._prune(queue, at)
        if (at, number) in self._day:
            self._day.remove((at, number))
            self._uncount(number)
        if at in self._hours.get(queue, ()):
            self._hours[queue].remove(at)

    def number_used_up(self, number: str, policy: CallbackPolicy, now: Instant) -> bool:
        """Return whether the number has had its attempts of these 24 hours."""
        self._prune(policy.queue, now)
        return self._numbers[number] >= policy.max_per_number_day

    def line_free_at(self, policy: CallbackPolicy, now: Instant) -> Instant | None:
        """Return when the line may dial again by its hourly limit; None when it may now."""
        self._prune(policy.queue, now)
        hour = self._hours.get(policy.queue, ())
        over = len(hour) - policy.max_per_hour
        return Instant(hour[over] + HOUR_S) if over >= 0 else None

    def _prune(self, queue: QueueName, now: Instant) -> None:
        while self._day and self._day[0][0] <= now - DAY_S:
            self._uncount(self._day.popleft()[1])
        hour = self._hours.get(queue, deque())
        while hour and hour[0] <= now - HOUR_S:
            hour.popleft()

    def _uncount(self, number: str) -> None:
        self._numbers[number] -= 1
        if not self._numbers[number]:
            del self._numbers[number]

"""How often anybody is dialled: attempts per number in any day, attempts per line and requests per person in any hour.

All windows roll, so that no midnight doubles them and no time zone matters.
"""

from collections import Counter, deque
from typing import Final

from callback.policy import CallbackPolicy
from queue_engine.ids import Instant, QueueName

DAY_S: Final = 86_400.0
HOUR_S: Final = 3_600.0


class AttemptLimits:
    """Counts of the attempts that were ordered lately."""

    __slots__ = ("_day", "_hours", "_numbers", "_people")

    def __init__(self) -> None:
        self._day: deque[tuple[Instant, str]] = deque()
        self._numbers: Counter[str] = Counter()
        self._hours: dict[QueueName, deque[Instant]] = {}
        self._people: dict[str, deque[Instant]] = {}
        """When each person opened requests by hand, of the last hour."""

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

    def opened(self, by: str, at: Instant) -> None:
        """Count a request that a person has opened by hand. Instants come in their order."""
        self._people.setdefault(by, deque()).append(at)

    def person_used_up(self, by: str, policy: CallbackPolicy, now: Instant) -> bool:
        """Return whether a person has had his requests of this hour."""
        for person in [each for each, when in self._people.items() if when[-1] <= now - HOUR_S]:
            del self._people[person]
        mine = self._people.get(by, deque())
        while mine and mine[0] <= now - HOUR_S:
            mine.popleft()
        return len(mine) >= policy.max_per_person_hour

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

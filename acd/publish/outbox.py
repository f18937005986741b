"""What waits for the broker: the last state of each thing, and the events of calls in their order, bounded.

States replace each other, so that they never pile up. Of events the oldest are dropped when the outbox is full, and
counted: the whole truth is in the records. What was taken out comes back unless it is confirmed: at least once. Events
are held back while those of a run before this one are still being looked up (`missed.py`): these go first.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

Maker = Callable[[], bytes]
"""Makes a message when it is sent: whoever fills the outbox has calls to serve."""


Told = Callable[[str], None]
"""Notes the id of the last event that the broker has confirmed, for those who come after us."""


class Waiting(NamedTuple):
    """An event that waits."""

    id: str
    """Its place in the records, or in the journal."""
    topic: str
    make: Maker
    told: Told


class Outbox:
    """Belongs to the loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._states: dict[str, Maker] = {}
        self._events: deque[Waiting] = deque()
        self._taken_states: dict[str, Maker] = {}
        self._taken_events: list[Waiting] = []
        self._filled = asyncio.Event()
        self._held = False
        self.dropped = 0
        """Events dropped since the start."""

    def __len__(self) -> int:
        return len(self._states) + len(self._events) + len(self._taken_states) + len(self._taken_events)

    def put_state(self, topic: str, make: Maker) -> None:
        """Tell this state, and no older one of the topic."""
        self._states[topic] = make
        self._filled.set()

    def hold(self) -> None:
        """Give out no events before `release`."""
        self._held = True

    def release(self, missed: Iterable[Waiting] = ()) -> None:
        """Give events out, these first: they are older than all that wait."""
        self._held = False
        self._events.extendleft(reversed([*missed]))
        self._shorten()
        if self._events:
            self._filled.set()

    def put_event(self, event: Waiting) -> None:
        """Tell this event after those that wait."""
        self._events.append(event)
        self._shorten()
        self._filled.set()

    async def filled(self) -> None:
        """Return as soon as there is something to take."""
        await self._filled.wait()

    def take(self, most: int) -> tuple[Sequence[tuple[str, Maker]], Sequence[Waiting]]:
        """Return so many states and events at most, in order, to be sent; `confirm` or `put_back` must follow."""
        self._taken_states = {topic: self._states.pop(topic) for topic in list(self._states)[:most]}
        ready = 0 if self._held else min(most, len(self._events))
        self._taken_events = [self._events.popleft() for _ in range(ready)]
        if not self._states and (self._held or not self._events):
            self._filled.clear()
        return list(self._taken_states.items()), self._taken_events

    def confirm(self) -> None:
        """What was taken is with the broker: note how far it was told, for each place that keeps that."""
        for told, number in {event.told: event.id for event in self._taken_events}.items():
            told(number)
        self._taken_states, self._taken_events = {}, []

    def put_back(self) -> None:
        """What was taken may not have arrived: it goes first. A newer state of the same thing stays."""
        self._states = self._taken_states | self._states
        self._events.extendleft(reversed(self._taken_events))
        self._taken_states, self._taken_events = {}, []
        self._shorten()
        if self._states or self._events:
            self._filled.set()

    def _shorten(self) -> None:
        while len(self._events) > self._most:
            self._events.popleft()
            self.dropped += 1

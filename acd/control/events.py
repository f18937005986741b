"""The stream of events: every fact as it becomes true, and from where a reader left off.

An event's id is the fact's place in the records, `<run>/<number>`, so that a reader can go on after a break of the
connection and after a restart of the daemon. The last events are kept here; older ones are read from the records.
Readers hold a place and no queue: one that reads slowly costs nothing and falls back on the records.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from acd.control.access import Identity, Role
from acd.control.errors import ControlError, StoreAway
from acd.logs import NUMBER_KEYS, mask_number
from metrics.records.codec import encode

KEPT: Final = 10_000
"""Events in memory: about ten minutes of the busiest line."""
HEARTBEAT_S: Final = 15.0
"""So often a silent stream says that it lives."""


@dataclass(slots=True)
class Event:
    """One fact, as readers see it."""

    run: str
    seq: int
    kind: str
    source: object = field(repr=False)
    """The fact itself, or its values where it was read from the records."""
    _values: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """Where a reader goes on from."""
        return f"{self.run}/{self.seq}"

    def values(self) -> dict[str, Any]:
        """Return the fact's fields; made once, and only if somebody reads."""
        if self._values is None:
            self._values = self.source if isinstance(self.source, dict) else orjson.loads(encode(self.source))
        return self._values


@dataclass(frozen=True, slots=True)
class Gap:
    """Between what the reader has seen and what comes now something is missing: read the state anew."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing has happened for a while."""


class History(Protocol):
    """Older events, from the records."""

    def after(self, run: str, seq: int) -> AsyncGenerator[Event, None]:
        """Yield the events recorded after this one, oldest first.

        Raises:
            StoreAway: The records cannot be read.
            UnknownPlace: No such event is recorded.
        """
        ...


class UnknownPlace(ControlError):
    """A reader asks to go on from an event that is not in the records."""


@dataclass(slots=True)
class _Reader:
    """How far somebody has read."""

    seq: int
    """Number of the last event of this run that was seen."""


class EventLog:
    """The last events of this run, and who waits for the next. Belongs to the daemon's loop."""

    def __init__(
        self, run: str, last_seq: Callable[[], int], history: History | None = None, *, kept: int = KEPT
    ) -> None:
        """Make an empty log.

        Args:
            run: Name of this start of the daemon in the records.
            last_seq: Number in the records of the fact that was recorded last.
            history: The records; None goes back no further than memory.
            kept: How many events stay in memory.
        """
        self._run = run
        self._last_seq = last_seq
        self._history = history
        self._events: deque[Event] = deque(maxlen=kept)
        self._pulse = asyncio.Event()
        self._closed = False

    def take(self, fact: object) -> None:
        """Take in a fact that has just been recorded."""
        self._events.append(Event(self._run, self._last_seq(), type(fact).__name__, fact))
        self._pulse.set()

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._pulse.set()

    async def follow(self, after: str | None = None) -> AsyncGenerator[Event | Gap | Heartbeat, None]:
        """Yield events for ever, until `close`: those after the one named, or those to come."""
        reader = _Reader(self._last_seq())
        if after is not None:
            async with aclosing(self._catch_up(reader, after)) as missed:
                async for seen in missed:
                    yield seen
        while not self._closed:
            self._pulse.clear()
            fresh = self._since(reader.seq)
            for event in fresh:
                reader.seq = event.seq
                yield event
            if not fresh:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await self._pulse.wait()
                except TimeoutError:
                    yield Heartbeat()

    async def _catch_up(self, reader: "_Reader", after: str) -> AsyncGenerator[Event | Gap, None]:
        """Yield what memory no longer has, and put the reader where memory goes on."""
        run, _, number = after.rpartition("/")
        place = int(number) if number.isdecimal() else -1
        if run == self._run and self._reaches_back_to(place):
            reader.seq = place
            return
        now, reader.seq = reader.seq, place if run == self._run else 0
        try:
            async with aclosing(self._recorded_after(run, place)) as recorded:
                async for event in recorded:
                    if event.run == self._run:
                        if self._events and event.seq >= self._events[0].seq:
                            break
                        reader.seq = event.seq
                    yield event
        except (UnknownPlace, StoreAway):
            reader.seq = now
            yield Gap()
            return
        if not self._reaches_back_to(reader.seq):
            yield Gap()

    def _recorded_after(self, run: str, seq: int) -> AsyncGenerator[Event, None]:
        if self._history is None or seq < 0:
            raise UnknownPlace
        return self._history.after(run, seq)

    def _reaches_back_to(self, seq: int) -> bool:
        """Return whether memory has every event of this run after that number."""
        first = self._events[0].seq if self._events else self._last_seq() + 1
        return first <= seq + 1

    def _since(self, seq: int) -> list[Event]:
        fresh = []
        for event in reversed(self._events):
            if event.seq <= seq:
                break
            fresh.append(event)
        fresh.reverse()
        return fresh


def shown_to(asker: Identity, event: Event) -> dict[str, Any] | None:
    """Return the event's fields as the asker may see them; None for what is not his to see.

    An operator sees what names himself, a caller's number included; numbers are masked for those who need not see them.
    """
    values = event.values()
    own = asker.role is Role.OPERATOR and values.get("agent") == asker.agent
    if asker.role is Role.OPERATOR and not own:
        return None
    if asker.sees_numbers or own:
        return values
    return {
        name: mask_number(value) if name in NUMBER_KEYS and isinstance(value, str) else value
        for name, value in values.items()
    }


def names_a_number(values: dict[str, Any]) -> bool:
    """Return whether somebody's number stands in the fields in full."""
    return any(isinstance(values.get(name), str) and len(values[name]) > MASKED_AT_MOST for name in NUMBER_KEYS)


MASKED_AT_MOST: Final = 5
"""What `mask_number` leaves is no longer than this, and neither is an internal number."""

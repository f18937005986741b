"""What the broker was not told before a restart of ours: how far it was told, and the events after that.

The records hold every fact under its run and number, and that is the id of its event. So the outbox need not outlive
us: the id of the last event that the broker has confirmed stands in a small file, and what was recorded after it by
runs before this one is read from the records at the start. At least once: an event that was confirmed a moment before
a crash may come again, with the same id.
"""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final

import structlog

from acd.control.errors import StoreAway
from acd.control.events import Event, UnknownPlace
from metrics.records.codec import VERSION, decode

log = structlog.get_logger(__name__)

TRIES: Final = 6
"""To read the records, each after all that is recorded has had ten seconds to be committed."""


class ToldFile:
    """The id of the last event that the broker has confirmed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """Return the id; None before the first one, or when the file cannot be read."""
        try:
            return self._path.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as fault:
            log.warning("mqtt.place_unread", path=str(self._path), reason=str(fault))
            return None

    def write(self, number: str) -> None:
        """Keep the id. Without a sync: what a crash of the machine takes away is told again."""
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            fresh.write_text(number + "\n", encoding="ascii")
            fresh.replace(self._path)
        except OSError as fault:
            log.warning("mqtt.place_unwritten", path=str(self._path), reason=str(fault))


After = Callable[[str, int], AsyncGenerator[Event, None]]
"""Yields the events of the records after a place."""


class Missed:
    """Reads from the records what the broker missed."""

    def __init__(self, run: str, settled: Callable[[], Awaitable[bool]], after: After) -> None:
        """Make it.

        Args:
            run: Name of this start of the daemon in the records: its own events are in the outbox already.
            settled: Waits until what is recorded is committed, ten seconds at most.
            after: The records.
        """
        self._run = run
        self._settled = settled
        self._after = after

    async def since(self, told: str | None, most: int) -> tuple[list[tuple[str, object]], int]:
        """Return the last so many facts of earlier runs after an event, with their ids, and how many were left out.

        None at all when no event was ever told, when this one is not in the records any more, or when the records
        cannot be read for a minute: then nobody knows what was missed, and the log says so.
        """
        run, _, number = (told or "").rpartition("/")
        if not run or not number.isdecimal():
            return [], 0
        for _ in range(TRIES):
            await self._settled()
            try:
                return await self._read(run, int(number), most)
            except UnknownPlace:
                log.warning("mqtt.place_unknown", told=told)
                return [], 0
            except StoreAway as fault:
                log.warning("mqtt.records_away", reason=fault.reason)
        log.error("mqtt.not_caught_up", told=told)
        return [], 0

    async def _read(self, run: str, seq: int, most: int) -> tuple[list[tuple[str, object]], int]:
        found: deque[tuple[str, object]] = deque(maxlen=most)
        count = 0
        async with aclosing(self._after(run, seq)) as events:
            async for event in events:
                if event.run == self._run:
                    continue  # with several runs in one database, facts of this one may stand between
                found.append((event.id, decode(event.kind, VERSION, event.values())))
                count += 1
        return list(found), count - len(found)

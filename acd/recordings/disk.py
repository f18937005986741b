"""The disk guard: recording stops before the disk is full, and calls go on.

The dialplan records unless Asterisk's global variable `ACD_RECORDING_OFF` holds something. So the decision outlives the
daemon, and Asterisk's own fallback keeps to it as well. With too little room no new talk is recorded; with half of that
also the recordings under way are ended.
"""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

import structlog

from acd.recordings.archive import free_bytes
from metrics.facts import RecordingAllowed, RecordingSuspended, TalkFact
from queue_engine.ids import Instant

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 10.0
ROOM_AGAIN: Final = 1.2
"""So much more room than the limit must there be before talks are recorded again."""
MEGABYTE: Final = 1024 * 1024


class Recorders(Protocol):
    """One Asterisk server, as far as its recordings go."""

    @property
    def name(self) -> str:
        """Its name."""

    def set_global(self, variable: str, value: str) -> None:
        """Set a global variable of the dialplan."""

    def stop_recordings(self) -> None:
        """End every recording that is under way."""


class DiskGuard:
    """Watches the disk of one folder."""

    def __init__(
        self,
        folder: Path,
        least_mb: Callable[[], int],
        servers: Callable[[], Iterable[Recorders]],
        tell: Callable[[TalkFact], None],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._folder = folder
        self._least_mb = least_mb
        self._servers = servers
        self._tell = tell
        self._free = free
        self._looked_at = float("-inf")
        self.suspended = False
        """No talk is recorded now."""

    async def look(self, now: Instant) -> None:
        """Look at the disk, if it is time to.

        Raises:
            OSError: The folder is not there.
        """
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        free, least = await asyncio.to_thread(self._free, self._folder), self._least_mb() * MEGABYTE
        if not self.suspended and free < least:
            self.suspended = True
            log.error("recordings.suspended", free_mb=free // MEGABYTE, least_mb=least // MEGABYTE)
            for server in self._servers():
                self.agree(server)
                self._tell(RecordingSuspended(now, server.name, free))
        elif self.suspended and free > least * ROOM_AGAIN:
            self.suspended = False
            log.info("recordings.allowed", free_mb=free // MEGABYTE)
            for server in self._servers():
                self.agree(server)
                self._tell(RecordingAllowed(now, server.name, free))
        if self.suspended and free < least / 2:
            for server in self._servers():
                server.stop_recordings()

    def agree(self, server: Recorders) -> None:
        """Tell a server, whose link may just have come up, whether talks are recorded."""
        server.set_global("ACD_RECORDING_OFF", "1" if self.suspended else "")

"""The disk guard: no recording before the disk is full, told once, and again when there is room."""

from pathlib import Path

import pytest

from acd.recordings.disk import LOOK_EVERY_S, DiskGuard
from metrics.facts import RecordingAllowed, RecordingSuspended
from queue_engine.ids import Instant

MB = 1024 * 1024


class Server:
    """An Asterisk that notes what it is told."""

    name = "main"

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.stopped = 0

    def set_global(self, variable: str, value: str) -> None:
        """Note it."""
        self.told.append((variable, value))

    def stop_recordings(self) -> None:
        """Note it."""
        self.stopped += 1


class Disk:
    """A disk with so much room, a guard over it, and what it has said."""

    def __init__(self) -> None:
        self.free_mb = 5000
        self.server = Server()
        self.facts: list[object] = []
        self.at = 0.0
        self.guard = DiskGuard(
            Path("/nowhere"), lambda: 1000, lambda: [self.server], self.facts.append, lambda _path: self.free_mb * MB
        )

    async def look(self, free_mb: int) -> None:
        """Let time pass and the guard look."""
        self.free_mb = free_mb
        self.at += LOOK_EVERY_S
        await self.guard.look(Instant(self.at))


@pytest.fixture
def disk() -> Disk:
    """A disk."""
    return Disk()


async def test_recording_stops_before_the_disk_is_full_and_begins_again(disk: Disk):
    """One fact each way; a little more room than the limit is not yet room enough."""
    for free_mb in (5000, 999, 998, 1100, 1300, 1300):
        await disk.look(free_mb)
    assert disk.facts == [
        RecordingSuspended(Instant(20.0), "main", 999 * MB),
        RecordingAllowed(Instant(50.0), "main", 1300 * MB),
    ]
    assert disk.server.told == [("ACD_RECORDING_OFF", "1"), ("ACD_RECORDING_OFF", "")]
    assert disk.server.stopped == 0


async def test_recordings_under_way_end_when_it_gets_worse(disk: Disk):
    """At half of the limit nothing is recorded any more; the talks themselves are not touched."""
    await disk.look(600)
    assert disk.server.stopped == 0
    await disk.look(499)
    assert disk.server.stopped == 1


async def test_server_whose_link_comes_up_is_told(disk: Disk):
    """An Asterisk that was restarted has forgotten its global variables."""
    await disk.look(10)
    disk.guard.agree(disk.server)
    assert disk.server.told == [("ACD_RECORDING_OFF", "1")] * 2

"""What the keeper of recordings does with files: kept once, crashes repeated, what is too old destroyed."""

import asyncio
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.recordings import sound
from acd.recordings.archive import Archive
from acd.recordings.disk import DiskGuard
from acd.recordings.keeper import DAY_S, SETTLED_S, Keeper
from acd.recordings.sealed import Keys
from config.recording import LineRecording
from metrics.facts import RecordingDestroyed, RecordingFailed, RecordingKept
from metrics.records.database import open_engine, upgrade
from queue_engine.ids import Instant
from tests.acd.stage import LINE, Stage
from tests.metrics.storing import store

NAME = f"mix_1795316127412_{LINE}_main-1.1_op101.wav"
NOW = 1_795_316_200.0


class World:
    """A keeper, its folder, its time, and what it has told."""

    def __init__(self, stage: Stage, home: Path) -> None:
        line = stage.config.lines[0].model_copy(update={"recording": LineRecording(keep_days=10)})
        config = stage.config.model_copy(update={"lines": (line,)})
        self.engine = open_engine(f"sqlite+aiosqlite:///{home}/records.db")
        self.archive = Archive(home / "kept", ZoneInfo("Europe/Saratov"), Keys(None))
        self.archive.incoming.mkdir(parents=True)
        self.at = NOW
        self.up: bool | None = False
        self.ahead_s = 0.0
        """How far Asterisk's clock is ahead of ours."""
        self.facts: list[object] = []
        guard = DiskGuard(home, lambda: 0, list, self.facts.append)
        self.keeper = Keeper(
            self.archive, guard, lambda: config, self.engine, lambda: Instant(self.at), lambda *_: self.up,
            lambda talk: Instant(talk.started_at - self.ahead_s), self.facts.append,
        )  # fmt: skip

    def write(self, seconds: int = 2, *, closed: bool = True) -> None:
        """Let Asterisk write a recording."""
        data = bytes(16_000 * seconds)
        (self.archive.incoming / NAME).write_bytes(sound.header(1, len(data) if closed else 0) + data)

    async def round(self, seconds: float = 0.0) -> None:
        """Let time pass, and the keeper look once."""
        self.at += seconds
        await self.keeper._keep_what_has_ended()
        await self.keeper._destroy_what_is_due()


@pytest.fixture
async def world(stage: Stage, tmp_path: Path):
    """A world with empty records."""
    await asyncio.to_thread(upgrade, f"sqlite+aiosqlite:///{tmp_path}/records.db")
    made = World(stage, tmp_path)
    yield made
    await made.engine.dispose()


async def test_recording_is_kept_once_its_talk_is_over(world: World):
    """Not while the channel is up, and once only."""
    world.write()
    world.up = True
    await world.round()
    assert world.facts == []
    world.up = False
    await world.round()
    await world.round()
    (kept,) = world.facts
    assert isinstance(kept, RecordingKept)
    assert (kept.call, kept.duration_s, kept.found) == ("main-1.1", 2.0, True)
    assert kept.keep_until == pytest.approx(1795316127.412 + 2 + 10 * DAY_S)


async def test_times_of_a_recording_are_of_our_clock(world: World):
    """Asterisk's clock is an hour ahead: what it wrote begins when the call's record says, and goes in time."""
    world.ahead_s = 3600.0
    world.write()
    await world.round()
    (kept,) = world.facts
    assert isinstance(kept, RecordingKept)
    assert kept.started_at == pytest.approx(1795316127.412 - 3600)
    assert kept.keep_until == pytest.approx(1795316127.412 - 3600 + 2 + 10 * DAY_S)


async def test_file_that_is_not_closed_is_left_until_nobody_writes_it(world: World):
    """Asterisk closes a file a moment after its channel has gone; one that died never does."""
    world.write(closed=False)
    await world.round()
    await world.round(SETTLED_S - 1)
    assert world.facts == []
    os.utime(world.archive.incoming / NAME, (NOW, NOW))
    await world.round(2)
    assert world.facts == [], "it was written meanwhile"
    await world.round(SETTLED_S)
    assert [type(fact) for fact in world.facts] == [RecordingKept]


async def test_nobody_knows_whether_the_talk_is_over(world: World):
    """The link is down: a closed file is kept, one that is open is let be, however old."""
    world.up = None
    world.write(closed=False)
    await world.round()
    await world.round(100)
    assert world.facts == []
    world.write()
    await world.round()
    assert len(world.facts) == 1


async def test_silent_recording_is_told_and_gone(world: World):
    """Neither side has sent any speech."""
    world.write(seconds=0)
    await world.round()
    await world.round(SETTLED_S)
    assert [(fact.reason) for fact in world.facts if isinstance(fact, RecordingFailed)] == ["no_sound"]
    assert world.archive.incoming_files() == {}


async def test_recording_is_destroyed_when_its_time_is_over_and_told_once(world: World):
    """By what the records say; the file is gone before the fact."""
    world.write()
    await world.round()
    (kept,) = world.facts
    await store(world.engine, [kept])
    await world.round(9 * DAY_S)
    assert len(world.facts) == 1
    await world.round(1.1 * DAY_S)
    await world.round()
    destroyed = [fact for fact in world.facts if isinstance(fact, RecordingDestroyed)]
    assert [(fact.recording, fact.reason, fact.by) for fact in destroyed] == [
        (kept.recording, "kept_long_enough", "system")
    ]
    assert not (world.archive.folder / kept.path).exists()


async def test_file_that_no_record_knows_does_not_lie_there_for_ever(world: World):
    """Its records were lost: what is older than anything may be goes all the same, what is younger stays."""
    for day in ("2026-09-01", world.archive.day_of(NOW)):
        (world.archive.folder / day).mkdir()
        (world.archive.folder / day / "x.wav").write_bytes(b"x")
    await world.round()
    assert [fact.reason for fact in world.facts if isinstance(fact, RecordingDestroyed)] == ["no_record"]
    assert [path.parent.name for path in world.archive.folder.rglob("x.wav")] == [world.archive.day_of(NOW)]

"""Recorded talks on a real Asterisk: there, as long as the talk, in their place, destroyed in time; through crashes."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import RowMapping, Table

from acd.control.errors import RequestRefused
from acd.lab.centre import LabCentre
from acd.lab.keys import write_keys
from acd.lab.plans import Answering, Caller
from acd.lab.process import until
from acd.lab.site import Site
from acd.lab.sounds import write_tone
from metrics.records.tables import facts, recordings

pytestmark = pytest.mark.asterisk

KEY = base64.b64encode(bytes(range(32))).decode()


def recording(keep_days: float = 1, site: str = "", more: str = "") -> Site:
    """Return a site whose line records."""
    settings = f'[recording]\nfolder = "recordings"\n{site}\n{more}'
    return Site(operators=2, line=f"[line.recording]\nkeep_days = {keep_days:f}\n", more=settings)


@pytest.fixture
def site() -> Site:
    """Two operators of a line that records."""
    return recording()


async def rows(
    centre: LabCentre, wanted: Callable[[Sequence[RowMapping]], bool], table: Table = recordings
) -> Sequence[RowMapping]:
    """Wait until the rows are as wanted, and return them, the eldest first."""
    async with asyncio.timeout(30):
        while True:
            found = sorted(await centre.rows(table), key=lambda row: row["started_at"])
            if wanted(found):
                return found
            await asyncio.sleep(0.1)


def folder(centre: LabCentre) -> Path:
    """Return the folder of recordings."""
    return centre.home / "recordings"


async def talk(centre: LabCentre, talk_ms: int = 3000, **keys: Any) -> None:
    """Let one caller and one operator talk, both with a loud tone."""
    tone = write_tone(centre.home / "tone.al", 440)
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=talk_ms)], rtp_file=tone, **keys)
    async with telephones, centre.callers([Caller("79272220001")], rtp_file=tone) as calling:
        assert (await calling.finish(30)).served == 1


async def test_talk_is_recorded_in_its_length_and_kept_by_day_and_call(centre):
    """S1: one file of the talk's length, by the day, its digest and size in the records; nothing is left behind."""
    await talk(centre)
    (call,) = await centre.settled(1)
    (row,) = await rows(centre, lambda found: len(found) == 1)
    sound = (folder(centre) / row["path"]).read_bytes()
    assert (row["call"], row["telephone"]) == (call["call"], f"op{call['agent']}")
    assert row["duration_s"] == pytest.approx(call["talked_s"], abs=0.3)
    assert row["started_at"] == pytest.approx(call["answered_at"], abs=0.3)
    assert (row["size"], row["sha256"]) == (len(sound), hashlib.sha256(sound).hexdigest())
    assert row["keep_until"] == pytest.approx(call["ended_at"] + 86_400, abs=1)
    assert not row["found"]
    async with asyncio.timeout(15):  # where Asterisk wrote it, it goes once it is kept
        await until(lambda: not any((folder(centre) / "incoming").iterdir()))


async def test_daemon_killed_in_mid_talk_loses_no_recording(centre):
    """Asterisk records on by itself; the next daemon finds the file and puts it in its place."""
    tone = write_tone(centre.home / "tone.al", 440)
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=4000)], rtp_file=tone)
    async with telephones, centre.callers([Caller("79272220001")], rtp_file=tone) as calling:
        await centre.until(lambda status: status.talking == 1)
        await centre.kill_daemon()
        assert (await calling.finish(30)).served == 1
    await centre.start_daemon()
    (call,) = await centre.settled(1)
    (row,) = await rows(centre, lambda found: len(found) == 1)
    assert (row["call"], row["found"]) == (call["call"], True)
    assert row["duration_s"] == pytest.approx(call["talked_s"], abs=0.3)


async def test_asterisk_killed_in_mid_talk_leaves_what_was_written(centre):
    """The file was never closed: what had reached the disk is kept, playable, and linked to the call."""
    tone = write_tone(centre.home / "tone.al", 440)
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=20_000)], rtp_file=tone)
    async with telephones, centre.callers([Caller("79272220001")], rtp_file=tone):
        await centre.until(lambda status: status.talking == 1)
        async with asyncio.timeout(15):
            while True:
                if any(path.stat().st_size > 32_000 for path in (folder(centre) / "incoming").iterdir()):
                    break
                await asyncio.sleep(0.1)
        await centre.asterisk.kill9()
    await centre.asterisk.start()
    (row,) = await rows(centre, lambda found: len(found) == 1)
    assert row["duration_s"] >= 2.0
    assert int.from_bytes((folder(centre) / row["path"]).read_bytes()[40:44], "little") == row["size"] - 44


class TestSealedStereo:
    """With a key and two channels."""

    @pytest.fixture
    def site(self) -> Site:
        """A line whose recordings are encrypted and kept for twenty seconds only."""
        return recording(keep_days=20 / 86_400, site=f'stereo = true\nkey = "{KEY}"')

    async def test_recording_is_encrypted_heard_by_who_may_and_destroyed_in_time(self, centre):
        """KEM 5.12, S2: the disk shows no sound, the API does; when its time is over the file is gone, and told so."""
        await talk(centre)
        (row,) = await rows(centre, lambda found: len(found) == 1)
        file = folder(centre) / row["path"]
        assert (row["channels"], file.name.endswith(".sealed"), bool(row["key"])) == (2, True, True)
        sound = await asyncio.to_thread(centre.control().fetch, f"/v1/recordings/{row['recording']}/sound")
        assert (hashlib.sha256(sound).hexdigest(), len(sound)) == (row["sha256"], row["size"])
        assert sound[44:4044] not in file.read_bytes()
        (row,) = await rows(centre, lambda found: found[0]["destroyed_at"] is not None)
        assert (row["destroyed_by"], row["destroyed_for"]) == ("system", "kept_long_enough")
        assert row["destroyed_at"] == pytest.approx(row["keep_until"], abs=3)
        assert not file.exists()
        with pytest.raises(RequestRefused, match="destroyed"):
            await asyncio.to_thread(centre.control().fetch, f"/v1/recordings/{row['recording']}/sound")


class TestPausing:
    """The operator pauses the recording."""

    @pytest.fixture
    def site(self) -> Site:
        """A line whose recordings may be paused by a key."""
        return recording(more='[in_talk]\npause_recording = "*9"\n')

    @staticmethod
    def silent_s(path: Path) -> float:
        """Return how much of a recording is digital silence, s."""
        data = path.read_bytes()[44:]
        chunks = [data[at : at + 320] for at in range(0, len(data) - 320, 320)]
        return 0.02 * sum(not any(chunk) for chunk in chunks)

    async def test_paused_part_is_missing_in_the_recording(self, centre):
        """Paused for two of its four seconds by the API: these two hold silence, the others the talk."""
        tone = write_tone(centre.home / "tone.al", 440)
        telephones = centre.telephones([Answering(ring_ms=50, talk_ms=5000)], rtp_file=tone)
        async with telephones, centre.callers([Caller("79272220001")], rtp_file=tone) as calling:
            await centre.until(lambda status: status.talking == 1)
            (call,) = (await centre.ask("/v1/calls"))["calls"]
            assert (await centre.tell(f"/v1/calls/{call['call']}/recording/pause"))["paused"]
            await asyncio.sleep(2)
            assert not (await centre.tell(f"/v1/calls/{call['call']}/recording/resume"))["paused"]
            assert (await calling.finish(30)).served == 1
        (row,) = await rows(centre, lambda found: len(found) == 1)
        (ended,) = await centre.settled(1)
        assert row["duration_s"] == pytest.approx(ended["talked_s"], abs=0.3)
        at = {fact["kind"]: fact["at"] for fact in await centre.rows(facts)}
        paused_s = at["RecordingResumed"] - at["RecordingPaused"]
        assert self.silent_s(folder(centre) / row["path"]) == pytest.approx(paused_s, abs=0.6)

    async def test_key_pauses_and_without_the_daemon_ends_the_recording(self, centre):
        """Pressed while the daemon is away: what follows is not in the recording, whatever becomes of the daemon."""
        pressed = write_keys(centre.home / "keys", "*9")
        await talk(centre, 5000, digits=pressed, digit_gap_ms=1000)
        (first,) = await rows(centre, lambda found: len(found) == 1)
        assert self.silent_s(folder(centre) / first["path"]) > 1.0
        tone = write_tone(centre.home / "tone.al", 440)
        # Some keys that mean nothing go before: the daemon is gone by the time of those that do.
        later = write_keys(centre.home / "later", "5555*9")
        telephones = centre.telephones(
            [Answering(ring_ms=50, talk_ms=4000)], rtp_file=tone, digits=later, digit_gap_ms=1500
        )
        async with telephones, centre.callers([Caller("79272220002")], rtp_file=tone) as calling:
            await centre.until(lambda status: status.talking == 1)
            await centre.kill_daemon()
            assert (await calling.finish(30)).served == 1
        await centre.start_daemon()
        _, second = await rows(centre, lambda found: len(found) == 2)
        assert 6 * 1.5 - 1.0 < second["duration_s"] < 6 * 1.5 + 2.0

"""The lab itself: what the other integration tests rest on has to be true of the real programs."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

from acd.lab.asterisk import LabAsterisk
from acd.lab.capture import Capture, answer_waits, bye_to_invite, miss_to_invite
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.plans import Answering, Caller, Kind, arriving
from acd.lab.process import until
from acd.lab.site import Site
from acd.lab.sounds import write_tone

pytestmark = pytest.mark.asterisk


LAB_THAT_IS_KILLED = """
import asyncio, sys
from pathlib import Path
from acd.lab.asterisk import AsteriskProgram
from acd.lab.centre import LabCentre
from acd.lab.site import Site

async def main(home, root):
    program = AsteriskProgram(Path(root) if root else None)
    async with LabCentre(Site(operators=1), program=program, home=Path(home)) as centre:
        print(centre.asterisk.pid, centre.daemon.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


def state_of(pid):
    """Return the state letter of a process: R runs, S sleeps, T stopped, Z ended; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def alive(pid):
    """Return whether a process runs; one that has ended and was not waited for does not."""
    return state_of(pid) not in {"", "Z"}


def mounted():
    """Return what is mounted on this machine."""
    return Path("/proc/mounts").read_text()


async def test_two_centres_run_side_by_side_and_leave_nothing_behind(program, tmp_path):
    """Each has its own addresses, folders and processes, and all are gone at the end, mounts included."""
    mounts = mounted()
    async with (
        LabCentre(Site(operators=1), program=program, home=tmp_path / "a") as one,
        LabCentre(Site(operators=1), program=program, home=tmp_path / "b") as other,
    ):
        pids = [one.asterisk.pid, other.asterisk.pid, one.daemon.pid, other.daemon.pid]
        assert one.slice != other.slice
        assert "Asterisk" in await one.asterisk.rx("core show version")
        folders = [one.asterisk.home, other.asterisk.home]
    assert not any(alive(pid) for pid in pids)
    assert not any(folder.exists() for folder in folders)
    assert mounted() == mounts


async def test_a_failure_in_the_block_stops_everything(program, tmp_path):
    """An exception ends Asterisk and daemon as the normal end does."""
    pids = []

    async def failing():
        async with LabCentre(Site(operators=1), program=program, home=tmp_path) as centre:
            pids.extend([centre.asterisk.pid, centre.daemon.pid])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)


async def test_asterisk_that_cannot_start_says_why(program, tmp_path):
    """A configuration that Asterisk dies of is an error with Asterisk's own words."""
    asterisk = LabAsterisk(program, tmp_path)
    asterisk.write_asterisk_conf()
    (asterisk.etc / "modules.conf").write_text("[modules]\nautoload=no\nrequire=app_nonesuch.so\n")
    with pytest.raises(ProcessFailed, match="nonesuch"):
        await asterisk.start()


async def test_killed_asterisk_starts_again(centre):
    """A crash leaves sockets behind that do not keep the next start from working; the daemon finds it again."""
    before = centre.asterisk.pid
    await centre.asterisk.kill9()
    await centre.asterisk.start()
    assert centre.asterisk.pid != before
    await centre.until(lambda status: status.healthy)


async def test_daemon_dies_with_the_lab(program, tmp_path):
    """A lab killed with SIGKILL takes its children along: nothing keeps a port."""
    argv = [sys.executable, "-c", LAB_THAT_IS_KILLED, str(tmp_path), str(program.root or "")]
    lab = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    pids = [int(word) for word in (await lab.stdout.readline()).split()]
    assert len(pids) == 2
    lab.kill()
    await lab.wait()
    async with asyncio.timeout(10):
        await until(lambda: not any(alive(pid) for pid in pids))


async def test_every_behaviour_of_a_telephone_is_seen_and_counted(centre):
    """Refusing, busy, silent and answering telephones are offered the call in turn until one answers."""
    behaviours = {
        "op101": Answering(Kind.REFUSE, 50),
        "op102": Answering(Kind.BUSY),
        "op103": Answering(ring_ms=100, talk_ms=1000),
    }
    path = centre.home / "capture.pcap"
    async with centre.telephones(operators=behaviours) as telephones, Capture(path, centre.slice.net) as capture:
        async with centre.callers([Caller("79001112233")]) as callers:
            counts = await callers.finish(30)
        rows = await centre.settled(1)
    assert (counts.placed, counts.connected, counts.served, counts.unfinished) == (1, 1, 1, 0)
    seen = telephones.counts()
    assert seen.answered == 1
    assert seen.hung_up == 1
    assert [row["outcome"] for row in rows] == ["answered"]
    assert rows[0]["misses"] == seen.refused + seen.busy
    messages = capture.messages()
    waits = answer_waits(messages, centre.slice.trunk.address, centre.slice.telephones.address)
    assert set(waits) == {"79001112233"}
    assert len(miss_to_invite(messages, centre.slice.telephones.address)) == seen.refused + seen.busy


async def test_operators_hang_up_and_are_rung_again(centre):
    """With callers waiting, each BYE of a telephone is followed by its next call; all times come from the plan."""
    plan = [Answering(ring_ms=50, talk_ms=1200)]
    numbers = [f"7900{index:07}" for index in range(25)]
    path = centre.home / "capture.pcap"
    async with centre.telephones(plan), Capture(path, centre.slice.net) as capture:
        async with centre.callers([Caller(number) for number in numbers]) as callers:
            counts = await callers.finish(60)
        await centre.settled(25)
    assert counts.served == 25
    assert len(bye_to_invite(capture.messages(), centre.slice.telephones.address)) >= 15


async def test_impatient_callers_leave_at_their_time(centre):
    """Nobody answers: callers leave by their own patience and are counted as having left."""
    callers = [Caller(f"7900{index:07}", patience_ms=1000 + 100 * index) for index in range(5)]
    async with centre.telephones([Answering(Kind.SILENT)]):
        async with centre.callers(arriving(callers, random.Random(1), 500)) as placed:
            counts = await placed.finish(30)
        rows = await centre.settled(5)
    assert (counts.left, counts.served) == (5, 0)
    assert {row["outcome"] for row in rows} == {"abandoned"}


@pytest.mark.parametrize("site", [Site(operators=2, registering=True, qualify_s=1, auto_login=False)])
async def test_telephones_register_and_place_calls(centre):
    """Telephones with passwords register, answer Asterisk's OPTIONS, dial and are dialled, and leave."""
    await centre.register(["op101", "op102"])
    async with centre.telephones():
        assert "op102/" in await centre.asterisk.rx("pjsip show contacts")
        async with centre.operator_calls("op101", "102") as call:
            counts = await call.finish(30)
        assert (counts.connected, counts.left, counts.unfinished) == (1, 1, 0)
        await centre.unregister(["op102"])
        assert "op102/" not in await centre.asterisk.rx("pjsip show contacts")


async def test_frozen_daemon_goes_on(centre):
    """A stopped process keeps its state: after SIGCONT the centre is as healthy as before."""
    centre.daemon.sigstop()
    await until(lambda: state_of(centre.daemon.pid) in {"T", "t"})
    centre.daemon.sigcont()
    assert (await centre.until(lambda status: status.healthy)).healthy


@pytest.mark.parametrize("site", [Site(operators=1, rtp_timeout_s=2, auto_login=False)])
async def test_callers_with_speech_are_kept_and_silent_ones_are_cut_off(centre):
    """SIPp plays a file as speech: with it Asterisk's time-out of the media passes by, without it the call is ended."""
    tone = write_tone(centre.home / "tone.al")
    speaking = centre.callers([Caller("79001", patience_ms=6000)], rtp_file=tone)
    silent = centre.callers([Caller("79002", patience_ms=30_000)], port=5061)
    async with speaking, silent:
        spoke, said_nothing = await speaking.finish(30), await silent.finish(30)
    assert (spoke.left, spoke.served) == (1, 0)
    assert (said_nothing.left, said_nothing.served) == (0, 1)
    rows = {row["caller"]: row for row in await centre.settled(2)}
    assert rows["79001"]["outcome"] == "abandoned"
    assert rows["79002"]["cause"] == 44

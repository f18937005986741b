"""The connection to AMI is cut while Asterisk lives: calls go on over FastAGI, and the records are right afterwards."""

from collections.abc import AsyncIterator

import pytest

from acd.lab.cable import Cable
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller
from acd.lab.sipp import Endpoint
from acd.lab.site import Site

pytestmark = pytest.mark.asterisk

AMI_PORT = 5038


@pytest.fixture
async def wired(program, tmp_path) -> AsyncIterator[tuple[LabCentre, Cable]]:
    """Return a centre of two operators whose daemon reaches AMI over a wire that can be cut."""
    centre = LabCentre(Site(operators=2), program=program, home=tmp_path / "centre")
    centre.prepare()
    # Asterisk listens where it did; the daemon alone is told another address.
    there, here = centre.slice.asterisk.address, centre.slice.daemon
    centre.tell_daemon({f'host = "{there}"': f'host = "{here}"'})
    wire = Cable(Endpoint(here, AMI_PORT), Endpoint(there, AMI_PORT))
    try:
        await wire.mend()
        await centre.asterisk.start()
        await centre.start_daemon()
        yield centre, wire
    finally:
        await centre.close()
        await wire.cut()


def assert_talks(rows, talked_s):
    """Every call is answered, with a talk as long as is said of its record and times that agree."""
    assert [row["outcome"] for row in rows] == ["answered"] * len(rows)
    for row in rows:
        assert row["talked_s"] == pytest.approx(talked_s(row), abs=0.5), dict(row)
        assert row["ended_at"] - row["answered_at"] == pytest.approx(row["talked_s"], abs=0.1), dict(row)


async def test_talks_that_begin_and_end_while_ami_is_cut_are_recorded_exactly(wired):
    """Operators hang up: the session sees the end of the Dial, the dialplan has noted when the talk began."""
    centre, wire = wired
    callers = [Caller(f"7927555000{index}", at_ms=300 * index) for index in range(8)]
    async with centre.telephones([Answering(ring_ms=100, talk_ms=2500)]), centre.callers(callers) as calling:
        await centre.until(lambda status: status.talking == 2)
        await wire.cut()
        await centre.until(lambda status: not status.healthy)
        await centre.recorded(lambda rows: sum(row["ended_at"] is not None for row in rows) >= 4, 30)
        await wire.mend()
        await centre.until(lambda status: status.healthy)
        assert (await calling.finish(60)).served == 8
    rows = await centre.settled(8)
    assert_talks(rows, lambda _: 2.5)
    assert {row["ended_by"] for row in rows} == {"agent"}
    assert sum(row["returns"] + row["misses"] for row in rows) == 0
    await centre.until(lambda status: status.ready == 2 and status.waiting == status.talking == 0)


async def test_talk_that_is_over_before_its_events_come_is_one_talk(wired):
    """Events come late and talks are short: nobody is put through twice, and no operator has missed a call."""
    centre, wire = wired
    wire.delay_s = 1.0
    callers = [Caller(f"7927555001{index}", at_ms=200 * index) for index in range(4)]
    async with (
        centre.telephones([Answering(ring_ms=50, talk_ms=1100)]) as telephones,
        centre.callers(callers) as calling,
    ):
        assert (await calling.finish(60)).served == 4
        assert telephones.counts().answered == 4
        rows = await centre.settled(4)
    assert [row["outcome"] for row in rows] == ["answered"] * 4
    assert sum(row["returns"] + row["misses"] for row in rows) == 0
    await centre.until(lambda status: status.ready == 2 and status.waiting == status.talking == 0)


async def test_callers_who_hang_up_while_ami_is_cut_are_recorded_exactly(wired):
    """In a talk seen to begin, in a talk not seen at all, and while waiting."""
    centre, wire = wired
    callers = [
        Caller("79275550001", patience_ms=5000),
        Caller("79275550002", patience_ms=5000),
        Caller("79275550003", patience_ms=9000, at_ms=500),
        Caller("79275550004", patience_ms=9000, at_ms=600),
        Caller("79275550005", patience_ms=6500, at_ms=700),
    ]
    async with centre.telephones([Answering(ring_ms=100, talk_ms=60_000)]), centre.callers(callers) as calling:
        await centre.until(lambda status: status.talking == 2)
        await wire.cut()
        assert (await calling.finish(60)).left == 5
        await wire.mend()
        await centre.until(lambda status: status.healthy)
    rows = await centre.settled(5)
    assert [row["outcome"] for row in rows] == ["answered"] * 4 + ["abandoned"]
    assert {row["ended_by"] for row in rows[:4]} == {"caller"}
    # Whoever hangs up does so when his patience is over, counted from when he was accepted.
    patience = {caller.number: caller.patience_ms / 1000 for caller in callers}
    assert_talks(rows[:4], lambda row: patience[row["caller"]] - (row["answered_at"] - row["entered_at"]))
    freed = {row["agent"]: row["ended_at"] for row in rows[:2]}
    for row in rows[2:4]:
        assert row["answered_at"] == pytest.approx(freed[row["agent"]], abs=0.5), dict(row)
    await centre.until(lambda status: status.ready == 2 and status.waiting == status.talking == 0)

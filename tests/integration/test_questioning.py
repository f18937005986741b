"""The end of questioning (K3, K4) marked on a real telephone during the talk, and in the report."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.control.errors import RequestRefused
from acd.lab.centre import LabCentre
from acd.lab.keys import write_keys
from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from acd.lab.sounds import write_tone
from metrics.records.tables import calls

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TALK = Answering(ring_ms=50, talk_ms=3500)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre with one operator; one for all tests here."""
    site = Site(operators=1, pause_after_misses=0)
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("questioning")) as running:
        yield running


async def talk(centre: LabCentre, number: str, *, by_operator: str = "", by_caller: str = "", tone: bool = False):
    """Let a caller talk to the operator while keys are pressed; return the call's record."""
    before = len(await centre.rows(calls))
    speech = write_tone(centre.home / "tone.al", 440) if tone else None
    pressed = write_keys(centre.home / number / "operator", by_operator)
    keys = write_keys(centre.home / number / "caller", by_caller)
    telephones = centre.telephones([TALK], digits=pressed, digit_gap_ms=700, rtp_file=speech)
    calling = centre.callers([Caller(number, patience_ms=20_000)], digits=keys, digit_gap_ms=900, rtp_file=speech)
    async with telephones, calling:
        assert (await calling.finish(40)).served == 1
    return (await centre.settled(before + 1))[-1]


async def until_marked(centre: LabCentre) -> None:
    """Wait until the caller's channel carries the mark."""
    async with asyncio.timeout(10):
        while True:
            listed = (await centre.asterisk.rx("core show channels concise")).splitlines()
            (caller,) = [line.split("!")[0] for line in listed if line.startswith("PJSIP/trunk-")]
            if "ACD_QUESTIONED=1" in await centre.asterisk.rx(f"core show channel {caller}"):
                return
            await asyncio.sleep(0.1)


async def test_operator_marks_the_end_of_questioning_by_a_key(centre):
    """K3 and K4: `*7` in the talk divides it; the report has the figure of just this talk."""
    row = await talk(centre, "79271110001", by_operator="*7")
    assert row["questioned_s"] == pytest.approx(1.5, abs=0.5)
    report = await centre.ask("/v1/kpi")
    rows = next(table["rows"] for table in report["tables"] if table["name"] == "indicators")
    told = {line["code"]: line["value"]["value"] for line in rows}
    assert told["K3"] == pytest.approx(row["questioned_s"], abs=0.051)
    assert told["K4"] == pytest.approx(row["talked_s"] - row["questioned_s"], abs=0.051)


async def test_mark_is_heard_while_both_speak(centre):
    """Speech in both directions, which Asterisk passes on as it is, hides no key."""
    row = await talk(centre, "79271110002", by_operator="*7", tone=True)
    assert row["questioned_s"] == pytest.approx(1.5, abs=0.5)


async def test_caller_cannot_press_it_for_the_operator(centre):
    """The same keys from the caller's side, also between the operator's own, mark nothing."""
    row = await talk(centre, "79271110003", by_caller="*7*7")
    assert row["questioned_s"] is None
    assert row["talked_s"] is not None


@pytest.mark.parametrize("ended", [False, True])
async def test_mark_set_while_the_daemon_is_away_is_found(centre, ended):
    """In the channel of a talk that goes on, or in the journal of one that is over."""
    number = f"7927111001{ended:d}"
    before = len(await centre.rows(calls))
    keys = write_keys(centre.home / number, "*7")
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=4000 if ended else 20_000)], digits=keys)
    calling = centre.callers([Caller(number, patience_ms=30_000)])
    async with telephones, calling:
        await centre.until(lambda status: status.talking == 1)
        await centre.kill_daemon()
        await until_marked(centre)
        if ended:
            assert (await calling.finish(40)).served == 1
        await centre.start_daemon()
        if not ended:
            await centre.until(lambda status: status.talking == 1)
            assert (await calling.finish(40)).served == 1
    row = (await centre.settled(before + 1))[-1]
    assert row["questioned_s"] == pytest.approx(2.0, abs=0.5)


async def test_mark_by_the_api(centre):
    """An operator's own screen marks it; without a talk there is nothing to mark."""
    with pytest.raises(RequestRefused, match="talks to nobody"):
        await centre.tell("/v1/agents/101/questioning-over")
    before = len(await centre.rows(calls))
    async with centre.telephones([TALK]), centre.callers([Caller("79271110020", patience_ms=20_000)]) as calling:
        await centre.until(lambda status: status.talking == 1)
        await centre.tell("/v1/agents/101/questioning-over")
        assert (await calling.finish(40)).served == 1
    row = (await centre.settled(before + 1))[-1]
    assert 0 <= row["questioned_s"] < row["talked_s"]

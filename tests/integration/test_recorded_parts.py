"""Every part of a caller's way is recorded on a real Asterisk: after an attended transfer, outside, going out (S1)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import pytest
import pytest_asyncio

from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import LINE, Site
from acd.lab.sounds import write_tone
from tests.integration.office import dial
from tests.integration.softphone import Softphones

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = """
[recording]
folder = "recordings"

[[line]]
name = "unrecorded"
numbers = ["802"]

[[destination]]
kind = "number"
name = "hot-line"
number = "88001112233"
trunk = "city"
ring_s = 5
dial_as = "888"
"""

Part = Mapping[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre whose first line records and whose second does not; one for all tests here."""
    site = Site(
        operators=2, lines=(LINE, "unrecorded"), trunk_port=5090, pause_after_misses=0, more=SETTINGS,
        line="strategy = 'fixed_order'\n[line.recording]\nkeep_days = 1\n",
    )  # fmt: skip
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("parts") / "centre") as running:
        yield running


async def kept(centre: LabCentre, caller: str, wanted: Callable[[Sequence[Part]], bool]) -> Sequence[Part]:
    """Wait until the recordings of a caller are as wanted, and return them as the API lists them, the eldest first."""
    found: list[Part] = []
    try:
        async with asyncio.timeout(30):
            while True:
                listed = (await centre.ask("/v1/recordings"))["recordings"]
                found = sorted((row for row in listed if row["caller"] == caller), key=lambda row: row["started_at"])
                if wanted(found):
                    return found
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"the recordings are not as they should be: {found}") from None


async def sound_of(centre: LabCentre, part: Part) -> bytes:
    """Return the sound of a recording, which is what its digest says."""
    sound = await asyncio.to_thread(centre.control().fetch, f"/v1/recordings/{part['recording']}/sound")
    assert hashlib.sha256(sound).hexdigest() == part["sha256"]
    return sound


@pytest.mark.parametrize("asked", ["102", "122", "802"], ids=["a colleague", "his line", "a line that records nothing"])
async def test_colleagues_part_after_an_attended_transfer(centre, asked):
    """Two recordings, one of each visit, whichever way the colleague was reached; the second may be paused."""
    caller = f"7927333{asked:0>4}"
    tone = write_tone(centre.home / "tone.al", 440)
    await centre.until(lambda status: status.ready == 2)
    phones = Softphones(centre.slice.telephones, centre.slice.asterisk, answering={"op101", "op102"})
    calling = centre.callers([Caller(caller, patience_ms=30_000)], rtp_file=tone)
    async with phones, calling:
        first = await phones.talk_of("op101")
        await centre.until(lambda status: status.talking == 1)
        await asyncio.sleep(1)  # they talk: what is shorter than a packet leaves no recording
        second = phones.call("op101", asked)
        colleague = await phones.talk_of("op102")
        await asyncio.wait_for(second.up.wait(), 10)
        if asked != "102":  # a talk of the line, as the engine sees it
            await centre.until(lambda status: status.talking == 2)
        phones.join(first, second)
        await centre.until(lambda status: status.operators == {"ready": 1, "talking": 1})
        (call,) = (await centre.ask("/v1/calls"))["calls"]
        await asyncio.sleep(2)
        assert (await centre.tell(f"/v1/calls/{call['call']}/recording/pause"))["paused"]
        await asyncio.sleep(1.5)
        phones.hang_up(colleague)
        assert (await calling.finish(30)).served == 1
    one, two = await kept(centre, caller, lambda found: len(found) == 2)
    assert (one["telephone"], two["telephone"]) == ("op101", "op102")
    assert (two["call"], two["agent"], two["line"]) == (f"{one['call']}-1", "102", LINE)
    sound = await sound_of(centre, two)
    await sound_of(centre, one)
    chunks = [any(sound[at : at + 320]) for at in range(44, len(sound) - 320, 320)]
    assert sum(chunks) * 0.02 > 1.0
    assert sum(not chunk for chunk in chunks) * 0.02 > 0.8


async def test_talk_outside_after_a_transfer(centre):
    """The hot line's talk is a recording of the caller's next visit, found under the caller and who handed him on."""
    tone = write_tone(centre.home / "tone.al", 440)
    await centre.until(lambda status: status.ready == 2)
    plan = {"op101": Answering(Kind.TRANSFER, ring_ms=50, talk_ms=2000, transfer_to="888")}
    far = centre.far_side([Answering(ring_ms=50, talk_ms=3000)], rtp_file=tone)
    calling = centre.callers([Caller("79273330888")], rtp_file=tone)
    async with far, centre.telephones(operators=plan), calling:
        assert (await calling.finish(30)).served == 1
    one, two = await kept(centre, "79273330888", lambda found: len(found) == 2)
    assert (one["telephone"], two["telephone"]) == ("op101", "trunk-city")
    assert (two["call"], two["line"], two["agent"]) == (f"{one['call']}-1", LINE, "101")
    assert two["duration_s"] == pytest.approx(3.0, abs=0.5)
    await sound_of(centre, two)


async def test_operators_own_call_outside(centre):
    """A talk that goes out is recorded too, under the operator and the name of the number."""
    tone = write_tone(centre.home / "tone.al", 440)
    async with centre.far_side([Answering(ring_ms=50, talk_ms=2000)], rtp_file=tone):
        assert (await dial(centre, "op101", "888", rtp_file=tone)).served == 1
    (own,) = await kept(centre, "", lambda found: len(found) == 1)
    assert own["call"].endswith("-hot-line")
    assert (own["telephone"], own["agent"]) == ("op101", "101")
    assert own["duration_s"] == pytest.approx(2.0, abs=0.5)

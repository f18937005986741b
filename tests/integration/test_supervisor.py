"""A supervisor on the telephone: who hears whom is read from the speech itself; the talk is never disturbed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from acd.control.errors import RequestRefused
from acd.lab.capture import Capture
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.media import between, heard, read_speech
from acd.lab.plans import Answering, Caller
from acd.lab.sipp import Callers, Endpoint, Telephones
from acd.lab.site import Site
from acd.lab.sounds import write_tone
from metrics.records.tables import calls, transfers
from tests.integration.office import until_operator

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

CALLER, OPERATOR, SENIOR = 500.0, 1000.0, 2000.0
TONES = (CALLER, OPERATOR, SENIOR)
LONG = Answering(ring_ms=50, talk_ms=60_000)
MORE = """
[[telephone]]
name = "op900"
contact = "sip:op900@{address}:5060"

[[supervisor]]
name = "Senior"
telephone = "op900"
"""


def senior_at(centre: LabCentre, port: int = 5060) -> Endpoint:
    """Return where the supervisor's telephone is: an address of its own, so that what it is sent can be told apart."""
    return Endpoint(f"{centre.slice.net}.5", port)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre with one operator and one supervisor's telephone; one for all tests here."""

    def more(place: str) -> str:
        return MORE.format(address=place.rpartition(".")[0] + ".5")

    home = tmp_path_factory.mktemp("supervisor")
    async with LabCentre(
        Site(operators=1, pause_after_misses=0), program=program, home=home, more_toml=more
    ) as running:
        yield running


@dataclass
class Scene:
    """A talk between a caller and operator 101, and the supervisor's telephone beside it."""

    centre: LabCentre
    folder: Path
    calling: Callers
    operator: Telephones
    senior: Telephones
    before: int

    async def until_supervising(self, **wanted: object) -> dict:
        """Wait until the one supervisor in a talk is as wanted; return what the API says of him."""
        seen: dict = {}
        try:
            async with asyncio.timeout(10):
                while True:
                    told = await self.centre.ask("/v1/supervisions")
                    seen = {"at": told["at"]} | next(iter(told["supervisions"]), {})
                    if all(seen.get(key) == value for key, value in wanted.items()):
                        return seen
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise ProcessFailed("supervisor", f"is not {wanted}: {seen}", self.centre.daemon.text()) from None

    async def supervise(self, mode: str) -> tuple[float, float]:
        """Do this in the talk for a second; return from when to when speech shows it."""
        await self.centre.tell("/v1/agents/101/supervise", {"mode": mode, "telephone": "op900"})
        seen = await self.until_supervising(mode=mode, picked_up=True)
        return await self.speak(seen["at"])

    async def speak(self, since: float) -> tuple[float, float]:
        """Let them speak for a second; return from when to when."""
        await asyncio.sleep(1.5)
        return since + 0.5, since + 1.3

    async def served(self):
        """Wait for the end of the caller's call; return its record."""
        await self.calling.finish(40)
        return (await self.centre.settled(self.before + 1))[-1]


@asynccontextmanager
async def scene(
    centre: LabCentre, name: str, *, patience_ms: int = 9000, senior: Answering = LONG
) -> AsyncIterator[Scene]:
    """Bring caller and operator into a talk, each with a tone of his own."""
    folder = centre.home / name
    folder.mkdir()
    tones = {hertz: write_tone(folder / f"{hertz:.0f}.al", hertz=hertz) for hertz in TONES}
    before = len(await centre.rows(calls))
    operator = centre.telephones([LONG], rtp_file=tones[OPERATOR])
    telephone = Telephones(folder / "senior", senior_at(centre), [senior], rtp_file=tones[SENIOR])
    calling = centre.callers([Caller("79271110001", patience_ms=patience_ms)], rtp_file=tones[CALLER])
    async with operator, telephone, calling:
        await centre.until(lambda status: status.talking == 1)
        yield Scene(centre, folder, calling, operator, telephone, before)
        await calling.finish(40)
    await until_operator(centre, "101", state="ready")


def who_hears(centre: LabCentre, path: Path, span: tuple[float, float]) -> dict[str, set[float]]:
    """Return which tones caller, operator and supervisor were sent in a span of time."""
    packets = between(read_speech(path, centre.slice.asterisk.address), *span)
    places = {"caller": centre.slice.trunk, "operator": centre.slice.telephones, "senior": senior_at(centre)}
    return {
        who: heard((packet for packet in packets if packet.target == place.address), TONES)
        for who, place in places.items()
    }


async def until_recorded(centre: LabCentre, next_call: str) -> dict:
    """Wait until a takeover's end is in the records, and return its row."""
    async with asyncio.timeout(20):
        while True:
            rows = [dict(row) for row in await centre.rows(transfers) if row["next_call"] == next_call]
            if rows and rows[0]["ended_at"] is not None:
                return rows[0]
            await asyncio.sleep(0.1)


async def test_listening_whispering_and_joining_are_heard_by_whom_they_are_meant_for(centre):
    """The supervisor hears both; a whisper reaches the operator alone, a joining both; afterwards all is as before."""
    path = centre.home / "modes.pcap"
    async with Capture(path, centre.slice.net, media=True) as capture:
        async with scene(centre, "modes", patience_ms=15_000) as talk:
            spans = {mode: await talk.supervise(mode) for mode in ("listen", "whisper", "join")}
            await centre.tell("/v1/supervisions/op900/end")
            seen = await talk.until_supervising(telephone=None)
            spans["alone"] = await talk.speak(seen["at"])
            row = await talk.served()
    capture.check_complete()
    told = {mode: who_hears(centre, path, span) for mode, span in spans.items()}
    assert told["listen"] == {"caller": {OPERATOR}, "operator": {CALLER}, "senior": {CALLER, OPERATOR}}
    assert told["whisper"] == {"caller": {OPERATOR}, "operator": {CALLER, SENIOR}, "senior": {CALLER, OPERATOR}}
    assert told["join"]["caller"] == {OPERATOR, SENIOR}
    assert told["join"]["operator"] == {CALLER, SENIOR}
    assert told["join"]["senior"] >= {CALLER, OPERATOR}
    assert told["alone"] == {"caller": {OPERATOR}, "operator": {CALLER}, "senior": set()}
    assert (row["outcome"], row["agent"], row["ended_by"]) == ("answered", "101", "caller")


async def test_taken_over_caller_talks_to_the_supervisor_and_the_operator_is_free(centre):
    """The operator's telephone is hung up, his talk is recorded as ended by neither; the supervisor ends the call."""
    path = centre.home / "take.pcap"
    async with Capture(path, centre.slice.net, media=True) as capture:
        how = Answering(ring_ms=50, talk_ms=5000)
        async with scene(centre, "take", patience_ms=20_000, senior=how) as talk:
            span = await talk.supervise("take")
            await until_operator(centre, "101", state="ready")
            assert (await talk.operator.until(left=1)).left == 1
            row = await talk.served()
            assert talk.calling.counts().served == 1
            await talk.until_supervising(telephone=None)
    capture.check_complete()
    assert who_hears(centre, path, span) == {"caller": {SENIOR}, "operator": set(), "senior": {CALLER}}
    assert (row["outcome"], row["agent"], row["ended_by"]) == ("answered", "101", "system")
    taken = await until_recorded(centre, f"{row['call']}-taken")
    assert (taken["way"], taken["kind"], taken["target"], taken["agent"]) == ("taken", "supervisor", "op900", "101")
    assert taken["result"] == "taken"
    assert 0 < taken["talked_s"] == pytest.approx(taken["ended_at"] - taken["transferred_at"], abs=0.01)


async def test_talk_and_supervisor_outlive_the_daemon(centre):
    """Asterisk alone holds all three together; the next daemon finds the talk, the supervisor leaves when he likes."""
    async with scene(centre, "death", patience_ms=30_000, senior=Answering(ring_ms=50, talk_ms=12_000)) as talk:
        await talk.supervise("whisper")
        await centre.kill_daemon()
        assert "ChanSpy" in await centre.asterisk.rx("core show channels concise")
        await centre.start_daemon()
        await centre.until(lambda status: status.talking == 1)
        row = await talk.served()
        assert (await talk.senior.until(hung_up=1)).hung_up == 1
        assert talk.calling.counts().left == 1
    assert (row["outcome"], row["agent"], row["ended_by"]) == ("answered", "101", "caller")


def dial(centre: LabCentre, telephone: str, dialled: str, **how: int) -> Callers:
    """Return a call that a telephone at the supervisor's address places."""
    caller = Caller(telephone, dialled=dialled, **how)
    folder = centre.home / f"dial-{telephone}-{dialled.replace('*', 's')}"
    return Callers(folder, senior_at(centre, 5071), centre.slice.asterisk, [caller])


async def test_codes_lead_into_the_talk_from_a_supervisors_telephone_alone(centre):
    """`*20101` listens, `*23101` takes over; an operator who dials it is refused. All three stand in the trail."""
    async with scene(centre, "codes", patience_ms=20_000) as talk:
        async with dial(centre, "op101", "*20101", patience_ms=5000) as refused:
            assert (await refused.finish(20)).connected == 1
        assert (await centre.ask("/v1/supervisions"))["supervisions"] == []
        async with dial(centre, "op900", "*20101", patience_ms=1500) as listening:
            await talk.until_supervising(mode="listen", by="Senior", agent="101")
            await listening.finish(20)
        await talk.until_supervising(telephone=None)
        async with dial(centre, "op900", "*23101", patience_ms=3000) as taking:
            await talk.until_supervising(mode="take")
            await until_operator(centre, "101", state="ready")
            await taking.finish(20)
        assert (await talk.calling.finish(20)).served == 1
    entries = (await centre.ask("/v1/audit?limit=1000"))["entries"]
    told = [(e["who"], e["action"], e["outcome"]) for e in entries if e["address"].startswith("telephone")]
    assert ("op101", "listen", "not_allowed") in told
    for deed in (("listen", "done"), ("listen ended", "done"), ("take", "done"), ("take ended", "done")):
        assert ("Senior", *deed) in told


async def test_supervisor_forces_a_state_by_telephone(centre):
    """`*25101` pauses the operator and `*26101` ends the pause, in the supervisor's name."""
    for code, state in (("*25101", "paused"), ("*26101", "ready")):
        async with dial(centre, "op900", code, patience_ms=8000) as call:
            assert (await call.finish(20)).served == 1
        await until_operator(centre, "101", state=state)


async def test_nothing_is_rung_for_who_does_not_talk_or_may_not(centre):
    """No talk, no telephone of a supervisor's: refused with a reason, and no telephone rings."""
    for body, why in (
        ({"mode": "listen"}, "talks to nobody"),
        ({"mode": "listen", "telephone": "op101"}, "no supervisor"),
        ({"mode": "shout"}, "mode"),
    ):
        with pytest.raises(RequestRefused, match=why):
            await centre.tell("/v1/agents/101/supervise", body)

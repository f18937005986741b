"""Who waits on a real Asterisk: his own operator, keys in the wait, fewer skills, reloads, a winner who is lost.

One centre with a line for each, all served by the same two operators.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from acd.lab.centre import LabCentre
from acd.lab.keys import write_keys
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import LINE, NUMBER, Site
from acd.lab.sounds import write_tone
from metrics.records.tables import calls, facts, offers

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OWN, KEYS, SKILLED, ALL = "201", "202", "203", "204"
"""What is dialled for the lines."""

LINES = f"""
[[line]]
name = "own"
numbers = ["{OWN}"]
last_agent_wait_s = 10

[[line]]
name = "keys"
numbers = ["{KEYS}"]
step = [{{ at_s = 0.5, say = "place", every_s = 20 }}]
key = [{{ key = "2", leave_for = "sorry" }}]

[[line]]
name = "skilled"
numbers = ["{SKILLED}"]
skills = {{ oncology = 2 }}
step = [{{ at_s = 1.5, relax = {{ oncology = 1 }} }}, {{ at_s = 3, relax = {{}} }}]

[[line]]
name = "all"
numbers = ["{ALL}"]
ring_at_once = 0

[[announcement]]
name = "place"
say = ["queue-thankyou", "queue-thereare", "{{position}}", "queue-callswaiting", "queue-periodic-announce"]

[[destination]]
kind = "message"
name = "sorry"
sounds = ["queue-thankyou"]
"""

SITE = Site(
    operators=2, lines=(LINE, "own", "keys", "skilled", "all"), back_off_refused_s=1, pause_after_misses=0, more=LINES
)
TALK = Answering(ring_ms=100, talk_ms=1200)
LONG = Answering(ring_ms=100, talk_ms=6000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return the centre, one for all tests here."""
    async with LabCentre(SITE, program=program, home=tmp_path_factory.mktemp("waiting")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def free(centre: LabCentre) -> LabCentre:
    """Return the centre once everybody is free again."""
    await centre.until(lambda status: status.ready == 2 and status.waiting == status.talking == 0)
    return centre


async def rows_of(centre: LabCentre, number: str, count: int = 1) -> Sequence:
    """Return the records of a caller's calls once so many have ended."""
    limit = asyncio.get_running_loop().time() + 20
    while True:
        found = [row for row in await centre.rows(calls) if row["caller"] == number and row["ended_at"]]
        if len(found) >= count:
            return sorted(found, key=lambda row: row["entered_at"])
        assert asyncio.get_running_loop().time() < limit, f"{number}: {len(found)} calls have ended"
        await asyncio.sleep(0.2)


@asynccontextmanager
async def occupied(centre: LabCentre) -> AsyncIterator[None]:
    """Let both operators talk for some seconds; their talks are over when this ends."""
    others = [Caller("79270000001"), Caller("79270000002")]
    async with centre.telephones([LONG]), centre.callers(others, port=5062, rate=4) as busy:
        await centre.until(lambda status: status.talking == 2)
        yield
        await busy.finish(20)


async def test_a_caller_waits_for_the_operator_of_his_last_talk(free: LabCentre):
    """His operator talks, the other one is free: he waits for his own; a stranger gets the free one at once."""
    number = "79271110001"
    async with free.telephones([TALK]), free.callers([Caller(number, dialled=OWN)]) as first:
        assert (await first.finish(20)).served == 1
    [before] = await rows_of(free, number)
    own = before["agent"]
    other = "102" if own == "101" else "101"
    await free.until(lambda status: status.ready == 2)
    await free.tell(f"/v1/agents/{other}/pause", {"reason": "lunch"})
    async with free.telephones([LONG, TALK, TALK]):
        async with free.callers([Caller("79271110002")], port=5062) as busy:
            await free.until(lambda status: status.talking == 1)
            await free.tell(f"/v1/agents/{other}/resume")
            pair = [Caller(number, dialled=OWN), Caller("79271110003", dialled=OWN)]
            async with free.callers(pair, rate=4) as calling:
                assert (await calling.finish(30)).served == 2
            await busy.finish(20)
    again = (await rows_of(free, number, 2))[1]
    [talking], [stranger] = await rows_of(free, "79271110002"), await rows_of(free, "79271110003")
    assert (again["agent"], stranger["agent"]) == (own, other)
    assert stranger["answered_at"] < talking["ended_at"] < again["answered_at"]
    told = [row for row in await free.rows(facts) if row["kind"] == "CallReserved" and row["call"] == again["call"]]
    assert len(told) == 1


@pytest.mark.parametrize("way", ["rtp", "info"])
async def test_a_key_in_an_announcement_is_acted_on_at_once(free: LabCentre, way: str):
    """The caller hears the announcement, presses 2 in the midst of it, and is at the destination of that key."""
    number = f"7927222000{len(way)}"
    how = (
        {"digits": write_keys(free.home / "keys-2", "2"), "rtp_file": write_tone(free.home / "tone.al")}
        if way == "rtp"
        else {"info_keys": "2"}
    )
    async with occupied(free):
        waiting = Caller(number, dialled=KEYS, patience_ms=20_000)
        async with free.callers([waiting], digit_gap_ms=2000, **how) as calling:
            assert (await calling.finish(20)).served == 1
        [row] = await rows_of(free, number)
    assert (row["outcome"], row["destination"], row["reason"]) == ("overflowed", "sorry", "key_2")
    assert 1.9 <= row["waited_s"] < 4  # the announcement lasts three times as long


async def test_skills_are_asked_for_less_and_less(free: LabCentre):
    """Nobody has the skill: the caller is not offered before the step that asks for none, and then at once."""
    async with free.telephones([TALK]), free.callers([Caller("79274440001", dialled=SKILLED)]) as calling:
        assert (await calling.finish(20)).served == 1
    [row] = await rows_of(free, "79274440001")
    offered = [offer["waited_s"] for offer in await free.rows(offers) if offer["call"] == row["call"]]
    assert [int(waited_s) for waited_s in offered] == [3]


async def test_the_winner_who_drops_the_call_at_once_loses_nobody(free: LabCentre):
    """All telephones ring, the first to answer hangs up in the same instant: the caller is soon with the other."""
    behaviour = {"op101": Answering(ring_ms=300, talk_ms=0), "op102": Answering(ring_ms=1200, talk_ms=1500)}
    async with free.telephones([TALK], operators=behaviour):
        async with free.callers([Caller("79275550001", dialled=ALL)]) as calling:
            assert (await calling.finish(30)).served == 1
        [row] = await rows_of(free, "79275550001")
        await free.until(lambda status: status.ready == 2)
    assert (row["outcome"], row["agent"]) == ("answered", "102")
    assert row["talked_s"] == pytest.approx(1.5, abs=0.4)


async def test_reloads_under_load_touch_no_call(free: LabCentre):
    """Three reloads while callers come: each is served, in the order of entry, and nobody is left behind."""
    count = 24
    callers = [Caller(f"7927666{index:04}", dialled=NUMBER) for index in range(count)]
    text = free.config_path.read_text(encoding="utf-8")
    async with free.telephones([Answering(ring_ms=50, talk_ms=1000)]), free.callers(callers, rate=4) as calling:
        for wrap_up_s in ("0.3", "0.1", "0.0"):
            await free.until(lambda status: status.waiting >= 2)
            changed = text.replace("wrap_up_s = 0.0", f"wrap_up_s = {wrap_up_s}")
            free.config_path.write_text(changed, encoding="utf-8")
            assert (await free.tell("/v1/reload"))["reloaded"]
        counts = await calling.finish(90)
    assert (counts.served, counts.unfinished) == (count, 0)
    rows = [(await rows_of(free, caller.number))[0] for caller in callers]
    assert {row["outcome"] for row in rows} == {"answered"}
    by_entry = [row["call"] for row in sorted(rows, key=lambda row: row["entered_at"])]
    told = sorted(await free.rows(facts), key=lambda row: row["id"])
    offered = [row["call"] for row in told if row["kind"] == "CallOffered" and row["call"] in by_entry]
    assert list(dict.fromkeys(offered)) == by_entry


async def test_a_deaf_telephone_costs_one_ring_and_nobody_his_place(free: LabCentre):
    """With ring-all a telephone that gives no answer at all does not hold the others up."""
    behaviour = {"op101": Answering(kind=Kind.DEAF), "op102": TALK}
    async with free.telephones([TALK], operators=behaviour):
        async with free.callers([Caller("79277770001", dialled=ALL)]) as calling:
            assert (await calling.finish(30)).served == 1
    [row] = await rows_of(free, "79277770001")
    assert (row["agent"], row["waited_s"] < 3) == ("102", True)

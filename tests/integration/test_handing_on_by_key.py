"""Callers handed on by key and by asking first, on a real Asterisk: joined, called off, not answered, outside (D4)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.control.errors import RequestRefused
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from tests.integration.softphone import Softphones
from tests.integration.test_handing_on import OUTSIDE, Story, caller_talks

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

HOT_LINE = "88005550000"
KEYS = """
[in_talk]
hand_on = "*3"
ask = "*4"

[transfer]
wait_s = 4
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre with two operators who hand on by key; one for all tests here."""
    site = Site(
        operators=2, ring_s=3, min_talk_s=0, trunk_port=5090, pause_after_misses=0, back_off_no_answer_s=0,
        line="strategy = 'fixed_order'\n", more=OUTSIDE + KEYS,
    )  # fmt: skip
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("by-key") / "centre") as running:
        yield running


def telephones(centre: LabCentre, *answering: str, speaking: bool = False) -> Softphones:
    """Return the operators' telephones, of which these answer."""
    return Softphones(centre.slice.telephones, centre.slice.asterisk, answering=set(answering), speaking=speaking)


def calling(centre: LabCentre, number: str):
    """Return a caller who stays until he is hung up."""
    return centre.callers([Caller(number, patience_ms=40_000)])


async def until_joined(centre: LabCentre, *channels: str) -> None:
    """Wait until just these endpoints' channels are in bridges: whoever was rung has answered, and it was told."""
    async with asyncio.timeout(30):
        while True:
            listed = (await centre.asterisk.rx("core show channels concise")).splitlines()
            rows = [line.split("!") for line in listed if line.startswith("PJSIP/")]
            bridged = [row[0].removeprefix("PJSIP/").rpartition("-")[0] for row in rows if row[-2]]
            if sorted(bridged) == sorted(channels):
                return
            await asyncio.sleep(0.1)


async def until_asking(centre: LabCentre) -> None:
    """Wait until the operator is with whoever he asks, and his caller alone."""
    async with asyncio.timeout(30):
        while True:
            listed = (await centre.asterisk.rx("core show channels concise")).splitlines()
            bridges = [line.split("!")[-2] for line in listed if line.startswith(("PJSIP/op101", "PJSIP/trunk"))]
            if len(bridges) == 2 and all(bridges) and bridges[0] != bridges[1]:
                return
            await asyncio.sleep(0.1)


async def test_operator_asks_a_colleague_and_joins_the_caller_to_him(centre):
    """By the API: two visits with a talk each, and a transfer that names who asked for it."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101", "op102")
    async with phones, calling(centre, "79274440001") as caller:
        call = await caller_talks(centre)
        with pytest.raises(RequestRefused, match="nobody is being asked"):
            await centre.tell(f"/v1/calls/{call}/ask/join")
        told = await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        assert told["to"]["kind"] == "operator"
        colleague = await phones.talk_of("op102")
        await until_joined(centre, "op101", "op102", "trunk-city")
        await centre.until(lambda status: status.operators == {"talking": 1, "busy_elsewhere": 1})
        await centre.tell(f"/v1/calls/{call}/ask/join")
        await story.until(lambda visits, handed: len(visits) == 2 and len(handed) == 1)
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        await asyncio.sleep(1)
        phones.hang_up(colleague)
        assert (await caller.finish(30)).served == 1
    (first, second), (handed,) = await story.over(2, 1)
    assert [(row["agent"], row["outcome"], row["ended_by"]) for row in (first, second)] == [
        ("101", "answered", "agent"),
        ("102", "answered", "agent"),
    ]
    assert (handed["way"], handed["taken_by"], handed["result"]) == ("attended", "102", "taken")
    assert (handed["by"], handed["next_call"]) == ("console", f"{first['call']}-1")


async def test_asking_is_called_off(centre):
    """The operator is back with his caller, whose talk has gone on; the colleague rings no more and is ready."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101")
    async with phones, calling(centre, "79274440002") as caller:
        call = await caller_talks(centre)
        first = await phones.talk_of("op101")
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        await phones.until_offered("op102")
        await until_asking(centre)
        with pytest.raises(RequestRefused, match="is being asked"):
            await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        await centre.tell(f"/v1/calls/{call}/ask/cancel")
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        phones.hang_up(first)
        assert (await caller.finish(30)).served == 1
    (visit,), _ = await story.over(1, 0)
    assert (visit["agent"], visit["outcome"]) == ("101", "answered")


async def test_operator_who_hangs_up_while_it_rings_hands_the_caller_on_blind(centre):
    """He waits for the colleague in the books; nobody answers, and he is back with who handed him on."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101")
    async with phones, calling(centre, "79274440003") as caller:
        call = await caller_talks(centre)
        first = await phones.talk_of("op101")
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        await phones.until_offered("op102")
        await until_asking(centre)
        phones.hang_up(first)
        again = await phones.talk_of("op101")
        await centre.until(lambda status: status.talking == 1)
        phones.hang_up(again)
        assert (await caller.finish(30)).served == 1
    (one, two), (handed,) = await story.over(2, 1)
    assert (one["agent"], two["agent"], two["outcome"]) == ("101", "101", "answered")
    assert (handed["way"], handed["target"], handed["result"]) == ("blind", "102", "returned")


async def test_nobody_answers_and_the_operator_is_back(centre):
    """After `wait_s` Asterisk brings him back to his caller by itself."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101")
    async with phones, calling(centre, "79274440004") as caller:
        call = await caller_talks(centre)
        first = await phones.talk_of("op101")
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        await phones.until_offered("op102")
        await until_asking(centre)
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        assert await caller_talks(centre) == call
        phones.hang_up(first)
        assert (await caller.finish(30)).served == 1
    (visit,), _ = await story.over(1, 0)
    assert (visit["agent"], visit["outcome"]) == ("101", "answered")


async def test_caller_is_joined_outside_with_the_operators_mark(centre):
    """UDM 5.13: without the mark it is refused; with it the hot line is asked first, and the visit there recorded."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101")
    far = centre.far_side([Answering(ring_ms=50, talk_ms=6000)])
    async with far, phones, calling(centre, "79274440005") as caller:
        call = await caller_talks(centre)
        with pytest.raises(RequestRefused, match="asked first"):
            await centre.tell(f"/v1/calls/{call}/ask", {"to": "supervision"})
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "hot-line", "consent": True})
        await until_joined(centre, "op101", "trunk-city", "trunk-city")
        await centre.tell(f"/v1/calls/{call}/ask/join")
        assert (await caller.finish(30)).served == 1
    (first,), (handed,) = await story.over(1, 1)
    assert (first["agent"], handed["call"], handed["next_call"]) == ("101", first["call"], f"{first['call']}-1")
    assert (handed["way"], handed["kind"], handed["target"]) == ("attended", "destination", "hot-line")
    assert (handed["consent"], handed["result"], handed["by"]) == ("operator", "taken", "console")
    assert 0 < handed["talked_s"] < 6.5


@pytest.mark.parametrize(("keys", "way"), [("*3102", "blind"), ("*4102", "attended")])
async def test_operator_hands_on_by_keys(centre, keys, way):
    """The keys of the telephone do what the API does; who handed on is the operator."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101", "op102")
    async with phones, calling(centre, f"7927444{keys[1:]}") as caller:
        await caller_talks(centre)
        first = await phones.talk_of("op101")
        await phones.press(first, keys)
        colleague = await phones.talk_of("op102")
        if way == "attended":
            await until_joined(centre, "op101", "op102", "trunk-city")
            phones.hang_up(first)
        await story.until(lambda visits, handed: len(visits) == 2 and len(handed) == 1)
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        phones.hang_up(colleague)
        assert (await caller.finish(30)).served == 1
    (one, two), (handed,) = await story.over(2, 1)
    assert (one["agent"], two["agent"]) == ("101", "102")
    assert (handed["way"], handed["target"], handed["by"], handed["result"]) == (way, "102", "101", "taken")


async def test_caller_cannot_press_it(centre):
    """The same keys from the caller's side hand nobody on."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101", "op102")
    async with phones:
        outside = Softphones(centre.slice.caller(5060), centre.slice.asterisk, answering=set())
        async with outside:
            call = outside.call("79274440009", "122")
            first = await phones.talk_of("op101")
            await asyncio.wait_for(call.up.wait(), 10)
            await centre.until(lambda status: status.talking == 1)
            await outside.press(call, "*3102*4102")
            status = await centre.status()
            assert status.operators == {"talking": 1, "ready": 1}
            phones.hang_up(first)
            await asyncio.wait_for(call.over.wait(), 10)
    (visit,), _ = await story.over(1, 0)
    assert (visit["agent"], visit["outcome"]) == ("101", "answered")


async def test_daemon_killed_while_an_operator_asks_a_colleague(centre):
    """The next one finds in the channels who asks whom: the caller is joined, in a visit that the books know."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101", "op102", speaking=True)
    async with phones, calling(centre, "79274440010") as caller:
        call = await caller_talks(centre)
        first = await phones.talk_of("op101")
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        colleague = await phones.talk_of("op102")
        await until_joined(centre, "op101", "op102", "trunk-city")
        await centre.kill_daemon()
        await centre.start_daemon()
        await centre.until(lambda status: status.operators == {"talking": 1, "busy_elsewhere": 1})
        assert await caller_talks(centre) == call
        phones.hang_up(first)
        await story.until(lambda visits, handed: len(visits) == 2 and len(handed) == 1)
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        phones.hang_up(colleague)
        assert (await caller.finish(30)).served == 1
    (one, two), (handed,) = await story.over(2, 1)
    assert [(row["agent"], row["outcome"]) for row in (one, two)] == [("101", "answered"), ("102", "answered")]
    assert (handed["call"], handed["way"], handed["taken_by"]) == (one["call"], "attended", "102")


async def test_daemon_killed_while_an_operator_asks_outside(centre):
    """The next one knows also that the caller agrees: he is joined at once and not asked again."""
    story = await Story.begin(centre)
    phones = telephones(centre, "op101")
    far = Softphones(centre.slice.caller(5090), centre.slice.asterisk, answering={HOT_LINE}, speaking=True)
    async with far, phones, calling(centre, "79274440011") as caller:
        call = await caller_talks(centre)
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "hot-line", "consent": True})
        await until_joined(centre, "op101", "trunk-city", "trunk-city")
        await centre.kill_daemon()
        await centre.start_daemon()
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        await centre.tell(f"/v1/calls/{call}/ask/join")
        await centre.until(lambda status: status.operators == {"ready": 2})
        far.hang_up(await far.talk_of(HOT_LINE))
        assert (await caller.finish(30)).served == 1
    (first,), (handed,) = await story.over(1, 1)
    assert (first["agent"], handed["call"], handed["way"]) == ("101", first["call"], "attended")
    assert (handed["target"], handed["consent"], handed["result"]) == ("hot-line", "operator", "taken")

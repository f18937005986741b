"""Keys in the talks of calls that we have made, on a real Asterisk: whoever was called first (D4)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
import pytest_asyncio

from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.plans import Caller
from acd.lab.site import LINE, Site
from metrics.records.tables import facts
from tests.integration.softphone import Dialog, Softphones
from tests.integration.test_campaigns import make_list, until_over
from tests.integration.test_handing_on import Story, caller_talks
from tests.integration.test_handing_on_by_key import until_joined

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LINE_TOML = """
strategy = "fixed_order"

[line.callback]
trunk = "city"
hours = []
breaks = ["operator_lost"]
outcome_within_s = 0.5

[line.recording]
keep_days = 1
"""
MORE = """
[recording]
folder = "recordings"
whom_asked = true

[[destination]]
kind = "number"
name = "insurer"
number = "88001112233"
trunk = "city"
ring_s = 5
dial_as = "888"

[in_talk]
hand_on = "*3"
ask = "*4"
pause_recording = "*9"
questioning_over = "*7"
"""
INSURER = "88001112233"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre that calls out, with two operators who press every key there is; one for all tests here."""
    site = Site(operators=2, ring_s=5, min_talk_s=0, trunk_port=5090, pause_after_misses=0, line=LINE_TOML, more=MORE)
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("called") / "centre") as running:
        yield running


class Called:
    """Somebody who is called: his telephone, and the operators'."""

    def __init__(self, centre: LabCentre, number: str) -> None:
        self.number = number
        self._centre = centre
        self.phones = Softphones(centre.slice.telephones, centre.slice.asterisk, answering={"op101", "op102"})
        self.far = Softphones(centre.slice.caller(5090), centre.slice.asterisk, answering={number, INSURER})

    async def __aenter__(self) -> "Called":
        await self.phones.__aenter__()
        await self.far.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.far.__aexit__(*error)
        await self.phones.__aexit__(*error)

    async def talk(self) -> tuple[str, Dialog]:
        """Book the call and wait until the two talk; return the call and the operator's side of it."""
        await self._centre.tell("/v1/callbacks", {"line": LINE, "number": self.number})
        return await self.talks()

    async def talks(self) -> tuple[str, Dialog]:
        """Wait until the two talk; return the call and the operator's side of it."""
        operator = await self.phones.talk_of("op101")
        await until_joined(self._centre, "op101", "trunk-city")
        await self._centre.until(lambda status: status.talking == 1)
        (call,) = (await self._centre.ask("/v1/calls"))["calls"]
        return call["call"], operator

    async def is_let_go(self) -> None:
        """Wait until his call is over."""
        (dialog,) = [each for each in self.far.dialogs if each.user == self.number]
        await asyncio.wait_for(dialog.over.wait(), 15)


async def fact(centre: LabCentre, kinds: set[str], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a fact of these kinds is recorded that is as wanted, and return it."""
    try:
        async with asyncio.timeout(15):
            while True:
                told = [orjson.loads(row["payload"]) for row in await centre.rows(facts) if row["kind"] in kinds]
                if found := [each for each in told if wanted(each)]:
                    return found[-1]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ProcessFailed("facts", f"none of {kinds}", centre.daemon.text()) from None


async def hand_on(centre: LabCentre, story: Story, called: Called, operator: Dialog, keys: str, way: str) -> None:
    """Have the operator hand the caller on to his colleague by keys, and the colleague end the talk."""
    await called.phones.press(operator, keys)
    colleague = await called.phones.talk_of("op102")
    if way == "attended":
        await until_joined(centre, "op101", "op102", "trunk-city")
        called.phones.hang_up(operator)
    await story.until(lambda visits, handed: len(visits) == 2 and len(handed) == 1)
    await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
    called.phones.hang_up(colleague)
    await called.is_let_go()


@pytest.mark.parametrize(("keys", "way"), [("*3102", "blind"), ("*4102", "attended")])
async def test_called_back_by_the_operators_telephone_and_handed_on_by_key(centre, keys, way):
    """The colleague has him in a visit of his own that follows the call-back, in the books and in the recordings."""
    story = await Story.begin(centre)
    async with Called(centre, f"+7927555{keys[1:]}") as called:
        call, operator = await called.talk()
        await hand_on(centre, story, called, operator, keys, way)
    (one, two), (handed,) = await story.over(2, 1)
    assert (one["call"], one["agent"], one["outcome"], one["ended_by"]) == (call, "101", "answered", "agent")
    assert (two["agent"], two["outcome"], two["caller"]) == ("102", "answered", called.number)
    assert (handed["call"], handed["next_call"]) == (call, two["call"])
    assert (handed["way"], handed["target"], handed["by"], handed["result"]) == (way, "102", "101", "taken")


async def test_operator_marks_and_pauses_in_a_call_that_his_telephone_made(centre):
    """The end of questioning and the pause of the recording, by their keys."""
    story = await Story.begin(centre)
    async with Called(centre, "+79275550001") as called:
        call, operator = await called.talk()
        await called.phones.press(operator, "*7")
        await called.phones.press(operator, "*9")
        paused = await fact(centre, {"RecordingPaused"}, lambda told: told["call"] == call)
        assert paused["by"] == "op101"
        called.phones.hang_up(operator)
        await called.is_let_go()
    (row,), _ = await story.over(1, 0)
    assert (row["call"], row["questioned_s"] is not None) == (call, True)


async def test_asked_by_the_api_and_joined_by_it(centre):
    """What the keys do, the API does for a call that the operator's telephone made."""
    story = await Story.begin(centre)
    async with Called(centre, "+79275550002") as called:
        call, _ = await called.talk()
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        colleague = await called.phones.talk_of("op102")
        await until_joined(centre, "op101", "op102", "trunk-city")
        await centre.tell(f"/v1/calls/{call}/ask/join")
        await story.until(lambda visits, handed: len(visits) == 2 and len(handed) == 1)
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        called.phones.hang_up(colleague)
        await called.is_let_go()
    (_, two), (handed,) = await story.over(2, 1)
    assert (handed["call"], handed["by"], handed["taken_by"], two["agent"]) == (call, "console", "102", "102")


async def test_handed_on_outside_by_key(centre):
    """Somebody who was called back talks to the insurer; the visit there follows the call-back."""
    story = await Story.begin(centre)
    async with Called(centre, "+79275550003") as called:
        call, operator = await called.talk()
        await called.phones.press(operator, "*3888")
        insurer = await called.far.talk_of(INSURER)
        await centre.until(lambda status: status.ready == 2)
        await until_joined(centre, "trunk-city", "trunk-city")
        (outside,) = (await centre.ask("/v1/outside-talks"))["talks"]
        assert (outside["line"], outside["agent"], outside["paused"]) == (LINE, "101", False)
        path = f"/v1/calls/{outside['call']}/recording"
        assert (await centre.tell(f"{path}/pause"))["paused"]
        assert (await centre.ask("/v1/outside-talks"))["talks"][0]["paused"]
        assert not (await centre.tell(f"{path}/resume"))["paused"]
        await asyncio.sleep(0.5)
        called.far.hang_up(insurer)
        await called.is_let_go()
    _, (handed,) = await story.over(1, 1)
    assert handed["next_call"] == outside["call"]
    assert (handed["call"], handed["kind"], handed["target"]) == (call, "destination", "insurer")
    assert handed["result"] == "taken"
    assert handed["talked_s"] > 0.3


async def test_operator_pauses_the_recording_of_a_call_that_he_makes_himself(centre):
    """No line has that call: the key pauses it all the same, and the API resumes it."""
    await centre.until(lambda status: status.ready == 2)
    async with Called(centre, "+79275550005") as called:
        own = called.phones.call("op101", "888")
        await asyncio.wait_for(own.up.wait(), 10)
        await until_joined(centre, "op101", "trunk-city")
        (outside,) = (await centre.ask("/v1/outside-talks"))["talks"]
        assert (outside["call"].endswith("-insurer"), outside["agent"]) == (True, "101")
        await called.phones.press(own, "*9")
        told = await fact(centre, {"RecordingPaused"}, lambda each: each["call"] == outside["call"])
        assert told["by"] == "op101"
        assert (await centre.ask("/v1/outside-talks"))["talks"][0]["paused"]
        assert not (await centre.tell(f"/v1/calls/{outside['call']}/recording/resume"))["paused"]
        assert not (await centre.ask("/v1/outside-talks"))["talks"][0]["paused"]
        called.phones.hang_up(own)
    await centre.until(lambda status: status.ready == 2)


async def test_daemon_killed_while_he_talks_with_the_colleague(centre):
    """The operator who had called him is gone from the channels: what follows is recorded whole all the same."""
    story = await Story.begin(centre)
    async with Called(centre, "+79275550004") as called:
        call, operator = await called.talk()
        await called.phones.press(operator, "*3102")
        colleague = await called.phones.talk_of("op102")
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        await centre.kill_daemon()
        await asyncio.sleep(1)
        called.phones.hang_up(colleague)
        await called.is_let_go()
    await centre.start_daemon()
    (one, two), (handed,) = await story.over(2, 1)
    assert (one["call"], handed["call"], handed["next_call"]) == (call, call, two["call"])
    assert (two["outcome"], two["agent"]) == ("answered", "102")
    assert two["talked_s"] > 0.8
    # The telephones here are silent: it is known for what it is, and kept or found empty.
    of_colleague = f"_{two['call']}_op102"
    await fact(centre, {"RecordingKept", "RecordingFailed"}, lambda told: told["recording"].endswith(of_colleague))


@pytest.mark.parametrize(("keys", "way"), [("*3102", "blind"), ("*4102", "attended")])
async def test_contact_of_a_list_who_is_called_first_is_handed_on(centre, keys, way):
    """His telephone rang first and he came to the line with his answer; the chain begins with that call."""
    story = await Story.begin(centre)
    async with Called(centre, f"+7927556{keys[1:]}") as called:
        await make_list(centre, f"keys-{way}", [called.number], first_leg="caller")
        call, operator = await called.talks()
        await hand_on(centre, story, called, operator, keys, way)
        await until_over(centre, f"keys-{way}")
    (one, two), (handed,) = await story.over(2, 1)
    assert (one["call"], one["agent"], two["agent"]) == (call, "101", "102")
    assert (handed["call"], handed["next_call"], handed["way"], handed["taken_by"]) == (call, two["call"], way, "102")


async def test_colleague_has_the_caller_while_the_daemon_is_away_and_it_is_recorded(centre):
    """S1: whom an operator asks is recorded from his answer on, by the dialplan alone; the caller is in it."""
    story = await Story.begin(centre)
    phones = Softphones(centre.slice.telephones, centre.slice.asterisk, answering={"op101", "op102"}, speaking=True)
    async with phones, centre.callers([Caller("79275550006", patience_ms=40_000)]) as calling:
        call = await caller_talks(centre)
        operator = await phones.talk_of("op101")
        await centre.tell(f"/v1/calls/{call}/ask", {"to": "102"})
        colleague = await phones.talk_of("op102")
        await until_joined(centre, "op101", "op102", "trunk-city")
        await centre.kill_daemon()
        phones.hang_up(operator)
        await until_joined(centre, "op102", "trunk-city")
        await asyncio.sleep(2)
        phones.hang_up(colleague)
        assert (await calling.finish(30)).served == 1
    await centre.start_daemon()
    await story.over(1, 0)
    kept = await fact(centre, {"RecordingKept"}, lambda told: told["recording"].endswith(f"_{call}_op102"))
    assert kept["duration_s"] > 1.0
    sound = await asyncio.to_thread(centre.control().fetch, f"/v1/recordings/{kept['recording']}/sound")
    assert sum(any(sound[at : at + 320]) for at in range(44, len(sound) - 320, 320)) * 0.02 > 1.0

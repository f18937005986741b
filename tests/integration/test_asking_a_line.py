"""An operator asks a line while his caller hears music, on a real Asterisk: he gets its next free operator (D4)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.lab.centre import LabCentre
from acd.lab.plans import Caller
from acd.lab.site import LINE, Site
from metrics.records.tables import calls
from tests.integration.softphone import Dialog, Softphones
from tests.integration.test_handing_on import Story, caller_talks
from tests.integration.test_handing_on_by_key import until_asking, until_joined
from tests.integration.test_keys_in_call_backs import fact

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LINES = """
[[line]]
name = "second"
numbers = ["802"]
ring_s = 5
min_talk_s = 0

[line.recording]
keep_days = 1

[recording]
folder = "recordings"

[in_talk]
hand_on = "*3"
ask = "*4"

[transfer]
wait_s = 4
"""
SECOND_LEVEL = """
[[operators_range]]
first = "201"
count = 1
lines = ["second"]
contact = "sip:op{{number}}@{0}"
pin = "1222"
auto_login = true
pause_after_misses = 0
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre with one operator of the first line and one of the second; one for all tests here."""
    site = Site(operators=1, ring_s=5, min_talk_s=0, pause_after_misses=0, back_off_no_answer_s=0, more=LINES)
    home = tmp_path_factory.mktemp("asking-a-line") / "centre"
    async with LabCentre(site, program=program, home=home, more_toml=SECOND_LEVEL.format) as running:
        yield running


class Asking:
    """The operator of the first line, who has a caller, and the second line's telephone."""

    def __init__(self, centre: LabCentre, number: str, *answering: str, speaking: bool = False) -> None:
        self._centre = centre
        self.phones = Softphones(
            centre.slice.telephones, centre.slice.asterisk, answering={"op101", *answering}, speaking=speaking
        )
        self.caller = centre.callers([Caller(number, patience_ms=40_000)])
        self.call = ""

    async def __aenter__(self) -> "Asking":
        await self.phones.__aenter__()
        await self.caller.__aenter__()
        self.call = await caller_talks(self._centre)
        self.operator = await self.phones.talk_of("op101")
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.caller.__aexit__(*error)  # type: ignore[arg-type]  # as it came
        await self.phones.__aexit__(*error)  # type: ignore[arg-type]  # as it came

    async def asks(self) -> None:
        """Press the keys, and wait until he is in the line."""
        await self.phones.press(self.operator, "*4802")
        await until_asking(self._centre)

    async def is_over(self, talk: Dialog) -> None:
        """Let this side end the caller's talk."""
        self.phones.hang_up(talk)
        assert (await self.caller.finish(30)).served == 1


@pytest.mark.parametrize("speaking", [True, False], ids=["speaking", "in silence"])
async def test_operator_of_the_line_answers_and_has_the_caller(centre, speaking):
    """He is the line's next, by its distribution; what he was asked is a call of that line, what he talks a visit."""
    story = await Story.begin(centre)
    async with Asking(centre, f"7927666000{speaking:d}", "op201", speaking=speaking) as asking:
        await asking.asks()
        second = await asking.phones.talk_of("op201")
        await until_joined(centre, "op101", "op201", "trunk-city")
        await centre.until(lambda status: status.operators == {"talking": 2})
        asked = next(c for c in (await centre.ask("/v1/calls"))["calls"] if c["call"] != asking.call)
        assert (asked["line"], asked["state"]) == ("second", "talking")
        asking.phones.hang_up(asking.operator)
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        await story.until(lambda visits, handed: len(visits) == 3 and len(handed) == 1)
        await asyncio.sleep(0.5)
        await asking.is_over(second)
    visits, (handed,) = await story.over(3, 1)
    first, question, after = sorted(visits, key=lambda row: (row["entered_at"], row["call"]))
    assert (first["agent"], first["queue"], first["ended_by"]) == ("101", LINE, "agent")
    assert (question["call"], question["queue"], question["caller"]) == (asked["call"], "second", "101")
    assert (question["agent"], question["outcome"]) == ("201", "answered")
    assert (after["call"], after["agent"], after["caller"]) == (f"{first['call']}-1", "201", first["caller"])
    assert after["talked_s"] > 0.4
    assert (handed["way"], handed["target"], handed["taken_by"], handed["by"]) == ("attended", "201", "201", "101")
    recording = f"_{question['call']}_op201"
    await fact(centre, {"RecordingKept", "RecordingFailed"}, lambda told: told["recording"].endswith(recording))
    await centre.until(lambda status: status.ready == 2)


async def test_operator_who_waits_in_the_line_goes_back(centre):
    """Called off: his caller's talk goes on, and nobody is rung any more."""
    story = await Story.begin(centre)
    async with Asking(centre, "79276660002") as asking:
        await centre.tell(f"/v1/calls/{asking.call}/ask", {"to": "second"})
        await until_asking(centre)
        await asking.phones.until_offered("op201")
        await centre.tell(f"/v1/calls/{asking.call}/ask/cancel")
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        await centre.until(lambda status: status.waiting == 0)
        assert await caller_talks(centre) == asking.call
        await asking.is_over(asking.operator)
    visits, _ = await story.over(2, 0)
    first, question = sorted(visits, key=lambda row: (row["entered_at"], row["call"]))
    assert (first["agent"], first["outcome"], first["call"]) == ("101", "answered", asking.call)
    assert (question["queue"], question["outcome"]) == ("second", "abandoned")


async def test_operator_who_hangs_up_while_he_waits_leaves_the_caller_in_the_line(centre):
    """As handed on blind: a call of that line, under the caller's own number, which its operator gets."""
    story = await Story.begin(centre)
    async with Asking(centre, "79276660003") as asking:
        await asking.asks()
        await asking.phones.until_offered("op201")
        asking.phones.answering.add("op201")
        asking.phones.hang_up(asking.operator)
        second = await asking.phones.talk_of("op201")
        await centre.until(lambda status: status.operators == {"talking": 1, "ready": 1})
        await asking.is_over(second)
    visits, (handed,) = await story.over(3, 1)
    last = max(visits, key=lambda row: row["entered_at"])
    assert (last["queue"], last["agent"], last["caller"]) == ("second", "201", "79276660003")
    assert (handed["way"], handed["kind"], handed["target"]) == ("blind", "line", "second")
    assert (handed["next_call"], handed["taken_by"]) == (last["call"], "201")


async def test_daemon_killed_while_the_operator_waits_in_the_line(centre):
    """He keeps his place; the next daemon rings the line's operator for him, and knows whom to join."""
    story = await Story.begin(centre)
    async with Asking(centre, "79276660004", speaking=True) as asking:
        await asking.asks()
        await asking.phones.until_offered("op201")
        await centre.kill_daemon()
        asking.phones.answering.add("op201")
        await centre.start_daemon()
        second = await asking.phones.talk_of("op201")
        await centre.until(lambda status: status.operators == {"talking": 2})
        asking.phones.hang_up(asking.operator)
        await story.until(lambda visits, handed: len(visits) == 3 and len(handed) == 1)
        await asking.is_over(second)
    visits, (handed,) = await story.over(3, 1)
    assert sorted(row["agent"] for row in visits) == ["101", "201", "201"]
    assert (handed["call"], handed["way"], handed["taken_by"]) == (asking.call, "attended", "201")
    assert len({row["call"] for row in await centre.rows(calls)}) == len(await centre.rows(calls))

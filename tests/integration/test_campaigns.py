"""Call lists and surveys on a real Asterisk (D7): whom a list calls and how often, what people answer by keys."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import RowMapping

from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.keys import write_keys
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import LINE, Site
from metrics.records.tables import call_back_attempts, surveys

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LINE_TOML = """
survey = "satisfaction"

[line.callback]
trunk = "city"
ring_s = 4.0
breaks = ["operator_lost"]
outcome_within_s = 0.5
"""
SURVEY = """
[[survey]]
name = "satisfaction"
wait_s = 30
tries = 5

[[survey.question]]
name = "mark"
ask = ["beep"]

[[survey.question]]
name = "solved"
ask = ["beep"]
keys = ["1", "2"]
"""
AROUND_THE_CLOCK = ["mon-sun 00:00-24:00"]
QUICK: dict[str, object] = {
    "attempts": 2,
    "hours": AROUND_THE_CLOCK,
    "after_busy_s": 1,
    "after_no_answer_s": 1,
    "after_unreachable_s": 1,
    "after_refused_s": 1,
    "after_left_s": 1,
}
TALK = Answering(ring_ms=50, talk_ms=60_000)
SHORT = Answering(ring_ms=50, talk_ms=1500)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre whose line calls out and asks its callers afterwards; two operators."""
    site = Site(operators=2, trunk_port=5090, line=LINE_TOML, more=SURVEY, pause_after_misses=0, fallback_tries=60)
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("campaigns") / "centre") as running:
        yield running


async def make_list(centre: LabCentre, name: str, numbers: Sequence[str], **settings: object) -> dict[str, Any]:
    """Make a list with these contacts and let it run; return what became of the contacts."""
    body = {"name": name, "line": LINE, "settings": {**QUICK, **settings}}
    await centre.tell("/v1/campaigns", body)
    told = await centre.tell(f"/v1/campaigns/{name}/contacts", {"contacts": [{"number": n} for n in numbers]})
    await centre.tell(f"/v1/campaigns/{name}/state", {"state": "running"})
    return told


async def until_list(centre: LabCentre, name: str, condition: Callable[[dict[str, Any]], bool], limit_s: float = 40.0):
    """Wait until a list is as wanted, and return it."""
    told: dict[str, Any] = {}
    try:
        async with asyncio.timeout(limit_s):
            while True:
                told = await centre.ask(f"/v1/campaigns/{name}")
                if condition(told):
                    return told
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ProcessFailed("list", f"is not as it should be: {told}", centre.daemon.text()) from None


async def until_over(centre: LabCentre, name: str, limit_s: float = 40.0) -> dict[str, Any]:
    """Wait until every contact of a list is dealt with."""
    return await until_list(centre, name, lambda told: told["closed"] == told["contacts"], limit_s)


async def results(centre: LabCentre, name: str) -> dict[str, tuple[str, int]]:
    """Return what became of each number of a list: result and attempts."""
    told = await centre.ask(f"/v1/campaigns/{name}/contacts")
    return {row["number"]: (row["result"], row["attempts"]) for row in told["contacts"]}


async def taken(centre: LabCentre, number: str) -> RowMapping:
    """Wait until the answers of a number are recorded."""
    try:
        async with asyncio.timeout(15):
            while True:
                rows = [row for row in await centre.rows(surveys) if row["caller"].removeprefix("+") == number]
                if rows:
                    return rows[0]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ProcessFailed("surveys", f"no answers of {number}", centre.daemon.text()) from None


def most_at_once(rows: Sequence[RowMapping]) -> int:
    """Return how many of the attempts were under way at the same time, at most."""
    changes = sorted((at, by) for row in rows for at, by in ((row["started_at"], 1), (row["ended_at"], -1)))
    out = most = 0
    for _, by in changes:
        out += by
        most = max(most, out)
    return most


async def test_d7_a_list_is_called_by_free_operators_and_everybody_has_his_result(centre):
    """VLA 3.7: reached, busy and silent numbers end as they should, repeated ones are one, nobody else is called."""
    far = {"+79270010002": Answering(kind=Kind.BUSY), "+79270010003": Answering(kind=Kind.SILENT)}
    await centre.tell("/v1/dnc", {"number": "89270010005", "scope": "lists"})
    numbers = ["+79270010001", "89270010001", "+79270010002", "+79270010003", "+79270010004", "+79270010005", "12"]
    async with centre.telephones([TALK]), centre.far_side([SHORT], operators=far) as side:
        told = await make_list(centre, "remind", numbers)
        assert told == {"added": 5, "repeated": 1, "impossible": 1}
        done = await until_over(centre, "remind")
        called = Counter(step.who for step in side.steps() if step.event == "offered")
    assert called == {"+79270010001": 1, "+79270010002": 2, "+79270010003": 2, "+79270010004": 1}
    assert await results(centre, "remind") == {
        "+79270010001": ("reached", 1),
        "+79270010002": ("busy", 2),
        "+79270010003": ("no_answer", 2),
        "+79270010004": ("reached", 1),
        "+79270010005": ("do_not_call", 0),
        "12": ("impossible", 0),
    }
    assert done["reached"] == 2
    attempts = [row for row in await centre.rows(call_back_attempts) if row["number"].startswith("+7927001000")]
    assert most_at_once(attempts) <= 2


async def test_a_list_leaves_operators_free_for_those_who_call_in(centre):
    """One of two is kept free: never are two called at once, and each of them is."""
    numbers = [f"+7927001010{index}" for index in range(4)]
    async with centre.telephones([TALK]), centre.far_side([SHORT]):
        await make_list(centre, "careful", numbers, keep_free=1)
        await until_over(centre, "careful")
    attempts = [row for row in await centre.rows(call_back_attempts) if row["number"] in numbers]
    assert len(attempts) == 4
    assert most_at_once(attempts) == 1


async def test_nobody_is_called_twice_when_the_daemon_is_killed_in_the_middle(centre):
    """Who was called stays called, who was not is called by the next run."""
    numbers = [f"+7927001020{index}" for index in range(6)]
    async with centre.telephones([TALK]), centre.far_side([SHORT]) as side:
        await make_list(centre, "killed", numbers)
        await until_list(centre, "killed", lambda told: told["calling"] >= 1)
        await centre.kill_daemon()
        await centre.start_daemon()
        await until_over(centre, "killed", limit_s=60)
        called = Counter(step.who for step in side.steps() if step.event == "offered")
    assert set(called) == set(numbers)
    assert set(called.values()) == {1}


async def test_d7_an_operator_looks_at_a_contact_and_has_him_called(centre):
    """Preview: nobody is called until he says so; his telephone rings, and what came of it is kept."""
    number = "+79270010301"
    async with centre.telephones([TALK]), centre.far_side([SHORT]) as side:
        await make_list(centre, "look", [number], pacing="preview")
        given = (await centre.tell("/v1/campaigns/look/next", {"agent": "102"}))["contact"]
        assert (given["number"], given["state"], given["agent"]) == (number, "preview", "102")
        await centre.tell(f"/v1/contacts/{given['contact']}/call", {"agent": "102"})
        await until_over(centre, "look")
        assert side.counts().answered == 1
        outcome = {"outcome": "do_not_call", "note": "asked not to be"}
        told = await centre.tell(f"/v1/contacts/{given['contact']}/outcome", outcome)
    assert (told["result"], told["outcome"], told["agent"]) == ("reached", "do_not_call", "102")
    barred = {row["number"]: row["scope"] for row in (await centre.ask("/v1/dnc"))["numbers"]}
    assert barred[number] == "lists"


@pytest.mark.parametrize("daemon", ["there", "away"])
async def test_d7_a_caller_answers_by_keys_after_the_talk(centre, daemon):
    """VLA 3.8: the dialplan asks with or without the daemon, and each answer is stored once, with its call."""
    number = f"7927001040{daemon == 'away':d}"
    keys = write_keys(centre.home / f"keys-{number}", "5552")
    talk_ms, gap_ms = (6000, 5000) if daemon == "away" else (1500, 2500)
    # However late the talk is over, a 5 answers the first question; each further one is no answer to the second.
    calling = centre.callers([Caller(number, patience_ms=60_000)], digits=keys, digit_gap_ms=gap_ms)
    async with centre.telephones([Answering(ring_ms=50, talk_ms=talk_ms)]), calling:
        if daemon == "away":
            await centre.until(lambda status: status.talking == 1)
            await centre.kill_daemon()
        assert (await calling.finish(80)).served == 1
        if daemon == "away":
            await centre.start_daemon()
    row = await taken(centre, number)
    assert (row["survey"], row["answers"]) == ("satisfaction", "mark=5&solved=2")
    record = await centre.recorded(lambda rows: any(r["caller"] == number and r["ended_at"] for r in rows))
    call = next(r for r in record if r["caller"] == number)
    assert row["call"] == call["call"]
    assert call["ended_at"] < row["ended_at"], "a talk is not longer for the answers"


async def test_d7_a_survey_is_asked_by_calling_people_without_an_operator(centre):
    """The number is dialled, the menu is heard, and its keys are the answers; no operator's telephone rings."""
    number = "+79270010501"
    keys = write_keys(centre.home / "keys-survey", "4441")
    far = centre.far_side([TALK], digits=keys, digit_gap_ms=2000)
    async with centre.telephones([SHORT]) as telephones, far:
        await make_list(centre, "survey", [number], pacing="menu", survey="satisfaction")
        await until_over(centre, "survey")
        assert telephones.counts().offered == 0
    row = await taken(centre, number.removeprefix("+"))
    assert row["answers"] == "mark=4&solved=1"
    assert await results(centre, "survey") == {number: ("reached", 1)}

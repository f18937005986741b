"""Asterisk's own queue has the same operators at work as we do, whatever happens to them and to Asterisk."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.plans import Answering, Caller
from acd.lab.site import LINE, PIN, Site
from tests.integration.office import dial, until_operator

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LIMIT_S = 10.0
MORE = f"""
[[operator]]
number = "201"
lines = ["{LINE}"]
pin = "{PIN}"
hot_desk = true

[[telephone]]
name = "lobby"
contact = "sip:lobby@{{telephones}}"
"""
MEMBER = re.compile(r"\(PJSIP/(\w+)\)|^\s+PJSIP/(\w+)", re.MULTILINE)


async def at_work(centre: LabCentre) -> set[str]:
    """Return the telephones that Asterisk's queue would ring."""
    listed = (await centre.asterisk.rx(f"queue show {LINE}")).splitlines()
    members = ((MEMBER.search(line), line) for line in listed)
    return {found[1] or found[2] for found, line in members if found and "paused" not in line}


async def until_at_work(centre: LabCentre, *telephones: str) -> None:
    """Wait until the queue would ring these telephones and no others.

    Raises:
        ProcessFailed: It does not within ten seconds.
    """
    seen: set[str] = set()
    try:
        async with asyncio.timeout(LIMIT_S):
            while seen != set(telephones):
                seen = await at_work(centre)
    except TimeoutError:
        text = await centre.asterisk.rx(f"queue show {LINE}")
        raise ProcessFailed("queue", f"would ring {seen}, not {telephones}", text) from None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre with three operators, a hot desk and a telephone that is nobody's; one for all tests here."""
    site = Site(operators=3, fallback_tries=1, fallback_queue_s=5)
    home = tmp_path_factory.mktemp("fallback")

    def more(telephones: str) -> str:
        return MORE.format(telephones=telephones)

    async with LabCentre(site, program=program, home=home, more_toml=more) as running:
        yield running


async def test_members_follow_logins_pauses_and_logouts(centre):
    """Each change is in Asterisk's queue at once."""
    await until_at_work(centre, "op101", "op102", "op103")
    await centre.tell("/v1/agents/101/pause", {"reason": "lunch"})
    await until_at_work(centre, "op102", "op103")
    await centre.tell("/v1/agents/102/logout", {})
    await until_at_work(centre, "op103")
    await centre.tell("/v1/agents/101/resume", {})
    await centre.tell("/v1/agents/102/login", {})
    await until_at_work(centre, "op101", "op102", "op103")


async def test_hot_desk_becomes_a_member_and_is_paused_when_it_is_left(centre):
    """A telephone that is nobody's rings in the fallback for whoever has sat down there."""
    await dial(centre, "lobby", f"*10201*{PIN}")
    await until_at_work(centre, "op101", "op102", "op103", "lobby")
    await dial(centre, "lobby", "*11")
    await until_at_work(centre, "op101", "op102", "op103")


async def test_members_are_the_same_after_a_restart_of_asterisk(centre):
    """A fresh Asterisk knows the static members only, none paused: it is told everything again."""
    await centre.tell("/v1/agents/103/pause", {"reason": "lunch"})
    await dial(centre, "lobby", f"*10201*{PIN}")
    await until_at_work(centre, "op101", "op102", "lobby")
    await centre.asterisk.restart()
    await until_at_work(centre, "op101", "op102", "lobby")
    await dial(centre, "lobby", "*11")
    await centre.tell("/v1/agents/103/resume", {})
    await until_at_work(centre, "op101", "op102", "op103")


async def test_without_the_daemon_the_right_telephones_ring(centre):
    """Paused and logged-out operators are left in peace, also when nobody is there to say so."""
    await centre.tell("/v1/agents/101/pause", {"reason": "lunch"})
    await centre.tell("/v1/agents/102/logout", {})
    await until_at_work(centre, "op103")
    await centre.kill_daemon()
    callers = [Caller(f"7927333000{index}") for index in range(3)]
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=1200)])
    async with telephones, centre.callers(callers) as calling:
        assert (await calling.finish(60)).served == 3
    assert {step.who for step in telephones.steps()} == {"op103"}
    await centre.start_daemon()
    rows = await centre.settled(3)
    assert [row["agent"] for row in rows] == ["103"] * 3
    await until_operator(centre, "103", state="ready")

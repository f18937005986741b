"""Operators' telephones: registration, dial codes with spoken answers, hot-desking, own calls; real SIP throughout."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from acd.lab.capture import Capture
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.media import read_speech
from acd.lab.plans import Answering, Caller
from acd.lab.process import until
from acd.lab.sipp import Registration
from acd.lab.site import LINE, TELEPHONE_SECRET, Site
from metrics.records.tables import agent_states, calls
from tests.integration.office import all_out, dial, operators, until_operator

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TELEPHONES = ("op101", "op102", "op103", "op104")
# The PINs are too long to turn up by chance in an instant or a duration of a log.
HOT_PIN = "77441155"
WRONG_PIN = "990088776655"
MORE = f"""
[[operator]]
number = "104"
lines = ["{LINE}"]
auto_login = true

[[telephone]]
name = "op104"
secret = "{TELEPHONE_SECRET}"
qualify_s = 0

[[operator]]
number = "201"
lines = ["{LINE}"]
pin = "{HOT_PIN}"
hot_desk = true

[[operator]]
number = "202"
lines = ["{LINE}"]
pin = "{HOT_PIN}"
hot_desk = true
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre whose telephones have registered; one for all tests here."""
    site = Site(operators=3, registering=True, auto_login=False, pause_after_misses=0, qualify_s=0, more=MORE)
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("telephones")) as centre:
        await centre.register(TELEPHONES)
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running) -> AsyncIterator[LabCentre]:
    """Return the centre with nobody logged in."""
    await all_out(running)
    yield running
    await all_out(running)


async def test_wrong_password_is_refused(centre):
    """Asterisk knows the telephone by its password alone."""
    folder, local = centre.home / "wrong", centre.slice.telephone(5075)
    stranger = Registration(folder, local, centre.slice.asterisk, {"op101": "guessed"})
    with pytest.raises(ProcessFailed):
        await stranger.run()
    assert f"{local}" not in await centre.asterisk.rx("pjsip show contacts")


async def test_codes_log_in_pause_resume_and_log_out(centre):
    """Each code is answered, does what it says and ends the call; nothing else has to be pressed."""
    for code, state in (("*10", "ready"), ("*122", "paused"), ("*13", "ready"), ("*11", "logged_out")):
        counts = await dial(centre, "op101", code)
        assert (counts.connected, counts.served) == (1, 1), code
        row = await until_operator(centre, "101", state=state)
        assert row["reason"] == ("lunch" if state == "paused" else row["reason"])


async def test_answer_to_a_code_is_heard(centre):
    """A spoken sentence comes back, not silence, and Asterisk has found it in the language of the site."""
    path = centre.home / "code.pcap"
    async with Capture(path, centre.slice.net, media=True) as capture:
        await dial(centre, "op101", "*10")
    capture.check_complete()
    heard = [packet for packet in read_speech(path, centre.slice.asterisk.address) if not packet.silent]
    assert len(heard) > 25  # half a second
    assert "does not exist" not in centre.asterisk.text()
    shown = await centre.asterisk.rx("pjsip show endpoint op101")
    language = next(line.split()[-1] for line in shown.splitlines() if line.split()[:1] == ["language"])
    root = centre.asterisk.program.root or Path("/")
    assert language.startswith("ru")
    assert any((root / f"usr/share/asterisk/sounds/{language}").glob("agent-loginok.*"))


async def test_unknown_pause_reason_is_refused(centre):
    """The operator stays ready."""
    await dial(centre, "op101", "*10")
    await until_operator(centre, "101", state="ready")
    counts = await dial(centre, "op101", "*129")
    assert counts.served == 1
    assert (await operators(centre))["101"]["state"] == "ready"


async def test_operator_without_a_desk_logs_in_by_number_and_pin_in_one_code(centre):
    """`*10201*77441155` at another's telephone; calls for him ring there, and the owner is logged out."""
    await dial(centre, "op102", "*10")
    await until_operator(centre, "102", state="ready")
    await dial(centre, "op102", f"*10201*{HOT_PIN}")
    await until_operator(centre, "201", state="ready", telephone="op102")
    await until_operator(centre, "102", state="logged_out", telephone=None)
    before = len(await centre.rows(calls))
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=1200)])
    async with telephones, centre.callers([Caller("79271110001")]) as calling:
        assert (await calling.finish(30)).served == 1
    assert {step.who for step in telephones.steps()} == {"op102"}
    rows = await centre.settled(before + 1)
    assert rows[-1]["agent"] == "201"


async def test_operator_is_asked_for_the_pin_and_presses_it(centre):
    """Number with the code, PIN by keys after the question."""
    counts = await dial(centre, "op103", "*10202", digits=f"{HOT_PIN}#")
    assert counts.served == 1
    await until_operator(centre, "202", state="ready", telephone="op103")


async def test_wrong_pin_is_asked_for_three_times_and_locks_the_number_in_the_end(centre):
    """Three tries per call, five in all; then even the right PIN is refused for a while. No PIN is in any log."""

    async def until_refused(times: int) -> None:
        async with asyncio.timeout(20):
            await until(lambda: centre.daemon.text().count("code.wrong_pin") >= times)

    counts = await dial(centre, "op101", f"*10202*{WRONG_PIN}", digits="#" * 12, digit_gap_ms=700)
    assert counts.served == 1
    await until_refused(3)
    for times in (4, 5):
        await dial(centre, "op101", f"*10202*{WRONG_PIN}", patience_ms=3000)
        await until_refused(times)
    await dial(centre, "op101", f"*10202*{HOT_PIN}", patience_ms=3000)
    await until_refused(6)
    assert (await operators(centre))["202"]["state"] == "logged_out"
    told = centre.daemon.text() + centre.asterisk.text()
    assert told.count("code.wrong_pin") == 3 + 2 + 1
    assert HOT_PIN not in told
    assert WRONG_PIN not in told


async def test_telephone_that_is_switched_off_makes_its_operator_unreachable(centre):
    """Logged in all the while; ready again as soon as the telephone has registered again."""
    await dial(centre, "op103", "*10")
    await until_operator(centre, "103", state="ready")
    await centre.unregister(["op103"])
    await until_operator(centre, "103", state="unreachable")
    await centre.register(["op103"])
    await until_operator(centre, "103", state="ready")


async def test_registered_telephone_is_a_logged_in_operator_where_the_site_wants_it(centre):
    """`auto_login`: at his desk from the start, ready from the registration; logged out by himself he stays so."""
    stays: list[tuple[str, str]] = []
    async with asyncio.timeout(15):
        while len(stays) < 2:
            rows = [row for row in await centre.rows(agent_states) if row["agent"] == "104"]
            stays = [(row["state"], row["by"]) for row in sorted(rows, key=lambda row: row["seq"])]
    assert stays[:2] == [("unreachable", "auto_login"), ("ready", "system")]
    await centre.unregister(["op104"])
    await centre.register(["op104"])
    assert (await operators(centre))["104"]["state"] == "logged_out"
    await dial(centre, "op104", "*10")
    await until_operator(centre, "104", state="ready")


async def test_operator_who_telephones_himself_is_offered_nothing_meanwhile(centre):
    """An internal call keeps him busy elsewhere; the caller who waits is offered the moment it is over."""
    await dial(centre, "op101", "*10")
    await until_operator(centre, "101", state="ready")
    before = len(await centre.rows(calls))
    talks = [Answering(ring_ms=50, talk_ms=60_000), Answering(ring_ms=50, talk_ms=1500)]
    telephones = centre.telephones(talks)
    own, calling = centre.operator_calls("op101", "102", patience_ms=6000), centre.callers([Caller("79271110002")])
    async with telephones, own:
        await until_operator(centre, "101", state="busy_elsewhere")
        async with calling:
            await centre.until(lambda status: status.waiting == 1)
            assert {step.who for step in telephones.steps()} == {"op102"}
            await own.finish(20)
            assert (await calling.finish(20)).served == 1
    (row,) = (await centre.settled(before + 1))[-1:]
    assert (row["agent"], row["misses"], row["outcome"]) == ("101", 0, "answered")


async def test_desk_taken_over_in_a_talk_is_the_next_ones_when_the_talk_is_over(centre):
    """The talk is left alone, the old operator logged out after it, the new one offered calls only then."""
    await dial(centre, "op101", "*10")
    await until_operator(centre, "101", state="ready")
    before = len(await centre.rows(calls))
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=7000), Answering(ring_ms=50, talk_ms=1500)])
    callers = [Caller("79271110003"), Caller("79271110004", at_ms=4000)]
    async with telephones, centre.callers(callers) as calling:
        await centre.until(lambda status: status.talking == 1)
        await dial(centre, "op101", f"*10201*{HOT_PIN}")
        await until_operator(centre, "201", state="busy_elsewhere", telephone="op101")
        assert (await operators(centre))["101"]["state"] == "talking"
        assert (await calling.finish(30)).served == 2
    rows = (await centre.settled(before + 2))[-2:]
    assert [(row["agent"], row["misses"]) for row in rows] == [("101", 0), ("201", 0)]
    assert rows[0]["talked_s"] == pytest.approx(7.0, abs=0.5)
    await until_operator(centre, "101", state="logged_out")
    await until_operator(centre, "201", state="ready", telephone="op101")

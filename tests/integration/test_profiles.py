"""The five services, each from its profile, on a real Asterisk. The names of the cases carry the requirements' ids.

One centre has all their lines: each service's line in its hours (open today, whatever the day) and out of them (closed
today), and lines with shorter times where a norm would make a test wait for minutes. The hours themselves, minute by
minute and day by day, are held against the regulations in `tests/config/test_profile.py`.
"""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from acd.clock import wall_time
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from acd.lab.sounds import write_tone
from acd.prompts.wav import RATE, write_wav
from config.profile import load_profile

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TODAY = datetime.fromtimestamp(wall_time(), ZoneInfo("Europe/Saratov")).date()
SERVICES = {
    "sar": "saratov-122",
    "sah": "sakhalin-1300",
    "udm": "udmurtia-oms",
    "kem": "kemerovo-support",
    "vla": "vladimir-clinic",
}
SECRETARIES = {
    "sah": "sakhalin-secretary",
    "udm": "udm-secretary",
    "kem": "kem-secretary",
    "vla": "clinic-secretary",
}
"""Where each service's calls go outside its hours; Saratov's has none of its own (SAR 1.5)."""
SPEAKS_MS = 6000
TELEPHONES = [Answering(ring_ms=100, talk_ms=2000)]


def number_of(service: str, case: str) -> str:
    """Return the number of a line."""
    return f"{5 + list(SERVICES).index(service)}{('in', 'out', 'late').index(case)}0"


def caller_of(service: str, case: str) -> str:
    """Return the caller's number of a case."""
    return f"7927000{number_of(service, case):0>4}"


def line(service: str, case: str, more: str = "") -> str:
    """Return the table of one line."""
    return f"""
[[line]]
name = "{service}-{case}"
profile = "{SERVICES[service]}"
numbers = ["{number_of(service, case)}"]
{more}
"""


def tables() -> str:
    """Return all lines, and what today is for them."""
    text = "".join(line(service, "in") for service in SERVICES)
    text += "".join(line(service, "out") for service in SECRETARIES)
    text += line("sar", "late", "target_wait_s = 1\nmax_wait_s = 3")
    text += line("kem", "late", "step = [{ at_s = 2, widen = 2 }]\nhours = []")
    opened = [f"{service}-in" for service in SECRETARIES]
    closed = [f"{service}-out" for service in SECRETARIES]
    text += f'\n[[special_day]]\ndate = {TODAY}\nhours = ["00:00-24:00"]\nlines = {opened}\n'.replace("'", '"')
    text += f'\n[[special_day]]\ndate = {TODAY}\nlike = "off"\nlines = {closed}\n'.replace("'", '"')
    return text


def first_level() -> tuple[str, ...]:
    """Return the lines that operators 101 and 102 serve."""
    return (*(f"{service}-in" for service in SERVICES), *(f"{service}-out" for service in SECRETARIES))


def record_prompts(folder: Path) -> None:
    """Put a short tone in the place of each prompt, as a site puts its own recordings there."""
    folder.mkdir(parents=True, exist_ok=True)
    tone = array("h", (round(8000 * math.sin(2 * math.pi * 440 * n / RATE)) for n in range(RATE // 4)))
    for profile in SERVICES.values():
        for prompt in load_profile(profile).prompt:
            write_wav(folder / f"{prompt.name}.wav", tone)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return the centre: two operators of the first level, and one of the second for Kemerovo's line."""
    home = tmp_path_factory.mktemp("profiles") / "centre"
    record_prompts(home / "prompts")

    def second_level(place: str) -> str:
        return f"""
[[operators_range]]
first = "201"
count = 1
lines = ["kem-late"]
levels = {{ kem-late = 2 }}
contact = "sip:op{{number}}@{place}"
auto_login = true
"""

    site = Site(operators=2, lines=first_level(), more=tables())
    async with LabCentre(site, program=program, home=home, more_toml=second_level) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(centre) -> Mapping[str, Any]:
    """Place the calls of all cases, and return what became of each by the caller's number; and the messages."""
    placed = [(service, "in") for service in SERVICES]
    placed += [(service, "out") for service in SECRETARIES]
    placed += [("sar", "late"), ("kem", "late")]
    calling = [
        Caller(caller_of(*case), dialled=number_of(*case), patience_ms=SPEAKS_MS + 5000, at_ms=700 * index)
        for index, case in enumerate(placed)
    ]
    tone = write_tone(centre.home / "tone.al")
    async with centre.telephones(TELEPHONES):
        await centre.until(lambda status: status.ready == 3)
        async with centre.callers(calling, rtp_file=tone) as calls:
            await calls.finish(90)
    rows = await centre.settled(len(placed), 30)
    async with asyncio.timeout(20):
        while True:
            messages = (await centre.ask("/v1/messages"))["messages"]
            if len(messages) >= len(SECRETARIES) + 1:
                break
            await asyncio.sleep(0.1)
    return {"rows": {row["caller"]: dict(row) for row in rows}, "messages": {m["caller"]: m for m in messages}}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: f"{service.upper()}-D1-in-hours")
async def test_a_call_in_hours_is_answered(told, service):
    """SAR 4.1, SAH 4.1, UDM 5.3a, KEM 5.3, VLA 3.1: an operator answers, and the call is on record."""
    row = told["rows"][caller_of(service, "in")]
    assert (row["outcome"], row["queue"]) == ("answered", f"{service}-in")


@pytest.mark.parametrize("service", SECRETARIES, ids=lambda service: f"{service.upper()}-D5-D6-out-of-hours")
async def test_a_call_out_of_hours_reaches_the_secretary(told, service):
    """UDM 5.3b and the others' likewise: the message is on record, in the list of work, and named like its call."""
    number = caller_of(service, "out")
    row = told["rows"][number]
    assert (row["outcome"], row["reason"], row["destination"]) == ("closed", "closed", SECRETARIES[service])
    message = told["messages"][number]
    assert (message["call"], message["line"], message["state"]) == (row["call"], f"{service}-out", "new")


async def test_sar_d2_nobody_waits_longer_than_the_maximum(told):
    """SAR 5.1: at the maximum wait something happens: the caller is told and may leave a message."""
    row = told["rows"][caller_of("sar", "late")]
    assert (row["outcome"], row["reason"], row["destination"]) == ("overflowed", "max_wait", "saratov-busy")
    assert row["target_passed"]
    assert caller_of("sar", "late") in told["messages"]


async def test_kem_d3_a_call_goes_up_to_the_second_line(told):
    """KEM 5.2: what the 1st line does not take, a specialist of the 2nd line answers."""
    row = told["rows"][caller_of("kem", "late")]
    assert (row["outcome"], row["agent"]) == ("answered", "201")


async def test_udm_d9_operators_are_shown_the_script_of_the_line(centre, told):
    """UDM 5.4, SAR 3.4, SAH 4.1: each line has its approved script."""
    scripts = {row["line"]: row for row in (await centre.ask("/v1/scripts"))["scripts"]}
    assert {line: scripts[line]["script"] for line in (f"{service}-in" for service in SERVICES)} == {
        "sar-in": "saratov-122",
        "sah-in": "sakhalin-1300",
        "udm-in": "udm-oms",
        "kem-in": "kem-support",
        "vla-in": "clinic",
    }
    assert "Росздравнадзора" in scripts["udm-in"]["text"]


async def test_udm_d6_a_message_is_processed_by_an_operator_of_the_first_level(centre, told):
    """UDM 5.3: it is marked as processed, with what was done, and leaves the list."""
    number = caller_of("udm", "out")
    call = told["messages"][number]["call"]
    done = await centre.tell(f"/v1/messages/{call}/done", {"note": "called back"})
    assert (done["state"], done["note"]) == ("done", "called back")
    left = (await centre.ask("/v1/messages"))["messages"]
    assert number not in {row["caller"] for row in left}

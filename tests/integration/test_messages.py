"""The electronic secretary on a real Asterisk (D6): a message is left, learnt of, heard, processed and destroyed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from acd.clock import wall_time
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.plans import Caller
from acd.lab.site import LINE, Site
from acd.lab.sounds import write_tone
from metrics.records.tables import facts, voice_messages
from tests.integration.office import dial

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TODAY = datetime.fromtimestamp(wall_time(), ZoneInfo("Europe/Saratov")).date()
MAX_S = 30
CLOSED = f"""
[[destination]]
kind = "voice_message"
name = "secretary"
greeting = ["beep"]
max_s = {MAX_S}
silence_s = 0
thanks = ["auth-thankyou"]

[[special_day]]
date = {TODAY}
like = "off"
"""
SPEAKS_MS = 6000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre whose line is closed today and has a secretary; one operator."""
    line = 'hours = ["mon-sun 00:00-24:00"]\nat_closed = "secretary"'
    site = Site(operators=1, line=line, more=CLOSED, fallback_tries=60)
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("messages") / "centre") as running:
        yield running


async def leave_message(centre: LabCentre, number: str, patience_ms: int = SPEAKS_MS) -> None:
    """Call the closed line, speak, and hang up in the middle of the message."""
    tone = write_tone(centre.home / "tone.al")
    async with centre.callers([Caller(number, patience_ms=patience_ms)], rtp_file=tone) as calling:
        await calling.finish(60)


async def messages(centre: LabCentre, number: str, state: str = "open") -> list[dict[str, object]]:
    """Return the messages of a caller as the daemon tells them."""
    told = await centre.ask(f"/v1/messages?state={state}")
    return [row for row in told["messages"] if row["caller"] == number]


async def message(centre: LabCentre, number: str) -> dict[str, object]:
    """Wait until the one message of a caller is known."""
    try:
        async with asyncio.timeout(15):
            while True:
                found = await messages(centre, number)
                if found:
                    return found[0]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ProcessFailed("messages", f"none of {number}", centre.daemon.text()) from None


def kept_files(centre: LabCentre) -> list[str]:
    """Return the names of the sounds that are there."""
    return [path.stem for path in (centre.home / "messages").glob("*/*.wav")]


async def row_of(centre: LabCentre, call: object, column: str) -> dict[str, object]:
    """Wait until a column of a message's record is filled, and return the record."""
    try:
        async with asyncio.timeout(15):
            while True:
                rows = [dict(row) for row in await centre.rows(voice_messages) if row["call"] == call]
                if rows and rows[0][column] is not None:
                    return rows[0]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ProcessFailed("messages", f"{call} has no {column}", centre.daemon.text()) from None


async def test_a_message_is_left_heard_at_the_telephone_and_processed(centre):
    """UDM 5.3: what was said outside the hours is listened to by an operator and dealt with like any appeal."""
    await leave_message(centre, "79270003001")
    left = await message(centre, "79270003001")
    assert (left["state"], left["line"]) == ("new", LINE)
    assert 2 <= left["length_s"] <= SPEAKS_MS / 1000
    stored = await row_of(centre, left["call"], "left_at")
    file = centre.home / "messages" / str(stored["file"])
    assert file.is_file()
    assert file.name == f"{left['call']}.wav"

    await dial(centre, "op101", "*98", "1", digit_gap_ms=1500)
    done = await row_of(centre, left["call"], "done_at")
    assert (done["heard_by"], done["done_by"]) == ("telephone op101", "telephone op101")
    assert await messages(centre, "79270003001") == []

    gone = await centre.tell(f"/v1/messages/{left['call']}/destroy", {"reason": "asked for"})
    assert (gone["state"], gone["destroyed_for"]) == ("destroyed", "asked for")
    assert not file.exists()
    proof = await row_of(centre, left["call"], "destroyed_at")
    assert len(str(proof["sha256"])) == 64


async def test_whoever_hangs_up_at_the_tone_leaves_no_message(centre):
    """A breath is no appeal: nothing is listed and no file stays."""
    await leave_message(centre, "79270003002", patience_ms=2500)
    await centre.recorded(lambda rows: any(row["caller"] == "79270003002" and row["ended_at"] for row in rows))
    await leave_message(centre, "79270003003")
    kept = await message(centre, "79270003003")
    assert await messages(centre, "79270003002") == []
    assert kept_files(centre) == [kept["call"]]


async def test_who_hangs_up_at_the_tone_leaves_nothing_behind(centre):
    """Wherever in greeting or tone he does: his channel ends with him, not with the longest message; no file stays."""
    before = kept_files(centre)
    callers = [Caller(f"792700032{n:02}", patience_ms=500 + 50 * n, at_ms=100 * n) for n in range(20)]
    async with centre.callers(callers) as calling:
        await calling.finish(60)
    async with asyncio.timeout(MAX_S - 10):
        while True:
            held = (await centre.asterisk.rx("core show channels concise")).splitlines()
            if not held and kept_files(centre) == before:
                break
            await asyncio.sleep(0.1)
    for caller in callers:
        assert await messages(centre, caller.number) == []


async def test_a_message_left_while_the_daemon_is_away_is_learnt_of_afterwards(centre):
    """The dialplan takes it alone; the daemon finds it in the journal, once, and its call's record is complete."""
    await centre.kill_daemon()
    await leave_message(centre, "79270003004", patience_ms=SPEAKS_MS + 3000)
    await centre.start_daemon()
    left = await message(centre, "79270003004")
    rows = await centre.recorded(lambda rows: any(row["caller"] == "79270003004" for row in rows))
    record = next(row for row in rows if row["caller"] == "79270003004")
    assert (record["outcome"], record["destination"], record["call"]) == ("closed", "secretary", left["call"])
    await centre.stop_daemon()
    await centre.start_daemon()
    assert [row["call"] for row in await messages(centre, "79270003004")] == [left["call"]]
    told = [f for f in await centre.rows(facts) if f["kind"] == "VoiceMessageLeft" and f["call"] == left["call"]]
    assert len(told) == 1

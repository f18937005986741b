"""Hours on a real Asterisk (D5): in hours, out of hours, a holiday, a day worked after all, closed by hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from acd.clock import wall_time
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller
from acd.lab.process import until
from acd.lab.site import LINE, Site

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

NOW = datetime.fromtimestamp(wall_time(), ZoneInfo("Europe/Saratov"))
TODAY = NOW.date()
OTHER_HOURS = "20:00-21:00" if NOW.hour < 12 else "03:00-04:00"
QUICK = Answering(ring_ms=100, talk_ms=1500)

LINES = f"""
[[destination]]
kind = "message"
name = "closed-now"
sounds = ["queue-thankyou"]

[[special_day]]
date = {TODAY}
like = "off"
lines = ["holiday"]

[[special_day]]
date = {TODAY}
like = "working"
lines = ["moved"]

[[special_day]]
date = {TODAY}
hours = ["{OTHER_HOURS}"]
lines = ["out"]

[[line]]
name = "holiday"
numbers = ["201"]
hours = ["mon-sun 00:00-24:00"]
at_closed = "closed-now"
greeting = "queue-periodic-announce"

[[line]]
name = "moved"
numbers = ["202"]
hours = ["mon-fri 00:00-24:00"]
at_closed = "closed-now"

[[line]]
name = "out"
numbers = ["203"]
hours = ["mon-sun 00:00-24:00"]
days = "every"
at_closed = "closed-now"

[[line]]
name = "by-hand"
numbers = ["204"]
at_closed = "closed-now"
at_close = "closed-now"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return one centre for all: five lines, one operator who serves them."""
    lines = (LINE, "holiday", "moved", "out", "by-hand")
    site = Site(operators=1, lines=lines, more=LINES, fallback_tries=60)
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("hours") / "centre") as running:
        yield running


async def call(centre: LabCentre, number: str, dialled: str, patience_ms: int = 9000) -> dict[str, object]:
    """Call a number and return the call's record once it has ended."""
    async with centre.callers([Caller(number, dialled=dialled, patience_ms=patience_ms)]) as calling:
        await calling.finish(30)
    return await record(centre, number)


async def record(centre: LabCentre, number: str) -> dict[str, object]:
    """Return the record of a caller's call once it has ended."""
    rows = await centre.recorded(lambda rows: any(r["caller"] == number and r["ended_at"] for r in rows))
    return next(dict(row) for row in rows if row["caller"] == number)


async def on_the_disk(centre: LabCentre, entry: bytes) -> None:
    """Wait until Asterisk has committed an entry (key, then value) of its database, which it does once a second."""
    database = centre.asterisk.home / "db" / "astdb.sqlite3"
    journal = database.with_name(f"{database.name}-journal")
    async with asyncio.timeout(30):
        await until(lambda: entry in database.read_bytes() and not journal.exists())


@pytest.mark.parametrize(
    ("dialled", "outcome", "reason"),
    [
        ("122", "answered", None),
        ("201", "closed", "closed"),
        ("202", "answered", None),
        ("203", "closed", "closed"),
    ],
    ids=["D5-in-hours", "D5-holiday", "D5-moved-working-day", "D5-out-of-hours"],
)
async def test_a_call_by_the_calendar(centre, dialled, outcome, reason):
    """D5: in hours an operator answers; on a holiday and out of hours the caller is told, without the greeting."""
    async with centre.telephones([QUICK]):
        await centre.until(lambda status: status.ready == 1)
        row = await call(centre, f"79270001{dialled}", dialled)
    assert row["outcome"] == outcome
    if reason:
        assert (row["reason"], row["destination"]) == (reason, "closed-now")


async def test_a_line_that_is_closed_by_hand_tells_who_waits_and_survives_every_restart(centre):
    """Whoever waits is sent on at once; daemon and Asterisk killed, Asterisk alone still knows that it is closed."""
    await centre.tell("/v1/agents/101/pause", {"reason": "test"})
    async with centre.callers([Caller("79270002041", dialled="204", patience_ms=20000)]) as calling:
        await centre.until(lambda status: status.waiting == 1)
        await centre.tell("/v1/lines/by-hand/close", {"reason": "drill"})
        await calling.finish(30)
    row = await record(centre, "79270002041")
    assert (row["outcome"], row["reason"]) == ("overflowed", "closing")

    await on_the_disk(centre, b"acd-hours-by-handavailable,0")
    await centre.kill_daemon()
    await centre.asterisk.kill9()
    await centre.asterisk.start()
    async with centre.callers([Caller("79270002042", dialled="204", patience_ms=20000)]) as calling:
        await calling.finish(30)
    await centre.start_daemon()
    alone = await record(centre, "79270002042")
    assert (alone["outcome"], alone["destination"], alone["reason"]) == ("closed", "closed-now", "closed")
    lines = {line["line"]: line for line in (await centre.ask("/v1/lines"))["lines"]}
    assert (lines["by-hand"]["open"], lines["by-hand"]["switched_for"]) == (False, "drill")

"""A new daemon takes over from the running one while callers wait, ring and talk: nobody notices."""

import asyncio

import pytest

from acd.lab.errors import ProcessFailed
from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from metrics.records.tables import offers

pytestmark = pytest.mark.asterisk

TALK_MS = 1200
CALLERS = 60


@pytest.fixture
def site() -> Site:
    """Three operators; nobody ever gets into the fallback."""
    return Site(operators=3, min_talk_s=0.0, fallback_tries=60)


async def test_nobody_notices_an_upgrade(centre):
    """Under load: every caller is served, in the order of entry, and offers stand still for a moment only."""
    callers = [Caller(f"7927999{index:04}", at_ms=400 * index) for index in range(CALLERS)]
    before = centre.daemon.pid
    async with centre.telephones([Answering(ring_ms=200, talk_ms=TALK_MS)]) as telephones:
        async with centre.callers(callers) as calling:
            await centre.until(lambda status: status.talking == 3 and status.waiting >= 1)
            stood_still_s = await centre.upgrade_daemon()
            counts = await calling.finish(90)
    assert centre.daemon.pid != before
    assert (counts.served, counts.unfinished, telephones.counts().answered) == (CALLERS, 0, CALLERS)
    assert 0 < stood_still_s < 20
    rows = await centre.settled(CALLERS)
    assert [row["outcome"] for row in rows] == ["answered"] * CALLERS
    assert all(row["talked_s"] == pytest.approx(TALK_MS / 1000, abs=0.7) for row in rows)
    offered = dict.fromkeys(row["call"] for row in sorted(await centre.rows(offers), key=by_offer))
    assert list(offered) == [row["call"] for row in rows]
    await centre.until(lambda status: status.ready == 3 and status.waiting == status.talking == 0)


def by_offer(row) -> int:
    """Offers are numbered in their order."""
    return int(row["offer"])


async def test_upgrade_that_cannot_start_changes_nothing(centre):
    """A configuration with a mistake: the command says so, and the daemon that runs goes on."""
    before = centre.daemon.pid
    text = centre.config_path.read_text(encoding="utf-8")
    centre.config_path.write_text(text.replace("ring_s", "rings_s", 1), encoding="utf-8")
    with pytest.raises(ProcessFailed):
        await centre.upgrade_daemon()
    centre.config_path.write_text(text, encoding="utf-8")
    assert centre.daemon.pid == before
    async with centre.telephones([Answering(ring_ms=100, talk_ms=500)]):
        async with centre.callers([Caller("79270000001")]) as calling:
            assert (await calling.finish(30)).served == 1
    await asyncio.wait_for(centre.upgrade_daemon(), 60)
    assert centre.daemon.pid != before

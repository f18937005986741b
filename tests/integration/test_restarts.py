"""What dies and comes back: the daemon, for a while or for long, and Asterisk. Nothing is lost (S5)."""

import asyncio
import contextlib
import re

import pytest

from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from metrics.records.tables import offers

pytestmark = pytest.mark.asterisk

TALK_MS = 4000
PLAN = [Answering(ring_ms=300, talk_ms=TALK_MS)]


def callers(count: int, first: int = 0, **how: object) -> list[Caller]:
    """Return so many callers with numbers of their own."""
    return [Caller(f"7927000{index:04}", **how) for index in range(first, first + count)]


@pytest.fixture
def site() -> Site:
    """Four operators; the fallback takes over after three tries."""
    return Site(operators=4, fallback_tries=3, fallback_queue_s=5)


def assert_exact(rows, count):
    """Every call is answered, its talk is as long as it was, and its times agree."""
    assert [row["outcome"] for row in rows] == ["answered"] * count
    for row in rows:
        assert row["talked_s"] == pytest.approx(TALK_MS / 1000, abs=0.5), dict(row)
        assert row["answered_at"] - row["entered_at"] == pytest.approx(row["waited_s"], abs=0.01), dict(row)
        assert row["ended_at"] - row["answered_at"] == pytest.approx(row["talked_s"], abs=0.05), dict(row)


class TestShortAbsence:
    """The daemon is away for some seconds."""

    @pytest.fixture
    def site(self) -> Site:
        """Four operators; the fallback is patient enough for a slow machine."""
        return Site(operators=4, fallback_tries=60)

    async def test_killed_daemon_comes_back_and_every_call_is_served_in_order(self, centre):
        """`kill -9` while callers wait and talk: talks go on, the order of entry is kept, the records are exact."""
        async with centre.telephones(PLAN) as telephones, centre.callers(callers(10), rate=5) as calling:
            await centre.until(lambda status: status.talking == 4 and status.waiting == 6)
            await centre.kill_daemon()
            await asyncio.sleep(3)
            await centre.start_daemon()
            counts = await calling.finish(60)
        rows = await centre.settled(10)
        assert (counts.served, counts.unfinished) == (10, 0)
        assert telephones.counts().answered == 10
        assert_exact(rows, 10)
        offered = sorted(await centre.rows(offers), key=lambda row: row["offer"])
        assert [row["call"] for row in offered] == [row["call"] for row in rows]


async def test_daemon_that_stays_away_is_replaced_by_asterisks_own_queue(centre):
    """Callers reach the same operators without us; when we come back the records have them all, and new calls too."""
    async with centre.telephones(PLAN) as telephones:
        async with centre.callers(callers(8), rate=4) as calling:
            await centre.until(lambda status: status.talking == 4)
            await centre.kill_daemon()
            counts = await calling.finish(60)
        assert counts.served == 8
        await centre.start_daemon()
        async with centre.callers(callers(2), rate=4) as calling:
            counts = await calling.finish(60)
        assert counts.served == 2
    assert telephones.counts().answered == 10
    rows = await centre.settled(10)
    assert_exact(rows, 10)
    assert [row["offers"] for row in rows[-2:]] == [1, 1]


async def test_all_who_wait_come_to_the_fallback_by_one_time(centre):
    """By tries of his own he who calls last would wait for the fallback alone, while all four operators are free."""
    async with centre.telephones(PLAN):
        await centre.kill_daemon()
        async with centre.callers(callers(3), rate=1) as calling:  # the last calls two seconds after the first
            counts = await calling.finish(60)
        assert counts.served == 3
        await centre.start_daemon()
    rows = await centre.settled(3)
    assert_exact(rows, 3)
    answered = [row["answered_at"] for row in rows]
    assert max(answered) - min(answered) < 1.2  # Queue() looks once a second whether it is somebody's turn


async def test_daemon_that_comes_back_takes_callers_out_of_the_fallback(centre):
    """Who waits in Asterisk's own queue at that moment is distributed by us again, at his old place."""
    async with centre.telephones(PLAN), contextlib.AsyncExitStack() as batches:
        calling = [await batches.enter_async_context(centre.callers(callers(24), rate=12))]
        await centre.until(lambda status: status.talking == 4)
        await centre.kill_daemon()
        await asyncio.sleep(5)
        async with asyncio.TaskGroup() as tasks:
            starting = tasks.create_task(centre.start_daemon())
            # Twenty wait, and four at a time are served. A slow machine starts the daemon for longer than that lasts:
            # then four more come for any four that may have been served, so that somebody waits whenever it is up.
            enough_for_s = 3 * TALK_MS / 1000
            while not (await asyncio.wait({starting}, timeout=enough_for_s))[0]:
                more = centre.callers(callers(4, first=20 + 4 * len(calling)), port=5061 + len(calling), rate=4)
                calling.append(await batches.enter_async_context(more))
                enough_for_s = TALK_MS / 1000
        counts = [await each.finish(60) for each in calling]
        count = 20 + 4 * len(calling)
    rows = await centre.settled(count)
    assert (sum(each.served for each in counts), sum(each.unfinished for each in counts)) == (count, 0)
    assert_exact(rows, count)
    assert any(row["offers"] for row in rows[4:])


async def test_stopped_daemon_leaves_its_callers_to_the_next_one(centre):
    """An orderly stop is no different for a caller: he hears music until the next daemon takes him."""
    async with centre.telephones(PLAN), centre.callers(callers(8), rate=5) as calling:
        await centre.until(lambda status: status.talking == 4 and status.waiting == 4)
        assert await centre.stop_daemon() == 0
        await centre.start_daemon()
        counts = await calling.finish(60)
    rows = await centre.settled(8)
    assert (counts.served, counts.unfinished) == (8, 0)
    assert_exact(rows, 8)


async def test_killed_asterisk_closes_the_records_and_new_calls_are_taken_up(centre):
    """The calls died with it and are recorded so; the daemon goes on with the new Asterisk by itself."""
    async with centre.telephones(PLAN):
        async with centre.callers(callers(6, patience_ms=8000), rate=6):
            await centre.until(lambda status: status.talking == 4 and status.waiting == 2)
            await centre.asterisk.kill9()
            await centre.until(lambda status: not status.healthy)
        await centre.asterisk.start()
        up = asyncio.get_running_loop().time()
        await centre.until(lambda status: status.healthy)
        assert asyncio.get_running_loop().time() - up < 2 + 1  # 2 s, and a second for asking over HTTP
        pauses_s = [float(told) for told in re.findall(r'"retry_s":([0-9.]+)', centre.daemon.text())]
        assert 0 < max(pauses_s) < 2  # so it is back two seconds after Asterisk at the latest
        rows = await centre.settled(6)
        assert [row["outcome"] for row in rows] == ["answered"] * 4 + ["died"] * 2
        assert {row["ended_by"] for row in rows[:4]} == {"system"}
        assert {row["reason"] for row in rows[4:]} == {"Asterisk was restarted"}
        await centre.until(lambda status: status.ready == 4)
        async with centre.callers(callers(4), rate=4) as calling:
            counts = await calling.finish(60)
    assert counts.served == 4
    assert_exact((await centre.settled(10))[-4:], 4)


async def test_frozen_asterisk_is_noticed_and_taken_up_again(centre):
    """A connection that is open and silent is no connection: seen within 5 s, mended when it thaws."""
    async with centre.telephones(PLAN), centre.callers(callers(6), rate=6) as calling:
        await centre.until(lambda status: status.talking == 4)
        centre.asterisk.sigstop()
        try:
            await centre.until(lambda status: not status.healthy, limit_s=6)
        finally:
            centre.asterisk.sigcont()
        await centre.until(lambda status: status.healthy)
        counts = await calling.finish(60)
    rows = await centre.settled(6)
    assert (counts.served, counts.unfinished) == (6, 0)
    assert [row["outcome"] for row in rows] == ["answered"] * 6


async def test_operators_stay_logged_in_and_paused_over_a_restart(centre):
    """A restart logs nobody out and resumes nobody."""
    await centre.tell("/v1/agents/102/pause", {"reason": "lunch"})
    await centre.tell("/v1/agents/103/logout", {})
    await centre.until(lambda status: status.operators.get("paused") == 1)
    await centre.kill_daemon()
    await centre.start_daemon()
    status = await centre.until(lambda status: status.ready == 2)
    agents = {row["agent"]: row for row in (await centre.ask("/v1/agents"))["agents"]}
    assert (agents["102"]["state"], agents["102"]["reason"]) == ("paused", "lunch")
    assert status.operators == {"ready": 2, "paused": 1, "logged_out": 1}

"""Attended transfers on a real Asterisk: the operator asks a colleague first and then joins the caller to him (D4)."""

import asyncio

import pytest

from acd.lab.plans import Caller
from acd.lab.site import LINE, Site
from metrics.records.tables import transfers
from tests.integration.softphone import Softphones

pytestmark = pytest.mark.asterisk


@pytest.fixture
def site() -> Site:
    """Two operators; the first is rung first."""
    return Site(operators=2, line="strategy = 'fixed_order'\n")


@pytest.mark.parametrize("asked", ["102", "122"], ids=["a colleague", "his line"])
async def test_operator_asks_a_colleague_and_joins_the_caller_to_him(centre, asked):
    """Two visits with a talk each; the colleague is in a talk of the line and rung for nothing else; all free after it.

    The colleague is called directly, or, by the number of the line, through the line as any caller would.
    """
    phones = Softphones(centre.slice.telephones, centre.slice.asterisk, answering={"op101", "op102"})
    async with phones, centre.callers([Caller("79270000001", patience_ms=20_000)]) as calling:
        first = await phones.talk_of("op101")
        await centre.until(lambda status: status.talking == 1)  # nobody consults a colleague before he has spoken
        second = phones.call("op101", asked)
        colleague = await phones.talk_of("op102")
        await asyncio.wait_for(second.up.wait(), 10)
        await asyncio.sleep(1)
        phones.join(first, second)
        status = await centre.until(lambda status: status.operators == {"ready": 1, "talking": 1})
        assert status.waiting == 0
        talks = [call for call in (await centre.ask("/v1/calls"))["calls"] if call["state"] == "talking"]
        assert [(call["agents"], call["line"]) for call in talks] == [(["102"], LINE)]
        await asyncio.sleep(1.2)
        phones.hang_up(colleague)
        assert (await calling.finish(30)).served == 1
    rows = [row for row in await centre.settled(2 if asked == "102" else 3) if row["caller"] == "79270000001"]
    assert [(row["agent"], row["outcome"], row["ended_by"]) for row in rows] == [
        ("101", "answered", "agent"),
        ("102", "answered", "agent"),
    ]
    assert rows[1]["call"] == f"{rows[0]['call']}-1"
    assert rows[1]["talked_s"] == pytest.approx(1.2, abs=0.7)
    (handed,) = await centre.rows(transfers)
    assert (handed["way"], handed["agent"], handed["taken_by"], handed["result"]) == ("attended", "101", "102", "taken")
    await centre.until(lambda status: status.ready == 2 and status.talking == status.waiting == 0)


async def test_caller_hangs_up_after_an_attended_transfer(centre):
    """The talk ends by the caller's side; the record of the second visit says so."""
    phones = Softphones(centre.slice.telephones, centre.slice.asterisk, answering={"op101", "op102"})
    async with phones, centre.callers([Caller("79270000002", patience_ms=5000)]) as calling:
        first = await phones.talk_of("op101")
        await centre.until(lambda status: status.talking == 1)  # nobody consults a colleague before he has spoken
        second = phones.call("op101", "102")
        await asyncio.wait_for(second.up.wait(), 10)
        phones.join(first, second)
        assert (await calling.finish(30)).left == 1
        _, row = await centre.settled(2)
    assert (row["agent"], row["ended_by"]) == ("102", "caller")
    await centre.until(lambda status: status.ready == 2)


async def test_caller_joined_while_the_colleagues_telephone_rings_is_handed_on_to_him(centre):
    """He waits for the colleague in the books, whose telephone rings for him then; he is never in nothing."""
    phones = Softphones(centre.slice.telephones, centre.slice.asterisk, answering={"op101"})
    async with phones, centre.callers([Caller("79270000004", patience_ms=6000)]) as calling:
        first = await phones.talk_of("op101")
        await centre.until(lambda status: status.talking == 1)  # nobody consults a colleague before he has spoken
        second = phones.call("op101", "102")
        await asyncio.wait_for(second.rings.wait(), 10)
        phones.answering.add("op102")  # from the next call on: this one rings in vain
        phones.join(first, second)
        await phones.talk_of("op102")
        await centre.until(lambda status: status.operators == {"ready": 1, "talking": 1})
        assert (await calling.finish(30)).left == 1
    rows = await centre.settled(2)
    assert [(row["agent"], row["outcome"], row["ended_by"]) for row in rows] == [
        ("101", "answered", "agent"),
        ("102", "answered", "caller"),
    ]
    (handed,) = await centre.rows(transfers)
    assert (handed["agent"], handed["taken_by"], handed["result"]) == ("101", "102", "taken")
    await centre.until(lambda status: status.ready == 2 and status.talking == status.waiting == 0)


async def test_operator_who_waits_in_a_line_puts_the_caller_into_his_place(centre):
    """The caller waits on at that place and is served by whoever is free next, never left in nothing."""
    await centre.tell("/v1/agents/102/pause", {"reason": "break"})
    phones = Softphones(centre.slice.telephones, centre.slice.asterisk, answering={"op101", "op102"})
    async with phones, centre.callers([Caller("79270000003", patience_ms=20_000)]) as calling:
        first = await phones.talk_of("op101")
        await centre.until(lambda status: status.talking == 1)  # nobody consults a colleague before he has spoken
        second = phones.call("op101", "122")
        await asyncio.wait_for(second.up.wait(), 10)
        await centre.until(lambda status: status.waiting == 1)
        phones.join(first, second)
        for own in (first, second):
            own.over.set()  # Asterisk ends both; whoever is free now takes the caller, the same operator too
        again = await phones.talk_of("op101")
        await centre.until(lambda status: status.talking == 1 and status.waiting == 0)
        await asyncio.sleep(1.5)
        phones.hang_up(again)
        assert (await calling.finish(30)).served == 1
    await centre.until(lambda status: status.waiting == status.talking == 0)

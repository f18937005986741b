"""A caller whom an operator transfers to a line's number is in the line again; what is recorded of it."""

import pytest

from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import LINE, NUMBER, Site

pytestmark = pytest.mark.asterisk


@pytest.fixture
def site() -> Site:
    """Two operators."""
    return Site(operators=2)


TRANSFER = Answering(Kind.TRANSFER, ring_ms=50, talk_ms=1500, transfer_to=NUMBER)
TALK = Answering(ring_ms=50, talk_ms=2500)


async def test_caller_transferred_to_the_line_is_served_again(centre):
    """Two visits, each with its own wait and talk; the operators are free in the end and nothing waits."""
    async with centre.telephones([TRANSFER, TALK]) as telephones, centre.callers([Caller("79272220001")]) as calling:
        assert (await calling.finish(30)).served == 1
    assert [step.event for step in telephones.steps()].count("answered") == 2
    first, second = await centre.settled(2)
    assert [row["outcome"] for row in (first, second)] == ["answered"] * 2
    assert (first["talked_s"], first["ended_by"]) == (pytest.approx(1.5, abs=0.4), "agent")
    assert second["talked_s"] == pytest.approx(2.5, abs=0.4)
    assert second["call"] == f"{first['call']}-1"
    assert second["entered_at"] == pytest.approx(first["ended_at"], abs=0.5)
    assert second["waited_s"] < 1
    assert second["waited_s"] == pytest.approx(second["answered_at"] - second["entered_at"], abs=0.01)
    assert {row["caller"] for row in (first, second)} == {"79272220001"}
    status = await centre.until(lambda status: status.ready == 2)
    assert (status.waiting, status.talking, status.accepted, status.answered) == (0, 0, 2, 2)


async def test_transfers_in_a_row_and_two_callers_keep_the_order(centre):
    """Whoever is transferred stands behind those who wait already; three visits of one caller are three records."""
    plan = [TRANSFER, TRANSFER, TALK, TALK, TALK]
    callers = [Caller("79272220001"), Caller("79272220002", at_ms=200)]
    async with centre.telephones(plan), centre.callers(callers) as calling:
        assert (await calling.finish(40)).served == 2
    rows = await centre.settled(4)
    assert {row["outcome"] for row in rows} == {"answered"}
    await centre.until(lambda status: status.ready == 2 and status.waiting == status.talking == 0)


async def test_transfer_while_the_daemon_is_away_is_recorded_from_asterisks_journal(centre):
    """The talk that the transfer ended is as long as it was, and the caller is in the line when we come back."""
    async with centre.telephones([TRANSFER, TALK]), centre.callers([Caller("79272220001")]) as calling:
        await centre.until(lambda status: status.talking == 1)
        await centre.kill_daemon()
        while f"{LINE}|" not in await centre.asterisk.rx("database show acd-ended"):
            pass
        await centre.start_daemon()
        assert (await calling.finish(30)).served == 1
    first, second = await centre.settled(2)
    assert (first["talked_s"], first["ended_by"]) == (pytest.approx(1.5, abs=0.4), "agent")
    assert (second["outcome"], second["talked_s"]) == ("answered", pytest.approx(2.5, abs=0.4))


SECOND = """
[[line]]
name = "second"
numbers = ["123"]

[[destination]]
kind = "line"
name = "onward"
line = "second"
"""


class TestOnwardToAnotherLine:
    """A destination that is a line."""

    @pytest.fixture
    def site(self) -> Site:
        """One operator of both lines; at two seconds the first line sends its callers on to the second."""
        return Site(
            operators=1, lines=(LINE, "second"), target_wait_s=1, max_wait_s=2, at_max_wait="onward", more=SECOND
        )

    async def test_call_sent_on_is_counted_in_both_lines(self, centre):
        """Overflowed in the first, answered in the second, where the wait counts anew."""
        await centre.tell("/v1/agents/101/pause", {"reason": "break"})
        async with centre.telephones([TALK]), centre.callers([Caller("79272220009")]) as calling:
            await centre.recorded(lambda rows: len(rows) == 2)
            await centre.tell("/v1/agents/101/resume", {})
            assert (await calling.finish(30)).served == 1
        first, second = await centre.settled(2)
        assert (first["queue"], first["outcome"], first["destination"]) == (LINE, "overflowed", "onward")
        assert (second["queue"], second["outcome"], second["call"]) == ("second", "answered", f"{first['call']}-1")
        assert second["entered_at"] == pytest.approx(first["ended_at"], abs=0.3)

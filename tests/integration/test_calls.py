"""Calls through a real Asterisk: who gets them, what is recorded, at whatever moment somebody hangs up (D1, D2)."""

from collections import Counter

import pytest

from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import Site
from metrics.records.tables import facts, offers

pytestmark = pytest.mark.asterisk

QUICK = Answering(ring_ms=100, talk_ms=1500)


def callers(count: int, **how: object) -> list[Caller]:
    """Return so many callers with numbers of their own."""
    return [Caller(f"7927000{index:04}", **how) for index in range(count)]


async def results(centre: LabCentre) -> list[str]:
    """Return how the offers ended, in the order in which they were made: the failure, or the result."""
    rows = sorted(await centre.rows(offers), key=lambda row: (row["offered_at"], row["offer"]))
    return [row["failure"] or row["result"] for row in rows]


class TestOneOperator:
    """Two callers and more, one operator."""

    @pytest.fixture
    def site(self) -> Site:
        """One operator who is never paused for what a test has the telephone do."""
        return Site(operators=1, pause_after_misses=0, back_off_refused_s=0.2, back_off_no_answer_s=0.2)

    async def test_callers_are_served_in_the_order_of_entry(self, centre):
        """First come, first served; each wait and talk is recorded as it was."""
        async with centre.telephones([QUICK]), centre.callers(callers(5), rate=5) as calling:
            counts = await calling.finish(40)
        rows = await centre.settled(5)
        assert (counts.served, counts.unfinished) == (5, 0)
        assert [row["outcome"] for row in rows] == ["answered"] * 5
        answers = [row["answered_at"] for row in rows]
        assert answers == sorted(answers)
        assert all(1.4 < row["talked_s"] < 2.5 for row in rows)
        assert {row["ended_by"] for row in rows} == {"agent"}
        assert all(abs(row["waited_s"] - (row["answered_at"] - row["entered_at"])) < 0.001 for row in rows)

    @pytest.mark.parametrize(
        ("kind", "failure"), [(Kind.REFUSE, "refused"), (Kind.BUSY, "busy")], ids=["refusal", "busy"]
    )
    async def test_caller_keeps_his_place_when_the_operator_does_not_take_him(self, centre, kind, failure):
        """A refusal or a busy telephone costs the caller nothing but the time until it is tried again."""
        plan = [Answering(kind=kind, ring_ms=50), QUICK]
        async with centre.telephones(plan), centre.callers(callers(2), rate=5) as calling:
            await calling.finish(40)
        rows = await centre.settled(2)
        assert [row["outcome"] for row in rows] == ["answered"] * 2
        assert rows[0]["answered_at"] < rows[1]["answered_at"]
        assert rows[0]["misses"] >= 1
        assert (await results(centre))[0] == failure

    async def test_operator_who_answers_and_drops_at_once_does_not_lose_the_caller(self, centre):
        """The caller goes back to his old place and is offered again."""
        plan = [Answering(ring_ms=50, talk_ms=1), QUICK, QUICK]
        async with centre.telephones(plan), centre.callers(callers(2), rate=5) as calling:
            counts = await calling.finish(40)
        rows = await centre.settled(2)
        assert counts.served == 2
        assert [row["returns"] for row in rows] == [1, 0]
        assert rows[0]["answered_at"] < rows[1]["answered_at"]

    async def test_caller_who_hangs_up_in_a_talk_ended_it(self, centre):
        """The records say who hung up, and the operator is free for the next."""
        async with centre.telephones([Answering(ring_ms=50, talk_ms=60_000)]):
            async with centre.callers(callers(2, patience_ms=3000), rate=1) as calling:
                counts = await calling.finish(40)
        rows = await centre.settled(2)
        assert counts.left == 2
        assert (rows[0]["outcome"], rows[0]["ended_by"], rows[0]["cause"]) == ("answered", "caller", 16)
        status = await centre.until(lambda status: status.ready == 1)
        assert status.talking == 0


class TestImpatience:
    """Callers who hang up at every stage."""

    @pytest.fixture
    def site(self) -> Site:
        """Two operators, a greeting of some seconds."""
        return Site(operators=2, greeting="queue-thankyou", ring_s=30)

    async def test_caller_leaves_in_the_greeting_waiting_and_while_it_rings(self, centre):
        """Each is abandoned at the stage where he was; nobody is left ringing."""
        plan = [Answering(kind=Kind.SILENT)]
        async with centre.telephones(plan) as telephones:
            async with centre.callers(callers(1, patience_ms=700)) as calling:
                await calling.finish(20)
            leaving = [*callers(2, patience_ms=9000), Caller("79270009999", patience_ms=8000)]
            async with centre.callers(leaving, rate=3) as calling:
                await calling.finish(30)
        rows = await centre.settled(4)
        assert {row["outcome"] for row in rows} == {"abandoned"}
        assert [row["stage"] for row in rows] == ["greeting", "ringing", "ringing", "waiting"]
        assert telephones.counts().answered == 0
        await centre.until(lambda status: status.ready == 2 and status.waiting == 0)

    async def test_caller_leaves_at_the_instant_of_the_answer(self, centre):
        """Whatever comes first, each call has one outcome, the telephones are still and the operators ready."""
        centre_count = 12
        # The greeting lasts some 5 s: patience is spread finely around the answer that follows it.
        leaving = [
            Caller(f"7927000{i:04}", patience_ms=5000 + 40 * i, at_ms=2500 * (i // 2)) for i in range(centre_count)
        ]
        async with centre.telephones([Answering(ring_ms=100, talk_ms=60_000)]), centre.callers(leaving) as calling:
            counts = await calling.finish(60)
        rows = await centre.settled(centre_count)
        assert counts.unfinished == 0
        assert {row["outcome"] for row in rows} <= {"answered", "abandoned"}
        kinds = Counter(row["kind"] for row in await centre.rows(facts) if row["call"])
        ended = kinds["CallEnded"] + kinds["CallAbandoned"]
        assert (kinds["CallAccepted"], ended) == (centre_count, centre_count)
        await centre.until(lambda status: status.ready == 2)


class TestEarlyEnd:
    """Callers who hang up before their call has come to us."""

    @pytest.fixture
    def site(self) -> Site:
        """One operator."""
        return Site(operators=1)

    async def test_caller_who_hangs_up_while_asterisk_answers_is_recorded(self, centre):
        """Answer waits up to 500 ms for speech before the hook is reached; the call was accepted all the same (D1)."""
        early = [Caller(f"7927000{i:04}", patience_ms=20 + 30 * i, at_ms=150 * i) for i in range(12)]
        async with centre.telephones([QUICK]), centre.callers(early) as calling:
            counts = await calling.finish(40)
        rows = await centre.settled(12)
        assert counts.unfinished == 0
        assert {row["outcome"] for row in rows} <= {"abandoned", "answered"}
        assert rows[0]["outcome"] == "abandoned"
        assert rows[0]["stage"] == "greeting"
        assert all(row["caller"].startswith("7927000") for row in rows)
        await centre.until(lambda status: status.ready == 1)


class TestMisses:
    """Operators who do not answer."""

    @pytest.fixture
    def site(self) -> Site:
        """Two operators, telephones that ring for two seconds."""
        return Site(operators=2, ring_s=2, pause_after_misses=2, back_off_no_answer_s=0.5)

    async def test_ring_no_answer_goes_to_another_operator_and_pauses_who_misses_twice(self, centre):
        """Offered on at once, not to the same operator while another is free; the reason of the pause is shown."""
        mute = Answering(kind=Kind.SILENT)
        behaviour = {"op101": mute, "op102": QUICK}
        async with centre.telephones([QUICK], operators=behaviour):
            async with centre.callers(callers(4), rate=0.4) as calling:
                counts = await calling.finish(60)
            assert counts.served == 4
            await centre.until(lambda status: status.operators.get("paused") == 1)
        agents = {row["agent"]: row for row in (await centre.ask("/v1/agents"))["agents"]}
        assert (agents["101"]["state"], agents["101"]["reason"]) == ("paused", "missed")
        await centre.settled(4)
        missed = [row for row in await centre.rows(offers) if row["result"] == "missed"]
        assert {row["agent"] for row in missed} == {"101"}
        assert len(missed) == 2
        assert all(1.9 < row["rang_s"] < 3.5 for row in missed)

    async def test_telephone_that_gives_no_answer_at_all_is_a_miss(self, centre):
        """A telephone without power is rung for the ring time, then the next operator gets the call."""
        behaviour = {"op101": Answering(kind=Kind.DEAF), "op102": Answering(kind=Kind.DEAF)}
        async with centre.telephones([QUICK], operators=behaviour):
            async with centre.callers(callers(1, patience_ms=12_000)) as calling:
                counts = await calling.finish(60)
        rows = await centre.settled(1)
        assert counts.left == 1
        assert rows[0]["misses"] >= 2


class TestMaximumWait:
    """D2: at the maximum wait something always happens."""

    @pytest.fixture
    def site(self) -> Site:
        """Norms shortened to seconds; at the maximum a message is played."""
        more = '[[destination]]\nkind = "message"\nname = "sorry"\nsounds = ["queue-thankyou"]\n'
        return Site(operators=1, target_wait_s=1, max_wait_s=3, at_max_wait="sorry", more=more)

    async def test_call_leaves_the_line_at_the_maximum_wait(self, centre):
        """With the operator in a long talk the second caller is sent to the destination of the profile."""
        async with centre.telephones([Answering(ring_ms=50, talk_ms=9000)]):
            async with centre.callers(callers(2), rate=5) as calling:
                counts = await calling.finish(40)
        rows = await centre.settled(2)
        assert counts.served == 2
        assert [row["outcome"] for row in rows] == ["answered", "overflowed"]
        assert rows[1]["destination"] == "sorry"
        assert 3.0 <= rows[1]["waited_s"] < 3.3
        assert rows[1]["target_passed"]

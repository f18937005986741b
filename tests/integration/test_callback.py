"""Call-backs through a real Asterisk: whoever vanishes, is refused, or dies in between, is called back (C1 to C4)."""

import asyncio
from collections.abc import Callable, Sequence

import orjson
import pytest
from sqlalchemy import RowMapping

from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.keys import write_keys
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import Site
from acd.lab.sounds import write_tone
from metrics.records.tables import call_back_attempts, call_backs, facts

pytestmark = pytest.mark.asterisk

CALLER = "79270000001"
NUMBER = "+79270000001"
QUICK = Answering(ring_ms=100, talk_ms=2500)
LONG = Answering(ring_ms=100, talk_ms=60_000)
CALLBACK = """
[line.callback]
trunk = "city"
hours = []
after_busy_s = 1.0
after_no_answer_s = 1.0
after_unreachable_s = 1.0
after_refused_s = 1.0
after_left_s = 1.0
outcome_within_s = 1.0
ring_s = 2.0
"""


def site_with(more: str = "", keys: str = "", **how: object) -> Site:
    """Return a site whose line calls back."""
    settings = {"operators": 2, "pause_after_misses": 0, **how}
    return Site(trunk_port=5090, line=keys + CALLBACK + more, **settings)


@pytest.fixture
def site() -> Site:
    """Two operators; attempts follow each other after a second."""
    return site_with()


Condition = Callable[[Sequence[RowMapping]], bool]


async def until_rows(centre: LabCentre, table, condition: Condition, limit_s: float = 30.0):
    """Wait until the rows of a table satisfy the condition, and return them."""
    rows: Sequence[RowMapping] = []
    try:
        async with asyncio.timeout(limit_s):
            while True:
                rows = await centre.rows(table)
                if condition(rows):
                    return rows
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ProcessFailed("records", "are not as they should be", "\n".join(str(dict(r)) for r in rows)) from None


async def until_ended(centre: LabCentre, count: int = 1, limit_s: float = 30.0):
    """Wait until so many requests are there and all have ended."""
    return await until_rows(
        centre, call_backs, lambda rows: len(rows) == count and all(row["result"] for row in rows), limit_s
    )


async def told(centre: LabCentre, kind: str) -> list[dict]:
    """Return the facts of one kind, in order."""
    rows = [row for row in await centre.rows(facts) if row["kind"] == kind]
    return [orjson.loads(row["payload"]) for row in sorted(rows, key=lambda row: row["at"])]


async def broken_call(centre: LabCentre, patience_ms: int = 2500) -> None:
    """Let a caller talk so shortly that his talk counts as broken."""
    async with centre.callers([Caller(CALLER, patience_ms=patience_ms)]) as calling:
        await calling.finish(30)


async def test_operator_of_a_broken_talk_calls_the_caller_back(centre):
    """His own telephone rings first, then the caller's with the line's number; the talk ends the request."""
    async with centre.telephones([LONG, QUICK]) as telephones, centre.far_side([LONG]) as far:
        await broken_call(centre)
        [request] = await until_ended(centre)
        assert (request["result"], request["attempts"]) == ("done", 1)
        assert [step.who for step in far.steps() if step.event == "offered"] == [NUMBER]
        assert (await far.until(answered=1)).answered == 1
    [broke] = await told(centre, "CallBroke")
    [reached] = await told(centre, "CallbackReached")
    assert (broke["kind"], reached["agent"]) == ("short_talk", broke["agent"])
    assert {step.who for step in telephones.steps()} == {f"op{broke['agent']}"}
    [attempt] = await told(centre, "CallbackAttemptStarted")
    assert attempt["within_limit"]
    assert attempt["after_break_s"] < 0.5
    assert (await centre.until(lambda status: status.ready == 2)).talking == 0


@pytest.mark.parametrize("site", [site_with('first_leg = "caller"\nmode = "first_free"\n')])
async def test_caller_first_meets_the_operator_in_the_hook(centre):
    """The caller's telephone is called, and when he answers the operator who is kept for him is rung at once."""
    async with centre.telephones([LONG, QUICK, QUICK]), centre.far_side([LONG]):
        await broken_call(centre)
        [request] = await until_ended(centre)
    assert request["result"] == "done"
    [attempt] = await told(centre, "CallbackAttemptStarted")
    assert attempt["first_leg"] == "caller"
    assert attempt["after_break_s"] < 0.5
    assert (await centre.until(lambda status: status.ready == 2)).talking == 0


class TestVanished:
    """Somebody is gone in the middle of a talk and nothing says so but the silence."""

    @pytest.fixture
    def site(self) -> Site:
        """Speech is looked for: three seconds of silence end a leg."""
        return site_with("short_talk_s = 0.0\n", rtp_timeout_s=3)

    async def test_caller_who_vanishes_in_a_talk_is_called_back(self, centre):
        """His speech stops and no BYE comes: Asterisk ends the call, and his operator calls him back."""
        tone = write_tone(centre.home / "tone.al")
        talk = Answering(ring_ms=100, talk_ms=4000)
        far = centre.far_side([LONG], rtp_file=tone)
        async with centre.telephones([LONG, talk], rtp_file=tone), far:
            async with centre.callers([Caller(CALLER, patience_ms=60_000)], rtp_file=tone):
                await centre.until(lambda status: status.talking == 1)
            [request] = await until_ended(centre)
        [broke] = await told(centre, "CallBroke")
        assert (broke["kind"], broke["cause"]) == ("connection_lost", 44)
        assert request["result"] == "done"

    async def test_caller_is_called_back_by_another_when_the_operators_telephone_vanishes(self, centre):
        """The dead telephone is nobody's to call from: the next operator does."""
        tone = write_tone(centre.home / "tone.al")
        async with centre.far_side([LONG], rtp_file=tone):
            calling = centre.callers([Caller(CALLER, patience_ms=60_000)], rtp_file=tone)
            async with calling:
                async with centre.telephones([LONG], rtp_file=tone):
                    await centre.until(lambda status: status.talking == 1)
                again = centre.telephones([Answering(ring_ms=100, talk_ms=4000)], rtp_file=tone)
                async with again:
                    [request] = await until_ended(centre)
        [broke] = await told(centre, "CallBroke")
        assert (broke["kind"], broke["cause"]) == ("operator_lost", 44)
        assert request["result"] == "done"


@pytest.mark.parametrize(
    ("status", "failure"),
    [(503, "unreachable"), (486, "busy"), (480, "no_answer"), (404, "unreachable"), (603, "refused")],
)
async def test_refused_attempts_are_repeated_as_often_as_the_norm_says(centre, status, failure):
    """Whatever the trunk answers, two attempts are made, with their causes, and the request ends with its reason."""
    async with centre.telephones([LONG, LONG, LONG, LONG]), centre.refusing_far_side(status) as far:
        await broken_call(centre)
        [request] = await until_ended(centre)
        assert far.refused == 2
    assert (request["result"], request["reason"], request["attempts"]) == ("given_up", "attempts_made", 2)
    attempts = await centre.rows(call_back_attempts)
    assert [row["failure"] for row in attempts] == [failure] * 2
    assert (await centre.until(lambda status: status.ready == 2)).talking == 0


@pytest.mark.parametrize("kind", [Kind.SILENT, Kind.DEAF], ids=["rings on", "nothing"])
async def test_second_attempt_reaches_whoever_did_not_answer_the_first(centre, kind):
    """A caller who does not answer, or a trunk that says nothing at all, is tried again after the spacing."""
    async with centre.telephones([LONG, LONG, QUICK]), centre.far_side([Answering(kind=kind), LONG]):
        await broken_call(centre)
        [request] = await until_ended(centre)
    assert (request["result"], request["attempts"]) == ("done", 2)
    first, second = sorted(await centre.rows(call_back_attempts), key=lambda row: row["started_at"])
    assert first["failure"] == "no_answer"
    assert second["started_at"] - first["ended_at"] >= 1.0
    assert second["reached_at"] is not None


async def test_caller_who_calls_in_while_he_is_called_back_is_served_in_his_own_call(centre):
    """Our attempt ends, his call wins, and nobody calls him again."""
    async with centre.telephones([LONG, LONG, QUICK]), centre.far_side([Answering(kind=Kind.SILENT)]) as far:
        await broken_call(centre)
        await until_rows(centre, call_back_attempts, lambda rows: len(rows) == 1)
        async with centre.callers([Caller(CALLER, patience_ms=60_000)], port=5062) as again:
            assert (await again.finish(40)).served == 1
        [request] = await until_ended(centre)
        assert (await far.until(cancelled=1)).cancelled == 1
    assert request["result"] == "merged"
    assert (await centre.until(lambda status: status.ready == 2)).talking == 0


class TestKilledDaemon:
    """`kill -9` between the break and the attempt."""

    @pytest.fixture
    def site(self) -> Site:
        """One operator who is talking to somebody else; time enough to start a daemon on a busy machine."""
        return site_with("min_wait_s = 1.0\nfirst_attempt_s = 25.0\n", operators=1)

    async def break_while_busy(self, centre: LabCentre) -> None:
        """Let a second caller leave the line while the only operator talks, and kill the daemon after it."""
        async with centre.callers([Caller(CALLER, patience_ms=2500)], port=5062) as leaving:
            await leaving.finish(20)
        await until_rows(centre, call_backs, lambda rows: len(rows) == 1)
        await centre.kill_daemon()

    async def test_daemon_that_is_back_in_time_calls_within_the_limit(self, centre):
        """What is owed was stored before anything was done about it, and its limit runs from the break."""
        busy = [Answering(ring_ms=100, talk_ms=60_000), QUICK]
        async with centre.telephones(busy), centre.far_side([LONG]):
            async with centre.callers([Caller("79270000009", patience_ms=60_000)]):
                await centre.until(lambda status: status.talking == 1)
                await self.break_while_busy(centre)
                await centre.start_daemon()
                [attempt] = await until_rows(centre, call_back_attempts, lambda rows: len(rows) == 1)
        assert attempt["within_limit"]
        assert 20.0 < attempt["after_break_s"] <= 25.0

    @pytest.mark.parametrize("site", [site_with("min_wait_s = 1.0\nfirst_attempt_s = 12.0\n", operators=1)])
    async def test_daemon_that_is_back_too_late_says_so_and_calls(self, centre):
        """The limit has passed: that is recorded, and the caller is called all the same."""
        busy = [Answering(ring_ms=100, talk_ms=60_000), QUICK]
        async with centre.telephones(busy), centre.far_side([LONG]):
            async with centre.callers([Caller("79270000009", patience_ms=60_000)]):
                await centre.until(lambda status: status.talking == 1)
                await self.break_while_busy(centre)
                await asyncio.sleep(13)
                await centre.start_daemon()
                [attempt] = await until_rows(centre, call_back_attempts, lambda rows: len(rows) == 1)
        assert not attempt["within_limit"]
        assert len(await told(centre, "CallbackLate")) == 1

    async def test_talk_of_a_call_back_goes_on_without_us_and_is_booked(self, centre):
        """Operator and caller talk on while the daemon is dead; the next one finds the talk and ends the request."""
        async with centre.telephones([LONG, Answering(ring_ms=100, talk_ms=20_000)]), centre.far_side([LONG]):
            await broken_call(centre)
            await until_rows(
                centre, call_back_attempts, lambda rows: any(row["reached_at"] is not None for row in rows)
            )
            await centre.kill_daemon()
            await centre.start_daemon()
            await centre.until(lambda status: status.talking == 1)
            [request] = await until_ended(centre)
        assert (request["result"], request["attempts"]) == ("done", 1)
        assert (await centre.until(lambda status: status.ready == 1)).talking == 0


@pytest.mark.parametrize("site", [site_with("first_attempt_s = 40.0\n")])
async def test_caller_whose_talk_died_with_asterisk_is_called_back_once_it_is_up(centre):
    """Asterisk dies in the middle of a talk: neither side hung up, and the caller is owed a call."""
    async with centre.telephones([LONG, QUICK, QUICK]), centre.far_side([LONG]):
        async with centre.callers([Caller(CALLER, patience_ms=60_000)]):
            await centre.until(lambda status: status.talking == 1)
            await centre.asterisk.kill9()
        await centre.asterisk.start()
        [request] = await until_ended(centre, limit_s=60.0)
    [broke] = await told(centre, "CallBroke")
    assert (broke["kind"], request["result"]) == ("system_failed", "done")
    [attempt] = await centre.rows(call_back_attempts)
    assert attempt["within_limit"]


@pytest.mark.parametrize("site", [site_with("short_talk_s = 0.0\n")])
async def test_operator_says_by_code_that_the_talk_was_not_finished(centre):
    """The talk ended in an ordinary way and is called back because its operator says so."""
    async with centre.telephones([LONG, QUICK]), centre.far_side([LONG]):
        await broken_call(centre)
        [end] = await until_facts(centre, "CallEnded")
        assert not await told(centre, "CallBroke")
        async with centre.operator_calls(f"op{end['agent']}", "*15", patience_ms=3000) as saying:
            await saying.finish(20)
        [request] = await until_ended(centre)
    assert request["result"] == "done"
    assert [broke["kind"] for broke in await told(centre, "CallBroke")] == ["reported"]


@pytest.mark.parametrize("site", [site_with(keys='key = [{ key = "1", callback = true }]\n', operators=1)])
@pytest.mark.parametrize("way", ["rtp", "info"])
async def test_waiting_caller_exchanges_his_wait_for_a_call(centre, way):
    """He presses the key, hears his number, presses again and is let go; in his turn he is called (C3)."""
    keys = {"info_keys": "11"} if way == "info" else {"digits": write_keys(centre.home / "keys", "11")}
    busy = Answering(ring_ms=100, talk_ms=9000)
    async with centre.telephones([busy, QUICK]), centre.far_side([LONG]) as far:
        async with centre.callers([Caller("79270000009", patience_ms=60_000)]):
            await centre.until(lambda status: status.talking == 1)
            waiting = centre.callers(
                [Caller(CALLER, patience_ms=30_000)],
                port=5062,
                digit_gap_ms=2000,
                rtp_file=write_tone(centre.home / "tone.al"),
                **keys,
            )
            async with waiting:
                assert (await waiting.finish(20)).served == 1
            [request] = await until_ended(centre)
        assert [step.who for step in far.steps() if step.event == "offered"] == [NUMBER]
    assert (request["origin"], request["result"]) == ("place", "done")


async def until_facts(centre: LabCentre, kind: str) -> list[dict]:
    """Wait for the first fact of a kind."""
    await until_rows(centre, facts, lambda rows: any(row["kind"] == kind for row in rows))
    return await told(centre, kind)


async def test_number_that_is_not_permitted_is_never_dialled(centre):
    """A premium number that somebody shows as his own is recorded as impossible, and nothing goes out (C4)."""
    async with centre.telephones([LONG]), centre.far_side([LONG]) as far:
        async with centre.callers([Caller("88091234567", patience_ms=2500)]) as calling:
            await calling.finish(30)
        [request] = await until_ended(centre)
        assert far.counts().offered == 0
    assert (request["result"], request["reason"]) in {("impossible", "not_permitted"), ("impossible", "invalid")}

"""The numbers of a report against a brute-force reading of the facts, on SQLite and on PostgreSQL."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import astuple
from datetime import date
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.agent_time import AgentTime, handling_time, occupancy
from metrics.counts import CallCounts, counts_of
from metrics.facts import (
    CallTakenOver,
    CallTransferred,
    Consent,
    RecordingKept,
    TakeoverEnded,
    TransferTarget,
    TransferWay,
)
from metrics.norms import Standard
from metrics.records.codec import RecordedFact
from metrics.records.counting import Scope, count_by_line
from metrics.records.database import open_engine, reading, upgrade
from metrics.records.passed_on import TransferCounts
from metrics.records.rows import REPEAT_WITHIN_S, CallRow, Outcome
from metrics.reports.gather import Gathered, Person, gather
from metrics.reports.periods import Interval, Period, days
from metrics.reports.tables import transfer_table
from queue_engine.facts import (
    AbandonStage,
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallEnded,
)
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party
from tests.metrics.stories import START, call_rows, story
from tests.metrics.storing import store

ZONE = ZoneInfo("Europe/Saratov")
STANDARD = Standard()


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """An empty database with the newest schema."""
    await asyncio.to_thread(upgrade, url)
    made = open_engine(url)
    yield made
    await made.dispose()


async def gathered(
    engine: AsyncEngine,
    period: Period,
    as_of: float,
    people: dict[str, Person] | None = None,
    line: str | None = None,
) -> Gathered:
    """Gather the numbers of a period, over all lines or on one."""
    async with reading(engine) as connections:
        return await gather(connections, period, STANDARD, as_of=as_of, line=line, people=people)


def seconds_by_state(told: list[RecordedFact], period: Period, as_of: float) -> dict[tuple[str, str], float]:
    """Read the operators' time off the facts one by one."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    changes = [fact for fact in told if isinstance(fact, AgentStateChanged)]
    for number, fact in enumerate(changes):
        later = (other.at for other in changes[number + 1 :] if other.agent == fact.agent)
        end = min(next(later, min(as_of, period.end)), period.end)
        found[fact.agent, fact.after] += max(0.0, end - max(fact.at, period.start))
    return found


def repeats_by_hand(rows: list[CallRow], period: Period, as_of: float) -> tuple[int, int, int, int]:
    """Return known, repeated, decided, resolved by comparing each call with each other."""
    known = [r for r in rows if r.caller and r.outcome != Outcome.REFUSED and r.visit == 1]
    inside = [r for r in known if period.start <= r.entered_at < period.end]

    def within(one: CallRow, other: CallRow) -> bool:
        return one is not other and 0 <= other.entered_at - one.entered_at <= REPEAT_WITHIN_S

    repeated = sum(any(within(e, r) and e.caller == r.caller for e in known) for r in inside)
    answered = [r for r in inside if r.outcome == Outcome.ANSWERED]
    followed = {r.call for r in answered if any(within(r, n) and n.caller == r.caller for n in known)}
    over = {r.call for r in answered if r.entered_at + REPEAT_WITHIN_S <= as_of}
    return len(inside), repeated, len(over | followed), len(over - followed)


@pytest.mark.parametrize("seed", range(3))
async def test_a_period_reads_as_its_facts_do(engine: AsyncEngine, seed: int) -> None:
    """Calls by interval, operators' seconds by state, repeats: all as counted from the facts one by one."""
    rng = Random(seed)
    told = story(rng, calls=80, span_s=3 * 86400)
    as_of = START + 2.2 * 86400
    await store(engine, told)
    period = days(date(2026, 9, 22), date(2026, 9, 23), ZONE)
    found = await gathered(engine, period, as_of)
    rows = [row for row in call_rows(told) if period.start <= row.entered_at < period.end]
    assert found.total.accepted == sum(counts_of(row, STANDARD.default).accepted for row in rows)
    for start, counts in found.by_interval(Interval.HOUR).items():
        own = [r for r in rows if start <= r.entered_at < start + 3600]
        assert astuple(counts) == pytest.approx(
            astuple(sum((counts_of(r, STANDARD.default) for r in own), CallCounts()))
        )
    heat = found.by_weekday_hour()
    assert sum(counts.accepted for counts in heat.values()) == found.total.accepted
    expected = seconds_by_state(told, period, as_of)
    for (agent, state), seconds in expected.items():
        assert found.times.get(agent, AgentTime()).by_state.get(state, 0.0) == pytest.approx(seconds)
    repeats = found.repeats
    assert (repeats.known, repeats.repeated, repeats.decided, repeats.resolved) == repeats_by_hand(
        call_rows(told), period, as_of
    )
    assert sum(found.unanswered_by_second.values()) == found.total.accepted - found.total.answered


def shift(agent: str, *stays: tuple[AgentState, float]) -> list[RecordedFact]:
    """Return the facts of an operator's stays, one after another from START."""
    told: list[RecordedFact] = []
    at, before = START, AgentState.LOGGED_OUT
    for state, seconds in stays:
        told.append(AgentStateChanged(Instant(at), AgentId(agent), before, state, "", agent, 0.0))
        at, before = at + seconds, state
    told.append(AgentStateChanged(Instant(at), AgentId(agent), before, AgentState.LOGGED_OUT, "", agent, 0.0))
    return told


async def test_occupancy_and_handling_time_worked_out_by_hand(engine: AsyncEngine) -> None:
    """An hour: 30 min ready, 20 min talk, 4 min wrap-up, 6 min pause; occupancy 24/54, AHT (1200 + 240) / 2."""
    stays = (
        (AgentState.READY, 1800.0),
        (AgentState.TALKING, 1200.0),
        (AgentState.WRAP_UP, 240.0),
        (AgentState.PAUSED, 360.0),
    )
    told: list[RecordedFact] = shift("101", *stays)
    line = QueueName("122")
    for number in (1, 2):
        at, call, agent = Instant(START + number), CallId(f"c{number}"), AgentId("101")
        told += [
            CallAccepted(at, call, line, "+79170000001", at, 0),
            CallAnswered(at, call, line, OfferId(number), agent, 0.0),
            CallEnded(Instant(at + 600), call, line, "", agent, Party.CALLER, 16, 0.0, 600.0),
        ]
    await store(engine, sorted(told, key=lambda fact: fact.at))
    period = days(date(2026, 9, 21), date(2026, 9, 21), ZONE)
    found = await gathered(engine, period, START + 7200, {"101": Person("Anna", "1")})
    assert found.time.logged_in_s == pytest.approx(3600)
    assert occupancy(found.time) == pytest.approx(24 / 54)
    assert handling_time(found.total, found.time) == pytest.approx(720)
    assert found.repeats.repeated == 1
    ((level, (counts, time, _)),) = found.by_level().items()
    assert (level, counts.answered) == ("1", 2)
    assert time.logged_in_s == pytest.approx(3600)


def test_nobody_at_work_has_no_occupancy() -> None:
    """Without time at work and without talks the ratios are not 0 but nothing."""
    assert occupancy(AgentTime()) is None
    assert occupancy(AgentTime({AgentState.PAUSED: 60.0})) is None
    assert handling_time(CallCounts(), AgentTime()) is None


async def test_a_talk_over_midnight_belongs_to_the_day_it_entered(engine: AsyncEngine) -> None:
    """The call counts whole on the day of its entry; the operator's seconds are divided at midnight."""
    midnight = days(date(2026, 9, 22), date(2026, 9, 22), ZONE).start
    line, call, agent = QueueName("122"), CallId("c"), AgentId("101")
    before = Instant(midnight - 60)
    told: list[RecordedFact] = [
        AgentStateChanged(before, agent, AgentState.LOGGED_OUT, AgentState.TALKING, "", "101", 0.0),
        CallAccepted(before, call, line, "", before, 0),
        CallAnswered(before, call, line, OfferId(1), agent, 0.0),
        CallEnded(Instant(midnight + 240), call, line, "", agent, Party.CALLER, 16, 0.0, 300.0),
        AgentStateChanged(Instant(midnight + 240), agent, AgentState.TALKING, AgentState.READY, "", "101", 300.0),
    ]
    await store(engine, told)
    one, other = [
        await gathered(engine, days(date(2026, 9, day), date(2026, 9, day), ZONE), midnight + 240) for day in (21, 22)
    ]
    assert (one.total.accepted, one.total.talked_s, other.total.accepted) == (1, 300.0, 0)
    assert one.times["101"].by_state["talking"] == pytest.approx(60)
    assert other.times["101"].by_state["talking"] == pytest.approx(240)


async def test_a_report_sees_one_moment(engine: AsyncEngine) -> None:
    """What is committed while a report reads is not in it, whichever of its connections looks."""
    told = story(Random(9), calls=20)
    await store(engine, told[:50])
    scope = Scope(START - 86400, START + 86400)
    async with reading(engine) as (first, second):
        before = [await count_by_line(connection, scope, STANDARD) for connection in (first, second)]
        await store(engine, told[50:], run="later")
        after = [await count_by_line(connection, scope, STANDARD) for connection in (first, second)]
    assert before[0] == before[1] == after[0] == after[1]


async def test_transfers_are_counted_by_way_and_target(engine: AsyncEngine) -> None:
    """Two blind ones to a colleague, one taken after 7 s, one returned; one to a line whose caller hung up."""
    line = QueueName("122")

    def handed_on(at: float, call: str, way: TransferWay, kind: TransferTarget) -> CallTransferred:
        return CallTransferred(
            Instant(at), CallId(call), line, AgentId("101"), way, kind, "102", CallId(f"{call}-1"), "101",
            Consent.NOT_NEEDED,
        )  # fmt: skip

    blind, attended = TransferWay.BLIND, TransferWay.ATTENDED
    told: list[RecordedFact] = [
        handed_on(START, "s-1.1", blind, TransferTarget.OPERATOR),
        CallAnswered(Instant(START + 7), CallId("s-1.1-1"), line, None, AgentId("102"), 7.0),
        handed_on(START + 8, "s-1.2", blind, TransferTarget.OPERATOR),
        CallAnswered(Instant(START + 38), CallId("s-1.2-1"), line, None, AgentId("101"), 30.0),
        handed_on(START + 40, "s-1.3", attended, TransferTarget.LINE),
        CallAbandoned(Instant(START + 45), CallId("s-1.3-1"), line, "", AbandonStage.WAITING, 5.0, 16),
    ]
    await store(engine, told)
    found = await gathered(engine, days(date(2026, 9, 21), date(2026, 9, 21), ZONE), START + 7200)
    assert dict(found.transfers) == {
        ("attended", "line"): TransferCounts(count=1, left=1),
        ("blind", "operator"): TransferCounts(count=2, taken=1, returned=1, waited_s=7.0),
    }
    assert found.taken_over == 0
    table = transfer_table(found)
    assert table.total is not None
    assert table.total[2:] == (3, 1, 1, 1, 0, 7.0)


async def test_takeovers_and_recordings_are_counted(engine: AsyncEngine) -> None:
    """S1, S4: on all lines and on one; a takeover is a row of its own among the transfers."""

    def recorded(at: float, call: str) -> RecordingKept:
        return RecordingKept(
            Instant(at + 60), f"{at:.0f}_{call}_op101", CallId(call), "op101", Instant(at), 60.0, "x.wav", 9, "00", 1,
            "", Instant(at + 86_400),
        )  # fmt: skip

    told: list[RecordedFact] = []
    for number, line in enumerate(("122", "122", "oms")):
        call = CallId(f"s-{number}.1")
        told += [
            CallAccepted(Instant(START + number), call, QueueName(line), "+7927", Instant(START + number), 0),
            CallAnswered(Instant(START + number + 1), call, QueueName(line), None, AgentId("101"), 1.0),
            recorded(START + number + 1, call),
        ]
    told += [
        CallTakenOver(Instant(START + 30), CallId("s-0.1"), QueueName("122"), AgentId("101"), "op900", "Senior"),
        TakeoverEnded(Instant(START + 50), CallId("s-0.1"), 20.0, "Senior"),
        recorded(START + 86_400, "s-9.1"),
    ]
    await store(engine, told)
    day = days(date(2026, 9, 21), date(2026, 9, 21), ZONE)
    for line, taken, talks in ((None, 1, 3), ("122", 1, 2), ("oms", 0, 1)):
        found = await gathered(engine, day, START + 7200, line=line)
        figures = {figure.name: figure.value for figure in found.figures()}
        assert (figures["taken_over"], figures["recorded_talks"]) == (taken, talks)
    assert dict((await gathered(engine, day, START + 7200)).transfers) == {
        ("taken", "supervisor"): TransferCounts(count=1, taken=1)
    }

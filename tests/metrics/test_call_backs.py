"""Breaks and call-backs: rows as the facts say, K5 and K6 as worked out by hand from SAR 5.2."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.facts import (
    BreakJoined,
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackGivenUp,
    CallbackImpossible,
    CallbackLate,
    CallbackMerged,
    CallbackOwed,
    CallbackReached,
    CallBroke,
)
from callback.ids import RequestId, attempt_call
from callback.kinds import AttemptFailure, BreakKind, GiveUpReason, ImpossibleReason, Leg, Mode, Origin
from metrics.call_backs import AttemptsCourse, BreakCourse, by_attempts, call_back_figures
from metrics.norms import AttemptsRule, Norms, Rules, Standard
from metrics.records.broken import breaks_owed, breaks_owed_nothing
from metrics.records.codec import RecordedFact
from metrics.records.counting import Scope, count_by_line
from metrics.records.database import open_engine, upgrade
from metrics.records.tables import call_back_attempts, call_backs, calls
from metrics.reports.words import WORDS
from queue_engine.facts import CallAnswered, CallEnded, CallOffered
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party
from tests.metrics.stories import START
from tests.metrics.storing import store

LINE = QueueName("122")
NUMBER = "+79170000001"
AGENT = AgentId("101")
SCOPE = Scope(START, START + 86400)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """An empty database with the newest schema."""
    await asyncio.to_thread(upgrade, url)
    made = open_engine(url)
    yield made
    await made.dispose()


def broke(call: str, at: float) -> CallBroke:
    """Return the fact that a call broke off."""
    return CallBroke(
        Instant(at),
        CallId(call),
        LINE,
        NUMBER,
        BreakKind.CONNECTION_LOST,
        Party.SYSTEM,
        44,
        AGENT,
        1.0,
        9.0,
        Instant(at),
    )


def owed(request: int, call: str, at: float) -> CallbackOwed:
    """Return the fact that a call-back is owed for it."""
    return CallbackOwed(
        Instant(at), RequestId(request), LINE, NUMBER, Origin.BREAK, CallId(call), Instant(at), Instant(at), 15.0,
        Mode.SAME_OPERATOR, AGENT, "system",
    )  # fmt: skip


def started(request: int, attempt: int, call: str, *, broken_at: float, after_s: float) -> CallbackAttemptStarted:
    """Return the fact that an attempt begins."""
    return CallbackAttemptStarted(
        Instant(broken_at + after_s), RequestId(request), LINE, attempt_call(RequestId(request), attempt), NUMBER,
        attempt, attempt, CallId(call), Instant(broken_at), after_s, 15.0, after_s <= 15, Leg.OPERATOR, AGENT,
    )  # fmt: skip


def failed(request: int, attempt: int, at: float) -> CallbackAttemptFailed:
    """Return the fact that an attempt did not reach the caller."""
    call = attempt_call(RequestId(request), attempt)
    return CallbackAttemptFailed(Instant(at), RequestId(request), LINE, call, AttemptFailure.BUSY, 17, True, None)


def a_day_of_breaks() -> list[RecordedFact]:
    """Return four breaks: reached at once, given up after two, late with one attempt, and a number nobody can call."""
    first, second, third, fourth = (START + 1000.0 * n for n in range(1, 5))
    talk = attempt_call(RequestId(1), 1)
    return [
        broke("b1", first),
        owed(1, "b1", first),
        started(1, 1, "b1", broken_at=first, after_s=4.0),
        CallOffered(Instant(first + 4), talk, LINE, OfferId(1), AGENT, 0.0),
        CallAnswered(Instant(first + 9), talk, LINE, OfferId(1), AGENT, 5.0),
        CallbackReached(Instant(first + 9), RequestId(1), LINE, talk, 1, 1, AGENT, 9.0),
        CallEnded(Instant(first + 99), talk, LINE, NUMBER, AGENT, Party.CALLER, 16, 5.0, 90.0),
        broke("b2", second),
        owed(2, "b2", second),
        started(2, 1, "b2", broken_at=second, after_s=14.0),
        failed(2, 1, second + 20),
        started(2, 2, "b2", broken_at=second, after_s=60.0),
        failed(2, 2, second + 80),
        CallbackGivenUp(Instant(second + 80), RequestId(2), LINE, GiveUpReason.ATTEMPTS_MADE, 2, 2, "system"),
        broke("b3", third),
        owed(3, "b3", third),
        CallbackLate(Instant(third + 15), RequestId(3), LINE, CallId("b3"), Instant(third), 15.0),
        started(3, 1, "b3", broken_at=third, after_s=21.0),
        failed(3, 1, third + 40),
        CallbackGivenUp(Instant(third + 50), RequestId(3), LINE, GiveUpReason.EXPIRED, 1, 1, "system"),
        broke("b4", fourth),
        CallbackImpossible(
            Instant(fourth), RequestId(4), LINE, "", Origin.BREAK, ImpossibleReason.WITHHELD, CallId("b4"),
            Instant(fourth), "system",
        ),
    ]  # fmt: skip


async def test_breaks_are_read_back_with_what_came_of_them(engine: AsyncEngine) -> None:
    """Three breaks are owed a call-back: attempts, the time to the first and the end are those of the facts."""
    await store(engine, a_day_of_breaks())
    async with engine.connect() as connection:
        found = await breaks_owed(connection, SCOPE)
        elsewhere = await breaks_owed(connection, Scope(START, START + 86400, "1300"))
    assert [(b.call, b.attempts, b.first_after_s, b.late, b.spoken, b.ended) for b in found] == [
        ("b1", 1, 4.0, False, True, False),
        ("b2", 2, 14.0, False, False, True),
        ("b3", 1, 21.0, True, False, True),
    ]
    assert elsewhere == []


async def test_attempts_and_requests_have_rows(engine: AsyncEngine) -> None:
    """Each attempt stands with its result, each request with its end and reason."""
    await store(engine, a_day_of_breaks())
    async with engine.connect() as connection:
        attempts = (await connection.execute(select(call_back_attempts).order_by(call_back_attempts.c.call))).all()
        requests = (await connection.execute(select(call_backs).order_by(call_backs.c.request))).all()
    assert [(row.call, row.failure, row.reached_at is not None) for row in attempts] == [
        ("callback-1-1", None, True),
        ("callback-2-1", "busy", False),
        ("callback-2-2", "busy", False),
        ("callback-3-1", "busy", False),
    ]
    assert [(row.result, row.reason) for row in requests] == [
        (None, None),
        ("given_up", "attempts_made"),
        ("given_up", "expired"),
        ("impossible", "withheld"),
    ]


async def test_a_call_of_ours_is_no_accepted_call(engine: AsyncEngine) -> None:
    """The talk of a call-back is recorded and enters no indicator of accepted calls."""
    await store(engine, a_day_of_breaks())
    async with engine.connect() as connection:
        kinds = (await connection.execute(select(calls.c.call, calls.c.kind, calls.c.talked_s))).all()
        counted = await count_by_line(connection, SCOPE, Standard())
    assert [tuple(row) for row in kinds] == [("callback-1-1", "call_back", 90.0)]
    assert counted == {}


async def test_a_further_break_joins_and_the_callers_own_call_settles_it(engine: AsyncEngine) -> None:
    """Two breaks of one caller share a request; when he calls by himself and is served, both are settled."""
    at = START + 1000
    await store(
        engine,
        [
            broke("b1", at),
            owed(1, "b1", at),
            broke("b2", at + 60),
            BreakJoined(Instant(at + 60), RequestId(1), LINE, CallId("b2"), Instant(at + 60), 15.0),
            CallbackMerged(Instant(at + 70), RequestId(1), LINE, CallId("c9"), 0),
        ],
    )
    async with engine.connect() as connection:
        found = await breaks_owed(connection, SCOPE)
    assert [(one.call, one.attempts, one.spoken, one.ended) for one in found] == [
        ("b1", 0, True, True),
        ("b2", 0, True, True),
    ]


async def test_attempts_are_told_apart_and_so_is_why_nobody_was_reached(engine: AsyncEngine) -> None:
    """By the number of attempts: whom the last one reached, who was given up; and the reasons of both kinds."""
    await store(engine, a_day_of_breaks())
    async with engine.connect() as connection:
        found = await breaks_owed(connection, SCOPE)
        nothing = await breaks_owed_nothing(connection, SCOPE)
        elsewhere = await breaks_owed_nothing(connection, Scope(START, START + 86400, "1300"))
    assert by_attempts(found, Norms()) == {
        1: AttemptsCourse(breaks=2, in_time=1, reached=1, given_up=1),
        2: AttemptsCourse(breaks=1, in_time=1, given_up=1),
    }
    assert nothing == {"withheld": 1}
    assert elsewhere == {}


def test_break_of_which_nothing_is_known_yet_is_in_no_share() -> None:
    """A break of this instant is neither in time nor late: the share is of the others."""
    fresh = BreakCourse("c", "122", START, 0, None, late=False, spoken=False, ended=False)
    breaks = [course(1, 3.0, spoken=True), course(2, 16.0, spoken=False), fresh]
    figures = {figure.name: figure for figure in call_back_figures(breaks, Norms(), Rules())}
    assert figures["call_backs_in_time"].value == 0.5
    assert by_attempts([fresh], Norms()) == {0: AttemptsCourse(breaks=1, under_way=1)}


@pytest.mark.parametrize("reason", [*ImpossibleReason, *GiveUpReason])
def test_every_reason_has_words(reason: ImpossibleReason | GiveUpReason) -> None:
    """No report shows the name of a constant."""
    assert WORDS[reason].ru != WORDS[reason].en


def course(attempts: int, first_after_s: float | None, *, spoken: bool, late: bool = False) -> BreakCourse:
    """Return a break that has ended."""
    return BreakCourse("c", "122", START, attempts, first_after_s, late, spoken, ended=True)


@pytest.mark.parametrize(
    ("breaks", "rule", "k5", "k6", "late"),
    [
        ([course(1, 15.0, spoken=True)], AttemptsRule.UNTIL_SPOKEN, (15.0, True), (None, None), 0),
        ([course(1, 15.0, spoken=True)], AttemptsRule.EVERY_BREAK, (15.0, True), (1, False), 0),
        ([course(2, 3.0, spoken=False)], AttemptsRule.UNTIL_SPOKEN, (3.0, True), (2, True), 0),
        ([course(1, 15.1, spoken=False)], AttemptsRule.UNTIL_SPOKEN, (15.1, False), (1, False), 1),
        ([course(0, None, spoken=False, late=True)], AttemptsRule.UNTIL_SPOKEN, (None, None), (0, False), 1),
        ([], AttemptsRule.UNTIL_SPOKEN, (None, None), (None, None), 0),
    ],
)
def test_k5_and_k6_by_hand(
    breaks: list[BreakCourse],
    rule: AttemptsRule,
    k5: tuple[float | None, bool | None],
    k6: tuple[float | None, bool | None],
    late: int,
) -> None:
    """15 s are in time, 15.1 s are not; two attempts are enough, one is for a caller who was spoken to."""
    figures = {f.name: f for f in call_back_figures(breaks, Norms(), Rules(attempts=rule))}
    assert (figures["K5"].value, figures["K5"].passed) == k5
    assert (figures["K6"].value, figures["K6"].passed) == k6
    assert figures["call_backs_late"].value == late

"""Kill -9 at any point: what was stored is taken up, nothing is rung twice, time runs on from the break."""

import pytest

from callback.effects import DialCaller, EnqueueCallback, StopDialling, WithdrawCallback
from callback.facts import (
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackGivenUp,
    CallbackImpossible,
    CallbackLate,
    CallbackReached,
    CallbackResumed,
)
from callback.ids import RequestId, attempt_call
from callback.inputs import (
    AttemptFailed,
    BreakFound,
    CallerAnswered,
    LiveAttempt,
    NumberBarred,
    NumberFreed,
    PlaceExchanged,
    Resynchronised,
)
from callback.kinds import AttemptFailure, BarScope, GiveUpReason, LiveStage
from callback.policy import CallbackPolicy
from callback.states import RequestState
from queue_engine.facts import CallRecovered
from queue_engine.ids import CallId, Instant
from queue_engine.inputs import Party
from tests.callback.centre import ANNA, CALL, CALLER, LINE, OTHER_LINE, START, Centre

NOTHING = Resynchronised(())


def test_between_break_and_attempt():
    """Back within the limit: the attempt starts in time, and not before Asterisk has said what it holds."""
    centre = Centre()
    centre.ended()
    centre.after(3.0)
    centre.restart()
    centre.effects.clear()
    centre.after(5.0)
    assert not centre.effects
    centre.tell(NOTHING)
    assert centre.asked(EnqueueCallback)[0].due_at == START + 15
    centre.after(4.0)
    centre.rings()
    assert centre.of(CallbackAttemptStarted)[0].within_limit


def test_who_was_refused_a_call_for_his_place_is_owed_one_when_his_talk_breaks():
    """He has gone on waiting: after a restart as well, a refused request is none that stands for his call."""
    centre = Centre()
    centre.accepted()
    centre.tell(NumberBarred(CALLER, BarScope.ALL, "101"))
    centre.tell(PlaceExchanged(CALL, LINE, CALLER, Instant(START + 40)))
    assert centre.of(CallbackImpossible)
    centre.restart()
    centre.tell(NumberFreed(CALLER))
    centre.tell(NOTHING)
    centre.fact(CallRecovered(centre.now, CALL, LINE, CALLER, START))
    centre.ended()
    assert [row.calls for row in centre.rows.values() if row.is_open] == [(CALL,)]


def test_back_too_late():
    """Back after the limit: dialled at once, and recorded as late."""
    centre = Centre()
    centre.ended()
    centre.now = Instant(START + 40)
    centre.restart()
    assert centre.of(CallbackLate)
    centre.tell(NOTHING)
    assert centre.asked(DialCaller)
    centre.rings()
    assert centre.of(CallbackAttemptStarted)[0].after_break_s == 40.0


def test_an_attempt_that_still_rings_is_taken_up():
    """Asterisk rings on without us: the same attempt goes on, no second one starts."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.restart()
    centre.effects.clear()
    centre.tell(Resynchronised((LiveAttempt(attempt_call(RequestId(1), 1), LiveStage.RINGING),)))
    assert [type(effect) for effect in centre.effects] == [EnqueueCallback]
    centre.tell(CallerAnswered(attempt_call(RequestId(1), 1)))
    assert centre.row.state is RequestState.CONNECTED
    assert len(centre.of(CallbackAttemptStarted)) == 1


def test_an_attempt_that_was_ordered_since_asterisk_was_asked_is_not_lost():
    """It cannot be among what existed then: taken for lost, its number would be dialled once more."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    before = list(centre.effects)
    centre.tell(Resynchronised((), frozenset({attempt_call(RequestId(1), 1)})))
    assert centre.of(CallbackAttemptFailed) == []
    assert centre.effects == before
    centre.rings()
    assert centre.row.state is RequestState.RINGING


def test_an_attempt_that_has_ended_meanwhile_counts():
    """The caller had been rung, so it was an attempt; the next follows after a short pause."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.restart()
    centre.tell(NOTHING)
    failed = centre.of(CallbackAttemptFailed)[0]
    assert (failed.failure, failed.counted, failed.next_at) == (AttemptFailure.LOST, True, centre.now + 5)


@pytest.mark.parametrize("stage", [LiveStage.CONNECTED, LiveStage.DIALLING])
def test_stages_that_we_had_not_heard_of(stage: LiveStage):
    """The attempt went on while we were away: Asterisk is believed."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.restart()
    centre.tell(Resynchronised((LiveAttempt(attempt_call(RequestId(1), 1), stage),)))
    assert centre.row.state == stage.value
    assert len(centre.of(CallbackAttemptStarted)) == 1


def test_a_talk_that_goes_on():
    """Operator and caller talk across the restart; the end is the engine's to tell."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    call = centre.present
    centre.restart()
    centre.answered(call)
    centre.tell(Resynchronised((LiveAttempt(call, LiveStage.TALKING, ANNA),)))
    centre.after(1000.0)
    assert centre.row.state is RequestState.TALKING
    centre.ended(call, by=Party.AGENT, cause=16)
    centre.after(30.0)
    assert centre.row.state is RequestState.DONE


def test_a_talk_that_ended_while_we_were_away():
    """Nobody calls him again: he was spoken to."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    centre.restart()
    centre.tell(NOTHING)
    centre.after(30.0)
    assert centre.row.state is RequestState.DONE


def test_the_end_of_a_talk_that_was_given_up_for_lost():
    """Asterisk did not name it, yet the engine tells its end: he was reached once and not twice."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    centre.tell(NOTHING)
    centre.ended(centre.present, by=Party.AGENT, cause=16)
    centre.after(30.0)
    assert centre.row.state is RequestState.DONE
    assert len(centre.of(CallbackReached)) == 1


def test_a_talk_that_broke_while_we_were_away():
    """The journal of ended calls tells it: a new request follows, counted from its real end."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    call = centre.present
    centre.after(100.0)
    centre.restart()
    centre.tell(BreakFound(call, LINE, CALLER, Instant(START + 95), 2.0, 95.0, Party.CALLER, 44, ANNA))
    centre.tell(NOTHING)
    assert len(centre.rows) == 2
    assert centre.row.broken_at == START + 95


@pytest.mark.parametrize("stage", ["owed", "after_talk"])
def test_a_clock_that_was_set_back_while_we_were_away_puts_nothing_off(stage):
    """Who was to be called in a minute would be called in an hour; who was spoken to would be owed a call so long."""
    hour = 3600.0
    centre = Centre()
    centre.ended()
    centre.reserve()
    if stage == "owed":
        centre.tell(AttemptFailed(centre.present, AttemptFailure.BUSY))
        planned_in = centre.row.next_at - centre.now
    else:
        centre.rings()
        centre.talks()
        centre.ended(centre.present, by=Party.AGENT, cause=16)
        assert centre.row.until is not None
        planned_in = centre.row.until - centre.now
    centre.now = Instant(centre.now - hour)
    centre.restart()
    centre.tell(NOTHING)
    if stage == "owed":
        [row] = centre.book.snapshot().rows
        assert row.next_at - centre.now == pytest.approx(planned_in)
    else:
        centre.after(planned_in + 1.0)
        assert centre.row.state is RequestState.DONE


def test_an_attempt_that_was_given_up_as_lost_and_had_reached_him_is_one():
    """The next is in line when Asterisk's journal tells of the talk: nobody is called again, and it has its attempt."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    lost = centre.present
    centre.after(5.0)
    centre.tell(AttemptFailed(lost, AttemptFailure.LOST))
    centre.after(30.0)
    assert centre.present != lost
    centre.tell(BreakFound(lost, LINE, CALLER, Instant(START + 9), 0.3, 4.0, Party.AGENT, 16, ANNA))
    centre.after(60.0)
    assert [started.call for started in centre.of(CallbackAttemptStarted)] == [lost]
    assert centre.row.state is RequestState.DONE
    assert [attempt.call for attempt in centre.row.attempts] == [lost]


def test_a_talk_that_began_and_ended_while_the_link_was_away_frees_its_operator():
    """To the engine his telephone still rings: nobody but the book can tell it that this is over."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    held = centre.present
    centre.after(5.0)
    centre.tell(BreakFound(held, LINE, CALLER, Instant(START + 4), 0.3, 2.0, Party.CALLER, 16, ANNA))
    assert [withdrawn.call for withdrawn in centre.asked(WithdrawCallback)] == [held]
    centre.tell(NOTHING)
    centre.after(60.0)
    assert len(centre.of(CallbackReached)) == 1
    assert centre.asked(EnqueueCallback)[-1].call != held


def test_an_operators_leg_is_ended_and_begun_anew():
    """His telephone rang for an attempt nobody led any more."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    call = centre.present
    centre.restart()
    centre.effects.clear()
    centre.tell(Resynchronised((LiveAttempt(call, LiveStage.OPERATOR, ANNA),)))
    assert centre.effects[0] == StopDialling(call)
    centre.after(5.0)
    assert centre.present != call


def test_an_orphan_of_a_request_that_is_over_is_ended():
    """What nobody wants any more stops ringing; people who talk are left alone."""
    centre = Centre()
    ringing, talking = attempt_call(RequestId(9), 1), attempt_call(RequestId(8), 1)
    centre.tell(
        Resynchronised((LiveAttempt(ringing, LiveStage.RINGING), LiveAttempt(talking, LiveStage.TALKING, ANNA)))
    )
    assert centre.asked(StopDialling) == [StopDialling(ringing)]


def test_an_attempt_that_our_row_does_not_know_is_never_numbered_again():
    """The row was older than what had been done: that leg is ended, and its call id is not used twice."""
    centre = Centre()
    centre.ended()
    stored = dict(centre.rows)
    centre.reserve()
    centre.rings()
    centre.fails(AttemptFailure.BUSY)
    centre.after(60.0)
    centre.rows = stored
    centre.restart()
    unknown = attempt_call(RequestId(1), 2)
    centre.tell(Resynchronised((LiveAttempt(unknown, LiveStage.RINGING),)))
    assert StopDialling(unknown) in centre.effects
    centre.after(20.0)
    centre.tell(AttemptFailed(centre.present, AttemptFailure.NO_LINE))
    centre.after(20.0)
    assert centre.row.attempt > 2


def test_a_caller_who_was_calling_in():
    """His call survived: still nothing is dialled. It did not: the call-back is owed as before."""
    for survived in (True, False):
        centre = Centre()
        centre.ended()
        centre.accepted(CallId("a-2.1"))
        centre.restart()
        if survived:
            centre.fact(CallRecovered(centre.now, CallId("a-2.1"), LINE, CALLER, START))
        centre.tell(NOTHING)
        assert bool(centre.of(CallbackResumed)) is not survived
        assert centre.row.state is (RequestState.CALLING_IN if survived else RequestState.IN_LINE)


def test_a_spacing_survives():
    """The pause after a failed attempt is not begun anew, nor cut short."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.fails(AttemptFailure.NO_ANSWER)
    centre.after(100.0)
    centre.restart()
    centre.tell(NOTHING)
    enqueued = len(centre.asked(EnqueueCallback))
    centre.after(199.0)
    assert len(centre.asked(EnqueueCallback)) == enqueued
    centre.after(1.0)
    assert len(centre.asked(EnqueueCallback)) == enqueued + 1


def test_limits_survive():
    """A restart gives a forged number no new attempts."""
    centre = Centre(CallbackPolicy(LINE, max_per_number_day=2))
    centre.ended()
    for _ in range(2):
        centre.reserve()
        centre.rings()
        centre.fails(AttemptFailure.BUSY)
        centre.after(60.0)
    centre.restart()
    centre.tell(NOTHING)
    centre.ended(CallId("a-2.1"))
    assert centre.row.state is RequestState.IMPOSSIBLE
    assert centre.row.request == 2


def test_a_break_known_before_is_not_owed_again():
    """The journal tells what we had recorded already: one break, one request."""
    centre = Centre()
    centre.ended()
    centre.restart()
    centre.tell(BreakFound(CALL, LINE, CALLER, START, 5.0, 60.0, Party.CALLER, 44, ANNA))
    assert len(centre.rows) == 1


def test_a_line_that_is_gone_gives_up_with_a_reason():
    """The configuration has no such line any more: recorded, not forgotten."""
    centre = Centre()
    centre.ended()
    centre.policies = (CallbackPolicy(OTHER_LINE),)
    centre.restart()
    assert centre.of(CallbackGivenUp)[0].reason is GiveUpReason.LINE_GONE
    assert centre.row.state is RequestState.GIVEN_UP


def test_expired_while_we_were_away():
    """After a day nobody is called, even if nothing could be tried."""
    centre = Centre()
    centre.ended()
    centre.now = Instant(START + 90_000)
    centre.restart()
    centre.tell(NOTHING)
    assert centre.of(CallbackGivenUp)[0].reason is GiveUpReason.EXPIRED
    assert not centre.asked(DialCaller)


def test_the_snapshot_tells_what_is_owed():
    """How many, and the nearest limit."""
    centre = Centre()
    centre.ended()
    centre.after(1.0)
    centre.abandoned(CallId("a-2.1"), caller="+79000000002")
    snapshot = centre.book.snapshot()
    assert (snapshot.owed, snapshot.oldest_limit_at) == (2, START + 15)
    assert [row.number for row in snapshot.rows] == [CALLER, "+79000000002"]

"""What happens after a break, told as stories: who is dialled when, and by whom."""

from callback.effects import DialCaller, EnqueueCallback
from callback.facts import (
    CallbackAttemptStarted,
    CallbackLate,
    CallbackOwed,
    CallbackReached,
    CallBroke,
    NoBreak,
)
from callback.kinds import (
    BreakKind,
    Leg,
    Mode,
    NoBreakReason,
)
from callback.policy import CallbackPolicy
from callback.states import RequestState
from queue_engine.facts import CallDied, CallOverflowed
from queue_engine.inputs import Party
from tests.callback.centre import ANNA, BORIS, CALL, CALLER, LINE, START, Centre, kinds


def test_a_broken_talk_is_called_back_by_its_operator():
    """The same operator is asked for at once, his telephone rings first, and the talk settles it."""
    centre = Centre()
    centre.ended()
    enqueued = centre.asked(EnqueueCallback)[0]
    assert (enqueued.agent, enqueued.due_at, enqueued.number) == (ANNA, START + 15, CALLER)
    centre.after(0.2)
    centre.reserve(ANNA)
    assert (centre.dialled.first, centre.dialled.agent, centre.dialled.operator_ring_s) == (Leg.OPERATOR, ANNA, 10.0)
    centre.after(2.0)
    centre.rings()
    centre.after(5.0)
    centre.talks()
    centre.after(100.0)
    centre.ended(centre.present, by=Party.CALLER, cause=16)
    centre.after(30.0)
    assert kinds(centre.facts) == [
        "CallBroke",
        "CallbackOwed",
        "CallbackInLine",
        "CallbackReserved",
        "CallbackAttemptStarted",
        "CallbackRang",
        "CallbackConnected",
        "CallbackReached",
        "NoBreak",
        "CallbackDone",
    ]
    started = centre.of(CallbackAttemptStarted)[0]
    assert abs(started.after_break_s - 2.2) < 1e-6
    assert (started.of_break, started.limit_s, started.within_limit, started.broken_call) == (1, 15.0, True, CALL)
    assert centre.row.state is RequestState.DONE
    assert centre.book.next_deadline() is None


def test_after_a_while_anybody_will_do():
    """An operator who is not to be had is waited for four seconds and no longer."""
    centre = Centre()
    centre.ended()
    centre.after(3.9)
    assert len(centre.asked(EnqueueCallback)) == 1
    centre.after(0.1)
    assert [enqueued.agent for enqueued in centre.asked(EnqueueCallback)] == [ANNA, None]


def test_an_operator_whose_telephone_died_is_not_waited_for():
    """The first free operator takes it, since the other one cannot."""
    centre = Centre()
    centre.ended(by=Party.AGENT)
    assert centre.of(CallBroke)[0].kind is BreakKind.OPERATOR_LOST
    assert centre.asked(EnqueueCallback)[0].agent is None


def test_who_left_the_line_is_called_by_the_first_free():
    """Nobody has spoken to him, so nobody is waited for; the profile may dial him first."""
    centre = Centre(CallbackPolicy(LINE, first_leg=Leg.CALLER))
    centre.abandoned()
    owed = centre.of(CallbackOwed)[0]
    assert (owed.mode, owed.agent) == (Mode.FIRST_FREE, None)
    centre.reserve(BORIS)
    assert (centre.dialled.first, centre.dialled.agent) == (Leg.CALLER, BORIS)


def test_nobody_free_dials_the_caller_first_in_time():
    """Three seconds before the limit the caller is dialled whether or not an operator is free."""
    centre = Centre()
    centre.ended()
    centre.after(11.9)
    assert not centre.asked(DialCaller)
    centre.after(0.1)
    assert (centre.dialled.first, centre.dialled.agent) == (Leg.CALLER, None)
    centre.rings()
    assert centre.of(CallbackAttemptStarted)[0].after_break_s == 12.0
    centre.reserve(BORIS)
    assert len(centre.asked(DialCaller)) == 1
    centre.talks(BORIS)
    assert centre.of(CallbackReached)[0].agent is BORIS
    assert not centre.of(CallbackLate)


def test_an_operator_who_does_not_pick_up_costs_no_time():
    """Another operator is tried, and near the limit the caller is dialled first."""
    centre = Centre()
    centre.ended()
    offer = centre.reserve(ANNA)
    centre.after(5.0)
    centre.missed(offer)
    assert centre.asked(EnqueueCallback)[-1].agent is None
    centre.reserve(BORIS)
    assert centre.dialled.operator_ring_s == 7.0
    centre.after(7.0)
    assert centre.dialled.first is Leg.CALLER
    centre.rings()
    assert centre.of(CallbackAttemptStarted)[0].within_limit


def test_a_stale_miss_does_not_take_the_operator_away():
    """The end of an offer that the request no longer holds concerns it no more."""
    centre = Centre()
    centre.ended()
    first = centre.reserve(ANNA)
    centre.missed(first)
    centre.reserve(BORIS)
    centre.missed(first)
    assert centre.row.state is RequestState.RESERVED


def test_what_is_no_break_is_recorded_with_its_reason():
    """A normal end, an early leave, an overflow: each says why nobody is called."""
    centre = Centre()
    centre.ended("a-1.1", cause=16)
    centre.ended("a-2.1", by=Party.AGENT, cause=16)
    centre.abandoned("a-3.1", waited_s=3.0)
    centre.fact(CallOverflowed(centre.now, "a-4.1", LINE, "hangup", "max_wait", 120.0))
    centre.ended("a-5.1", queue="unknown")
    assert [fact.reason for fact in centre.of(NoBreak)] == [
        NoBreakReason.ENDED_BY_CALLER,
        NoBreakReason.ENDED_BY_OPERATOR,
        NoBreakReason.LEFT_EARLY,
        NoBreakReason.OVERFLOWED,
        NoBreakReason.NO_POLICY,
    ]
    assert not centre.rows


def test_a_call_that_died_with_the_house_is_called_back():
    """Asterisk was restarted with callers waiting: each is owed a call."""
    centre = Centre()
    centre.fact(CallDied(centre.now, CALL, LINE, CALLER, "asterisk_restarted", 3.0))
    assert centre.of(CallBroke)[0].kind is BreakKind.SYSTEM_FAILED
    assert centre.row.state is RequestState.IN_LINE


def test_a_break_that_is_told_twice_is_one():
    """The same call's end from two sides owes one call-back."""
    centre = Centre()
    centre.ended()
    centre.ended()
    assert len(centre.of(CallBroke)) == len(centre.rows) == 1
    assert not centre.of(NoBreak)


def test_time_that_goes_backwards_is_held():
    """A clock that is set back bends no limit."""
    centre = Centre()
    centre.ended()
    centre.now = START - 1000
    centre.abandoned("a-2.1", caller="+79000000002")
    assert centre.of(CallBroke)[1].at == START

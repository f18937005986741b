"""What operators do and what befalls them, and what a missed offer or a dropped talk leads to."""

import pytest

from queue_engine.effects import OfferCall, ReleaseCall, WithdrawOffer
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAnswered,
    CallEnded,
    CallOffered,
    CallOverflowed,
    CallReturned,
    OfferMissed,
    OfferWithdrawn,
)
from queue_engine.ids import AgentId, CallId, OfferId
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentBecameUnreachable,
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentResumed,
    CallerHungUp,
    CallLost,
    OfferAnswered,
    OfferFailed,
    OfferRang,
    Party,
    RingFailure,
    TalkEnded,
    WrapUpEnded,
)
from queue_engine.policy import QueuePolicy, Strategy
from tests.queue_engine.centre import LINE, Centre, agent, of

ONE = AgentId("1")
A = CallId("a")


def talking(**line):
    """A centre where operator 1 has been talking to caller a for ten seconds."""
    centre = Centre(QueuePolicy(LINE, **line), agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("a")
    centre.wait(4)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(10)
    return centre


def test_longest_idle_first():
    """The call goes to whoever has waited longest for one."""
    centre = Centre(agents=(agent("1"), agent("2"), agent("3")))
    for name in ("2", "3", "1"):
        centre.log_in(name)
        centre.wait(1)
    for name in "abc":
        centre.call(name)
    assert centre.offers() == {"2": "a", "3": "b", "1": "c"}


def test_an_offer_that_fails_goes_on_at_once_to_somebody_else():
    """mikopbx#1043: the call is back at its old place and offered on in the same step, not to the one who missed it."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    centre.wait(20)
    step = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.REFUSED))
    assert [(fact.agent, fact.failure, fact.rang_s) for fact in of(step, OfferMissed)] == [("1", "refused", 20)]
    assert centre.offers() == {"2": "a"}
    assert len(of(step, OfferCall)) == 1


def test_no_offer_to_who_missed_the_call_while_another_is_free():
    """With no back-off at all the one who missed is ready at once, yet the other is rung."""
    quiet = {"back_off_no_answer_s": 0.0, "pause_after_misses": 0}
    centre = Centre(agents=(agent("1", **quiet), agent("2", **quiet)))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert centre.offers() == {"1": "a"}
    centre.wait(1)
    centre.log_in("2")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert centre.offers() == {"2": "a"}


def test_who_missed_is_passed_over_whatever_the_strategy_says():
    """In a fixed order the first operator would get the call again at once: the second gets it."""
    quiet = {"back_off_no_answer_s": 0.0, "pause_after_misses": 0}
    policy = QueuePolicy(LINE, strategy=Strategy.FIXED_ORDER)
    centre = Centre(policy, agents=(agent("1", **quiet), agent("2", **quiet)))
    centre.log_in("1", "2")
    centre.call("a")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert centre.offers() == {"2": "a"}
    centre.call("b")
    assert centre.offers() == {"2": "a", "1": "b"}


def test_the_place_is_kept_through_a_missed_offer():
    """A call that nobody picked up stands where it stood, before whoever came later."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    centre.wait(5)
    centre.call("b")
    centre.wait(5)
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.BUSY))
    assert centre.waiting() == ["a", "b"]
    centre.wait(2)
    assert centre.offers() == {"1": "a"}


@pytest.mark.parametrize(
    ("failure", "back_off_s"),
    [
        (RingFailure.NO_ANSWER, 1.0),
        (RingFailure.BUSY, 2.0),
        (RingFailure.REFUSED, 3.0),
        (RingFailure.UNREACHABLE, 4.0),
    ],
)
def test_back_off_by_cause_is_exact(failure, back_off_s):
    """Whoever missed an offer is left in peace for the time of that cause, and not longer."""
    policy = agent(
        "1", back_off_no_answer_s=1.0, back_off_busy_s=2.0, back_off_refused_s=3.0, back_off_unreachable_s=4.0
    )
    centre = Centre(agents=(policy,))
    centre.log_in("1")
    centre.call("a")
    step = centre.feed(OfferFailed(centre.offer_of("1"), failure))
    assert [(fact.after, fact.reason) for fact in of(step, AgentStateChanged)] == [("back_off", failure)]
    assert centre.engine.next_deadline() == centre.now + back_off_s
    centre.wait(back_off_s)
    assert centre.state("1") is AgentState.RINGING


def test_misses_in_a_row_pause_the_operator_with_the_reason_shown():
    """After two misses the operator is paused, and resuming starts the count anew (kazoo#6609: not for ever)."""
    centre = Centre(agents=(agent("1", pause_after_misses=2),))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    centre.wait(2)
    step = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert [(f.after, f.reason, f.by) for f in of(step, AgentStateChanged)] == [("paused", "missed", "system")]
    centre.wait(10)
    assert centre.state("1") is AgentState.PAUSED
    centre.feed(AgentResumed(ONE, "1"))
    assert centre.offers() == {"1": "a"}
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert centre.state("1") is AgentState.BACK_OFF


def test_a_real_talk_forgives_the_misses_before_it():
    """Only misses in a row count."""
    centre = Centre(agents=(agent("1", pause_after_misses=2),))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    centre.wait(2)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(30)
    centre.feed(CallerHungUp(A))
    centre.call("b")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert centre.state("1") is AgentState.BACK_OFF


def test_an_unreachable_telephone_is_no_miss():
    """fusionpbx#2831: the operator is not blamed; the state comes from the registration."""
    centre = Centre(agents=(agent("1", pause_after_misses=1),))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.UNREACHABLE))
    centre.feed(AgentBecameUnreachable(ONE))
    assert centre.state("1") is AgentState.UNREACHABLE
    centre.wait(10)
    assert centre.state("1") is AgentState.UNREACHABLE
    centre.feed(AgentBecameReachable(ONE))
    assert centre.offers() == {"1": "a"}


def test_a_cancelled_offer_is_no_miss():
    """Asterisk ended the offer unasked: no trace on the operator; the call is left alone for a moment, then offered."""
    centre = Centre(agents=(agent("1", pause_after_misses=1),))
    centre.log_in("1")
    centre.call("a")
    step = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.CANCELLED))
    assert [fact.reason for fact in of(step, OfferWithdrawn)] == ["cancelled"]
    assert centre.offers() == {}
    assert centre.state("1") is AgentState.READY
    centre.wait(0.25)
    assert centre.offers() == {"1": "a"}


def test_a_withdrawn_offer_does_not_cost_the_turn():
    """Who rang for a caller that left has waited on all the time, and is first for the next one."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.wait(5)
    centre.log_in("2")
    centre.wait(5)
    centre.call("a")
    centre.wait(5)
    centre.feed(CallerHungUp(A))
    centre.call("b")
    assert centre.offers() == {"1": "b"}


def test_an_offer_nobody_reports_on_is_given_up():
    """No operator is left ringing for ever because a report was lost (OpenSIPS#2530)."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    step = centre.wait(25)
    assert [fact.agent for fact in of(step, OfferMissed)] == ["1"]
    assert [effect.agent for effect in of(step, WithdrawOffer)] == ["1"]
    assert centre.offers() == {"2": "a"}


def test_answer_and_end_are_told_once_with_exact_times():
    """Waits count from the entry, talks from the answer; the echo of an ended call is ignored."""
    centre = talking(wrap_up_s=15)
    assert centre.state("1") is AgentState.TALKING
    step = centre.feed(TalkEnded(A, Party.AGENT, 16))
    (ended,) = of(step, CallEnded)
    assert (ended.by, ended.cause, ended.waited_s, ended.talked_s, ended.agent) == ("agent", 16, 4, 10, "1")
    assert of(step, ReleaseCall) == [ReleaseCall(A)]
    assert centre.feed(CallerHungUp(A)).facts == ()
    assert centre.feed(TalkEnded(A, Party.AGENT)).facts == ()


def test_the_wait_of_an_answered_call_is_from_entry_to_answer():
    """Not to the offer: a telephone that rings long is part of the wait."""
    centre = Centre(agents=(agent("1"),))
    centre.call("a")
    centre.wait(3)
    centre.log_in("1")
    centre.wait(4)
    step = centre.feed(OfferAnswered(centre.offer_of("1")))
    assert [fact.waited_s for fact in of(step, CallAnswered)] == [7]


def test_the_caller_who_ends_the_talk_is_the_one_who_ended_it():
    """The party and the cause are those of the first report."""
    centre = talking()
    step = centre.feed(CallerHungUp(A, 44, Party.SYSTEM))
    assert [(fact.by, fact.cause) for fact in of(step, CallEnded)] == [("system", 44)]
    assert of(step, ReleaseCall) == []


def test_a_talk_lost_with_asterisk_ends_by_the_system():
    """A talk that dies with Asterisk is an ended talk, and its operator is free."""
    centre = talking()
    step = centre.feed(CallLost(A, "asterisk_restarted"))
    assert [(fact.by, fact.talked_s) for fact in of(step, CallEnded)] == [("system", 10)]
    assert centre.state("1") is AgentState.READY


def test_wrap_up_is_exact_and_may_be_ended_early():
    """asterisk#1006: wrap-up never ends before its time; the operator alone can end it sooner."""
    centre = talking(wrap_up_s=15)
    centre.call("b")
    centre.feed(TalkEnded(A, Party.CALLER))
    assert centre.state("1") is AgentState.WRAP_UP
    centre.wait(14.99)
    assert centre.state("1") is AgentState.WRAP_UP
    centre.wait(0.01)
    assert centre.offers() == {"1": "b"}
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(5)
    centre.feed(CallerHungUp(CallId("b")))
    centre.feed(WrapUpEnded(ONE, "1"))
    assert centre.state("1") is AgentState.READY


def test_a_wrap_up_left_by_a_pause_does_not_end_the_next_one():
    """The timer of the first wrap-up belongs to the first wrap-up."""
    centre = talking(wrap_up_s=15)
    centre.feed(TalkEnded(A, Party.CALLER))
    centre.feed(AgentPaused(ONE, "break", "1"))
    centre.wait(5)
    centre.feed(AgentResumed(ONE, "1"))
    centre.feed(WrapUpEnded(ONE, "1"))
    centre.call("b")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(2)
    centre.feed(CallerHungUp(CallId("b")))
    centre.wait(8)
    assert centre.state("1") is AgentState.WRAP_UP
    centre.wait(7)
    assert centre.state("1") is AgentState.READY


def test_wrap_up_goes_on_under_an_own_call():
    """An operator who telephones during wrap-up has the rest of it afterwards, and is never ready before."""
    centre = talking(wrap_up_s=15)
    centre.feed(TalkEnded(A, Party.CALLER))
    centre.feed(AgentBusyElsewhere(ONE))
    assert centre.state("1") is AgentState.BUSY_ELSEWHERE
    centre.wait(10)
    centre.feed(AgentFreeElsewhere(ONE))
    assert centre.state("1") is AgentState.WRAP_UP
    centre.wait(5)
    assert centre.state("1") is AgentState.READY


def test_operators_own_wrap_up_stands_above_the_lines():
    """An operator with a wrap-up of his own has that, also if it is none."""
    centre = Centre(QueuePolicy(LINE, wrap_up_s=30), agents=(agent("1", wrap_up_s=0.0),))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(5)
    centre.feed(CallerHungUp(A))
    assert centre.state("1") is AgentState.READY


def test_a_talk_dropped_at_once_by_the_operator_was_none():
    """OpenSIPS#2886: the caller keeps his place and is offered on; the operator is left in peace."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a", ago=10)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(0.5)
    step = centre.feed(TalkEnded(A, Party.AGENT))
    assert [fact.talked_s for fact in of(step, CallReturned)] == [0.5]
    assert of(step, ReleaseCall) == []
    assert centre.offers() == {"2": "a"}
    assert centre.state("1") is AgentState.BACK_OFF


def test_a_short_talk_that_the_caller_ended_is_a_talk():
    """Only the operator's side can send a caller back: who hung up himself is gone."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    step = centre.feed(TalkEnded(A, Party.CALLER))
    assert of(step, CallEnded)


def test_a_dropped_talk_after_the_maximum_wait_leaves_the_line():
    """Back in the line with the maximum wait behind him, the caller is sent on at once if nobody else is free."""
    centre = Centre(agents=(agent("1"),))
    centre.call("a")
    centre.wait(119.8)
    centre.log_in("1")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(0.5)
    step = centre.feed(TalkEnded(A, Party.AGENT))
    assert [fact.waited_s for fact in of(step, CallOverflowed)] == [pytest.approx(120.3)]


def test_a_talk_dropped_after_an_overdue_ring_leaves_the_line():
    """The maximum wait passed while it rang, the operator picked up and dropped the call: it leaves, to nobody else."""
    centre = Centre(QueuePolicy(LINE, ring_past_max_wait=True), agents=(agent("1"), agent("2")))
    centre.call("a")
    centre.wait(119)
    centre.log_in("1", "2")
    centre.wait(2)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    step = centre.feed(TalkEnded(A, Party.AGENT))
    assert of(step, CallReturned)
    assert [fact.destination for fact in of(step, CallOverflowed)] == ["hangup"]
    assert centre.offers() == {}


def test_what_is_unknown_is_ignored():
    """Offers and calls that never were change nothing."""
    centre = Centre(agents=(agent("1"),))
    for event in (OfferAnswered(OfferId(99)), OfferFailed(OfferId(99), RingFailure.BUSY), TalkEnded(A, Party.AGENT)):
        step = centre.feed(event)
        assert (step.facts, step.effects) == ((), ())


def test_the_answer_of_a_withdrawn_offer_hangs_that_phone_up():
    """Two operators never talk to one caller (asterisk#176), nor one to a caller who is gone."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    first = centre.offer_of("1")
    centre.feed(AgentLoggedOut(ONE, "1"))
    assert centre.offers() == {"2": "a"}
    step = centre.feed(OfferAnswered(first))
    assert [effect.offer for effect in of(step, WithdrawOffer)] == [first]
    assert of(step, CallAnswered) == []
    centre.feed(OfferAnswered(centre.offer_of("2")))
    assert centre.state("2") is AgentState.TALKING


def test_an_answer_told_twice_does_not_hang_up_the_talk():
    """The echo of a live answer changes nothing and hangs up nobody."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    offer = centre.offer_of("1")
    centre.feed(OfferRang(offer))
    centre.feed(OfferAnswered(offer))
    step = centre.feed(OfferAnswered(offer))
    assert (step.facts, step.effects) == ((), ())
    assert centre.feed(OfferFailed(offer, RingFailure.NO_ANSWER)).facts == ()
    assert centre.state("1") is AgentState.TALKING


def test_pause_and_logout_during_a_talk_are_done_after_it():
    """The talk is not disturbed; the reason and the actor are those of who asked."""
    centre = talking(wrap_up_s=15)
    assert centre.feed(AgentPaused(ONE, "lunch", "supervisor")).facts == ()
    step = centre.feed(TalkEnded(A, Party.CALLER))
    (change,) = of(step, AgentStateChanged)
    assert (change.after, change.reason, change.by, change.before_s) == ("paused", "lunch", "supervisor", 10)

    centre = talking()
    assert centre.feed(AgentLoggedOut(ONE, "supervisor", "end_of_shift")).facts == ()
    (change,) = of(centre.feed(TalkEnded(A, Party.CALLER)), AgentStateChanged)
    assert (change.after, change.reason, change.by) == ("logged_out", "end_of_shift", "supervisor")


def test_resume_and_login_take_back_what_was_asked_during_a_talk():
    """Whoever thinks better of it is not paused or logged out after the talk."""
    centre = talking()
    centre.feed(AgentPaused(ONE, "lunch", "1"))
    centre.feed(AgentResumed(ONE, "1"))
    centre.feed(AgentLoggedOut(ONE, "1"))
    centre.feed(AgentLoggedIn(ONE, "1"))
    centre.feed(TalkEnded(A, Party.CALLER))
    assert centre.state("1") is AgentState.READY


def test_pause_while_it_rings_gives_the_call_to_another_at_once():
    """Who pauses as the telephone rings does not want the call: it is no miss, and rings at the next operator."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    step = centre.feed(AgentPaused(ONE, "break", "1"))
    assert [fact.reason for fact in of(step, OfferWithdrawn)] == ["pause"]
    assert centre.offers() == {"2": "a"}
    assert centre.state("1") is AgentState.PAUSED


def test_a_pause_with_a_limit_ends_by_itself():
    """The limit runs from the asking, and another pause has a limit of its own."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.feed(AgentPaused(ONE, "break", "1", limit_s=60))
    centre.wait(30)
    centre.feed(AgentPaused(ONE, "lunch", "1", limit_s=60))
    centre.wait(59)
    assert centre.state("1") is AgentState.PAUSED
    step = centre.wait(1)
    assert [(fact.after, fact.reason) for fact in of(step, AgentStateChanged)] == [("ready", "pause_limit")]


def test_what_happens_to_the_telephone_during_work_is_taken_up_afterwards():
    """A registration that comes or goes, an own call beside the talk: known after the talk, not during it."""
    centre = talking()
    centre.feed(AgentBusyElsewhere(ONE))
    centre.feed(AgentBecameUnreachable(ONE))
    assert centre.state("1") is AgentState.TALKING
    centre.feed(TalkEnded(A, Party.CALLER))
    assert centre.state("1") is AgentState.UNREACHABLE
    centre.feed(AgentBecameReachable(ONE))
    assert centre.state("1") is AgentState.BUSY_ELSEWHERE
    centre.feed(AgentFreeElsewhere(ONE))
    assert centre.state("1") is AgentState.READY


def test_who_logs_in_at_a_dead_telephone_is_unreachable():
    """Logged in is not ready; a pause stands above both and survives them (wazo#184)."""
    centre = Centre(agents=(agent("1"),))
    centre.feed(AgentBecameUnreachable(ONE))
    centre.log_in("1")
    assert centre.state("1") is AgentState.UNREACHABLE
    centre.feed(AgentPaused(ONE, "break", "1"))
    centre.feed(AgentBecameReachable(ONE))
    assert centre.state("1") is AgentState.PAUSED
    centre.feed(AgentResumed(ONE, "1"))
    assert centre.state("1") is AgentState.READY


def test_two_callers_one_operator():
    """One offer at a time: the second caller waits for the operator."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    step = centre.call("b")
    assert of(step, CallOffered) == []
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(60)
    centre.feed(TalkEnded(A, Party.CALLER))
    assert centre.offers() == {"1": "b"}


def test_an_operator_who_is_unknown_is_ignored():
    """What is said of somebody who is not configured changes nothing and raises nothing."""
    centre = Centre(agents=(agent("1"),))
    for event in (
        AgentLoggedIn(AgentId("9"), "9"),
        AgentLoggedOut(AgentId("9"), "9"),
        AgentPaused(AgentId("9"), "break", "9"),
        AgentResumed(AgentId("9"), "9"),
        WrapUpEnded(AgentId("9"), "9"),
        AgentBusyElsewhere(AgentId("9")),
        AgentBecameUnreachable(AgentId("9")),
    ):
        assert centre.feed(event).facts == ()

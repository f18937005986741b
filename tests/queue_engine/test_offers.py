"""Who is offered a call, and what a missed or withdrawn offer leads to."""

import pytest

from queue_engine.effects import OfferCall, WithdrawOffer
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    OfferMissed,
    OfferWithdrawn,
)
from queue_engine.ids import AgentId, CallId
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentBecameUnreachable,
    AgentResumed,
    CallerHungUp,
    OfferAnswered,
    OfferFailed,
    RingFailure,
)
from queue_engine.policy import QueuePolicy, Strategy
from tests.queue_engine.centre import LINE, Centre, agent, of

ONE = AgentId("1")
A = CallId("a")


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

"""Who waits where: order, places, steps by waiting time, the ways out of a line."""

import math

import pytest

from queue_engine.effects import OfferCall, SendCallTo, WithdrawOffer
from queue_engine.facts import (
    AbandonStage,
    AgentState,
    CallAbandoned,
    CallAccepted,
    CallDied,
    CallOffered,
    CallOverflowed,
    CallRecovered,
    CallRefused,
    OfferMissed,
    OfferWithdrawn,
    TargetWaitPassed,
)
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    CallArrived,
    CallerHungUp,
    CallGivenTo,
    CallLost,
    GreetingEnded,
    OfferAnswered,
    OfferFailed,
    PoliciesLoaded,
    RingFailure,
)
from queue_engine.policy import LeaveFor, MoveTo, QueuePolicy
from tests.queue_engine.centre import LINE, START, Centre, agent, of


def test_first_come_first_served():
    """Calls are offered in the order of entry, whatever the order of their names."""
    centre = Centre(agents=(agent("1"), agent("2")))
    for name in ("b", "a", "c"):
        centre.call(name)
    centre.log_in("1", "2")
    assert centre.offers() == {"1": "b", "2": "a"}
    assert centre.waiting() == ["b", "a", "c"]


def test_a_higher_class_goes_first_and_holds_its_order():
    """Within a class the order of entry holds; a higher class stands before all lower ones."""
    centre = Centre()
    centre.call("low1")
    centre.call("high1", priority=5)
    centre.call("low2")
    centre.call("high2", priority=5)
    assert centre.waiting() == ["high1", "high2", "low1", "low2"]


def test_a_call_found_again_has_the_place_of_its_entry():
    """A call that survived a restart stands where its instant of entry puts it, and is not accepted twice."""
    centre = Centre()
    centre.call("young", ago=5)
    step = centre.call("old", ago=30, recovered=True)
    assert of(step, CallRecovered)
    assert not of(step, CallAccepted)
    assert centre.waiting() == ["old", "young"]


def test_a_call_told_twice_is_one_call():
    """The second arrival of a live call changes nothing."""
    centre = Centre()
    centre.call("a")
    step = centre.call("a", ago=50)
    assert step.facts == ()
    assert centre.waiting() == ["a"]


def test_an_unknown_line_refuses_and_hangs_up():
    """A call for a line that nobody configured is refused with its reason and does not hang in the air."""
    centre = Centre()
    step = centre.call("a", "999")
    assert [(fact.queue, fact.reason) for fact in of(step, CallRefused)] == [("999", "unknown_line")]
    assert of(step, SendCallTo) == [SendCallTo(CallId("a"), "hangup")]


@pytest.mark.parametrize("told", [math.inf, math.nan, START + 3600])
def test_an_impossible_instant_of_entry_counts_as_now(told):
    """A clock that is ahead, or a number that is none, gives nobody a better or worse place."""
    centre = Centre()
    centre.call("before")
    centre.feed(CallArrived(CallId("odd"), LINE, "", Instant(told)))
    centre.call("after")
    assert centre.waiting() == ["before", "odd", "after"]


def test_time_never_goes_backwards():
    """An input with an older instant than the last one happens at the last one."""
    centre = Centre()
    centre.call("a")
    step = centre.engine.handle(CallArrived(CallId("b"), LINE, "", Instant(START)), Instant(START - 100))
    assert step.facts[0].at == START


def test_a_call_in_its_greeting_holds_its_place_but_is_not_offered():
    """The greeting is heard to its end; others may be served meanwhile, and the place by entry is kept."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("greeted_late", greeted=False)
    centre.now += 1
    centre.call("second")
    assert centre.offers() == {"1": "second"}
    centre.call("third")
    assert centre.waiting() == ["greeted_late", "second", "third"]
    centre.feed(GreetingEnded(CallId("greeted_late")))
    centre.log_in("2")
    assert centre.offers() == {"1": "second", "2": "greeted_late"}
    assert centre.feed(GreetingEnded(CallId("greeted_late"))).facts == ()


@pytest.mark.parametrize(
    ("stage", "greeted", "ready"),
    [
        (AbandonStage.GREETING, False, False),
        (AbandonStage.WAITING, True, False),
        (AbandonStage.RINGING, True, True),
    ],
)
def test_caller_who_gives_up_is_abandoned_at_the_stage_he_heard(stage, greeted, ready):
    """The stage, the wait and the cause of the hang-up are recorded, once."""
    centre = Centre(agents=(agent("1"),))
    if ready:
        centre.log_in("1")
    centre.call("a", greeted=greeted)
    centre.wait(7)
    step = centre.feed(CallerHungUp(CallId("a"), cause=44))
    assert [(fact.stage, fact.waited_s, fact.cause) for fact in of(step, CallAbandoned)] == [(stage, 7, 44)]
    assert centre.feed(CallerHungUp(CallId("a"))).facts == ()


def test_caller_who_hangs_up_while_it_rings_frees_the_operator_at_once():
    """freeswitch#2529, zombie call: the telephone stops ringing and the operator takes the next call."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    centre.call("b")
    old = centre.offer_of("1")
    step = centre.feed(CallerHungUp(CallId("a")))
    assert of(step, WithdrawOffer)[0].offer == old
    assert centre.offers() == {"1": "b"}
    assert [type(effect) for effect in step.effects] == [WithdrawOffer, OfferCall]
    late = centre.feed(OfferAnswered(old))
    assert late.facts == ()
    assert [effect.offer for effect in of(late, WithdrawOffer)] == [old]


def test_target_and_maximum_wait_fire_on_time():
    """At the norm it is said that it has passed; at the maximum something always happens (D2)."""
    centre = Centre(QueuePolicy(LINE, target_wait_s=60, max_wait_s=120, at_max_wait="voicemail"))
    centre.call("a")
    assert centre.engine.next_deadline() == START + 60
    assert of(centre.wait(60), TargetWaitPassed)
    assert centre.wait(59.5).facts == ()
    step = centre.wait(0.5)
    assert [(fact.destination, fact.reason, fact.waited_s) for fact in of(step, CallOverflowed)] == [
        ("voicemail", "max_wait", 120)
    ]
    assert of(step, SendCallTo) == [SendCallTo(CallId("a"), "voicemail")]
    assert centre.engine.next_deadline() is None


def test_maximum_wait_fires_with_the_next_input_if_no_tick_came():
    """Promise 5: not later than the next input or tick, and before that input is looked at."""
    centre = Centre(agents=(agent("1"),))
    centre.call("a")
    centre.now += 500
    centre.log_in("1")
    assert centre.offers() == {}
    assert of(centre.steps[-1], CallOverflowed)


def test_a_telephone_that_rings_at_the_maximum_wait_rings_to_its_end():
    """Whoever is about to be answered is not sent away; if nobody picks up, the call leaves and is not offered on."""
    centre = Centre(QueuePolicy(LINE, ring_past_max_wait=True), agents=(agent("1"), agent("2")))
    centre.call("a")
    centre.wait(115)
    centre.log_in("1", "2")
    assert of(centre.wait(15), CallOverflowed) == []
    step = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert [fact.waited_s for fact in of(step, CallOverflowed)] == [130]
    assert of(step, CallOffered) == []


def test_a_telephone_is_silenced_at_the_maximum_wait_and_nobody_waits_longer():
    """The caller leaves to the instant; it is no miss for the operator, who is free for the next one at once."""
    centre = Centre(agents=(agent("1"),))
    centre.call("a")
    centre.wait(115)
    centre.log_in("1")
    centre.call("b")
    step = centre.wait(5)
    assert [(fact.waited_s, fact.reason) for fact in of(step, CallOverflowed)] == [(120, "max_wait")]
    assert [(fact.reason, fact.rang_s) for fact in of(step, OfferWithdrawn)] == [("max_wait", 5)]
    assert of(step, OfferMissed) == []
    assert centre.offers() == {"1": "b"}


def test_a_step_to_leave_waits_for_the_ringing_but_not_past_the_maximum():
    """A destination before the maximum is taken when the telephone comes to nothing, and the maximum at the maximum."""
    policy = QueuePolicy(LINE, ring_s=60, steps=(LeaveFor(100, "voice"),))
    for rings_s, left in ((10, ("voice", "waited", 105)), (60, ("hangup", "max_wait", 120))):
        centre = Centre(policy, agents=(agent("1"),))
        centre.call("a")
        centre.wait(95)
        centre.log_in("1")
        steps = [centre.wait(rings_s)]
        if rings_s == 10:
            steps.append(centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER)))
        found = [fact for step in steps for fact in of(step, CallOverflowed)]
        assert [(fact.destination, fact.reason, fact.waited_s) for fact in found] == [left]


def test_a_step_to_another_line_holds_up_no_later_one():
    """While a telephone rings past the step that moves the call, its norm passes in time and its maximum is kept."""
    policy = QueuePolicy(LINE, ring_s=200, steps=(MoveTo(50, QueueName("other")),))
    centre = Centre(policy, QueuePolicy(QueueName("other")), agents=(agent("1"),))
    centre.call("a")
    centre.wait(45)
    centre.log_in("1")
    assert [fact.at - START for fact in of(centre.wait(20), TargetWaitPassed)] == [60]
    assert [fact.at - START for fact in of(centre.wait(100), CallOverflowed)] == [120]


def test_an_answer_after_the_maximum_wait_is_an_answer():
    """The operator who picks up while the ring runs out talks to the caller."""
    centre = Centre(QueuePolicy(LINE, ring_past_max_wait=True), agents=(agent("1"),))
    centre.call("a")
    centre.wait(115)
    centre.log_in("1")
    centre.wait(10)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    assert centre.state("1") is AgentState.TALKING
    assert of(centre.wait(1000), CallOverflowed) == []


def test_a_call_found_again_after_its_maximum_wait_is_first_given_to_a_free_operator():
    """Whoever waited through our restart is served if anybody is there, and sent on at once if not."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("served", ago=300, recovered=True)
    assert centre.offers() == {"1": "served"}
    step = centre.call("sent_on", ago=290, recovered=True)
    assert [fact.call for fact in of(step, CallOverflowed)] == ["sent_on"]


def test_lines_that_share_operators_go_by_whose_norm_breaks_first():
    """The call nearest to its norm goes first, though it came later."""
    quick = QueuePolicy(QueueName("quick"), target_wait_s=20, max_wait_s=120)
    slow = QueuePolicy(QueueName("slow"), target_wait_s=100, max_wait_s=120)
    centre = Centre(slow, quick, agents=(agent("1", "slow", "quick"), agent("2", "slow", "quick")))
    centre.call("patient", "slow")
    centre.wait(10)
    centre.call("hasty", "quick")
    centre.log_in("1", "2")
    assert centre.offers() == {"1": "hasty", "2": "patient"}


def test_a_weight_makes_a_line_urgent_earlier():
    """Between equal norms the line of greater weight goes first; the class still stands above the weight."""
    heavy = QueuePolicy(QueueName("heavy"), weight=2)
    light = QueuePolicy(QueueName("light"))
    centre = Centre(light, heavy, agents=tuple(agent(name, "light", "heavy") for name in "123"))
    centre.call("light1", "light")
    centre.wait(10)
    centre.call("heavy1", "heavy")
    centre.call("urgent", "light", priority=1)
    centre.log_in("1", "2", "3")
    assert centre.offers() == {"1": "urgent", "2": "heavy1", "3": "light1"}


def test_call_lost_while_waiting_has_died():
    """A call that Asterisk no longer knows is closed with its reason and withdrawn from whom it rang."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    centre.wait(3)
    step = centre.feed(CallLost(CallId("a"), "asterisk_restarted"))
    assert [(fact.reason, fact.waited_s) for fact in of(step, CallDied)] == [("asterisk_restarted", 3)]
    assert centre.state("1") is AgentState.READY
    assert centre.feed(CallLost(CallId("a"), "again")).facts == ()


def test_who_waits_for_one_operator_still_does_after_a_reload():
    """A caller who was given to somebody is his through new policies, and nobody else's."""
    staff = (agent("1"), agent("2"))
    centre = Centre(agents=staff)
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.call("b")
    centre.feed(CallGivenTo(CallId("b"), AgentId("1"), "supervisor"))
    centre.feed(PoliciesLoaded((QueuePolicy(LINE, wrap_up_s=5.0),), staff))
    centre.log_in("2")
    assert centre.offers() == {}
    centre.feed(CallerHungUp(CallId("a")))
    centre.wait(5)
    assert centre.offers() == {"1": "b"}

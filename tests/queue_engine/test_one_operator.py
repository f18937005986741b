"""Calls that wait for one operator, a supervisor's hand, kept places, operators' own rules, call-backs in the line."""

import pytest

from queue_engine.effects import OfferCall, SendCallTo, WithdrawOffer
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAccepted,
    CallAnswered,
    CallbackQueued,
    CallMoved,
    CallOffered,
    CallOverflowed,
    CallPrioritised,
    CallReserved,
    OfferMissed,
    OfferWithdrawn,
    TargetWaitPassed,
)
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    AgentBecameUnreachable,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentResumed,
    CallArrived,
    CallbackDue,
    CallbackWithdrawn,
    CallBooked,
    CallerHungUp,
    CallGivenTo,
    CallMovedTo,
    CallPlaced,
    GreetingEnded,
    OfferAnswered,
    OfferFailed,
    PoliciesLoaded,
    PrioritySet,
    RingFailure,
    WrapUpEnded,
    WrapUpExtended,
)
from queue_engine.policy import QueuePolicy
from tests.queue_engine.centre import LINE, Centre, agent, of

ONE, TWO = AgentId("1"), AgentId("2")
A, B = CallId("a"), CallId("b")
CALLBACK = CallId("callback-1-1")
OTHER = QueueName("other")


def two(**line):
    """Operators 1 and 2; 1 talks to caller x, 2 is logged out."""
    centre = Centre(QueuePolicy(LINE, **line), agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("x")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    return centre


def test_the_operator_of_the_last_talk_is_waited_for():
    """He is busy: the caller waits for him for ten seconds, though another becomes free."""
    centre = two(last_agent_wait_s=10)
    step = centre.call("a", preferred=ONE)
    assert [(fact.agent, fact.reason) for fact in of(step, CallReserved)] == [("1", "last_operator")]
    centre.log_in("2")
    assert centre.offers() == {}
    centre.wait(5)
    centre.feed(CallerHungUp(CallId("x")))
    assert centre.offers() == {"1": "a"}


def test_patience_for_the_last_operator_ends():
    """After ten seconds anybody serves the caller, at his place."""
    centre = two(last_agent_wait_s=10)
    centre.call("a", preferred=ONE)
    centre.log_in("2")
    centre.wait(9.9)
    assert centre.offers() == {}
    centre.wait(0.1)
    assert centre.offers() == {"2": "a"}


def test_a_last_operator_who_goes_is_not_waited_for():
    """He pauses, or is not there from the first: the caller is anybody's at once."""
    centre = two(last_agent_wait_s=10)
    centre.call("a", preferred=ONE)
    centre.log_in("2")
    centre.feed(AgentPaused(ONE, "lunch", "1"))
    centre.feed(CallerHungUp(CallId("x")))
    assert centre.offers() == {"2": "a"}
    step = centre.call("b", preferred=ONE)
    assert of(step, CallReserved) == []


def test_the_last_operator_who_misses_is_not_waited_for_again():
    """The call is back at its place in the line and goes on to the other."""
    centre = two(last_agent_wait_s=10)
    centre.call("a", preferred=ONE)
    centre.feed(CallerHungUp(CallId("x")))
    centre.log_in("2")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert centre.offers() == {"2": "a"}


def test_a_greeting_is_heard_before_the_last_operator():
    """Patience runs from the entry; after the greeting the operator who is free gets the call."""
    centre = two(last_agent_wait_s=10)
    centre.call("a", preferred=ONE, greeted=False)
    centre.feed(CallerHungUp(CallId("x")))
    assert centre.offers() == {}
    centre.feed(GreetingEnded(A))
    assert centre.offers() == {"1": "a"}


def test_supervisor_gives_a_call_to_an_operator():
    """It goes before all others at that operator, and nowhere else; who did it is recorded."""
    centre = two()
    centre.call("first")
    centre.call("a")
    step = centre.feed(CallGivenTo(A, ONE, "supervisor"))
    assert [(fact.agent, fact.reason, fact.by) for fact in of(step, CallReserved)] == [("1", "given", "supervisor")]
    centre.log_in("2")
    assert centre.offers() == {"2": "first"}
    centre.feed(CallerHungUp(CallId("x")))
    assert centre.offers() == {"2": "first", "1": "a"}


def test_supervisor_takes_a_ringing_call_to_another():
    """The first telephone stops ringing without a miss; giving it to who rings already changes nothing."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    assert centre.feed(CallGivenTo(A, ONE, "s")).facts == ()
    step = centre.feed(CallGivenTo(A, TWO, "s"))
    assert [fact.reason for fact in of(step, OfferWithdrawn)] == ["given_to_another"]
    assert centre.offers() == {"2": "a"}


def test_a_held_call_is_given_at_once():
    """The moment in which it is left alone ends when a supervisor knows who takes it."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.CANCELLED))
    centre.log_in("2")
    centre.feed(CallGivenTo(A, TWO, "s"))
    assert centre.offers() == {"2": "a"}


def test_a_call_cannot_be_given_to_who_is_not_there():
    """Nothing changes: the call waits on where it waits."""
    centre = two()
    centre.call("a")
    for who in (TWO, AgentId("nobody")):
        assert centre.feed(CallGivenTo(A, who, "s")).facts == ()
    centre.log_in("2")
    assert centre.offers() == {"2": "a"}


def test_supervisor_changes_the_class():
    """The call goes to its place in the new class, also if that is a lower one."""
    centre = Centre()
    for name in "abc":
        centre.call(name)
    step = centre.feed(PrioritySet(CallId("c"), 3, "s"))
    assert [(fact.before, fact.after, fact.by) for fact in of(step, CallPrioritised)] == [(0, 3, "s")]
    centre.feed(PrioritySet(A, -1, "s"))
    assert centre.waiting() == ["c", "b", "a"]
    assert centre.feed(PrioritySet(A, -1, "s")).facts == ()


@pytest.mark.parametrize("state", ["waiting", "greeting", "offered", "held"])
def test_supervisor_moves_a_call(state):
    """Whatever it is doing short of talking, it is in the other line afterwards, at its place by entry."""
    centre = Centre(QueuePolicy(LINE), QueuePolicy(OTHER), agents=(agent("1"), agent("2", OTHER)))
    if state in ("offered", "held"):
        centre.log_in("1")
    centre.call("a", greeted=state != "greeting")
    if state == "held":
        centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.CANCELLED))
    assert centre.call_state("a") == state
    step = centre.feed(CallMovedTo(A, OTHER, "s"))
    assert [(fact.to, fact.reason, fact.by) for fact in of(step, CallMoved)] == [(OTHER, "moved", "s")]
    assert centre.waiting(OTHER) == ["a"]
    centre.feed(GreetingEnded(A))
    centre.log_in("2")
    assert centre.offers() == {"2": "a"}
    assert centre.feed(CallMovedTo(A, QueueName("nowhere"), "s")).facts == ()


def test_a_call_moved_past_the_norm_of_the_other_line_has_passed_it():
    """The other line's norm is shorter than what the call has waited: that is told at once, and only once."""
    centre = Centre(QueuePolicy(LINE), QueuePolicy(OTHER, target_wait_s=20))
    centre.call("a")
    centre.wait(30)
    step = centre.feed(CallMovedTo(A, OTHER, "s"))
    assert [fact.queue for fact in of(step, TargetWaitPassed)] == [OTHER]
    assert of(centre.wait(80), TargetWaitPassed) == []


def test_the_last_call_moved_out_of_a_removed_line_closes_it():
    """Nothing is left of the line."""
    centre = Centre(QueuePolicy(LINE), QueuePolicy(OTHER))
    centre.call("a")
    centre.feed(PoliciesLoaded((QueuePolicy(OTHER),), ()))
    centre.feed(CallMovedTo(A, OTHER, "s"))
    assert [line.queue for line in centre.engine.snapshot().lines] == [OTHER]


def test_who_calls_again_soon_has_the_old_place():
    """Freeswitch's resume: within the time, in that line, with that number; the wait counts from the new entry."""
    centre = Centre(QueuePolicy(LINE, redial_s=60))
    centre.call("early")
    centre.wait(10)
    centre.call("other")
    centre.feed(CallerHungUp(CallId("early")))
    centre.wait(30)
    centre.feed(CallArrived(CallId("early2"), LINE, "early", Instant(centre.now)))
    assert centre.waiting() == ["early2", "other"]
    centre.feed(CallerHungUp(CallId("early2")))
    centre.wait(61)
    centre.feed(CallArrived(CallId("early3"), LINE, "early", Instant(centre.now)))
    assert centre.waiting() == ["other", "early3"]


def test_kept_places_do_not_pile_up():
    """What has expired is thrown away as new ones come; withheld numbers have no place to keep."""
    centre = Centre(QueuePolicy(LINE, redial_s=10))
    for number in range(100):
        centre.call(f"c{number}")
        centre.feed(CallerHungUp(CallId(f"c{number}")))
        centre.wait(5)
    centre.feed(CallArrived(A, LINE, "", Instant(centre.now)))
    centre.feed(CallerHungUp(A))
    assert len(centre.engine._floor.kept_places) <= 4


def test_one_call_only():
    """Whoever came for one call is paused after it, and after the next one if he says so again."""
    centre = Centre(agents=(agent("1"),))
    centre.feed(AgentLoggedIn(ONE, "1", once=True))
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.feed(CallerHungUp(A))
    assert centre.state("1") is AgentState.PAUSED
    centre.feed(AgentResumed(ONE, "1", once=True))
    centre.call("b")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    step = centre.feed(CallerHungUp(B))
    assert [(fact.after, fact.reason) for fact in of(step, AgentStateChanged)] == [("paused", "one_call")]


def test_wrap_up_extended():
    """The operator asks for ten seconds more, and has them; without a wrap-up there is nothing to extend."""
    centre = two(wrap_up_s=15)
    assert centre.feed(WrapUpExtended(ONE, "1", 10)).facts == ()
    centre.feed(CallerHungUp(CallId("x")))
    centre.wait(10)
    step = centre.feed(WrapUpExtended(ONE, "1", 10))
    assert [(fact.after, fact.reason, fact.by) for fact in of(step, AgentStateChanged)] == [
        ("wrap_up", "extended", "1")
    ]
    centre.wait(14.9)
    assert centre.state("1") is AgentState.WRAP_UP
    centre.wait(0.1)
    assert centre.state("1") is AgentState.READY
    assert centre.feed(WrapUpEnded(ONE, "1")).facts == ()


@pytest.mark.parametrize(
    ("event", "rule", "reason"),
    [
        (AgentPaused(ONE, "lunch", "1"), "logout_after_pause_s", "long_pause"),
        (AgentBecameUnreachable(ONE), "logout_unreachable_s", "long_unreachable"),
    ],
)
def test_long_absence_logs_out(event, rule, reason):
    """Who is paused, or whose telephone is away, for too long is logged out; coming back in time stops it."""
    centre = Centre(agents=(agent("1", **{rule: 300.0}),))
    centre.log_in("1")
    centre.feed(event)
    centre.wait(299)
    assert centre.state("1") is not AgentState.LOGGED_OUT
    step = centre.wait(1)
    assert [(fact.after, fact.reason) for fact in of(step, AgentStateChanged)] == [("logged_out", reason)]
    centre.log_in("1")
    centre.feed(AgentPaused(ONE, "x", "1"))
    centre.feed(AgentResumed(ONE, "1"))
    centre.feed(AgentLoggedOut(ONE, "1"))
    assert centre.engine.next_deadline() is None


def callback(centre, due_in=15.0, who=None, queue=LINE):
    """A call-back stands in line."""
    return centre.feed(CallbackDue(CALLBACK, queue, "+79991234567", Instant(centre.now + due_in), 0, who))


def test_a_call_back_stands_in_line_by_its_due_time():
    """Due 15 s after the break, it goes before callers whose norm breaks later, and is no accepted call."""
    centre = two()
    centre.call("older", ago=50)
    centre.call("younger")
    step = callback(centre)
    assert of(step, CallbackQueued)
    assert of(step, CallAccepted) == []
    assert centre.waiting() == ["older", CALLBACK, "younger"]
    assert of(centre.wait(300), CallOverflowed)[0].call == "older"
    assert CALLBACK in centre.waiting()


def test_a_call_back_keeps_an_operator_without_ringing_him():
    """CallOffered and no OfferCall: the book dials. The offer ends by what the bridge reports, not by a limit."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    step = callback(centre)
    assert [fact.agent for fact in of(step, CallOffered)] == ["1"]
    assert of(step, OfferCall) == []
    assert centre.wait(1000).facts == ()
    step = centre.feed(OfferAnswered(centre.offer_of("1")))
    assert [fact.call for fact in of(step, CallAnswered)] == [CALLBACK]


def test_the_caller_of_a_call_back_is_there_first():
    """Caller first: he waits at the old place as any caller, with the line's maximum wait from now."""
    centre = two(at_max_wait="out")
    callback(centre)
    step = centre.call(CALLBACK)
    assert of(step, CallAccepted) == []
    step = centre.wait(120)
    assert [(fact.call, fact.waited_s) for fact in of(step, CallOverflowed)] == [(CALLBACK, 120)]


def test_the_operator_kept_for_a_call_back_is_rung_when_its_caller_is_there():
    """OfferCall for the very offer that keeps him."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    callback(centre)
    offer = centre.offer_of("1")
    step = centre.call(CALLBACK)
    assert [ring.offer for ring in of(step, OfferCall)[0].rings] == [offer]
    step = centre.wait(25)
    assert of(step, OfferMissed)


def test_a_call_back_for_one_operator_takes_him_out_of_wrap_up():
    """Only he is eligible, at once; told again without an operator anybody is."""
    centre = two(wrap_up_s=30)
    centre.feed(CallerHungUp(CallId("x")))
    assert centre.state("1") is AgentState.WRAP_UP
    callback(centre, who=ONE)
    assert centre.offers() == {"1": CALLBACK}

    centre = two()
    callback(centre, who=ONE)
    centre.log_in("2")
    assert centre.offers() == {}
    assert of(callback(centre), CallbackQueued) == []
    assert centre.offers() == {"2": CALLBACK}


def test_a_call_back_that_is_withdrawn_frees_its_operator():
    """No miss is counted; told twice it changes nothing; a caller on the line is released."""
    centre = Centre(agents=(agent("1", pause_after_misses=1),))
    centre.log_in("1")
    callback(centre)
    step = centre.feed(CallbackWithdrawn(CALLBACK))
    assert [fact.reason for fact in of(step, OfferWithdrawn)] == ["callback_withdrawn"]
    assert of(step, WithdrawOffer)
    assert centre.state("1") is AgentState.READY
    assert centre.feed(CallbackWithdrawn(CALLBACK)).facts == ()

    centre.feed(AgentLoggedOut(ONE, "1"))
    callback(centre)
    centre.call(CALLBACK)
    assert of(centre.feed(CallbackWithdrawn(CALLBACK)), SendCallTo) == [SendCallTo(CALLBACK, "hangup")]


def test_a_call_back_in_a_line_that_is_unknown_is_ignored():
    """The book learns nothing of it and gives it up in time; so it is with a place in no line."""
    centre = Centre()
    assert centre.feed(CallPlaced(A, Instant(0.0))).facts == ()
    assert callback(centre, queue=QueueName("nowhere")).facts == ()


def test_a_caller_who_is_owed_a_call_back_has_its_place():
    """He called in himself: an earlier place is his, a later one is not forced on him."""
    centre = two(last_agent_wait_s=10)
    centre.call("a")
    centre.call("b")
    centre.feed(CallPlaced(B, Instant(centre.now + 15), ONE))
    assert centre.waiting() == ["b", "a"]
    centre.feed(CallPlaced(B, Instant(centre.now + 500), None))
    assert centre.waiting() == ["b", "a"]
    centre.log_in("2")
    assert centre.offers() == {"2": "a"}
    centre.wait(10)
    centre.feed(CallerHungUp(CallId("x")))
    assert centre.offers()["1"] == "b"


def test_a_booked_call_leaves_the_line():
    """Its outcome is a call-back; who booked it says good-bye, so nothing is sent anywhere."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    step = centre.feed(CallBooked(A))
    assert [(fact.destination, fact.reason) for fact in of(step, CallOverflowed)] == [("callback", "booked")]
    assert of(step, SendCallTo) == []
    assert centre.state("1") is AgentState.READY
    assert centre.feed(CallBooked(A)).facts == ()

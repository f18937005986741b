"""What operators do and what befalls them: pauses, log-outs, telephones that die, events that come too late."""

from queue_engine.effects import WithdrawOffer
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAnswered,
    CallOffered,
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
    OfferAnswered,
    OfferFailed,
    OfferRang,
    Party,
    RingFailure,
    TalkEnded,
    WrapUpEnded,
)
from tests.queue_engine.centre import Centre, agent, of, talking

ONE = AgentId("1")
A = CallId("a")


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

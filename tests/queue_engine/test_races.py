"""The races in which other engines lose a caller or an operator, one scenario each, every order of the events tried."""

from itertools import permutations

import pytest

from queue_engine.effects import OfferCall, WithdrawOffer
from queue_engine.facts import AgentState, CallAbandoned, CallAnswered, CallReturned, OfferMissed, OfferWithdrawn
from queue_engine.ids import AgentId, CallId
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentBecameUnreachable,
    AgentLoggedOut,
    AgentPaused,
    CallerHungUp,
    CallLost,
    Input,
    OfferAnswered,
    OfferFailed,
    Party,
    RingFailure,
    TalkEnded,
)
from queue_engine.policy import QueuePolicy
from queue_engine.rings import HOLD_S
from tests.queue_engine.centre import LINE, Centre, agent, of

A, B = CallId("a"), CallId("b")
ONE = AgentId("1")


def centre_of(*agents: str, **line: object) -> Centre:
    """Return a line with these operators, all of them logged in."""
    centre = Centre(QueuePolicy(LINE, **line), agents=tuple(agent(name) for name in agents))
    centre.log_in(*agents)
    return centre


def test_two_callers_and_one_operator():
    """He is reserved before he is rung: the second caller waits, and gets him when the first is done."""
    centre = centre_of("1")
    centre.call("a")
    assert not of(centre.call("b"), OfferCall)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.feed(TalkEnded(A, Party.CALLER))
    assert centre.offers() == {"1": "b"}


def test_one_caller_and_two_operators():
    """One of them rings; the other stays free for the next."""
    centre = centre_of("1", "2")
    centre.call("a")
    assert len(centre.offers()) == 1
    centre.call("b")
    assert sorted(centre.offers().values()) == ["a", "b"]


def test_ringing_that_was_broken_off_from_outside_is_looked_at_again():
    """Most likely the caller is about to be gone; if he is not, the next one rings a moment later."""
    centre = centre_of("1", "2")
    centre.call("a")
    [rung] = centre.offers()
    assert not of(centre.feed(OfferFailed(centre.offer_of(rung), RingFailure.CANCELLED)), OfferCall)
    assert [effect.call for effect in of(centre.wait(HOLD_S), OfferCall)] == ["a"]


@pytest.mark.parametrize("why", [failure for failure in RingFailure if failure is not RingFailure.CANCELLED])
def test_operator_rejects_while_it_rings(why):
    """Back to the head of the line, and the next one rings in the same instant, whatever the cause."""
    centre = centre_of("1", "2")
    centre.call("a")
    centre.call("b", ago=-1.0)
    [rung] = [name for name, call in centre.offers().items() if call == "a"]
    centre.feed(OfferAnswered(centre.offer_of({"1": "2", "2": "1"}[rung])))
    centre.feed(TalkEnded(B, Party.CALLER))
    step = centre.feed(OfferFailed(centre.offer_of(rung), why))
    assert [effect.call for effect in of(step, OfferCall)] == ["a"]


def test_operator_answers_and_drops_before_they_are_connected():
    """The caller is back at his place and rings somewhere else at once; nobody records a talk with him alone."""
    centre = centre_of("1", "2")
    centre.call("a")
    [rung] = centre.offers()
    centre.feed(OfferAnswered(centre.offer_of(rung)))
    step = centre.feed(TalkEnded(A, Party.AGENT))
    assert of(step, CallReturned)
    assert [[ring.agent for ring in effect.rings] for effect in of(step, OfferCall)] == [[{"1": "2", "2": "1"}[rung]]]


@pytest.mark.parametrize("order", list(permutations(("hangs up", "answers", "rings out"))))
def test_caller_hangs_up_at_the_instant_of_the_answer(order):
    """In whatever order it is told: an abandon or a talk, never both; the operator is free or in a true wrap-up."""
    centre = centre_of("1")
    centre.call("a")
    offer = centre.offer_of("1")
    told: dict[str, Input] = {
        "hangs up": CallerHungUp(A),
        "answers": OfferAnswered(offer),
        "rings out": OfferFailed(offer, RingFailure.NO_ANSWER),
    }
    facts = [fact for name in order for fact in centre.feed(told[name]).facts]
    kinds = [type(fact) for fact in facts]
    assert kinds.count(CallAbandoned) + kinds.count(CallAnswered) == 1
    assert kinds.count(OfferMissed) + kinds.count(OfferWithdrawn) + kinds.count(CallAnswered) == 1
    assert centre.waiting() == []
    assert centre.state("1") in {AgentState.READY, AgentState.WRAP_UP, AgentState.BACK_OFF}


@pytest.mark.parametrize("order", list(permutations(("1", "2", "3"))))
def test_everybody_answers_at_once(order):
    """The first has the caller; the others are stopped, free at once and blamed for nothing."""
    centre = centre_of("1", "2", "3", ring_at_once=0)
    centre.call("a")
    offers = {name: centre.offer_of(name) for name in order}
    steps = [centre.feed(OfferAnswered(offers[name])) for name in order]
    assert [len(of(step, CallAnswered)) for step in steps] == [1, 0, 0]
    assert centre.state(order[0]) is AgentState.TALKING
    assert [centre.state(name) for name in order[1:]] == [AgentState.READY] * 2
    assert not any(of(step, OfferMissed) for step in steps)


@pytest.mark.parametrize("gone", [AgentBecameUnreachable(ONE), AgentLoggedOut(ONE, "1"), AgentPaused(ONE, "x", "1")])
@pytest.mark.parametrize("first", ["gone", "caller"])
def test_telephone_goes_while_a_caller_comes(gone, first):
    """Who is away is not rung for long: either nothing rings, or what rings can still be answered, or ends."""
    centre = centre_of("1")
    if first == "gone":
        centre.feed(gone)
        assert not of(centre.call("a"), OfferCall)
    else:
        centre.call("a")
        offer = centre.offer_of("1")
        centre.feed(gone)
        centre.feed(OfferFailed(offer, RingFailure.UNREACHABLE))
    assert centre.waiting() == ["a"]
    assert centre.offers() == {}


def test_telephone_is_back_before_it_was_missed():
    """Gone and registered again within one ring: no second offer for the same call, no lost one."""
    centre = centre_of("1")
    centre.call("a")
    centre.feed(AgentBecameUnreachable(ONE))
    centre.feed(AgentBecameReachable(ONE))
    assert len(centre.offers()) <= 1
    centre.wait(60)
    assert centre.waiting() == ["a"] or centre.offers() == {"1": "a"}


def test_nothing_is_done_twice():
    """The same answer, end and hang-up told twice, as after a lost connection, change nothing the second time."""
    centre = centre_of("1", "2")
    centre.call("a")
    [rung] = centre.offers()
    offer = centre.offer_of(rung)
    for event in (OfferAnswered(offer), TalkEnded(A, Party.CALLER), CallerHungUp(A), CallLost(A, "told again")):
        centre.feed(event)
        again = centre.feed(event)
        assert not of(again, OfferCall)
        assert not of(again, WithdrawOffer)
        assert not of(again, CallAnswered)
    assert centre.waiting() == []


def test_offer_that_was_taken_back_is_answered_all_the_same():
    """The withdrawal and the answer cross on the wire: the caller goes on with whom he has, the late one is stopped."""
    centre = centre_of("1", "2", ring_at_once=0)
    centre.call("a")
    late = centre.offer_of("2")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    step = centre.feed(OfferAnswered(late))
    assert [effect.offer for effect in of(step, WithdrawOffer)] == [late]
    assert centre.state("1") is AgentState.TALKING

"""A caller who was handed on: to whom, back to whom, and never into nothing."""

import pytest

from queue_engine.effects import OfferCall
from queue_engine.facts import AgentState, CallEnded, CallOffered, CallReserved
from queue_engine.ids import AgentId, CallId, OfferId
from queue_engine.inputs import (
    AgentPaused,
    CallArrived,
    OfferAnswered,
    OfferFailed,
    Party,
    RingFailure,
    TalkEnded,
    Turn,
)
from queue_engine.policy import QueuePolicy
from tests.queue_engine.centre import LINE, Centre, agent, of

NEXT = CallId("a-1")
TO = Turn(AgentId("2"), 20.0, "transferred")
BACK = Turn(AgentId("1"), 30.0, "returned", at_once=True)


@pytest.fixture
def centre() -> Centre:
    """Operator 1 has just handed a caller on and is in wrap-up; 2 and 3 are free."""
    made = Centre(QueuePolicy(LINE, wrap_up_s=60.0), agents=(agent("1"), agent("2"), agent("3")))
    for number in ("1", "2", "3"):
        made.log_in(number)
    step = made.call("a")
    (offer,) = of(step, CallOffered)
    made.feed(OfferAnswered(offer.offer))
    made.wait(5)
    made.feed(TalkEnded(CallId("a"), Party.AGENT))
    return made


def handed(centre: Centre, *turns: Turn):
    """The caller arrives again, handed on."""
    return centre.feed(CallArrived(NEXT, LINE, "7927", centre.now, turns=turns or (TO, BACK)))


def offered(step) -> list[str]:
    """Return who is rung."""
    return [fact.agent for fact in of(step, CallOffered)]


def missed(centre: Centre, step, failure: RingFailure = RingFailure.NO_ANSWER):
    """The telephone that rings is not answered."""
    (offer,) = of(step, CallOffered)
    return centre.feed(OfferFailed(OfferId(offer.offer), failure))


def test_he_is_offered_to_the_one_he_was_handed_on_to(centre):
    """Not to whoever's turn it is in the line."""
    step = handed(centre, Turn(AgentId("3"), 20.0, "transferred"), BACK)
    assert offered(step) == ["3"]
    assert [(fact.agent, fact.reason) for fact in of(step, CallReserved)] == [("3", "transferred")]


def test_nobody_takes_him_and_he_comes_back_at_once(centre):
    """Operator 1 is taken out of wrap-up; operator 3, who is free, is not asked."""
    step = missed(centre, handed(centre))
    assert offered(step) == ["1"]
    assert centre.state("1") is AgentState.RINGING


def test_nobody_at_all_takes_him_and_the_line_has_him(centre):
    """The one who handed him on does not answer either: now anybody may."""
    step = missed(centre, missed(centre, handed(centre)))
    assert offered(step) == ["3"]


def test_he_waits_for_one_who_talks_as_long_as_the_turn_is_patient(centre):
    """After twenty seconds he is back with operator 1, whatever the line's own times are."""
    busy = centre.call("b")
    centre.feed(OfferAnswered(of(busy, CallOffered)[0].offer))
    talks = of(busy, CallOffered)[0].agent
    step = handed(centre, Turn(talks, 20.0, "transferred"), BACK)
    assert offered(step) == []
    assert offered(centre.wait(19)) == []
    assert offered(centre.wait(1)) == ["1"]


@pytest.mark.parametrize("gone", ["2", "9"])
def test_one_who_is_not_there_is_passed_over(centre, gone):
    """Paused, or no operator at all: back at once."""
    centre.feed(AgentPaused(AgentId("2"), "lunch", "2"))
    assert offered(handed(centre, Turn(AgentId(gone), 20.0, "transferred"), BACK)) == ["1"]


def test_one_who_pauses_while_the_caller_waits_for_him_gives_him_back(centre):
    """He will not take the call: it does not wait on for him."""
    busy = centre.call("b")
    (ring,) = of(busy, OfferCall)[0].rings
    centre.feed(OfferAnswered(ring.offer))
    handed(centre, Turn(ring.agent, 20.0, "transferred"), BACK)
    centre.feed(TalkEnded(CallId("b"), Party.AGENT))
    assert offered(centre.feed(AgentPaused(ring.agent, "lunch", "x"))) == ["1"]


def test_all_turns_gone_leave_nothing_behind(centre):
    """The caller is answered and gone: no turn is remembered."""
    step = handed(centre)
    centre.feed(OfferAnswered(of(step, CallOffered)[0].offer))
    centre.wait(5)
    centre.feed(TalkEnded(NEXT, Party.CALLER))
    assert centre.engine._floor.turns == {}


def test_talk_that_ends_by_handing_on_is_one_however_short(centre):
    """Handed on in the first second: the caller is on his way, and nobody is rung for his old place."""
    step = centre.call("b")
    centre.feed(OfferAnswered(of(step, CallOffered)[0].offer))
    centre.wait(0.3)
    step = centre.feed(TalkEnded(CallId("b"), Party.AGENT, handed_on=True))
    assert [fact.talked_s for fact in of(step, CallEnded)] == [pytest.approx(0.3)]
    assert offered(step) == []

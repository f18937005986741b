"""The beginning and end of a talk, the wrap-up after it, and talks that were none."""

import pytest

from queue_engine.effects import ReleaseCall
from queue_engine.facts import (
    AgentState,
    CallAnswered,
    CallEnded,
    CallOverflowed,
    CallReturned,
)
from queue_engine.ids import AgentId, CallId
from queue_engine.inputs import (
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    AgentPaused,
    AgentResumed,
    CallerHungUp,
    CallLost,
    OfferAnswered,
    Party,
    TalkEnded,
    WrapUpEnded,
)
from queue_engine.policy import QueuePolicy
from tests.queue_engine.centre import LINE, Centre, agent, of, talking

ONE = AgentId("1")
A = CallId("a")


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

"""What users of other engines complain about, one scenario each, named after the complaint: none of it happens here.

The numbers are those of the issue threads of these projects.
"""

import pytest

from queue_engine.effects import Announce, OfferCall, WithdrawOffer
from queue_engine.facts import AgentState, CallEnded, CallOffered, CallOverflowed, CallReturned, OfferMissed
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentBecameUnreachable,
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    AgentLoggedOut,
    AgentPaused,
    AgentResumed,
    CallbackDue,
    CallerHungUp,
    CallLost,
    KeyPressed,
    OfferAnswered,
    OfferFailed,
    Party,
    RingFailure,
    TalkEnded,
)
from queue_engine.policy import KeyRule, QueuePolicy, Say, Strategy
from tests.queue_engine.centre import LINE, Centre, agent, of

A, B = CallId("a"), CallId("b")
ONE = AgentId("1")
SAYS = (Say(5.0, "place", 10.0),)


def talking(centre: Centre, call: str, who: str) -> None:
    """Let a caller come and be answered by this operator."""
    centre.call(call)
    centre.feed(OfferAnswered(centre.offer_of(who)))


@pytest.mark.parametrize("said_s", [0.0, 4.0])
def test_asterisk_1568_freeswitch_1148_an_announcement_keeps_caller_and_operator_apart(said_s):
    """Whatever is being said, the telephone rings in the instant in which somebody is free."""
    centre = Centre(QueuePolicy(LINE, steps=SAYS), agents=(agent("1"),))
    centre.call("a")
    assert of(centre.wait(5), Announce)
    centre.wait(said_s)
    at = centre.now
    centre.log_in("1")
    assert [fact.at for fact in of(centre.steps[-1], CallOffered)] == [at]


def test_asterisk_176_one_call_is_answered_by_two():
    """The second to answer is hung up, is free at once, and has missed nothing."""
    centre = Centre(QueuePolicy(LINE, ring_at_once=0), agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    first, second = centre.offer_of("1"), centre.offer_of("2")
    centre.feed(OfferAnswered(first))
    late = centre.feed(OfferAnswered(second))
    assert [effect.offer for effect in of(late, WithdrawOffer)] == [second]
    assert (centre.state("1"), centre.state("2")) == (AgentState.TALKING, AgentState.READY)


def test_asterisk_1557_the_winner_drops_before_the_bridge_and_everybody_starts_anew():
    """The others are rung again in the same instant, at the caller's old place, the one who dropped him left out."""
    centre = Centre(QueuePolicy(LINE, ring_at_once=0), agents=tuple(agent(name) for name in "123"))
    centre.log_in("1", "2", "3")
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    step = centre.feed(TalkEnded(A, Party.AGENT))
    assert of(step, CallReturned)
    assert [[ring.agent for ring in effect.rings] for effect in of(step, OfferCall)] == [["2", "3"]]


def test_asterisk_1006_607_wrap_up_ends_early_with_several_lines():
    """Wrap-up lasts to the instant, whichever of six lines has callers, and whatever else is asked meanwhile."""
    lines = tuple(QueuePolicy(QueueName(f"q{number}"), wrap_up_s=30.0) for number in range(6))
    centre = Centre(*lines, agents=(agent("1", *(line.name for line in lines)),))
    centre.log_in("1")
    centre.call("a", "q0")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.feed(TalkEnded(A, Party.CALLER))
    for number, line in enumerate(lines):
        centre.call(f"n{number}", line.name)
    for event in (AgentBusyElsewhere(ONE), AgentFreeElsewhere(ONE), AgentPaused(ONE, "x", "1"), AgentResumed(ONE, "1")):
        centre.feed(event)
    assert of(centre.wait(29.9), CallOffered) == []
    assert len(of(centre.wait(0.1), CallOffered)) == 1


def test_asterisk_1736_calls_are_counted_once_for_each_line_of_the_operator():
    """Whoever serves three lines is offered as if he had had each call once."""
    lines = tuple(QueuePolicy(QueueName(name), strategy=Strategy.FEWEST_CALLS) for name in ("x", "y", "z"))
    centre = Centre(*lines, agents=(agent("1", "x", "y", "z"), agent("2", "x")))
    centre.log_in("1", "2")
    served = []
    for number in range(4):
        centre.call(f"n{number}", "x")
        [(who, call)] = centre.offers().items()
        centre.feed(OfferAnswered(centre.offer_of(who)))
        centre.feed(CallerHungUp(CallId(call)))
        served.append(who)
    assert sorted(served) == ["1", "1", "2", "2"]


def test_asterisk_1691_freeswitch_2511_the_longest_waiting_goes_before_the_higher_class():
    """Classes come first, and within a class whoever waits longest, over all lines of the operator."""
    centre = Centre(QueuePolicy(LINE), QueuePolicy(QueueName("other")), agents=(agent("1", LINE, "other"),))
    centre.call("old", ago=50)
    centre.call("urgent", "other", priority=1)
    centre.call("older", "other", ago=55)
    centre.log_in("1")
    order = []
    for _ in range(3):
        [call] = centre.offers().values()
        order.append(call)
        centre.feed(OfferAnswered(centre.offer_of("1")))
        centre.feed(CallerHungUp(CallId(call)))
    assert order == ["urgent", "older", "old"]


def test_asterisk_543_a_key_is_ignored_while_something_is_said():
    """The key is acted on in the instant in which it is pressed, in the midst of an announcement."""
    centre = Centre(QueuePolicy(LINE, steps=SAYS, keys=(KeyRule("2", "voice"),)))
    centre.call("a")
    assert of(centre.wait(5), Announce)
    assert [fact.destination for fact in of(centre.feed(KeyPressed(A, "2")), CallOverflowed)] == ["voice"]


def test_asterisk_1386_no_position_is_said_any_more():
    """Each announcement comes, with a position that never grows, also while somebody more urgent steps in before."""
    centre = Centre(QueuePolicy(LINE, steps=SAYS))
    for name in "ab":
        centre.call(name)
    said = of(centre.wait(6), Announce)
    centre.call("c", priority=1)
    said += of(centre.wait(20), Announce)
    positions = [effect.position for effect in said if effect.call == "b"]
    assert positions == [2, 2, 2]


@pytest.mark.parametrize("by", [Party.AGENT, Party.CALLER])
def test_asterisk_393_the_end_of_a_talk_is_told_late_or_of_the_wrong_side(by):
    """It is told once, at once, with who ended it."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    talking(centre, "a", "1")
    centre.wait(30)
    step = centre.feed(TalkEnded(A, by))
    assert [(fact.by, fact.talked_s, fact.at) for fact in of(step, CallEnded)] == [(by, 30, centre.now)]
    assert of(centre.feed(CallerHungUp(A)), CallEnded) == []


def test_asterisk_66_395_1007_a_paused_operator_rings_or_loses_the_reason():
    """Nobody who pauses is rung, not in between either, and the reason stays until the pause ends."""
    centre = Centre(agents=(agent("1"),))
    centre.call("a")
    centre.feed(AgentPaused(ONE, "lunch", "1"))
    centre.log_in("1")
    centre.feed(AgentPaused(ONE, "lunch", "1"))
    centre.feed(AgentBecameUnreachable(ONE))
    centre.feed(AgentBecameReachable(ONE))
    view = centre.engine.snapshot().agents[0]
    assert (view.state, view.reason, centre.offers()) == (AgentState.PAUSED, "lunch", {})


def test_mikopbx_1043_opensips_2886_a_refusal_rings_the_same_operator_or_ends_the_call():
    """The call goes to the next one in the same instant, at its old place."""
    centre = Centre(agents=(agent("1", back_off_refused_s=0.0), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    step = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.REFUSED))
    assert (centre.offers(), [fact.at for fact in of(step, CallOffered)]) == ({"2": "a"}, [centre.now])


def test_freeswitch_2540_an_operator_is_stuck_in_ringing():
    """An offer of whose end nothing is ever heard is given up, and both are there for others."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("a")
    centre.log_in("2")
    centre.wait(25)
    assert centre.offers() == {"2": "a"}
    centre.wait(2)
    assert centre.state("1") is AgentState.READY


def test_freeswitch_2529_a_caller_who_has_gone_still_rings():
    """The telephone is silenced in the step in which the caller goes, and an answer after it is hung up."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    offer = centre.offer_of("1")
    assert of(centre.feed(CallerHungUp(A)), WithdrawOffer)
    assert of(centre.feed(OfferAnswered(offer)), WithdrawOffer)
    assert centre.state("1") is AgentState.READY


def test_freeswitch_1216_fixed_order_halts_at_somebody_who_is_away():
    """Whoever is away, first or last in the order, is passed over."""
    policy = QueuePolicy(LINE, strategy=Strategy.FIXED_ORDER)
    centre = Centre(policy, agents=tuple(agent(name) for name in "123"))
    centre.log_in("1", "2", "3")
    centre.feed(AgentBecameUnreachable(ONE))
    centre.feed(AgentLoggedOut(AgentId("3"), "3"))
    centre.call("a")
    assert centre.offers() == {"2": "a"}


def test_opensips_2679_a_free_operator_waits_while_others_are_in_wrap_up():
    """A hundred in wrap-up delay nothing: the one who is free is rung in the instant of the call."""
    names = [str(number) for number in range(100)]
    centre = Centre(QueuePolicy(LINE, wrap_up_s=60.0), agents=(*(agent(name) for name in names), agent("free")))
    centre.log_in(*names)
    for name in names:
        centre.call(f"c{name}")
    for name in names:
        centre.feed(OfferAnswered(centre.offer_of(name)))
        centre.feed(TalkEnded(CallId(f"c{name}"), Party.CALLER))
    centre.log_in("free")
    assert [fact.agent for fact in of(centre.call("a"), CallOffered)] == ["free"]


def test_opensips_2530_3123_an_operator_talks_for_ever_after_a_lost_bye():
    """What reconciliation does not find any more ends the talk, and the operator has the next caller."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    talking(centre, "a", "1")
    centre.call("b")
    step = centre.feed(CallLost(A, "not_found"))
    assert [fact.by for fact in of(step, CallEnded)] == [Party.SYSTEM]
    assert centre.offers() == {"1": "b"}


def test_freepbx_621_call_backs_starve_those_who_wait():
    """A call-back stands among the callers by what is due: it takes no more than its turn."""
    centre = Centre(agents=(agent("1"),))
    centre.call("a", ago=50)
    for number in range(3):
        due_at = Instant(centre.now + 15)
        centre.feed(CallbackDue(CallId(f"back{number}"), LINE, f"+7900{number}", due_at))
    centre.log_in("1")
    assert centre.offers() == {"1": "a"}


def test_kazoo_6609_an_operator_is_out_for_ever_after_misses():
    """He is paused with the reason shown, not logged out, and is back with one word; an own call loses nothing."""
    centre = Centre(agents=(agent("1", pause_after_misses=1),))
    centre.log_in("1")
    centre.call("a")
    assert of(centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER)), OfferMissed)
    view = centre.engine.snapshot().agents[0]
    assert (view.state, view.reason) == (AgentState.PAUSED, "missed")
    centre.feed(AgentBusyElsewhere(ONE))
    centre.feed(AgentFreeElsewhere(ONE))
    assert centre.state("1") is AgentState.PAUSED
    centre.feed(AgentResumed(ONE, "1"))
    centre.wait(2)
    assert centre.offers() == {"1": "a"}


def test_fusionpbx_2831_an_operator_without_a_telephone_counts_as_available():
    """Whose telephone is not registered is not rung, and is again as soon as it is."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.feed(AgentBecameUnreachable(ONE))
    assert of(centre.call("a"), CallOffered) == []
    assert of(centre.feed(AgentBecameReachable(ONE)), CallOffered)

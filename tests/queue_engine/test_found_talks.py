"""What Asterisk shows after a restart of ours, and new policies with callers inside."""

import pytest

from queue_engine.effects import ReleaseCall, SendCallTo, WithdrawOffer
from queue_engine.errors import PolicyError
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallOverflowed,
    CallRecovered,
    CallRefused,
    OfferWithdrawn,
)
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    AgentLoggedIn,
    CallerHungUp,
    OfferAnswered,
    Party,
    PoliciesLoaded,
    TalkEnded,
    TalkFound,
)
from queue_engine.policy import AgentPolicy, KeyRule, LeaveFor, QueuePolicy
from tests.queue_engine.centre import LINE, Centre, agent, of

ONE = AgentId("1")
A = CallId("a")


def found(centre, *, who="1", call="a", entered_ago=60.0, answered_ago=30.0, queue=LINE):
    """A talk that Asterisk shows."""
    entered = Instant(centre.now - entered_ago)
    answered = None if answered_ago is None else Instant(centre.now - answered_ago)
    return TalkFound(CallId(call), queue, AgentId(who), call, entered, answered)


def test_a_talk_found_after_a_restart_is_a_talk():
    """The operator talks, and the end is told with the times that Asterisk knows."""
    centre = Centre(agents=(agent("1"),))
    step = centre.feed(found(centre))
    assert of(step, CallRecovered)
    assert [(fact.offer, fact.waited_s) for fact in of(step, CallAnswered)] == [(None, 30)]
    assert centre.state("1") is AgentState.TALKING
    assert centre.feed(found(centre)).facts == ()
    centre.log_in("1")
    centre.wait(10)
    (ended,) = of(centre.feed(TalkEnded(A, Party.CALLER)), CallEnded)
    assert (ended.waited_s, ended.talked_s) == (30, 40)
    assert centre.state("1") is AgentState.READY


def test_a_found_talk_of_unknown_length_has_the_length_that_asterisk_tells():
    """Nobody knows when it was answered, so the operator's hang-up is no proof of a dropped talk."""
    centre = Centre(agents=(agent("1"),))
    centre.feed(found(centre, answered_ago=None))
    (ended,) = of(centre.feed(TalkEnded(A, Party.AGENT, 16, talked_s=77.0)), CallEnded)
    assert ended.talked_s == 77
    centre.feed(found(centre, answered_ago=None))
    (ended,) = of(centre.feed(TalkEnded(A, Party.AGENT)), CallEnded)
    assert ended.talked_s == 0


@pytest.mark.parametrize(
    ("ended_ago", "ended_at_ago", "talked_s"), [(6, 6, 34), (100, 40, 0), (-5, 0, 40), (None, 0, 40)]
)
@pytest.mark.parametrize("input_", [CallerHungUp, TalkEnded])
def test_an_end_that_was_noted_is_told_as_of_then(input_, ended_ago, ended_at_ago, talked_s):
    """Nothing came from Asterisk for a while: not before the talk began and not after now, whatever is told."""
    centre = Centre(agents=(agent("1"),))
    centre.feed(found(centre))
    centre.wait(10)
    now = centre.now
    ended_at = None if ended_ago is None else Instant(now - ended_ago)
    told = {"by": Party.CALLER} if input_ is TalkEnded else {}
    (ended,) = of(centre.feed(input_(A, **told, ended_at=ended_at)), CallEnded)
    assert (ended.at, ended.talked_s) == (now - ended_at_ago, talked_s)


def test_an_abandon_that_was_noted_is_told_as_of_then():
    """The wait is as long as it was, and whoever is owed a call is owed it from then."""
    centre = Centre(agents=())
    centre.call("a")
    centre.wait(30)
    (gone,) = of(centre.feed(CallerHungUp(A, ended_at=Instant(centre.now - 12))), CallAbandoned)
    assert (gone.at, gone.waited_s) == (centre.now - 12, 18)


def test_a_found_talk_with_somebody_unknown_is_followed_to_its_end():
    """Lines and operators that the configuration does not know make no talk disappear."""
    centre = Centre()
    centre.feed(found(centre, who="9", queue=QueueName("gone")))
    step = centre.feed(TalkEnded(A, Party.CALLER))
    assert [(fact.agent, fact.queue) for fact in of(step, CallEnded)] == [("9", "gone")]
    assert of(step, ReleaseCall)
    assert [line.queue for line in centre.engine.snapshot().lines] == [LINE]


def test_a_found_talk_takes_the_call_from_whoever_it_rang_for():
    """An orphaned dial was answered by one operator while the engine rang another."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("a")
    step = centre.feed(found(centre, who="2"))
    assert [fact.reason for fact in of(step, OfferWithdrawn)] == ["answered_elsewhere"]
    assert of(step, WithdrawOffer)
    assert (centre.state("1"), centre.state("2")) == (AgentState.READY, AgentState.TALKING)


def test_a_found_talk_with_the_very_operator_it_rings_for_is_the_answer():
    """No telephone is hung up when the answer is learnt by looking instead of by being told."""
    centre = Centre(agents=(agent("1"),))
    centre.log_in("1")
    centre.call("a")
    offer = centre.offer_of("1")
    step = centre.feed(found(centre, answered_ago=0.0))
    assert step.effects == ()
    assert centre.feed(OfferAnswered(offer)).effects == ()
    assert centre.state("1") is AgentState.TALKING


def test_a_found_talk_frees_the_call_that_rang_for_its_operator():
    """The operator talks to somebody else: the call that rang there goes on to another at once."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("a")
    centre.log_in("2")
    centre.feed(found(centre, call="b"))
    assert centre.offers() == {"2": "a"}


def test_a_talk_that_moved_to_another_operator_is_followed():
    """The first operator is free, with his wrap-up; the second one talks."""
    centre = Centre(QueuePolicy(LINE, wrap_up_s=5), agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.feed(found(centre, who="2"))
    assert (centre.state("1"), centre.state("2")) == (AgentState.WRAP_UP, AgentState.TALKING)


def test_a_second_talk_of_one_operator_leaves_the_first_to_end_by_itself():
    """Asterisk shows an operator in two bridges: the engine hangs up neither."""
    centre = Centre(agents=(agent("1"),))
    centre.feed(found(centre, call="a"))
    step = centre.feed(found(centre, call="b"))
    assert step.effects == ()
    assert of(centre.feed(CallerHungUp(A)), CallEnded)
    assert centre.state("1") is AgentState.TALKING
    centre.feed(CallerHungUp(CallId("b")))
    assert centre.state("1") is AgentState.LOGGED_OUT


def reload(centre, *queues, agents=()):
    """New policies come."""
    return centre.feed(PoliciesLoaded(queues, agents))


def test_reload_keeps_every_place():
    """Norms, weights and wrap-ups change, the order of the line does not."""
    centre = Centre(agents=(agent("1"),))
    for name in "abc":
        centre.call(name)
        centre.wait(1)
    reload(centre, QueuePolicy(LINE, target_wait_s=30, max_wait_s=45, weight=3), agents=(agent("1"),))
    assert centre.waiting() == ["a", "b", "c"]
    step = centre.wait(42)
    assert [fact.call for fact in of(step, CallOverflowed)] == ["a"]


def test_reload_brings_operators_to_lines_and_dispatches():
    """An operator who is given a line serves it from that moment."""
    centre = Centre(agents=(agent("1", "other"),))
    centre.log_in("1")
    centre.call("a")
    assert centre.offers() == {}
    reload(centre, QueuePolicy(LINE), agents=(agent("1"),))
    assert centre.offers() == {"1": "a"}


def test_reload_does_not_touch_calls_that_ring_or_talk():
    """Who rings rings on, who talks talks on."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    centre.call("b")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    step = reload(centre, QueuePolicy(LINE, ring_s=9), agents=(agent("1"), agent("2")))
    assert (step.facts, step.effects) == ((), ())


def test_a_removed_line_drains():
    """It takes nobody new; who is inside is served by those who served it, or leaves at the maximum wait."""
    centre = Centre(QueuePolicy(LINE, at_max_wait="out"), QueuePolicy(QueueName("2")), agents=(agent("1"),))
    centre.call("a")
    centre.call("b")
    reload(centre, QueuePolicy(QueueName("2")), agents=(agent("1", "2"),))
    assert of(centre.call("late"), CallRefused)
    centre.log_in("1")
    assert centre.offers() == {"1": "a"}
    centre.feed(OfferAnswered(centre.offer_of("1")))
    assert of(centre.wait(120), SendCallTo) == [SendCallTo(CallId("b"), "out")]
    centre.feed(CallerHungUp(A))
    assert [line.queue for line in centre.engine.snapshot().lines] == ["2"]
    assert centre.state("1") is AgentState.READY


def test_a_removed_operator_finishes_the_call_and_is_forgotten():
    """The talk goes on; afterwards the operator is logged out by the system and gone."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1", "2")
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    reload(centre, QueuePolicy(LINE))
    assert [view.agent for view in centre.engine.snapshot().agents] == ["1"]
    centre.feed(AgentLoggedIn(ONE, "1"))
    step = centre.feed(CallerHungUp(A))
    assert [(f.after, f.reason) for f in of(step, AgentStateChanged)] == [("logged_out", "removed")]
    assert centre.engine.snapshot().agents == ()


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: QueuePolicy(LINE, target_wait_s=0), "target_wait_s"),
        (lambda: QueuePolicy(LINE, target_wait_s=130, max_wait_s=120), "target_wait_s"),
        (lambda: QueuePolicy(LINE, ring_s=0), "ring_s"),
        (lambda: QueuePolicy(LINE, wrap_up_s=-1), "wrap_up_s"),
        (lambda: QueuePolicy(LINE, weight=0), "weight"),
        (lambda: QueuePolicy(LINE, ring_at_once=-1), "ring_at_once"),
        (lambda: QueuePolicy(LINE, redial_s=-1), "redial_s"),
        (lambda: QueuePolicy(LINE, steps=(LeaveFor(121, "x"),)), "steps"),
        (lambda: QueuePolicy(LINE, keys=(KeyRule("1"), KeyRule("1"))), "keys"),
        (lambda: AgentPolicy(ONE, (), pause_after_misses=-1), "pause_after_misses"),
        (lambda: AgentPolicy(ONE, (LINE,), levels=(1, 2)), "levels"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(make, field):
    """The error names the owner, the field and the reason."""
    with pytest.raises(PolicyError, match=field):
        make()


def test_a_talk_found_during_wrap_up_ends_the_wrap_up():
    """The operator talks again already: the old wrap-up is over, and the new talk has one of its own."""
    centre = Centre(QueuePolicy(LINE, wrap_up_s=15), agents=(agent("1"),))
    centre.log_in("1")
    centre.feed(found(centre))
    centre.feed(CallerHungUp(A))
    centre.wait(5)
    centre.feed(found(centre, call="b"))
    centre.wait(20)
    centre.feed(CallerHungUp(CallId("b")))
    centre.wait(14)
    assert centre.state("1") is AgentState.WRAP_UP
    centre.wait(1)
    assert centre.state("1") is AgentState.READY


def test_who_is_not_logged_in_has_no_wrap_up():
    """A talk of somebody logged out leaves nothing behind."""
    centre = Centre(QueuePolicy(LINE, wrap_up_s=15), agents=(agent("1"),))
    centre.feed(found(centre))
    centre.feed(CallerHungUp(A))
    assert centre.engine.next_deadline() is None
    assert centre.state("1") is AgentState.LOGGED_OUT

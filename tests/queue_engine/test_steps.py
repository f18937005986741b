"""What happens to a call by its waiting time, on joining, and by a key."""

import pytest

from queue_engine.effects import Announce, OfferCall, SendCallTo
from queue_engine.facts import (
    CallAccepted,
    CallbackAsked,
    CallMoved,
    CallOffered,
    CallOverflowed,
    OfferWithdrawn,
    TargetWaitPassed,
)
from queue_engine.ids import CallId, QueueName
from queue_engine.inputs import (
    CallerHungUp,
    KeyPressed,
    LineOpened,
    OfferAnswered,
    OfferFailed,
    PoliciesLoaded,
    RingFailure,
)
from queue_engine.policy import JoinCondition, JoinRule, KeyRule, LeaveFor, MoveTo, QueuePolicy, Say
from tests.queue_engine.centre import LINE, Centre, agent, of

A = CallId("a")
OTHER = QueueName("other")


def test_a_call_leaves_for_a_destination_at_its_step():
    """Voice message at 90 s, before the maximum wait."""
    centre = Centre(QueuePolicy(LINE, steps=(LeaveFor(90, "voicemail"),)))
    centre.call("a")
    step = centre.wait(200)
    assert [(fact.destination, fact.reason, fact.waited_s) for fact in of(step, CallOverflowed)] == [
        ("voicemail", "waited", 90)
    ]


def test_a_call_overflows_to_another_line_with_its_place():
    """It stands there as one that has waited all along; its maximum wait still counts from its entry."""
    first = QueuePolicy(LINE, steps=(MoveTo(30, OTHER),))
    centre = Centre(first, QueuePolicy(OTHER, at_max_wait="out"), agents=(agent("1", OTHER),))
    centre.call("a")
    centre.wait(20)
    centre.call("b", OTHER)
    step = centre.wait(10)
    assert [(fact.queue, fact.to, fact.reason, fact.by) for fact in of(step, CallMoved)] == [
        (LINE, OTHER, "waited", "system")
    ]
    assert centre.waiting(OTHER) == ["a", "b"]
    step = centre.wait(90)
    assert [(fact.call, fact.queue, fact.waited_s) for fact in of(step, CallOverflowed)] == [("a", OTHER, 120)]


def test_two_lines_that_move_calls_to_each_other_do_not_play_ping_pong():
    """Steps that lie behind a call are not made up for in the line it comes to."""
    one = QueuePolicy(LINE, steps=(MoveTo(30, OTHER),))
    two = QueuePolicy(OTHER, steps=(MoveTo(20, LINE),), at_max_wait="out")
    centre = Centre(one, two)
    centre.call("a")
    step = centre.wait(500)
    assert len(of(step, CallMoved)) == 1
    assert len(of(step, TargetWaitPassed)) == 1
    assert [fact.destination for fact in of(step, CallOverflowed)] == ["out"]


def test_a_call_that_rings_is_not_moved_until_nobody_answers():
    """The step waits for the end of the ringing; an answer makes it void."""
    first = QueuePolicy(LINE, steps=(MoveTo(30, OTHER),))
    centre = Centre(first, QueuePolicy(OTHER), agents=(agent("1"),))
    centre.call("a")
    centre.wait(25)
    centre.log_in("1")
    assert of(centre.wait(15), CallMoved) == []
    step = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert [fact.call for fact in of(step, CallMoved)] == ["a"]

    centre = Centre(first, QueuePolicy(OTHER), agents=(agent("1"),))
    centre.call("a")
    centre.wait(25)
    centre.log_in("1")
    centre.wait(10)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    assert of(centre.wait(500), CallMoved) == []


def test_a_move_that_waited_for_the_ringing_is_not_lost_if_asterisk_ends_it():
    """The offer is cancelled from the other side: the call is held for a moment, and moved all the same."""
    first = QueuePolicy(LINE, steps=(MoveTo(30, OTHER),))
    centre = Centre(first, QueuePolicy(OTHER), agents=(agent("1"),))
    centre.call("a")
    centre.wait(25)
    centre.log_in("1")
    centre.wait(10)
    step = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.CANCELLED))
    assert [fact.to for fact in of(step, CallMoved)] == [OTHER]
    assert centre.waiting(OTHER) == ["a"]


def test_announcements_come_on_time_and_again():
    """At 15 s and every 30 s after it, with the position; a late tick shifts none of the later ones."""
    centre = Centre(QueuePolicy(LINE, steps=(Say(15, "position", every_s=30),)), agents=(agent("1"),))
    centre.call("a")
    centre.call("b")
    step = centre.wait(15)
    assert [(effect.call, effect.announcement, effect.position) for effect in of(step, Announce)] == [
        ("a", "position", 1),
        ("b", "position", 2),
    ]
    assert of(centre.wait(29), Announce) == []
    centre.now += 2
    assert len(of(centre.wait(0), Announce)) == 2
    assert len(of(centre.wait(29), Announce)) == 2


def test_an_announcement_never_delays_an_offer():
    """asterisk#1568: what is said is an effect beside the offers; nobody who rings is spoken to."""
    centre = Centre(QueuePolicy(LINE, steps=(Say(15, "wait"),)), agents=(agent("1"),))
    centre.call("a")
    centre.wait(14)
    centre.log_in("1")
    assert of(centre.wait(5), Announce) == []
    centre.call("b")
    centre.wait(15)
    step = centre.feed(CallerHungUp(A))
    assert of(step, OfferCall)[0].call == "b"


def test_a_call_found_again_is_not_told_what_it_was_told():
    """After a restart the announcements that were due before are not said all at once."""
    centre = Centre(QueuePolicy(LINE, steps=(Say(5, "welcome"), Say(10, "position", every_s=20))))
    step = centre.call("a", ago=40, recovered=True)
    assert of(step, Announce) == []
    assert len(of(centre.wait(10), Announce)) == 1


def test_what_a_caller_was_told_never_grows():
    """A call of a higher class comes before him, and the position he hears stays."""
    centre = Centre(QueuePolicy(LINE, steps=(Say(10, "position", every_s=10),)), agents=(agent("1"),))
    centre.log_in("1")
    centre.call("busy")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.call("a")
    (first,) = of(centre.wait(10), Announce)
    assert first.wait_s is not None
    centre.call("vip", priority=1)
    told = [effect for effect in of(centre.wait(10), Announce) if effect.call == "a"]
    assert [(effect.position, effect.wait_s <= first.wait_s) for effect in told] == [(1, True)]


def test_nothing_is_promised_when_nobody_is_on_duty():
    """With no operator there is no expected wait."""
    centre = Centre(QueuePolicy(LINE, steps=(Say(10, "position"),)))
    centre.call("a")
    assert [effect.wait_s for effect in of(centre.wait(10), Announce)] == [None]


@pytest.mark.parametrize("ringing", [False, True])
def test_a_key_leads_out_of_the_line_at_once(ringing):
    """asterisk#543: acted on at any time, also while a telephone rings."""
    centre = Centre(QueuePolicy(LINE, keys=(KeyRule("0", "duty"),)), agents=(agent("1"),))
    if ringing:
        centre.log_in("1")
    centre.call("a")
    assert centre.feed(KeyPressed(A, "5")).facts == ()
    step = centre.feed(KeyPressed(A, "0"))
    assert [(fact.destination, fact.reason) for fact in of(step, CallOverflowed)] == [("duty", "key_0")]
    assert of(step, SendCallTo) == [SendCallTo(A, "duty")]
    assert len(of(step, OfferWithdrawn)) == ringing
    assert centre.feed(KeyPressed(A, "0")).facts == ()


def test_a_key_asks_for_a_call_back_and_the_caller_waits_on():
    """The wish is told; the place is kept until somebody books it."""
    centre = Centre(QueuePolicy(LINE, keys=(KeyRule("1", callback=True),)))
    centre.call("a")
    step = centre.feed(KeyPressed(A, "1"))
    assert [fact.caller for fact in of(step, CallbackAsked)] == ["a"]
    assert centre.waiting() == ["a"]


def test_a_call_finds_no_operator():
    """Nobody who serves the line is logged in: the call is accepted and goes on at once; a pause is no absence."""
    rule = JoinRule(JoinCondition.NO_OPERATOR, "night")
    centre = Centre(QueuePolicy(LINE, on_join=(rule,)), QueuePolicy(OTHER), agents=(agent("1"), agent("2", OTHER)))
    centre.log_in("2")
    step = centre.call("a")
    assert of(step, CallAccepted)
    assert [(fact.destination, fact.reason) for fact in of(step, CallOverflowed)] == [("night", "no_operator")]
    assert of(centre.call("again", recovered=True), CallOverflowed) == []
    centre.log_in("1")
    assert of(centre.call("b"), CallOverflowed) == []


def test_a_line_that_is_too_long_takes_nobody():
    """The third caller finds two waiting."""
    centre = Centre(QueuePolicy(LINE, on_join=(JoinRule(JoinCondition.LINE_TOO_LONG, "busy", 2),)))
    centre.call("a")
    centre.call("b")
    assert [fact.reason for fact in of(centre.call("c"), CallOverflowed)] == ["line_too_long"]


def test_a_wait_that_is_too_long_is_not_begun():
    """One operator and the prior of 180 s a call: the first caller may expect 180 s, the second 360 s."""
    rule = JoinRule(JoinCondition.WAIT_TOO_LONG, "callback", 200)
    centre = Centre(QueuePolicy(LINE, on_join=(rule,)), agents=(agent("1"),))
    centre.log_in("1")
    centre.call("busy")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    assert of(centre.call("a"), CallOverflowed) == []
    assert [fact.reason for fact in of(centre.call("b"), CallOverflowed)] == ["wait_too_long"]


def test_a_free_operator_is_no_wait():
    """Whoever would be answered at once is not sent away for a long expected wait."""
    rule = JoinRule(JoinCondition.WAIT_TOO_LONG, "callback", 1)
    centre = Centre(QueuePolicy(LINE, on_join=(rule,)), agents=(agent("1"),))
    centre.log_in("1")
    assert of(centre.call("a"), CallOffered)


def test_outside_hours_new_calls_go_elsewhere():
    """Whoever is inside when the hours end is served to his end."""
    centre = Centre(QueuePolicy(LINE, on_join=(JoinRule(JoinCondition.CLOSED, "secretary"),)), agents=(agent("1"),))
    centre.call("inside")
    centre.feed(LineOpened(LINE, open=False))
    assert [fact.destination for fact in of(centre.call("late"), CallOverflowed)] == ["secretary"]
    centre.log_in("1")
    assert centre.offers() == {"1": "inside"}
    centre.feed(LineOpened(QueueName("nowhere"), open=False))
    centre.feed(LineOpened(LINE, open=True))
    assert of(centre.call("early"), CallOverflowed) == []


def test_a_line_that_closes_may_send_away_who_waits():
    """Whoever waits leaves at once; one whose telephone rings is served, or leaves when nobody picks up."""
    centre = Centre(QueuePolicy(LINE), agents=(agent("1"),))
    centre.log_in("1")
    centre.call("ringing")
    centre.call("waiting")
    closed = centre.feed(LineOpened(LINE, open=False, leave_for="secretary"))
    assert [(fact.call, fact.destination, fact.reason) for fact in of(closed, CallOverflowed)] == [
        ("waiting", "secretary", "closing")
    ]
    missed = centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    assert [fact.call for fact in of(missed, CallOverflowed)] == ["ringing"]


def test_a_reload_begins_announcements_anew():
    """The old span is forgotten, the new one counts from the entry."""
    centre = Centre(QueuePolicy(LINE, steps=(Say(5, "old", every_s=5),)))
    centre.call("a")
    centre.wait(7)
    centre.feed(PoliciesLoaded((QueuePolicy(LINE, steps=(Say(5, "new", every_s=20),)),), ()))
    assert [(effect.announcement, centre.now) for effect in of(centre.wait(17), Announce)] == []
    assert [effect.announcement for effect in of(centre.wait(1), Announce)] == ["new"]


def test_new_steps_apply_to_who_is_inside():
    """A reload that lets calls leave at 30 s concerns who waits 40 s already; the norm is not told twice."""
    centre = Centre(QueuePolicy(LINE, target_wait_s=20))
    centre.call("a")
    assert of(centre.wait(40), TargetWaitPassed)
    step = centre.feed(PoliciesLoaded((QueuePolicy(LINE, target_wait_s=20, steps=(LeaveFor(30, "x"),)),), ()))
    assert of(step, TargetWaitPassed) == []
    assert [fact.destination for fact in of(step, CallOverflowed)] == ["x"]

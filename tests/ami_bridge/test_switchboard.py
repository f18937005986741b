"""What Asterisk's events mean, told as traces in the order in which Asterisk 22.10 sends them."""

import pytest

from ami_bridge.causes import ring_failure
from ami_bridge.legs import BackInLineOrder
from queue_engine.ids import AgentId, Instant, OfferId, QueueName
from queue_engine.inputs import (
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    CallArrived,
    CallerHungUp,
    OfferAnswered,
    OfferFailed,
    Party,
    QuestioningMarked,
    RingFailure,
    TalkEnded,
    TalkFound,
)
from tests.ami_bridge.board import (
    CALL,
    CALLER,
    NOW,
    Bench,
    dial_begin,
    dial_end,
    enter,
    hangup,
    newchannel,
    request,
)

TRUNK = "PJSIP/trunk-00000001"
PHONE = "PJSIP/op101-00000002"
LEG = "100.2"
ANSWERED = (
    newchannel(PHONE, LEG),
    dial_begin(PHONE, LEG),
    dial_end(LEG, "ANSWER"),
    enter(PHONE, LEG),
    enter(TRUNK, CALLER),
)


@pytest.fixture
def bench() -> Bench:
    """A switchboard with one caller for whom operator 101's telephone is dialled by offer 7."""
    bench = Bench()
    bench.offer(bench.call(), "101")
    return bench


def test_talk_begins_when_both_are_in_one_bridge(bench):
    """The answer of the telephone alone is no talk: the caller may be gone."""
    assert bench.happens(*ANSWERED[:-1]) == []
    assert bench.happens(ANSWERED[-1]) == [OfferAnswered(OfferId(7))]


def test_talk_begins_whoever_enters_first(bench):
    """The order in which the two channels enter their bridge is Asterisk's own business."""
    assert bench.happens(*ANSWERED[:3], ANSWERED[4], ANSWERED[3]) == [OfferAnswered(OfferId(7))]


def test_operator_who_goes_to_whom_he_asks_and_comes_back_is_told_of(bench):
    """Each time he comes into another bridge; not of the beginning of his talk, and not of the caller's bridges."""
    moved = []
    bench.board.talks.moved = moved.append
    bench.happens(*ANSWERED)
    assert moved == []
    (leg,) = bench.board.legs.call(CALL).legs
    bench.happens(enter(PHONE, LEG, "asks"))
    assert (moved, leg.bridge) == (["101"], "asks")
    bench.happens(enter(PHONE, LEG, "asks"))
    assert moved == ["101"]
    bench.happens(enter(PHONE, LEG))
    assert (moved, leg.bridge) == (["101", "101"], bench.board.legs.call(CALL).bridge)


def test_operator_who_hangs_up_ends_the_talk_at_once(bench):
    """The operator's channel is gone: he is free, whatever the caller's channel does next."""
    bench.happens(*ANSWERED)
    ended = bench.happens(request(LEG), hangup(PHONE, LEG))
    assert ended == [TalkEnded(CALL, Party.AGENT, 16)]
    assert bench.happens(hangup(TRUNK, CALLER)) == [CallerHungUp(CALL, 16, Party.CALLER)]
    assert len(bench.board.legs) == 0


@pytest.mark.parametrize("operator_first", [True, False])
def test_caller_who_hangs_up_frees_the_operator_when_both_channels_are_gone(bench, operator_first):
    """A telephone that is still hanging up would refuse the next call as busy."""
    bench.happens(*ANSWERED)
    ends = [hangup(PHONE, LEG), hangup(TRUNK, CALLER)]
    first, second = ends if operator_first else reversed(ends)
    assert bench.happens(request(CALLER), first) == []
    assert bench.happens(second) == [CallerHungUp(CALL, 16, Party.CALLER)]
    assert len(bench.board.legs) == 0


def test_caller_who_vanishes_is_ended_by_the_system_with_its_cause(bench):
    """Without speech data Asterisk hangs up itself: cause 44, and nobody asked for it."""
    bench.happens(*ANSWERED)
    ended = bench.happens(request(CALLER, soft=True), hangup(PHONE, LEG), hangup(TRUNK, CALLER, 44))
    assert ended == [CallerHungUp(CALL, 44, Party.SYSTEM)]


def test_operators_telephone_that_vanishes_ends_the_talk_for_its_side(bench):
    """The operator's side broke, which the cause says; the caller is still there."""
    bench.happens(*ANSWERED)
    ended = bench.happens(request(LEG, soft=True), hangup(PHONE, LEG, 44))
    assert ended == [TalkEnded(CALL, Party.AGENT, 44)]


@pytest.mark.parametrize(
    ("status", "cause", "failure"),
    [
        ("NOANSWER", 16, RingFailure.NO_ANSWER),
        ("BUSY", 17, RingFailure.BUSY),
        ("CHANUNAVAIL", 21, RingFailure.REFUSED),
        ("CHANUNAVAIL", 20, RingFailure.UNREACHABLE),
        ("CONGESTION", 34, RingFailure.UNREACHABLE),
        ("", 0, RingFailure.UNREACHABLE),
    ],
)
def test_offer_fails_for_the_reason_that_status_and_cause_tell(bench, status, cause, failure):
    """A refusal and an unreachable telephone share a status; only the cause tells them apart."""
    assert ring_failure(status, cause) is failure
    failed = bench.happens(
        newchannel(PHONE, LEG), dial_begin(PHONE, LEG), dial_end(LEG, status), hangup(PHONE, LEG, cause)
    )
    assert failed == [OfferFailed(OfferId(7), failure)]


def test_telephone_that_is_picked_up_and_dropped_before_the_bridge_is_no_talk(bench):
    """The caller's session is told to say so, or a crash would leave the dialplan taking the call for served."""
    call = bench.board.legs.call(CALL)
    failed = bench.happens(*ANSWERED[:3], request(LEG), hangup(PHONE, LEG))
    assert failed == [OfferFailed(OfferId(7), RingFailure.REFUSED)]
    assert call.orders == [BackInLineOrder()]


def test_caller_who_leaves_while_it_rings_is_told_first_and_the_telephone_when_it_is_still(bench):
    """The telephone's channel ends first, but to the engine the caller was ringing when he left."""
    bench.happens(newchannel(PHONE, LEG))
    told = bench.happens(request(CALLER), dial_end(LEG, "CANCEL"), hangup(PHONE, LEG, 0), hangup(TRUNK, CALLER))
    assert told == [CallerHungUp(CALL, 16, Party.CALLER), OfferFailed(OfferId(7), RingFailure.CANCELLED)]


def test_caller_who_leaves_before_a_telephone_rings_ends_its_offer_too(bench):
    """An offer whose Dial never came about must not keep the operator ringing for ever."""
    told = bench.happens(request(CALLER), hangup(TRUNK, CALLER))
    assert told == [CallerHungUp(CALL, 16, Party.CALLER), OfferFailed(OfferId(7), RingFailure.CANCELLED)]
    assert len(bench.board.legs) == 0


def test_caller_who_leaves_the_dial_and_not_the_line_is_told_by_his_next_session(bench):
    """A redirected caller cancels the Dial without hanging up."""
    assert bench.happens(newchannel(PHONE, LEG), dial_end(LEG, "CANCEL"), hangup(PHONE, LEG, 0)) == []
    bench.board.visits.round_over(bench.board.legs.call(CALL), "")
    assert bench.inputs == [OfferFailed(OfferId(7), RingFailure.CANCELLED)]


def test_withdrawn_offer_is_hung_up_as_soon_as_it_has_a_channel(bench):
    """The withdrawal overtook the Dial."""
    bench.board.legs.offer(OfferId(7))[1].withdrawn = True
    bench.happens(newchannel(PHONE, LEG))
    assert bench.hung_up == [PHONE]
    assert bench.happens(hangup(PHONE, LEG)) == [OfferFailed(OfferId(7), RingFailure.CANCELLED)]


def test_own_call_of_an_operator_makes_him_busy_elsewhere_until_it_ends(bench):
    """An outgoing or internal call is no offer of ours."""
    own = "PJSIP/op102-00000009"
    assert bench.happens(newchannel(own, "100.9", "100.9")) == [AgentBusyElsewhere(AgentId("102"))]
    assert bench.happens(newchannel(own + "a", "100.10", "100.10")) == []
    assert bench.happens(hangup(own, "100.9")) == []
    assert bench.happens(hangup(own + "a", "100.10")) == [AgentFreeElsewhere(AgentId("102"))]


def test_transferred_caller_is_known_by_dial_begin(bench):
    """A transferred caller's Linkedid is not his Uniqueid, so Newchannel alone looks like an own call."""
    told = bench.happens(newchannel(PHONE, LEG, "99.9"), dial_begin(PHONE, LEG))
    assert told == [AgentBusyElsewhere(AgentId("101")), AgentFreeElsewhere(AgentId("101"))]
    assert bench.happens(*ANSWERED[3:]) == [OfferAnswered(OfferId(7))]


def test_talk_that_no_offer_explains_is_found():
    """An orphaned Dial or the fallback connected a caller whom we know to a telephone that we did not ring."""
    bench = Bench()
    bench.call()
    bench.happens(newchannel(PHONE, LEG, "unrelated"))
    told = bench.happens(enter(PHONE, LEG), enter(TRUNK, CALLER))
    found = TalkFound(CALL, QueueName("122"), AgentId("101"), "79031234567", Instant(1000.0), NOW)
    assert told == [AgentFreeElsewhere(AgentId("101")), found]
    assert bench.happens(request(LEG), hangup(PHONE, LEG)) == [TalkEnded(CALL, Party.AGENT, 16)]


def test_call_that_never_came_back_is_booked_with_its_end():
    """A caller who hung up in the second before his dialplan reached us again was accepted all the same."""
    bench = Bench()
    call = bench.call()
    call.introduced, call.known_before = False, True
    told = bench.happens(request(CALLER), hangup(TRUNK, CALLER))
    assert [type(t) for t in told] == [CallArrived, CallerHungUp]
    assert told[0].recovered


def test_dial_that_returns_without_a_channel_fails_its_offer(bench):
    """A telephone that is not registered never gets a channel; only the session can tell."""
    call = bench.board.legs.call(CALL)
    bench.inputs.clear()
    bench.board.visits.round_over(call, "CHANUNAVAIL")
    assert bench.inputs == [OfferFailed(OfferId(7), RingFailure.UNREACHABLE)]


def test_events_of_strangers_and_of_the_past_mean_nothing(bench):
    """Trunks, other dialplans, channels from before us, and everything twice."""
    bench.happens(*ANSWERED)
    assert bench.happens(*ANSWERED) == []
    strangers = (newchannel("PJSIP/x-1", "5.1"), dial_end("5.1", "ANSWER"), enter("PJSIP/x-1", "5.1"), request("5.1"))
    assert bench.happens(*strangers, hangup("PJSIP/x-1", "5.1"), {"Event": "Whatever"}) == []


def test_only_the_callers_own_keys_count(bench):
    """A key that Asterisk sends to the caller is not one that he pressed."""
    key = {"Event": "DTMFEnd", "Uniqueid": CALLER, "Digit": "1", "Direction": "Received"}
    bench.happens(key, key | {"Direction": "Sent"}, key | {"Uniqueid": "5.5"})
    assert bench.keys == [(CALL, "1")]


def test_key_at_the_end_of_questioning_is_the_operators_of_that_talk(bench):
    """The dialplan's event names the operator's channel; other events of users, and other channels, mean nothing."""
    bench.happens(*ANSWERED)
    pressed = {"Event": "UserEvent", "Uniqueid": LEG, "UserEvent": "ACDQuestioned"}
    assert bench.happens(pressed) == [QuestioningMarked(AgentId("101"), "key")]
    assert bench.happens(pressed | {"UserEvent": "Other"}, pressed | {"Uniqueid": CALLER}) == []

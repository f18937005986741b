"""A caller whom an operator sends elsewhere: the talk is over, and back in a line he is another call."""

import pytest

from ami_bridge.legs import is_call_of
from queue_engine.ids import CallId, Instant, OfferId, QueueName
from queue_engine.inputs import (
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    CallLost,
    OfferAnswered,
    OfferFailed,
    Party,
    RingFailure,
    TalkEnded,
    TalkFound,
)
from tests.ami_bridge.board import CALL, CALLER, Bench, dial_begin, dial_end, enter, hangup, newchannel

TRUNK = "PJSIP/trunk-00000001"
PHONE, COLLEAGUE = "PJSIP/op101-00000002", "PJSIP/op102-00000003"
LEG, OTHER_LEG = "100.2", "100.3"
TRANSFER = {"Event": "BlindTransfer", "Result": "Success", "TransfererUniqueid": LEG, "Extension": "122"}
AGAIN = CallId(f"{CALL}-1")


@pytest.fixture
def bench() -> Bench:
    """A switchboard on which operator 101 talks with the caller."""
    bench = Bench()
    bench.offer(bench.call(), "101")
    bench.happens(
        newchannel(PHONE, LEG),
        dial_begin(PHONE, LEG),
        dial_end(LEG, "ANSWER"),
        enter(PHONE, LEG),
        enter(TRUNK, CALLER),
    )
    return bench


def come_back(bench):
    """The same channel opens a session under the next id; return what the engine is told of that."""
    bench.inputs.clear()
    bench.board.visits.find_or_add(AGAIN, QueueName("122"), "79031234567", Instant(1005.0), TRUNK, CALLER)
    return list(bench.inputs)


@pytest.mark.parametrize(
    ("call", "own"),
    [("a1-100.1", True), ("a1-100.1-2", True), ("a1-100.12", False), ("b1-100.1", False), ("", False)],
)
def test_call_id_names_its_channel(call, own):
    """Server and Uniqueid, and a number for each further line."""
    assert is_call_of(call, "a1", "100.1") is own


def test_operator_who_transfers_has_ended_the_talk(bench):
    """Asterisk hangs his channel up by itself: no HangupRequest tells who it was."""
    assert bench.happens(TRANSFER, hangup(PHONE, LEG)) == [TalkEnded(CALL, Party.AGENT, 16, handed_on=True)]
    assert len(bench.board.legs) == 0


def test_caller_is_back_in_a_line_as_another_call(bench):
    """Nothing of the call before is left to disturb it."""
    bench.happens(TRANSFER, hangup(PHONE, LEG))
    assert come_back(bench) == []
    assert [call.call for call in bench.board.legs] == [AGAIN]
    assert bench.board.legs.caller(CALLER) is bench.board.legs.call(AGAIN)


def test_session_may_be_faster_than_the_end_of_the_operators_channel(bench):
    """The talk is closed by the session then; the late Hangup means nothing."""
    bench.happens(TRANSFER)
    assert come_back(bench) == [
        TalkEnded(CALL, Party.AGENT, 16, handed_on=True),
        CallLost(CALL, "gone to another line"),
    ]
    assert bench.happens(hangup(PHONE, LEG)) == []
    assert [call.call for call in bench.board.legs] == [AGAIN]


def test_offers_of_a_call_that_went_to_another_line_are_closed():
    """A telephone that was to ring for it does so no more."""
    bench = Bench()
    bench.offer(bench.call(), "101")
    told = come_back(bench)
    assert told == [OfferFailed(OfferId(7), RingFailure.CANCELLED), CallLost(CALL, "gone to another line")]


def test_colleague_who_gets_the_caller_is_busy_elsewhere(bench):
    """His talk is none of a line's: it is not booked over the first one's."""
    bench.happens(TRANSFER, hangup(PHONE, LEG))
    told = bench.happens(newchannel(COLLEAGUE, OTHER_LEG), enter(COLLEAGUE, OTHER_LEG), enter(TRUNK, CALLER))
    assert told == [AgentBusyElsewhere("102")]


def test_talk_that_began_unseen_is_told_with_its_beginning():
    """Resynchronisation finds the two in a bridge; Asterisk knows since when."""
    bench = Bench()
    call = bench.call()
    leg = bench.offer(call, "101")
    bench.board.telephone_found(PHONE, LEG, CALLER, "bridge")
    assert leg.uniqueid == LEG
    bench.inputs.clear()
    bench.board.talks.caller_found(call, "bridge", Instant(1003.0))
    found = TalkFound(CALL, QueueName("122"), "101", "79031234567", Instant(1000.0), Instant(1003.0))
    assert bench.inputs == [found]


def test_talk_whose_beginning_nobody_knows_is_an_answer_of_now():
    """Without a time from the dialplan it counts from now."""
    bench = Bench()
    call = bench.call()
    bench.offer(call, "101")
    bench.board.telephone_found(PHONE, LEG, CALLER, "bridge")
    bench.inputs.clear()
    bench.board.talks.caller_found(call, "bridge", None)
    assert bench.inputs == [OfferAnswered(OfferId(7))]


def test_operator_who_called_a_line_himself_is_free_when_that_call_ends():
    """His channel was a caller's and his telephone's own call at once."""
    bench = Bench()
    bench.happens(newchannel(PHONE, LEG))
    bench.board.visits.find_or_add(CallId(f"a1-{LEG}"), QueueName("122"), "101", Instant(1000.0), PHONE, LEG)
    assert AgentFreeElsewhere("101") in bench.happens(hangup(PHONE, LEG))

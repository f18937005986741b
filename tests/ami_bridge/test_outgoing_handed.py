"""Somebody whom an operator has called from his own telephone, and hands on: one visit is over, the next is his own."""

from typing import Any

import pytest

from ami_bridge.legs import CallLeg
from ami_bridge.outgoing_legs import Side
from callback.inputs import LiveAttempt
from callback.kinds import LiveStage
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import AgentFreeElsewhere, CallArrived, CallerHungUp, CallLost, Party, TalkEnded, TalkFound
from tests.ami_bridge.board import NOW, SERVER, dial_begin, dial_end, enter, hangup, newchannel, request
from tests.ami_bridge.test_attended import Listening
from tests.ami_bridge.test_outgoing import (
    CALL,
    DIALLED,
    FAR,
    JOINED,
    NUMBER,
    OF_OPERATOR,
    OPERATOR,
    PHONE,
    PICKED_UP,
    TRUNK,
    Outside,
    present,
)

NEXT = CallId(f"{SERVER}-{FAR}-1")
BLIND = {"Event": "BlindTransfer", "Result": "Success", "TransfererUniqueid": OPERATOR, "Extension": "102"}
HALF, OTHER_HALF = "Local/102@acd-operators-00000000;1", "Local/102@acd-operators-00000000;2"
COLLEAGUE, ASKED = "PJSIP/op102-0000000d", "200.9"
ASKING = (
    newchannel(HALF, "200.11", OPERATOR),
    newchannel(OTHER_HALF, "200.12", OPERATOR),
    newchannel(COLLEAGUE, ASKED, OPERATOR),
    dial_begin(COLLEAGUE, ASKED, "200.12") | {"Channel": OTHER_HALF},
)
PICKS_UP = dial_end(ASKED, "ANSWER") | {"Channel": OTHER_HALF, "DestChannel": COLLEAGUE}
ATTENDED = {
    "Event": "AttendedTransfer",
    "Result": "Success",
    "OrigTransfererUniqueid": OPERATOR,
    "OrigTransfererChannel": PHONE,
    "OrigTransfererLinkedid": OPERATOR,
    "SecondTransfererUniqueid": OPERATOR,
    "TransfereeUniqueid": FAR,
    "DestType": "Bridge",
    "TransferTargetUniqueid": "200.11",
    "TransferTargetChannel": HALF,
}
HANDED_ON = TalkEnded(CALL, Party.AGENT, 16, handed_on=True)


@pytest.fixture
async def outside():
    """Return the outgoing calls of one server, of which one is a talk."""
    made = Outside()
    await made.dial(Side.OPERATOR)
    made.happens(*PICKED_UP, *DIALLED, *JOINED)
    return made


def comes_to_the_line(outside: Outside) -> CallLeg:
    """Let his session open for his next visit."""
    return outside.bench.board.visits.find_or_add(NEXT, QueueName("122"), NUMBER, Instant(1009.0), TRUNK, FAR)


async def test_talk_is_found_by_its_call(outside):
    """For whoever asks by the API: caller and operator, their channels, and whether they are together."""
    call, leg = outside.bench.board.talk_of(CALL)
    assert (call.channel, call.uniqueid, call.caller) == (TRUNK, FAR, NUMBER)
    assert (leg.agent, leg.channel, leg.telephone) == (AgentId("101"), PHONE, "op101")
    assert leg.bridge == call.bridge
    moved: list[AgentId] = []
    outside.bench.board.talks.moved = moved.append
    outside.happens(enter(PHONE, OPERATOR, "b2"))
    assert moved == [AgentId("101")]
    call, leg = outside.bench.board.talk_of(CALL)
    assert (leg.bridge, call.bridge) == ("b2", "b1")
    assert outside.bench.board.talk_of(CallId("callback-1-1")) is None


@pytest.mark.parametrize("session_first", [False, True], ids=["told, then there", "there, then told"])
async def test_handed_on_blind_he_is_a_caller_of_the_line(outside, session_first):
    """The talk is over by the operator, however short; the session of the next visit may be faster than the event."""
    if session_first:
        comes_to_the_line(outside)
        assert HANDED_ON in outside.bench.inputs
        assert outside.happens(BLIND, hangup(PHONE, OPERATOR, 16)) == []
    else:
        assert outside.happens(BLIND, hangup(PHONE, OPERATOR, 16)) == [HANDED_ON]
        comes_to_the_line(outside)
    assert not outside.calls.holds(CALL)
    assert [leg.call for leg in outside.bench.board.legs] == [NEXT]
    assert outside.bench.board.legs.caller(FAR) is outside.bench.board.legs.call(NEXT)


async def test_transfer_that_came_to_nothing_changes_nothing(outside):
    """Asterisk says so in the event; the talk goes on and is the operator's to end."""
    assert outside.happens(BLIND | {"Result": "Fail"}) == []
    ended = outside.happens(request(OPERATOR), hangup(TRUNK, FAR, 16), hangup(PHONE, OPERATOR, 16))
    assert ended == [TalkEnded(CALL, Party.AGENT, 16), CallerHungUp(CALL, 16, Party.AGENT)]


async def test_joined_to_a_colleague_whom_the_operator_asked(outside):
    """The colleague has him in the next visit, which is named after his channel."""
    told = Listening(outside.bench)
    outside.happens(*ASKING, PICKS_UP, enter(COLLEAGUE, ASKED, "b3"))
    made = outside.happens(ATTENDED)
    assert made == [
        HANDED_ON,
        AgentFreeElsewhere(AgentId("102")),
        CallArrived(NEXT, QueueName("122"), NUMBER, NOW, greeted=False),
        TalkFound(NEXT, QueueName("122"), AgentId("102"), NUMBER, NOW, NOW),
    ]
    ((before, _, by, call, to),) = told.joined
    assert (before, by, call.call, to) == (CALL, AgentId("101"), NEXT, AgentId("102"))
    assert told.sent == []


async def test_operator_who_was_gone_before_it_was_told_has_handed_on_all_the_same(outside):
    """He hung up the moment it rang: whom he had called is there without him, and waits for the colleague."""
    told = Listening(outside.bench)
    outside.happens(*ASKING, request(OPERATOR))
    assert outside.happens(hangup(PHONE, OPERATOR, 16)) == [TalkEnded(CALL, Party.AGENT, 16)]
    outside.happens(ATTENDED)
    assert told.sent == [(TRUNK, "acd-operators", "102")]
    assert told.joined == []


async def test_caller_who_is_left_behind_and_hangs_up_has_ended_his_call(outside):
    """The operator is gone, no transfer came of it, and the caller's end is told as of any other."""
    outside.happens(request(OPERATOR), hangup(PHONE, OPERATOR, 16))
    assert outside.happens(request(FAR), hangup(TRUNK, FAR, 16)) == [CallerHungUp(CALL, 16, Party.CALLER)]
    assert len(outside.bench.board.legs) == 0


async def test_next_visit_of_somebody_else_is_none_of_ours(outside):
    """A caller who comes to a line has nothing to do with the talk."""
    outside.bench.board.visits.find_or_add(
        CallId(f"{SERVER}-300.1"), QueueName("122"), "7", Instant(1.0), "PJSIP/x", "300.1"
    )
    assert outside.calls.holds(CALL)


def found(*, asking: bool) -> dict[str, Any]:
    """Return the channels of such a talk, as a daemon finds them that is started after it has begun."""
    own = "b2" if asking else "b1"
    channels = {OPERATOR: present(OPERATOR, PHONE, OPERATOR, "6", own, **OF_OPERATOR, ACD_ANSWERED="1005000")}
    if asking:
        channels |= {
            "200.11": present("200.11", HALF, OPERATOR, "6", "b2"),
            ASKED: present(ASKED, COLLEAGUE, OPERATOR, "6", "b2"),
            "200.14": present("200.14", "PJSIP/trunk-city-0000000f", OPERATOR, "6", "b2"),
        }
    return channels | {FAR: present(FAR, TRUNK, OPERATOR, "6", "b1", ACD_STAGE="called", ACD_LINE="122")}


@pytest.mark.parametrize("asking", [False, True])
async def test_talk_that_is_found_can_be_handed_on(asking):
    """Also while he asks somebody, whose channel has the same Linkedid."""
    outside = Outside()
    assert outside.calls.resynchronise(found(asking=asking)) == [LiveAttempt(CALL, LiveStage.TALKING, AgentId("101"))]
    call, leg = outside.bench.board.talk_of(CALL)
    assert (call.uniqueid, leg.uniqueid, leg.bridge == call.bridge) == (FAR, OPERATOR, not asking)
    assert outside.happens(BLIND, hangup(PHONE, OPERATOR, 16)) == [HANDED_ON]


async def test_visit_that_was_handed_on_is_lost_with_its_channel(outside):
    """Asterisk has died with it."""
    outside.happens(BLIND, hangup(PHONE, OPERATOR, 16))
    leg = comes_to_the_line(outside)
    outside.bench.inputs.clear()
    outside.bench.board.visits.lost(leg, "Asterisk was restarted")
    assert outside.bench.inputs == [CallLost(NEXT, "Asterisk was restarted")]

"""Outgoing calls: traces of a real Asterisk's events in, reports to the book and inputs of the engine out."""

import asyncio

import pytest

from ami_bridge.errors import ActionRefused, AmiConnectionLost
from ami_bridge.message import AmiMessage
from ami_bridge.outgoing import OutgoingCalls
from ami_bridge.outgoing_legs import DialOut, LegId, Side, leg_uniqueid, parse_leg
from callback.inputs import AttemptFailed, CallerAnswered, CallerDialled, CallerRang, LiveAttempt
from callback.kinds import AttemptFailure, LiveStage
from queue_engine.ids import AgentId, CallId, OfferId, QueueName
from queue_engine.inputs import CallerHungUp, OfferAnswered, OfferFailed, Party, RingFailure, TalkEnded, TalkFound
from tests.ami_bridge.board import NOW, SERVER, Bench, dial_begin, dial_end, enter, hangup, newchannel, request

CALL = CallId("callback-7-2")
NUMBER = "+79270000001"
OFFER = OfferId(41)
OPERATOR = leg_uniqueid(SERVER, CALL, Side.OPERATOR, OFFER)
CALLER = leg_uniqueid(SERVER, CALL, Side.CALLER, 1)
PHONE, TRUNK = "PJSIP/op101-0000000a", "PJSIP/trunk-city-0000000b"
FAR = "200.7"


class Client:
    """Takes actions as Asterisk would; what it shall refuse, the test says."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.fault: Exception | None = None

    async def action(self, name: str, headers: dict) -> None:
        """Take an Originate."""
        self.asked.append({"Action": name, **headers})
        if self.fault is not None:
            raise self.fault


class Outside:
    """The outgoing calls of a server on the bench."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.client = Client()
        self.told: list = []
        self.calls = OutgoingCalls(self.bench.board, lambda: self.client, self.bench.hung_up.append, self.told.append)

    async def dial(self, first: Side, **how) -> None:
        """Order an attempt and let the action go out."""
        order = {"ring_s": 40.0, "operator_ring_s": 10.0, "agent": AgentId("101"), "telephone": "op101", "offer": OFFER}
        order |= how
        number = order.pop("dialled", NUMBER)
        self.calls.dial(DialOut(CALL, QueueName("122"), NUMBER, number, "trunk-city", "122", first, **order))
        await asyncio.sleep(0)

    def happens(self, *events: dict) -> list:
        """Feed events to both, as the server does; return what was told and posted, in this order."""
        self.told.clear()
        self.bench.inputs.clear()
        for event in events:
            message = AmiMessage({name: str(value) for name, value in event.items()})
            self.calls.on_event(message)
            self.bench.board.on_event(message)
        return [*self.told, *self.bench.inputs]


@pytest.fixture
async def outside():
    """Return the outgoing calls of one server."""
    return Outside()


def originated(uniqueid: str, channel: str) -> tuple[dict, dict]:
    """Return what Asterisk says when an originated leg's INVITE is out."""
    return newchannel(channel, uniqueid, uniqueid), dial_begin(channel, uniqueid, "")


def rings(uniqueid: str) -> dict:
    """Return what Asterisk says when a dialled telephone rings."""
    return {"Event": "DialState", "DestUniqueid": uniqueid, "DialStatus": "RINGING"}


PICKED_UP = (*originated(OPERATOR, PHONE), dial_end(OPERATOR, "ANSWER"))
DIALLED = (newchannel(TRUNK, FAR, OPERATOR), dial_begin(TRUNK, FAR, OPERATOR))
JOINED = (dial_end(FAR, "ANSWER"), enter(TRUNK, FAR), enter(PHONE, OPERATOR))


def test_a_legs_name_says_whose_it_is():
    """Server, attempt and side; no other channel's name says anything."""
    assert parse_leg(OPERATOR) == LegId(SERVER, CALL, Side.OPERATOR)
    assert parse_leg(leg_uniqueid("a-1", CALL, Side.CALLER, 1)) == LegId("a-1", CALL, Side.CALLER)
    assert [parse_leg(name) for name in ("", "100.1", "callback-7-2-c1", "a1-callback-7-c1")] == [None] * 4


async def test_the_originate_carries_all_that_a_later_daemon_needs(outside):
    """Who, whom, for which line; the called person sees the line's number, the operator whom he calls."""
    await outside.dial(Side.OPERATOR, dialled="89270000001")
    [asked] = outside.client.asked
    assert (asked["Channel"], asked["Context"], asked["CallerID"]) == (
        "PJSIP/op101",
        "acd-callback-operator",
        f"<{NUMBER}>",
    )
    assert asked["ChannelId"] == asked["ActionID"] == OPERATOR
    assert {f"__ACD_CALL={CALL}", f"ACD_NUMBER={NUMBER}", "ACD_DIALLED=89270000001"} <= set(asked["Variable"])
    outside.happens(*originated(OPERATOR, PHONE), hangup(PHONE, OPERATOR, 19))
    await outside.dial(Side.CALLER)
    asked = outside.client.asked[1]
    assert (asked["Channel"], asked["Context"], asked["CallerID"]) == (
        f"PJSIP/{NUMBER}@trunk-city",
        "acd-callback",
        "<122>",
    )


async def test_caller_first_is_followed_until_the_hook_has_him(outside):
    """Dialled with the INVITE, rung, answered."""
    await outside.dial(Side.CALLER)
    told = outside.happens(*originated(CALLER, TRUNK), rings(CALLER), dial_end(CALLER, "ANSWER"))
    assert told == [CallerDialled(CALL), CallerRang(CALL), CallerAnswered(CALL)]
    assert outside.happens(hangup(TRUNK, CALLER, 16)) == [AttemptFailed(CALL, AttemptFailure.LEFT, 16)]
    assert not outside.calls.holds(CALL)


@pytest.mark.parametrize(
    ("cause", "failure"),
    [(17, AttemptFailure.BUSY), (19, AttemptFailure.NO_ANSWER), (21, AttemptFailure.REFUSED), (42, "unreachable")],
)
async def test_what_the_far_side_answers_is_told_with_its_cause(outside, cause, failure):
    """As the cause of the channel's end says."""
    await outside.dial(Side.CALLER)
    told = outside.happens(*originated(CALLER, TRUNK), hangup(TRUNK, CALLER, cause))
    assert told[1:] == [AttemptFailed(CALL, AttemptFailure(failure), cause)]


async def test_operator_first_is_one_talk_from_both_legs(outside):
    """His telephone, then the caller's; joined they talk, and who hung up first ended it."""
    await outside.dial(Side.OPERATOR)
    assert outside.happens(*PICKED_UP) == []
    assert outside.happens(*DIALLED, rings(FAR)) == [CallerDialled(CALL), CallerRang(CALL)]
    assert outside.happens(*JOINED) == [CallerAnswered(CALL), CallerAnswered(CALL), OfferAnswered(OFFER)]
    ends = (request(FAR), hangup(TRUNK, FAR, 16), request(OPERATOR, soft=True), hangup(PHONE, OPERATOR, 16))
    assert outside.happens(*ends) == [CallerHungUp(CALL, 16, Party.CALLER)]


async def test_operator_who_ends_the_talk_ended_it_and_nobody_waits_on(outside):
    """Also a talk too short to be one leaves no caller in the line, for his leg is gone with it."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*PICKED_UP, *DIALLED, *JOINED)
    ended = outside.happens(request(OPERATOR), hangup(TRUNK, FAR, 16), hangup(PHONE, OPERATOR, 16))
    assert ended == [TalkEnded(CALL, Party.AGENT, 16), CallerHungUp(CALL, 16, Party.AGENT)]


async def test_caller_who_vanishes_from_such_a_talk_is_told_with_the_cause(outside):
    """Silence ends his leg, with 44."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*PICKED_UP, *DIALLED, *JOINED)
    soft = request(FAR, soft=True) | {"Cause": "44"}
    ended = outside.happens(soft, hangup(TRUNK, FAR, 44), hangup(PHONE, OPERATOR, 16))
    assert ended == [CallerHungUp(CALL, 44, Party.CALLER)]


async def test_operator_who_does_not_pick_up_has_missed_the_offer(outside):
    """Nobody was called: it is the engine's to find another."""
    await outside.dial(Side.OPERATOR)
    told = outside.happens(*originated(OPERATOR, PHONE), hangup(PHONE, OPERATOR, 19))
    assert told == [OfferFailed(OFFER, RingFailure.NO_ANSWER)]


async def test_operators_telephone_is_in_use_by_nothing_of_his_own(outside):
    """The engine keeps him for this call; his telephone's channel is no call of his own."""
    await outside.dial(Side.OPERATOR)
    assert outside.happens(*PICKED_UP) == []


async def test_far_side_that_refuses_ends_the_attempt_when_the_operators_leg_is_gone(outside):
    """Not before: his telephone would refuse the next call as busy."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*PICKED_UP, *DIALLED)
    assert outside.happens(dial_end(FAR, "BUSY"), hangup(TRUNK, FAR, 17)) == []
    assert outside.happens(hangup(PHONE, OPERATOR, 17)) == [AttemptFailed(CALL, AttemptFailure.BUSY, 17)]


async def test_a_number_that_rings_to_the_end_was_not_answered(outside):
    """Asterisk's own end of the ringing carries no cause."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*PICKED_UP, *DIALLED)
    told = outside.happens(dial_end(FAR, "NOANSWER"), hangup(TRUNK, FAR, 0), hangup(PHONE, OPERATOR, 0))
    assert told == [AttemptFailed(CALL, AttemptFailure.NO_ANSWER, 19)]


async def test_the_caller_replaces_an_operator_who_has_not_picked_up(outside):
    """First the one leg ends, then the other is dialled: no number rings twice."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*originated(OPERATOR, PHONE))
    await outside.dial(Side.CALLER)
    assert (outside.bench.hung_up, len(outside.client.asked)) == ([PHONE], 1)
    assert outside.happens(hangup(PHONE, OPERATOR, 16)) == []
    await asyncio.sleep(0)
    assert outside.client.asked[1]["ChannelId"] == CALLER


async def test_a_number_that_is_being_called_is_let_be(outside):
    """A second order changes nothing once the operator has picked up or the caller is dialled."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*PICKED_UP)
    await outside.dial(Side.CALLER)
    assert (outside.bench.hung_up, len(outside.client.asked)) == ([], 1)


async def test_stopped_before_there_is_a_channel_it_is_hung_up_as_soon_as_there_is_one(outside):
    """And nobody is told, for nobody wants it any more. A caller who has answered is not cut off."""
    await outside.dial(Side.CALLER)
    outside.calls.stop(CALL)
    outside.calls.stop(CallId("callback-1-1"))
    assert outside.happens(newchannel(TRUNK, CALLER, CALLER)) == []
    assert outside.bench.hung_up == [TRUNK]
    assert outside.happens(hangup(TRUNK, CALLER, 16)) == []
    await outside.dial(Side.CALLER)
    outside.happens(*originated(CALLER, TRUNK), dial_end(CALLER, "ANSWER"))
    outside.calls.stop(CALL)
    assert outside.bench.hung_up == [TRUNK]


async def test_an_offer_taken_back_ends_the_operators_leg(outside):
    """He was logged out, say; another's offer is none of ours."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*originated(OPERATOR, PHONE))
    assert not outside.calls.withdraw(OfferId(5))
    assert outside.calls.withdraw(OFFER)
    assert outside.bench.hung_up == [PHONE]
    assert outside.happens(hangup(PHONE, OPERATOR, 16)) == []


@pytest.mark.parametrize("fault", [ActionRefused("Originate", "no"), AmiConnectionLost("Originate", "", sent=False)])
async def test_what_never_left_the_house_is_told_as_such(outside, fault):
    """Refused or not even sent: for the caller no attempt, for the operator a telephone that cannot be reached."""
    outside.client.fault = fault
    await outside.dial(Side.CALLER)
    await outside.dial(Side.OPERATOR)
    assert outside.told == [AttemptFailed(CALL, AttemptFailure.NO_LINE)]
    assert outside.bench.inputs == [OfferFailed(OFFER, RingFailure.UNREACHABLE)]


async def test_an_endpoint_that_makes_no_channel_is_told_by_the_response_alone(outside):
    """There is no Newchannel and no Hangup."""
    await outside.dial(Side.CALLER)
    response = {"Event": "OriginateResponse", "Response": "Failure", "ActionID": CALLER, "Reason": "0"}
    assert outside.happens(response) == [AttemptFailed(CALL, AttemptFailure.NO_LINE)]


@pytest.mark.parametrize("dialled", ["", "101", "+7927&PJSIP/op102", "${SHELL(x)}", "79270000001@evil", "7927,5"])
async def test_what_is_no_number_is_never_dialled(outside, dialled):
    """Whatever got so far: digits with a plus, or nothing."""
    await outside.dial(Side.CALLER, dialled=dialled)
    assert outside.client.asked == []
    assert outside.told == [AttemptFailed(CALL, AttemptFailure.NO_LINE)]


def present(uniqueid: str, channel: str, linkedid: str, state: str, bridge: str = "", **variables: str) -> AmiMessage:
    """Return a channel as Status tells it."""
    told = {"Event": "Status", "Channel": channel, "Uniqueid": uniqueid, "Linkedid": linkedid}
    listed = [f"{name}={value}" for name, value in variables.items()]
    return AmiMessage(
        told | {"ChannelState": state, "BridgeID": bridge, "Variable": listed[0] if listed else ""},
        {"Variable": listed} if listed else None,
    )


OF_OPERATOR = {"ACD_LINE": "122", "ACD_NUMBER": NUMBER, "ACD_AGENT": "101", "ACD_ENTERED": "1000.500"}


async def test_a_daemon_that_comes_later_finds_the_talk(outside):
    """The channels' variables say who talks to whom, and the end of the talk is told as of any other."""
    channels = {
        OPERATOR: present(OPERATOR, PHONE, OPERATOR, "6", "b1", **OF_OPERATOR, ACD_ANSWERED="1005000"),
        FAR: present(FAR, TRUNK, OPERATOR, "6", "b1"),
    }
    assert outside.calls.resynchronise(channels) == [LiveAttempt(CALL, LiveStage.TALKING, AgentId("101"))]
    found = TalkFound(CALL, QueueName("122"), AgentId("101"), NUMBER, 1000.5, 1005.0)
    assert outside.bench.inputs == [found]
    assert outside.calls.resynchronise(channels) == [LiveAttempt(CALL, LiveStage.TALKING, AgentId("101"))]
    assert outside.bench.inputs == [found]
    ended = outside.happens(request(FAR), hangup(TRUNK, FAR, 16), hangup(PHONE, OPERATOR, 16))
    assert ended == [CallerHungUp(CALL, 16, Party.CALLER)]


async def test_the_found_talk_has_its_times_by_our_clock(outside):
    """Asterisk wrote them down by its own, which may be an hour ahead of ours."""
    outside.bench.board.clock.ahead_s = 3600.0
    of_operator = OF_OPERATOR | {"ACD_ENTERED": "4600.500", "ACD_ANSWERED": "4605000"}
    channels = {
        OPERATOR: present(OPERATOR, PHONE, OPERATOR, "6", "b1", **of_operator),
        FAR: present(FAR, TRUNK, OPERATOR, "6", "b1"),
    }
    outside.calls.resynchronise(channels)
    assert outside.bench.inputs == [TalkFound(CALL, QueueName("122"), AgentId("101"), NUMBER, 1000.5, 1005.0)]


@pytest.mark.parametrize(
    ("state", "stage"),
    [("0", LiveStage.DIALLING), ("5", LiveStage.RINGING), ("6", LiveStage.CONNECTED)],
)
async def test_a_daemon_that_comes_later_finds_how_far_the_caller_is(outside, state, stage):
    """Dialled, ringing, or waiting in the hook."""
    channels = {CALLER: present(CALLER, TRUNK, CALLER, state, ACD_LINE="122", ACD_NUMBER=NUMBER)}
    assert outside.calls.resynchronise(channels) == [LiveAttempt(CALL, stage)]


async def test_attempt_that_has_begun_since_the_channels_were_read_goes_on(outside):
    """Whoever died with Asterisk is called back as soon as that is known, which is before the list is made use of."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*PICKED_UP)
    assert outside.calls.resynchronise({}, NOW) == []
    assert outside.calls.calls() == [CALL]
    assert outside.calls.resynchronise({}) == []
    assert outside.calls.calls() == []


async def test_channels_that_are_gone_are_closed(outside):
    """A talk that Asterisk no longer has was ended by nobody; what else is missing the book finds itself."""
    await outside.dial(Side.OPERATOR)
    outside.happens(*PICKED_UP, *DIALLED, *JOINED)
    outside.bench.inputs.clear()
    assert outside.calls.resynchronise({}) == []
    assert outside.bench.inputs == [CallerHungUp(CALL, 0, Party.SYSTEM)]
    assert not outside.calls.holds(CALL)

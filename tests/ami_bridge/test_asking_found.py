"""A daemon that comes while an operator asks somebody: the channels of a real Asterisk, and what is made of them."""

from collections.abc import Mapping

import pytest

from ami_bridge.asking_found import asked, bridges_through, operator_of
from ami_bridge.message import AmiMessage
from ami_bridge.resync import Resynchroniser
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import AgentBusyElsewhere, CallArrived, TalkEnded, TalkFound
from tests.ami_bridge.board import Bench, hangup
from tests.ami_bridge.test_attended import Listening

CALL = CallId("a1-5.0")
CALLER, OPERATOR, FIRST, SECOND, COLLEAGUE = "5.0", "5.1", "5.2", "5.3", "5.4"
PHONE, ASKED = "PJSIP/op101-00000001", "PJSIP/op102-00000002"
PAIR = "Local/102@acd-operators-00000000"
OF_CALLER = {"ACD_CALL": CALL, "ACD_LINE": "122", "ACD_ENTERED": "1000.0", "ACD_ANSWERED": "1005000", "ACD_STAGE": "w"}
ORDER = ("caller", "operator", "first", "second", "colleague")
NAMES = {
    "caller": (CALLER, "PJSIP/trunk-city-00000000"),
    "operator": (OPERATOR, PHONE),
    "first": (FIRST, f"{PAIR};1"),
    "second": (SECOND, f"{PAIR};2"),
    "colleague": (COLLEAGUE, ASKED),
}


def listed(bridges: Mapping[str, str], **variables: Mapping[str, str]) -> dict[str, AmiMessage]:
    """Return the channels that are in these bridges (or in none), as `Status` tells them, by Uniqueid."""
    channels = {}
    for who in ORDER:
        if who not in bridges:
            continue
        uniqueid, name = NAMES[who]
        told = {"ACD_CALL": CALL, **variables.get(who, {})}
        rows = [f"{key}={value}" for key, value in told.items()] + ["MEMBERINTERFACE=(null)"]
        heads = {"Event": "Status", "Channel": name, "Uniqueid": uniqueid, "Linkedid": CALLER, "ChannelState": "6"}
        heads |= {"BridgeID": bridges[who], "CallerIDNum": "79031234567", "Application": "Dial", "Variable": rows[0]}
        channels[uniqueid] = AmiMessage(heads, {"Variable": rows})
    return channels


DIALLED = {**OF_CALLER, "DIALEDPEERNAME": PHONE}
SPEAKING = listed(
    {"caller": "b1", "operator": "b2", "first": "b2", "second": "b3", "colleague": "b3"},
    caller=DIALLED,
)
RINGING = listed(
    {"caller": "b1", "operator": "b2", "first": "b2", "second": "", "colleague": ""},
    caller=DIALLED,
)
JOINED_IN_SILENCE = listed(
    {"caller": "b1", "first": "b1", "second": "b3", "colleague": "b3"},
    caller=DIALLED | {"ACD_CALL": f"{CALL}-1", "DIALEDPEERNAME": ASKED},
)
JOINED = listed({"caller": "b1", "colleague": "b1"}, caller=DIALLED | {"ACD_CALL": f"{CALL}-1"})


@pytest.mark.parametrize(("channels", "answered"), [(SPEAKING, True), (RINGING, False)], ids=["speaking", "ringing"])
def test_whom_an_operator_asks_is_seen_from_the_pair(channels, answered):
    """What he has dialled, and who has answered; whose telephone rings, the next events say."""
    ((pair, found),) = asked(channels).items()
    assert (pair, found.dialled, found.linkedid, found.answered) == (PAIR, "102", CALLER, answered)
    assert (found.channel, found.uniqueid) == ((ASKED, COLLEAGUE) if answered else ("", ""))


def test_pair_makes_one_bridge_of_two():
    """Unless its second half is a caller of a line itself."""
    assert bridges_through(SPEAKING, "a1") == {"b3": "b2"}
    assert bridges_through(RINGING, "a1") == {}
    waits = listed({"first": "b2", "second": "b3", "colleague": "b3"}, second={"ACD_CALL": f"a1-{SECOND}-1"})
    assert bridges_through(waits, "a1") == {}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"DIALEDPEERNAME": PHONE}, OPERATOR),
        ({"MEMBERINTERFACE": "PJSIP/op101"}, OPERATOR),
        ({"DIALEDPEERNAME": "PJSIP/op101-0000ffff"}, ""),
        ({}, ""),
    ],
)
def test_operator_is_whom_dial_or_queue_has_written_down(variables, found):
    """Also where he is in another bridge; nobody where that channel is gone."""
    caller = listed({"caller": "b1"}, caller=OF_CALLER | variables)[CALLER]
    assert operator_of(caller, SPEAKING) == found


class Asterisk:
    """Has these channels and nothing else."""

    def __init__(self, channels: Mapping[str, AmiMessage]) -> None:
        self._channels = channels

    async def action(self, _name: str, _headers: object = None) -> AmiMessage:
        """Answer a Ping."""
        return AmiMessage({"Response": "Success", "Timestamp": "1010.0"})

    async def action_list(self, name: str, _headers: object = None) -> list[AmiMessage]:
        """Return the channels."""
        return list(self._channels.values()) if name == "Status" else []


async def found_by_us(channels: Mapping[str, AmiMessage]) -> Bench:
    """Return a switchboard that has come to these channels."""
    bench = Bench()
    resynchroniser = Resynchroniser(bench.board, bench.desks, lambda _call, _stage: True)
    await resynchroniser.run(Asterisk(channels))  # type: ignore[arg-type]  # as much of a client as is asked
    return bench


@pytest.mark.parametrize("channels", [SPEAKING, RINGING], ids=["speaking", "ringing"])
async def test_talk_of_an_operator_who_asks_is_taken_up(channels):
    """The caller is his, although the two are in different bridges; the colleague is busy with him."""
    bench = await found_by_us(channels)
    call, leg = bench.board.talk_of(CALL)
    assert (leg.agent, leg.channel, leg.bridge != call.bridge) == (AgentId("101"), PHONE, True)
    (talk,) = [told for told in bench.inputs if isinstance(told, TalkFound)]
    assert (talk.agent, talk.answered_at) == (AgentId("101"), Instant(1005.0))
    assert AgentBusyElsewhere(AgentId("102")) in bench.inputs


@pytest.mark.parametrize("channels", [JOINED, JOINED_IN_SILENCE], ids=["alone", "with the pair between them"])
async def test_caller_who_was_joined_before_we_came_talks_with_the_colleague(channels):
    """Asterisk leaves the pair between the two for as long as nobody speaks."""
    bench = await found_by_us(channels)
    (talk,) = [told for told in bench.inputs if isinstance(told, TalkFound)]
    assert (talk.call, talk.agent) == (f"{CALL}-1", AgentId("102"))


async def test_caller_is_joined_to_whom_a_daemon_before_us_saw_asked():
    """The transfer is understood as if we had seen all of it."""
    bench = await found_by_us(SPEAKING)
    told = Listening(bench)
    transfer = {
        "Event": "AttendedTransfer", "Result": "Success", "DestType": "Bridge", "OrigTransfererChannel": PHONE,
        "OrigTransfererUniqueid": OPERATOR, "OrigTransfererLinkedid": CALLER, "SecondTransfererUniqueid": OPERATOR,
        "TransfereeUniqueid": CALLER, "TransferTargetChannel": f"{PAIR};1", "TransferTargetUniqueid": FIRST,
    }  # fmt: skip
    made = bench.happens(transfer, hangup(PHONE, OPERATOR))
    assert [type(each) for each in made if isinstance(each, TalkEnded | CallArrived | TalkFound)] == [
        TalkEnded, CallArrived, TalkFound,
    ]  # fmt: skip
    ((before, _, by, _, to),) = told.joined
    assert (before, by, to) == (CALL, AgentId("101"), AgentId("102"))
    assert told.written["DIALEDPEERNAME"] == ASKED

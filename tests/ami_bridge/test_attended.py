"""A caller whom an operator joins to somebody he has called first: what the events of Asterisk make of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from ami_bridge.attended import AttendedTransfers
from ami_bridge.legs import CallLeg, LeaveOrder, OperatorLeg
from queue_engine.ids import AgentId, CallId
from queue_engine.inputs import AgentFreeElsewhere, CallArrived, CallerHungUp, Party, TalkEnded, TalkFound
from tests.ami_bridge.board import CALL, CALLER, NOW, Bench, dial_begin, dial_end, enter, hangup, newchannel, request

TRUNK = "PJSIP/trunk-00000001"
PHONE, SECOND, COLLEAGUE = "PJSIP/op101-00000002", "PJSIP/op101-00000003", "PJSIP/op102-00000004"
LEG, OWN, FAR = "100.2", "100.3", "100.4"
AGAIN = CallId(f"{CALL}-1")


@dataclass
class Listening:
    """A switchboard that is told of attended transfers, and what it makes of them."""

    bench: Bench
    written: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    joined: list[tuple[Any, ...]] = field(default_factory=list)
    outside: tuple[str, ...] = ()
    """Dialled numbers of somebody outside."""
    outside_joined: list[tuple[str, str]] = field(default_factory=list)
    to_be_asked: tuple[str, ...] = ()
    """Those of them for which the caller has to agree first."""

    def __post_init__(self) -> None:
        """Let it be told."""
        self.bench.board.attended = AttendedTransfers(
            self.bench.board,
            lambda channel, values: self.written.update({"channel": channel, **values}),
            lambda *where: self.sent.append(where),
            lambda *told: self.joined.append(told),
            self.joined_outside,
            lambda _call, dialled: dialled in self.to_be_asked,
        ).on_event

    def joined_outside(self, _call: CallLeg, _leg: OperatorLeg, dialled: str, channel: str) -> bool:
        """Note a caller who was joined to somebody outside."""
        if dialled in self.outside:
            self.outside_joined.append((dialled, channel))
        return dialled in self.outside


class Joining(Listening):
    """One on which 101 talks with the caller and has called 102, who rings."""

    def __post_init__(self) -> None:
        """Begin the talk and the call to the colleague."""
        super().__post_init__()
        bench = self.bench
        bench.offer(bench.call(), "101")
        bench.happens(
            newchannel(PHONE, LEG),
            dial_begin(PHONE, LEG),
            dial_end(LEG, "ANSWER"),
            enter(PHONE, LEG),
            enter(TRUNK, CALLER),
            newchannel(SECOND, OWN, OWN),
            newchannel(COLLEAGUE, FAR, OWN),
            dial_begin(COLLEAGUE, FAR, OWN),
        )


@pytest.fixture
def joining() -> Joining:
    """Return it."""
    return Joining(Bench())


def transfer(**more: str) -> dict[str, str]:
    """Return the event of a transfer, as Asterisk sends it."""
    return {
        "Event": "AttendedTransfer",
        "Result": "Success",
        "OrigTransfererUniqueid": LEG,
        "SecondTransfererUniqueid": OWN,
        "SecondTransfererContext": "acd-operators",
        "SecondTransfererExten": "102",
        "TransfereeUniqueid": CALLER,
    } | more


BRIDGED = transfer(DestType="Bridge", TransferTargetUniqueid=FAR)
DIALLING = transfer(DestType="App", DestApp="Dial")

ANSWERED, NEAR, FAR_IN = dial_end(FAR, "ANSWER"), enter(SECOND, OWN, "b2"), enter(COLLEAGUE, FAR, "b2")

TALKS_ON = [
    TalkEnded(CALL, Party.AGENT, 16, handed_on=True),
    AgentFreeElsewhere(AgentId("102")),
    CallArrived(AGAIN, "122", "79031234567", NOW, greeted=False),
    TalkFound(AGAIN, "122", AgentId("102"), "79031234567", NOW, NOW),
]


@pytest.mark.parametrize(
    "events",
    [
        (ANSWERED, FAR_IN, NEAR, enter(TRUNK, CALLER, "b2"), BRIDGED),
        (ANSWERED, FAR_IN, DIALLING, NEAR),
        (ANSWERED, DIALLING, FAR_IN, NEAR),
    ],
    ids=["they have spoken", "he is bridged and the operator is not", "he has just picked up"],
)
def test_caller_talks_on_with_the_colleague_however_soon_he_is_joined(joining, events):
    """One talk is over and the next has begun, whether the operator's second call had become a talk or not."""
    made = joining.bench.happens(*events)
    assert made == TALKS_ON
    assert joining.joined == [(CALL, "122", "101", joining.bench.board.legs.call(AGAIN), "102")]
    assert joining.written["ACD_CALL"] == AGAIN
    assert joining.sent == []
    assert joining.bench.happens(hangup(PHONE, LEG), hangup(SECOND, OWN)) == [AgentFreeElsewhere(AgentId("101"))]
    assert joining.bench.happens(request(CALLER), hangup(COLLEAGUE, FAR), hangup(TRUNK, CALLER)) == [
        CallerHungUp(AGAIN, 16, Party.CALLER)
    ]
    assert len(joining.bench.board.legs) == 0


def test_caller_joined_to_a_telephone_that_rings_is_handed_on_as_blind(joining):
    """He is sent to where the operator has dialled, once he is there, with the name of whoever did it."""
    assert joining.bench.happens(DIALLING) == []
    assert joining.bench.happens(hangup(PHONE, LEG)) == [TalkEnded(CALL, Party.AGENT, 16, handed_on=True)]
    assert joining.sent == []
    assert joining.bench.happens(hangup(SECOND, OWN)) == [AgentFreeElsewhere(AgentId("101"))]
    assert joining.written == {"channel": TRUNK, "BLINDTRANSFER": PHONE}
    assert joining.sent == [(TRUNK, "acd-operators", "102")]
    assert len(joining.bench.board.legs) == 0


def test_operators_second_channel_may_be_gone_before_the_transfer_is_told(joining):
    """Then the caller is in its place already."""
    joining.bench.happens(hangup(SECOND, OWN), DIALLING)
    assert joining.sent == [(TRUNK, "acd-operators", "102")]


def test_transfer_that_came_to_nothing_leaves_everybody_where_he_was(joining):
    """Asterisk says so in the event."""
    assert joining.bench.happens(BRIDGED | {"Result": "Fail"}) == []
    assert len(joining.bench.board.legs) == 1


HALF, OTHER_HALF = "Local/102@acd-operators-00000000;1", "Local/102@acd-operators-00000000;2"
ASKING = (
    newchannel(HALF, "100.6"),
    newchannel(OTHER_HALF, "100.7"),
    dial_begin(COLLEAGUE, FAR, "100.7") | {"Channel": OTHER_HALF},
)
PICKED_UP = dial_end(FAR, "ANSWER") | {"Channel": OTHER_HALF, "DestChannel": COLLEAGUE}


def by_key(**more: str) -> dict[str, str]:
    """Return the event of a transfer whose operator asked by key: one channel of his, and a Local one."""
    asked = {"SecondTransfererUniqueid": LEG, "SecondTransfererExten": "", "DestType": "Bridge"}
    return transfer(**asked, TransferTargetUniqueid="100.6", TransferTargetChannel=HALF) | more


def test_whoever_was_asked_by_key_has_the_caller(joining):
    """The Local channel that the event names stands for the colleague."""
    joining.bench.happens(*ASKING, PICKED_UP)
    joining.bench.happens(by_key())
    ((before, _, agent, call, to),) = joining.joined
    assert (before, agent, call.call, to) == (CALL, AgentId("101"), AGAIN, AgentId("102"))
    assert call.talk.channel == COLLEAGUE
    assert joining.sent == []


def test_asked_by_key_and_still_ringing_is_handed_on_as_blind(joining):
    """The caller is sent to what the operator has dialled, in the operator's name."""
    joining.bench.happens(*ASKING)
    joining.bench.happens(by_key())
    assert joining.sent == [(TRUNK, "acd-operators", "102")]
    assert joining.written == {"channel": TRUNK, "BLINDTRANSFER": PHONE}
    assert joining.joined == []


@pytest.mark.parametrize("to_be_asked", [(), ("102",)])
def test_somebody_outside_has_the_caller_if_he_agrees(joining, to_be_asked):
    """Joined, it is told with the number; who has to agree and has not is sent to where he is asked."""
    joining.outside, joining.to_be_asked = ("102",), to_be_asked
    joining.bench.happens(*ASKING, PICKED_UP)
    told = joining.bench.happens(by_key())
    assert joining.outside_joined == ([] if to_be_asked else [("102", COLLEAGUE)])
    assert joining.sent == ([(TRUNK, "acd-operators", "102")] if to_be_asked else [])
    assert told == ([] if to_be_asked else [TalkEnded(CALL, Party.AGENT, 16, handed_on=True)])


def test_operator_who_was_gone_before_it_was_told_has_handed_on_all_the_same(joining):
    """He hung up the moment it rang: the caller is not left to Asterisk alone."""
    joining.bench.happens(*ASKING, request(LEG), hangup(PHONE, LEG))
    joining.bench.happens(by_key(OrigTransfererChannel=PHONE))
    assert joining.sent == [(TRUNK, "acd-operators", "102")]
    assert joining.written == {"channel": TRUNK, "BLINDTRANSFER": PHONE}


WITHOUT_TARGET = {
    "Event": "AttendedTransfer",
    "Result": "Success",
    "OrigTransfererChannel": PHONE,
    "OrigTransfererUniqueid": LEG,
    "OrigTransfererLinkedid": CALLER,
    "OrigBridgeNumChannels": "2",
    "SecondTransfererChannel": PHONE,
    "SecondTransfererUniqueid": LEG,
    "SecondTransfererLinkedid": CALLER,
    "SecondBridgeNumChannels": "0",
    "TransfereeChannel": TRUNK,
    "TransfereeUniqueid": CALLER,
    "TransfereeLinkedid": CALLER,
    "DestType": "Bridge",
    "DestBridgeUniqueid": "b1",
}
"""As 16.28 and 22.10 sent it in 7 of 28 hang-ups while a telephone rang: the first half is between two bridges then."""


@pytest.mark.parametrize("gone", [False, True], ids=["before the operator's end", "after it"])
def test_transfer_that_names_no_target_is_to_whom_the_operator_asks(joining, gone):
    """The pair hangs together with the operator's channel: the caller is sent to what was dialled there."""
    over = (request(LEG), hangup(PHONE, LEG))
    joining.bench.happens(*ASKING, enter(HALF, "100.6", "b2"), enter(PHONE, LEG, "b2"))
    joining.bench.happens(*(over if gone else ()), enter(HALF, "100.6"), WITHOUT_TARGET, *(() if gone else over))
    assert joining.sent == [(TRUNK, "acd-operators", "102")]
    assert joining.written == {"channel": TRUNK, "BLINDTRANSFER": PHONE}
    assert joining.joined == []


def test_operator_of_a_line_that_was_asked_has_the_caller(joining):
    """The operator waited in it like a caller: his question is over, and its session with the answering telephone's."""
    bench = joining.bench
    half, waits, second = (
        "Local/802@acd-operators-00000001;1",
        "Local/802@acd-operators-00000001;2",
        "PJSIP/op103-00000009",
    )
    bench.happens(newchannel(half, "100.6"), newchannel(waits, "100.7"))
    question = CallId("a1-100.7-1")
    asked = bench.board.visits.find_or_add(question, "second", "101", NOW, waits, "100.7")
    bench.offer(asked, "103", 8)
    rings = dial_begin(second, "100.8", "100.7") | {"Channel": waits}
    answers = dial_end("100.8", "ANSWER") | {"Channel": waits, "DestChannel": second}
    bench.happens(
        newchannel(second, "100.8"), rings, answers, enter(second, "100.8", "b3"), enter(waits, "100.7", "b3")
    )
    made = bench.happens(by_key(TransferTargetChannel=half))
    assert made[:2] == [TalkEnded(CALL, Party.AGENT, 16, handed_on=True), CallerHungUp(question, 16, Party.AGENT)]
    assert made[-1] == TalkFound(AGAIN, "122", AgentId("103"), "79031234567", NOW, NOW)
    assert asked.orders == [LeaveOrder("hangup")]
    assert bench.happens(hangup(waits, "100.7"))[-1:] == [CallerHungUp(question, 16, Party.CALLER)]
    assert bench.happens(request("100.8"), hangup(second, "100.8")) == [TalkEnded(AGAIN, Party.AGENT, 16)]

"""A caller whom an operator joins to somebody he has called first: what the events of Asterisk make of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from ami_bridge.attended import AttendedTransfers
from queue_engine.ids import AgentId, CallId
from queue_engine.inputs import AgentFreeElsewhere, CallArrived, CallerHungUp, Party, TalkEnded, TalkFound
from tests.ami_bridge.board import CALL, CALLER, NOW, Bench, dial_begin, dial_end, enter, hangup, newchannel, request

TRUNK = "PJSIP/trunk-00000001"
PHONE, SECOND, COLLEAGUE = "PJSIP/op101-00000002", "PJSIP/op101-00000003", "PJSIP/op102-00000004"
LEG, OWN, FAR = "100.2", "100.3", "100.4"
AGAIN = CallId(f"{CALL}-1")


@dataclass
class Joining:
    """A switchboard on which 101 talks with the caller and has called 102, who rings."""

    bench: Bench
    written: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    joined: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin the talk and the call to the colleague."""
        bench = self.bench
        bench.board.attended = AttendedTransfers(
            bench.board,
            lambda channel, values: self.written.update({"channel": channel, **values}),
            lambda *where: self.sent.append(where),
            lambda *told: self.joined.append(told),
        ).on_event
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

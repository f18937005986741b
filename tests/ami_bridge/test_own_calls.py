"""Channels of operators' telephones that no offer explains: who is busy by them, and what they may turn out to be."""

import pytest

from ami_bridge.desks import Desks, Telephone
from ami_bridge.legs import OperatorLeg
from ami_bridge.own_calls import OwnCalls
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentBusyElsewhere, AgentFreeElsewhere, Input

DESK = Telephone("a1", "op101")
EMPTY = Telephone("a1", "op102")
OWN = "PJSIP/op101-00000002"
FOUND = "PJSIP/op102-00000003"


class Room:
    """Operator 101 sits at op101, nobody at op102."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        desks = Desks([DESK, EMPTY], self.inputs.append)
        desks.sit(AgentId("101"), DESK, "test")
        self.own_calls = OwnCalls(desks)
        self.inputs.clear()


@pytest.fixture
def room() -> Room:
    """A room without any channel."""
    return Room()


def test_operator_is_busy_from_the_first_of_his_channels_to_the_end_of_the_last(room):
    """Who asks a colleague has two at once; a channel that is told of twice is one."""
    for uniqueid in ("1.1", "1.2", "1.1"):
        room.own_calls.began(DESK, OWN, uniqueid, "", uniqueid)
    assert room.own_calls.ended("1.1") is not None
    assert room.inputs == [AgentBusyElsewhere(AgentId("101"))]
    assert room.own_calls.ended("1.2") is not None
    assert room.inputs == [AgentBusyElsewhere(AgentId("101")), AgentFreeElsewhere(AgentId("101"))]
    assert room.own_calls.ended("1.2") is None


def test_channel_in_a_talk_of_ours_is_a_leg_and_keeps_nobody_busy(room):
    """It is booked for whoever sits there, under the telephone's name where nobody does."""
    room.own_calls.began(DESK, OWN, "1.1", "", "1.1")
    room.own_calls.began(EMPTY, FOUND, "1.2", "", "1.1")
    mine, nobodys = room.own_calls.taken("1.1", "b1"), room.own_calls.taken("1.2", "b1")
    assert mine == OperatorLeg(AgentId("101"), "op101", None, OWN, "1.1", "b1", talking=True)
    assert nobodys == OperatorLeg(AgentId("op102"), "op102", None, FOUND, "1.2", "b1", talking=True)
    assert room.inputs[-1] == AgentFreeElsewhere(AgentId("101"))
    assert room.own_calls.uniqueids() == set()
    assert room.own_calls.taken("1.1", "b1") is None


def test_those_that_asterisk_does_not_have_are_forgotten(room):
    """After a break of the link their ends have gone unseen."""
    room.own_calls.began(DESK, OWN, "1.1", "b1", "1.1")
    room.own_calls.began(EMPTY, FOUND, "1.2", "b1", "1.1")
    room.own_calls.keep_only({"1.2"})
    assert [own.uniqueid for own in room.own_calls.in_bridge("b1")] == ["1.2"]
    assert room.inputs[-1] == AgentFreeElsewhere(AgentId("101"))


def test_telephone_that_was_dialled_is_found_by_who_dialled_it_once_it_has_answered(room):
    """While it rings nobody has answered, and who dials is not his own colleague."""
    room.own_calls.began(DESK, OWN, "1.1", "", "1.1")
    room.own_calls.began(EMPTY, FOUND, "1.2", "", "1.1")
    room.own_calls.picked_up("1.1")
    assert room.own_calls.answering("1.1") is None
    room.own_calls.picked_up("1.2")
    room.own_calls.picked_up("1.3")
    found = room.own_calls.answering("1.1")
    assert found is not None
    assert found.uniqueid == "1.2"

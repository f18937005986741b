"""Who sits where, and what a telephone's use means for whoever sits there."""

import pytest

from ami_bridge.desks import Desks, Telephone
from queue_engine.ids import AgentId
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentBecameUnreachable,
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    AgentLoggedIn,
    AgentLoggedOut,
    Input,
)

ANNA, BORIS = AgentId("101"), AgentId("102")
DESK, OTHER = Telephone("a1", "op101"), Telephone("a1", "op102")


class Room:
    """Two desks, both reachable, and an engine that logs out at once everybody who does not talk."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.talking: set[AgentId] = set()
        self.desks = Desks([DESK, OTHER], self._post)
        for telephone in (DESK, OTHER):
            self.desks.reachability_found(telephone, reachable=True)

    def _post(self, happened: Input) -> None:
        self.inputs.append(happened)
        if isinstance(happened, AgentLoggedOut) and happened.agent not in self.talking:
            self.desks.vacate(happened.agent)

    def told(self) -> list[Input]:
        """Return what the engine was told since the last look."""
        told, self.inputs = self.inputs, []
        return told


@pytest.fixture
def room() -> Room:
    """Return a room with nobody in it."""
    return Room()


def test_operator_sits_down_at_a_free_desk(room):
    """The engine hears of telephone and operator, the operator last."""
    assert room.desks.sit(ANNA, DESK, "code") is None
    assert room.told() == [AgentBecameReachable(ANNA), AgentFreeElsewhere(ANNA), AgentLoggedIn(ANNA, "code")]
    assert room.desks.agent_at(DESK) == ANNA


def test_desk_is_taken_over_at_once_from_whoever_does_not_talk(room):
    """One is logged out and the other in; the desk is his alone."""
    room.desks.sit(ANNA, DESK, "code")
    room.told()
    assert room.desks.sit(BORIS, DESK, "code") == ANNA
    told = room.told()
    assert told[0] == AgentLoggedOut(ANNA, "code", "desk taken by 102")
    assert told[1:] == [AgentBecameReachable(BORIS), AgentFreeElsewhere(BORIS), AgentLoggedIn(BORIS, "code")]
    assert room.desks.seats() == {BORIS: DESK}


def test_desk_taken_over_in_a_talk_is_in_use_until_the_talk_is_over(room):
    """The new operator is not offered calls on a telephone on which the old one still talks."""
    room.desks.sit(ANNA, DESK, "code")
    room.talking.add(ANNA)
    room.desks.sit(BORIS, DESK, "code")
    assert AgentBusyElsewhere(BORIS) in room.told()
    assert room.desks.telephone_of(ANNA) == DESK
    assert room.desks.seats() == {BORIS: DESK}
    room.desks.foreign_began(DESK, "the code's own channel")
    room.desks.foreign_ended(DESK, "the code's own channel")
    assert AgentFreeElsewhere(BORIS) not in room.told()
    room.desks.vacate(ANNA)
    assert room.told() == [AgentFreeElsewhere(BORIS)]
    assert room.desks.agent_at(DESK) == BORIS


def test_talk_that_ends_while_the_code_is_dialled_frees_the_desk_only_then(room):
    """Both reasons to be in use have to be gone."""
    room.desks.sit(ANNA, DESK, "code")
    room.talking.add(ANNA)
    room.desks.foreign_began(DESK, "code")
    room.desks.sit(BORIS, DESK, "code")
    room.told()
    room.desks.vacate(ANNA)
    assert room.told() == []
    room.desks.foreign_ended(DESK, "code")
    assert room.told() == [AgentFreeElsewhere(BORIS)]


def test_operator_who_changes_desks_while_leaving_one_frees_it(room):
    """He takes his seat elsewhere; whoever has taken his old desk keeps it."""
    room.desks.sit(ANNA, DESK, "code")
    room.talking.add(ANNA)
    room.desks.sit(BORIS, DESK, "code")
    room.told()
    room.desks.sit(ANNA, OTHER, "code")
    assert room.told()[0] == AgentFreeElsewhere(BORIS)
    assert room.desks.seats() == {ANNA: OTHER, BORIS: DESK}


def test_operator_who_takes_his_desk_back_in_the_same_talk_leaves_no_more(room):
    """Whoever came between is logged out; nothing of the take-over is left."""
    room.desks.sit(ANNA, DESK, "code")
    room.talking.add(ANNA)
    room.desks.sit(BORIS, DESK, "code")
    room.desks.sit(ANNA, DESK, "code")
    assert room.desks.seats() == {ANNA: DESK}
    assert room.told()[-2:] == [AgentFreeElsewhere(ANNA), AgentLoggedIn(ANNA, "code")]


def test_telephone_is_reachable_as_long_as_one_registration_is_left(room):
    """A telephone that registers anew before the old registration is taken back is never away."""
    room.desks.sit(ANNA, DESK, "code")
    room.told()
    room.desks.contact_changed(DESK, "sip:a", usable=True)
    room.desks.contact_changed(DESK, "sip:b", usable=True)
    room.desks.contact_changed(DESK, "sip:a", usable=False)
    assert room.told() == []
    room.desks.contact_changed(DESK, "sip:b", usable=False)
    room.desks.contact_changed(DESK, "sip:b", usable=True)
    assert room.told() == [AgentBecameUnreachable(ANNA), AgentBecameReachable(ANNA)]


def test_telephone_that_is_taken_out_of_the_configuration_logs_its_operator_out(room):
    """Others keep their seats; a talk on the removed telephone ends as talks do."""
    room.desks.sit(ANNA, DESK, "code")
    room.talking.add(ANNA)
    room.told()
    room.desks.replace([OTHER])
    assert room.told() == [AgentLoggedOut(ANNA, "reload", "telephone removed")]
    assert room.desks.seats() == {}
    room.desks.vacate(ANNA)
    assert room.desks.telephone_of(ANNA) is None

"""An operator is sent to whom he asks: he has gone when Asterisk shows it; keys that were thrown away come again."""

from types import SimpleNamespace

import pytest

from acd import asking
from acd.asking import Asking, is_asking
from ami_bridge.attended import OPERATORS_CONTEXT
from ami_bridge.errors import AmiConnectionLost
from ami_bridge.legs import CallLeg, OperatorLeg
from queue_engine.ids import AgentId, CallId, Instant, QueueName

CHANNEL = "PJSIP/op101-00000002"


@pytest.fixture
def leg():
    """A call in a talk with operator 101."""
    talk = OperatorLeg(AgentId("101"), "op101", None, CHANNEL, "100.2", "b1", talking=True)
    call = CallLeg(
        CallId("main-100.1"), "main", QueueName("122"), "+79271234567", Instant(0), "PJSIP/trunk-1", "100.1", "b1"
    )
    call.legs.append(talk)
    return call


class Server:
    """An Asterisk that throws keys away so often before it takes them in."""

    def __init__(self, leg, deaf):
        self.leg, self.deaf, self.sent = leg, deaf, []
        self.board = SimpleNamespace(talks=SimpleNamespace(moved=None))
        self.client = self

    async def action(self, name, headers):
        """Take in an action, and tell of the operator who has come into another bridge."""
        self.sent.append((name, dict(headers)))
        if len(self.sent) > self.deaf:
            self.leg.talk.bridge = "b2"
            self.board.talks.moved(AgentId("102"))
            self.board.talks.moved(AgentId("101"))


@pytest.mark.parametrize("deaf", range(asking.TRIES))
async def test_keys_that_were_thrown_away_are_pressed_again(leg, deaf, monkeypatch):
    """Until he has gone; whoever watches the operator is told of it, and of others too."""
    monkeypatch.setattr(asking, "GONE_S", 0.01)
    those, server, changed = Asking(), Server(leg, deaf), []
    those.join(server)
    those.changed = changed.append
    assert not is_asking(leg)
    assert await those.begin(server, leg, CHANNEL, "102")
    assert is_asking(leg)
    assert server.sent == [("Atxfer", {"Channel": CHANNEL, "Context": OPERATORS_CONTEXT, "Exten": "102"})] * (deaf + 1)
    assert changed == ["102", "101"]
    assert not those.is_beginning(leg)


async def test_an_operator_who_never_goes_is_told_so(leg, monkeypatch):
    """After a few tries it is given up, and he may try again himself."""
    monkeypatch.setattr(asking, "GONE_S", 0.01)
    those, server = Asking(), Server(leg, 99)
    those.join(server)
    assert not await those.begin(server, leg, CHANNEL, "102")
    assert len(server.sent) == asking.TRIES
    assert not those.is_beginning(leg)


async def test_while_he_is_on_his_way_he_is_not_sent_again(leg):
    """Two presses of the button are one."""
    those, seen = Asking(), []

    class Busy(Server):
        async def action(self, name, headers):
            seen.append(those.is_beginning(leg))
            await super().action(name, headers)

    server = Busy(leg, 0)
    those.join(server)
    assert await those.begin(server, leg, CHANNEL, "102")
    assert seen == [True]


async def test_asterisk_that_is_away_leaves_nothing_begun(leg):
    """The refusal goes to whoever asked."""

    class Away(Server):
        async def action(self, name, headers):
            raise AmiConnectionLost(name, "not connected", sent=False)

    those, server = Asking(), Away(leg, 0)
    those.join(server)
    with pytest.raises(AmiConnectionLost):
        await those.begin(server, leg, CHANNEL, "102")
    assert not those.is_beginning(leg)

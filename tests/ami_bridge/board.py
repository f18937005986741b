"""A switchboard on the bench: events go in as a trace, inputs and hang-ups come out as lists."""

from typing import Any

from ami_bridge.desks import Desks, Telephone
from ami_bridge.legs import CallLeg, OperatorLeg
from ami_bridge.message import AmiMessage
from ami_bridge.switchboard import Switchboard
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Input

SERVER = "a1"
CALLER = "100.1"
NOW = Instant(1010.0)
CALL = CallId(f"{SERVER}-{CALLER}")


class Bench:
    """One server `a1` with telephones op101..op103; operator N sits at opN."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.hung_up: list[str] = []
        self.hushed: list[str] = []
        self.keys: list[tuple[str, str]] = []
        telephones = [Telephone(SERVER, f"op{n}") for n in (101, 102, 103)]
        self.desks = Desks(telephones, self.inputs.append)
        for telephone in telephones:
            self.desks.reachability_found(telephone, reachable=True)
            self.desks.sit(AgentId(telephone.name[2:]), telephone, "test")
        self.board = Switchboard(
            SERVER,
            self.desks,
            self.inputs.append,
            self.hung_up.append,
            self.hushed.append,
            lambda call, key: self.keys.append((call, key)),
            lambda: NOW,
        )
        self.board.link_up = True
        self.inputs.clear()

    def call(self) -> CallLeg:
        """A caller has come in by FastAGI."""
        leg = self.board.visits.find_or_add(
            CALL, QueueName("122"), "79031234567", Instant(1000.0), "PJSIP/trunk-00000001", CALLER
        )
        leg.introduced = True
        return leg

    def offer(self, call: CallLeg, agent: str, number: int = 7) -> OperatorLeg:
        """The engine has offered the call; the Dial is on its way."""
        leg = OperatorLeg(AgentId(agent), f"op{agent}", OfferId(number))
        self.board.legs.attach(call, leg)
        return leg

    def happens(self, *events: dict[str, Any]) -> list[Input]:
        """Feed events as Asterisk would send them; return the inputs that they made."""
        self.inputs.clear()
        for event in events:
            self.board.on_event(AmiMessage({name: str(value) for name, value in event.items()}))
        return list(self.inputs)


def newchannel(channel: str, uniqueid: str, linkedid: str = CALLER) -> dict[str, str]:
    """A channel was made."""
    return {"Event": "Newchannel", "Channel": channel, "Uniqueid": uniqueid, "Linkedid": linkedid}


def dial_begin(channel: str, uniqueid: str, caller: str = CALLER) -> dict[str, str]:
    """Dial rings a telephone for a caller."""
    return {"Event": "DialBegin", "Uniqueid": caller, "DestChannel": channel, "DestUniqueid": uniqueid}


def dial_end(uniqueid: str, status: str) -> dict[str, str]:
    """Dial is done with a telephone."""
    return {"Event": "DialEnd", "DestUniqueid": uniqueid, "DialStatus": status}


def enter(channel: str, uniqueid: str, bridge: str = "b1") -> dict[str, str]:
    """A channel enters a bridge."""
    return {"Event": "BridgeEnter", "Channel": channel, "Uniqueid": uniqueid, "BridgeUniqueid": bridge}


def request(uniqueid: str, *, soft: bool = False) -> dict[str, str]:
    """A side hangs up, or (soft) Asterisk makes it."""
    return {"Event": "SoftHangupRequest" if soft else "HangupRequest", "Uniqueid": uniqueid}


def hangup(channel: str, uniqueid: str, cause: int = 16) -> dict[str, str]:
    """A channel is gone."""
    return {"Event": "Hangup", "Channel": channel, "Uniqueid": uniqueid, "Cause": str(cause)}

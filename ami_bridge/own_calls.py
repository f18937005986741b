"""Channels of operators' telephones that no offer of ours explains.

An operator who calls somebody himself, a colleague who was asked, a talk that a daemon before us or Asterisk's own
Queue() has begun: whatever it is, the telephone is in use. What it turns out to be, `talks.py` decides.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass

from ami_bridge.desks import Desks, Telephone
from ami_bridge.legs import OperatorLeg
from queue_engine.ids import AgentId


@dataclass(slots=True)
class OwnCall:
    """One such channel."""

    telephone: Telephone
    channel: str
    uniqueid: str
    bridge: str
    linkedid: str
    """The Uniqueid of whoever has dialled it, or its own."""
    picked_up: bool = False
    """The Dial that rang it has been answered; bridged it is a moment later."""
    when_over: Callable[[], None] | None = None
    """What is to be done as soon as the channel is gone."""


class OwnCalls:
    """Those of one server. Whoever sits at the telephone is busy elsewhere while there is one."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._calls: dict[str, OwnCall] = {}

    def began(self, telephone: Telephone, channel: str, uniqueid: str, bridge: str, linkedid: str) -> None:
        """There is such a channel; one that is known already is let be."""
        if uniqueid not in self._calls:
            self._calls[uniqueid] = OwnCall(telephone, channel, uniqueid, bridge, linkedid)
            self._desks.foreign_began(telephone, uniqueid)

    def ended(self, uniqueid: str) -> OwnCall | None:
        """The channel is gone, or has turned out to be ours; return what was known of it, None for no such channel."""
        own = self._calls.pop(uniqueid, None)
        if own is not None:
            self._desks.foreign_ended(own.telephone, uniqueid)
            if own.when_over is not None:
                own.when_over()
        return own

    def taken(self, uniqueid: str, bridge: str) -> OperatorLeg | None:
        """The channel has turned out to be in a talk of ours; return its leg there, None for no such channel.

        Where nobody is logged in the fallback rang the telephone: the talk is booked under the telephone's name.
        """
        own = self.ended(uniqueid)
        if own is None:
            return None
        agent = self._desks.agent_at(own.telephone) or AgentId(own.telephone.name)
        return OperatorLeg(agent, own.telephone.name, None, own.channel, uniqueid, bridge, talking=True)

    def picked_up(self, uniqueid: str) -> None:
        """Whoever was rung there has answered."""
        own = self._calls.get(uniqueid)
        if own is not None:
            own.picked_up = True

    def answering(self, uniqueid: str) -> OwnCall | None:
        """Return the telephone that this channel has dialled and that has answered it; None while it still rings."""
        return next(
            (own for own in self._calls.values() if own.linkedid == uniqueid != own.uniqueid and own.picked_up), None
        )

    def keep_only(self, present: Container[str]) -> None:
        """Forget those that are not among the present channels."""
        for uniqueid in [uniqueid for uniqueid in self._calls if uniqueid not in present]:
            self.ended(uniqueid)

    def get(self, uniqueid: str) -> OwnCall | None:
        """Return the channel with this Uniqueid."""
        return self._calls.get(uniqueid)

    def in_bridge(self, bridge: str) -> list[OwnCall]:
        """Return those that are in this bridge."""
        return [own for own in self._calls.values() if own.bridge == bridge]

    def uniqueids(self) -> set[str]:
        """Return the Uniqueids of all."""
        return set(self._calls)

"""Where operators sit and what their telephones are doing: registered or not, used for something of their own or not.

A telephone is an endpoint on a server; an operator sits at one telephone at most and a telephone has one operator at
most (hot-desking: by number and PIN at any telephone). The engine knows operators only; this file turns what happens
to telephones into inputs about whoever sits there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

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


class Telephone(NamedTuple):
    """An endpoint of one Asterisk server."""

    server: str
    name: str


@dataclass(slots=True)
class _Device:
    reachable: bool = False
    contacts: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    """Uniqueids of channels of this telephone that belong to no offer of ours."""
    leaving: set[AgentId] = field(default_factory=set)
    """Operators whose desk was taken over while they talk: they leave after the talk, on this telephone."""
    seated: AgentId | None = None

    @property
    def in_use(self) -> bool:
        """Whether it is used by what is no offer to whoever is seated."""
        return bool(self.foreign or self.leaving)


class Desks:
    """All telephones and who sits at them."""

    def __init__(self, telephones: Iterable[Telephone], post: Callable[[Input], None]) -> None:
        self._devices: dict[Telephone, _Device] = {telephone: _Device() for telephone in telephones}
        self._seats: dict[AgentId, Telephone] = {}
        self._post = post

    def telephone_of(self, agent: AgentId) -> Telephone | None:
        """Return the telephone where this operator sits."""
        return self._seats.get(agent)

    def agent_at(self, telephone: Telephone) -> AgentId | None:
        """Return the operator who sits at this telephone."""
        device = self._devices.get(telephone)
        return device.seated if device else None

    def seats(self) -> Mapping[AgentId, Telephone]:
        """Return who sits where; whoever only finishes a talk at a desk that was taken over sits there no more."""
        return {agent: at for agent, at in self._seats.items() if self.agent_at(at) == agent}

    def knows(self, telephone: Telephone) -> bool:
        """Tell whether this endpoint is an operators' telephone."""
        return telephone in self._devices

    def telephone_of_channel(self, server: str, channel: str) -> Telephone | None:
        """Return the telephone that this channel belongs to: `PJSIP/op101-0000002a` is a channel of `op101`."""
        technology, _, rest = channel.partition("/")
        if technology != "PJSIP":
            return None
        telephone = Telephone(server, rest.rpartition("-")[0])
        return telephone if telephone in self._devices else None

    def replace(self, telephones: Iterable[Telephone]) -> None:
        """Take over the telephones of a new configuration; whoever sits at one that is gone is logged out."""
        wanted = set(telephones)
        for telephone in wanted - self._devices.keys():
            self._devices[telephone] = _Device()
        for telephone in self._devices.keys() - wanted:
            seated = self._devices[telephone].seated
            if seated is not None:
                self.leave(seated, by="reload", reason="telephone removed")
            del self._devices[telephone]

    def sit(self, agent: AgentId, telephone: Telephone, by: str) -> AgentId | None:
        """Log an operator in at a telephone; return who was sitting there and is logged out by this.

        Raises:
            KeyError: No such telephone.
        """
        device = self._devices[telephone]
        before = device.seated
        if before is not None and before != agent:
            self.leave(before, by=by, reason=f"desk taken by {agent}")
            if self._seats.get(before) == telephone:
                device.leaving.add(before)
        device.leaving.discard(agent)
        old = self._seats.get(agent)
        if old is not None and old != telephone:
            self._give_up(agent, old)
        device.seated = agent
        self._seats[agent] = telephone
        self._post(AgentBecameReachable(agent) if device.reachable else AgentBecameUnreachable(agent))
        self._post(AgentBusyElsewhere(agent) if device.in_use else AgentFreeElsewhere(agent))
        self._post(AgentLoggedIn(agent, by))
        return before if before != agent else None

    def leave(self, agent: AgentId, by: str, reason: str = "") -> None:
        """Log an operator out. The seat is kept until the engine says that he has gone: he may be talking."""
        self._post(AgentLoggedOut(agent, by, reason))

    def vacate(self, agent: AgentId) -> None:
        """The engine has logged this operator out: the telephone is free for another."""
        telephone = self._seats.pop(agent, None)
        if telephone is not None:
            self._give_up(agent, telephone)

    def _give_up(self, agent: AgentId, telephone: Telephone) -> None:
        """This operator has nothing to do with the telephone any more; another may have waited for that."""
        device = self._devices.get(telephone)
        if device is None:
            return
        if device.seated == agent:
            device.seated = None
        elif agent in device.leaving:
            device.leaving.discard(agent)
            if device.seated is not None and not device.in_use:
                self._post(AgentFreeElsewhere(device.seated))

    def contact_changed(self, telephone: Telephone, uri: str, *, usable: bool) -> None:
        """A registration of this telephone came, went, or (un)answered its qualification."""
        device = self._devices.get(telephone)
        if device is None:
            return
        if usable:
            device.contacts.add(uri)
        else:
            device.contacts.discard(uri)
        self._set_reachable(device, bool(device.contacts))

    def reachability_found(self, telephone: Telephone, *, reachable: bool) -> bool:
        """Resynchronisation found the telephone so; return whether that is news."""
        device = self._devices.get(telephone)
        if device is None:
            return False
        if not reachable:
            device.contacts.clear()
        return self._set_reachable(device, reachable)

    def _set_reachable(self, device: _Device, reachable: bool) -> bool:
        if device.reachable == reachable:
            return False
        device.reachable = reachable
        if device.seated is not None:
            self._post(AgentBecameReachable(device.seated) if reachable else AgentBecameUnreachable(device.seated))
        return True

    def foreign_began(self, telephone: Telephone, uniqueid: str) -> None:
        """The telephone is in use by a channel that no offer of ours explains."""
        device = self._devices[telephone]
        device.foreign.add(uniqueid)
        if device.seated is not None and len(device.foreign) == 1:
            self._post(AgentBusyElsewhere(device.seated))

    def foreign_ended(self, telephone: Telephone, uniqueid: str) -> None:
        """That channel is gone, or has turned out to be ours."""
        device = self._devices[telephone]
        device.foreign.discard(uniqueid)
        if device.seated is not None and not device.in_use:
            self._post(AgentFreeElsewhere(device.seated))

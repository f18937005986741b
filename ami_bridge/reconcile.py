"""Every so often: is what we believe what Asterisk has? A difference is told and mended.

Events tell everything, so there should be none. There are: an event that a filter, an overload or a bug of Asterisk's
or ours has swallowed leaves an operator "ringing" or "talking" for ever, as the complaints about every engine of the
field show. Asking costs two actions per server and half a minute.

What is missing is asked for twice before it counts: a channel that was made while Asterisk wrote the list is not in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ami_bridge.client import AmiClient
from ami_bridge.desks import Desks, Telephone
from ami_bridge.resync import GONE_STATES
from ami_bridge.switchboard import Switchboard
from queue_engine.ids import AgentId, CallId
from queue_engine.inputs import Party


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was not as we believed."""

    what: str
    call: CallId | None = None
    agent: AgentId | None = None
    detail: str = ""


class Reconciler:
    """Compares one server's switchboard with its Asterisk."""

    def __init__(self, board: Switchboard, desks: Desks) -> None:
        self._board = board
        self._desks = desks

    async def run(self, client: AmiClient) -> list[Difference]:
        """Compare and mend; return the differences.

        Raises:
            AmiError: Asterisk did not answer; nothing was changed.
        """
        missing = await self._missing(client, self._board.uniqueids())
        if missing:
            missing = await self._missing(client, missing)
        differences = self._mend_channels(missing)
        devices = await client.action_list("DeviceStateList")
        for device in devices:
            technology, _, name = (device.get("Device") or "").partition("/")
            telephone = Telephone(self._board.server, name)
            if technology != "PJSIP" or not self._desks.knows(telephone):
                continue
            reachable = device["State"] not in GONE_STATES
            if self._desks.reachability_found(telephone, reachable=reachable):
                detail = f"{name} is {'reachable' if reachable else 'not reachable'}"
                differences.append(Difference("telephone", agent=self._desks.agent_at(telephone), detail=detail))
        return differences

    async def _missing(self, client: AmiClient, known: Iterable[str]) -> set[str]:
        """Return those of the known channels that Asterisk does not have and that we have not given up meanwhile."""
        known = set(known)
        channels = await client.action_list("Status")
        present = {channel.get("Uniqueid") for channel in channels}
        return (known - present) & self._board.uniqueids()

    def _mend_channels(self, missing: set[str]) -> list[Difference]:
        differences: list[Difference] = []
        for uniqueid in sorted(missing):
            found = self._board.legs.operator(uniqueid)
            call = self._board.legs.caller(uniqueid)
            if found is not None:
                differences.append(Difference("operator_channel_gone", found[0].call, found[1].agent))
                found[1].hung_up_by = found[1].hung_up_by or Party.SYSTEM
                self._board.visits.operator_gone(*found, 0)
            elif call is not None:
                differences.append(Difference("call_gone", call.call))
                self._board.visits.lost(call, "not found in Asterisk")
            else:
                own = self._board.own_calls.ended(uniqueid)
                agent = None if own is None else self._desks.agent_at(own.telephone)
                differences.append(Difference("own_call_gone", agent=agent))
        return differences

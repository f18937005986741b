"""Operators who were asking somebody when the daemon came: what the list of channels shows of it.

Tried on 16.28 and 22.10: for as long as an operator asks somebody, the pair of Local channels is there, whether they
speak or not. The operator and its first half are in a bridge, the second half and whoever has answered in another, the
caller is alone in a third. Dial has written onto the caller's channel who answered (`DIALEDPEERNAME`), Queue() which
telephone did (`MEMBERINTERFACE`). Once the caller is joined to whoever was asked, the
pair stays between them until one of the two speaks.
"""

from collections.abc import Mapping

from ami_bridge.consultations import Consultation, Half, half_of
from ami_bridge.legs import is_call_of
from ami_bridge.message import AmiMessage

VARIABLES = "DIALEDPEERNAME,MEMBERINTERFACE,ACD_CONSENT"


def asked(present: Mapping[str, AmiMessage]) -> dict[str, Consultation]:
    """Return whom operators ask, by pair.

    Args:
        present: All channels of the server, by Uniqueid, as `Status` tells them.
    """
    found = {}
    for uniqueid, half in _seconds(present).items():
        channel = present[uniqueid]
        bridge = channel.get("BridgeID")
        there = (c for c in present.values() if bridge and c.get("BridgeID") == bridge and c is not channel)
        consultation = Consultation(half.dialled, channel.get("Linkedid") or "")
        for whom in there:
            consultation.channel, consultation.uniqueid, consultation.answered = whom["Channel"], whom["Uniqueid"], True
        found[half.pair] = consultation
    return found


def bridges_through(present: Mapping[str, AmiMessage], server: str) -> dict[str, str]:
    """Return which bridge is one with which other, as a pair of Local channels is between them.

    A half that waits in a line is a caller there, whose bridge is his own.
    """
    first = {half.pair: c for c in present.values() if (half := half_of(c["Channel"])) is not None and half.is_first}
    one = {}
    for uniqueid, half in _seconds(present).items():
        there, here = present[uniqueid].get("BridgeID"), first.get(half.pair, _NOBODY).get("BridgeID")
        if there and here and not is_call_of(present[uniqueid].variables.get("ACD_CALL", ""), server, uniqueid):
            one[there] = here
    return one


def operator_of(caller: AmiMessage, present: Mapping[str, AmiMessage]) -> str:
    """Return the Uniqueid of the telephone that has answered this caller, or nothing; it may be in another bridge."""
    peer, member = (caller.variables.get(name) or "" for name in ("DIALEDPEERNAME", "MEMBERINTERFACE"))
    for uniqueid, channel in present.items():
        name = channel["Channel"]
        if name == peer or (member and name.rpartition("-")[0] == member and _hang_together(channel, caller)):
            return uniqueid
    return ""


_NOBODY = AmiMessage({})


def _hang_together(one: AmiMessage, other: AmiMessage) -> bool:
    return one.get("Linkedid") == other.get("Linkedid")


def _seconds(present: Mapping[str, AmiMessage]) -> dict[str, Half]:
    halves = {uniqueid: half_of(channel["Channel"]) for uniqueid, channel in present.items()}
    return {uniqueid: half for uniqueid, half in halves.items() if half is not None and not half.is_first}

"""Recorded talks that no line has now: somebody outside whom a caller was handed on to, or whom an operator has called.

No operator of a line is in them as the engine sees it, so the daemon keeps no account of them: Asterisk's channels say
what is recorded (`ACD_TALK`), who has handed the caller on (`ACD_FROM` of the caller's), and whether it is paused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from acd.recordings.names import parse
from ami_bridge.message import AmiMessage
from queue_engine.ids import CallId, Instant, QueueName

VARIABLES: Final = "ACD_TALK,ACD_PAUSED,ACD_CALL,ACD_FROM"


@dataclass(frozen=True, slots=True)
class Outside:
    """One of them."""

    call: CallId
    line: QueueName
    """Which decides about the recording."""
    telephone: str
    """The recorded channel's endpoint: an operator's telephone, or the trunk."""
    by: str
    """The telephone from which it was called, or the caller handed on; empty where Asterisk did not know."""
    began_at: Instant
    """By Asterisk's clock."""
    paused: bool
    channel: str


def outside_among(channels: Sequence[AmiMessage]) -> list[Outside]:
    """Return the recorded talks among all channels of a server, as `Status` tells them; also those of lines."""
    handed_on_from = _handed_on_from(channels)
    found = []
    for channel in channels:
        talk = parse(f"mix_{channel.variables.get('ACD_TALK', '')}.wav")
        if talk is None:
            continue
        of, paused = talk[0], channel.variables.get("ACD_PAUSED") == "1"
        by = handed_on_from.get(of.call, "" if _is_visit(of.call) else of.telephone)
        found.append(Outside(of.call, of.line, of.telephone, by, of.started_at, paused, channel["Channel"]))
    return found


def _handed_on_from(channels: Sequence[AmiMessage]) -> Mapping[str, str]:
    named = ((c.variables.get("ACD_CALL"), c.variables.get("ACD_FROM")) for c in channels)
    return {call: telephone.removeprefix("PJSIP/") for call, telephone in named if call and telephone}


def _is_visit(call: CallId) -> bool:
    """Tell whether it is a caller's visit: what an operator has called himself ends in the destination's name."""
    return call.rpartition("-")[2].isdigit()

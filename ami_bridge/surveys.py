"""What the dialplan says of a survey: who was asked, and which keys he pressed.

At the end of the menu, or when he hangs up in it, one entry is left in the journal of ended calls under the call's id
with `-survey` after it, and told as an event: `survey|name|line|caller|began|ended|question=key&question=key`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ami_bridge.message import AmiMessage
from ami_bridge.server_clock import ServerClock
from queue_engine.ids import CallId, Instant, QueueName

EVENT: Final = "ACDSurvey"
"""The dialplan's event when a survey is over."""
CONTEXT: Final = "acd-survey"
"""Where the menus are, one extension for each."""
KIND: Final = "survey"
SUFFIX: Final = "-survey"
FIELDS: Final = 7


@dataclass(frozen=True, slots=True)
class Taken:
    """One person who was asked."""

    call: CallId
    survey: str
    queue: QueueName
    caller: str
    began_at: Instant
    ended_at: Instant
    answers: str


def parse_survey(call: str, value: str, clock: ServerClock) -> Taken | None:
    """Return what an entry of the journal says of a survey, in our time; None for any other entry."""
    fields = value.split("|")
    if len(fields) != FIELDS or fields[0] != KIND:
        return None
    _, survey, line, caller, began, ended, answers = fields
    try:
        began_at, ended_at = clock.ours(float(began)), clock.ours(float(ended))
    except ValueError:
        return None
    told = answers.strip("&")
    return Taken(CallId(call.removesuffix(SUFFIX)), survey, QueueName(line), caller, began_at, ended_at, told)


def surveys_among(entries: Iterable[AmiMessage], clock: ServerClock) -> list[Taken]:
    """Return the surveys among the entries of a `DBGetTree` answer."""
    found = []
    for entry in entries:
        taken = parse_survey((entry.get("Key") or "").rpartition("/")[2], entry.get("Val") or "", clock)
        if taken is not None:
            found.append(taken)
    return found


def told_survey(message: AmiMessage, clock: ServerClock) -> Taken | None:
    """Return the survey that an event tells of; None for any other event."""
    if message.event != "UserEvent" or message.get("UserEvent") != EVENT:
        return None
    return parse_survey(message.get("Visit") or "", message.get("Entry") or "", clock)

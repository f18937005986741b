"""What the dialplan says of a caller who was handed on: to whom, by whom, and what became of a visit outside.

`ACD_HANDED` is `<to>|<from>|<line>|<before>`: the number of an operator, `back` (nobody took him) or nothing (a line);
the endpoint of the telephone from which he was handed on; the line that he was on; the visit that ended by it. A visit
outside leaves one entry in the journal of ended calls,
`outside|line|from|destination|entered|ended|answered, epoch ms|DIALSTATUS|agreed|way|before`; the way is `attended`, or
empty. A dialplan of before, which stays loaded until somebody reloads it, says nothing of the visit before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ami_bridge.message import AmiMessage
from ami_bridge.server_clock import ServerClock
from queue_engine.ids import CallId, Instant, QueueName

OUTSIDE: Final = "outside"
BACK: Final = "back"
_UNKNOWN: Final = CallId("")
FIELDS: Final = 11
BEFORE_WAY: Final = 9
"""Fields of an entry by a dialplan that knew of no attended visits: found in the journal at an upgrade."""


@dataclass(frozen=True, slots=True)
class Handed:
    """Where a caller goes whom an operator has handed on."""

    to: str
    """An operator's number, `BACK`, or nothing: the line that his call is on now."""
    telephone: str
    """The endpoint of whoever did it; empty when Asterisk did not know."""
    queue: QueueName
    """The line that his call was on before."""
    before: CallId
    """The visit that ended by it; empty where the dialplan does not say."""


@dataclass(frozen=True, slots=True)
class OutsideVisit:
    """A caller's visit to somebody outside, which is over."""

    call: CallId
    queue: QueueName
    """The line that his call was on."""
    telephone: str
    """From which he was handed on."""
    destination: str
    entered_at: Instant
    ended_at: Instant
    answered_at: Instant | None
    status: str
    """DIALSTATUS; empty when he left or was not dialled."""
    agreed: str
    """`operator`, `key`, `refused`, or empty."""
    attended: bool = False
    """The operator had asked there first and joined the caller to it."""
    before: CallId = _UNKNOWN
    """The visit that ended by it; empty where the dialplan does not say."""


def parse_handed(value: str) -> Handed | None:
    """Return what `ACD_HANDED` says; None when nobody has handed the caller on."""
    fields = value.split("|")
    if len(fields) not in {3, 4}:
        return None
    to, telephone, line = fields[:3]
    return Handed(to, telephone.removeprefix("PJSIP/"), QueueName(line), CallId("".join(fields[3:])))


def parse_outside(call: str, value: str, clock: ServerClock) -> OutsideVisit | None:
    """Return what an entry of the journal says of a visit outside, in our time; None for any other entry."""
    fields = value.split("|")
    if len(fields) not in range(BEFORE_WAY, FIELDS + 1) or fields[0] != OUTSIDE:
        return None
    fields += [""] * (FIELDS - len(fields))
    _, line, telephone, destination, entered, ended, answered, status, agreed, way, before = fields
    try:
        entered_at, ended_at = clock.ours(float(entered)), clock.ours(float(ended))
        answered_at = clock.ours(float(answered) / 1000) if answered else None
    except ValueError:
        return None
    return OutsideVisit(
        CallId(call),
        QueueName(line),
        telephone.removeprefix("PJSIP/"),
        destination,
        entered_at,
        ended_at,
        answered_at,
        status,
        agreed,
        way == "attended",
        CallId(before),
    )


def outside_visits(entries: Iterable[AmiMessage], clock: ServerClock) -> list[OutsideVisit]:
    """Return the visits outside among the entries of a `DBGetTree` answer."""
    found = []
    for entry in entries:
        visit = parse_outside((entry.get("Key") or "").rpartition("/")[2], entry.get("Val") or "", clock)
        if visit is not None:
            found.append(visit)
    return found


def first_visit(server: str, uniqueid: str) -> CallId:
    """Return the id of the first visit of the caller whose channel this is; who is called back has another."""
    return CallId(f"{server}-{uniqueid}")


def visit_before(call: CallId, first: str) -> CallId:
    """Return the visit before this one; `first` is the id of the caller's first visit.

    Visits are numbered `<first>`, `<first>-1`, `<first>-2`...
    """
    number = int(call.removeprefix(f"{first}-")) if call != first else 0
    return CallId(first if number <= 1 else f"{first}-{number - 1}")


def visit_after(call: CallId, first: str) -> CallId:
    """Return the visit after this one, which may be a call-back's: that one is not named after its channel."""
    number = int(call.removeprefix(f"{first}-")) if call.startswith(f"{first}-") else 0
    return CallId(f"{first}-{number + 1}")

"""The journal of ended calls that the dialplan writes into Asterisk's database, read back after a restart.

One entry per call, `acd-ended/<minute>/<call id>`; see docs/architecture.md for the fields. It survives us, and it
survives Asterisk but for its last second. This file decides what an entry means.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Final

from ami_bridge.message import AmiMessage
from ami_bridge.server_clock import ServerClock
from queue_engine.ids import CallId, Instant, QueueName

FAMILY: Final = "acd-ended"
FIELDS: Final = 12
WITH_MESSAGE: Final = FIELDS + 3
"""Fields of an entry of a caller's call, which may tell of a voice message; an operator's own has none."""
BEFORE_QUESTIONING: Final = FIELDS - 1
"""Fields of an entry by a dialplan of before the end of questioning was marked: found in the journal at an upgrade."""


@dataclass(frozen=True, slots=True)
class LeftMessage:
    """A voice message that the caller has left."""

    file: str
    """Below the folder of messages."""
    began_at: Instant
    ended_at: Instant


@dataclass(frozen=True, slots=True)
class EndedCall:
    """What Asterisk remembers of a call that ended."""

    call: CallId
    queue: QueueName
    caller: str
    entered_at: Instant
    ended_at: Instant
    talked_s: float | None
    """None when nobody answered."""
    telephone: str
    """The endpoint that answered, or an empty string."""
    cause: int
    destination: str
    """Where the call had been sent, or an empty string."""
    stage: str
    questioned_at: Instant | None = None
    """When the operator marked the end of questioning."""
    message: LeftMessage | None = None

    @property
    def answered_at(self) -> Instant | None:
        """When the talk began: its end less its length."""
        return None if self.talked_s is None else Instant(self.ended_at - self.talked_s)


def parse_entry(call: str, value: str, clock: ServerClock) -> EndedCall | None:
    """Return what an entry says, in our time; None for one that is not of our making."""
    fields = value.split("|")
    if len(fields) == BEFORE_QUESTIONING:
        fields.append("")
    if len(fields) not in {FIELDS, WITH_MESSAGE}:
        return None
    line, caller, entered, ended, _dial_status, peer, answered, cause, member, destination, stage, marked = fields[
        :FIELDS
    ]
    try:
        entered_at, ended_at = clock.ours(float(entered)), clock.ours(float(ended))
        talked_s = max(0.0, float(ended) - float(answered) / 1000) if answered and stage != "returned" else None
        questioned_at = clock.ours(float(marked) / 1000) if marked and talked_s is not None else None
        number = int(cause or 16)
        message = _message(fields[FIELDS:], ended, clock)
    except ValueError:
        return None
    if not all(isfinite(at) for at in (entered_at, ended_at, talked_s or 0.0, questioned_at or 0.0)):
        return None  # `nan` and `inf` are numbers to Python, and would sort nowhere
    telephone = (member or peer).removeprefix("PJSIP/").partition("-")[0] if talked_s is not None else ""
    return EndedCall(
        CallId(call),
        QueueName(line),
        caller,
        entered_at,
        ended_at,
        talked_s,
        telephone,
        number,
        destination,
        stage,
        questioned_at,
        message,
    )


def _message(fields: list[str], call_ended: str, clock: ServerClock) -> LeftMessage | None:
    """Return the message of an entry; one that its caller ended by hanging up ended with the call.

    Raises:
        ValueError: Its times are none.
    """
    if not fields or not fields[0]:
        return None
    file, began, ended = fields
    return LeftMessage(file, clock.ours(float(began)), clock.ours(float(ended or call_ended)))


def parse_tree(entries: Iterable[AmiMessage], clock: ServerClock) -> dict[CallId, EndedCall]:
    """Return the ended calls of a `DBGetTree` answer, by call id."""
    ended = {}
    for entry in entries:
        key = entry.get("Key") or ""
        call = parse_entry(key.rpartition("/")[2], entry.get("Val") or "", clock)
        if call is not None:
            ended[call.call] = call
    return ended


class Pruner:
    """Which minutes of the journal may go: those whose calls we saw end ourselves and are recorded, two minutes later.

    The dialplan writes the entry a moment before Asterisk tells us of the end, maybe in the minute before. The minutes
    are those of Asterisk's clock.
    """

    def __init__(self, now: Callable[[], Instant], clock: ServerClock) -> None:
        self._now = now
        self._clock = clock
        self._seen: set[int] = set()
        self._held: dict[CallId, frozenset[int]] = {}
        """Minutes that may hold an entry which is not recorded yet, by its call."""

    def minute(self) -> int:
        """Return the minute by Asterisk's clock."""
        return int(self._clock.theirs(self._now()) // 60)

    def saw_end(self) -> None:
        """A call has ended just now and its facts are recorded."""
        minute = self.minute()
        self._seen.add(minute)
        self._seen.add(minute - 1)

    def hold(self, ended: Iterable[EndedCall]) -> None:
        """These entries were read and cannot be recorded yet: they stay, for a daemon that comes after us."""
        for call in ended:
            self._held[call.call] = self._minutes_of(call)

    def saw_entries(self, ended: Iterable[EndedCall]) -> None:
        """These entries were read and are recorded."""
        for call in ended:
            self._held.pop(call.call, None)
            self._seen |= self._minutes_of(call)

    def _minutes_of(self, call: EndedCall) -> frozenset[int]:
        minute = int(self._clock.theirs(call.ended_at) // 60)
        return frozenset({minute, minute - 1})

    def next(self) -> str | None:
        """Return a minute to be deleted and forget it; None when there is none that is old enough."""
        held = {minute for minutes in self._held.values() for minute in minutes}
        oldest = min(self._seen - held, default=None)
        if oldest is None or oldest > self.minute() - 3:
            return None
        self._seen.discard(oldest)
        return str(oldest)

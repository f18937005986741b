"""The rows of the derived tables as values: field for field the columns of `tables.py`.

They are named tuples: a row is changed by copying it, a dozen times per call, and handed to the database as it is.
"""

from enum import StrEnum
from typing import Final, NamedTuple

REPEAT_WITHIN_S: Final = 24 * 3600.0
"""A call of a number that called within this time before is a repeat call."""


class Outcome(StrEnum):
    """How an accepted call ended. Every call has exactly one, once it has ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"
    DIED = "died"
    REFUSED = "refused"
    """Never accepted: the line is unknown to the configuration. Counted apart."""
    CLOSED = "closed"
    """Turned away as it came, since the line was closed: no operator was to answer it. Counted apart."""


NOT_COUNTED: Final = (Outcome.REFUSED, Outcome.CLOSED)
"""Outcomes of calls that no operator was to answer: no share and no violation counts them."""


class CallKind(StrEnum):
    """Who called whom."""

    INCOMING = "incoming"
    CALL_BACK = "call_back"
    """An attempt of ours to reach a caller: in the line like a call, and no accepted call in the sense of K1 and K2."""


class OfferResult(StrEnum):
    """How an offer ended."""

    ANSWERED = "answered"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"
    LOST = "lost"
    """The daemon went away while the telephone rang; nobody saw the end."""


class CallRow(NamedTuple):
    """One visit of one caller."""

    call: str
    queue: str
    """The line on which the call came in."""
    last_queue: str
    caller: str
    entered_at: float
    priority: int = 0
    kind: str = CallKind.INCOMING
    answered_at: float | None = None
    ended_at: float | None = None
    outcome: str | None = None
    """None while the call waits; `answered` from the answer on; see `Outcome`."""
    stage: str | None = None
    """For an abandoned call, what the caller was hearing."""
    waited_s: float | None = None
    """From `entered_at` to the answer or to the end of waiting. None while the call waits."""
    talked_s: float | None = None
    questioned_s: float | None = None
    """From the answer to the operator's mark that questioning is over; None without a mark."""
    agent: str | None = None
    ended_by: str | None = None
    cause: int | None = None
    offers: int = 0
    misses: int = 0
    returns: int = 0
    """How often an answered call came back to the line because the operator's side dropped it at once."""
    destination: str | None = None
    reason: str | None = None
    recovered: bool = False
    target_passed: bool = False
    previous_at: float | None = None
    """When the same number last called before this, if within `REPEAT_WITHIN_S`; None else."""
    visit: int = 1
    """1 as the caller called; 2, 3... on each line that he was then passed on to."""


class OfferRow(NamedTuple):
    """One attempt to give one call to one operator."""

    offer: int
    call: str
    queue: str
    agent: str
    offered_at: float
    waited_s: float
    ended_at: float | None = None
    result: str | None = None
    failure: str | None = None
    reason: str | None = None
    rang_s: float | None = None


class StateRow(NamedTuple):
    """One stay of one operator in one state."""

    run: str
    seq: int
    agent: str
    state: str
    reason: str
    by: str
    started_at: float
    call: str | None = None
    ended_at: float | None = None


class BreakRow(NamedTuple):
    """A call that broke off, SAR 5.2: somebody is owed a call-back, or it is known why not."""

    call: str
    queue: str
    broken_at: float
    caller: str = ""
    kind: str | None = None
    """See `callback.kinds.BreakKind`."""
    by: str | None = None
    cause: int | None = None
    agent: str | None = None
    request: int | None = None
    """The call-back owed for it; several breaks of one caller may share one."""
    impossible: str | None = None
    """Why nobody can be called back."""
    limit_s: float | None = None
    attempts: int = 0
    first_attempt_at: float | None = None
    first_after_s: float | None = None
    """From the break to the start of the first attempt."""
    late: bool = False
    """No attempt had started when the limit was over."""


class RequestRow(NamedTuple):
    """A call-back that is owed."""

    request: int
    queue: str
    number: str
    origin: str
    owed_at: float
    due_at: float | None = None
    mode: str | None = None
    broken_call: str | None = None
    attempts: int = 0
    reached_at: float | None = None
    ended_at: float | None = None
    result: str | None = None
    """`done`, `merged` (the caller called himself), `given_up`, `impossible`; None while it is open."""
    reason: str | None = None


class AttemptRow(NamedTuple):
    """One attempt to call somebody back."""

    call: str
    request: int
    queue: str
    number: str
    attempt: int
    of_break: int
    started_at: float
    after_break_s: float
    within_limit: bool
    broken_call: str | None = None
    agent: str | None = None
    rang_at: float | None = None
    connected_at: float | None = None
    reached_at: float | None = None
    ended_at: float | None = None
    failure: str | None = None
    cause: int | None = None


class TransferResult(StrEnum):
    """What became of a caller who was handed on."""

    TAKEN = "taken"
    """Somebody has answered: an operator, or the outside number."""
    RETURNED = "returned"
    """Nobody took him, and the operator who had handed him on has him back."""
    NOT_ANSWERED = "not_answered"
    """The outside number did not answer, or he did not agree: he was handed back, which is a transfer of its own."""
    LEFT = "left"
    """He hung up before anybody answered."""
    OVERFLOWED = "overflowed"
    """His line sent him to one of its destinations."""
    DIED = "died"


class TransferRow(NamedTuple):
    """One caller handed on."""

    next_call: str
    """The visit that follows; `<call>-taken` for one whom a supervisor has taken over."""
    call: str
    """The visit that was over with it; the row of that name in `transfers` is the transfer before this one."""
    queue: str
    agent: str
    way: str
    kind: str
    target: str
    by: str
    consent: str
    transferred_at: float
    result: str | None = None
    taken_by: str | None = None
    """The operator who answered; None for one outside."""
    waited_s: float | None = None
    """From the transfer to the answer: this wait alone. In sum: with those of the visits before."""
    talked_s: float | None = None
    ended_at: float | None = None
    """When the talk, or the wait, that followed has ended."""


class RecordingRow(NamedTuple):
    """One recorded talk."""

    recording: str
    call: str
    telephone: str
    started_at: float
    duration_s: float
    path: str
    size: int
    sha256: str
    channels: int
    key: str
    keep_until: float
    found: bool
    destroyed_at: float | None = None
    destroyed_by: str | None = None
    destroyed_for: str | None = None

    @property
    def ended_at(self) -> float:
        """When the recorded talk ended."""
        return self.started_at + self.duration_s


class SurveyRow(NamedTuple):
    """One person who was asked."""

    call: str
    survey: str
    queue: str
    caller: str
    began_at: float
    ended_at: float
    answers: str
    """`question=key`, in their order, `&` between them."""


class MessageRow(NamedTuple):
    """One voice message."""

    call: str
    queue: str
    caller: str
    server: str
    file: str
    """Below the folder of messages."""
    left_at: float
    length_s: float
    heard_at: float | None = None
    """First."""
    heard_by: str | None = None
    done_at: float | None = None
    done_by: str | None = None
    note: str = ""
    destroyed_at: float | None = None
    destroyed_by: str | None = None
    destroyed_for: str | None = None
    sha256: str | None = None
    """Of the sound that was destroyed."""

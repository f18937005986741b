"""Facts that the engine does not need to know and the records do.

The shell records them by itself, beside the engine's own facts.
"""

from dataclasses import dataclass
from enum import StrEnum

from queue_engine.ids import AgentId, CallId, Instant, QueueName


@dataclass(frozen=True, slots=True)
class DifferenceMended:
    """What we believed of a call or an operator was not what Asterisk had, and has been put right.

    Nothing is derived from it: it stands among the facts for whoever asks why something changed.
    """

    at: Instant
    server: str
    what: str
    """`call_gone`, `operator_channel_gone`, `own_call_gone`, `operator_stuck`, `telephone`."""
    call: CallId | None = None
    agent: AgentId | None = None
    detail: str = ""


class TransferWay(StrEnum):
    """How an operator has handed a caller on."""

    BLIND = "blind"
    """Without a word to whoever gets him."""
    ATTENDED = "attended"
    """After a talk with that one."""
    TAKEN = "taken"
    """By a supervisor, who has taken the caller from the operator."""


class TransferTarget(StrEnum):
    """What kind of place a caller is handed on to."""

    OPERATOR = "operator"
    LINE = "line"
    """Also a higher level of operators, which is a line of its own."""
    DESTINATION = "destination"
    """An outside number of the configuration: an insurer's representative, a hot line of somebody else."""
    RETURN = "return"
    """Back to the operator who had handed him on: nobody took him."""
    SUPERVISOR = "supervisor"
    """The supervisor's own telephone; no other way leads there."""


class Consent(StrEnum):
    """Whether the caller agrees to be handed on to somebody outside (UDM 5.13)."""

    NOT_NEEDED = ""
    KEY = "key"
    """He has pressed the key."""
    OPERATOR = "operator"
    """The operator has asked him and says so."""
    REFUSED = "refused"


class OutsideResult(StrEnum):
    """How a transfer to an outside number ended."""

    ANSWERED = "answered"
    NOT_ANSWERED = "not_answered"
    """The caller is on his way back to the operator."""
    NO_CONSENT = "no_consent"
    """Likewise: he did not agree."""
    CALLER_LEFT = "caller_left"
    """He hung up before anybody answered."""


@dataclass(frozen=True, slots=True)
class CallTransferred:
    """An operator's talk has ended by handing the caller on; what becomes of that is told under `next_call`."""

    at: Instant
    call: CallId
    """The visit that is over."""
    queue: QueueName
    agent: AgentId
    """Who has handed him on; for a `RETURN`, who gets him back."""
    way: TransferWay
    kind: TransferTarget
    target: str
    """Number of the operator, name of the line or of the destination."""
    next_call: CallId
    """The visit that follows: of a line, or to the outside number."""
    by: str
    """The operator himself, or whoever asked for it through the API."""
    consent: Consent = Consent.NOT_NEEDED


@dataclass(frozen=True, slots=True)
class OutsideTransferEnded:
    """A caller's visit to an outside number is over."""

    at: Instant
    call: CallId
    """`next_call` of the transfer."""
    result: OutsideResult
    rang_s: float
    """From the transfer to the answer, or to its end."""
    talked_s: float


@dataclass(frozen=True, slots=True)
class TransferRefused:
    """Somebody asked for a transfer that is not allowed, or not possible now. The talk goes on."""

    at: Instant
    call: CallId
    agent: AgentId
    target: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class CallTakenOver:
    """A supervisor has taken the caller over and talks to him; the operator's talk is over by it (S4)."""

    at: Instant
    call: CallId
    """The visit whose talk is over."""
    queue: QueueName
    agent: AgentId
    """Whose caller it was."""
    telephone: str
    """The supervisor's."""
    by: str
    """The supervisor."""


@dataclass(frozen=True, slots=True)
class TakeoverEnded:
    """The supervisor's talk with a caller whom he had taken over has ended."""

    at: Instant
    call: CallId
    """As in `CallTakenOver`."""
    talked_s: float
    by: str


@dataclass(frozen=True, slots=True)
class RecordingKept:
    """The recording of a talk is finished and in its place."""

    at: Instant
    recording: str
    """Its id: instant of the beginning in milliseconds, call, and telephone, with `_` between."""
    call: CallId
    telephone: str
    """The endpoint whose channel was recorded."""
    started_at: Instant
    duration_s: float
    path: str
    """Below the folder of recordings."""
    size: int
    """Bytes of the sound file before it was encrypted."""
    sha256: str
    """Of the same, hexadecimal."""
    channels: int
    """1 mixed; 2 the caller left, the operator right."""
    key: str
    """Id of the key that it is encrypted with; empty when it is not."""
    keep_until: Instant
    found: bool = False
    """It was found after a crash of ours or of Asterisk's."""


@dataclass(frozen=True, slots=True)
class RecordingDestroyed:
    """A recording was destroyed; that its file is gone was looked at afterwards."""

    at: Instant
    recording: str
    reason: str
    """`kept_long_enough`, or why somebody asked for it."""
    by: str


@dataclass(frozen=True, slots=True)
class RecordingPaused:
    """From here on the recording of a call holds silence."""

    at: Instant
    call: CallId
    by: str


@dataclass(frozen=True, slots=True)
class RecordingResumed:
    """The recording of a call holds what is said again."""

    at: Instant
    call: CallId
    by: str


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """A recording could not be put in its place, or not be destroyed; its file is where it was."""

    at: Instant
    recording: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingSuspended:
    """No talk is recorded any more, since the disk is nearly full; calls go on."""

    at: Instant
    server: str
    free_bytes: int


@dataclass(frozen=True, slots=True)
class RecordingAllowed:
    """There is room again: talks are recorded."""

    at: Instant
    server: str
    free_bytes: int


TalkFact = (
    CallTransferred
    | OutsideTransferEnded
    | TransferRefused
    | CallTakenOver
    | TakeoverEnded
    | RecordingKept
    | RecordingDestroyed
    | RecordingPaused
    | RecordingResumed
    | RecordingFailed
    | RecordingSuspended
    | RecordingAllowed
)
"""What becomes of talks beside their beginning and end."""

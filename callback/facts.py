"""What has become true of breaks and call-backs: past tense. Records, figures and people are told by these alone.

K5 is `CallbackAttemptStarted.after_break_s` where `of_break` is 1; K6 is the number of `CallbackAttemptStarted` per
`broken_call`. `at` is the book's instant; `broken_at` that of the break, from which every limit is counted.
"""

from dataclasses import dataclass

from callback.ids import RequestId
from callback.kinds import (
    AttemptFailure,
    BreakKind,
    GiveUpReason,
    Hold,
    ImpossibleReason,
    Leg,
    Mode,
    NoBreakReason,
    Origin,
)
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Party


@dataclass(frozen=True, slots=True)
class CallBroke:
    """A call ended in a way that its line calls back."""

    at: Instant
    call: CallId
    queue: QueueName
    caller: str
    """As the network showed it."""
    kind: BreakKind
    by: Party
    cause: int
    """Q.850; 0 where nobody knows."""
    agent: AgentId | None
    """The operator of the broken talk; None when nobody had answered."""
    waited_s: float
    talked_s: float | None
    broken_at: Instant


@dataclass(frozen=True, slots=True)
class NoBreak:
    """A call ended in a way that is not called back, and why."""

    at: Instant
    call: CallId
    queue: QueueName
    reason: NoBreakReason


@dataclass(frozen=True, slots=True)
class CallbackOwed:
    """Somebody is to be called back."""

    at: Instant
    request: RequestId
    queue: QueueName
    number: str
    origin: Origin
    broken_call: CallId | None
    broken_at: Instant
    """The break; for other origins the instant it was asked for."""
    due_at: Instant
    limit_s: float | None
    """From `broken_at` to the start of the first attempt at most; None where no norm exists."""
    mode: Mode
    agent: AgentId | None
    by: str


@dataclass(frozen=True, slots=True)
class CallbackImpossible:
    """Nobody can be called back (C4)."""

    at: Instant
    request: RequestId
    queue: QueueName
    shown: str
    origin: Origin
    reason: ImpossibleReason
    broken_call: CallId | None
    broken_at: Instant
    by: str


@dataclass(frozen=True, slots=True)
class BreakJoined:
    """A further break (or wish) of the same number on the same line: it belongs to the open request."""

    at: Instant
    request: RequestId
    queue: QueueName
    broken_call: CallId | None
    broken_at: Instant
    limit_s: float | None


@dataclass(frozen=True, slots=True)
class CallbackInLine:
    """The request stands in the line as a call that is due."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId
    due_at: Instant
    agent: AgentId | None


@dataclass(frozen=True, slots=True)
class CallbackHeld:
    """The request is due and waits for something that is not an operator's turn."""

    at: Instant
    request: RequestId
    queue: QueueName
    reason: Hold


@dataclass(frozen=True, slots=True)
class CallbackReserved:
    """An operator is kept for the attempt."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class CallbackLate:
    """At the limit after the break no attempt had started."""

    at: Instant
    request: RequestId
    queue: QueueName
    broken_call: CallId | None
    broken_at: Instant
    limit_s: float


@dataclass(frozen=True, slots=True)
class CallbackAttemptStarted:
    """The caller's number is being called."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId
    number: str
    attempt: int
    """Attempts that came to dialling, over the whole request; the first is 1."""
    of_break: int
    """The same since the newest break."""
    broken_call: CallId | None
    """The newest call that the request stands for."""
    broken_at: Instant
    after_break_s: float
    limit_s: float | None
    within_limit: bool
    """True also where no limit exists."""
    first_leg: Leg
    agent: AgentId | None


@dataclass(frozen=True, slots=True)
class CallbackRang:
    """The far side rings."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId


@dataclass(frozen=True, slots=True)
class CallbackConnected:
    """The caller has answered; the talk is still to come."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId


@dataclass(frozen=True, slots=True)
class CallbackAttemptFailed:
    """An attempt did not end in a talk with the caller."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId
    failure: AttemptFailure
    cause: int
    counted: bool
    """Whether the caller's number had been called, so that the attempt counts."""
    next_at: Instant | None
    """When the next may start; None when there is none."""


@dataclass(frozen=True, slots=True)
class CallbackReached:
    """Operator and caller talk."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId
    attempt: int
    of_break: int
    agent: AgentId | None
    after_break_s: float


@dataclass(frozen=True, slots=True)
class CallerCalledIn:
    """The caller called us himself: nothing is dialled while he is on the line."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId
    """His new call."""


@dataclass(frozen=True, slots=True)
class CallbackResumed:
    """His own call ended without a talk on this line: the call-back is owed as before."""

    at: Instant
    request: RequestId
    queue: QueueName
    next_at: Instant


@dataclass(frozen=True, slots=True)
class CallbackMerged:
    """The caller was spoken to in a call of his own: nothing is owed any more."""

    at: Instant
    request: RequestId
    queue: QueueName
    call: CallId
    attempts: int


@dataclass(frozen=True, slots=True)
class CallbackDone:
    """The caller was spoken to, or somebody said that it is settled."""

    at: Instant
    request: RequestId
    queue: QueueName
    attempts: int
    by: str


@dataclass(frozen=True, slots=True)
class CallbackGivenUp:
    """Nobody is called any more, and why."""

    at: Instant
    request: RequestId
    queue: QueueName
    reason: GiveUpReason
    attempts: int
    of_break: int
    by: str


CallbackFact = (
    CallBroke
    | NoBreak
    | CallbackOwed
    | CallbackImpossible
    | BreakJoined
    | CallbackInLine
    | CallbackHeld
    | CallbackReserved
    | CallbackLate
    | CallbackAttemptStarted
    | CallbackRang
    | CallbackConnected
    | CallbackAttemptFailed
    | CallbackReached
    | CallerCalledIn
    | CallbackResumed
    | CallbackMerged
    | CallbackDone
    | CallbackGivenUp
)

"""What has become true: past tense about the object. Everything outside the engine is told by these alone.

Every fact carries `at`, the engine's instant. Waits are counted from `entered_at`, the moment Asterisk accepted the
call, so a greeting counts against the norm: the strictest reading of SAR 5.1.
"""

from dataclasses import dataclass
from enum import StrEnum

from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party, RingFailure
from queue_engine.quick import quick


class AgentState(StrEnum):
    """What an operator is doing."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    BACK_OFF = "back_off"
    """Left in peace for a moment after a missed offer."""
    PAUSED = "paused"
    BUSY_ELSEWHERE = "busy_elsewhere"
    UNREACHABLE = "unreachable"


class AbandonStage(StrEnum):
    """What the caller was hearing when he gave up."""

    GREETING = "greeting"
    WAITING = "waiting"
    RINGING = "ringing"


@quick
@dataclass(frozen=True, slots=True)
class CallAccepted:
    """A call is registered and has its place in the line (D1). Emitted once per call, also across restarts."""

    at: Instant
    call: CallId
    queue: QueueName
    caller: str
    entered_at: Instant
    priority: int


@quick
@dataclass(frozen=True, slots=True)
class CallRecovered:
    """A call that had been accepted before a restart of ours is back in the line at its old place."""

    at: Instant
    call: CallId
    queue: QueueName
    caller: str
    entered_at: Instant


@quick
@dataclass(frozen=True, slots=True)
class CallRefused:
    """A call could not be taken into a line: the line is unknown to the configuration."""

    at: Instant
    call: CallId
    queue: QueueName
    caller: str
    entered_at: Instant
    reason: str


@quick
@dataclass(frozen=True, slots=True)
class CallOffered:
    """An operator's telephone is made to ring for this call."""

    at: Instant
    call: CallId
    queue: QueueName
    offer: OfferId
    agent: AgentId
    waited_s: float


@quick
@dataclass(frozen=True, slots=True)
class OfferMissed:
    """The offer came to nothing through the operator's side; the call is back at its old place."""

    at: Instant
    call: CallId
    queue: QueueName
    offer: OfferId
    agent: AgentId
    failure: RingFailure
    rang_s: float


@quick
@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """The offer ended without being a miss: the caller left, another answered, the operator was logged out."""

    at: Instant
    call: CallId
    queue: QueueName
    offer: OfferId
    agent: AgentId
    reason: str
    rang_s: float


@quick
@dataclass(frozen=True, slots=True)
class CallAnswered:
    """Caller and operator talk."""

    at: Instant
    call: CallId
    queue: QueueName
    offer: OfferId | None
    """None for a talk that was found after a restart."""
    agent: AgentId
    waited_s: float


@quick
@dataclass(frozen=True, slots=True)
class CallReturned:
    """The operator's side ended the talk before it was one; the caller is back at his old place."""

    at: Instant
    call: CallId
    queue: QueueName
    agent: AgentId
    talked_s: float


@quick
@dataclass(frozen=True, slots=True)
class QuestioningEnded:
    """The operator has marked, by a key or through the API, that questioning is over and advising begins.

    The mark divides a talk into the times of SAR 5.2: questioning (norm 180 s) and advising (norm 300 s). A talk
    without a mark has neither; it is counted apart and never guessed.
    """

    at: Instant
    call: CallId
    agent: AgentId


@quick
@dataclass(frozen=True, slots=True)
class CallEnded:
    """A talk is over. The outcome of the call is `answered`."""

    at: Instant
    call: CallId
    queue: QueueName
    caller: str
    agent: AgentId
    by: Party
    cause: int
    waited_s: float
    talked_s: float


@quick
@dataclass(frozen=True, slots=True)
class CallAbandoned:
    """The caller left before an operator answered."""

    at: Instant
    call: CallId
    queue: QueueName
    caller: str
    stage: AbandonStage
    waited_s: float
    cause: int


@quick
@dataclass(frozen=True, slots=True)
class CallOverflowed:
    """The call left the line for a destination: at the maximum wait something always happens (D2)."""

    at: Instant
    call: CallId
    queue: QueueName
    destination: str
    reason: str
    waited_s: float


@quick
@dataclass(frozen=True, slots=True)
class CallDied:
    """The call ended through no party's will before it was answered: Asterisk died with it, or it was not found again.

    A talk that dies so is a `CallEnded` by `Party.SYSTEM`.
    """

    at: Instant
    call: CallId
    queue: QueueName
    caller: str
    reason: str
    waited_s: float


@quick
@dataclass(frozen=True, slots=True)
class TargetWaitPassed:
    """The call has waited for the normative time and is still waiting."""

    at: Instant
    call: CallId
    queue: QueueName


@quick
@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    """An operator's state, with why and by whom."""

    at: Instant
    agent: AgentId
    before: AgentState
    after: AgentState
    reason: str
    by: str
    before_s: float
    """How long the operator was in the state before."""
    call: CallId | None = None


@quick
@dataclass(frozen=True, slots=True)
class CallMoved:
    """The call went over to another line, with its place by its instant of entry."""

    at: Instant
    call: CallId
    queue: QueueName
    to: QueueName
    reason: str
    by: str


@quick
@dataclass(frozen=True, slots=True)
class CallReserved:
    """The call waits for one operator."""

    at: Instant
    call: CallId
    queue: QueueName
    agent: AgentId
    reason: str
    by: str


@quick
@dataclass(frozen=True, slots=True)
class CallPrioritised:
    """The class of a waiting call was changed."""

    at: Instant
    call: CallId
    queue: QueueName
    before: int
    after: int
    by: str


@quick
@dataclass(frozen=True, slots=True)
class ReachWidened:
    """More operators than before may be offered the call: a higher level, or fewer skills asked for."""

    at: Instant
    call: CallId
    queue: QueueName
    level: int
    skills: tuple[str, ...]
    """Names of the skills still asked for."""
    reason: str


@quick
@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """The caller who waits has asked to be called back instead; he waits on until it is booked."""

    at: Instant
    call: CallId
    queue: QueueName
    caller: str


@quick
@dataclass(frozen=True, slots=True)
class CallbackQueued:
    """A call-back stands in the line as an item without a channel. Not an accepted call."""

    at: Instant
    call: CallId
    queue: QueueName
    number: str
    due_at: Instant


Fact = (
    CallAccepted
    | CallRecovered
    | CallRefused
    | CallOffered
    | OfferMissed
    | OfferWithdrawn
    | CallAnswered
    | CallReturned
    | QuestioningEnded
    | CallEnded
    | CallAbandoned
    | CallOverflowed
    | CallDied
    | TargetWaitPassed
    | AgentStateChanged
    | CallMoved
    | CallReserved
    | CallPrioritised
    | ReachWidened
    | CallbackAsked
    | CallbackQueued
)

"""What the shell reports of call-backs and what people ask for: past tense, with its actor.

Any of these may come in any order, twice, late or not at all; the book is total over them. What the engine says comes
as its facts (`CallbackBook.observe`) and is not repeated here. `call` is always the attempt's own id
(`callback.ids.attempt_call`) unless it says otherwise.
"""

from dataclasses import dataclass

from callback.ids import RequestId
from callback.kinds import AttemptFailure, BarScope, LiveStage, Origin, TalkOutcome
from callback.policy import CallbackPolicy
from callback.request import ListCall
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Party


@dataclass(frozen=True, slots=True)
class CallbackPoliciesLoaded:
    """The configuration was read again. A line that is gone opens no requests; its open ones keep their old policy."""

    policies: tuple[CallbackPolicy, ...]


@dataclass(frozen=True, slots=True)
class CapacityChanged:
    """So many operators are logged in on the line, whatever they are doing."""

    queue: QueueName
    operators: int | None
    """None: unknown, no limit."""


@dataclass(frozen=True, slots=True)
class ChannelsChanged:
    """So many outgoing channels may be used by call-backs, those in use by them included."""

    channels: int | None
    """None: unknown, no limit."""


@dataclass(frozen=True, slots=True)
class CallerDialled:
    """The call to the caller's number has left the house (the INVITE to the trunk): the attempt has started."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CallerRang:
    """The far side has said that it rings."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CallerAnswered:
    """The caller's telephone was answered. A talk begins with the engine's `CallAnswered` only."""

    call: CallId


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The caller's number is no longer being called and was not answered, or could not be called at all."""

    call: CallId
    failure: AttemptFailure
    cause: int = 0
    """Q.850 cause where there was one; see `callback.causes.failure_of`."""


@dataclass(frozen=True, slots=True)
class LiveAttempt:
    """One attempt that Asterisk holds."""

    call: CallId
    stage: LiveStage
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class Resynchronised:
    """Asterisk was asked after a restart or a reconnection: these attempts exist and no others."""

    live: tuple[LiveAttempt, ...]
    begun: frozenset[CallId] = frozenset()
    """Attempts that were ordered after it was asked: what becomes of them, its events tell."""


@dataclass(frozen=True, slots=True)
class BreakFound:
    """A call ended while we were away; here `call` is that call. What kind of end it was, the book decides."""

    call: CallId
    queue: QueueName
    caller: str
    ended_at: Instant
    waited_s: float
    talked_s: float | None
    """None when nobody had answered it."""
    by: Party
    cause: int
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class BreakReported:
    """An operator says that the talk he has just had was not finished when the caller's side ended it."""

    agent: AgentId
    by: str
    call: CallId | None = None
    """The call meant; None: the operator's last."""


@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """Somebody asked for a call-back: the web site for a citizen, an operator for a promised answer."""

    queue: QueueName
    number: str
    """As typed."""
    by: str
    origin: Origin = Origin.BOOKED
    due_at: Instant | None = None
    """When to call; None: now."""
    agent: AgentId | None = None
    listed: ListCall | None = None
    """Of origin `list` alone: it is tried once, as the list itself decides about the next time."""
    expires_at: Instant | None = None
    """Not to be called after this; None: as the policy says."""
    limited: bool = False
    """Whether `by` may ask for so many an hour only: an operator, whose password may be stolen."""


@dataclass(frozen=True, slots=True)
class NumbersLoaded:
    """The whole do-not-call list, as it is kept."""

    numbers: tuple[tuple[str, BarScope], ...]
    """E.164."""


@dataclass(frozen=True, slots=True)
class NumberBarred:
    """Somebody does not want our calls; what was owed to him is called off unless he is on the line already."""

    number: str
    """E.164."""
    scope: BarScope
    by: str


@dataclass(frozen=True, slots=True)
class NumberFreed:
    """A number may be called again."""

    number: str


@dataclass(frozen=True, slots=True)
class PlaceExchanged:
    """A waiting caller has confirmed a number and wants to be called in his turn; `call` is his waiting call."""

    call: CallId
    queue: QueueName
    number: str
    due_at: Instant
    """Of the waiting call: entry + the line's target wait. This is the place that is kept."""


@dataclass(frozen=True, slots=True)
class OutcomeGiven:
    """The operator says what a call-back's talk was, during it or within the policy's time after it."""

    request: RequestId
    outcome: TalkOutcome
    by: str


@dataclass(frozen=True, slots=True)
class CallbackClosed:
    """Somebody says that nothing is owed any more: it was settled otherwise."""

    request: RequestId
    by: str


@dataclass(frozen=True, slots=True)
class CallbackCancelled:
    """Somebody calls it off."""

    request: RequestId
    by: str


CallbackInput = (
    CallbackPoliciesLoaded
    | CapacityChanged
    | ChannelsChanged
    | CallerDialled
    | CallerRang
    | CallerAnswered
    | AttemptFailed
    | Resynchronised
    | BreakFound
    | BreakReported
    | CallbackAsked
    | PlaceExchanged
    | OutcomeGiven
    | CallbackClosed
    | CallbackCancelled
    | NumbersLoaded
    | NumberBarred
    | NumberFreed
)

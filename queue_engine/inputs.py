"""What happened outside or is asked of the engine: past tense, with its actor.

Any of these may come in any order, twice, late or not at all; the engine is total over them. Each is a frozen value;
`Input` is the closed union that `engine.py` takes apart with `match`.
"""

from dataclasses import dataclass
from enum import StrEnum

from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.policy import AgentPolicy, QueuePolicy
from queue_engine.quick import quick


class Party(StrEnum):
    """Who ended a talk."""

    CALLER = "caller"
    AGENT = "agent"
    SYSTEM = "system"
    """Neither: a time-out of the media, a restart of Asterisk, a supervisor."""


class RingFailure(StrEnum):
    """Why an offer came to nothing."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    """The telephone is not registered, does not answer SIP, or Asterisk could not dial it."""
    CANCELLED = "cancelled"
    """We withdrew the offer and the telephone has stopped ringing. No miss."""


SYSTEM_ACTOR = "system"
"""The actor of what nobody asked for: timers, rules, resynchronisation."""


@quick
@dataclass(frozen=True, slots=True)
class PoliciesLoaded:
    """The configuration was read for the first time or again. Replaces all policies; calls keep their places."""

    queues: tuple[QueuePolicy, ...]
    agents: tuple[AgentPolicy, ...]


@quick
@dataclass(frozen=True, slots=True)
class Turn:
    """One operator among those whom a call waits for one after the other."""

    agent: AgentId
    patience_s: float
    """So long it waits for him to become free."""
    reason: str
    at_once: bool = False
    """He is taken out of wrap-up for it."""


@quick
@dataclass(frozen=True, slots=True)
class CallArrived:
    """A call was accepted on a line, or one that was waiting already was found again after a restart."""

    call: CallId
    queue: QueueName
    caller: str
    """The caller's number as shown by the network; empty when withheld."""
    entered_at: Instant
    """When Asterisk accepted the call. Earlier than now for a call that survived a restart: its place is kept."""
    priority: int = 0
    """Class of the call; a higher class is served first."""
    greeted: bool = True
    """False while a greeting plays that must be heard before the call may be offered: see `GreetingEnded`."""
    recovered: bool = False
    """True when the call had been accepted before a restart of ours: it is not counted as accepted again."""
    preferred: AgentId | None = None
    """The operator of the caller's last talk, for lines that wait for that one."""
    turns: tuple[Turn, ...] = ()
    """Operators whom the call waits for before it is anybody's: it was handed on (`turns.py`)."""


@quick
@dataclass(frozen=True, slots=True)
class GreetingEnded:
    """The greeting of the call was played to its end (or skipped)."""

    call: CallId


@quick
@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller's channel is gone, whatever the call was doing."""

    call: CallId
    cause: int = 16
    """Q.850 cause of the Hangup event (16 normal clearing, 44 RTP time-out...)."""
    by: Party = Party.CALLER
    ended_at: Instant | None = None
    """When, as Asterisk has noted it while nothing was told to us; None: now."""


@quick
@dataclass(frozen=True, slots=True)
class OfferRang:
    """The operator's telephone has said that it rings (SIP 180)."""

    offer: OfferId


@quick
@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """Operator and caller are in one bridge: they talk."""

    offer: OfferId


@quick
@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The telephone no longer rings for this offer and nobody talks."""

    offer: OfferId
    failure: RingFailure


@quick
@dataclass(frozen=True, slots=True)
class TalkEnded:
    """Operator and caller no longer talk; the caller's channel may still be there."""

    call: CallId
    by: Party
    cause: int = 16
    talked_s: float | None = None
    """Asterisk's own measure of the talk where it has one, for talks whose start we did not witness."""
    ended_at: Instant | None = None
    """When, as Asterisk has noted it while nothing was told to us; None: now."""
    handed_on: bool = False
    """The operator has handed the caller on: a talk however short, and the caller is not to go back to his place."""


@quick
@dataclass(frozen=True, slots=True)
class TalkFound:
    """After a restart: this call is talking to this operator. Also a call that an orphaned Dial connected."""

    call: CallId
    queue: QueueName
    agent: AgentId
    caller: str
    entered_at: Instant
    answered_at: Instant | None
    """None when it was answered while we were away and nobody knows when."""


@quick
@dataclass(frozen=True, slots=True)
class CallLost:
    """The call is gone without a Hangup that we saw: Asterisk died, or resynchronisation did not find it."""

    call: CallId
    reason: str


@quick
@dataclass(frozen=True, slots=True)
class AgentLoggedIn:
    """An operator logged in; ready at once unless unreachable or busy elsewhere."""

    agent: AgentId
    by: str
    once: bool = False
    """For one call only: paused after it."""


@quick
@dataclass(frozen=True, slots=True)
class AgentLoggedOut:
    """An operator logs out, or is logged out by somebody. During a call it is done after the call."""

    agent: AgentId
    by: str
    reason: str = ""


@quick
@dataclass(frozen=True, slots=True)
class AgentPaused:
    """An operator pauses, or is paused. During a call it is done after the call."""

    agent: AgentId
    reason: str
    by: str
    limit_s: float | None = None
    """After this long the pause ends by itself."""


@quick
@dataclass(frozen=True, slots=True)
class AgentResumed:
    """An operator ends the pause, or a supervisor does; also takes back a pause asked for during a call."""

    agent: AgentId
    by: str
    once: bool = False
    """For one call only: paused again after it."""


@quick
@dataclass(frozen=True, slots=True)
class WrapUpExtended:
    """The operator needs more time after the call."""

    agent: AgentId
    by: str
    extra_s: float


@quick
@dataclass(frozen=True, slots=True)
class WrapUpEnded:
    """The operator has finished the work after the call before its time was over."""

    agent: AgentId
    by: str


@quick
@dataclass(frozen=True, slots=True)
class QuestioningMarked:
    """The operator has pressed the key, or said otherwise, that in this talk questioning is over."""

    agent: AgentId
    by: str
    at: Instant | None = None
    """When, for a mark that was found after a restart; None: now."""


@quick
@dataclass(frozen=True, slots=True)
class AgentBecameReachable:
    """The telephone where the operator is logged in is registered again."""

    agent: AgentId


@quick
@dataclass(frozen=True, slots=True)
class AgentBecameUnreachable:
    """The telephone where the operator is logged in has no usable registration."""

    agent: AgentId


@quick
@dataclass(frozen=True, slots=True)
class AgentBusyElsewhere:
    """The operator's telephone is in use by something that is no offer of ours: an own outgoing or internal call."""

    agent: AgentId


@quick
@dataclass(frozen=True, slots=True)
class AgentFreeElsewhere:
    """The last such use has ended."""

    agent: AgentId


@quick
@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller has pressed a key while waiting."""

    call: CallId
    key: str


@quick
@dataclass(frozen=True, slots=True)
class CallGivenTo:
    """A supervisor gives a call that waits to one operator, who gets it as soon as he is free."""

    call: CallId
    agent: AgentId
    by: str


@quick
@dataclass(frozen=True, slots=True)
class CallMovedTo:
    """A supervisor moves a call that waits to another line; its place there is that of its instant of entry."""

    call: CallId
    queue: QueueName
    by: str


@quick
@dataclass(frozen=True, slots=True)
class PrioritySet:
    """A supervisor puts a call that waits into another class."""

    call: CallId
    priority: int
    by: str


@quick
@dataclass(frozen=True, slots=True)
class LineOpened:
    """The line's hours have begun or ended; calls inside are served to their end, unless they are sent away."""

    queue: QueueName
    open: bool
    leave_for: str = ""
    """Where callers go who still wait when the line closes; empty: they are served."""


@quick
@dataclass(frozen=True, slots=True)
class CallbackDue:
    """A call-back asks for an operator: an item of the line without a channel. A second one replaces agent and due."""

    call: CallId
    queue: QueueName
    number: str
    due_at: Instant
    """Its place: live callers are due at entry + target wait."""
    priority: int = 0
    agent: AgentId | None = None
    """Only this operator, who is taken out of wrap-up at once; None: anybody."""


@quick
@dataclass(frozen=True, slots=True)
class CallbackWithdrawn:
    """The call-back is no longer wanted, whatever it is doing short of talking."""

    call: CallId


@quick
@dataclass(frozen=True, slots=True)
class CallPlaced:
    """The caller who waits is owed a call-back: he takes its place if that is earlier, and its operator."""

    call: CallId
    due_at: Instant
    agent: AgentId | None = None


@quick
@dataclass(frozen=True, slots=True)
class CallBooked:
    """The caller who waits will be called back instead: the call leaves the line; whoever booked it says good-bye."""

    call: CallId


Input = (
    PoliciesLoaded
    | CallArrived
    | GreetingEnded
    | CallerHungUp
    | OfferRang
    | OfferAnswered
    | OfferFailed
    | TalkEnded
    | TalkFound
    | CallLost
    | AgentLoggedIn
    | AgentLoggedOut
    | AgentPaused
    | AgentResumed
    | WrapUpEnded
    | QuestioningMarked
    | AgentBecameReachable
    | AgentBecameUnreachable
    | AgentBusyElsewhere
    | AgentFreeElsewhere
    | WrapUpExtended
    | KeyPressed
    | CallGivenTo
    | CallMovedTo
    | PrioritySet
    | LineOpened
    | CallbackDue
    | CallbackWithdrawn
    | CallPlaced
    | CallBooked
)

"""What the shell must do now: imperative. What fails comes back as an input, never as an exception."""

from dataclasses import dataclass

from queue_engine.ids import AgentId, CallId, OfferId, QueueName
from queue_engine.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Ring:
    """One operator's telephone among those that an offer of a call rings."""

    offer: OfferId
    agent: AgentId


@quick
@dataclass(frozen=True, slots=True)
class Whisper:
    """What an operator hears before the talk."""

    queue: QueueName
    waited_s: float


@quick
@dataclass(frozen=True, slots=True)
class OfferCall:
    """Let exactly these telephones ring for the caller; each offer's end comes back as an input of its own.

    If some of them ring for the call already (the line adds one after the other), those go on under the same offer. One
    `Dial` rings them all: `Dial(a&b)`. To add one, the running dial is replaced by one of the whole set, and what the
    replaced dial reports of its telephones is no failure of theirs.
    """

    call: CallId
    rings: tuple[Ring, ...]
    """One, unless the line rings several at once."""
    ring_s: float
    whisper: Whisper | None = None


@quick
@dataclass(frozen=True, slots=True)
class WithdrawOffer:
    """Stop this telephone ringing, or hang it up if it has answered a stale offer. Idempotent."""

    offer: OfferId
    call: CallId
    agent: AgentId


@quick
@dataclass(frozen=True, slots=True)
class SendCallTo:
    """The call leaves the line: the dialplan takes it to the destination of this name (`hangup` always exists)."""

    call: CallId
    destination: str


@quick
@dataclass(frozen=True, slots=True)
class ReleaseCall:
    """The call has been served: let the dialplan end it."""

    call: CallId


@quick
@dataclass(frozen=True, slots=True)
class Announce:
    """Say something to the caller who waits, over the music. Never delays an offer: an `OfferCall` cuts it short."""

    call: CallId
    announcement: str
    """Its name in the configuration."""
    position: int
    """How many are before the caller, himself included. Never grows while he waits."""
    wait_s: float | None
    """Expected wait; None when nothing can be said. Never grows while he waits."""


Effect = OfferCall | WithdrawOffer | SendCallTo | ReleaseCall | Announce

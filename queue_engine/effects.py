"""What the shell must do now: imperative. What fails comes back as an input, never as an exception."""

from dataclasses import dataclass

from queue_engine.ids import AgentId, CallId, OfferId


@dataclass(frozen=True, slots=True)
class Ring:
    """One operator's telephone among those that an offer of a call rings."""

    offer: OfferId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class OfferCall:
    """Ring these operators' telephones for the caller; each offer's end comes back as an input of its own."""

    call: CallId
    rings: tuple[Ring, ...]
    """One, unless the strategy rings several at once."""
    ring_s: float


@dataclass(frozen=True, slots=True)
class WithdrawOffer:
    """Stop this telephone ringing, or hang it up if it has answered a stale offer. Idempotent."""

    offer: OfferId
    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class SendCallTo:
    """The call leaves the line: the dialplan takes it to the destination of this name (`hangup` always exists)."""

    call: CallId
    destination: str


@dataclass(frozen=True, slots=True)
class ReleaseCall:
    """The call has been served: let the dialplan end it."""

    call: CallId


Effect = OfferCall | WithdrawOffer | SendCallTo | ReleaseCall

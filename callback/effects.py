"""What the shell must do now for a call-back: imperative. What fails comes back as an input. See docs/callback.md."""

from dataclasses import dataclass

from callback.ids import RequestId
from callback.kinds import Leg
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName


@dataclass(frozen=True, slots=True)
class EnqueueCallback:
    """Let the engine keep an operator for this attempt: a place in the line without a channel.

    A second one for the same call replaces `agent` and `due_at`.
    """

    call: CallId
    request: RequestId
    queue: QueueName
    number: str
    due_at: Instant
    """The place in the line: live callers are due at entry + target wait."""
    priority: int
    agent: AgentId | None
    """Only this operator, taken out of wrap-up at once; None: anybody who serves the line."""


@dataclass(frozen=True, slots=True)
class WithdrawCallback:
    """Take the attempt out of the line and set its operator free, with no miss counted. Idempotent."""

    call: CallId
    reason: str


@dataclass(frozen=True, slots=True)
class DialCaller:
    """Start the attempt with the leg that is `first`.

    If only the operator's leg exists, one with `first` caller replaces it. If the caller's number is being called
    already, nothing is to be done.
    """

    call: CallId
    request: RequestId
    queue: QueueName
    number: str
    """E.164: a plus sign and digits, nothing else."""
    caller_id: str
    first: Leg
    agent: AgentId | None
    offer: OfferId | None
    """The engine's offer that keeps the operator; None when nobody is kept yet."""
    ring_s: float
    operator_ring_s: float
    menu: str = ""
    """What the called person hears in place of an operator; empty: an operator."""


@dataclass(frozen=True, slots=True)
class StopDialling:
    """End the legs of the attempt that are not in a talk; a menu that is heard is none. Idempotent."""

    call: CallId


@dataclass(frozen=True, slots=True)
class PlaceCaller:
    """The waiting call is of somebody we owe a call-back: it takes that place and prefers that operator."""

    call: CallId
    queue: QueueName
    due_at: Instant
    agent: AgentId | None


@dataclass(frozen=True, slots=True)
class ReleaseCaller:
    """The waiting call leaves the line with the outcome "call-back booked"; its caller is told so."""

    call: CallId
    request: RequestId


CallbackEffect = EnqueueCallback | WithdrawCallback | DialCaller | StopDialling | PlaceCaller | ReleaseCaller

"""Whether the end of a call is a break, and of which kind. Everything that is no break gets its reason.

Who hung up and the Q.850 cause decide; the cause alone does not, because the end of a talk that died with the system
carries 16 too.
"""

from dataclasses import dataclass

from callback.causes import is_network_cause
from callback.kinds import BreakKind, NoBreakReason
from callback.policy import CallbackPolicy
from queue_engine.facts import CallAbandoned, CallDied, CallEnded
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Party


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended, whoever told us."""

    call: CallId
    queue: QueueName
    caller: str
    ended_at: Instant
    by: Party
    cause: int
    waited_s: float
    talked_s: float | None
    """None when nobody had answered."""
    agent: AgentId | None


def end_of(fact: CallEnded | CallAbandoned | CallDied) -> CallEnd:
    """Return the end that a fact of the engine tells."""
    match fact:
        case CallEnded():
            return CallEnd(
                call=fact.call,
                queue=fact.queue,
                caller=fact.caller,
                ended_at=fact.at,
                by=fact.by,
                cause=fact.cause,
                waited_s=fact.waited_s,
                talked_s=fact.talked_s,
                agent=fact.agent,
            )
        case CallAbandoned():
            by, cause = Party.CALLER, fact.cause
        case CallDied():
            by, cause = Party.SYSTEM, 0
    return CallEnd(
        call=fact.call,
        queue=fact.queue,
        caller=fact.caller,
        ended_at=fact.at,
        by=by,
        cause=cause,
        waited_s=fact.waited_s,
        talked_s=None,
        agent=None,
    )


def classify(end: CallEnd, policy: CallbackPolicy | None) -> BreakKind | NoBreakReason:
    """Return the kind of break that this end is, or why it is none.

    A caller who is cut off while waiting is called back however short he waited: he did not decide to leave.
    """
    if policy is None:
        return NoBreakReason.NO_POLICY
    kind = _kind(end, policy)
    if isinstance(kind, BreakKind) and kind not in policy.breaks:
        return NoBreakReason.KIND_OFF
    return kind


def _kind(end: CallEnd, policy: CallbackPolicy) -> BreakKind | NoBreakReason:
    """Return what the end is, whether or not the policy calls it back."""
    lost = is_network_cause(end.cause)
    match end.by:
        case Party.SYSTEM:
            return BreakKind.CONNECTION_LOST if lost else BreakKind.SYSTEM_FAILED
        case Party.AGENT:
            return BreakKind.OPERATOR_LOST if lost else NoBreakReason.ENDED_BY_OPERATOR
        case Party.CALLER if lost:
            return BreakKind.CONNECTION_LOST
        case Party.CALLER if end.talked_s is None:
            return BreakKind.LEFT_LINE if end.waited_s >= policy.min_wait_s else NoBreakReason.LEFT_EARLY
        case Party.CALLER:
            return BreakKind.SHORT_TALK if end.talked_s < policy.short_talk_s else NoBreakReason.ENDED_BY_CALLER

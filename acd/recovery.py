"""After a restart: what became of the calls that ended while nobody of us was there.

Pure. Asterisk's journal of ended calls and the records' open calls come in, the missing facts go out, with the times
at which things really happened. They are recorded beside the engine's facts; the engine knows nothing of these calls.
"""

from collections.abc import Callable, Iterable
from typing import Final

from ami_bridge.ended import EndedCall
from callback.inputs import BreakFound
from metrics.records.queries import OpenCall
from queue_engine.facts import (
    AbandonStage,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallOverflowed,
    Fact,
    QuestioningEnded,
)
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import Party
from queue_engine.policy import JoinCondition

SERVED: Final = "served"
"""The dialplan's own destination of a call whose operator hung up first."""

VANISHED: Final = "Asterisk was restarted"


def facts_of_ended(ended: EndedCall, known: OpenCall | None, agent_at: Callable[[str], AgentId]) -> list[Fact]:
    """Return what the records lack of a call that Asterisk says has ended, in the order in which it became true.

    Where Asterisk's clock was set back during the call, it noted an end before the entry. Then the call has no length
    that anybody could tell; but a call ends after it has begun, or its record would have no beginning.

    Args:
        ended: Asterisk's entry.
        known: What the records have of it; None when they never heard of it.
        agent_at: Names the operator who sits at a telephone.
    """
    facts: list[Fact] = []
    call, queue, at = ended.call, ended.queue, ended.ended_at
    entered_at = known.entered_at if known else ended.entered_at
    caller = known.caller if known else ended.caller
    answered_at = known.answered_at if known and known.answered_at is not None else ended.answered_at
    if known is None:
        entered_at = min(entered_at, at if answered_at is None else answered_at)
        facts.append(CallAccepted(entered_at, call, queue, caller, entered_at, 0))
    else:
        answered_at = None if answered_at is None else max(answered_at, entered_at)
        at = max(at, entered_at if answered_at is None else answered_at)
    if answered_at is None:
        if ended.destination in {"", SERVED, "hangup"}:
            waited_s = at - entered_at
            stage = AbandonStage.GREETING if ended.stage in {"new", "greeting"} else AbandonStage.WAITING
            facts.append(CallAbandoned(at, call, queue, caller, stage, waited_s, ended.cause))
        else:
            closed = ended.stage == JoinCondition.CLOSED
            reason = JoinCondition.CLOSED.value if closed else "unattended"
            facts.append(CallOverflowed(at, call, queue, ended.destination, reason, at - entered_at))
        return facts
    agent = known.agent if known and known.agent else agent_at(ended.telephone)
    waited_s = answered_at - entered_at
    if known is None or known.answered_at is None:
        facts.append(CallAnswered(answered_at, call, queue, None, agent, waited_s))
    if ended.questioned_at is not None:  # one that is recorded already stays as it is: the first mark counts
        facts.append(QuestioningEnded(min(at, max(answered_at, ended.questioned_at)), call, agent))
    by = Party.AGENT if ended.destination == SERVED else Party.CALLER
    talked_s = at - answered_at
    facts.append(CallEnded(at, call, queue, caller, agent, by, ended.cause, waited_s, talked_s))
    return facts


def facts_of_vanished(known: OpenCall, now: Instant) -> list[Fact]:
    """Return the end of a call that neither Asterisk nor its journal has: Asterisk died with it."""
    call, queue = known.call, known.queue
    if known.answered_at is None or known.agent is None:
        return [CallDied(now, call, queue, known.caller, VANISHED, now - known.entered_at)]
    waited_s, talked_s = known.answered_at - known.entered_at, now - known.answered_at
    return [CallEnded(now, call, queue, known.caller, known.agent, Party.SYSTEM, 0, waited_s, talked_s)]


def break_found(fact: CallEnded | CallAbandoned | CallDied) -> BreakFound:
    """Return the end of a call that happened without us as the book of call-backs takes it."""
    match fact:
        case CallEnded():
            by, cause, agent, talked_s = fact.by, fact.cause, fact.agent, fact.talked_s
            return BreakFound(fact.call, fact.queue, fact.caller, fact.at, fact.waited_s, talked_s, by, cause, agent)
        case CallAbandoned():
            return BreakFound(
                fact.call, fact.queue, fact.caller, fact.at, fact.waited_s, None, Party.CALLER, fact.cause
            )
        case CallDied():
            return BreakFound(fact.call, fact.queue, fact.caller, fact.at, fact.waited_s, None, Party.SYSTEM, 0)


def missing_facts(
    ended: Iterable[EndedCall],
    open_calls: Iterable[OpenCall],
    *,
    alive: Callable[[CallId], bool],
    recorded: Callable[[CallId], bool],
    agent_at: Callable[[str], AgentId],
    now: Instant,
) -> list[Fact]:
    """Return all facts that are missing on one server, in the order of their instants."""
    known = {call.call: call for call in open_calls}
    facts: list[Fact] = []
    for entry in ended:
        if not alive(entry.call) and (entry.call in known or not recorded(entry.call)):
            facts += facts_of_ended(entry, known.pop(entry.call, None), agent_at)
    for call in known.values():
        if not alive(call.call):
            facts += facts_of_vanished(call, now)
    return sorted(facts, key=lambda fact: fact.at)

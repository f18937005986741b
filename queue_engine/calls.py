"""What happens to calls: from the moment a line accepts one to the moment it is answered, leaves or is given up.

The table of `call.py` says whether something counts in the present state. A call that is unknown has left already, or
was never here: what is said of it is ignored. The first report that ends a talk or a wait counts; a second finds the
call gone.
"""

from itertools import islice
from typing import Final

from queue_engine import callbacks, rings, settling
from queue_engine.agent import AgentTrigger
from queue_engine.agent import work_after as agent_work_after
from queue_engine.call import CallState, CallTrigger
from queue_engine.call import after as call_after
from queue_engine.dispatch import reserve
from queue_engine.effects import ReleaseCall, SendCallTo
from queue_engine.facts import (
    AbandonStage,
    AgentState,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallRecovered,
    CallRefused,
    CallReserved,
    CallReturned,
)
from queue_engine.floor import Floor
from queue_engine.ids import AgentId, Instant, OfferId
from queue_engine.inputs import (
    SYSTEM_ACTOR,
    CallArrived,
    CallerHungUp,
    CallLost,
    GreetingEnded,
    LineOpened,
    Party,
    TalkEnded,
    TalkFound,
)
from queue_engine.line import Line
from queue_engine.live import Agent, Call
from queue_engine.offer import OfferTrigger
from queue_engine.offer import after as offer_after
from queue_engine.policy import JoinCondition, QueuePolicy
from queue_engine.table import Column
from queue_engine.timers import NO_TIMER

HANGUP = "hangup"
"""The destination that always exists."""

_STAGE = {
    CallState.GREETING: AbandonStage.GREETING,
    CallState.WAITING: AbandonStage.WAITING,
    CallState.OFFERED: AbandonStage.RINGING,
    CallState.HELD: AbandonStage.WAITING,
}

# Looked up once: in Python 3.11 a member of an Enum costs ten times what a global does.
_AGENT_ON_TALK_FOUND: Final = agent_work_after(AgentTrigger.TALK_FOUND)
_AGENT_TALKING: Final = AgentState.TALKING
_CALL_GREETING: Final = CallState.GREETING
_SENT_AWAY: Final = frozenset({CallState.GREETING, CallState.WAITING, CallState.HELD})
"""The states of callers whom the end of the hours may send away."""
_CALL_ON_GREETED: Final = call_after(CallTrigger.GREETED)
_CALL_ON_HANG_UP: Final = call_after(CallTrigger.HANG_UP)
_CALL_ON_LOST: Final = call_after(CallTrigger.LOST)
_CALL_ON_RETURN: Final = call_after(CallTrigger.RETURN)
_CALL_ON_TALK_END: Final = call_after(CallTrigger.TALK_END)
_CALL_ON_TALK_FOUND: Final = call_after(CallTrigger.TALK_FOUND)
_CALL_TALKING: Final = CallState.TALKING
_BY_AGENT: Final = Party.AGENT
_OFFER_ON_ANSWER: Final = offer_after(OfferTrigger.ANSWER)


def arrive(floor: Floor, event: CallArrived) -> None:
    """A call takes its place in the line by its instant of entry, be it new or found again."""
    known = floor.calls.get(event.call)
    if known is not None:
        if not known.has_channel:
            callbacks.caller_is_there(floor, known, event)
        return
    now = floor.now
    entered_at = _not_after(event.entered_at, now)
    line = floor.lines.get(event.queue)
    if line is None or line.draining:
        floor.facts.append(CallRefused(now, event.call, event.queue, event.caller, entered_at, "unknown_line"))
        floor.effects.append(SendCallTo(event.call, HANGUP))
        return
    call = Call(event.call, line, event.caller, entered_at, priority=event.priority, seq=floor.seq())
    if line.policy.redial_s:
        _take_kept_place(floor, call)
    floor.take_in(call)
    if event.recovered:
        floor.facts.append(CallRecovered(now, call.id, line.name, call.caller, entered_at))
    else:
        floor.facts.append(CallAccepted(now, call.id, line.name, call.caller, entered_at, call.priority))
        if line.policy.on_join and _sent_away(floor, call):
            return
    floor.arm_step(call)
    if event.turns:
        floor.turns[call.id] = event.turns
    elif event.preferred is not None and line.policy.last_agent_wait_s > 0:
        _wait_for_last(floor, call, event.preferred)
    if event.greeted:
        floor.arrived.append(call)
    else:
        call.state = _CALL_GREETING


def _wait_for_last(floor: Floor, call: Call, preferred: AgentId) -> None:
    """Let the caller wait for the operator of his last talk, if that one is there."""
    line = call.line
    last = floor.agents.get(preferred)
    if last is not None and reserve(floor, call, last, line.policy.last_agent_wait_s):
        floor.facts.append(CallReserved(floor.now, call.id, line.name, last.id, "last_operator", SYSTEM_ACTOR))


def _sent_away(floor: Floor, call: Call) -> bool:
    """Send a new call on at once if a rule of the line says so."""
    line = call.line
    for rule in line.policy.on_join:
        match rule.condition:
            case JoinCondition.CLOSED:
                applies = not line.is_open
            case JoinCondition.NO_OPERATOR:
                applies = not any(line.staff)
            case JoinCondition.LINE_TOO_LONG:
                applies = line.waiting_count() >= rule.limit
            case JoinCondition.WAIT_TOO_LONG:
                wait_s = line.wait_of_a_new_call_s()
                applies = wait_s is not None and wait_s > rule.limit
        if applies:
            rings.overflow(floor, call, rule.destination, rule.condition.value)
            return True
    return False


def _take_kept_place(floor: Floor, call: Call) -> None:
    """Give the caller the place back that he had when he gave up a moment ago."""
    kept = floor.kept_places.pop((call.line.name, call.caller), None)
    if kept is not None and floor.now <= kept[0]:
        call.place_at = min(kept[1], call.place_at)
        call.priority = max(kept[2], call.priority)
        floor.key(call)


def _keep_place(floor: Floor, call: Call) -> None:
    """Remember the place of a caller who gave up; what has expired goes, oldest first, two for each that comes."""
    kept = floor.kept_places
    if not call.caller:
        return
    for name in list(islice(kept, 2)):
        if kept[name][0] < floor.now:
            del kept[name]
    name = (call.line.name, call.caller)
    kept.pop(name, None)
    kept[name] = (floor.now + call.line.policy.redial_s, call.place_at, call.priority)


def greeted(floor: Floor, event: GreetingEnded) -> None:
    """The greeting was heard: the call may be offered."""
    call = floor.calls.get(event.call)
    if call is None or call.state is not _CALL_GREETING:
        return
    call.state = _CALL_ON_GREETED[call.state]
    floor.arrived.append(call)


def line_opened(floor: Floor, event: LineOpened) -> None:
    """The hours of a line begin or end: that concerns who calls from now on, and who waits only if it says so.

    A caller for whom a telephone rings is not taken away from it: `rings.rings_over` sends him on if nobody answers.
    """
    line = floor.lines.get(event.queue)
    if line is None:
        return
    line.is_open = event.open
    line.closed_to = "" if event.open else event.leave_for
    if line.closed_to:
        for call in [c for c in floor.calls.values() if c.line is line and c.has_channel and c.state in _SENT_AWAY]:
            rings.overflow(floor, call, line.closed_to, rings.CLOSING)


def _not_after(told: Instant, now: Instant) -> Instant:
    """Return an instant that Asterisk told; a clock ahead of ours, or no number at all, counts as now."""
    return told if told <= now else now  # noqa: FURB136 - min() would let a NaN through


# Ends


def caller_hung_up(floor: Floor, event: CallerHungUp) -> None:
    """The caller is gone: a talk has ended, or the call is abandoned for good, whoever picks up later."""
    call = floor.calls.get(event.call)
    if call is None:
        return
    at = _ended_at(floor, call, event.ended_at)
    if call.state is _CALL_TALKING:
        _end(floor, call, _CALL_ON_HANG_UP, event.by, event.cause, at, talked_s=_talked_s(call, at, None))
        return
    stage = _STAGE[call.state]
    _gone(floor, call, _CALL_ON_HANG_UP)
    if call.line.policy.redial_s:
        _keep_place(floor, call)
    floor.facts.append(
        CallAbandoned(at, call.id, call.line.name, call.caller, stage, at - call.entered_at, event.cause)
    )
    rings.withdraw_all(floor, call, "caller_left")


def call_lost(floor: Floor, event: CallLost) -> None:
    """The call is gone and nobody saw how."""
    call = floor.calls.get(event.call)
    if call is None:
        return
    if call.state is _CALL_TALKING:
        talked_s = _talked_s(call, floor.now, None)
        _end(floor, call, _CALL_ON_LOST, Party.SYSTEM, 0, floor.now, talked_s=talked_s)
        return
    _gone(floor, call, _CALL_ON_LOST)
    now = floor.now
    floor.facts.append(CallDied(now, call.id, call.line.name, call.caller, event.reason, now - call.entered_at))
    rings.withdraw_all(floor, call, "call_lost")


def _gone(floor: Floor, call: Call, on: Column[CallState, CallState]) -> None:
    """A call that was not answered is no longer there."""
    call.state = on[call.state]
    floor.leave_line(call)
    line = call.line
    line.pace.given_up(others_wait=line.anybody_waits())


def talk_ended(floor: Floor, event: TalkEnded) -> None:
    """The two no longer talk. Whose side it was decides: a caller dropped at once by the operator's goes back."""
    call = floor.calls.get(event.call)
    if call is None or call.state is not _CALL_TALKING:
        return
    at = _ended_at(floor, call, event.ended_at)
    talked_s = _talked_s(call, at, event.talked_s)
    none = event.by is _BY_AGENT and not event.handed_on
    if none and talked_s is not None and talked_s < call.line.policy.min_talk_s:
        _return(floor, call, talked_s)
        return
    _end(floor, call, _CALL_ON_TALK_END, event.by, event.cause, at, talked_s=talked_s)
    floor.effects.append(ReleaseCall(call.id))


def _ended_at(floor: Floor, call: Call, told: Instant | None) -> Instant:
    """Return when a call ended: as it is told, but not before its talk or itself began, nor after now."""
    return floor.now if told is None else max(call.answered_at or call.entered_at, _not_after(told, floor.now))


def _talked_s(call: Call, ended_at: Instant, told_s: float | None) -> float | None:
    """Return how long the talk lasted: as we saw it, else as Asterisk says, else None."""
    return ended_at - call.answered_at if call.answered_at is not None else told_s


def _end(
    floor: Floor,
    call: Call,
    on: Column[CallState, CallState],
    by: Party,
    cause: int,
    at: Instant,
    *,
    talked_s: float | None,
) -> None:
    """Close a talk; a length that nobody knows counts as 0."""
    call.state = on[call.state]
    floor.forget_call(call)
    waited_s = (at if call.answered_at is None else call.answered_at) - call.entered_at
    floor.facts.append(
        CallEnded(at, call.id, call.line.name, call.caller, call.agent_id, by, cause, waited_s, talked_s or 0.0)
    )
    if call.agent is not None:
        settling.end_talk(floor, call.agent, call, talked_s or 0.0)


def _return(floor: Floor, call: Call, talked_s: float) -> None:
    """The talk was none: the caller waits on at the old place, the operator is left in peace for a moment."""
    call.state = _CALL_ON_RETURN[call.state]
    floor.facts.append(CallReturned(floor.now, call.id, call.line.name, call.agent_id, talked_s))
    agent = call.agent
    call.missed_by |= {call.agent_id}
    call.agent = call.answered_at = None
    if agent is not None:
        settling.drop_talk(floor, agent)
    if call.leaves_for is not None:
        rings.overflow(floor, call, *call.leaves_for)
    else:
        rings.steps_go_on(floor, call)
        floor.arrived.append(call)


def talk_found(floor: Floor, event: TalkFound) -> None:
    """Asterisk says that these two talk: believe it, whatever was thought before."""
    call = floor.calls.get(event.call)
    agent = floor.agents.get(event.agent)
    if call is not None and call.state is _CALL_TALKING and call.agent_id == event.agent:
        return
    now = floor.now
    entered_at = _not_after(event.entered_at, now)
    if call is None:
        line = floor.lines.get(event.queue)
        if line is None:
            line = floor.lines[event.queue] = Line(QueuePolicy(event.queue))
            line.draining = True
        call = Call(event.call, line, event.caller, entered_at, priority=0, seq=floor.seq())
        floor.take_in(call)
        floor.facts.append(CallRecovered(now, call.id, line.name, call.caller, entered_at))
    offer = _clear_for_talk(floor, call, agent)
    call.state = _CALL_ON_TALK_FOUND[call.state]
    answered_at = event.answered_at
    floor.stop_timers(call)
    call.has_channel = True
    call.reserved_for = None
    call.answered_at = None if answered_at is None else max(call.entered_at, _not_after(answered_at, now))
    call.agent = agent
    call.agent_id = event.agent
    waited_s = (now if call.answered_at is None else call.answered_at) - call.entered_at
    floor.facts.append(CallAnswered(now, call.id, call.line.name, offer, event.agent, waited_s))
    if agent is not None:
        settling.start_talk(floor, agent, call, "talk_found", _AGENT_ON_TALK_FOUND)


def _clear_for_talk(floor: Floor, call: Call, agent: Agent | None) -> OfferId | None:
    """Undo what the engine believed that two who are found talking were doing; return the offer that joined them."""
    answered: OfferId | None = None
    floor.drop_from_line(call)
    for offer in call.offers:
        if offer.agent is agent:
            offer.state = _OFFER_ON_ANSWER[offer.state]
            floor.timers.cancel(offer.timer)
            offer.timer = NO_TIMER
            floor.remember_offer(offer)
            agent.offer = None
            answered = offer.id
        else:
            rings.withdraw(floor, offer, "answered_elsewhere")
    call.offers = ()
    if call.agent is not None:
        settling.end_talk(floor, call.agent, call, _talked_s(call, floor.now, None) or 0.0)
    if agent is None:
        return None
    if agent.offer is not None:
        other = agent.offer.call
        rings.withdraw(floor, agent.offer, "agent_talks")
        if not other.offers:
            rings.rings_over(floor, other)
    if agent.state is _AGENT_TALKING and agent.call is not None:
        # Two talks of one operator: the older one goes on in Asterisk, but is no longer what he is doing.
        agent.call.agent = None
        agent.call = None
    return answered

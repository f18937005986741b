"""What happens to calls: from the moment a line accepts one to the moment it is answered, leaves or is given up.

The table of `call.py` says whether something counts in the present state. A call that is unknown has left already, or
was never here: what is said of it is ignored. The first report that ends a talk or a wait counts; a second finds the
call gone.
"""

from queue_engine import rings, settling
from queue_engine.agent import AgentTrigger
from queue_engine.call import CallState, CallTrigger, next_state
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
    CallReturned,
    TargetWaitPassed,
)
from queue_engine.floor import Agent, Call, Floor, Line, Step, StepKind
from queue_engine.ids import CallId, Instant, OfferId
from queue_engine.inputs import CallArrived, CallerHungUp, Party, TalkEnded, TalkFound
from queue_engine.offer import OfferTrigger
from queue_engine.offer import next_state as offer_next
from queue_engine.policy import QueuePolicy
from queue_engine.timers import NO_TIMER, What

HANGUP = "hangup"
"""The destination that always exists."""

_STAGE = {
    CallState.GREETING: AbandonStage.GREETING,
    CallState.WAITING: AbandonStage.WAITING,
    CallState.OFFERED: AbandonStage.RINGING,
}


def arrive(floor: Floor, event: CallArrived) -> None:
    """A call takes its place in the line by its instant of entry, be it new or found again."""
    if event.call in floor.calls:
        return
    now = floor.now
    entered_at = _not_after(event.entered_at, now)
    line = floor.lines.get(event.queue)
    if line is None or line.draining:
        floor.facts.append(CallRefused(now, event.call, event.queue, event.caller, entered_at, "unknown_line"))
        floor.effects.append(SendCallTo(event.call, HANGUP))
        return
    call = _new_call(floor, event.call, line, event.caller, entered_at, priority=event.priority)
    if event.recovered:
        floor.facts.append(CallRecovered(now, call.id, line.name, call.caller, entered_at))
    else:
        floor.facts.append(CallAccepted(now, call.id, line.name, call.caller, entered_at, call.priority))
    _arm_step(floor, call)
    if event.greeted:
        floor.arrived.append(call)
    else:
        call.state = CallState.GREETING


def _new_call(floor: Floor, call_id: CallId, line: Line, caller: str, entered_at: Instant, *, priority: int) -> Call:
    call = floor.calls[call_id] = Call(call_id, line, caller, entered_at, priority=priority, seq=floor.seq())
    line.calls += 1
    floor.accepted += 1
    return call


def greeted(floor: Floor, call_id: CallId) -> None:
    """The greeting was heard: the call may be offered."""
    call = floor.calls.get(call_id)
    if call is None or call.state is not CallState.GREETING:
        return
    call.state = next_state(call.state, CallTrigger.GREETED)
    floor.arrived.append(call)


def _not_after(told: Instant, now: Instant) -> Instant:
    """Return an instant that Asterisk told; a clock ahead of ours, or no number at all, counts as now."""
    return told if told <= now else now  # noqa: FURB136 - min() would let a NaN through


# The wait


def _arm_step(floor: Floor, call: Call) -> None:
    """Wait for the next step of the line by waiting time."""
    steps = call.line.steps
    if call.step < len(steps):
        call.timer = floor.timers.arm(call.entered_at + steps[call.step].at_s, What.CALL_STEP, call)


def step_due(floor: Floor, call: Call) -> None:
    """The next step by waiting time has come."""
    step: Step = call.line.steps[call.step]
    call.step += 1
    call.timer = NO_TIMER
    match step.kind:
        case StepKind.TARGET:
            floor.facts.append(TargetWaitPassed(floor.now, call.id, call.line.name))
            _arm_step(floor, call)
        case StepKind.MAX_WAIT if call.state is CallState.OFFERED:
            # A telephone rings at this very moment: whoever is about to be answered is not sent away. The ring time
            # is the limit; if nobody answers, `_rings_over` sends the call on at once.
            call.overdue = True
        case StepKind.MAX_WAIT:
            rings.overflow(floor, call, call.line.policy.at_max_wait, "max_wait")


# Ends


def caller_hung_up(floor: Floor, event: CallerHungUp) -> None:
    """The caller is gone: a talk has ended, or the call is abandoned for good, whoever picks up later."""
    call = floor.calls.get(event.call)
    if call is None:
        return
    if call.state is CallState.TALKING:
        _end(floor, call, CallTrigger.HANG_UP, event.by, event.cause, talked_s=_talked_s(floor, call, None))
        return
    stage = _STAGE[call.state]
    call.state = next_state(call.state, CallTrigger.HANG_UP)
    floor.forget_call(call)
    now = floor.now
    floor.facts.append(
        CallAbandoned(now, call.id, call.line.name, call.caller, stage, now - call.entered_at, event.cause)
    )
    for offer in call.offers:
        rings.withdraw(floor, offer, "caller_left")


def call_lost(floor: Floor, call_id: CallId, reason: str) -> None:
    """The call is gone and nobody saw how."""
    call = floor.calls.get(call_id)
    if call is None:
        return
    if call.state is CallState.TALKING:
        _end(floor, call, CallTrigger.LOST, Party.SYSTEM, 0, talked_s=_talked_s(floor, call, None))
        return
    call.state = next_state(call.state, CallTrigger.LOST)
    floor.forget_call(call)
    floor.facts.append(CallDied(floor.now, call.id, call.line.name, call.caller, reason, floor.now - call.entered_at))
    for offer in call.offers:
        rings.withdraw(floor, offer, "call_lost")


def talk_ended(floor: Floor, event: TalkEnded) -> None:
    """The two no longer talk. Whose side it was decides: a caller dropped at once by the operator's goes back."""
    call = floor.calls.get(event.call)
    if call is None or call.state is not CallState.TALKING:
        return
    talked_s = _talked_s(floor, call, event.talked_s)
    if event.by is Party.AGENT and talked_s is not None and talked_s < call.line.policy.min_talk_s:
        _return(floor, call, talked_s)
        return
    _end(floor, call, CallTrigger.TALK_END, event.by, event.cause, talked_s=talked_s)
    floor.effects.append(ReleaseCall(call.id))


def _talked_s(floor: Floor, call: Call, told_s: float | None) -> float | None:
    """Return how long the talk lasted: as we saw it, else as Asterisk says, else None."""
    return floor.now - call.answered_at if call.answered_at is not None else told_s


def _end(floor: Floor, call: Call, trigger: CallTrigger, by: Party, cause: int, *, talked_s: float | None) -> None:
    """Close a talk; a length that nobody knows counts as 0."""
    call.state = next_state(call.state, trigger)
    floor.forget_call(call)
    waited_s = (floor.now if call.answered_at is None else call.answered_at) - call.entered_at
    floor.facts.append(
        CallEnded(floor.now, call.id, call.line.name, call.caller, call.agent_id, by, cause, waited_s, talked_s or 0.0)
    )
    if call.agent is not None:
        settling.end_talk(floor, call.agent, call)


def _return(floor: Floor, call: Call, talked_s: float) -> None:
    """The talk was none: the caller waits on at the old place, the operator is left in peace for a moment."""
    call.state = next_state(call.state, CallTrigger.RETURN)
    floor.facts.append(CallReturned(floor.now, call.id, call.line.name, call.agent_id, talked_s))
    agent = call.agent
    call.missed_by |= {call.agent_id}
    call.agent = call.talk_offer = call.answered_at = None
    if agent is not None:
        settling.drop_talk(floor, agent)
    if call.overdue:
        rings.overflow(floor, call, call.line.policy.at_max_wait, "max_wait")
    else:
        _arm_step(floor, call)
        floor.arrived.append(call)


def talk_found(floor: Floor, event: TalkFound) -> None:
    """Asterisk says that these two talk: believe it, whatever was thought before."""
    call = floor.calls.get(event.call)
    agent = floor.agents.get(event.agent)
    if call is not None and call.state is CallState.TALKING and call.agent_id == event.agent:
        return
    now = floor.now
    entered_at = _not_after(event.entered_at, now)
    if call is None:
        line = floor.lines.get(event.queue)
        if line is None:
            line = floor.lines[event.queue] = Line(QueuePolicy(event.queue))
            line.draining = True
        call = _new_call(floor, event.call, line, event.caller, entered_at, priority=0)
        floor.facts.append(CallRecovered(now, call.id, line.name, call.caller, entered_at))
    offer = _clear_for_talk(floor, call, agent)
    call.state = next_state(call.state, CallTrigger.TALK_FOUND)
    answered_at = event.answered_at
    floor.timers.cancel(call.timer)
    call.timer = NO_TIMER
    call.answered_at = None if answered_at is None else max(call.entered_at, _not_after(answered_at, now))
    call.agent = agent
    call.agent_id = event.agent
    waited_s = (now if call.answered_at is None else call.answered_at) - call.entered_at
    floor.facts.append(CallAnswered(now, call.id, call.line.name, offer, event.agent, waited_s))
    if agent is not None:
        settling.start_talk(floor, agent, call, "talk_found", AgentTrigger.TALK_FOUND)


def _clear_for_talk(floor: Floor, call: Call, agent: Agent | None) -> OfferId | None:
    """Undo what the engine believed that two who are found talking were doing; return the offer that joined them."""
    answered: OfferId | None = None
    floor.drop_from_line(call)
    for offer in call.offers:
        if offer.agent is agent:
            offer.state = offer_next(offer.state, OfferTrigger.ANSWER)
            floor.timers.cancel(offer.timer)
            offer.timer = NO_TIMER
            floor.remember_offer(offer)
            agent.offer = None
            answered = offer.id
        else:
            rings.withdraw(floor, offer, "answered_elsewhere")
    call.offers = ()
    if call.agent is not None:
        settling.end_talk(floor, call.agent, call)
    if agent is None:
        return None
    if agent.offer is not None:
        other = agent.offer.call
        rings.withdraw(floor, agent.offer, "agent_talks")
        if not other.offers:
            rings.rings_over(floor, other)
    if agent.state is AgentState.TALKING and agent.call is not None:
        # Two talks of one operator: the older one goes on in Asterisk, but is no longer what he is doing.
        agent.call.agent = None
        agent.call = None
    return answered

"""The one place where offers are made: ready operators x waiting callers -> offers.

Run after every input, over what that input touched only. It relies on the promise that it keeps: before the input there
was no ready operator who could have served a waiting caller. So a new pair contains an operator who became ready or a
call that became eligible in this step, and the ranks need looking at from there alone.

Between the lines of one operator the call goes first that stands first by class, then by the instant when it is urgent
(`Line.urgent_at`), then by arrival. Among the ready operators of a line the one goes first who has waited longest;
those who missed this very call already only if there is nobody else.
"""

from typing import Final

from queue_engine.agent import AgentTrigger
from queue_engine.agent import target as agent_target
from queue_engine.call import CallState, CallTrigger
from queue_engine.call import next_state as call_next
from queue_engine.effects import OfferCall, Ring
from queue_engine.facts import AgentState, CallOffered
from queue_engine.floor import Agent, Call, Floor, LineEntry, Offer
from queue_engine.ids import OfferId
from queue_engine.inputs import SYSTEM_ACTOR
from queue_engine.timers import What

OFFER_GUARD_S: Final = 5.0
"""So long after the ring time an offer of whose end nothing was heard is given up."""


def dispatch(floor: Floor) -> None:
    """Make every offer that the step has made possible."""
    freed, arrived = floor.freed, floor.arrived
    if not arrived and len(freed) == 1:
        _serve_one_agent(floor, freed.pop())
    elif not freed and len(arrived) == 1:
        _serve_one_call(floor, arrived.pop())
    else:
        _serve_all(floor)


def _serve_one_agent(floor: Floor, agent: Agent) -> None:
    """Give the operator who became ready the most urgent call; nobody else was free to take it."""
    if agent.state is not AgentState.READY:
        return
    call = _most_urgent(agent)
    if call is None:
        _enrol(floor, agent)
    else:
        offer(floor, call, agent)


def _serve_one_call(floor: Floor, call: Call) -> None:
    """Give the call that became eligible to the operator whose turn it is, or a place in its line."""
    if call.state is not CallState.WAITING or call.queued:
        return
    agent = choose(call)
    if agent is None:
        call.queued = True
        call.line.waiting.add(call.entry)
    else:
        offer(floor, call, agent)


def _serve_all(floor: Floor) -> None:
    """Take several changes together: operators in the order they became ready, then the calls in order of the line."""
    freed, arrived = floor.freed[:], floor.arrived[:]
    floor.freed.clear()
    floor.arrived.clear()
    for agent in freed:
        if agent.state is AgentState.READY and not agent.queued:
            _enrol(floor, agent)
    for call in arrived:
        if call.state is CallState.WAITING and not call.queued:
            call.queued = True
            call.line.waiting.add(call.entry)
    for agent in freed:
        while agent.state is AgentState.READY and (call_found := _most_urgent(agent)) is not None:
            offer(floor, call_found, choose(call_found) or agent)
    for call in sorted(arrived, key=_place):
        if call.state is CallState.WAITING and (agent_found := choose(call)) is not None:
            offer(floor, call, agent_found)


def _place(call: Call) -> tuple[int, float, int]:
    return call.entry[:3]


def _enrol(floor: Floor, agent: Agent) -> None:
    """Give the operator a place among the ready ones of each line served."""
    agent.entry = entry = (agent.idle_since, floor.seq(), agent)
    agent.queued = True
    for line in agent.lines:
        line.ready.add(entry)


def _most_urgent(agent: Agent) -> Call | None:
    """Return the first of the calls that wait in the lines this operator serves."""
    best: LineEntry | None = None
    for line in agent.lines:
        entry = line.waiting.first()
        if entry is not None and (best is None or entry < best):
            best = entry
    return None if best is None else best[3]


def choose(call: Call) -> Agent | None:
    """Return the ready operator whose turn it is for this call; None when nobody is ready."""
    ready = call.line.ready
    first = ready.first()
    if first is None:
        return None
    if call.missed_by:
        # At most one look more than there are operators who missed the call.
        for entry in ready:
            if entry[2].id not in call.missed_by:
                return entry[2]
    return first[2]


def offer(floor: Floor, call: Call, agent: Agent) -> None:
    """Make the operator's telephone ring for the call."""
    now = floor.now
    ring_s = call.line.policy.ring_s
    new = Offer(OfferId(floor.next_offer), call, agent, now)
    floor.next_offer += 1
    floor.offers[new.id] = new
    new.timer = floor.timers.arm(now + ring_s + OFFER_GUARD_S, What.OFFER_GUARD, new)
    floor.drop_from_line(call)
    call.state = call_next(call.state, CallTrigger.OFFER)
    call.offers = (new,)
    agent.offer = new
    floor.facts.append(CallOffered(now, call.id, call.line.name, new.id, agent.id, now - call.entered_at))
    after = agent_target(agent.state, AgentTrigger.OFFER)
    floor.change(agent, AgentState(after) if after else agent.state, "offered", SYSTEM_ACTOR, call.id)
    floor.effects.append(OfferCall(call.id, (Ring(new.id, agent.id),), ring_s))

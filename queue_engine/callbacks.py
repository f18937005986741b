"""Call-backs in the line: items that wait for an operator like callers do, at first without a channel.

The book of call-backs (package `callback`) decides who is owed one and when; here is only its place among the others.
An item is due at its instant as a live caller is at entry + target wait. It has no steps by waiting time and its offers
no ring limit: the book and whoever dials end them. Once its caller is on the line it is a call like any other.
"""

from typing import Final

from queue_engine import rings
from queue_engine.call import CallState, CallTrigger
from queue_engine.call import after as call_after
from queue_engine.dispatch import connect, reserve
from queue_engine.facts import AgentState, CallbackQueued
from queue_engine.floor import Floor
from queue_engine.ids import AgentId, Instant
from queue_engine.inputs import CallArrived, CallbackDue, CallbackWithdrawn, CallBooked, CallPlaced
from queue_engine.live import Agent, Call
from queue_engine.settling import settle

BOOKED = "callback"
"""Destination and outcome of a caller who will be called back instead of waiting on."""

_CALL_ON_LEAVE: Final = call_after(CallTrigger.LEAVE)


def due(floor: Floor, event: CallbackDue) -> None:
    """A call-back wants an operator, or another one or another place than before. A line that is unknown has none."""
    call = floor.calls.get(event.call)
    line = floor.lines.get(event.queue)
    if call is None:
        if line is None:
            return
        call = Call(event.call, line, event.number, floor.now, priority=event.priority, seq=floor.seq())
        call.has_channel = False
        floor.take_in(call)
        floor.facts.append(CallbackQueued(floor.now, call.id, line.name, event.number, event.due_at))
    elif call.has_channel or call.state is not CallState.WAITING:
        return
    _move_to(floor, call, event.due_at)
    call.reserved_for = None
    _prefer(floor, call, event.agent, patience_s=None)
    floor.arrived.append(call)


def _move_to(floor: Floor, call: Call, due_at: Instant) -> None:
    """Take the place of what is due then."""
    floor.drop_from_line(call)
    call.place_at = due_at - call.line.policy.target_wait_s
    floor.key(call)


def _prefer(floor: Floor, call: Call, agent_id: AgentId | None, *, patience_s: float | None) -> None:
    """Let the call wait for this operator, out of whose rest it takes him."""
    agent: Agent | None = None if agent_id is None else floor.agents.get(agent_id)
    if agent is None or not reserve(floor, call, agent, patience_s):
        return
    if agent.state in (AgentState.WRAP_UP, AgentState.BACK_OFF) and not call.has_channel:
        floor.end_rest(agent)
        settle(floor, agent, "callback")


def caller_is_there(floor: Floor, call: Call, event: CallArrived) -> None:
    """The caller has answered and is held on the line: from now on a call like any other, at its old place."""
    call.has_channel = True
    call.caller = event.caller or call.caller
    call.entered_at = min(floor.now, max(event.entered_at, call.entered_at))
    floor.arm_step(call)
    if call.state is CallState.OFFERED:
        connect(floor, call)


def withdrawn(floor: Floor, event: CallbackWithdrawn) -> None:
    """The call-back is no longer wanted. A talk is not cut short; a caller who is on the line is released."""
    call = floor.calls.get(event.call)
    if call is None or call.state is CallState.TALKING:
        return
    if call.has_channel:
        rings.overflow(floor, call, "hangup", "withdrawn")
        return
    rings.withdraw_all(floor, call, "callback_withdrawn")
    call.state = _CALL_ON_LEAVE[call.state]
    floor.leave_line(call)


def placed(floor: Floor, event: CallPlaced) -> None:
    """A caller who waits is owed a call-back himself: he has its place and its operator."""
    call = floor.calls.get(event.call)
    if call is None or call.state is CallState.TALKING:
        return
    if event.due_at - call.line.policy.target_wait_s < call.place_at:
        waits = call.place is not None
        _move_to(floor, call, event.due_at)
        if waits:
            floor.arrived.append(call)
    patience_s = call.line.policy.last_agent_wait_s
    if patience_s > 0 and call.state in (CallState.WAITING, CallState.GREETING) and call.reserved_for is None:
        floor.drop_from_line(call)
        _prefer(floor, call, event.agent, patience_s=patience_s)
        if call.state is CallState.WAITING:
            floor.arrived.append(call)


def booked(floor: Floor, event: CallBooked) -> None:
    """The caller will be called back; whoever booked it says good-bye and ends the call."""
    call = floor.calls.get(event.call)
    if call is None or call.state is CallState.TALKING:
        return
    rings.leave(floor, call, BOOKED, "booked")

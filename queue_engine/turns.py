"""Operators whom a call waits for one after the other, before it is anybody's: a caller who was handed on.

The first turn is the operator he was handed on to, the last the one who did it: if nobody takes him he comes back, and
only if that one is gone too he waits in the line like any other. A turn ends when its operator has missed the call,
does not take calls any more, or was not free for as long as the turn is patient.
"""

from queue_engine.call import CallState
from queue_engine.dispatch import reserve
from queue_engine.facts import AgentState, CallReserved
from queue_engine.floor import Floor
from queue_engine.inputs import SYSTEM_ACTOR, Turn
from queue_engine.live import Agent, Call
from queue_engine.settling import settle


def take(floor: Floor) -> None:
    """Let each call that became eligible in this step, and has turns left, wait for the next operator who is there."""
    for call in floor.arrived:
        if call.id in floor.turns and call.state is CallState.WAITING and call.place is None:
            _next_turn(floor, call)


def _next_turn(floor: Floor, call: Call) -> None:
    if call.reserved_for is not None:
        return
    left = floor.turns.pop(call.id)
    for index, turn in enumerate(left):
        agent = floor.agents.get(turn.agent)
        if agent is not None and reserve(floor, call, agent, turn.patience_s):
            if left[index + 1 :]:
                floor.turns[call.id] = left[index + 1 :]
            floor.facts.append(CallReserved(floor.now, call.id, call.line.name, agent.id, turn.reason, SYSTEM_ACTOR))
            _out_of_rest(floor, agent, turn)
            return


def _out_of_rest(floor: Floor, agent: Agent, turn: Turn) -> None:
    """Whoever has just handed the caller on is still writing it down: he gets him back at once."""
    if turn.at_once and agent.state in (AgentState.WRAP_UP, AgentState.BACK_OFF):
        floor.end_rest(agent)
        settle(floor, agent, turn.reason)

"""How an operator's state changes: into work, out of it, and into whatever the marks say.

The table of `agent.py` says what may follow; here the marks are read and the state that follows is told, with its
reason and actor. Who may ask for what is decided in `agents.py`.
"""

from typing import Final

from queue_engine.agent import SETTLE, AgentTrigger
from queue_engine.agent import after as agent_after
from queue_engine.facts import AgentState
from queue_engine.floor import Floor
from queue_engine.inputs import SYSTEM_ACTOR, RingFailure
from queue_engine.live import Agent, Call
from queue_engine.table import Column
from queue_engine.timers import NO_TIMER, What

MISSED: Final = "missed"
"""Reason of the pause that missing several offers in a row brings."""

ONE_CALL: Final = "one_call"
"""Reason of the pause after the call of somebody who came for one call only."""

# Looked up once: in Python 3.11 a member of an Enum costs ten times what a global does.
_AGENT_BACK_OFF: Final = AgentState.BACK_OFF
_AGENT_BUSY_ELSEWHERE: Final = AgentState.BUSY_ELSEWHERE
_AGENT_LOGGED_OUT: Final = AgentState.LOGGED_OUT
_AGENT_ON_PAUSE_OVER: Final = agent_after(AgentTrigger.PAUSE_OVER)
_AGENT_ON_REST_OVER: Final = agent_after(AgentTrigger.REST_OVER)
_AGENT_ON_RING_FAILED: Final = agent_after(AgentTrigger.RING_FAILED)
_AGENT_ON_TALK_END: Final = agent_after(AgentTrigger.TALK_END)
_AGENT_PAUSED: Final = AgentState.PAUSED
_AGENT_READY: Final = AgentState.READY
_AGENT_UNREACHABLE: Final = AgentState.UNREACHABLE
_AGENT_WRAP_UP: Final = AgentState.WRAP_UP


def settled(agent: Agent) -> AgentState:
    """Return the state that the operator's marks say, work left aside."""
    if not agent.logged_in:
        return _AGENT_LOGGED_OUT
    if agent.paused:
        return _AGENT_PAUSED
    if not agent.reachable:
        return _AGENT_UNREACHABLE
    if agent.busy_elsewhere:
        return _AGENT_BUSY_ELSEWHERE
    return agent.rest or _AGENT_READY


def settle(floor: Floor, agent: Agent, reason: str, by: str = SYSTEM_ACTOR, *, keeps_turn: bool = False) -> None:
    """Put the operator into the state that the marks say, after work or a change of the marks.

    Where the state is one that was asked for or entered before (a pause taken up after a talk), its own reason and
    actor are told. `keeps_turn`: one whose offer was withdrawn has waited on all the time.
    """
    after = settled(agent)
    if after is _AGENT_READY:
        if not keeps_turn:
            agent.idle_since = floor.now
    elif after is _AGENT_WRAP_UP or after is _AGENT_BACK_OFF:
        reason, by = agent.rest_reason, SYSTEM_ACTOR
    elif after is _AGENT_PAUSED:
        reason, by = agent.pause_reason, agent.pause_by
    elif after is _AGENT_LOGGED_OUT:
        floor.end_rest(agent)
        reason, by = agent.logout_reason or reason, agent.logout_by
    if after is not agent.state or (after is _AGENT_PAUSED and reason != agent.reason):
        floor.change(agent, after, reason, by)
    if agent.removed and after is _AGENT_LOGGED_OUT:
        del floor.agents[agent.id]


def mark_paused(floor: Floor, agent: Agent, reason: str, by: str, limit_s: float | None) -> None:
    """Set the mark, with its limit."""
    floor.end_pause(agent)
    agent.paused = True
    agent.pause_reason = reason
    agent.pause_by = by
    if limit_s is not None and limit_s > 0:
        agent.pause_timer = floor.timers.arm(floor.now + limit_s, What.PAUSE_OVER, agent)


def rest_over(floor: Floor, agent: Agent) -> None:
    """The time of wrap-up or back-off is over."""
    reason = "wrap_up_over" if agent.rest is _AGENT_WRAP_UP else "back_off_over"
    agent.rest_timer = NO_TIMER
    floor.end_rest(agent)
    if _AGENT_ON_REST_OVER[agent.state] is SETTLE:
        settle(floor, agent, reason)


def pause_over(floor: Floor, agent: Agent) -> None:
    """The limit of the pause has come."""
    agent.pause_timer = NO_TIMER
    floor.end_pause(agent)
    if _AGENT_ON_PAUSE_OVER[agent.state] is SETTLE:
        settle(floor, agent, "pause_limit")


def missed(floor: Floor, agent: Agent, failure: RingFailure) -> None:
    """The offer that the operator held has failed through his side: back-off by cause, a pause after too many.

    A telephone that cannot be reached is no miss of the operator's: it has its back-off, and the state UNREACHABLE
    comes from the registration.
    """
    after = _AGENT_ON_RING_FAILED[agent.state]
    policy = agent.policy
    match failure:
        case RingFailure.NO_ANSWER:
            back_off_s = policy.back_off_no_answer_s
        case RingFailure.BUSY:
            back_off_s = policy.back_off_busy_s
        case RingFailure.REFUSED:
            back_off_s = policy.back_off_refused_s
        case RingFailure.UNREACHABLE:
            back_off_s = policy.back_off_unreachable_s
        case RingFailure.CANCELLED:
            back_off_s = 0.0
    if failure not in (RingFailure.UNREACHABLE, RingFailure.CANCELLED):
        _count_miss(floor, agent)
    floor.arm_rest(agent, _AGENT_BACK_OFF, back_off_s, failure.value)
    if after is SETTLE:
        settle(floor, agent, failure.value, keeps_turn=failure is RingFailure.CANCELLED)


def _count_miss(floor: Floor, agent: Agent) -> None:
    agent.misses += 1
    limit = agent.policy.pause_after_misses
    if limit and agent.misses >= limit and agent.logged_in and not agent.paused:
        mark_paused(floor, agent, MISSED, SYSTEM_ACTOR, None)
        agent.misses = 0


def start_talk(floor: Floor, agent: Agent, call: Call, reason: str, on: Column[AgentState, AgentState]) -> None:
    """Operator and caller talk; a rest that a talk breaks into (one that was found) is over."""
    if agent.rest is not None:
        floor.end_rest(agent)
    agent.call = call
    agent.questioned = False
    floor.change(agent, on[agent.state], reason, SYSTEM_ACTOR, call.id)


def end_talk(floor: Floor, agent: Agent, call: Call, talked_s: float) -> None:
    """The talk is over: wrap-up by the operator's policy or the line's."""
    after = _AGENT_ON_TALK_END[agent.state]
    agent.call = None
    agent.misses = 0
    agent.calls += 1
    agent.talked_s += talked_s
    if agent.once and agent.logged_in and not agent.paused:
        mark_paused(floor, agent, ONE_CALL, SYSTEM_ACTOR, None)
    own_s = agent.policy.wrap_up_s
    wrap_up_s = call.line.policy.wrap_up_s if own_s is None else own_s
    if wrap_up_s > 0:
        floor.arm_rest(agent, _AGENT_WRAP_UP, wrap_up_s, "call_ended")
    if after is SETTLE:
        settle(floor, agent, "call_ended")


def drop_talk(floor: Floor, agent: Agent) -> None:
    """The talk was none: the operator's side dropped it at once. Counts as a refusal."""
    after = _AGENT_ON_TALK_END[agent.state]
    agent.call = None
    _count_miss(floor, agent)
    floor.arm_rest(agent, _AGENT_BACK_OFF, agent.policy.back_off_refused_s, "talk_dropped")
    if after is SETTLE:
        settle(floor, agent, "talk_dropped")

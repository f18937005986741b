"""What operators do and what befalls them: login, pause, reachability, rest, and what an offer or a talk leaves behind.

The table of `agent.py` says whether something counts in the present state; here the marks are set and the state that
follows is told. An operator who is unknown to the configuration is ignored.
"""

from queue_engine import rings
from queue_engine.agent import SETTLE, AgentTrigger, target
from queue_engine.facts import AgentState, QuestioningEnded
from queue_engine.floor import Floor
from queue_engine.ids import AgentId, Instant
from queue_engine.inputs import SYSTEM_ACTOR
from queue_engine.live import Agent
from queue_engine.settling import mark_paused, settle


def log_in(floor: Floor, agent_id: AgentId, by: str, *, once: bool) -> None:
    """The operator is there; a logout asked for during a talk is taken back."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.removed:
        return
    after = target(agent.state, AgentTrigger.LOGIN)
    if after is None:
        return
    agent.logged_in = True
    agent.once = once
    if after is SETTLE:
        agent.misses = agent.calls = 0
        agent.talked_s = 0.0
        settle(floor, agent, "login", by)


def log_out(floor: Floor, agent_id: AgentId, by: str, reason: str) -> None:
    """The operator leaves: at once, or after the talk."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.LOGOUT)
    if after is None:
        return
    agent.logged_in = False
    agent.logout_by = by
    agent.logout_reason = reason or "logout"
    floor.end_rest(agent)
    floor.end_pause(agent)
    if after is SETTLE and not rings.give_up(floor, agent, "logout"):
        settle(floor, agent, "logout", by)


def pause(floor: Floor, agent_id: AgentId, reason: str, by: str, limit_s: float | None) -> None:
    """The operator pauses: at once, or after the talk; the limit runs from the asking."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.PAUSE)
    if after is None or not agent.logged_in:
        return
    mark_paused(floor, agent, reason, by, limit_s)
    if after is SETTLE and not rings.give_up(floor, agent, "pause"):
        settle(floor, agent, reason, by)


def resume(floor: Floor, agent_id: AgentId, by: str, *, once: bool) -> None:
    """The pause ends, or is taken back before it began."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.RESUME)
    if after is None:
        return
    floor.end_pause(agent)
    agent.once = once
    agent.misses = 0
    if after is SETTLE:
        settle(floor, agent, "resumed", by)


def end_wrap_up(floor: Floor, agent_id: AgentId, by: str) -> None:
    """The operator has done what was to do after the call."""
    agent = floor.agents.get(agent_id)
    if agent is None or target(agent.state, AgentTrigger.WRAP_UP_END) is None:
        return
    floor.end_rest(agent)
    settle(floor, agent, "wrap_up_ended", by)


def questioning_over(floor: Floor, agent_id: AgentId, at: Instant | None) -> None:
    """The operator marks the end of questioning in his talk; the first mark counts, and outside a talk none does."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.call is None or agent.questioned:
        return
    agent.questioned = True
    marked_at = floor.now if at is None else min(at, floor.now)
    floor.facts.append(QuestioningEnded(marked_at, agent.call.id, agent.id))


def set_reachable(floor: Floor, agent_id: AgentId, *, reachable: bool) -> None:
    """The telephone can be dialled or not."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.REACHABLE if reachable else AgentTrigger.UNREACHABLE)
    if after is None:
        return
    agent.reachable = reachable
    if after is SETTLE:
        settle(floor, agent, "reachable" if reachable else "unreachable")


def set_busy_elsewhere(floor: Floor, agent_id: AgentId, *, busy: bool) -> None:
    """The telephone is in use by something that is no offer of ours, or no longer."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.BUSY if busy else AgentTrigger.FREE)
    if after is None:
        return
    agent.busy_elsewhere = busy
    if after is SETTLE:
        settle(floor, agent, "own_call" if busy else "own_call_over")


def extend_wrap_up(floor: Floor, agent_id: AgentId, by: str, extra_s: float) -> None:
    """The operator needs more time after the call than it has."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.rest is not AgentState.WRAP_UP or not extra_s > 0:
        return
    floor.arm_rest(agent, AgentState.WRAP_UP, agent.rest_until + extra_s - floor.now, "extended")
    if agent.state is AgentState.WRAP_UP:
        floor.change(agent, AgentState.WRAP_UP, "extended", by)


def long_away(floor: Floor, agent: Agent) -> None:
    """The operator has been paused, or his telephone away, for longer than allowed."""
    log_out(floor, agent.id, SYSTEM_ACTOR, "long_pause" if agent.state is AgentState.PAUSED else "long_unreachable")

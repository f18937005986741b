"""What operators do and what befalls them: login, pause, reachability, rest, and what an offer or a talk leaves behind.

The table of `agent.py` says whether something counts in the present state; here the marks are set and the state that
follows is told. An operator who is unknown to the configuration is ignored.
"""

from queue_engine import rings
from queue_engine.agent import SETTLE, AgentTrigger, target
from queue_engine.facts import AgentState, QuestioningEnded
from queue_engine.floor import Floor
from queue_engine.inputs import (
    SYSTEM_ACTOR,
    AgentBecameReachable,
    AgentBecameUnreachable,
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentResumed,
    QuestioningMarked,
    WrapUpEnded,
    WrapUpExtended,
)
from queue_engine.live import Agent
from queue_engine.settling import mark_paused, settle


def log_in(floor: Floor, event: AgentLoggedIn) -> None:
    """The operator is there; a logout asked for during a talk is taken back."""
    agent = floor.agents.get(event.agent)
    if agent is None or agent.removed:
        return
    after = target(agent.state, AgentTrigger.LOGIN)
    if after is None:
        return
    agent.logged_in = True
    agent.once = event.once
    if after is SETTLE:
        agent.misses = agent.calls = 0
        agent.talked_s = 0.0
        settle(floor, agent, "login", event.by)


def log_out(floor: Floor, event: AgentLoggedOut) -> None:
    """The operator leaves: at once, or after the talk."""
    agent = floor.agents.get(event.agent)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.LOGOUT)
    if after is None:
        return
    agent.logged_in = False
    agent.logout_by = event.by
    agent.logout_reason = event.reason or "logout"
    floor.end_rest(agent)
    floor.end_pause(agent)
    if after is SETTLE and not rings.give_up(floor, agent, "logout"):
        settle(floor, agent, "logout", event.by)


def pause(floor: Floor, event: AgentPaused) -> None:
    """The operator pauses: at once, or after the talk; the limit runs from the asking."""
    agent = floor.agents.get(event.agent)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.PAUSE)
    if after is None or not agent.logged_in:
        return
    mark_paused(floor, agent, event.reason, event.by, event.limit_s)
    if after is SETTLE and not rings.give_up(floor, agent, "pause"):
        settle(floor, agent, event.reason, event.by)


def resume(floor: Floor, event: AgentResumed) -> None:
    """The pause ends, or is taken back before it began."""
    agent = floor.agents.get(event.agent)
    if agent is None:
        return
    after = target(agent.state, AgentTrigger.RESUME)
    if after is None:
        return
    floor.end_pause(agent)
    agent.once = event.once
    agent.misses = 0
    if after is SETTLE:
        settle(floor, agent, "resumed", event.by)


def end_wrap_up(floor: Floor, event: WrapUpEnded) -> None:
    """The operator has done what was to do after the call."""
    agent = floor.agents.get(event.agent)
    if agent is None or target(agent.state, AgentTrigger.WRAP_UP_END) is None:
        return
    floor.end_rest(agent)
    settle(floor, agent, "wrap_up_ended", event.by)


def questioning_over(floor: Floor, event: QuestioningMarked) -> None:
    """The operator marks the end of questioning in his talk; the first mark counts, and outside a talk none does."""
    agent = floor.agents.get(event.agent)
    if agent is None or agent.call is None or agent.questioned:
        return
    agent.questioned = True
    marked_at = floor.now if event.at is None else min(event.at, floor.now)
    floor.facts.append(QuestioningEnded(marked_at, agent.call.id, agent.id))


def reach(floor: Floor, event: AgentBecameReachable | AgentBecameUnreachable) -> None:
    """The telephone can be dialled or not."""
    agent = floor.agents.get(event.agent)
    if agent is None:
        return
    reachable = isinstance(event, AgentBecameReachable)
    after = target(agent.state, AgentTrigger.REACHABLE if reachable else AgentTrigger.UNREACHABLE)
    if after is None:
        return
    agent.reachable = reachable
    if after is SETTLE:
        settle(floor, agent, "reachable" if reachable else "unreachable")


def occupy(floor: Floor, event: AgentBusyElsewhere | AgentFreeElsewhere) -> None:
    """The telephone is in use by something that is no offer of ours, or no longer."""
    agent = floor.agents.get(event.agent)
    if agent is None:
        return
    busy = isinstance(event, AgentBusyElsewhere)
    after = target(agent.state, AgentTrigger.BUSY if busy else AgentTrigger.FREE)
    if after is None:
        return
    agent.busy_elsewhere = busy
    if after is SETTLE:
        settle(floor, agent, "own_call" if busy else "own_call_over")


def extend_wrap_up(floor: Floor, event: WrapUpExtended) -> None:
    """The operator needs more time after the call than it has."""
    agent = floor.agents.get(event.agent)
    if agent is None or agent.rest is not AgentState.WRAP_UP or not event.extra_s > 0:
        return
    floor.arm_rest(agent, AgentState.WRAP_UP, agent.rest_until + event.extra_s - floor.now, "extended")
    if agent.state is AgentState.WRAP_UP:
        floor.change(agent, AgentState.WRAP_UP, "extended", event.by)


def long_away(floor: Floor, agent: Agent) -> None:
    """The operator has been paused, or his telephone away, for longer than allowed."""
    reason = "long_pause" if agent.state is AgentState.PAUSED else "long_unreachable"
    log_out(floor, AgentLoggedOut(agent.id, SYSTEM_ACTOR, reason))

"""Taking up new policies with callers inside: no call is touched, and none loses its place.

Everything that is derived from policies is derived again: the ranks of ready operators, the keys by which lines
compare, the steps by waiting time. That costs a pass over all calls and operators, and only a reload does.

A line that is no longer configured drains: it takes no new calls, and those inside are offered to the operators who
served it, or leave at the maximum wait. An operator who is no longer configured finishes the call and is logged out.
"""

from queue_engine import agents
from queue_engine.call import CallState
from queue_engine.facts import AgentState
from queue_engine.floor import Agent, Call, Floor, Line, steps_of
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import SYSTEM_ACTOR, PoliciesLoaded
from queue_engine.policy import AgentPolicy, QueuePolicy
from queue_engine.ranked import Ranked
from queue_engine.timers import NO_TIMER, What


def load(floor: Floor, event: PoliciesLoaded) -> None:
    """Replace all policies."""
    _load_lines(floor, {policy.name: policy for policy in event.queues})
    _load_agents(floor, {policy.agent: policy for policy in event.agents})
    for line in floor.lines.values():
        line.ready = Ranked()
        line.waiting = Ranked()
    for call in floor.calls.values():
        _place_again(floor, call)
    for agent in floor.agents.values():
        agent.queued = False
        if agent.state is AgentState.READY:
            floor.freed.append(agent)


def _load_lines(floor: Floor, policies: dict[QueueName, QueuePolicy]) -> None:
    for name, policy in policies.items():
        line = floor.lines.get(name)
        if line is None:
            floor.lines[name] = Line(policy)
        else:
            line.policy = policy
            line.steps = steps_of(policy)
            line.draining = False
    for line in [line for line in floor.lines.values() if line.name not in policies]:
        line.draining = True
        if not line.calls:
            floor.close_line(line)


def _load_agents(floor: Floor, policies: dict[AgentId, AgentPolicy]) -> None:
    for agent_id, policy in policies.items():
        agent = floor.agents.get(agent_id)
        if agent is None:
            agent = floor.agents[agent_id] = Agent(policy, floor.now)
        agent.policy = policy
        agent.removed = False
        served = [floor.lines[name] for name in policy.queues if name in floor.lines]
        still = [line for line in agent.lines if line.draining and line not in served]
        floor.drop_from_ready(agent)
        agent.lines = (*dict.fromkeys(served), *still)
    for agent in [agent for agent in floor.agents.values() if agent.id not in policies]:
        agent.removed = True
        agents.log_out(floor, agent.id, SYSTEM_ACTOR, "removed")
        if agent.state is AgentState.LOGGED_OUT:
            floor.agents.pop(agent.id, None)


def _place_again(floor: Floor, call: Call) -> None:
    """Derive the call's key and its next step from the new policy of its line."""
    line = call.line
    call.queued = False
    call.entry = (-call.priority, line.urgent_at(call.entered_at), call.seq, call)
    if call.state is CallState.WAITING:
        floor.arrived.append(call)
    if call.state in (CallState.TALKING, CallState.GONE):
        return
    floor.timers.cancel(call.timer)
    call.timer = NO_TIMER
    if call.step < len(line.steps):
        call.timer = floor.timers.arm(call.entered_at + line.steps[call.step].at_s, What.CALL_STEP, call)

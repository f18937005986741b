"""Taking up new policies with callers inside: no call is touched, and none loses its place.

Everything that is derived from policies is derived again: the ranks of ready operators, the keys by which lines
compare, the steps by waiting time. That costs a pass over all calls and operators, and only a reload does.

A line that is no longer configured drains: it takes no new calls, and those inside are offered to the operators who
served it, or leave at the maximum wait. An operator who is no longer configured finishes the call and is logged out.
"""

from queue_engine import agents
from queue_engine.call import CallState
from queue_engine.facts import AgentState
from queue_engine.floor import Floor
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import SYSTEM_ACTOR, AgentLoggedOut, PoliciesLoaded
from queue_engine.line import Line
from queue_engine.live import Agent, Call, Seat
from queue_engine.policy import AgentPolicy, QueuePolicy
from queue_engine.ranked import Ranked
from queue_engine.timers import NO_TIMER


def load(floor: Floor, event: PoliciesLoaded) -> None:
    """Replace all policies."""
    staff = {policy.agent: policy for policy in event.agents}
    _let_go(floor, set(staff))
    for agent in floor.agents.values():
        floor.drop_from_ready(agent)
        agent.own = Ranked()
    _load_lines(floor, {policy.name: policy for policy in event.queues})
    for order, policy in enumerate(staff.values()):
        _load_agent(floor, policy, order)
    for agent in floor.agents.values():
        if agent.removed:
            agent.sit(_seats(floor, agent, agent.policy))
        floor.count_staff(agent, agent.state, 1)
        if agent.state is AgentState.READY:
            floor.freed.append(agent)
    for call in floor.calls.values():
        _place_again(floor, call)


def _let_go(floor: Floor, staff: set[AgentId]) -> None:
    """Log out those who are no longer configured, now or after the call."""
    for agent in [agent for agent in floor.agents.values() if agent.id not in staff]:
        agent.removed = True
        agents.log_out(floor, AgentLoggedOut(agent.id, SYSTEM_ACTOR, "removed"))
        if agent.state is AgentState.LOGGED_OUT:
            floor.agents.pop(agent.id, None)


def _load_lines(floor: Floor, policies: dict[QueueName, QueuePolicy]) -> None:
    for name, policy in policies.items():
        line = floor.lines.get(name)
        if line is None:
            floor.lines[name] = Line(policy)
        else:
            line.take_up(policy)
            line.draining = False
    for line in [line for line in floor.lines.values() if line.name not in policies]:
        line.draining = True
        if line.calls:
            line.take_up(line.policy)
        else:
            floor.close_line(line)


def _load_agent(floor: Floor, policy: AgentPolicy, order: int) -> None:
    agent = floor.agents.get(policy.agent)
    if agent is None:
        agent = floor.agents[policy.agent] = Agent(policy, floor.now)
    agent.policy = policy
    agent.removed = False
    agent.order = order
    agent.sit(_seats(floor, agent, policy))


def _seats(floor: Floor, agent: Agent, policy: AgentPolicy) -> tuple[Seat, ...]:
    """Return the operator's places: at the lines of the policy, and at lines that drain where he had one."""
    served = dict(zip(policy.queues, policy.levels or (1,) * len(policy.queues), strict=True))
    turns = {seat.line.name: seat.turn for seat in agent.seats}
    for seat in agent.seats:
        if seat.line.draining:
            served.setdefault(seat.line.name, seat.level)
    seats = []
    for name, level in served.items():
        line = floor.lines.get(name)
        lane = None if line is None else line.lane_of(policy, level)
        if line is not None and lane is not None:
            seat = Seat(line, level, lane)
            seat.turn = turns.get(name, 0)
            seats.append(seat)
    return tuple(seats)


def _place_again(floor: Floor, call: Call) -> None:
    """Derive the call's key, its lane and its next step from the new policy of its line."""
    floor.key(call)
    call.place = None
    if call.state is CallState.WAITING:
        floor.arrived.append(call)
    if call.state is CallState.TALKING:
        return
    line = call.line
    waited_s = floor.now - call.entered_at
    call.lane = line.lane_at(waited_s)
    call.missed_by = call.missed_by.intersection(floor.agents)
    if call.say_timer:
        floor.timers.cancel(call.say_timer)
        call.say_timer = NO_TIMER
    floor.timers.cancel(call.timer)
    call.timer = NO_TIMER
    call.step = 0
    call.leaves_for = call.move_step = None
    floor.arm_step(call)

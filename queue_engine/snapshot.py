"""What can be seen of the engine from outside: frozen values, made when asked for.

`snapshot` copies every waiting call and every operator, so it costs their number; `counts` costs the number of lines
and operators alone, and is there for whoever looks often.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from queue_engine.call import CallState
from queue_engine.facts import AgentState
from queue_engine.floor import Floor
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.live import Agent, Call


@dataclass(frozen=True, slots=True)
class CallView:
    """One live call."""

    call: CallId
    queue: QueueName
    caller: str
    entered_at: Instant
    priority: int
    state: CallState
    agents: tuple[AgentId, ...]
    """Whose telephone rings for it, or with whom it talks."""
    answered_at: Instant | None


@dataclass(frozen=True, slots=True)
class LineView:
    """One line."""

    queue: QueueName
    waiting: tuple[CallView, ...]
    """Calls that have not been answered, in the order of their places: greeted or not, offered or not."""
    talking: tuple[CallView, ...]
    draining: bool
    """True for a line that was removed from the configuration and still has calls."""


@dataclass(frozen=True, slots=True)
class AgentView:
    """One operator."""

    agent: AgentId
    state: AgentState
    since: Instant
    reason: str
    call: CallId | None
    """The call that rings or is talked to."""
    caller: str
    """Whose it is; empty without one."""
    offer: OfferId | None
    misses: int
    """Missed offers in a row."""
    queues: tuple[QueueName, ...]


@dataclass(frozen=True, slots=True)
class EngineSnapshot:
    """Everything, at one instant."""

    at: Instant
    lines: tuple[LineView, ...]
    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True)
class LineCounts:
    """How many calls of a line wait for an offer, and how many are live in all."""

    waiting: int
    live: int
    ready: int
    """Operators ready for this line."""


@dataclass(frozen=True, slots=True)
class EngineCounts:
    """The cheap view."""

    at: Instant
    lines: Mapping[QueueName, LineCounts]
    agents: Mapping[AgentState, int]


def snapshot(floor: Floor) -> EngineSnapshot:
    """Return everything. Cost: all live calls and operators, and a sort of the calls."""
    waiting: dict[QueueName, list[Call]] = {name: [] for name in floor.lines}
    talking: dict[QueueName, list[Call]] = {name: [] for name in floor.lines}
    for call in floor.calls.values():
        (talking if call.state is CallState.TALKING else waiting)[call.line.name].append(call)
    lines = tuple(
        LineView(
            name,
            tuple(_view(call) for call in sorted(waiting[name], key=lambda call: call.entry)),
            tuple(_view(call) for call in talking[name]),
            line.draining,
        )
        for name, line in floor.lines.items()
    )
    return EngineSnapshot(floor.now, lines, agents(floor))


def agents(floor: Floor) -> tuple[AgentView, ...]:
    """Return the operators alone: however many callers wait, they cost nothing here."""
    return tuple(_agent_view(agent) for agent in floor.agents.values())


def counts(floor: Floor) -> EngineCounts:
    """Return how many there are of what."""
    lines = {
        name: LineCounts(line.waiting_count(), line.calls, sum(map(len, line.ready)))
        for name, line in floor.lines.items()
    }
    states = Counter(agent.state for agent in floor.agents.values())
    return EngineCounts(floor.now, MappingProxyType(lines), MappingProxyType(dict(states)))


def _view(call: Call) -> CallView:
    agents: tuple[AgentId, ...] = tuple(offer.agent.id for offer in call.offers)
    if call.state is CallState.TALKING:
        agents = (call.agent_id,)
    return CallView(
        call.id, call.line.name, call.caller, call.entered_at, call.priority, call.state, agents, call.answered_at
    )


def _agent_view(agent: Agent) -> AgentView:
    offer = agent.offer
    call = agent.call if agent.call is not None else offer.call if offer is not None else None
    return AgentView(
        agent.id,
        agent.state,
        agent.since,
        agent.reason,
        call.id if call is not None else None,
        call.caller if call is not None else "",
        offer.id if offer is not None else None,
        agent.misses,
        tuple(seat.line.name for seat in agent.seats),
    )

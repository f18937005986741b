"""From the running centre to the shapes of the API, for one asker: what he may see, numbers masked where he need not.

Pure: reads values, changes nothing. Counting is done once per answer over the engine's snapshot.
"""

from collections import Counter
from typing import Any, Final

import acd
from acd.control.access import Identity, Role
from acd.control.centre import Centre, Health
from acd.control.views import (
    AgentsView,
    AgentView,
    CallsView,
    CallView,
    HealthView,
    LinesView,
    LineView,
    ServerView,
    StatusView,
)
from acd.logs import mask_number
from acd.opening.keeper import BY_HOURS
from config.lines import Line
from config.model import Config
from queue_engine import snapshot as engine
from queue_engine.call import CallState
from queue_engine.facts import AgentState
from queue_engine.ids import Instant, QueueName


def show_status(centre: Centre) -> StatusView:
    """Return the whole at a glance."""
    snapshot, now, owed = centre.snapshot(), centre.now(), centre.callbacks.snapshot()
    return StatusView(
        site=centre.config.site.title or centre.config.site.name,
        at=now,
        lines=_lines(centre, snapshot, now),
        agents_by_state=dict(Counter(agent.state.value for agent in snapshot.agents)),
        health=show_health(centre),
        callbacks_owed=owed.owed,
        callback_due_in_s=None if owed.oldest_limit_at is None else round(owed.oldest_limit_at - now, 3),
    )


def show_lines(centre: Centre) -> LinesView:
    """Return all lines."""
    now = centre.now()
    return LinesView(at=now, lines=_lines(centre, centre.snapshot(), now))


def show_agents(centre: Centre, asker: Identity) -> AgentsView:
    """Return the operators that the asker may see."""
    now = centre.now()
    names = {operator.number: operator.title for operator in centre.config.operators}
    return AgentsView(
        at=now,
        agents=tuple(
            AgentView(
                agent=agent.agent,
                name=names.get(agent.agent, agent.agent),
                state=agent.state.value,
                for_s=_since(now, agent.since),
                reason=agent.reason,
                lines=tuple(agent.queues),
                telephone=centre.telephone_of(agent.agent),
                call=agent.call,
                caller=None
                if agent.call is None
                else _shown(agent.caller, full=asker.sees_numbers or asker.agent == agent.agent),
                misses=agent.misses,
            )
            for agent in centre.agents()
            if asker.sees_agent(agent.agent)
        ),
    )


def show_calls(centre: Centre, asker: Identity) -> CallsView:
    """Return the calls under way that the asker may see, line by line, each line in its order."""
    snapshot, now = centre.snapshot(), centre.now()
    calls = (
        _call(call, position, now, asker)
        for line in snapshot.lines
        for position, call in (*enumerate(line.waiting, start=1), *((None, call) for call in line.talking))
    )
    mine = asker.agent
    return CallsView(at=now, calls=tuple(c for c in calls if asker.role is not Role.OPERATOR or mine in c.agents))


def show_health(centre: Centre) -> HealthView:
    """Return how the daemon and what it leans on are doing."""
    health, now = centre.health(), centre.now()
    return HealthView(
        status=_status(health),
        version=acd.__version__,
        up_s=_since(now, health.started_at),
        draining=health.draining,
        servers=tuple(
            ServerView(server.server, server.up, _since(now, server.since), server.reason, server.version)
            for server in health.servers
        ),
        agi_listening=health.agi_listening,
        agi_sessions=health.agi_sessions,
        database_up=health.database_up,
        spooled_bytes=health.spooled,
        facts_held=health.held,
        facts_lost=health.lost,
        facts_set_aside=health.set_aside,
        records_error=health.records_error,
        process=health.process,
        stood_still_s=health.stood_still_s,
    )


def _status(health: Health) -> str:
    if not health.agi_listening or not any(server.up for server in health.servers):
        return "down"
    records_well = health.database_up and not (health.held or health.lost)
    if health.draining or not records_well or not all(server.up for server in health.servers):
        return "degraded"
    return "ok"


def _lines(centre: Centre, snapshot: engine.EngineSnapshot, now: Instant) -> tuple[LineView, ...]:
    settings_of = {line.name: line for line in centre.config.lines}
    live = {line.queue: line for line in centre.live().lines}
    logged_in: Counter[QueueName] = Counter()
    ready: Counter[QueueName] = Counter()
    for agent in snapshot.agents:
        if agent.state is not AgentState.LOGGED_OUT:
            logged_in.update(agent.queues)
        if agent.state is AgentState.READY:
            ready.update(agent.queues)
    views = []
    for line in snapshot.lines:
        settings, today = settings_of.get(line.queue), live.get(line.queue)
        views.append(
            LineView(
                line=line.queue,
                title=(settings.title if settings else None) or line.queue,
                waiting=len(line.waiting),
                ringing=sum(call.state is CallState.OFFERED for call in line.waiting),
                talking=len(line.talking),
                longest_wait_s=max((_since(now, call.entered_at) for call in line.waiting), default=0.0),
                operators_logged_in=logged_in[line.queue],
                operators_ready=ready[line.queue],
                target_wait_s=settings.target_wait_s if settings else None,
                max_wait_s=settings.max_wait_s if settings else None,
                accepted_today=today.today.accepted if today else 0,
                answered_today=today.today.answered if today else 0,
                abandoned_today=today.today.abandoned if today else 0,
                share_in_norm_today=today.in_norm if today else None,
                norm_share=_norm_share(centre.config, settings),
                **_standing(centre, line.queue),
            )
        )
    return tuple(views)


def _standing(centre: Centre, queue: QueueName) -> dict[str, Any]:
    standing = centre.hours.standing(queue)
    by_hand = standing.by != BY_HOURS
    return {
        "open": standing.open,
        "switched_by": standing.by if by_hand else None,
        "switched_for": standing.reason if by_hand else None,
        "next_change_at": standing.next_change_at,
    }


def _norm_share(config: Config, line: Line | None) -> float | None:
    profile = None if line is None else config.profile_of(line)
    norm = None if profile is None else profile.norm_of("K1")
    return None if norm is None else norm.value


def _call(call: engine.CallView, position: int | None, now: Instant, asker: Identity) -> CallView:
    return CallView(
        call=call.call,
        line=call.queue,
        state=_CALL_STATES[call.state],
        caller=_shown(call.caller, full=asker.sees_numbers or asker.agent in call.agents),
        entered_at=call.entered_at,
        waited_s=_since(call.answered_at or now, call.entered_at),
        position=position,
        agents=tuple(call.agents),
        priority=call.priority,
    )


_CALL_STATES: Final = {
    CallState.GREETING: "greeting",
    CallState.WAITING: "waiting",
    CallState.OFFERED: "ringing",
    CallState.TALKING: "talking",
    CallState.GONE: "gone",
}


def _shown(number: str, *, full: bool) -> str:
    return number if full else mask_number(number)


def _since(now: float, then: float) -> float:
    """Return how long ago that was, s, to the millisecond."""
    return round(max(0.0, now - then), 3)

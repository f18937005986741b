"""The control API's requests: one table from which routes, checks of rights and the OpenAPI document are made.

An endpoint is a plain function of the centre, the asker and the request's own values; what HTTP needs is in `app.py`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ConfigDict, Field

from acd import reporting
from acd.control.access import Identity, Role
from acd.control.centre import Centre
from acd.control.errors import RequestRefused, StoreAway
from acd.control.show import show_agents, show_calls, show_health, show_lines, show_status
from acd.control.store.trail import Trail
from acd.control.views import (
    AgentsView,
    AgentView,
    CallsView,
    HealthView,
    LinesView,
    ReloadView,
    StatusView,
    TrailEntryView,
    TrailView,
)
from metrics.errors import RecordsUnusable, ReportError
from queue_engine.ids import AgentId, CallId
from queue_engine.inputs import AgentLoggedIn, AgentLoggedOut, AgentPaused, AgentResumed, Input, WrapUpEnded

EVERYBODY: Final = frozenset(Role)
WATCHERS: Final = frozenset({Role.READ_ONLY, Role.SUPERVISOR, Role.ADMINISTRATOR})
STAFF: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR})


class Body(BaseModel):
    """What a request carries: checked, and nothing else is let through."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NoBody(Body):
    """A request that says all in its path."""


class LogOut(Body):
    """Why an operator is logged out."""

    reason: Annotated[str, Field(max_length=100)] = ""


class TrailQuery(Body):
    """Which part of the audit trail."""

    after: Annotated[int, Field(ge=0)] = 0
    """Number of the last entry seen."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class KpiQuery(Body):
    """Which figures."""

    first: Annotated[str | None, Field(alias="from", max_length=40)] = None
    """First day (`2026-11-21`) or local time (`2026-11-21T08:30`); today if not given."""
    last: Annotated[str | None, Field(alias="to", max_length=40)] = None
    """Last day, included, or time, excluded; the first day if not given."""
    line: Annotated[str | None, Field(max_length=80)] = None
    language: Literal["ru", "en"] = "en"


class Pause(Body):
    """Why an operator pauses, and for how long at most."""

    reason: Annotated[str, Field(min_length=1, max_length=100)]
    limit_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """After so many seconds the pause ends by itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked: who asks, for whom, with what."""

    centre: Centre
    trail: Trail
    asker: Identity
    address: str
    """Where the request came from."""
    path: Mapping[str, str]
    query: Body
    body: Body

    async def looked(self, shown: Iterable[tuple[str | None, str | None, bool]]) -> None:
        """Note in the trail whose numbers were shown: of (call, number, in full) those that say so."""
        calls = [CallId(call) for call, number, full in shown if call and number and full]
        await self.trail.looked(self.asker, self.address, calls, self.centre.now())


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One request that the API answers."""

    method: str
    path: str
    summary: str
    roles: frozenset[Role]
    answers: Any
    """The answer's type: a view, or a plain dict where the shape is a report's own."""
    answer: Callable[[Asked], Awaitable[object]]
    body: type[Body] = NoBody
    query: type[Body] = NoBody


async def _status(asked: Asked) -> StatusView:
    return show_status(asked.centre)


async def _lines(asked: Asked) -> LinesView:
    return show_lines(asked.centre)


async def _agents(asked: Asked) -> AgentsView:
    view, asker = show_agents(asked.centre, asked.asker), asked.asker
    await asked.looked((a.call, a.caller, asker.sees_numbers or asker.agent == a.agent) for a in view.agents)
    return view


async def _calls(asked: Asked) -> CallsView:
    view, asker = show_calls(asked.centre, asked.asker), asked.asker
    await asked.looked((c.call, c.caller, asker.sees_numbers or asker.agent in c.agents) for c in view.calls)
    return view


async def _trail(asked: Asked) -> TrailView:
    query = asked.query
    if not isinstance(query, TrailQuery):
        raise TypeError(query)
    try:
        entries = await asked.trail.entries(after=query.after, limit=query.limit)
    except StoreAway as fault:
        raise RequestRefused(503, "database_away", str(fault)) from fault
    return TrailView(tuple(TrailEntryView(number, **asdict(entry)) for number, entry in entries))


async def _kpi(asked: Asked) -> dict[str, Any]:
    query, centre = asked.query, asked.centre
    if not isinstance(query, KpiQuery):
        raise TypeError(query)
    zone = ZoneInfo(centre.config.site.time_zone)
    made_at = datetime.fromtimestamp(centre.now(), zone)
    first = query.first or made_at.date().isoformat()
    last = query.last or first[:10]
    if query.line is not None and query.line not in {line.name for line in centre.config.lines}:
        raise RequestRefused(404, "line_unknown", f"no line {query.line}")
    try:
        report = await reporting.kpi(centre.config, first, last, made_at, query.line)
    except ReportError as fault:
        raise RequestRefused(422, "period_wrong", fault.reason) from fault
    except RecordsUnusable as fault:
        raise RequestRefused(503, "database_away", fault.reason) from fault
    told: dict[str, Any] = orjson.loads(reporting.written(report, "json", query.language))
    return told


async def _health(asked: Asked) -> HealthView:
    return show_health(asked.centre)


async def _reload(asked: Asked) -> ReloadView:
    errors = tuple(await asked.centre.reload())
    return ReloadView(reloaded=not errors, errors=errors)


def _act(make: Callable[[AgentId, str, Body], Input]) -> Callable[[Asked], Awaitable[AgentView]]:
    """Return the endpoint that asks something of one operator and answers with what he is doing then."""

    async def answer(asked: Asked) -> AgentView:
        agent = AgentId(asked.path["agent"])
        if not asked.asker.may_act_on(agent):
            raise RequestRefused(403, "not_allowed", f"{asked.asker.role} may not act on operator {agent}")
        if not any(view.agent == agent for view in asked.centre.snapshot().agents):
            raise RequestRefused(404, "agent_unknown", f"no operator {agent}")
        asked.centre.post(make(agent, asked.asker.name, asked.body))
        return next(view for view in show_agents(asked.centre, asked.asker).agents if view.agent == agent)

    return answer


def _log_out(agent: AgentId, by: str, body: Body) -> Input:
    return AgentLoggedOut(agent, by, body.reason if isinstance(body, LogOut) else "")


def _pause(agent: AgentId, by: str, body: Body) -> Input:
    if not isinstance(body, Pause):
        raise RequestRefused(422, "body_wrong", "a pause needs its reason")
    return AgentPaused(agent, body.reason, by, body.limit_s)


ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/v1/status", "Lines, operators and health at a glance", WATCHERS, StatusView, _status),
    Endpoint("GET", "/v1/lines", "Every line, now and today", WATCHERS, LinesView, _lines),
    Endpoint("GET", "/v1/agents", "Operators; an operator sees himself", EVERYBODY, AgentsView, _agents),
    Endpoint("GET", "/v1/calls", "Calls under way; an operator sees his own", EVERYBODY, CallsView, _calls),
    Endpoint("GET", "/v1/health", "The daemon and what it leans on", EVERYBODY, HealthView, _health),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/login",
        "Log an operator in at his own telephone",
        STAFF,
        AgentView,
        _act(lambda agent, by, _body: AgentLoggedIn(agent, by)),
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/logout",
        "Log an operator out, after the call if there is one",
        STAFF,
        AgentView,
        _act(_log_out),
        LogOut,
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/pause",
        "Pause an operator, after the call if there is one",
        STAFF,
        AgentView,
        _act(_pause),
        Pause,
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/resume",
        "End a pause",
        STAFF,
        AgentView,
        _act(lambda agent, by, _body: AgentResumed(agent, by)),
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/end-wrap-up",
        "End the work after a call",
        STAFF,
        AgentView,
        _act(lambda agent, by, _body: WrapUpEnded(agent, by)),
    ),
    Endpoint(
        "GET", "/v1/kpi", "Indicators of a period against their norms", WATCHERS, dict[str, Any], _kpi, query=KpiQuery
    ),
    Endpoint(
        "GET",
        "/v1/audit",
        "Who looked at whose number, who did what",
        ADMINISTRATORS,
        TrailView,
        _trail,
        query=TrailQuery,
    ),
    Endpoint("POST", "/v1/reload", "Read the configuration again", ADMINISTRATORS, ReloadView, _reload),
)

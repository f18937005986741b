"""The control API's requests: one table from which routes, checks of rights and the OpenAPI document are made.

An endpoint is a plain function of the centre, the asker and the request's own values; what HTTP needs is in `app.py`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from acd.control.access import Identity, Role
from acd.control.centre import Centre
from acd.control.errors import RequestRefused
from acd.control.show import show_agents, show_calls, show_health, show_lines, show_status
from acd.control.views import AgentsView, AgentView, CallsView, HealthView, LinesView, ReloadView, StatusView
from queue_engine.ids import AgentId
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


class Pause(Body):
    """Why an operator pauses, and for how long at most."""

    reason: Annotated[str, Field(min_length=1, max_length=100)]
    limit_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """After so many seconds the pause ends by itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked: who asks, for whom, with what."""

    centre: Centre
    asker: Identity
    path: Mapping[str, str]
    body: Body


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One request that the API answers."""

    method: str
    path: str
    summary: str
    roles: frozenset[Role]
    answers: type
    answer: Callable[[Asked], Awaitable[object]]
    body: type[Body] = NoBody


async def _status(asked: Asked) -> StatusView:
    return show_status(asked.centre)


async def _lines(asked: Asked) -> LinesView:
    return show_lines(asked.centre)


async def _agents(asked: Asked) -> AgentsView:
    return show_agents(asked.centre, asked.asker)


async def _calls(asked: Asked) -> CallsView:
    return show_calls(asked.centre, asked.asker)


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
    Endpoint("POST", "/v1/reload", "Read the configuration again", ADMINISTRATORS, ReloadView, _reload),
)

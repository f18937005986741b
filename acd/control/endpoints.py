"""The control API's requests: one table from which routes, checks of rights and the OpenAPI document are made.

An endpoint is a plain function of the centre, the asker and the request's own values; what HTTP needs is in `app.py`.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import orjson
from pydantic import Field

from acd import reporting
from acd.control.actions import ACTIONS
from acd.control.asked import ADMINISTRATORS, EVERYBODY, WATCHERS, Asked, Body, Endpoint, given
from acd.control.callbacks import CALLBACKS
from acd.control.campaigns import CAMPAIGNS
from acd.control.contacts import CONTACTS
from acd.control.do_not_call import DO_NOT_CALL
from acd.control.errors import RequestRefused, StoreAway
from acd.control.lines import LINES
from acd.control.messages import MESSAGES
from acd.control.recordings import RECORDINGS
from acd.control.scripts import SCRIPTS
from acd.control.show import show_agents, show_calls, show_health, show_lines, show_status
from acd.control.supervision import SUPERVISION
from acd.control.transfers import TRANSFERS
from acd.control.views import (
    AgentsView,
    CallsView,
    HealthView,
    LinesView,
    ReloadView,
    StatusView,
    TrailEntryView,
    TrailView,
    UpgradeView,
)
from acd.pressure import Gives
from acd.upgrade import NotReady
from metrics.errors import RecordsUnusable, ReportError


class TrailQuery(Body):
    """Which part of the audit trail."""

    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
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
    query = given(asked.query, TrailQuery)
    try:
        entries = await asked.trail.entries(after=query.after, limit=query.limit)
    except StoreAway as fault:
        raise RequestRefused(503, "database_away", str(fault)) from fault
    return TrailView(tuple(TrailEntryView(number, **asdict(entry)) for number, entry in entries))


async def _kpi(asked: Asked) -> dict[str, Any]:
    query, centre = given(asked.query, KpiQuery), asked.centre
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


async def _upgrade(asked: Asked) -> UpgradeView:
    try:
        return UpgradeView(await asked.centre.upgrade())
    except NotReady as fault:
        raise RequestRefused(503, "not_ready", str(fault)) from fault


REPORT, VIEW = Gives.REPORT, Gives.VIEW
ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/v1/status", "Lines, operators and health at a glance", WATCHERS, StatusView, _status, gives=VIEW),
    Endpoint("GET", "/v1/lines", "Every line, now and today", WATCHERS, LinesView, _lines, gives=VIEW),
    Endpoint("GET", "/v1/agents", "Operators; an operator sees himself", EVERYBODY, AgentsView, _agents, gives=VIEW),
    Endpoint("GET", "/v1/calls", "Calls under way; an operator sees his own", EVERYBODY, CallsView, _calls, gives=VIEW),
    Endpoint("GET", "/v1/health", "The daemon and what it leans on", EVERYBODY, HealthView, _health),
    Endpoint(
        "GET",
        "/v1/kpi",
        "Indicators of a period against their norms",
        WATCHERS,
        dict[str, Any],
        _kpi,
        query=KpiQuery,
        gives=REPORT,
    ),
    Endpoint(
        "GET",
        "/v1/audit",
        "Who looked at whose number, who did what",
        ADMINISTRATORS,
        TrailView,
        _trail,
        query=TrailQuery,
        gives=REPORT,
    ),
    Endpoint("POST", "/v1/reload", "Read the configuration again", ADMINISTRATORS, ReloadView, _reload),
    Endpoint("POST", "/v1/upgrade", "Let a new daemon take over", ADMINISTRATORS, UpgradeView, _upgrade),
    *ACTIONS,
    *CALLBACKS,
    *LINES,
    *RECORDINGS,
    *TRANSFERS,
    *SUPERVISION,
    *MESSAGES,
    *SCRIPTS,
    *CAMPAIGNS,
    *CONTACTS,
    *DO_NOT_CALL,
)

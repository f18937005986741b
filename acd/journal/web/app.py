"""The desk's routes in one table: path, right, page. Mount them: `Mount("/desk", routes=desk_routes(desk, sessions))`.

Every route but login, the official's link and the static files goes through `_guarded`: nobody without a session,
nobody without the route's right, no POST without the session's form token. Nothing raises out of here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from acd.campaigns.round import AWAY
from acd.journal.errors import CardNotFound, Forbidden, JournalError, NumberMistyped, TransitionRefused
from acd.journal.roles import Right
from acd.journal.web import admin, bars, campaigns, cards, contacts, listing, operators, phone, public, sound
from acd.journal.web.access import Sessions, token_fits
from acd.journal.web.desk import (
    HEADERS,
    Asked,
    BadForm,
    Desk,
    Upload,
    base_of,
    language_of,
    read_form,
    render,
    wants_json,
)
from acd.journal.web.floor import standing
from acd.journal.web.upload import read_upload
from config.errors import CalendarExhausted

log: Final = structlog.get_logger(__name__)

Page = Callable[[Asked], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """One route behind the login."""

    method: str
    path: str
    right: Right | None
    """None: anybody who is logged in."""
    page: Page
    upload: bool = False
    """Whether its form may carry a file."""


DOORS: Final = (
    Door("GET", "/", None, operators.home),
    Door("GET", "/phone", Right.TELEPHONE, phone.strip),
    Door("POST", "/state", Right.TELEPHONE, phone.state),
    Door("GET", "/events", Right.READ_CARD, operators.events),
    Door("GET", "/wallboard", Right.WALLBOARD, operators.wallboard),
    Door("GET", "/wallboard/events", Right.WALLBOARD, operators.wallboard_events),
    Door("GET", "/journal", Right.READ_CARD, cards.journal),
    Door("GET", "/journal.csv", Right.EXPORT, listing.journal_csv),
    Door("GET", "/journal.xlsx", Right.EXPORT, listing.journal_xlsx),
    Door("GET", "/find", Right.READ_CARD, cards.find),
    Door("GET", "/cards/new", Right.OPEN_CARD, cards.new),
    Door("POST", "/cards/new", Right.OPEN_CARD, cards.create),
    Door("GET", "/cards/{card:int}", Right.READ_CARD, cards.show),
    Door("POST", "/cards/{card:int}", Right.WRITE_CARD, cards.change),
    Door("POST", "/cards/{card:int}/callback", Right.TELEPHONE, phone.call_back),
    Door("GET", "/cards/{card:int}/message/{call}", Right.HEAR_MESSAGES, sound.message_sound),
    Door("GET", "/cards/{card:int}/sound/{recording}", Right.ASSESS, sound.sound),
    Door("POST", "/cards/{card:int}/assess", Right.ASSESS, admin.assess),
    Door("GET", "/knowledge", Right.READ_KNOWLEDGE, admin.knowledge),
    Door("POST", "/knowledge", Right.PROPOSE_KNOWLEDGE, admin.propose),
    Door("POST", "/knowledge/{article:int}", Right.APPROVE_KNOWLEDGE, admin.decide),
    Door("GET", "/catalogues", Right.CATALOGUES, admin.catalogues),
    Door("POST", "/catalogues", Right.CATALOGUES, admin.change_catalogue),
    Door("GET", "/people", Right.PEOPLE, admin.people),
    Door("POST", "/people", Right.PEOPLE, admin.change_people),
    Door("GET", "/trail", Right.READ_TRAIL, admin.trail),
    Door("GET", "/reports", Right.REPORTS, admin.reports),
    Door("GET", "/reports.csv", Right.EXPORT, admin.reports_csv),
    Door("GET", "/reports.xlsx", Right.EXPORT, admin.reports_xlsx),
    Door("GET", "/calling", Right.TELEPHONE, contacts.calling),
    Door("POST", "/calling/next", Right.TELEPHONE, contacts.take_next),
    Door("GET", "/contacts/{contact:int}", Right.TELEPHONE, contacts.contact_page),
    Door("POST", "/contacts/{contact:int}/call", Right.TELEPHONE, contacts.call),
    Door("POST", "/contacts/{contact:int}/outcome", Right.TELEPHONE, contacts.outcome),
    Door("GET", "/campaigns", Right.CALL_LISTS, campaigns.campaigns),
    Door("POST", "/campaigns", Right.CALL_LISTS, campaigns.add),
    Door("GET", "/campaigns/{campaign}", Right.CALL_LISTS, campaigns.campaign),
    Door("POST", "/campaigns/{campaign}", Right.CALL_LISTS, campaigns.change),
    Door("POST", "/campaigns/{campaign}/contacts", Right.CALL_LISTS, campaigns.fill, upload=True),
    Door("GET", "/campaigns/{campaign}/results.csv", Right.CALL_LISTS, campaigns.results_as_csv),
    Door("GET", "/campaigns/{campaign}/results.xlsx", Right.CALL_LISTS, campaigns.results_as_xlsx),
    Door("GET", "/do-not-call", Right.CALL_LISTS, bars.bars),
    Door("POST", "/do-not-call", Right.CALL_LISTS, bars.change),
    Door("GET", "/password", None, public.password_page),
    Door("POST", "/language", None, public.switch_language),
)
"""Everything behind the login."""


def desk_routes(desk: Desk, sessions: Sessions) -> list[BaseRoute]:
    """Return all routes of the desk."""

    async def login_page(request: Request) -> Response:
        return await public.login_page(desk, request)

    async def login(request: Request) -> Response:
        return await _answered(desk, request, lambda: public.login(desk, request, sessions))

    async def leave(asked: Asked) -> Response:
        return await public.logout(asked, sessions)

    async def result_page(request: Request) -> Response:
        return await public.result_page(desk, request)

    async def result(request: Request) -> Response:
        return await _answered(desk, request, lambda: public.result(desk, request))

    async def change_password(asked: Asked) -> Response:
        return await public.change_password(asked, sessions)

    doors = [*DOORS, Door("POST", "/logout", None, leave), Door("POST", "/password", None, change_password)]
    return [
        *(Route(door.path, _guarded(desk, door), methods=[door.method]) for door in doors),
        Route("/login", login_page, methods=["GET"]),
        Route("/login", login, methods=["POST"]),
        Route("/result", result_page, methods=["GET"]),
        Route("/result", result, methods=["POST"]),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]


def _guarded(desk: Desk, door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        session = await desk.auth.identify(request, desk.now())
        if session is None:
            return RedirectResponse(base_of(request) + "/login", 303, headers=HEADERS)

        async def serve() -> Response:
            person, files = session.person, dict[str, Upload]()
            if person.service != desk.journal.service:
                raise Forbidden(person.login, desk.journal.service)
            if door.right is not None:  # before anything is read that he sends
                person.require(door.right)
            form: dict[str, str] = {}
            if door.upload:
                form, files = await read_upload(request)
            elif door.method == "POST":
                form = await read_form(request)
            if door.method == "POST" and not token_fits(session, form.get("form_token", "")):
                raise BadForm
            return await door.page(Asked(desk, request, session, form, files, await standing(desk.floor, person)))

        return await _answered(desk, request, serve, language_of(session.person.language))

    return handle


async def _answered(
    desk: Desk, request: Request, serve: Callable[[], Awaitable[Response]], language: str = "ru"
) -> Response:
    """Serve a page; what cannot be served becomes a page that says why."""
    try:
        return await serve()
    except BadForm as fault:
        status, told = 400, fault.told
    except Forbidden:
        status, told = 403, "forbidden"
    except CardNotFound:
        status, told = 404, "not_found"
    except NumberMistyped:
        status, told = 404, "mistyped"
    except TransitionRefused:
        status, told = 409, "refused"
    except (JournalError, CalendarExhausted) as fault:
        log.warning("desk.refused", path=request.scope["path"], fault=type(fault).__name__)
        status, told = 409, "refused"
    except AWAY as fault:
        log.warning("desk.database_away", path=request.scope["path"], reason=type(fault).__name__)
        status, told = 503, "database_away"
    if wants_json(request):
        return JSONResponse({"error": told}, status, headers=HEADERS)
    return render(desk, request, "refused.html", language_of(language), status=status, told=told)

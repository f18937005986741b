"""Coming in and going out: the login, one's own password, and an official's answer through the link of a letter."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from acd.journal.errors import CardIncomplete, JournalError
from acd.journal.service import Seen
from acd.journal.states import CardTrigger
from acd.journal.store.people import SHORTEST_PASSWORD, hash_password
from acd.journal.store.trail import TrailEntry
from acd.journal.web.access import COOKIE, SESSION_S, Sessions
from acd.journal.web.desk import HEADERS, Asked, Desk, base_of, language_of, read_form, render, wants_json
from config.errors import CalendarExhausted


def _language(request: Request) -> str:
    return request.headers.get("accept-language", "ru")


async def login_page(desk: Desk, request: Request, error: str = "", status: int = 200) -> Response:
    """The form for login and password."""
    return render(desk, request, "login.html", language_of(_language(request)), status=status, error=error)


async def login(desk: Desk, request: Request, sessions: Sessions) -> Response:
    """Begin a session."""
    form = await read_form(request)
    name = form.get("login", "").strip().lower()
    now = desk.now()
    secret, refused = None, "login_locked"
    if not sessions.locked(name, now):
        secret, refused = await sessions.begin(name, form.get("password", ""), now), "login_failed"
    if secret is None:
        status = 429 if refused == "login_locked" else 401
        if wants_json(request):
            return JSONResponse({"error": refused}, status, headers=HEADERS)
        return await login_page(desk, request, refused, status)
    if wants_json(request):  # a program: it sends the token itself
        return JSONResponse({"token": secret, "expires_at": now + SESSION_S}, headers=HEADERS)
    answer = RedirectResponse(base_of(request) + "/", 303, headers=HEADERS)
    answer.set_cookie(
        COOKIE, secret, max_age=int(SESSION_S), path=base_of(request) or "/", secure=desk.secure,
        httponly=True, samesite="strict",
    )  # fmt: skip
    return answer


async def logout(asked: Asked, sessions: Sessions) -> Response:
    """End the session."""
    await sessions.end(asked.request)
    answer = asked.goto("/login")
    answer.delete_cookie(COOKIE, path=base_of(asked.request) or "/")
    return answer


async def password_page(asked: Asked, told: str = "", status: int = 200) -> Response:
    """The form for another password."""
    return asked.page("password.html", status=status, told=told)


async def change_password(asked: Asked, sessions: Sessions) -> Response:
    """Change one's own password; whoever is logged in under the name elsewhere is logged out."""
    desk, login, form = asked.desk, asked.person.login, asked.form
    now, new = desk.now(), form.get("new", "")
    if sessions.locked(login, now):
        return await password_page(asked, "login_locked", 429)
    if not await sessions.fits(login, form.get("old", ""), now):
        return await password_page(asked, "password_wrong", 422)
    if len(new) < SHORTEST_PASSWORD:
        return await password_page(asked, "password_short", 422)
    if new != form.get("again", ""):
        return await password_page(asked, "password_differs", 422)
    kept = asked.request.cookies.get(COOKIE, "")
    await desk.people.set_password(login, await asyncio.to_thread(hash_password, new), kept)
    await desk.journal.trail.note(TrailEntry(now, login, "password"))
    return await password_page(asked, "password_changed")


async def switch_language(asked: Asked) -> Response:
    """Read in the other language from now on."""
    other = "ru" if asked.person.language == "en" else "en"
    await asked.desk.people.set_language(asked.person.login, other)
    return asked.goto("/")


async def result_page(desk: Desk, request: Request) -> Response:
    """Where an official's link leads: the script takes the secret from behind the # and asks for the card with it."""
    return render(
        desk, request, "result.html", language_of(_language(request)), card=None, secret="", told="", error=None
    )


async def result(desk: Desk, request: Request) -> Response:
    """Show the card of a link, or store the result that the official has written."""
    form = await read_form(request)
    language = language_of(_language(request))
    secret = form.get("secret", "")
    official = await desk.journal.by_link(secret, desk.now())
    if official is None or official.card is None:
        return render(
            desk, request, "result.html", language, status=404, card=None, secret="", told="link_dead", error=None
        )
    card = await desk.journal.read(official, official.card, desk.now())
    told, error, status = "", None, 200
    if form.get("do") == CardTrigger.ENTER_RESULT:
        try:
            changes = {"measures": form.get("measures", "").strip()}
            seen = Seen(card.id, int(form.get("version") or card.version))
            card = await desk.journal.move(official, seen, CardTrigger.ENTER_RESULT, changes, desk.now())
            told = "result_stored"
        except (JournalError, CalendarExhausted, ValueError) as fault:
            told, error, status = ("incomplete" if isinstance(fault, CardIncomplete) else "refused"), fault, 422
    return render(
        desk, request, "result.html", language, status=status, card=card, secret=secret, told=told, error=error
    )

"""What every page works with: the desk itself, one request, and how a page is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from acd.journal.roles import Person, Right
from acd.journal.service import Journal
from acd.journal.store.knowledge import Knowledge
from acd.journal.store.lists import Lists
from acd.journal.store.outbox import Outbox
from acd.journal.store.people import People, Session
from acd.journal.texts import name_of
from acd.journal.web.access import Authenticator
from acd.journal.web.floor import Floor, Standing, pause_title, targets_of, telephones_for, title_of_line
from acd.journal.web.hub import Hub
from acd.journal.web.words import ACTIONS, ACTORS, AGENT_STATES, WORDS
from acd.texts import duration
from config.errors import Language
from queue_engine.ids import Instant

LARGEST_FORM: Final = 262_144
"""Bytes of a form: a card with long texts in Cyrillic, percent-encoded."""

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""On every page: nothing from elsewhere, nothing inline, nothing of a card left in a cache."""


PARTS: Final = frozenset({"phone.html", "callback.html", "contact.html"})
"""Templates that are no whole page: the script draws them in the place of the old part."""


class BadForm(Exception):
    """A form that no page of ours sends: too long, not decodable, without the session's token, with a wrong value.

    Args:
        told: The key of the words that say so.
    """

    def __init__(self, told: str = "bad_request") -> None:
        super().__init__(told)
        self.told = told


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything behind the pages of one service."""

    engine: AsyncEngine
    journal: Journal
    lists: Lists
    knowledge: Knowledge
    people: People
    outbox: Outbox
    floor: Floor
    hub: Hub
    auth: Authenticator
    secure: bool = True
    """Served by TLS: the cookie is sent over nothing else."""
    environment: Environment = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        object.__setattr__(self, "environment", environment)

    def now(self) -> Instant:
        """The instant of what is done."""
        return self.floor.now()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of somebody who may make it."""

    desk: Desk
    request: Request
    session: Session
    form: Mapping[str, str]
    """The fields of a POST."""
    files: Mapping[str, Upload] = field(default_factory=dict)
    """The files of a POST."""
    me: Standing | None = None
    """What he is doing at the telephone, if he has one."""

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.session.person

    @property
    def query(self) -> Mapping[str, str]:
        """The fields of the address."""
        return self.request.query_params

    def number(self, name: str) -> int:
        """Return a number in the path."""
        return int(self.request.path_params[name])

    @property
    def inline(self) -> bool:
        """Whether the page's script asks and wants a part of the page, so that nothing that is being typed is lost."""
        return "x-desk-inline" in self.request.headers

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page for this person."""
        return render(
            self.desk, self.request, template, language_of(self.person.language), status=status,
            **{"person": self.person, "form_token": self.session.form_token, "me": self.me, **values},
        )  # fmt: skip

    def goto(self, path: str, **query: str) -> Response:
        """Return a redirection to another page of the desk."""
        tail = f"?{urlencode(query)}" if query else ""
        return RedirectResponse(base_of(self.request) + path + tail, 303, headers=HEADERS)


def render(
    desk: Desk, request: Request, template: str, language: Language, *, status: int = 200, **values: Any
) -> Response:
    """Return a page. `person` and `form_token` may be given; the words, names and dates are in `language`."""
    zone = desk.journal.rules.work.zone

    def when(at: float | None, form: str = "%d.%m.%Y %H:%M") -> str:
        return "" if at is None else datetime.fromtimestamp(at, zone).strftime(form)

    form_token = Markup('<input type="hidden" name="form_token" value="{}">').format(values.pop("form_token", ""))
    shown = {
        "base": base_of(request),
        "path": request.scope["path"].removeprefix(base_of(request)),
        "lang": language,
        "person": None,
        "service": desk.floor.config.site.title or desk.journal.service,
        "line_title": lambda line: title_of_line(desk.floor.config, line),
        "pauses": desk.floor.config.pause_reasons,
        "asks_first": bool(desk.floor.config.in_talk.ask),
        "telephones": lambda: telephones_for(desk.floor.config, values.get("person")),
        "transfer_targets": lambda: targets_of(desk.floor, values.get("person")),
        "pause_title": lambda name: pause_title(desk.floor.config, name),
        "R": Right,
        "me": None,
        "token": lambda: form_token,
        "t": lambda key, **filled: WORDS[key].say(language, **filled),
        "name": lambda member: name_of(member, language),
        "agent_state": lambda state: AGENT_STATES[state].say(language),
        "action": lambda key: ACTIONS[key].say(language) if key in ACTIONS else key,
        "who": lambda login, names: ACTORS[login].say(language) if login in ACTORS else names.get(login, login),
        "when": when,
        "hours": lambda seconds: f"{seconds / 3600:.1f}".replace(".", "," if language == "ru" else "."),
        "duration": lambda seconds: duration(seconds, language),
        "named": lambda members: [(member, name_of(member, language)) for member in members],
        **values,
    }
    headers = {**HEADERS, "x-desk-part": template} if template in PARTS else HEADERS
    return HTMLResponse(desk.environment.get_template(template).render(shown), status, headers=headers)


def base_of(request: Request) -> str:
    """Return where the desk is mounted, without a slash at the end."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def language_of(text: str) -> Language:
    """Return the language of a person or a browser."""
    return "en" if text.lower().startswith("en") else "ru"


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form; of a field that comes twice the last.

    Raises:
        BadForm: It is too long or not UTF-8.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_FORM:
            raise BadForm
    try:
        fields = parse_qs(content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise BadForm from error
    # Browsers send the line ends of a text as CRLF; NUL is a character that PostgreSQL does not store.
    return {name: values[-1].replace("\r\n", "\n").replace("\0", "") for name, values in fields.items()}


def wants_json(request: Request) -> bool:
    """Tell whether a program asks, which reads no pages."""
    return request.headers.get("accept") == "application/json"


def local_instant(desk: Desk, text: str) -> Instant:
    """Return the instant of a date or date and time on the site's wall.

    Raises:
        BadForm: It is none.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadForm from error
    return Instant(parsed.replace(tzinfo=desk.journal.rules.work.zone).timestamp())


def day_after(desk: Desk, text: str) -> Instant:
    """Return the end of a date on the site's wall. Raises `BadForm`."""
    try:
        parsed = datetime.fromisoformat(text) + timedelta(days=1)
    except ValueError as error:
        raise BadForm from error
    return Instant(parsed.replace(tzinfo=desk.journal.rules.work.zone).timestamp())

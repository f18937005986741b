"""The documents of everything that answers JSON, each with an application behind it and things that are there."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from acd.control.access import Identity, Role
from acd.control.app import build_app
from acd.control.endpoints import ENDPOINTS
from acd.control.openapi import openapi_document
from acd.control.store.database import ControlDatabase
from acd.control.store.trail import Trail
from acd.journal.cards import Channel
from acd.journal.exchange.document import journal_document
from acd.journal.exchange.inbound import Inbox, exchange_routes
from acd.journal.exchange.signing import Partner, sign
from acd.journal.roles import Person
from acd.journal.roles import Role as DeskRole
from acd.journal.store.database import open_journal, upgrade
from callback.inputs import CallbackAsked
from callback.kinds import Origin
from metrics.records.database import upgrade as upgrade_records
from queue_engine.ids import QueueName
from tests.acd.stage import CALLER, LINE, Stage, Tokens, write_site
from tests.fuzz.surfaces import Run
from tests.journal.test_cards import MONDAY
from tests.journal.website import site_on


class Api(Protocol):
    """One application with its document."""

    document: Mapping[str, Any]
    known: Mapping[str, Sequence[str]]
    """Things that are there, by the name of the path's parameter."""
    with_a_meaning: frozenset[str]
    """Operations with values that mean more than a schema can say."""

    def ask(self, method: str, url: str, further: dict[str, Any]) -> httpx.Response:
        """Ask as somebody who may do everything."""

    def unknown(self, method: str, url: str) -> httpx.Response:
        """Ask as nobody."""

    def close(self) -> None:
        """Let go of everything."""


class _Asked:
    """Asks an application without a network."""

    def __init__(self, app: Any, run: Run) -> None:
        self._run = run
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://here")

    def unknown(self, method: str, url: str) -> httpx.Response:
        """Ask as nobody."""
        return self._run(self._client.request(method, url))


class Control(_Asked):
    """The control API over a stage where somebody waits, somebody talks and somebody is owed a call-back."""

    with_a_meaning = frozenset()
    """None: whatever is refused for its meaning is told under a code of its own."""

    def __init__(self, home: Path, run: Run) -> None:
        path = write_site(home)
        stage = run(self._stage(path))
        self._database = ControlDatabase(stage.config.database.url.replace("sqlite:", "sqlite+aiosqlite:"))
        tokens = Tokens()
        self._token = tokens.make(Identity("root", Role.ADMINISTRATOR))
        self._stage = stage
        super().__init__(build_app(stage, tokens, Trail(self._database)), run)
        self.document = openapi_document(ENDPOINTS)
        self.known = {
            "agent": ("101", "102"), "line": (LINE,), "call": ("main-1.1", "main-2.1"), "request": ("1",),
            "telephone": ("op101",),
        }  # fmt: skip

    @staticmethod
    async def _stage(path: Path) -> Stage:
        stage = Stage(path)
        await asyncio.to_thread(upgrade_records, stage.config.database.url)
        stage.log_in("101")
        stage.call()
        stage.answer()
        stage.call(name="main-2.1")
        stage.callbacks.ask(CallbackAsked(QueueName(LINE), CALLER, "web", Origin.WEB))
        return stage

    def ask(self, method: str, url: str, further: dict[str, Any]) -> httpx.Response:
        """Ask as an administrator."""
        headers = {**further.pop("headers", {}), "authorization": f"Bearer {self._token}"}
        return self._run(self._client.request(method, url, headers=headers, **further))

    def close(self) -> None:
        """Close the databases."""
        self._run(self._database.close())
        self._run(self._stage.records.dispose())


class Journal(_Asked):
    """The exchange with a partner who signs, and a card whose number he knows; the desk's log-in."""

    with_a_meaning = frozenset({"POST /desk/login"})
    """A password is wrong whatever it looks like."""

    def __init__(self, home: Path, run: Run) -> None:
        url = f"sqlite:///{home}/journal.sqlite"
        upgrade(url)
        self._engine = open_journal(url)
        self._partner = Partner("site", "secret of the site")
        self._sent = 0
        self._site = run(site_on(self._engine, address="http://here/desk"))
        journal = self._site.desk.journal
        inbox = Inbox(self._engine, journal, publish=self._site.facts.append)
        routes = exchange_routes(journal, inbox, {"site": self._partner}, lambda: MONDAY)
        super().__init__(Starlette(routes=[Mount("/exchange", routes=routes), *self._site.app.routes]), run)
        admin = Person("administrator", "А", DeskRole.ADMINISTRATOR, journal.service)
        opened = journal.open_by_hand(admin, Channel.PAPER, {}, MONDAY)
        self.document = journal_document()
        self.known = {"number": (str(run(opened).number),)}

    def ask(self, method: str, url: str, further: dict[str, Any]) -> httpx.Response:
        """Ask with the partner's signature of whatever is sent, under a new message id."""
        self._sent += 1
        further.pop("headers", None)
        request = self._client.build_request(method, url, **further)
        signed = request.read() if method == "POST" else httpx.URL(url).path.encode()
        request.headers.update(sign(self._partner, str(self._sent), signed, MONDAY))
        request.headers["accept"] = "application/json"
        return self._run(self._client.send(request))

    def close(self) -> None:
        """Close the database."""
        self._run(self._engine.dispose())


APIS: Final[Mapping[str, Callable[[Path, Run], Any]]] = {"control": Control, "journal": Journal}

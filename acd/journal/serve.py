"""The journal's own listener: the desk for browsers and the exchange for outside systems, apart from the control API.

`keep_beside` is all that the daemon needs: the journal's settings and the running centre go in, cards come out.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from acd.control.events import Event, EventLog, Gap, Heartbeat
from acd.control.server import ControlServer, Tls
from acd.journal.announce import Broker
from acd.journal.facts import JournalFact
from acd.journal.runtime import JournalRuntime
from acd.journal.settings import JournalSettings, load_settings
from acd.journal.store.database import upgrade
from acd.journal.telephone import AppealLine
from acd.journal.web.access import DeskGuard
from acd.journal.web.floor import Floor
from acd.publish.missed import ToldFile
from acd.publish.publisher import Publisher
from acd.transferring import Transferring
from config.model import Config

DESK: Final = "/desk"
EXCHANGE: Final = "/exchange"

log: Final = structlog.get_logger(__name__)


class Centre(Floor, Protocol):
    """The running centre with the log of its facts: `acd.running.RunningCentre` is one."""

    events: EventLog
    appeals: AppealLine

    @property
    def transfers(self) -> Transferring:
        """Callers who are handed on; tells of operators who ask somebody first."""
        ...

    @property
    def publisher(self) -> Publisher | None:
        """The way to the broker; None without one."""
        ...

    @property
    def config(self) -> Config:
        """The configuration in force."""
        ...


class JournalApp:
    """The journal's pages as an application whose endless answers can be ended."""

    def __init__(self, journal: JournalRuntime) -> None:
        async def to_the_desk(_request: Request) -> RedirectResponse:
            return RedirectResponse(f"{DESK}/", 303)

        self._journal = journal
        self._app = Starlette(
            routes=[
                Route("/", to_the_desk),
                Mount(DESK, routes=journal.desk),
                Mount(EXCHANGE, routes=journal.exchange),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        await self._app(scope, receive, send)

    def end_streams(self) -> None:
        """End the event streams of open pages; they come back by themselves."""
        self._journal.end_streams()

    async def close(self) -> None:
        """Nothing else is held open."""


async def keep_beside(path: Path, centre: Centre, guard: DeskGuard | None = None) -> None:
    """Run the journal beside the calls until cancelled. What is wrong with it is logged; it never ends the daemon.

    Args:
        path: The journal's settings.
        centre: The running centre.
        guard: Is told who may log in at the desk, for the control API.
    """
    try:
        database, broker = centre.config.database, None
        if centre.publisher is not None:
            broker = (centre.publisher, ToldFile(database.spool.with_suffix(".appeals")))
        async with serving(load_settings(path), centre, database.url, broker=broker) as journal:
            if guard is not None:
                guard.people = journal.people
            centre.appeals.journal = journal.journal
            centre.transfers.asking.changed = journal.on_asking
            async for seen in centre.events.follow():
                match seen:
                    case Event():
                        journal.on_event(seen)
                    case Gap():
                        journal.on_gap()
                    case Heartbeat():
                        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, calls go first
        log.error("journal.not_running", reason=str(error))


@asynccontextmanager
async def serving(
    settings: JournalSettings,
    floor: Floor,
    records: str,
    publish: Callable[[JournalFact], None] | None = None,
    broker: tuple[Broker, ToldFile] | None = None,
) -> AsyncIterator[JournalRuntime]:
    """Bring the schema up to date, serve the journal and keep it going for as long as the block runs.

    Raises:
        RecordsUnusable: The database cannot be used.
        ListenError: The address cannot be had.
        ValueError: A secret's file cannot be read.
    """
    await asyncio.to_thread(upgrade, settings.database)
    journal = JournalRuntime(settings, floor, records, publish, broker)
    tls = settings.tls
    server = ControlServer(
        JournalApp(journal),
        settings.listen_host,
        settings.listen_port,
        tls=Tls(tls.certificate, tls.key) if tls else None,
    )
    task = asyncio.create_task(journal.run(), name="journal")
    try:
        await server.start()
        journal.port = server.port
        log.info("journal.listening", host=settings.listen_host, port=server.port)
        yield journal
    finally:
        await server.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

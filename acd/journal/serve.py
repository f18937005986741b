"""The journal's own listener: the desk for browsers and the exchange for outside systems, apart from the control API.

async with serving(load_settings(path), centre) as journal:   # centre: see `web.desk.Floor`
    ...                                                       # hand each fact of the engine to journal.on_fact
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from acd.control.server import ControlServer, Tls
from acd.journal.facts import JournalFact
from acd.journal.runtime import JournalRuntime
from acd.journal.settings import JournalSettings
from acd.journal.store.database import upgrade
from acd.journal.web.desk import Floor

DESK: Final = "/desk"
EXCHANGE: Final = "/exchange"

log: Final = structlog.get_logger(__name__)


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


@asynccontextmanager
async def serving(
    settings: JournalSettings, floor: Floor, publish: Callable[[JournalFact], None] | None = None
) -> AsyncIterator[JournalRuntime]:
    """Bring the schema up to date, serve the journal and keep it going for as long as the block runs.

    Raises:
        RecordsUnusable: The database cannot be used.
        ListenError: The address cannot be had.
        ValueError: A secret's file cannot be read.
    """
    await asyncio.to_thread(upgrade, settings.database)
    journal = JournalRuntime(settings, floor, publish)
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

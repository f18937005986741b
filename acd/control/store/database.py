"""The control API's part of the database: brought up to date when it is first needed, and away without harm.

Tokens and trail are asked and written while callers wait for nothing; when the database is away, the administrator's
token file still opens, and what should have been in the trail is in the log.
"""

import asyncio
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from acd.control.errors import StoreAway
from acd.records_file import check_records_file
from metrics.errors import RecordsUnusable
from metrics.records import migrating
from metrics.records.database import BASE, HEAD, open_engine

VERSION_TABLE: Final = "alembic_version_control"
MIGRATIONS: Final = Path(__file__).parent / "migrations"


class ControlDatabase:
    """An engine whose schema is known to be today's from the first use on."""

    def __init__(self, url: str) -> None:
        """Take the URL of the records; nothing is connected yet.

        Raises:
            RecordsUnusable: It is no URL of a database that we know.
        """
        self._url = url
        self._engine = open_engine(url)
        self._ready = False
        self._lock = asyncio.Lock()

    async def engine(self) -> AsyncEngine:
        """Return the engine, its schema brought up to date.

        Raises:
            StoreAway: The database cannot be reached or changed.
        """
        if not self._ready:
            async with self._lock:
                if not self._ready:
                    await self._check_file()
                    await migrate(self._url)
                    self._ready = True
        return self._engine

    async def _check_file(self) -> None:
        try:
            await asyncio.to_thread(check_records_file, self._url, must_exist=False)
        except RecordsUnusable as fault:
            raise StoreAway(fault.reason) from fault

    async def close(self) -> None:
        """Let go of the connections."""
        await self._engine.dispose()


async def migrate(url: str, revision: str = HEAD) -> None:
    """Bring the control API's tables to a revision; `base` takes them away.

    Raises:
        StoreAway: The database cannot be reached or changed.
    """
    try:
        await asyncio.to_thread(_migrate, url, revision)
    except RecordsUnusable as fault:
        raise StoreAway(fault.reason) from fault


def _migrate(url: str, revision: str) -> None:
    schema = "schema of the control API"
    migrating.migrate(open_engine(url), MIGRATIONS, revision, up=revision != BASE, schema=schema)


def first_line(fault: Exception) -> str:
    """Return what an error says in its first line, which is where databases say it."""
    return (str(fault).splitlines() or [type(fault).__name__])[0]

"""The database of records: how it is opened and how its schema is brought up to date.

One URL chooses it: `sqlite:///FILE` or `postgresql://USER@HOST/NAME`. SQLite runs in WAL with synchronous=NORMAL, which
cannot corrupt and may lose the last transactions when the power fails (not when the daemon does).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, func, make_url, select, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from metrics.errors import RecordsUnusable
from metrics.records.migrating import migrate
from metrics.records.tables import facts

_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

CONNECT_S: Final = 5.0
"""How long PostgreSQL may take to let us in."""
ANSWER_S: Final = 20.0
"""How long PostgreSQL may take for a statement of the daemon's own: a batch of facts, a look at open calls."""

BUSY_TIMEOUT_MS: Final = 5000
"""How long SQLite waits for another process that holds the lock, say a backup."""

HEAD: Final = "head"
"""The newest schema."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"

BASE: Final = "base"
"""No schema at all."""


def async_url(url: str) -> URL:
    """Return the URL with the driver that we use.

    Raises:
        RecordsUnusable: The text is no URL of a database that we know.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise RecordsUnusable("(unreadable)", "not the URL of a database") from error
    backend = parsed.get_backend_name()
    if backend not in _DRIVERS:
        raise RecordsUnusable(parsed.render_as_string(), "only sqlite and postgresql are supported")
    return parsed.set(drivername=_DRIVERS[backend])


def open_engine(url: str, *, pool_size: int = 2, answer_s: float | None = None) -> AsyncEngine:
    """Return an engine; nothing is connected yet. The caller disposes of it.

    Args:
        url: The database.
        pool_size: Connections that are kept.
        answer_s: PostgreSQL has to answer a statement within so long: one that has fallen silent would be waited for
            without end. None for reports, which may take long.

    Raises:
        RecordsUnusable: See `async_url`; or the folder of the SQLite file does not exist.
    """
    parsed = async_url(url)
    if parsed.get_backend_name() != "sqlite":
        patience = {"timeout": CONNECT_S, "command_timeout": answer_s}
        return create_async_engine(parsed, pool_size=pool_size, pool_pre_ping=True, connect_args=patience)
    if parsed.database and not Path(parsed.database).absolute().parent.is_dir():
        raise RecordsUnusable(url, "the folder of the file does not exist")
    engine = create_async_engine(parsed)
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    return engine


def sync_sqlite(engine: AsyncEngine) -> Engine:
    """Return a synchronous engine for the same SQLite file, for a writer that has a thread of its own."""
    synchronous = create_engine(engine.url.set(drivername="sqlite"))
    event.listen(synchronous, "connect", _set_up_sqlite)
    return synchronous


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


async def begin_reading(connection: AsyncConnection) -> None:
    """Let everything that is read on a fresh connection be as of one moment, its first look."""
    if connection.dialect.name == "sqlite":  # a transaction is a snapshot, if one is begun
        await connection.exec_driver_sql("BEGIN")
    else:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[tuple[AsyncConnection, AsyncConnection]]:
    """Give two connections on which everything is read as of one moment, while others write.

    Two, so that a long report uses two cores. Each sees the database as it was at its first look; the looks are
    repeated until no fact came between them.
    """
    while True:
        async with engine.connect() as first, engine.connect() as second:
            for connection in (first, second):
                await begin_reading(connection)
            last = select(func.max(facts.c.id))
            if await first.scalar(last) == await second.scalar(last):
                yield first, second
                return


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the schema to `revision`, the newest by default. Not for use inside a running event loop.

    Raises:
        RecordsUnusable: The database cannot be reached or written, or its schema is one that we do not know.
    """
    _migrate(url, revision, up=True)


def downgrade(url: str, revision: str = BASE) -> None:
    """Take the schema back to `revision`. Not for use inside a running event loop.

    Raises:
        RecordsUnusable: As `upgrade`.
    """
    _migrate(url, revision, up=False)


def _migrate(url: str, revision: str, *, up: bool) -> None:
    if up and revision == HEAD and asyncio.run(_revision(url)) == newest_revision():
        return
    migrate(open_engine(url), MIGRATIONS, revision, up=up)


@cache
def newest_revision() -> str | None:
    """Return the name of the newest schema. Asked once: the migrations are loaded for it."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


async def _revision(url: str) -> str | None:
    """Return the name of the schema that the database has; None where it has none or cannot be asked."""
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            found: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
    except (SQLAlchemyError, OSError):
        return None
    finally:
        await engine.dispose()

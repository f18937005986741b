"""How a schema is brought to a revision by Alembic: whole or not at all, on SQLite too.

Python's driver of SQLite commits before each CREATE, so that a full disk could leave half a schema, which no later
attempt would get past. Here transactions are begun by us; elsewhere the driver begins one before the first write,
which waits for the lock where a transaction begun by a read would fail.

Alembic keeps the migration that runs in the variables of its modules, for the whole process. The records' tables and
those of the control API are brought up to date at the same moment of a start, each in a thread: without a lock the one
went on with the connection of the other, or believed itself done.
"""

import asyncio
import threading
from pathlib import Path
from typing import Any, Final

from alembic import command, context
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, MetaData, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.errors import RecordsUnusable

ALONE_WITHIN_S: Final = 30.0
"""So long a migration waits for another one of this process to end; whoever asked for it asks again."""
alone: Final = threading.Lock()
"""Held by the migration that runs."""


def migrate(engine: AsyncEngine, migrations: Path, revision: str, *, up: bool, schema: str = "schema") -> None:
    """Bring a schema to `revision`, and dispose of the engine. Not for use inside a running event loop.

    Args:
        engine: The database; nothing must be connected yet.
        migrations: The folder of the scripts; its `env.py` calls `run`.
        revision: One of theirs, `head` or `base`.
        up: Whether the revision lies ahead.
        schema: What it is called in an error.

    Raises:
        RecordsUnusable: The database cannot be reached or written, its schema is one that we do not know, or another
            migration of this process does not end.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _leave_transactions_to_us)
        event.listen(engine.sync_engine, "begin", _begin_writing)
    url = engine.url.render_as_string()
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["engine"] = engine
    if not alone.acquire(timeout=ALONE_WITHIN_S):
        raise RecordsUnusable(url, "another migration is under way")
    try:
        (command.upgrade if up else command.downgrade)(config, revision)
    except CommandError as error:
        raise RecordsUnusable(url, f"unknown {schema}: {error}") from error
    except (SQLAlchemyError, OSError) as error:
        raise RecordsUnusable(url, first_line(error)) from error
    finally:
        alone.release()


def run(metadata: MetaData, version_table: str = "alembic_version") -> None:
    """Run the migration that is asked for, in one transaction: all that an `env.py` has to do."""

    def on(connection: Connection) -> None:
        context.configure(
            connection=connection, target_metadata=metadata, version_table=version_table, transactional_ddl=True
        )
        with context.begin_transaction():
            context.run_migrations()

    asyncio.run(_over(context.config.attributes["engine"], on))


async def _over(engine: AsyncEngine, work: Any) -> None:
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def first_line(error: Exception) -> str:
    """Return what an error says in its first line, which is where databases say it."""
    told = str(error).strip() or type(error).__name__
    return told.splitlines()[0]

"""The journal's part of the database of the records: how it is opened, its schema under a version table of its own."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.database import BASE, HEAD, open_engine
from metrics.records.migrating import migrate

VERSION_TABLE: Final = "alembic_version_journal"
MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


def open_journal(url: str, *, pool_size: int = 5) -> AsyncEngine:
    """Return an engine for the journal; nothing is connected yet. The caller disposes of it.

    Raises:
        RecordsUnusable: The text is no URL of a database that we know, or the folder of the file does not exist.
    """
    engine = open_engine(url, pool_size=pool_size)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _check_references)
    return engine


def _check_references(connection: Any, _record: object) -> None:
    # SQLite checks foreign keys only when asked to, per connection.
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the journal's schema to `revision`, the newest by default. Not for use inside a running event loop.

    Raises:
        RecordsUnusable: The database cannot be reached or written, or its schema is one that we do not know.
    """
    migrate(open_engine(url), MIGRATIONS, revision, up=True, schema="schema of the journal")


def downgrade(url: str, revision: str = BASE) -> None:
    """Take the journal's schema back to `revision`. Not for use inside a running event loop.

    Raises:
        RecordsUnusable: As `upgrade`.
    """
    migrate(open_engine(url), MIGRATIONS, revision, up=False, schema="schema of the journal")

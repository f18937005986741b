"""The database in a backup: every row of every table of ours as of one moment, as lines of JSON.

So a backup needs no program of the database's, and one of SQLite may be restored into PostgreSQL, and the other way.
Rows are put back under the schema that they were taken from, which is brought up to date afterwards.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, BigInteger, Integer, MetaData, Table, inspect, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

import acd.journal.store.database as journal
import metrics.records.database as records
from acd.backup.errors import NewerSchema
from acd.control.store import database as control

PART_BYTES: Final = 4 * 1024 * 1024
"""A member of the backup holds so much of a table at least, or all of it."""
AT_ONCE: Final = 2000
"""Rows of one statement."""

SCHEMAS: Final[Mapping[str, Path]] = {
    "alembic_version": records.MIGRATIONS,
    control.VERSION_TABLE: control.MIGRATIONS,
    journal.VERSION_TABLE: Path(journal.__file__).parent.parent / "migrations",
}
"""Where the migrations of each set of tables are, by the table that keeps its revision."""


async def schemas_of(link: AsyncConnection) -> dict[str, str]:
    """Return the revision of each set of tables that the database has."""
    there = set(await link.run_sync(lambda sync: inspect(sync).get_table_names()))
    names = [name for name in SCHEMAS if name in there]
    found = {name: await link.scalar(text(f"SELECT version_num FROM {name}")) for name in names}  # noqa: S608 - ours
    return {name: revision for name, revision in found.items() if revision is not None}


async def parts_of(link: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    """Yield the rows of a table as parts of lines; the first line of each part has the names of the columns."""
    names = [column.name for column in table.columns]
    head = orjson.dumps(names) + b"\n"
    held, size = [head], 0
    result = await link.stream(select(table).order_by(*table.primary_key.columns))
    async for row in result:
        line = orjson.dumps(list(row)) + b"\n"
        held.append(line)
        size += len(line)
        if size >= PART_BYTES:
            yield b"".join(held)
            held, size = [head], 0
    if len(held) > 1:
        yield b"".join(held)


def migrate(url: str, wanted: Mapping[str, str]) -> None:
    """Bring an empty database to the revisions of a backup. Not for use inside a running event loop.

    Raises:
        NewerSchema: A revision is not known here.
        RecordsUnusable, StoreAway: The database cannot be reached or written.
    """
    for table, revision in wanted.items():
        if table not in SCHEMAS or not _is_known(SCHEMAS[table], revision):
            raise NewerSchema(table, revision)
    for table, revision in wanted.items():
        if table == control.VERSION_TABLE:
            asyncio.run(control.migrate(url, revision))
        elif table == journal.VERSION_TABLE:
            journal.upgrade(url, revision)
        else:
            records.upgrade(url, revision)


def bring_up_to_date(url: str, there: Mapping[str, str]) -> None:
    """Bring the tables that were restored to the newest schema. Not for use inside a running event loop.

    Raises:
        RecordsUnusable, StoreAway: The database cannot be reached or written.
    """
    migrate(url, {table: ScriptDirectory(str(SCHEMAS[table])).get_current_head() or "head" for table in there})


def _is_known(migrations: Path, revision: str) -> bool:
    settings = Config()
    settings.set_main_option("script_location", str(migrations))
    return revision in {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}


class Loader:
    """Puts rows back, within one transaction of the connection's."""

    def __init__(self, link: AsyncConnection, tables: Mapping[str, Table]) -> None:
        self._link = link
        self._tables = tables
        self.rows: dict[str, int] = {}
        """Of each table that has any."""

    @classmethod
    async def on(cls, link: AsyncConnection) -> "Loader":
        """Look at the tables that the database has now."""
        found = MetaData()
        await link.run_sync(lambda sync: found.reflect(sync, only=lambda name, _: "_fts" not in name))
        for table in found.tables.values():
            for column in table.columns:
                if isinstance(column.type, JSON):
                    column.type.none_as_null = bool(column.nullable)
        return cls(link, found.tables)

    async def is_empty(self) -> bool:
        """Tell whether no table has a row, but those that keep the revisions of the schema."""
        for table in self._tables.values():
            if table.name not in SCHEMAS and await self._link.scalar(select(literal(1)).select_from(table).limit(1)):
                return False
        return True

    async def load(self, name: str, part: bytes) -> None:
        """Put a part of a table back."""
        head, *lines = part.splitlines()
        names: Sequence[str] = orjson.loads(head)
        table = self._tables[name]
        for first in range(0, len(lines), AT_ONCE):
            rows: list[dict[str, Any]] = [
                dict(zip(names, orjson.loads(line), strict=True)) for line in lines[first : first + AT_ONCE]
            ]
            await self._link.execute(table.insert(), rows)
        self.rows[name] = self.rows.get(name, 0) + len(lines)

    async def number_on(self) -> None:
        """Let PostgreSQL number new rows after the restored ones; SQLite does so by itself."""
        if self._link.dialect.name == "sqlite":
            return
        quoted = self._link.dialect.identifier_preparer.quote
        for name in self.rows:
            for column in self._tables[name].primary_key.columns:
                if not isinstance(column.type, BigInteger | Integer):
                    continue
                highest = f"(SELECT max({quoted(column.name)}) FROM {quoted(name)})"  # noqa: S608 - names of our own
                sequence = text(f"SELECT setval(pg_get_serial_sequence(:name, :column), {highest})")
                await self._link.execute(sequence, {"name": quoted(name), "column": column.name})

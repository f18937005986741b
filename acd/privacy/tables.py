"""Every table of ours, and every text in them: where one person's number stands, and putting a pseudonym there.

No list of columns is kept: whatever text column a table has is looked at, so a table that is added later is not
forgotten. Primary keys are no texts that people or trunks write, and stay.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import JSON, Column, MetaData, Table, Text, cast, inspect, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.control.store import tables as of_control
from acd.journal.store import tables as of_journal
from acd.privacy.person import Person
from metrics.records import tables as of_records

OURS: Final[tuple[MetaData, ...]] = (of_records.metadata, of_control.metadata, of_journal.metadata)
AT_ONCE: Final = 500
"""Rows that one transaction changes: the daemon writes in between."""

Row = Mapping[str, Any]
Progress = Callable[[str], None]


async def tables_of(engine: AsyncEngine) -> list[Table]:
    """Return those of our tables that the database has."""
    async with engine.connect() as link:
        there = set(await link.run_sync(lambda sync: inspect(sync).get_table_names()))
    return [table for metadata in OURS for table in metadata.sorted_tables if table.name in there]


def _texts(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, Text | JSON) and not column.primary_key]


def _is_his(person: Person, table: Table, row: Row) -> bool:
    """Tell whether the number really stands in the row: the database's pattern finds others too."""
    return any(person.is_in(_as_text(row[column.name])) for column in _texts(table))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


async def rows_of(link: AsyncConnection, table: Table, person: Person) -> AsyncIterator[Row]:
    """Yield the rows of a table in which the number stands, in the order of their keys."""
    texts = _texts(table)
    if not texts:
        return
    pattern = person.like(typed=table.metadata is of_journal.metadata)
    found = or_(*(cast(column, Text).like(pattern) for column in texts))
    result = await link.stream(select(table).where(found).order_by(*table.primary_key.columns))
    async for row in result.mappings():
        told = dict(row)
        if _is_his(person, table, told):
            yield told


async def erase(engine: AsyncEngine, table: Table, person: Person) -> int:
    """Put the pseudonym into every row of a table in which the number stands; return how many those were."""
    async with engine.connect() as link:
        rows = [row async for row in rows_of(link, table, person)]
    for first in range(0, len(rows), AT_ONCE):
        async with engine.begin() as link:
            for row in rows[first : first + AT_ONCE]:
                await link.execute(update(table).where(*_key(table, row)).values(_changed(table, row, person)))
    return len(rows)


def _key(table: Table, row: Row) -> Sequence[Any]:
    return [column == row[column.name] for column in table.primary_key.columns]


def _changed(table: Table, row: Row, person: Person) -> dict[str, Any]:
    values = {column.name: person.erased_within(row[column.name]) for column in _texts(table)}
    return {name: value for name, value in values.items() if value != row[name]}


async def forget_deleted(engine: AsyncEngine) -> None:
    """Let nothing of what was replaced stay in the database's files: their free pages, old row versions and logs."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as link:
        if engine.dialect.name != "sqlite":
            await link.execute(text("VACUUM FULL"))
            return
        there = await link.run_sync(lambda sync: inspect(sync).get_table_names())
        for name in there:
            if name.endswith("_fts"):
                await link.execute(text(f"INSERT INTO {name} ({name}) VALUES ('optimize')"))  # noqa: S608 - of our own
        await link.execute(text("VACUUM"))
        await link.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

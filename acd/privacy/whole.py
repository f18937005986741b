"""All that is kept of one person: gathered to be handed to him, or erased everywhere."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.privacy.cards import cards_of, erase_told
from acd.privacy.contacts import erase_contacts
from acd.privacy.person import Person
from acd.privacy.tables import Progress, erase, forget_deleted, rows_of, tables_of
from acd.records_file import check_records_file
from config.model import Config
from metrics.errors import RecordsUnusable
from metrics.records.database import open_engine
from metrics.records.tables import calls, recordings, voice_messages

_KEPT: Final = 900
"""Names in one question: SQLite takes a limited number of parameters."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept of a person."""

    tables: Mapping[str, list[Mapping[str, Any]]]
    """Rows by table, of those that have any."""
    recordings: tuple[str, ...]
    """Names of the recordings of his talks that are not destroyed yet."""

    @property
    def messages(self) -> tuple[str, ...]:
        """Calls in which he left a voice message whose sound is not destroyed yet."""
        left = self.tables.get(voice_messages.name, ())
        return tuple(row["call"] for row in left if row["destroyed_at"] is None)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.tables.values()))


async def find(config: Config, person: Person, progress: Progress) -> Found:
    """Return everything that is kept of a person. `progress` is told each table's name before it is read.

    Raises:
        RecordsUnusable: The database cannot be read.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    async with _engine(config) as engine:
        for table in await tables_of(engine):
            progress(table.name)
            async with engine.connect() as link:
                rows = [row async for row in rows_of(link, table, person)]
            if rows:
                found[table.name] = rows
        return Found(found, await _recordings(engine, [row["call"] for row in found.get(calls.name, ())]))


async def forget(config: Config, person: Person, progress: Progress) -> Mapping[str, int]:
    """Erase a person from every table; return how many rows of each were changed. Recordings are not looked at.

    Raises:
        RecordsUnusable: The database cannot be read or written; what was done is done, and may be done again.
    """
    changed: dict[str, int] = {}
    async with _engine(config) as engine:
        tables = await tables_of(engine)
        if any(table.name == "journal_card" for table in tables):
            async with engine.connect() as link:
                his = await cards_of(link, person)
            await erase_told(engine, his, person)
            changed["journal_card"] = len(his)
        if any(table.name == "campaign_contacts" for table in tables):
            await erase_contacts(engine, person)
        for table in tables:
            progress(table.name)
            count = await erase(engine, table, person)
            if count:
                changed[table.name] = changed.get(table.name, 0) + count
        progress("vacuum")
        await forget_deleted(engine)
    return {name: count for name, count in changed.items() if count}


async def _recordings(engine: AsyncEngine, of_calls: Sequence[str]) -> tuple[str, ...]:
    return await _of_those(engine, recordings.c.recording, recordings.c.call, of_calls)


async def recording_paths(engine: AsyncEngine, names: Sequence[str]) -> tuple[str, ...]:
    """Return where the files of these recordings lie, below the folder of recordings."""
    return await _of_those(engine, recordings.c.path, recordings.c.recording, names)


async def _of_those(
    engine: AsyncEngine, wanted: Column[Any], by: Column[Any], values: Sequence[str]
) -> tuple[str, ...]:
    """Return a column of the recordings that are not destroyed, of those that have one of the values in another."""
    found: list[str] = []
    async with engine.connect() as link:
        for first in range(0, len(values), _KEPT):
            query = select(wanted).where(by.in_(values[first : first + _KEPT]), recordings.c.destroyed_at.is_(None))
            found += (await link.execute(query)).scalars()
    return tuple(sorted(found))


@asynccontextmanager
async def _engine(config: Config) -> AsyncIterator[AsyncEngine]:
    check_records_file(config.database.url, must_exist=True)
    engine = open_engine(config.database.url)
    try:
        yield engine
    except (SQLAlchemyError, OSError) as fault:
        raise RecordsUnusable(engine.url.render_as_string(hide_password=True), str(fault).partition("\n")[0]) from fault
    finally:
        await engine.dispose()

"""The schema goes up and down, and what the steps make is what the program expects."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from metrics.errors import RecordsUnusable
from metrics.records.database import async_url, downgrade, open_engine, upgrade
from metrics.records.tables import metadata


async def _over(url: str, look: Callable[[Connection], object]) -> object:
    engine = open_engine(url)
    async with engine.connect() as connection:
        seen = await connection.run_sync(look)
    await engine.dispose()
    return seen


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


@pytest.fixture
def up(url: str) -> str:
    """A database with the newest schema."""
    upgrade(url)
    return url


async def test_the_newest_schema_is_the_one_in_tables_py(up: str) -> None:
    """Alembic finds no difference between the migrated database and the tables of the program."""
    assert await _over(up, _differences) == []


def test_up_twice_is_up(up: str) -> None:
    """An upgrade of what is up to date changes nothing."""
    upgrade(up)


@pytest.fixture
def down(up: str) -> str:
    """A database that was taken up and down again."""
    downgrade(up)
    return up


async def test_down_leaves_nothing_but_alembics_own_table(down: str) -> None:
    """Every step takes back what it made."""
    assert await _over(down, _tables) == {"alembic_version"}


@pytest.mark.parametrize("wrong", ["", "mysql://host/db", "no url", "oracle://x"])
def test_a_url_that_is_none_of_ours_is_refused_with_words(wrong: str) -> None:
    """The error says what is wrong and shows no password."""
    with pytest.raises(RecordsUnusable):
        async_url(wrong)


def test_a_schema_from_the_future_is_refused(sqlite_url: str) -> None:
    """A revision that this program does not know is an error in words, not a guess."""
    with pytest.raises(RecordsUnusable, match="9999"):
        upgrade(sqlite_url, "9999")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A path that cannot be is reported with its URL."""
    with pytest.raises(RecordsUnusable, match="folder"):
        open_engine(f"sqlite:///{tmp_path / 'no' / 'records.db'}")

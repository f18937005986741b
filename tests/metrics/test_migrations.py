"""The schema goes up and down, and what the steps make is what the program expects."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from metrics.errors import RecordsUnusable
from metrics.records import migrating
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


ENTERED = threading.Event()
"""A step of `made_slowly` is under way."""
MAY_END = threading.Event()
ENV = """
from sqlalchemy import MetaData
from metrics.records.migrating import run
run(MetaData())
"""
STEP = """
from alembic import op
import sqlalchemy as sa
from tests.metrics import test_migrations as test
revision, down_revision, branch_labels, depends_on = "1", None, None, None

def upgrade():
    {wait}
    op.create_table("{table}", sa.Column("id", sa.Integer(), primary_key=True))
"""


def _schema(folder: Path, table: str, wait: str = "pass") -> Path:
    """Write the migrations of a schema of one table."""
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV, encoding="ascii")
    (folder / "versions" / "r1.py").write_text(STEP.format(table=table, wait=wait), encoding="ascii")
    return folder


async def test_two_schemas_are_made_at_once(tmp_path: Path) -> None:
    """Each gets its own table in its own database, though Alembic knows but one migration of a process."""
    ENTERED.clear()
    MAY_END.clear()
    slow = _schema(tmp_path / "slow", "made_slowly", "test.ENTERED.set(); assert test.MAY_END.wait(60)")
    quick = _schema(tmp_path / "quick", "made_quickly")
    urls = {name: f"sqlite:///{tmp_path}/{name}.db" for name in ("slow", "quick")}

    async def make(name: str, scripts: Path) -> None:
        await asyncio.to_thread(migrating.migrate, open_engine(urls[name]), scripts, "head", up=True)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(make("slow", slow))
        assert await asyncio.to_thread(ENTERED.wait, 60)
        second = tasks.create_task(make("quick", quick))
        await asyncio.wait([second], timeout=0.3)  # long enough for it to get in the way of the first, if it can
        MAY_END.set()
    for name, table in (("slow", "made_slowly"), ("quick", "made_quickly")):
        assert await _over(urls[name], _tables) == {"alembic_version", table}


def test_migration_that_does_not_end_is_not_waited_for_without_end(sqlite_url: str, monkeypatch) -> None:
    """Whoever wants one meanwhile is told so, and asks again."""
    monkeypatch.setattr(migrating, "ALONE_WITHIN_S", 0.0)
    with migrating.alone, pytest.raises(RecordsUnusable, match="another migration"):
        upgrade(sqlite_url)

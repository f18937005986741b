"""A journal on each of the two databases."""

import asyncio
from zoneinfo import ZoneInfo

import pytest

from acd.journal.cards import Rules
from acd.journal.profiles import PROFILES
from acd.journal.store.database import open_journal, upgrade
from config.production_calendar import ProductionCalendar
from config.worktime import WorkTime
from tests.journal.browser import chromedriver


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.sqlite'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def engine(migrated_url):
    """A database with the journal's schema, disposed of afterwards."""
    engine = open_journal(migrated_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def migrated_url(database_url):
    """The address of a database with the journal's schema."""
    upgrade(database_url)
    return database_url


@pytest.fixture
async def sqlite(tmp_path):
    """A journal's SQLite database, for what the database makes no difference to."""
    url = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    await asyncio.to_thread(upgrade, url)
    engine = open_journal(url)
    yield engine
    await engine.dispose()


def rules_of(profile):
    """Return the rules of a profile by the plain production calendar."""
    found = PROFILES[profile]
    return Rules(found, WorkTime(ProductionCalendar(), found.schedule, ZoneInfo(found.zone)))


@pytest.fixture
async def site(sqlite):
    """A desk with a login per role."""
    from tests.journal.website import site_on  # noqa: PLC0415 - it takes the rules of a profile from here

    return await site_on(sqlite)


@pytest.fixture(scope="module")
def driver():
    """A chromedriver for the module."""
    with chromedriver() as address:
        yield address

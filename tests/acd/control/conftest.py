"""Databases for what the control API keeps."""

from collections.abc import AsyncIterator

import pytest

from acd.control.store.database import ControlDatabase


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path) -> str:
    """Return the URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/acd.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def database(url: str) -> AsyncIterator[ControlDatabase]:
    """Return the control API's part of it."""
    database = ControlDatabase(url)
    yield database
    await database.close()

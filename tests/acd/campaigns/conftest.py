"""A stage whose records are there, for call lists."""

import asyncio

import pytest

from metrics.records.database import upgrade
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentLoggedIn
from tests.acd.stage import Stage, write_site


@pytest.fixture
async def stage(tmp_path):
    """Return a stage with two operators who are ready."""
    made = Stage(write_site(tmp_path))
    await asyncio.to_thread(upgrade, made.config.database.url)
    for number in ("101", "102"):
        made.post(AgentLoggedIn(AgentId(number), "test"))
    yield made
    await made.records.dispose()

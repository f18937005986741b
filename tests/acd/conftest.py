"""What the application's tests share."""

from pathlib import Path

import pytest

from tests.acd.stage import Stage, write_site


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    """A small centre with one line and two operators, nobody logged in, nobody calling."""
    return Stage(write_site(tmp_path))

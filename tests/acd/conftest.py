"""What the application's tests share."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acd.stage import Stage, write_site


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A small centre with one line and two operators, nobody logged in, nobody calling."""
    made = Stage(write_site(tmp_path))
    yield made
    await made.records.dispose()


@pytest.fixture
def unused_tcp_port_at() -> Callable[[str], int]:
    """Return a port of an address of this machine's own that nobody listens on."""

    def find(host: str) -> int:
        with socket.socket() as probe:
            probe.bind((host, 0))
            return probe.getsockname()[1]

    return find


@pytest.fixture
def in_thread() -> Callable[..., Awaitable[Any]]:
    """Return a way to call what must not be called inside the running loop."""
    return asyncio.to_thread

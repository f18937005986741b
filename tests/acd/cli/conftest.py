"""A stage that answers, and the command line on it, in this process."""

import asyncio

import pytest

from acd.cli.main import run
from acd.control.app import control_app
from acd.control.server import ControlServer
from tests.acd.stage import HOST, Stage, write_site


@pytest.fixture
async def centre(tmp_path, unused_tcp_port_at):
    """Return a stage that answers at the address of its configuration."""
    stage = Stage(write_site(tmp_path, port=unused_tcp_port_at(HOST)))
    server = ControlServer(control_app(stage, stage.config), HOST, stage.config.control.listen.port)
    await server.start()
    yield stage
    await server.close()
    await stage.records.dispose()


@pytest.fixture
def acd(capsys):
    """Run a command on a stage's configuration; return exit code, output and complaints."""

    async def call(stage: Stage, *arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, ["--config", str(stage.config_path), *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call

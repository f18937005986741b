"""The live screen in a real terminal: `acd top` as a process of its own inside tmux, against a real control API."""

import asyncio
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
import pytest

from acd.control.access import Identity, Role
from acd.control.app import build_app
from acd.control.server import ControlServer
from queue_engine.facts import AgentState
from tests.acd.stage import HOST, Stage, Tokens, write_site

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


async def tmux(name: str, *arguments: str) -> str:
    """Run a command of a tmux server of our own and return what it says."""
    process = await asyncio.create_subprocess_exec("tmux", "-L", name, *arguments, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    return told.decode()


class Terminal:
    """A terminal of 80x24 that tells when something was written to it."""

    def __init__(self, name: str, notices: asyncio.StreamReader) -> None:
        self.name = name
        self._notices = notices

    async def until(self, true: Callable[[str], bool]) -> str:
        """Return the screen as soon as it is so."""
        while not true(shown := await tmux(self.name, "capture-pane", "-p", "-t", "top")):
            assert await self._notices.readline(), f"the terminal has ended:\n{shown}"
        return shown

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await tmux(self.name, "send-keys", "-t", "top", *keys)


@asynccontextmanager
async def terminal(*command: str) -> AsyncIterator[Terminal]:
    """Open a terminal of 80x24 with a command in it."""
    name = f"acd-{uuid.uuid4().hex[:8]}"
    await tmux(name, "-f", "/dev/null", "new-session", "-d", "-s", "top", "-x", "80", "-y", "24", "env", *command)
    watcher = await asyncio.create_subprocess_exec(
        "tmux", "-L", name, "-C", "attach", "-f", "ignore-size", "-t", "top",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert watcher.stdout is not None
        yield Terminal(name, watcher.stdout)
    finally:
        await tmux(name, "kill-server")
        await watcher.communicate()


@asynccontextmanager
async def daemon(tmp_path, port: int) -> AsyncIterator[tuple[Stage, tuple[str, ...]]]:
    """Serve a stage; return it and the command that looks at it."""
    stage, tokens = Stage(write_site(tmp_path, port=port)), Tokens()
    token = tokens.make(Identity("chief", Role.SUPERVISOR))
    server = ControlServer(build_app(stage, tokens), HOST, port)
    await server.start()
    command = (sys.executable, "-m", "acd", "--lang", "ru", "--config", str(stage.config_path), "top")
    try:
        yield stage, (f"ACD_TOKEN={token}", "LC_ALL=C.UTF-8", "TERM=xterm-256color", *command)
    finally:
        await server.close()


async def test_screen_lives_in_a_terminal(tmp_path, unused_tcp_port_at):
    """The whole screen stands in 80x24, follows what happens, obeys a supervisor's keys and leaves by q."""
    async with daemon(tmp_path, unused_tcp_port_at(HOST)) as (stage, command), terminal(*command) as shown:
        await shown.until(lambda text: "Анна [101]" in text)
        stage.log_in()
        stage.call()
        text = await shown.until(lambda text: "+79271234567" in text and "Выход" in text)
        assert "Сцена" in text
        assert all(len(line) <= 80 for line in text.splitlines())
        stage.answer()
        await shown.until(lambda text: "говор" in text)
        await shown.press("o")
        await shown.until(lambda text: "Вывести из линии: Анна [101]?" in text)
        await shown.press("y")
        await shown.until(lambda text: "Выполнено" in text)
        assert next(a for a in stage.snapshot().agents if a.agent == "101").state is AgentState.TALKING
        await shown.press("q")
        await asyncio.wait_for(shown._notices.read(), 20)


@pytest.mark.parametrize("option", ["--once", "--json"])
async def test_scripts_get_it_once(tmp_path, unused_tcp_port_at, option):
    """Without a terminal: plain lines, or one JSON object, and the end."""
    async with daemon(tmp_path, unused_tcp_port_at(HOST)) as (stage, command):
        stage.log_in()
        stage.call()
        process = await asyncio.create_subprocess_exec("env", *command, option, stdout=asyncio.subprocess.PIPE)
        told, _ = await process.communicate()
        assert process.returncode == 0
        if option == "--json":
            assert orjson.loads(told)["calls"][0]["state"] == "ringing"
        else:
            assert "Анна [101]" in told.decode()
            assert "+79271234567" in told.decode()

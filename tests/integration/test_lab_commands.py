"""`acd demo` and `acd lab run` as a newcomer starts them: as processes."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from acd.lab.addresses import HeldSlice
from acd.lab.asterisk import PROJECT
from acd.lab.process import LabProcess, until
from acd.lab.sipp import bound
from acd.lab.site import TELEPHONE_SECRET, Place, Site

pytestmark = pytest.mark.asterisk


@asynccontextmanager
async def acd(program, folder, *arguments):
    """Start the command line with the Asterisk that is tried."""
    argv = [sys.executable, "-m", "acd", "--lang", "en", *arguments]
    env = os.environ | {"PYTHONPATH": str(PROJECT)}
    if program.root is not None:
        env["ASTERISK_ROOT"] = str(program.root)
    async with await LabProcess.start("acd", argv, folder / "acd.log", env=env, cwd=PROJECT) as process:
        yield process


async def test_demonstration_accounts_for_every_call(program, tmp_path):
    """A short demonstration off a terminal: progress, the table of indicators, the comparison, exit status 0."""
    arguments = ["demo", "--operators", "4", "--callers", "12", "--seconds", "5"]
    async with acd(program, tmp_path, *arguments) as demo:
        status = await demo.wait(100)
    text = demo.text()
    assert status == 0, text
    assert "12 callers dial line 122" in text
    assert "K1" in text
    assert "K7" in text
    assert "Every call is accounted for" in text
    assert "\x1b" not in text


@pytest.fixture
def ctrl_c():
    """Let what is started hear it, also where we were started with the signal ignored, as a shell does with `&`."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
async def test_interrupted_demonstration_stops_everything(program, tmp_path):
    """Ctrl-C in the middle leaves no process and exits with 130."""
    arguments = ["demo", "--operators", "2", "--callers", "50", "--seconds", "60"]
    async with acd(program, tmp_path, *arguments) as demo:
        await until(lambda: "50 callers dial" in demo.text() or not demo.running)
        async with asyncio.timeout(40):  # it says so before the callers' own process is there
            while len(children := await _children(demo.pid)) < 4:
                pass
        demo.send(signal.SIGINT)
        assert await demo.wait(40) == 130, demo.text()
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110, ASYNC240  # a look, no file


async def test_standing_centre_says_how_to_reach_it(program, tmp_path):
    """With a configuration of one's own the centre stands at its addresses, and SIGTERM ends it with all it started."""
    with HeldSlice.take() as held:
        place = Place.on(held.slice, registering=True)
        config = tmp_path / "acd.toml"
        config.write_text(Site(operators=2, registering=True).toml(place, tmp_path))
        async with acd(program, tmp_path, "lab", "run", "--config", str(config)) as standing:
            await until(lambda: "Ctrl-C" in standing.text() or not standing.running)
            text = standing.text()
            assert str(held.slice.asterisk) in text
            assert "op101" in text
            assert TELEPHONE_SECRET in text
            assert bound(held.slice.asterisk)
            async with acd(program, tmp_path / "second", "lab", "run", "--config", str(config)) as second:
                assert await second.wait(30) == 2
            assert "is taken by another program" in second.text()
            standing.send(signal.SIGTERM)
            assert await standing.wait(40) == 0, standing.text()
        assert not bound(held.slice.asterisk)


async def _children(pid):
    """Return the pids of a process's children: sessions of their own, so that they are found by parent alone."""
    look = await asyncio.create_subprocess_exec("ps", "-o", "pid=", "--ppid", str(pid), stdout=asyncio.subprocess.PIPE)
    output, _ = await look.communicate()
    return [int(word) for word in output.split()]

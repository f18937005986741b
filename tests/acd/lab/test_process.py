"""Processes of the lab: real ones."""

import signal
import socket
import sys

import pytest

from acd.lab.errors import ProcessFailed, ProgramMissing
from acd.lab.process import LabProcess, find_program, until
from acd.lab.sipp import Endpoint, Step, bound, read_steps

SAYS_AND_WAITS = "import signal,sys;print('ready',flush=True);signal.pause()"
DEAF_TO_TERM = "import signal;signal.signal(15,signal.SIG_IGN);print('ready',flush=True)\nwhile 1: signal.pause()"


async def started(tmp_path, code):
    """Start a Python process and wait until it says that it is ready."""
    process = await LabProcess.start("child", [sys.executable, "-c", code], tmp_path / "out.log")
    await until(lambda: "ready" in process.text() or not process.running)
    return process


async def test_stop_is_orderly_and_told_by_status(tmp_path):
    """SIGTERM ends a process, whose status names the signal; a second stop does nothing."""
    process = await started(tmp_path, SAYS_AND_WAITS)
    assert process.running
    assert await process.stop() == -signal.SIGTERM
    assert not process.running
    assert await process.stop() == -signal.SIGTERM


async def test_stop_kills_what_does_not_listen(tmp_path):
    """A process that ignores SIGTERM is killed when its time is over."""
    process = await started(tmp_path, DEAF_TO_TERM)
    assert await process.stop(limit_s=0.05) == -signal.SIGKILL


async def test_frozen_process_can_be_stopped(tmp_path):
    """SIGSTOP keeps no process from being ended."""
    process = await started(tmp_path, SAYS_AND_WAITS)
    process.sigstop()
    assert await process.stop() == -signal.SIGTERM


async def test_wait_has_a_limit(tmp_path):
    """Waiting for a process that does not end raises with its name, and leaves it running."""
    async with await started(tmp_path, SAYS_AND_WAITS) as process:
        with pytest.raises(ProcessFailed, match="child: still runs"):
            await process.wait(0.01)
        assert process.running
    assert not process.running


async def test_exit_status_and_output_are_kept(tmp_path):
    """The status is the program's own, the output what it wrote to both streams."""
    code = "import sys;print('out');sys.stdout.flush();print('err',file=sys.stderr);sys.exit(7)"
    process = await LabProcess.start("child", [sys.executable, "-c", code], tmp_path / "out.log")
    assert await process.wait(30) == 7
    assert process.text().split() == ["out", "err"]


async def test_cpu_time_is_counted(tmp_path):
    """CPU time of a process that works is more than nothing."""
    busy = "import signal\nfor i in range(3_000_000): pass\nprint('ready',flush=True);signal.pause()"
    async with await started(tmp_path, busy) as process:
        assert process.cpu_s > 0


def test_missing_program_names_the_remedy():
    """What is not installed is told with what to do about it."""
    with pytest.raises(ProgramMissing, match="no-such-program-at-all was not found: run this"):
        find_program("no-such-program-at-all", "run this")


def test_bound_sees_udp_sockets():
    """A UDP endpoint is seen as bound exactly while somebody has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.63.77.9", 0))
        endpoint = Endpoint("127.63.77.9", holder.getsockname()[1])
        assert bound(endpoint)
    assert not bound(endpoint)


def test_steps_are_read_line_by_line(tmp_path):
    """Only whole lines count: SIPp may be writing the last one."""
    path = tmp_path / "steps.log"
    assert read_steps(path) == []
    path.write_text("placed;7900;1@h\nserved;7900;1@h\nplaced;79")
    assert read_steps(path) == [Step("placed", "7900", "1@h"), Step("served", "7900", "1@h")]

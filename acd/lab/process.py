"""One process that the lab started: its end by pid and nothing else, its CPU time, its output.

Every process dies with the lab, also when the lab is killed with SIGKILL: `setpriv --pdeathsig` asks the kernel for it.
Each has a session of its own, so that Ctrl-C at the terminal reaches the lab alone, which then ends them in order.
"""

import asyncio
import contextlib
import os
import select
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from acd.lab.errors import ProcessFailed, ProgramMissing

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def find_program(name: str, remedy: str) -> str:
    """Return the path of a program, also of one that lives where an ordinary user's PATH does not look.

    Raises:
        ProgramMissing: It is not installed.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN])
    found = shutil.which(name, path=path)
    if found is None:
        raise ProgramMissing(name, remedy)
    return found


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process with all its threads, in seconds (utime + stime of proc(5) stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


async def until(condition: Callable[[], bool], every_s: float = 0.02) -> None:
    """Wait until `condition` is true; for what no event tells of, such as a file that another program makes."""
    while not condition():  # noqa: ASYNC110  # that is what this function is for
        await asyncio.sleep(every_s)


class _Adopted:
    """A process that is not our child, by the part of `asyncio.subprocess.Process` that the lab uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        self._gone = False

    @property
    def returncode(self) -> int | None:
        """0 once it has ended: with what status, only its parent could tell."""
        if not self._gone and select.select([self._handle], [], [], 0)[0]:
            self._gone = True
            os.close(self._handle)
        return 0 if self._gone else None

    async def wait(self) -> int:
        """Wait for its end."""
        await until(lambda: self.returncode is not None)
        return 0


class LabProcess:
    """A process of the lab."""

    def __init__(self, name: str, process: "asyncio.subprocess.Process | _Adopted", output: Path) -> None:
        self.name = name
        self.output = output
        self._process = process
        # Signals go by this handle. By pid they could meet a stranger, and asyncio's own way (Popen.send_signal) may
        # take the exit status away from the loop, which then reports 255 (tried).
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):
            self._handle = os.pidfd_open(process.pid)

    @classmethod
    async def start(
        cls,
        name: str,
        argv: Sequence[str],
        output: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Self:
        """Start `argv` with no standard input and its output appended to a file."""
        setpriv = find_program("setpriv", "install the package util-linux")
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                setpriv,
                "--pdeathsig",
                "KILL",
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **env} if env is not None else None,
                cwd=cwd,
            )
        return cls(name, process, output)

    @classmethod
    def adopt(cls, name: str, pid: int, output: Path) -> Self:
        """Take a process that one of ours has started for one of ours, with the file that it writes to.

        Raises:
            ProcessLookupError: There is none of this id.
        """
        return cls(name, _Adopted(pid), output)

    @property
    def pid(self) -> int:
        """The process id; exec keeps it, so it is the program's own."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status; negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    @property
    def cpu_s(self) -> float:
        """CPU time so far, in seconds."""
        return cpu_s(self.pid)

    def text(self) -> str:
        """Return what it has written so far."""
        return self.output.read_text(encoding="utf-8", errors="replace") if self.output.exists() else ""

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        if self.running and self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    async def _ended(self) -> int:
        status = await self._process.wait()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        return status

    async def wait(self, limit_s: float | None = None) -> int:
        """Wait for its end and return the exit status.

        Raises:
            ProcessFailed: It still runs after `limit_s`.
        """
        try:
            async with asyncio.timeout(limit_s):
                return await self._ended()
        except TimeoutError:
            raise ProcessFailed(self.name, f"still runs after {limit_s} s", self.text()) from None

    async def stop(self, number: signal.Signals = signal.SIGTERM, limit_s: float = 10.0) -> int:
        """Ask it to end, and kill it when it does not within `limit_s`. A stopped process is woken for it."""
        self.send(number)
        self.send(signal.SIGCONT)
        try:
            async with asyncio.timeout(limit_s):
                return await self._ended()
        except TimeoutError:
            return await self.kill9()

    async def kill9(self) -> int:
        """Kill it as a crash would."""
        self.send(signal.SIGKILL)
        return await self._ended()

    def sigstop(self) -> None:
        """Freeze it: its connections stay open and silent."""
        self.send(signal.SIGSTOP)

    def sigcont(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

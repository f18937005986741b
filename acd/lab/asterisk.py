"""A real Asterisk of the lab's own: where the program is found, and the life of one instance.

Several instances run side by side, since each has folders of its own for its configuration, sockets, database and
logs. An Asterisk that the lab did not start is never spoken to: everything here goes by the child's own pid and socket.

A root folder (see scripts/setup-asterisk) is entered by `chroot` in a mount namespace of the process's own. The mounts
are therefore gone when the process is, however it ends, and nobody else ever sees them.
"""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from acd.lab.errors import ProcessFailed, ProgramMissing, UnusableHome
from acd.lab.process import LabProcess, find_program, until
from config.telephony import Directories

PROJECT: Final = Path(__file__).resolve().parents[2]
BOOT_LIMIT_S: Final = 60.0
KEPT_BY_ROOT: Final = frozenset({"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "sbin", "sys", "usr", "var"})
"""Top-level folders of a root folder that an instance's own folder may not hide."""

ENTER_ROOT: Final = """
set -e
mount --make-rprivate /
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "/$2" "$1/$2"
for name in hosts resolv.conf; do [ -e "$1/etc/$name" ] || : >"$1/etc/$name"; done
if [ -e /etc/hosts ]; then mount --bind /etc/hosts "$1/etc/hosts"; fi
mount --bind /dev/null "$1/etc/resolv.conf"
root=$1
shift 2
exec setpriv --pdeathsig KILL chroot "$root" "$@"
"""
"""An empty resolv.conf: a name look-up that gets no answer stalls Asterisk for 5 s (tried)."""


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """An Asterisk that can be started: installed on the machine, or in a root folder."""

    root: Path | None
    """None when it is installed on the machine."""

    def argv(self, home: Path, *arguments: str) -> list[str]:
        """Return the command line that runs `asterisk` with `home` visible to it under its own path.

        Raises:
            ProgramMissing: A system tool is not installed.
            UnusableHome: `home` is in a place that the root folder needs for itself.
        """
        if self.root is None:
            return [find_program("asterisk", "run scripts/setup-asterisk"), *arguments]
        top = home.resolve().parts[1]
        if top in KEPT_BY_ROOT:
            raise UnusableHome(str(home))
        try:
            (self.root / top).mkdir(exist_ok=True)
        except PermissionError:
            raise UnusableHome(str(home)) from None
        namespace = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-root-user"]
        unshare = find_program("unshare", "install the package util-linux")
        shell = [unshare, *namespace, "sh", "-c", ENTER_ROOT, "sh", str(self.root), top]
        return [*shell, "/usr/sbin/asterisk", *arguments]

    def fixed_directories(self) -> dict[str, str]:
        """Return the entries of `[directories]` in asterisk.conf that belong to the installation."""
        base = self.root or Path("/")
        modules = sorted(base.glob("usr/lib/*/asterisk/modules")) or [base / "usr/lib/asterisk/modules"]
        return {
            "astmoddir": "/" + str(modules[0].relative_to(base)),
            "astvarlibdir": "/var/lib/asterisk",
            "astdatadir": "/usr/share/asterisk",
            "astagidir": "/usr/share/asterisk/agi-bin",
            "astkeydir": "/var/lib/asterisk",
            "astsbindir": "/usr/sbin",
        }


def find_asterisk(root: Path | None = None, suite: str | None = None) -> AsteriskProgram:
    """Return the Asterisk to use: `root`, the root folder of `suite`, the installed one, the root folder of sid.

    The environment's ASTERISK_ROOT and ASTERISK_SUITE stand for arguments that are not given.

    Raises:
        ProgramMissing: There is none.
    """
    if root is None and suite is None:
        named = os.environ.get("ASTERISK_ROOT")
        root = Path(named) if named else None
        suite = os.environ.get("ASTERISK_SUITE") or None
    if root is None and suite is None:
        try:
            find_program("asterisk", "")
        except ProgramMissing:
            suite = "sid"
        else:
            return AsteriskProgram(None)
    folder = (root or PROJECT / ".cache" / f"asterisk-{suite}").resolve()
    if not (folder / "usr/sbin/asterisk").exists():
        raise ProgramMissing("Asterisk", f"run scripts/setup-asterisk {suite or ''}".rstrip())
    return AsteriskProgram(folder)


class LabAsterisk:
    """One instance, with its configuration in `home`/etc: the caller writes it there before `start`."""

    def __init__(self, program: AsteriskProgram, home: Path) -> None:
        self.program = program
        self.home = home.resolve()
        self.etc = self.home / "etc"
        self.log = self.home / "log"
        self.output = self.home / "asterisk.out"
        """What it writes to its standard output, over all starts."""
        self.env: dict[str, str] = {}
        """What it finds in its environment beside our own."""
        self._process: LabProcess | None = None

    def directories(self) -> dict[str, str]:
        """Return all of `[directories]` in asterisk.conf: without one of them paths fall back to the system's."""
        own = {
            "astetcdir": self.etc,
            "astrundir": self.home / "run",
            "astlogdir": self.log,
            "astspooldir": self.home / "spool",
            "astdbdir": self.home / "db",
            "astcachedir": self.home / "cache",
        }
        return self.program.fixed_directories() | {key: str(path) for key, path in own.items()}

    def configured(self) -> Directories:
        """Return the same as a site's configuration says it, and make those that Asterisk writes into."""
        names = {"config": "astetcdir", "modules": "astmoddir", "cache": "astcachedir", "var": "astvarlibdir"}
        names |= {"db": "astdbdir", "keys": "astkeydir", "data": "astdatadir", "agi": "astagidir"}
        names |= {"spool": "astspooldir", "run": "astrundir", "log": "astlogdir", "sbin": "astsbindir"}
        folders = self.directories()
        for name in ("config", "cache", "db", "spool", "run", "log"):
            Path(folders[names[name]]).mkdir(parents=True, exist_ok=True)
        return Directories.model_validate({name: folders[key] for name, key in names.items()})

    def write_asterisk_conf(self, options: str = "") -> None:
        """Write `asterisk.conf` with the folders of this instance, and make those folders."""
        entries = self.directories()
        for key in ("astetcdir", "astrundir", "astlogdir", "astspooldir", "astdbdir", "astcachedir"):
            Path(entries[key]).mkdir(parents=True, exist_ok=True)
        lines = [f"{key} => {value}" for key, value in entries.items()]
        text = "\n".join(["[directories]", *lines, "", "[options]", "nocolor = yes", options, ""])
        (self.etc / "asterisk.conf").write_text(text, encoding="utf-8")

    def text(self) -> str:
        """Return what it has written to its standard output so far."""
        return self.output.read_text(encoding="utf-8", errors="replace") if self.output.exists() else ""

    @property
    def process(self) -> LabProcess:
        """The running process.

        Raises:
            ProcessFailed: It was not started.
        """
        if self._process is None:
            raise ProcessFailed("asterisk", "was not started")
        return self._process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def cpu_s(self) -> float:
        """CPU time so far, in seconds, of all its threads."""
        return self.process.cpu_s

    async def start(self) -> None:
        """Start it and wait until it is fully booted.

        Raises:
            ProcessFailed: It ended, or was not up within a minute.
        """
        control = self.home / "run" / "asterisk.ctl"
        control.unlink(missing_ok=True)
        argv = self.program.argv(self.home, "-f", "-C", str(self.etc / "asterisk.conf"))
        self._process = await LabProcess.start("asterisk", argv, self.output, env=self.env, cwd=Path("/"))
        try:
            async with asyncio.timeout(BOOT_LIMIT_S):
                booted = await self._wait_for_boot(self._process, control)
        except TimeoutError:
            booted = False
        except BaseException:
            await self._process.kill9()
            raise
        if not booted:
            reason = f"was not up within {BOOT_LIMIT_S:.0f} s" if self._process.running else "ended while it started"
            text = self._process.text()
            await self._process.kill9()
            raise ProcessFailed("asterisk", reason, text)

    async def _wait_for_boot(self, process: LabProcess, control: Path) -> bool:
        await until(lambda: control.exists() or not process.running)
        while process.running:
            if "fully booted" in await self._rx("core waitfullybooted"):
                return True
            await asyncio.sleep(0.05)
        return False

    async def stop(self) -> None:
        """End it in an orderly way; does nothing when it does not run."""
        if self._process is not None:
            await self._process.stop(signal.SIGTERM, limit_s=15.0)

    async def kill9(self) -> None:
        """Kill it as a crash would."""
        await self.process.kill9()

    async def restart(self) -> None:
        """Stop it and start it again with the configuration that is there now."""
        await self.stop()
        await self.start()

    def sigstop(self) -> None:
        """Freeze it: its connections stay open and silent."""
        self.process.sigstop()

    def sigcont(self) -> None:
        """Let it go on."""
        self.process.sigcont()

    async def rx(self, command: str) -> str:
        """Return what a command of Asterisk's console prints.

        Raises:
            ProcessFailed: Asterisk does not run.
        """
        if not self.process.running:
            raise ProcessFailed("asterisk", "does not run", self.process.text())
        return await self._rx(command)

    async def _rx(self, command: str) -> str:
        argv = self.program.argv(self.home, "-C", str(self.etc / "asterisk.conf"), "-rx", command)
        console = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )
        try:
            output, _ = await console.communicate()
        finally:
            if console.returncode is None:
                console.kill()
                await console.wait()
        return output.decode("utf-8", errors="replace")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

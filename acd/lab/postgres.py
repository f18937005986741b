"""A PostgreSQL server of the lab's own, on loopback, in a folder of its own: it can be stopped, killed and started."""

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from acd.lab.errors import ProcessFailed, ProgramMissing
from acd.lab.process import LabProcess
from acd.lab.sipp import Endpoint

PROGRAMS: Final = Path("/usr/lib/postgresql")
"""Debian keeps initdb and postgres out of PATH."""
START_LIMIT_S: Final = 30.0
DATABASE: Final = "acd"


def postgres_program(name: str) -> str | None:
    """Return the path of one of the server's programs, the newest that is installed."""
    versions = (path for path in PROGRAMS.glob(f"*/bin/{name}"))
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return str(newest) if newest else shutil.which(name)


def as_server_user() -> list[str]:
    """Return what to put before a command: the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "KILL"]


class LabPostgres:
    """One server with one empty database. Use it as an asynchronous context manager."""

    def __init__(self, at: Endpoint) -> None:
        """Make a server that will listen at a TCP endpoint; nothing is started yet."""
        self.at = at
        self.home = Path(tempfile.mkdtemp(prefix="acd-lab-pg-"))
        self._process: LabProcess | None = None

    def url(self, at: Endpoint | None = None) -> str:
        """Return the URL of the database, as seen through another endpoint if one is given."""
        return f"postgresql://postgres@{at or self.at}/{DATABASE}"

    async def start(self) -> None:
        """Start the server, and wait until it takes connections.

        Raises:
            ProgramMissing: PostgreSQL is not installed.
            ProcessFailed: It did not start.
        """
        postgres = _installed("postgres")
        settings = {
            "listen_addresses": self.at.address,
            "port": str(self.at.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "jit": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = [*as_server_user(), "env", "LC_ALL=C.UTF-8", postgres, "-D", str(self.home / "data"), *options]
        self._process = await LabProcess.start("postgresql", argv, self.home / "log", cwd=Path("/"))
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while not await self._answers():
                    if not self._process.running:
                        raise ProcessFailed("postgresql", "ended while it started", self._process.text())
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise ProcessFailed("postgresql", "was not up in time", self._process.text()) from None

    async def stop(self) -> None:
        """Stop it at once, as a crash does: connections break, what was committed stays."""
        if self._process is not None:
            await self._process.stop(signal.SIGQUIT, limit_s=15.0)

    async def run(self, *statements: str, database: str = DATABASE) -> None:
        """Run statements as the superuser, each in a transaction of its own.

        Raises:
            ProcessFailed: One was refused.
        """
        url = f"postgresql://postgres@{self.at}/{database}"
        commands = [part for statement in statements for part in ("-c", statement)]
        await _run([_installed("psql"), "-q", "-v", "ON_ERROR_STOP=1", url, *commands], self.home / "psql.log")

    async def read_only(self, wanted: bool) -> None:
        """Refuse every write of others, or take them again."""
        change = f"ALTER SYSTEM SET default_transaction_read_only = {'on' if wanted else 'off'}"
        await self.run("SET default_transaction_read_only = off", change, "SELECT pg_reload_conf()")

    async def _answers(self) -> bool:
        try:
            await self.run("SELECT 1", database="postgres")
        except ProcessFailed:
            return False
        return True

    async def __aenter__(self) -> Self:
        initdb = _installed("initdb")
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.home, user.pw_uid, user.pw_gid)
        new = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        try:
            await _run(
                [*as_server_user(), "env", "LC_ALL=C.UTF-8", initdb, "-D", str(self.home / "data"), *new],
                self.home / "initdb.log",
            )
            await self.start()
            await self.run(f"CREATE DATABASE {DATABASE}", database="postgres")
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


async def _run(argv: Sequence[str], output: Path) -> None:
    process = await LabProcess.start(Path(argv[0]).name, argv, output, cwd=Path("/"))
    status = await process.wait(60.0)
    if status != 0:
        raise ProcessFailed(Path(argv[0]).name, f"ended with status {status}", process.text())


def _installed(name: str) -> str:
    found = postgres_program(name)
    if found is None:
        raise ProgramMissing("PostgreSQL", "run scripts/setup-tests")
    return found

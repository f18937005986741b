"""A PostgreSQL cluster of the tests' own, on loopback, in a folder of its own, stopped when they end.

`tests/conftest.py` gives its fixtures to all: one cluster serves a whole session.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

HASTY = ("-c", "fsync=off")
"""For a server whose machine will not lose power."""
DURABLE = ("-c", "fsync=on")
"""For one whose speed is measured."""

_PROGRAMS = Path("/usr/lib/postgresql")  # Debian keeps initdb and pg_ctl out of PATH


class NotInstalled(Exception):
    """There is no PostgreSQL server on this machine."""


def postgres_is_installed() -> bool:
    """Tell whether a cluster of our own can be made."""
    return program("initdb") is not None


def program(name: str) -> str | None:
    """Return the path of one of the server's programs, the newest that is installed."""
    if found := shutil.which(name):
        return found
    return str(max(_PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), default="")) or None


class Cluster:
    """A PostgreSQL cluster, reached over 127.0.0.1, started and stopped at will."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        """Make it in an empty folder, and start it with further options of the server.

        Raises:
            NotInstalled: There is no PostgreSQL server on this machine.
        """
        self._folder = folder
        self._user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        self._options = options
        self._numbers = count(1)
        self.running = False
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        ours = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c jit=off"
        self._run("pg_ctl", "-D", "data", "-w", "-o", " ".join((ours, *self._options)), "-l", "log", "start")
        self.running = True

    def stop(self) -> None:
        """Kill the server as a power failure would: no last checkpoint."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")
        self.running = False

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """Return the address of a new, empty database."""
        name = f"fresh_{next(self._numbers)}"
        self.tell(f"CREATE DATABASE {name}")
        return self.url(name)

    def tell(self, statement: str) -> None:
        """Have the server carry a statement out."""
        self._run("psql", "-q", "-c", statement, self.url("postgres"))

    def _run(self, name: str, *arguments: str) -> None:
        path = program(name)
        if path is None:
            raise NotInstalled
        subprocess.run(
            [path, *arguments],
            cwd=self._folder,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def postgres_server(options: Sequence[str] = HASTY) -> Iterator[Cluster]:
    """Run a cluster for as long as the block runs, with further options of the server.

    Its folder is not below pytest's own: that is closed to others, and the server runs under a user of its own.

    Raises:
        NotInstalled: There is no PostgreSQL server on this machine.
    """
    folder = Path(tempfile.mkdtemp(prefix="acd-test-postgres-"))
    try:
        cluster = Cluster(folder, options)
        try:
            yield cluster
        finally:
            if cluster.running:
                cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A cluster for the session; skips where PostgreSQL is not installed."""
    if not postgres_is_installed():
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres_server() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """An empty database of the test's own."""
    url = postgres_cluster.fresh()
    yield url
    postgres_cluster.tell(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

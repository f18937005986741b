"""A PostgreSQL cluster of the tests' own, on loopback, in a folder of its own, stopped when they end.

Import the fixtures into the `conftest.py` of the folder that needs them:

    from tests.postgres import postgres_cluster, postgres_url  # noqa: F401 - fixtures are found by name
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

_numbers = count(1)
_PROGRAMS = (Path("/usr/lib/postgresql"),)  # Debian keeps initdb and pg_ctl out of PATH


@dataclass(frozen=True)
class Cluster:
    """A running server."""

    port: int

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


def program(name: str) -> str | None:
    """Return the path of one of the server's programs, the newest that is installed."""
    if found := shutil.which(name):
        return found
    versions = (path for root in _PROGRAMS for path in root.glob(f"*/bin/{name}"))
    return str(max(versions, key=lambda path: int(path.parts[-3]), default="")) or None


def as_server_user() -> list[str]:
    """Return what to put before a command: the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NotInstalled(Exception):
    """There is no PostgreSQL server on this machine."""


@contextmanager
def postgres_server(options: Sequence[str] = ()) -> Iterator[Cluster]:
    """Run a cluster for as long as the block runs, with further options of the server.

    Raises:
        NotInstalled: There is no PostgreSQL server on this machine.
    """
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        raise NotInstalled
    folder = Path(tempfile.mkdtemp(prefix="acd-postgres-"))
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    data, log = folder / "data", folder / "log"
    run = [*as_server_user(), "env", "LC_ALL=C.UTF-8"]
    port = _free_port()
    ours = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off -c jit=off"
    started = False
    try:
        _check([*run, initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
        _check([*run, pg_ctl, "-D", str(data), "-l", str(log), "-w", "-o", " ".join((ours, *options)), "start"])
        started = True
        yield Cluster(port)
    finally:
        if started:
            _check([*run, pg_ctl, "-D", str(data), "-m", "immediate", "-w", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A cluster for the session; skips where PostgreSQL is not installed."""
    try:
        with postgres_server() as cluster:
            yield cluster
    except NotInstalled:
        pytest.skip("PostgreSQL is not installed")


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """An empty database of the test's own."""
    name = f"t{next(_numbers)}"
    _psql(postgres_cluster, f"CREATE DATABASE {name}")
    yield postgres_cluster.url(name)
    _psql(postgres_cluster, f"DROP DATABASE {name} WITH (FORCE)")


def _psql(cluster: Cluster, statement: str) -> None:
    psql = program("psql")
    assert psql is not None
    _check([psql, "-q", "-c", statement, cluster.url("postgres")])


def _check(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd="/", timeout=60)

"""The checks of this machine, each against the real thing: sockets, files, the resolver, the kernel's clock."""

import asyncio
import os
import socket

import pytest

from acd.doctor import machine
from acd.doctor.finding import Severity
from tests.acd.stage import HOST


def severities(findings) -> list[Severity]:
    """Return how bad each finding is."""
    return [found.severity for found in findings]


async def nobody() -> bool:
    """Say that our daemon does not run."""
    return False


async def ours() -> bool:
    """Say that our daemon runs."""
    return True


async def test_name_that_resolves_is_well():
    """Localhost is known everywhere."""
    assert severities(await machine.host_name("asterisk", "localhost")) == [Severity.OK]


async def test_name_that_does_not_resolve_is_an_error():
    """The reserved domain `invalid` never resolves; the finding names host and reason."""
    (found,) = await machine.host_name("asterisk main", "pbx.invalid")
    assert found.severity is Severity.ERROR
    assert "pbx.invalid" in found.said("en")
    assert "/etc/hosts" in found.advised("ru")


async def test_name_that_takes_long_is_a_warning(monkeypatch):
    """A look-up that is slow, though it succeeds, stalls calls."""
    monkeypatch.setattr(machine, "SLOW_LOOKUP_S", -1.0)
    (found,) = await machine.host_name("asterisk", "localhost")
    assert found.severity is Severity.WARNING


async def test_name_that_never_comes_is_an_error(monkeypatch):
    """A resolver that hangs is given up on."""

    async def hang(*_arguments, **_options):
        await asyncio.Event().wait()

    monkeypatch.setattr(machine, "LOOKUP_LIMIT_S", 0.01)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    assert severities(await machine.host_name("asterisk", "pbx.example")) == [Severity.ERROR]


async def test_free_port_is_well(unused_tcp_port_at):
    """Nobody listens: we could."""
    assert severities(await machine.port_free("API", HOST, unused_tcp_port_at(HOST), nobody)) == [Severity.OK]


async def test_taken_port_is_an_error_unless_it_is_ours():
    """Another program holds the port; our own running daemon may."""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        (found,) = await machine.port_free("API", HOST, port, nobody)
        assert found.severity is Severity.ERROR
        assert f"{HOST}:{port}" in found.said("en")
        assert "ss -ltnp" in found.advised("ru")
        assert severities(await machine.port_free("API", HOST, port, ours)) == [Severity.OK]


async def test_foreign_address_is_an_error():
    """An address that is not this machine's cannot be listened on."""
    (found,) = await machine.port_free("FastAGI", "192.0.2.1", 4573, nobody)
    assert found.severity is Severity.ERROR
    assert "own" in found.advised("en")


def test_disk_with_room_is_well_and_a_full_one_is_not(tmp_path, monkeypatch):
    """The limit is in bytes and in a share of the disk."""
    monkeypatch.setattr(machine, "LEAST_FREE_SHARE", 0.0)
    assert severities(machine.disk_space("", tmp_path)) == [Severity.OK]
    monkeypatch.setattr(machine, "LEAST_FREE_BYTES", 2**62)
    assert severities(machine.disk_space("", tmp_path)) == [Severity.WARNING]
    assert severities(machine.disk_space("", tmp_path / "no")) == [Severity.ERROR]


def test_clock_is_read_from_the_kernel():
    """Whatever the machine's clock is, the check has an answer about it."""
    (found,) = machine.clock_synchronised()
    assert found.severity in {Severity.OK, Severity.WARNING}


@pytest.mark.parametrize(("mode", "severity"), [(0o600, Severity.OK), (0o640, Severity.OK), (0o644, Severity.ERROR)])
def test_secret_that_others_may_read_is_an_error(tmp_path, mode, severity):
    """The group may, others may not; the advice is the command."""
    path = tmp_path / "secret"
    path.write_text("x", encoding="utf-8")
    path.chmod(mode)
    (found,) = machine.secret_file("ami_secret", path)
    assert found.severity is severity
    if severity is Severity.ERROR:
        assert found.advised("en") == f"chmod o-rwx {path}"


def test_secret_that_is_missing_is_an_error(tmp_path):
    """A file that is not there is told with the system's reason."""
    (found,) = machine.secret_file("ami_secret", tmp_path / "none")
    assert os.strerror(2) in found.said("en")


def test_folder_must_exist_and_be_writable(tmp_path):
    """A folder that is none is an error."""
    assert severities(machine.folder_writable("data", "", tmp_path)) == [Severity.OK]
    assert severities(machine.folder_writable("data", "", tmp_path / "no")) == [Severity.ERROR]


@pytest.mark.parametrize(
    ("state", "severity"),
    [("enabled\n", Severity.OK), ("disabled\n", Severity.WARNING), ("", Severity.WARNING)],
)
async def test_service_that_does_not_start_with_the_machine_is_a_warning(state, severity):
    """What systemctl says decides; nothing said means no such unit."""

    async def systemctl(command):
        assert command == ["systemctl", "is-enabled", "acd.service"]
        return state

    assert severities(await machine.service_enabled("acd.service", systemd=True, run=systemctl)) == [severity]


async def test_without_systemd_the_service_is_not_looked_at():
    """In a container there is nothing to check."""
    assert severities(await machine.service_enabled("acd.service", systemd=False)) == [Severity.SKIPPED]


async def test_output_of_a_command_is_its_standard_output():
    """Errors are not mixed in."""
    assert await machine.output_of(["sh", "-c", "echo yes; echo no >&2"]) == "yes\n"

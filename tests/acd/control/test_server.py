"""The listener's life, and who may read the administrator's token."""

import socket
import stat

import pytest

from acd.control.access import FileGuard, ensure_token_file, read_token_file
from acd.control.errors import ListenError, TokenFileError
from acd.control.server import ControlServer
from tests.acd.stage import HOST, Stage, Tokens, ask, served


async def test_taken_port_is_an_error_with_a_name(stage: Stage):
    """A second daemon at the same address is told so, and stops."""
    async with served(stage, Tokens()) as first:
        with pytest.raises(ListenError, match=f"{HOST}:{first.port}: Address already in use"):
            await ControlServer(lambda *_: None, HOST, first.port).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
async def test_outside_loopback_tls_is_needed(host):
    """A token must not cross a network in the clear."""
    with pytest.raises(ListenError, match="no TLS certificate"):
        await ControlServer(lambda *_: None, host, 0).start()


async def test_closing_frees_the_port_and_may_be_done_twice(stage: Stage):
    """After `close` nobody listens, and a second one does nothing."""
    server = ControlServer(lambda *_: None, HOST, 0)
    await server.start()
    port = server.port
    await server.close()
    await server.close()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind((HOST, port))


async def test_file_token_opens_and_no_other_does(stage: Stage, tmp_path):
    """Who may read the file is the administrator."""
    token = ensure_token_file(tmp_path / "control.token")
    async with served(stage, FileGuard(token)) as server:
        assert (await ask(server, token, "POST", "/v1/reload"))["reloaded"]
    assert await FileGuard(token).identify(token + "x") is None


def test_token_file_is_the_owners_alone_and_kept(tmp_path):
    """The file is made once, closed to others, and read again at the next start."""
    path = tmp_path / "control.token"
    token = ensure_token_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_token_file(path) == token == read_token_file(path)


def test_token_file_that_others_may_read_is_refused(tmp_path):
    """A token that anybody could have read is none."""
    path = tmp_path / "control.token"
    ensure_token_file(path)
    path.chmod(0o644)
    with pytest.raises(TokenFileError, match="0644"):
        read_token_file(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_token_file_without_a_token_is_refused(tmp_path, content):
    """An empty or broken file is told, and never an empty token."""
    path = tmp_path / "control.token"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(TokenFileError):
        ensure_token_file(path)


def test_token_file_that_cannot_be_made_is_told(tmp_path):
    """The folder is missing: the error names the file."""
    with pytest.raises(TokenFileError, match="cannot be created"):
        ensure_token_file(tmp_path / "no" / "control.token")

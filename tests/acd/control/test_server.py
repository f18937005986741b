"""The listener's life, and who may read the administrator's token."""

import asyncio
import contextlib
import shutil
import socket
import stat
import subprocess

import pytest

from acd.control.access import FileGuard, ensure_token_file, read_token_file
from acd.control.app import control_server
from acd.control.client import ControlClient
from acd.control.errors import DaemonAway, ListenError, TokenFileError
from acd.control.place import token_path
from acd.control.server import ControlServer, Tls
from config.errors import ConfigErrors
from config.load import load_config
from tests.acd.stage import HOST, Stage, Tokens, ask, served, write_site


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


async def test_closing_cuts_off_what_does_not_end(monkeypatch):
    """An answer without an end, and a connection that asks nothing, are gone when `close` is: no socket outlives it."""
    monkeypatch.setattr("acd.control.server.CLOSE_S", 0)
    ended = asyncio.Event()

    async def endless(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    server = ControlServer(endless, HOST, 0)
    await server.start()
    asking, silent = [await asyncio.open_connection(HOST, server.port) for _ in range(2)]
    asking[1].write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    assert (await asking[0].readline()).startswith(b"HTTP/1.1 200")
    state = server._server.server_state
    await server.close()
    assert ended.is_set()
    assert not state.connections
    assert not state.tasks
    for reader, writer in (asking, silent):
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()


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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Return a certificate for nobody in particular, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-subj", "/CN=acd", "-days", "2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *named], check=True, capture_output=True, timeout=30)
    return certificate, key


async def test_with_a_certificate_https_is_spoken(tmp_path, unused_tcp_port_at, certificate):
    """The command line trusts the certificate of its own configuration, on any address."""
    path = write_site(tmp_path, port=unused_tcp_port_at(HOST))
    text = path.read_text(encoding="utf-8").replace(
        "[agi]", f'certificate = "{certificate[0]}"\nkey = "{certificate[1]}"\n\n[agi]'
    )
    path.write_text(text, encoding="utf-8")
    stage = Stage(path)
    server = control_server(stage, stage.config)
    await server.start()
    try:
        client = ControlClient.of(stage.config, read_token_file(token_path(stage.config)))
        assert (await asyncio.to_thread(client.get, "/v1/health"))["status"] == "ok"
        plain = ControlClient(HOST, server.port, "x")
        with pytest.raises(DaemonAway):
            await asyncio.to_thread(plain.get, "/v1/health")
    finally:
        await server.close()


async def test_certificate_that_cannot_be_read_is_told(tmp_path):
    """A file that is no certificate is an error with the address."""
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing", encoding="utf-8")
    with pytest.raises(ListenError):
        await ControlServer(lambda *_: None, HOST, 0, tls=Tls(broken, broken)).start()


def test_certificate_without_its_key_is_a_mistake(tmp_path):
    """Both or none."""
    path = write_site(tmp_path)
    text = path.read_text(encoding="utf-8").replace("[agi]", 'certificate = "c.pem"\n\n[agi]')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"control\.certificate"):
        load_config(path)

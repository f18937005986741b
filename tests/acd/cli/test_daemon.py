"""`acd run` as a process of its own, without an Asterisk."""

import asyncio
import contextlib
import socket
import sys

from tests.acd.stage import HOST, write_site


async def run(path) -> tuple[int, str]:
    """Start the daemon; return exit code and the last complaints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "acd",
        "--lang",
        "en",
        "--config",
        str(path),
        "run",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    return process.returncode or 0, complaint.decode()


async def test_taken_port_is_told_in_plain_words(tmp_path):
    """Another program at the control API's address: exit code 2, no traceback."""
    with socket.create_server((HOST, 0)) as taken:
        code, complaint = await run(write_site(tmp_path, port=taken.getsockname()[1]))
    assert code == 2
    assert "The daemon cannot start: control API on" in complaint
    assert "Traceback" not in complaint


async def test_database_that_is_none_is_told_in_plain_words(tmp_path):
    """A URL of a database that we do not know: exit code 2, no traceback."""
    path = write_site(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("sqlite:///", "mysql://x/"), encoding="utf-8")
    code, complaint = await run(path)
    assert code == 2
    assert "only sqlite and postgresql" in complaint
    assert "Traceback" not in complaint


async def test_files_are_for_the_daemon_alone(tmp_path, unused_tcp_port_at):
    """Database, spool, tape and token hold numbers and keys: whatever it writes, no other user reads it."""
    path = write_site(tmp_path, port=unused_tcp_port_at(HOST), ami_port=unused_tcp_port_at(HOST))
    argv = [sys.executable, "-m", "acd", "--config", str(path), "run", "--record", str(tmp_path / "tape")]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        while b"daemon.started" not in (line := await process.stdout.readline()):
            assert line, "the daemon has ended"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()
    written = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir()}
    assert written.keys() >= {"acd.db", "acd.spool", "tape"}
    assert set(written.values()) == {0}

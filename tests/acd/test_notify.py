"""The word to systemd."""

import socket

from acd.notify import notify


def test_word_arrives_at_a_socket_file(tmp_path):
    """The datagram is sent as it is."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        assert notify("READY=1", {"NOTIFY_SOCKET": path})
        assert systemd.recv(100) == b"READY=1"


def test_word_arrives_at_an_abstract_socket():
    """A name with @ is one of the kernel's own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0acd-test-notify")
        assert notify("STOPPING=1", {"NOTIFY_SOCKET": "@acd-test-notify"})
        assert systemd.recv(100) == b"STOPPING=1"


def test_without_systemd_nothing_happens(tmp_path):
    """No socket, a nonsense one and a dead one are all a plain False."""
    assert not notify("READY=1", {})
    assert not notify("READY=1", {"NOTIFY_SOCKET": "nonsense"})
    assert not notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})

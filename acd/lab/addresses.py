"""A slice of loopback for each lab, so that any number of labs, and an Asterisk of the machine's own, do not meet.

A slice is one 127.x.y.0/24. Who holds it is told by a locked file in the temporary folder: the lock is gone with its
holder, however that ends. ACD_LAB_NET=127.x.y chooses the slice.
"""

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from acd.lab.errors import NoFreeSlice
from acd.lab.sipp import Endpoint

FIRST_NET: Final = 64
NETS: Final = 64 * 256
"""Slices 127.64.0 to 127.127.255 are ours to choose from: far from what else uses loopback addresses."""
TRIES: Final = 200
SIP: Final = 5060


@dataclass(frozen=True, slots=True)
class Slice:
    """The addresses of one lab."""

    net: str
    """The first three numbers: `127.64.7`."""

    @property
    def asterisk(self) -> Endpoint:
        """Where Asterisk listens for SIP; AMI is at the same address."""
        return Endpoint(f"{self.net}.1", SIP)

    @property
    def trunk(self) -> Endpoint:
        """Where callers come from."""
        return Endpoint(f"{self.net}.2", SIP)

    @property
    def telephones(self) -> Endpoint:
        """Where the operators' telephones are."""
        return Endpoint(f"{self.net}.3", SIP)

    @property
    def daemon(self) -> str:
        """Where the daemon listens."""
        return f"{self.net}.4"

    def caller(self, port: int) -> Endpoint:
        """Return another endpoint of the trunk, for a second SIPp."""
        return Endpoint(self.trunk.address, port)

    def telephone(self, port: int) -> Endpoint:
        """Return another endpoint of the telephones, for calls that operators place."""
        return Endpoint(self.telephones.address, port)


class HeldSlice:
    """A slice that is ours until `release`."""

    def __init__(self, slice_: Slice, handle: int) -> None:
        self.slice = slice_
        self._handle: int | None = handle

    @classmethod
    def take(cls) -> Self:
        """Take a free slice, the one that ACD_LAB_NET names if it is set.

        Raises:
            NoFreeSlice: None of those that were tried is free.
        """
        named = os.environ.get("ACD_LAB_NET")
        start = os.getpid() * 7
        nets = [named] if named else [_net(start + step) for step in range(TRIES)]
        for net in nets:
            handle = _locked(Path(tempfile.gettempdir()) / f"acd-lab-{net}.lock")
            if handle is None:
                continue
            if _unused(Endpoint(f"{net}.1", SIP)):
                return cls(Slice(net), handle)
            os.close(handle)
        raise NoFreeSlice

    def release(self) -> None:
        """Give it back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _net(number: int) -> str:
    high, low = divmod(number % NETS, 256)
    return f"127.{FIRST_NET + high}.{low}"


def _locked(path: Path) -> int | None:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except PermissionError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _unused(endpoint: Endpoint) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((endpoint.address, endpoint.port))
        except OSError:
            return False
    return True

"""One daemon hands over to the next, with nothing that a caller could notice: `acd upgrade`.

The daemon that runs starts its successor with its own command line, so new code and the configuration as it is now. The
successor loads both and says that it is ready; only then does the old one let go of everything, spool included, and
says "go". One daemon at a time distributes and writes; the calls stay in Asterisk, as in every restart. What makes this
shorter than a restart: nothing is loaded while offers stand still, and the listening FastAGI socket is handed over, so
that the kernel keeps whoever comes in between. A successor that does not become ready changes nothing. An old daemon
that dies meanwhile closes its end of the channel between them, which means "go" as well.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final, Self

import orjson
import structlog

from acd.notify import notify

log = structlog.get_logger(__name__)

VARIABLE: Final = "ACD_PREDECESSOR"
"""Tells a successor its file descriptors: the channel to the daemon before it, and the FastAGI listener or nothing."""
READY: Final = b"ready\n"
READY_LIMIT_S: Final = 60.0


class NotReady(Exception):
    """The successor did not become ready; the daemon that runs goes on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the new daemon did not get ready: {self.reason}"


class Successor:
    """The daemon that is to take over, as the one that runs sees it."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: socket.socket) -> None:
        self._process = process
        self._channel = channel

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @classmethod
    async def start(cls, listener: int | None, limit_s: float = READY_LIMIT_S) -> Self:
        """Start it and wait until it is ready to take over.

        Args:
            listener: File descriptor of the listening FastAGI socket, which stays ours too.
            limit_s: How long it may take.

        Raises:
            NotReady: It ended, or took too long; it is gone.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            successor = cls(_spawn(theirs.fileno(), listener), ours)
        try:
            async with asyncio.timeout(limit_s):
                told = await asyncio.get_running_loop().sock_recv(ours, len(READY))
        except TimeoutError:
            successor.dismiss()
            raise NotReady(f"not within {limit_s:g} s") from None
        except BaseException:
            successor.dismiss()
            raise
        if told != READY:
            successor.dismiss()
            raise NotReady("it ended; its log says why")
        return successor

    def go(self, stopped_at: float) -> None:
        """Let it take over from here, and tell systemd whom to watch.

        Args:
            stopped_at: When we stopped distributing, by the machine's monotonic clock.
        """
        notify(f"MAINPID={self.pid}")
        with contextlib.suppress(OSError):  # it is gone: systemd starts the next one
            self._channel.sendall(orjson.dumps({"stopped_at": stopped_at}) + b"\n")
        self._channel.close()
        self._process.returncode = 0  # it outlives us: not ours to wait for

    def dismiss(self) -> None:
        """End it: it is not wanted any more."""
        self._channel.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def _spawn(channel: int, listener: int | None) -> "subprocess.Popen[bytes]":
    told = f"{channel},{'' if listener is None else listener}"
    return subprocess.Popen(  # noqa: S603 - our own command line
        sys.orig_argv,
        env=os.environ | {VARIABLE: told},
        stdin=subprocess.DEVNULL,
        pass_fds=[channel] if listener is None else [channel, listener],
    )


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a successor gets."""

    listener: socket.socket | None
    """The listening FastAGI socket."""
    stopped_at: float | None
    """When the daemon before us stopped distributing, by the machine's monotonic clock; None if it died instead."""


class Upgrading:
    """Both ends of an upgrade in one daemon's life: it takes over from one and may hand over to another."""

    def __init__(self, loop: asyncio.AbstractEventLoop, handed_over: HandedOver | None) -> None:
        self.successor: asyncio.Future[Successor] = loop.create_future()
        """Done when the daemon after us is ready: we are to let go."""
        self.stood_still_s: float | None = None
        """For how long nobody distributed as we took over; None for a daemon that was started in another way."""
        self._handed_over = handed_over
        self._begun = False
        self._stopped_at = 0.0

    def listener(self, host: str, port: int) -> socket.socket | None:
        """Return the socket that listens there since before us, if there is one; one for another place is closed."""
        listener = self._handed_over.listener if self._handed_over else None
        if listener is not None and listener.getsockname()[:2] != (host, port):
            listener.close()
            return None
        return listener

    def taken_over(self) -> None:
        """Callers are taken up again."""
        if self._handed_over is not None and self._handed_over.stopped_at is not None:
            self.stood_still_s = time.monotonic() - self._handed_over.stopped_at
            log.info("upgrade.done", stood_still_s=round(self.stood_still_s, 3))

    async def begin(self, listener: int | None) -> int:
        """Start the daemon after us, giving it the listening socket; return its process id once it is ready.

        Raises:
            NotReady: It did not get ready, or there is one already.
        """
        if self._begun:
            raise NotReady("another one is being started")
        self._begun = True
        try:
            successor = await Successor.start(listener)
        except BaseException as error:
            self._begun = False
            log.error("upgrade.failed", reason=str(error))
            raise
        self.successor.set_result(successor)
        return successor.pid

    def stopped(self) -> None:
        """From now on nobody distributes."""
        self._stopped_at = time.monotonic()

    def go(self) -> None:
        """Everything is let go of: the daemon after us, if there is one, is to take over."""
        if self.successor.done():
            self.successor.result().go(self._stopped_at)


async def take_over() -> HandedOver | None:
    """Say that we are ready and wait for the daemon before us to let go; None where there is none."""
    told = os.environ.pop(VARIABLE, "")
    if not told:
        return None
    channel, _, listener = told.partition(",")
    with socket.socket(fileno=int(channel)) as ours:
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(ours, READY)
        log.info("upgrade.ready")
        answer = b""
        while not answer.endswith(b"\n") and (more := await loop.sock_recv(ours, 1024)):
            answer += more
    stopped_at = orjson.loads(answer)["stopped_at"] if answer.endswith(b"\n") else None
    log.info("upgrade.go", predecessor="let go" if answer else "died")
    return HandedOver(socket.socket(fileno=int(listener)) if listener else None, stopped_at)

"""Serve the control API inside the daemon's own event loop.

uvicorn parses HTTP; its life is ours: no signal handlers, no loop of its own, the socket bound here so that a taken
port is an error with a name. Anything but loopback needs TLS, for a token in the clear is everybody's token.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from acd.control.errors import ListenError

CLOSE_S: Final = 2
"""How long running answers may take to end when the server closes; then they are cut off. Whole seconds."""

_BACKLOG: Final = 128


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate chain and key, PEM."""

    certificate: Path
    key: Path


@runtime_checkable
class Closing(Protocol):
    """An application that holds something open."""

    def end_streams(self) -> None:
        """End answers that would go on for ever."""
        ...

    async def close(self) -> None:
        """Let go of the rest."""
        ...


class ControlServer:
    """The listener of the control API."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        *,
        tls: Tls | None = None,
    ) -> None:
        self._app = app
        whole: object = app
        self._held = whole if isinstance(whole, Closing) else None
        self._host = host
        self._port = port
        self._tls = tls
        self._server: uvicorn.Server | None = None
        self._sockets: list[socket.socket] = []

    @property
    def port(self) -> int:
        """The port that is listened on: the system's choice when 0 was asked for."""
        return int(self._sockets[0].getsockname()[1]) if self._sockets else self._port

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            ListenError: The address is taken, not ours, not loopback without TLS, or the certificate cannot be read.
        """
        address = f"{self._host}:{self._port}"
        if self._tls is None and not _is_loopback(self._host):
            raise ListenError(address, "not a loopback address, and no TLS certificate is configured")
        options: Mapping[str, Path] = (
            {} if self._tls is None else {"ssl_certfile": self._tls.certificate, "ssl_keyfile": self._tls.key}
        )
        settings = uvicorn.Config(
            self._app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ws="none",
            loop="none",
            proxy_headers=False,
            timeout_graceful_shutdown=CLOSE_S,
            h11_max_incomplete_event_size=16_384,
            **options,  # type: ignore[arg-type]  # uvicorn takes paths as it takes strings
        )
        try:
            settings.load()
            self._sockets = [_bind(self._host, self._port)]
        except (OSError, ssl.SSLError) as error:
            raise ListenError(address, error.strerror or str(error)) from error
        self._server = uvicorn.Server(settings)
        self._server.lifespan = settings.lifespan_class(settings)
        await self._server.startup(sockets=self._sockets)
        # uvicorn's main loop does no more than this, ten times a second: the default headers never change with us.
        self._server.server_state.default_headers = list(settings.encoded_headers)

    async def close(self) -> None:
        """Stop listening, end event streams, give running answers `CLOSE_S`, then cut them off. Idempotent."""
        server = self._server
        if server is None:
            return
        self._server = None
        if self._held is not None:
            self._held.end_streams()
        # Python 3.11's asyncio drops a connection that it accepted just before its listener closes, socket and all: so
        # no more are accepted, and those that were get their transports in the loop's next turn.
        for listener in self._sockets:
            asyncio.get_running_loop().remove_reader(listener)
        await asyncio.sleep(0)
        await server.shutdown(sockets=self._sockets)
        await _cut_off(server.server_state)
        if self._held is not None:
            await self._held.close()
        self._sockets = []


async def _cut_off(state: ServerState) -> None:
    """End what uvicorn's `shutdown` leaves behind when its time is over.

    It asks the answers that are under way to end and does not wait for that, and a connection that was taken up while
    it was at it is never told: both would outlive `close`, with their sockets.
    """
    while state.connections:
        for connection in state.connections:
            connection.transport.abort()
        await asyncio.sleep(0)  # in the loop's next turn a connection is told its end, and leaves the set
    while state.tasks:
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await asyncio.sleep(0)  # an answer that has ended leaves the set in the loop's next turn


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""The FastAGI server: Asterisk's dialplan connects here for each call that it wants handled.

Decides who may connect, how long and how much a peer may talk before it has said what it wants, which route a session
takes, and what its end means. Built on panoramisk's `Application` (the routes, the handler of a session) and `Request`
(headers, commands), on an asyncio Protocol in place of streams: a command is on the wire before the call returns.
What is said in a session is left to the routes.
"""

import asyncio
import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never, cast

import structlog
from panoramisk.fast_agi import Application

from ami_bridge.agi_message import AgiDecoder, AgiEnvironment, AgiHangUp, AgiMessage, AgiReply
from ami_bridge.agi_session import AgiSession
from ami_bridge.errors import AgiHungUp, AgiLost, AgiProtocolError

__all__ = ["AgiCounters", "AgiServer", "AgiSession", "Route"]

log = structlog.get_logger(__name__)

HEADER_DEADLINE_S: Final = 5.0
MAX_CONNECTIONS: Final = 20_000
"""A caller who waits is a connection: 10 000 at once, and as many to come and go. Who is refused comes again, then
waits in the fallback."""
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")

KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
"""A session may be silent for as long as a caller waits; a machine that vanished is noticed in a minute."""

Route = Callable[[AgiSession], Awaitable[None]]


@dataclass(slots=True)
class AgiCounters:
    """What has happened at the port since the start."""

    accepted: int = 0
    """Connections that were allowed."""
    started: int = 0
    """Sessions whose environment came whole."""
    refused_peer: int = 0
    refused_full: int = 0
    unfinished: int = 0
    """Closed by the peer before the environment was whole: health checks, port scans."""
    late: int = 0
    """Did not finish the environment in time."""
    malformed: int = 0
    """Broke the protocol, or talked without end."""
    no_route: int = 0
    failed: int = 0
    """Routes that raised what no route should."""


class AgiApplication(Application):  # type: ignore[misc] # panoramisk has no types
    """The table of routes and the life of a session's handler."""

    def __init__(self, routes: Mapping[str, Route], counters: AgiCounters) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self._counters = counters
        for path, route in routes.items():
            self.add_route(path, route)

    def add_route(self, path: str, endpoint: Route) -> None:
        """Let a path be served by any callable that returns an awaitable."""
        self._route[path.strip("/")] = endpoint

    async def handler(self, reader: AgiSession, writer: asyncio.Transport) -> None:
        """Run the route of a session to its end and close the connection; an error in it is logged and ends there."""
        script = reader.env.get("agi_network_script", "")
        route = self._route.get(script.partition("?")[0].strip("/"))
        try:
            if route is None:
                self._counters.no_route += 1
                log.error("agi.no_route", script=script, channel=reader.channel)
                return
            await route(reader)
        except (AgiHungUp, AgiLost) as end:
            log.info("agi.ended", script=script, channel=reader.channel, reason=str(end))
        except Exception:
            self._counters.failed += 1
            log.exception("agi.failed", script=script, channel=reader.channel)
        finally:
            writer.close()


class AgiConnection(asyncio.Protocol):
    """The bytes of one connection, from the first to the last."""

    def __init__(self, server: "AgiServer") -> None:
        self._server = server
        self._decoder = AgiDecoder()
        self._session: AgiSession | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._closed_by_us = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the peer in, or not."""
        self.transport = cast("asyncio.Transport", transport)
        if not self._server.admit(self):
            return
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._server.header_deadline_s, self._late)

    def data_received(self, data: bytes) -> None:
        """Decode and hand over; who breaks the protocol is cut off."""
        try:
            for message in self._decoder.feed(data):
                self._take(message)
        except AgiProtocolError as error:
            self._server.counters.malformed += 1
            self.abort(str(error))

    def _take(self, message: AgiMessage) -> None:
        if isinstance(message, AgiEnvironment):
            self._stop_deadline()
            self._session = self._server.start_session(message, self.transport)
            return
        if self._session is None:
            return  # the decoder gives the environment first; without it there is no session
        match message:
            case AgiReply():
                self._session.take_reply(message)
            case AgiHangUp():
                self._session.take_hang_up()
            case _:
                assert_never(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the session."""
        self._stop_deadline()
        self._server.dismiss(self)
        reason = self._closed_by_us or (str(exc) if exc else "closed by Asterisk")
        if self._session is not None:
            self._session.take_end(reason)
        elif not self._closed_by_us:
            self._server.counters.unfinished += 1

    def abort(self, reason: str) -> None:
        """Cut the connection off."""
        if not self._closed_by_us:
            self._closed_by_us = reason
            log.warning("agi.cut_off", reason=reason, peer=self.transport.get_extra_info("peername"))
        self.transport.abort()

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._server.counters.late += 1
        self.abort("no environment in time")


class AgiServer:
    """Listens for Asterisk and runs a route for each session."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        *,
        allowed_peers: Iterable[str] = LOOPBACK,
        header_deadline_s: float = HEADER_DEADLINE_S,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        """Take the routes by the path of `agi://host:port/path`, and who may connect.

        Raises:
            ValueError: `allowed_peers` holds what is no network.
        """
        self.counters = AgiCounters()
        self.header_deadline_s = header_deadline_s
        self._routes = dict(routes)
        self._networks = [ipaddress.ip_network(peer) for peer in allowed_peers]
        self._known_peers: dict[str, bool] = {}
        self._max_connections = max_connections
        self._connections: set[AgiConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int, listener: socket.socket | None = None) -> int:
        """Listen and return the port, which is chosen by the system if 0 was asked for.

        Args:
            host: Where to listen.
            port: Likewise.
            listener: A socket that listens there already, from a daemon before us; ours from now on.

        Raises:
            OSError: The address cannot be had.
        """
        self._application = AgiApplication(self._routes, self.counters)
        loop = asyncio.get_running_loop()
        if listener is None:
            self._listener = await loop.create_server(lambda: AgiConnection(self), host, port, backlog=1024)
        else:
            self._listener = await loop.create_server(lambda: AgiConnection(self), sock=listener, backlog=1024)
        for option in KEEPALIVE:  # connections inherit them
            self._listener.sockets[0].setsockopt(*option)
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    def handle(self) -> int:
        """Return a file descriptor of the listening socket, for a daemon after us; the caller closes it."""
        return os.dup(self._listener.sockets[0].fileno())

    def stop_listening(self) -> None:
        """Take no new sessions; those that are open go on."""
        self._listener.close()

    async def close(self, drain_s: float = 0.0) -> None:
        """Stop listening, give open sessions so many seconds to end by themselves, then end them."""
        self._listener.close()
        if self._tasks and drain_s > 0:
            await asyncio.wait(self._tasks, timeout=drain_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._connections):
            connection.transport.close()
        await self._listener.wait_closed()

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return len(self._tasks)

    def admit(self, connection: AgiConnection) -> bool:
        """Count a connection in, or cut it off. A peer without an address has gone again already."""
        peer = connection.transport.get_extra_info("peername")
        if peer is None or not self._allows(peer[0]):
            self.counters.refused_peer += 1
            connection.abort("peer not allowed")
            return False
        if len(self._connections) >= self._max_connections:
            self.counters.refused_full += 1
            connection.abort("too many connections")
            return False
        self.counters.accepted += 1
        self._connections.add(connection)
        return True

    def dismiss(self, connection: AgiConnection) -> None:
        """Count a connection out."""
        self._connections.discard(connection)

    def start_session(self, environment: AgiEnvironment, transport: asyncio.Transport) -> AgiSession:
        """Start the handler of a session whose environment is whole."""
        self.counters.started += 1
        session = AgiSession(self._application, environment, transport)
        task = self._application.loop.create_task(self._application.handler(session, transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return session

    def _allows(self, peer: str) -> bool:
        known = self._known_peers.get(peer)
        if known is None:
            address = ipaddress.ip_address(peer.partition("%")[0])
            known = any(address in network for network in self._networks)
            if len(self._known_peers) < 1000:
                self._known_peers[peer] = known
        return known

"""One TCP connection to one Asterisk's manager interface: panoramisk's Manager and AMIProtocol, made safe.

A link lives once. It decodes, hands events over in their order, matches answers to actions, bounds what is kept in
memory on both ways, and when it is lost fails whatever is pending, once. Nothing is ever sent again, nothing
reconnects here: when to build the next link is decided in `client.py`.
"""

import asyncio
from collections.abc import Callable, Set
from typing import Any

import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from ami_bridge.actions import PendingAction
from ami_bridge.errors import AmiConnectionLost, AmiOverloaded, AmiProtocolError
from ami_bridge.message import AmiDecoder, AmiMessage

log = structlog.get_logger(__name__)

MAX_WRITE_BUFFER: int = 256 * 1024
"""Bytes that Asterisk may leave unread before an action is refused here. An action is some 200 bytes."""
MAX_PENDING: int = 5000
"""Actions that may wait for their answers at once."""


class LinkProtocol(AMIProtocol):  # type: ignore[misc] # panoramisk has no types
    """The bytes of one connection, in and out."""

    def __init__(self, manager: "LinkManager", wanted: Set[str] | None) -> None:
        self.factory = manager
        self.decoder = AmiDecoder(wanted)
        self.responses: dict[str, PendingAction] = {}
        self.closed = False
        self._forged = 0
        self.received_at = 0.0
        """Loop time of the last bytes from Asterisk."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Keep the transport."""
        self.transport = transport
        self.received_at = self.factory.loop.time()

    def data_received(self, data: bytes) -> None:
        """Decode and hand over; a peer that breaks the protocol loses the connection, a handler's error does not."""
        self.received_at = self.factory.loop.time()
        try:
            messages = self.decoder.feed(data)
        except AmiProtocolError as error:
            self.abort(str(error))
            return
        if self.decoder.forged > self._forged:
            self._forged = self.decoder.forged
            log.warning("ami.forged_events", peer=self.factory.peer, count=self._forged)
        for message in messages:
            self.handle_message(message)

    def handle_message(self, message: AmiMessage) -> None:
        """Give a message to the action that it answers, or to everybody."""
        pending = None if message.action_id is None else self.responses.get(message.action_id)
        if pending is not None and pending.takes(message):
            if pending.add_message(message):
                self.forget(pending)
        elif message.event:
            self.factory.dispatch(message)

    def send(self, data: PendingAction, as_list: bool = False) -> "asyncio.Future[list[AmiMessage]]":
        """Write an action at once and return the future of its answer.

        Raises:
            AmiConnectionLost: The link is gone; the action was not sent.
            AmiOverloaded: Asterisk does not keep up; the action was not sent.
        """
        if self.closed or self.transport.is_closing():
            raise AmiConnectionLost(data.name, self.factory.reason, sent=False)
        if len(self.responses) >= MAX_PENDING:
            raise AmiOverloaded(data.name, f"{len(self.responses)} actions without an answer are")
        unread = self.transport.get_write_buffer_size()
        if unread > MAX_WRITE_BUFFER:
            raise AmiOverloaded(data.name, f"{unread} bytes that Asterisk has not read are")
        self.responses[data.id] = data
        self.transport.write(data.wire)
        return data.future

    def forget(self, pending: PendingAction) -> None:
        """Stop waiting for an action; what comes for it later is nobody's."""
        pending.stop_deadline()
        if self.responses.get(pending.id) is pending:
            del self.responses[pending.id]

    def abort(self, reason: str) -> None:
        """Drop the connection at once, whatever is unsent."""
        if not self.closed:
            self.factory.reason = reason
            self.transport.abort()
            self.connection_lost(None)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Fail everything that is pending and tell the manager, once."""
        if self.closed:
            return
        self.closed = True
        if exc is not None:
            self.factory.reason = f"{type(exc).__name__}: {exc}"
        pending, self.responses = list(self.responses.values()), {}
        for action in pending:
            action.fail(AmiConnectionLost(action.name, self.factory.reason, sent=True))
        self.factory.connection_lost(exc)


class LinkManager(Manager):  # type: ignore[misc] # panoramisk has no types
    """One link: connects once, passes events on guarded and in order, and knows why it ended."""

    def __init__(
        self, host: str, port: int, on_event: Callable[[AmiMessage], None], wanted: Set[str] | None = None
    ) -> None:
        super().__init__(host=host, port=port, loop=asyncio.get_running_loop())
        self.config["protocol_factory"] = lambda: LinkProtocol(self, wanted)
        self.protocol: Any = None
        self.peer = f"{host}:{port}"
        self.reason = "closed by Asterisk"
        """Why the link ended, once it has."""
        self.lost: asyncio.Future[None] = self.loop.create_future()
        self._on_event = on_event

    async def open(self, timeout_s: float) -> None:
        """Connect.

        Raises:
            OSError: Nobody listens, or (TimeoutError) nobody answers in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                _, self.protocol = await self.loop.create_connection(
                    self.config["protocol_factory"], self.config["host"], self.config["port"]
                )
        except TimeoutError:
            raise TimeoutError(f"{self.peer} did not answer within {timeout_s:g} s") from None

    def dispatch(self, event: AmiMessage) -> None:
        """Hand an event over; an error in its handler is ours to log and never the link's end."""
        try:
            self._on_event(event)
        except Exception:
            log.exception("ami.handler_failed", peer=self.peer, event_name=event.event)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let whoever supervises the link know."""
        if not self.lost.done():
            self.lost.set_result(None)

    def abort(self, reason: str) -> None:
        """End the link for a reason of ours."""
        if self.protocol is not None:
            self.protocol.abort(reason)

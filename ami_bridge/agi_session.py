"""One FastAGI session: what Asterisk said about the channel, and commands to it, one at a time and in order.

Decides which answer belongs to which command and what an answer's code means. When a session starts and what is said
in it is left to `agi_server.py` and its routes.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from panoramisk.fast_agi import Request

from ami_bridge.agi_message import AgiEnvironment, AgiReply, encode_command
from ami_bridge.errors import AgiError, AgiHungUp, AgiLost, AgiProtocolError, AgiUsage, InjectionRefused
from ami_bridge.text import LINE_BREAKERS

if TYPE_CHECKING:
    from ami_bridge.agi_server import AgiApplication

MAX_QUEUED_COMMANDS: Final = 64


@dataclass(slots=True)
class _Command:
    name: str
    wire: bytes
    future: "asyncio.Future[AgiReply]"


class AgiSession(Request):  # type: ignore[misc] # panoramisk has no types
    """One call in the dialplan's AGI(): what Asterisk said about it, and commands to it, one at a time in order."""

    def __init__(self, app: "AgiApplication", environment: AgiEnvironment, transport: asyncio.Transport) -> None:
        super().__init__(app, environment, None, transport)
        self.env: AgiEnvironment = environment
        self.hung_up = False
        """True once Asterisk has said that the channel is dead."""
        self.lost = False
        """True once the connection is gone."""
        self.on_hang_up: Callable[[], None] | None = None
        """Called once when the channel dies while the session is open. Sync; must not raise."""
        self._commands: deque[_Command] = deque()
        self._waits_for: asyncio.Event | None = None

    @property
    def channel(self) -> str:
        """Name of the channel: `PJSIP/trunk-0000002a`."""
        return self.env.get("agi_channel", "")

    @property
    def unique_id(self) -> str:
        """Asterisk's Uniqueid of the channel."""
        return self.env.get("agi_uniqueid", "")

    @property
    def caller(self) -> str:
        """The caller's number; empty when Asterisk does not know it."""
        number = self.env.get("agi_callerid", "")
        return "" if number == "unknown" else number

    @property
    def caller_name(self) -> str:
        """The caller's name as shown; empty when Asterisk does not know it."""
        name = self.env.get("agi_calleridname", "")
        return "" if name == "unknown" else name

    @property
    def args(self) -> list[str]:
        """The arguments of AGI() after the address."""
        args: list[str] = []
        while (value := self.env.get(f"agi_arg_{len(args) + 1}")) is not None:
            args.append(value)
        return args

    def command(self, name: str, *words: str) -> "asyncio.Future[AgiReply]":
        """Send a command and return the future of Asterisk's answer.

        It is on the wire when this returns, unless another has not been answered yet: Asterisk looks for the next
        line only when it has answered the last, so commands wait for their turn here.

        Raises (at once, or when the answer is awaited):
            AgiHungUp: The command needs a living channel.
            AgiLost: The connection is gone.
            AgiUsage: Asterisk does not know the command or its syntax.
            AgiError: Another code than 200, or too many commands wait.
            InjectionRefused, TooLong: A word cannot be sent.
        """
        return self._submit(name, encode_command(name, *words))

    async def send_command(self, command: str) -> AgiReply:
        """Send a line that is quoted already; panoramisk's way to say it. Raises as `command` does."""
        if LINE_BREAKERS.search(command):
            raise InjectionRefused(command.partition(" ")[0], "the line")
        return await self._submit(command.partition(" ")[0], command.encode(errors="replace") + b"\n")

    def _submit(self, name: str, wire: bytes) -> "asyncio.Future[AgiReply]":
        if self.lost or self.writer.is_closing():
            raise AgiLost(name, "the session is closed")
        if len(self._commands) >= MAX_QUEUED_COMMANDS:
            raise AgiError(name, f"{MAX_QUEUED_COMMANDS} commands wait already")
        future: asyncio.Future[AgiReply] = self.app.loop.create_future()
        self._commands.append(_Command(name, wire, future))
        if len(self._commands) == 1:
            self.writer.write(wire)
        return future

    async def wait(self, event: asyncio.Event) -> None:
        """Wait for an event of the caller's; the end of the channel or of the session sets it as well, and raises.

        Raises:
            AgiHungUp: The channel is dead.
            AgiLost: The connection is gone.
        """
        if not self.lost and not self.hung_up:
            self._waits_for = event
            try:
                await event.wait()
            finally:
                self._waits_for = None
        if self.lost:
            raise AgiLost("wait", "the session is closed")
        if self.hung_up:
            raise AgiHungUp("wait", "the channel is dead")

    def take_reply(self, reply: AgiReply) -> None:
        """Give an answer to the command that it belongs to and send the next.

        Raises:
            AgiProtocolError: No command is out.
        """
        if not self._commands:
            raise AgiProtocolError("an answer that nobody asked for")
        command = self._commands.popleft()
        while self._commands and self._commands[0].future.cancelled():
            self._commands.popleft()
        if self._commands:
            self.writer.write(self._commands[0].wire)
        if command.future.done():
            return
        match reply.code:
            case 200:
                command.future.set_result(reply)
            case 511:
                _fail(command, AgiHungUp(command.name, reply.text))
            case 510 | 520:
                _fail(command, AgiUsage(command.name, reply.code, reply.text))
            case _:
                _fail(command, AgiError(command.name, f"{reply.code} {reply.text}"))

    def take_hang_up(self) -> None:
        """Note that the channel is dead. What is out is still answered: this is no answer."""
        if self.hung_up:
            return
        self.hung_up = True
        self._wake()
        if self.on_hang_up is not None:
            self.on_hang_up()

    def take_end(self, reason: str) -> None:
        """Note that the connection is gone and fail what waits for answers."""
        self.lost = True
        commands, self._commands = self._commands, deque()
        for command in commands:
            if not command.future.done():
                _fail(command, AgiLost(command.name, reason))
        self._wake()

    def _wake(self) -> None:
        if self._waits_for is not None:
            self._waits_for.set()


def _fail(command: _Command, error: AgiError) -> None:
    command.future.set_exception(error)
    command.future.exception()  # seen: whoever waited may have been cancelled, and asyncio need not complain

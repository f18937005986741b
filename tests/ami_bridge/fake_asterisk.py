"""Asterisk as far as a client of AMI and a server of FastAGI see it: real sockets, scripted answers.

`FakeAsterisk` listens like the manager interface; a test says per action what is answered. `FakeDialplan` connects
like AGI() does. Waiting is for things to happen (`until`), never for time to pass.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

HOST = "127.0.11.3"
GREETING = b"Asterisk Call Manager/11.0.0\r\n"

Answer = Callable[["FakeLink", "Received"], None]


@dataclass(frozen=True)
class Received:
    """One action that arrived."""

    link: int
    """Which connection it came on, counted from 0."""
    headers: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        return dict(self.headers)[name]

    @property
    def name(self) -> str:
        """What is asked for."""
        return self["Action"]


@dataclass
class FakeLink(asyncio.Protocol):
    """One connection to the manager interface."""

    asterisk: "FakeAsterisk"
    number: int = 0
    held: bytes = b""
    open: bool = True
    transport: asyncio.Transport = field(init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.transport = cast("asyncio.Transport", transport)
        self.number = len(self.asterisk.links)
        self.asterisk.links.append(self)
        transport.write(self.asterisk.greeting)
        self.asterisk.happened()

    def data_received(self, data: bytes) -> None:
        """Take actions apart as Asterisk does: by lines, an empty one ends the action."""
        *blocks, self.held = (self.held + data).split(b"\r\n\r\n")
        for block in blocks:
            lines = [line.partition(": ") for line in block.decode().split("\r\n")]
            received = Received(self.number, tuple((name, value) for name, _, value in lines))
            self.asterisk.received.append(received)
            self.asterisk.answer(self, received)
        self.asterisk.happened()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note it."""
        self.open = False
        self.asterisk.happened()

    def send(self, *lines: str) -> None:
        """Send one message."""
        if not self.transport.is_closing():
            self.transport.write("\r\n".join([*lines, "", ""]).encode())

    def respond(self, to: Received, response: str = "Success", *lines: str) -> None:
        """Answer an action."""
        self.send(f"Response: {response}", f"ActionID: {to['ActionID']}", *lines)

    def event(self, name: str, *lines: str) -> None:
        """Send an event."""
        self.send(f"Event: {name}", "Privilege: call,all", *lines)


class FakeAsterisk:
    """A manager interface. Login and Ping are answered unless the script says otherwise."""

    host = HOST

    def __init__(self, script: Mapping[str, Answer] | None = None, *, greeting: bytes = GREETING) -> None:
        self.script: dict[str, Answer] = {"Login": log_in, "Ping": ping, **(script or {})}
        self.greeting = greeting
        self.links: list[FakeLink] = []
        self.received: list[Received] = []
        self.port = 0
        self._change = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.die()

    async def listen(self) -> None:
        """Open the port; the same one as before if it was open before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: FakeLink(self), HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """Close the port and every connection, as a process that ends does."""
        self._server.close()
        for link in self.links:
            link.transport.abort()
        await self._server.wait_closed()

    def answer(self, link: FakeLink, received: Received) -> None:
        """Do what the script says; an action that it does not know is not answered."""
        if received.name in self.script:
            self.script[received.name](link, received)

    def freeze(self) -> None:
        """Stop reading: what a process that is stopped does."""
        for link in self.links:
            if link.open:
                link.transport.pause_reading()

    def happened(self) -> None:
        """Let those who wait look again."""
        self._change.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a connection, an action or `happened` makes true."""
        while not condition():
            self._change.clear()
            await self._change.wait()

    def names(self) -> list[str]:
        """Return the names of the actions that came, but for Login and Ping."""
        return [received.name for received in self.received if received.name not in {"Login", "Ping"}]


def log_in(link: FakeLink, action: Received) -> None:
    """Let the client in; Asterisk has booted."""
    link.respond(action, "Success", "Message: Authentication accepted")
    link.send("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted")


def ping(link: FakeLink, action: Received) -> None:
    """Answer a Ping."""
    link.respond(action, "Success", "Ping: Pong", "Timestamp: 1700000000.000000")


def success(*lines: str) -> Answer:
    """Answer with Success and these headers."""
    return lambda link, action: link.respond(action, "Success", *lines)


def error(message: str) -> Answer:
    """Answer with Error."""
    return lambda link, action: link.respond(action, "Error", f"Message: {message}")


def listing(*items: str, end: str = "Complete") -> Answer:
    """Answer with a list of events of these names, each with an item's number."""

    def answer(link: FakeLink, action: Received) -> None:
        ours = f"ActionID: {action['ActionID']}"
        link.respond(action, "Success", "EventList: start", "Message: whatever the wording")
        for number, name in enumerate(items):
            link.send(f"Event: {name}", ours, f"Number: {number}")
        link.send(f"Event: {action.name}Complete", f"EventList: {end}", f"ListItems: {len(items)}", ours)

    return answer


def drop(link: FakeLink, action: Received) -> None:
    """Close the connection instead of answering."""
    link.transport.abort()


async def until_true(condition: Callable[[], bool]) -> None:
    """Let the event loop turn until something holds that nobody announces."""
    for _ in range(1_000_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


ENVIRONMENT = {
    "agi_network": "yes",
    "agi_network_script": "call",
    "agi_request": "agi://127.0.0.1/call",
    "agi_channel": "PJSIP/trunk-00000001",
    "agi_language": "ru",
    "agi_type": "PJSIP",
    "agi_uniqueid": "1700000000.1",
    "agi_version": "22.10.1",
    "agi_callerid": "+79161234567",
    "agi_calleridname": "Иванов",
    "agi_callingpres": "0",
    "agi_callingani2": "0",
    "agi_callington": "0",
    "agi_callingtns": "0",
    "agi_dnid": "122",
    "agi_rdnis": "unknown",
    "agi_context": "acd-call",
    "agi_extension": "s",
    "agi_priority": "7",
    "agi_enhanced": "0.0",
    "agi_accountcode": "",
    "agi_threadid": "140000000000000",
    "agi_arg_1": "main-1700000000.1",
    "agi_arg_2": "saratov-122",
}


def environment(**changed: str) -> bytes:
    """Return the environment that Asterisk opens a session with, some of its variables changed."""
    variables = {**ENVIRONMENT, **{f"agi_{name}": value for name, value in changed.items()}}
    return "".join(f"{name}: {value}\n" for name, value in variables.items()).encode() + b"\n"


class FakeDialplan:
    """One AGI() of a dialplan: connects, sends its environment and lets the test speak."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(HOST, self.port, limit=4 * 1024 * 1024)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close the connection."""
        self.writer.close()
        with contextlib.suppress(OSError):  # the server was first
            await self.writer.wait_closed()

    def say(self, data: bytes | str) -> None:
        """Send something, unless the server has closed the connection."""
        if not self.writer.is_closing():
            self.writer.write(data.encode() if isinstance(data, str) else data)

    async def command(self) -> str:
        """Return the next command of the server; empty when it has closed the connection."""
        try:
            return (await self.reader.readline()).decode().removesuffix("\n")
        except ConnectionResetError:
            return ""

    async def closed(self) -> None:
        """Wait until the server has closed the connection."""
        with contextlib.suppress(ConnectionResetError):
            while await self.reader.read(65536):
                pass

"""Each defect of panoramisk 1.4's FastAGI that could hurt, shown on it and shown not to be ours, by the same body."""

import asyncio
from typing import Any, Self

import pytest
from panoramisk.fast_agi import Application

from ami_bridge.agi_server import AgiServer
from ami_bridge.errors import BridgeError
from tests.ami_bridge.fake_asterisk import HOST, FakeDialplan, environment, until_true


class Ours:
    """`AgiServer`, one route."""

    name = "ours"

    def __init__(self, route: Any):
        self.server = AgiServer({"call": route})

    async def __aenter__(self) -> Self:
        self.port = await self.server.start(HOST, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()

    @staticmethod
    async def ask(request: Any, *words: str) -> str:
        """Return the data of an answer, or the name of our error."""
        try:
            reply = await request.command(*words)
        except BridgeError as error:
            return type(error).__name__
        return reply.data or str(reply.result)


class Bare:
    """`panoramisk.fast_agi.Application`, one route."""

    name = "bare"

    def __init__(self, route: Any):
        self.application = Application(loop=asyncio.get_running_loop())
        self.application.add_route("call", route)

    async def __aenter__(self) -> Self:
        self.listener = await asyncio.start_server(self._handler, HOST, 0)
        self.port = self.listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.listener.close()
        await self.listener.wait_closed()

    async def _handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let an error be told and close the connection at once, as asyncio does from 3.11.5 on; before, as garbage."""
        try:
            await self.application.handler(reader, writer)
        except Exception as error:  # noqa: BLE001 - whatever bare panoramisk raises
            context = {"message": "bare panoramisk raised", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            writer.close()

    @staticmethod
    async def ask(request: Any, *words: str) -> str:
        """Return the data of an answer, or what panoramisk calls the error."""
        answer = await request.send_command(" ".join(words))
        return answer.get("error") or answer["result"][1] or answer["result"][0]


both = pytest.mark.parametrize("side", [Ours, pytest.param(Bare, id="bare-misbehaves")])


async def two_questions(side: Any, says: list[str]) -> list[str]:
    """Let a route ask two questions, Asterisk say this after each, and return what the route understood."""
    understood: list[str] = []

    async def route(request: Any) -> None:
        understood.append(await side.ask(request, "GET VARIABLE", "A"))
        understood.append(await side.ask(request, "GET VARIABLE", "B"))

    async with side(route) as served, FakeDialplan(served.port) as dialplan:
        dialplan.say(environment())
        for text in says:
            await dialplan.command()
            dialplan.say(text)
        await dialplan.closed()
    return understood


@both
async def test_hang_up_shifts_no_answers(side):
    """HANGUP comes by itself; bare, it is taken for an answer and every later answer is one too late."""
    understood = await two_questions(side, ["HANGUP\n200 result=1 (a)\n", "200 result=1 (b)\n"])
    assert understood == {"ours": ["a", "b"], "bare": ["AGIResultHangup", "a"]}[side.name]


@both
async def test_usage_text_shifts_no_answers(side):
    """A usage text has as many lines as it likes; bare, two are read and the rest answers the next command."""
    usage = (
        "520-Invalid command syntax.  Proper usage follows:\n Usage: GET VARIABLE <name>\n520 End of proper usage.\n"
    )
    understood = await two_questions(side, [usage, "200 result=1 (b)\n"])
    assert understood == {"ours": ["AgiUsage", "b"], "bare": ["AGIUsageError", "AGIUsageError"]}[side.name]


@both
async def test_word_with_line_ends_is_no_second_command(side):
    """What a caller's name holds is not carried out; bare, it is."""
    seen: list[str] = []

    async def route(request: Any) -> None:
        await side.ask(request, "SET VARIABLE", "NAME", "x\nEXEC System id")

    async with side(route) as served, FakeDialplan(served.port) as dialplan:
        dialplan.say(environment())
        while command := await dialplan.command():
            seen.append(command)
            dialplan.say("200 result=1\n")
    assert seen == {"ours": [], "bare": ["SET VARIABLE NAME x", "EXEC System id"]}[side.name]


@both
@pytest.mark.parametrize(
    "opening",
    [
        environment(network_script="call?line=122"),
        environment().replace("Иванов".encode(), b"\xc8\xe2\xe0\xed\xee\xe2"),
    ],
    ids=["query", "windows-1251"],
)
async def test_call_is_taken_up(side, opening, caplog):
    """An address with a query, and a name in windows-1251, reach the route; bare, the call gets no answer."""
    taken: list[str] = []

    async def route(request: Any) -> None:
        taken.append(request.headers["agi_calleridname"])

    async with side(route) as served, FakeDialplan(served.port) as dialplan:
        dialplan.say(opening)
        if side is Ours or b"?" in opening:
            await dialplan.closed()
        else:
            await until_true(lambda: "UnicodeDecodeError" in caplog.text)
    assert taken == {"ours": ["Иванов"], "bare": []}[side.name]


@both
async def test_loss_of_the_connection_is_told(side):
    """A route whose Asterisk is gone gets an error that says so; bare, a ValueError about an empty number."""
    told: list[str] = []
    ended = asyncio.Event()

    async def route(request: Any) -> None:
        try:
            told.append(await side.ask(request, "NOOP", "x"))
        except ValueError as error:
            told.append(str(error))
        ended.set()

    async with side(route) as served:
        async with FakeDialplan(served.port) as dialplan:
            dialplan.say(environment())
            await dialplan.command()
        await ended.wait()
    assert told == {"ours": ["AgiLost"], "bare": ["invalid literal for int() with base 10: ''"]}[side.name]


@both
async def test_route_that_is_cancelled_ends(side):
    """Stopping the daemon stops its routes; bare, the cancellation is swallowed and the handler goes on."""
    started = asyncio.Event()

    async def route(_: Any) -> None:
        started.set()
        await asyncio.Event().wait()

    async with side(route) as served, FakeDialplan(served.port) as dialplan:
        dialplan.say(environment())
        await started.wait()
        (task,) = [task for task in asyncio.all_tasks() if "handler" in repr(task.get_coro())]
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled() == {"ours": True, "bare": False}[side.name]


class ImpatientReader(asyncio.StreamReader):
    """A stream at its end that counts how often it is read all the same."""

    reads = 0

    async def read(self, n: int = -1) -> bytes:
        """Return the end of the file, but not for ever."""
        self.reads += 1
        if self.reads > 1000:
            raise RecursionError
        return await super().read(n)


async def test_bare_panoramisk_never_lets_go_of_a_connection_that_closed():
    """The claim: one connect-and-close keeps the event loop for good. Ours is in test_agi_server.py, on a socket."""
    reader = ImpatientReader()
    reader.feed_eof()
    with pytest.raises(RecursionError):
        await Application(loop=asyncio.get_running_loop()).handler(reader, None)
    assert reader.reads > 1000


def returns_an_awaitable(_: Any) -> "asyncio.Future[None]":
    """Serve a call without being a coroutine function."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


async def test_route_may_be_any_callable():
    """A plain function that returns an awaitable serves; bare panoramisk needs a function that Python 3.11 has not."""
    with pytest.raises(AttributeError, match="coroutine"):
        Bare(returns_an_awaitable)
    async with Ours(returns_an_awaitable) as served, FakeDialplan(served.port) as dialplan:
        dialplan.say(environment())
        await dialplan.closed()
        assert served.server.counters.failed == 0

"""The FastAGI server on a real socket: sessions, limits, and peers that are no Asterisk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from ami_bridge.agi_server import AgiServer, AgiSession
from ami_bridge.errors import AgiError, AgiHungUp, AgiLost, AgiUsage, InjectionRefused
from tests.ami_bridge.fake_asterisk import HOST, FakeDialplan, environment, until_true


@asynccontextmanager
async def serving(*, path: str = "call", **limits: object) -> AsyncIterator["Served"]:
    """Run a server whose only route hands its sessions to the test."""
    served = Served()
    served.server = AgiServer({path: served.route}, **limits)
    served.port = await served.server.start(HOST, 0)
    try:
        yield served
    finally:
        await served.server.close()


class Served:
    """The server and the sessions that came, each held open until the test lets it go."""

    server: AgiServer
    port: int

    def __init__(self):
        self.sessions: asyncio.Queue[AgiSession] = asyncio.Queue()
        self.done = asyncio.Event()

    async def route(self, session: AgiSession) -> None:
        """Hand the session over and wait."""
        self.sessions.put_nowait(session)
        await self.done.wait()

    @asynccontextmanager
    async def session(self, **changed: str) -> AsyncIterator[tuple[AgiSession, FakeDialplan]]:
        """Open a session as a dialplan does."""
        async with FakeDialplan(self.port) as dialplan:
            dialplan.say(environment(**changed))
            yield await self.sessions.get(), dialplan

    async def still_serves(self) -> None:
        """Check that a call comes through."""
        async with self.session() as (session, dialplan):
            reply = session.command("GET VARIABLE", "X")
            assert await dialplan.command() == "GET VARIABLE X"
            dialplan.say("200 result=1 (here)\n")
            assert (await reply).data == "here"


async def test_session_knows_who_calls():
    """Channel, caller and arguments are read from what Asterisk opens with."""
    async with serving() as served, served.session() as (session, _):
        assert session.channel == "PJSIP/trunk-00000001"
        assert session.unique_id == "1700000000.1"
        assert (session.caller, session.caller_name) == ("+79161234567", "Иванов")
        assert session.args == ["main-1700000000.1", "saratov-122"]
        assert session.env["agi_extension"] == "s"


async def test_withheld_number_is_empty():
    """Asterisk says `unknown` where there is no number."""
    async with serving() as served, served.session(callerid="unknown", calleridname="unknown") as (session, _):
        assert (session.caller, session.caller_name) == ("", "")


async def test_command_is_written_before_the_call_returns():
    """From an event to the wire there is no turn of the loop in between."""
    async with serving() as served, served.session() as (session, _):
        written: list[bytes] = []
        session.writer = Writes(written)
        reply = session.command("EXEC", "Dial", "PJSIP/op101,15,g")
        assert written == [b"EXEC Dial PJSIP/op101,15,g\n"]
        reply.cancel()


class Writes:
    """A transport that keeps what is written."""

    def __init__(self, written: list[bytes]):
        self.write = written.append

    def is_closing(self) -> bool:
        """It is open."""
        return False


async def test_commands_wait_for_their_turn():
    """Asterisk gets the next command when it has answered the last; one that was given up meanwhile is not sent."""
    async with serving() as served, served.session() as (session, dialplan):
        first, second, third = (session.command("GET VARIABLE", name) for name in "ABC")
        assert await dialplan.command() == "GET VARIABLE A"
        second.cancel()
        dialplan.say("200 result=1 (a)\n")
        assert (await first).data == "a"
        assert await dialplan.command() == "GET VARIABLE C"
        dialplan.say("200 result=1 (c)\n")
        assert (await third).data == "c"


async def test_answer_of_a_command_given_up_belongs_to_nobody_else():
    """Who is cancelled while Asterisk works does not shift the answers of those after him."""
    async with serving() as served, served.session() as (session, dialplan):
        first = session.command("EXEC", "Dial", "PJSIP/op101")
        second = session.command("GET VARIABLE", "B")
        assert await dialplan.command() == "EXEC Dial PJSIP/op101"
        first.cancel()
        dialplan.say("200 result=0\n")
        assert await dialplan.command() == "GET VARIABLE B"
        dialplan.say("200 result=1 (b)\n")
        assert (await second).data == "b"


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        ("510 Invalid or unknown command", AgiUsage, "NOOP: 510 Invalid or unknown command"),
        ("520-Bad.  Usage follows:\nUsage: NOOP\n\n520 End of proper usage.", AgiUsage, "Usage: NOOP"),
        ("511 Command Not Permitted on a dead channel or intercept routine", AgiHungUp, "dead channel"),
        ("503 result=-2 Memory allocation failure", AgiError, "NOOP: 503 result=-2 Memory"),
    ],
)
async def test_refusal_is_an_error_that_tells_why(answer, error, text):
    """Each code is an error of its own, and the session goes on after it."""
    async with serving() as served, served.session() as (session, dialplan):
        reply = session.command("NOOP")
        await dialplan.command()
        dialplan.say(answer + "\n")
        with pytest.raises(error, match=text):
            await reply
        after = session.command("GET VARIABLE", "X")
        await dialplan.command()
        dialplan.say("200 result=1 (x)\n")
        assert (await after).data == "x"


async def test_hang_up_answers_no_command():
    """HANGUP is noted and told, once; the command that is out gets its own answer."""
    async with serving() as served, served.session() as (session, dialplan):
        told: list[str] = []
        session.on_hang_up = lambda: told.append("hung up")
        reply = session.command("EXEC", "Dial", "PJSIP/op101")
        await dialplan.command()
        dialplan.say("HANGUP\n200 result=-1\nHANGUP\n")
        assert (await reply).result == -1
        assert session.hung_up
        after = session.command("SET VARIABLE", "ACD_TO", "hangup")
        assert await dialplan.command() == "SET VARIABLE ACD_TO hangup"
        dialplan.say("200 result=1\n")
        assert (await after).result == 1
        assert told == ["hung up"]


async def test_waiting_ends_with_the_event_the_channel_or_the_connection():
    """Who waits for orders is woken by them, by a hang-up and by a loss."""
    async with serving() as served:
        async with served.session() as (session, dialplan):
            order = asyncio.Event()
            asyncio.get_running_loop().call_soon(order.set)
            await session.wait(order)
            order.clear()
            dialplan.say("HANGUP\n")
            with pytest.raises(AgiHungUp):
                await session.wait(order)
            with pytest.raises(AgiHungUp):
                await session.wait(asyncio.Event())
        async with served.session() as (session, dialplan):
            await dialplan.hang_up()
            with pytest.raises(AgiLost):
                await session.wait(asyncio.Event())


async def test_lost_connection_fails_every_command():
    """What is out, what waits for its turn and what comes later all learn that the session is gone."""
    async with serving() as served, served.session() as (session, dialplan):
        replies = [session.command("EXEC", "Dial", "PJSIP/op101"), session.command("NOOP")]
        await dialplan.hang_up()
        for reply in replies:
            with pytest.raises(AgiLost):
                await reply
        assert session.lost
        with pytest.raises(AgiLost):
            session.command("NOOP")


async def test_too_many_waiting_commands_are_refused():
    """A route that sends without ever waiting is stopped, not its memory filled."""
    async with serving() as served, served.session() as (session, _):
        for _ in range(64):
            session.command("NOOP")
        with pytest.raises(AgiError, match="64 commands wait"):
            session.command("NOOP")


async def test_line_quoted_by_hand_can_be_sent():
    """The way in which panoramisk sends a command is there, and as safe."""
    async with serving() as served, served.session() as (session, dialplan):
        reply = asyncio.create_task(session.send_command('SET VARIABLE X "a b"'))
        assert await dialplan.command() == 'SET VARIABLE X "a b"'
        dialplan.say("200 result=1\n")
        assert (await reply).result == 1
        with pytest.raises(InjectionRefused):
            await session.send_command("NOOP\nEXEC System id")


async def test_end_of_the_route_closes_the_session():
    """The dialplan goes on when the route has returned."""
    async with serving() as served, served.session() as (_, dialplan):
        served.done.set()
        await dialplan.closed()


async def test_error_in_a_route_ends_its_session_only():
    """A bug costs one call its session, is logged and counted; the dialplan helps the caller on."""
    server = AgiServer({"call": broken})
    port = await server.start(HOST, 0)
    with capture_logs() as logs:
        for _ in range(2):
            async with FakeDialplan(port) as dialplan:
                dialplan.say(environment())
                await dialplan.closed()
    assert server.counters.failed == 2
    assert [entry["event"] for entry in logs] == ["agi.failed"] * 2
    await server.close()


async def broken(_: AgiSession) -> None:
    """Have a bug."""
    raise ZeroDivisionError


async def test_unknown_path_is_closed_and_counted():
    """A session that nobody serves goes back to the dialplan at once."""
    async with serving() as served:
        async with FakeDialplan(served.port) as dialplan:
            dialplan.say(environment(network_script="nobody"))
            await dialplan.closed()
        assert served.server.counters.no_route == 1


@pytest.mark.parametrize(("path", "script"), [("call", "call?line=122"), ("/operator", "operator"), ("a/b", "/a/b/?x")])
async def test_path_is_taken_without_query_and_slashes(path, script):
    """What follows the question mark is the route's to read."""
    async with serving(path=path) as served, served.session(network_script=script) as (session, _):
        assert session.env["agi_network_script"] == script


async def connect_and_close(served: Served) -> None:
    """Do as a health check does."""
    async with FakeDialplan(served.port):
        pass


def sending(data: bytes) -> Callable[[Served], object]:
    """Return a peer that sends this and waits to be closed."""

    async def peer(served: Served) -> None:
        async with FakeDialplan(served.port) as dialplan:
            dialplan.say(data)
            await dialplan.closed()

    return peer


async def dribble(served: Served) -> None:
    """Send a letter at a time and never come to an end."""
    async with FakeDialplan(served.port) as dialplan:
        closed = asyncio.create_task(dialplan.closed())
        for letter in endless(b"agi_network: yes\n"):
            if closed.done():
                break
            dialplan.say(bytes([letter]))
            await asyncio.sleep(0)
        await closed


def endless(text: bytes):
    """Yield the text, then its last line over and over."""
    yield from text
    while True:
        yield from b"agi_x: 1"


@pytest.mark.parametrize(
    ("peer", "counter"),
    [
        (connect_and_close, "unfinished"),
        (sending(b"\x00\xff" * 500), "malformed"),
        (sending(b"agi_network: " + b"x" * 1_000_000), "malformed"),
        (sending(b"agi_network: yes\n" + b"agi_x: y\n" * 100_000), "malformed"),
        (sending(environment() + b"200 result=0\n"), "malformed"),
        (sending(environment() + b"x" * 1_000_000), "malformed"),
        (sending(b"agi_network: yes\n"), "late"),
        (dribble, "late"),
    ],
    ids=["connect-and-close", "garbage", "line", "headers", "unasked", "answer", "silent", "dribble"],
)
async def test_peer_that_is_no_asterisk_harms_nobody(peer, counter):
    """It is cut off and counted, and the next call is served."""
    async with serving(header_deadline_s=0.2) as served:
        await peer(served)
        await until_true(lambda: bool(getattr(served.server.counters, counter)))
        if not served.sessions.empty():
            served.sessions.get_nowait()
        await served.still_serves()


async def test_strangers_are_cut_off():
    """Only the addresses of the Asterisk servers may connect."""
    async with serving(allowed_peers=["192.0.2.0/24"]) as served:
        async with FakeDialplan(served.port) as dialplan:
            dialplan.say(environment())
            await dialplan.closed()
        counters = served.server.counters
        assert (counters.refused_peer, counters.started) == (1, 0)


async def test_connections_are_limited():
    """One more than allowed is cut off; when another ends there is room again."""
    async with serving(max_connections=1) as served:
        async with served.session():
            async with FakeDialplan(served.port) as dialplan:
                await dialplan.closed()
            assert served.server.counters.refused_full == 1
            assert served.server.sessions == 1
        await until_true(lambda: not served.server._connections)
        await served.still_serves()


async def test_closing_lets_sessions_end_by_themselves():
    """With time to drain, a route comes to its own end; nobody new is let in."""
    server = AgiServer({"call": polite})
    port = await server.start(HOST, 0)
    async with FakeDialplan(port) as dialplan:
        dialplan.say(environment())
        assert await dialplan.command() == "NOOP"
        closing = asyncio.create_task(server.close(drain_s=60))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, port)
        dialplan.say("200 result=0\n")
        assert await dialplan.command() == "VERBOSE bye"
        dialplan.say("200 result=1\n")
        await closing


async def polite(session: AgiSession) -> None:
    """Say good-bye."""
    await session.command("NOOP")
    await session.command("VERBOSE", "bye")


async def test_closing_at_once_ends_sessions():
    """Without time to drain, open sessions are ended, and a route that is cancelled stays so."""
    async with serving() as served, served.session() as (session, dialplan):
        await served.server.close()
        await dialplan.closed()
        assert served.server.sessions == 0
        with pytest.raises(AgiLost):
            session.command("NOOP")

"""What the bridge relies on, and what bare panoramisk breaks on, tried on a real Asterisk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from acd.lab.asterisk import AsteriskProgram, LabAsterisk
from ami_bridge.agi_server import AgiServer, AgiSession
from ami_bridge.errors import AgiHungUp, AgiUsage
from tests.ami_bridge.sides import SECRET, Bare, Ours, settled

pytestmark = pytest.mark.asterisk

HOST = "127.0.11.7"
AMI_PORT = 5038
AGI_PORT = 4573

CONFIGURATION = {
    "manager.conf": f"""
[general]
enabled = yes
bindaddr = {HOST}
port = {AMI_PORT}
[acd]
secret = {SECRET}
read = all
write = all
[poor]
secret = {SECRET}
read = call
write = call
""",
    "modules.conf": """
[modules]
autoload = no
"""
    + "".join(
        f"load = {module}.so\n"
        for module in (
            "res_speech",
            "res_agi",
            "res_musiconhold",
            "app_queue",
            "app_stack",
            "func_strings",
            "func_uri",
            "func_callerid",
            "func_channel",
            "bridge_simple",
            "pbx_config",
        )
    ),
    "extensions.conf": f"""
[try]
exten => wait,1,Answer()
 same => n,Wait(30)
exten => agi,1,Answer()
 same => n,Set(NAME=${{URIDECODE(a "b" %5C ИвановF)}})
 same => n,AGI(agi://{HOST}:{AGI_PORT}/call?line=122,one,two words)
 same => n,Hangup()
exten => forger,1,Answer()
 same => n,Set(CALLERID(num)=${{URIDECODE(1%0D%0AUniqueid: 9.9%0D%0Aagi_uniqueid: 9.9%0A%0A)}})
 same => n,AGI(agi://{HOST}:{AGI_PORT}/call,genuine)
 same => n,Hangup()
""",
    "queues.conf": "[q]\nstrategy = rrmemory\n",
    "logger.conf": "[logfiles]\nmessages => notice,warning,error\n",
    "musiconhold.conf": "",
}


class RealAsterisk(LabAsterisk):
    """An instance of our own, as the two sides see it."""

    host = HOST
    port = AMI_PORT

    def __init__(self, program: AsteriskProgram, home: Path) -> None:
        super().__init__(program, home)
        self._change = asyncio.Event()

    def happened(self) -> None:
        """Let those who wait look again."""
        self._change.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that `happened` makes true."""
        while not condition():
            self._change.clear()
            await self._change.wait()


@pytest.fixture
async def asterisk(program: AsteriskProgram, tmp_path: Path) -> AsyncIterator[RealAsterisk]:
    """Return a running Asterisk with nothing in it but what these tests need."""
    instance = RealAsterisk(program, tmp_path / "asterisk")
    instance.etc.mkdir(parents=True)
    for name, text in CONFIGURATION.items():
        (instance.etc / name).write_text(text, encoding="utf-8")
    instance.write_asterisk_conf()
    async with instance:
        yield instance


class Route:
    """A FastAGI route that hands its sessions to the test and holds them until it lets go."""

    def __init__(self) -> None:
        self.sessions: asyncio.Queue[AgiSession] = asyncio.Queue()
        self.done = asyncio.Event()

    async def serve(self, session: AgiSession) -> None:
        """Hand the session over."""
        self.sessions.put_nowait(session)
        await self.done.wait()


@pytest.fixture
async def route() -> AsyncIterator[Route]:
    """Return the route of a server that listens."""
    route = Route()
    server = AgiServer({"call": route.serve})
    await server.start(HOST, AGI_PORT)
    yield route
    await server.close()


@pytest.mark.parametrize("side", [Ours, pytest.param(Bare, id="bare-misbehaves")])
async def test_actions_that_bare_panoramisk_hangs_on(asterisk, side):
    """Asterisk's own wording makes bare panoramisk wait for ever, or drop the link."""
    async with side(asterisk) as ami:
        added = ami.start("QueueAdd", {"Queue": "q", "Interface": "Local/1@try", "Penalty": "1"})
        refused = ami.start("NoSuchAction", {}, as_list=True)
        await ami.round_trip()
        assert await settled(added) == {"ours": "Success", "bare": "hangs"}[side.name]
        assert await settled(refused) == {"ours": "ActionRefused", "bare": "hangs"}[side.name]
        dialled = ami.start("Originate", {"Channel": "Local/wait@try", "Application": "Wait", "Data": "1"})
        if side is Bare:
            await asterisk.until(lambda: bool(ami.downs))
            assert await settled(dialled) == "hangs"
        else:
            assert await dialled == "Success"
            assert ami.downs == []


async def test_lists_and_output_are_whole(asterisk):
    """Lists, an empty list and a command's output come as Asterisk has them."""
    async with Ours(asterisk) as ami:
        await ami.client.action("Originate", {"Channel": "Local/wait@try", "Application": "Wait", "Data": "9"})
        channels = await ami.client.action_list("Status", {"Variables": "NOT_SET,CHANNEL(channeltype)"})
        assert {channel.event for channel in channels} == {"Status"}
        assert channels[0].variables == {"CHANNEL(channeltype)": "Local"}
        assert [event.event for event in await ami.client.action_list("QueueStatus")] == ["QueueParams"]
        assert await ami.client.action_list("BridgeList") == []
        assert "Last reload" in (await ami.client.action("Command", {"Command": "core show uptime"})).output
        value = "я" * 500
        await ami.client.action("Setvar", {"Variable": "LONG", "Value": value})
        assert (await ami.client.action("Getvar", {"Variable": "LONG"}))["Value"] == value


async def test_user_without_the_class_system_gets_up(asterisk):
    """Asterisk never tells such a user that it has booted, nor lets him ask."""
    async with Ours(asterisk, username="poor", boot_patience_s=0.05) as ami:
        assert "FullyBooted" not in [event.event for event in ami.events]


async def test_frozen_asterisk_is_noticed_and_found_again(asterisk):
    """SIGSTOP leaves connections open and silent; the client gives up, and comes back when it goes on."""
    async with Ours(asterisk, ping_interval_s=0.1, pong_deadline_s=0.5) as ami:
        asterisk.sigstop()
        await asterisk.until(lambda: bool(ami.downs))
        assert "no sign of life" in ami.downs[0]
        asterisk.sigcont()
        await asterisk.until(lambda: ami.ups == 2)


async def test_restarted_asterisk_is_found_again(asterisk):
    """A crash is one loss; the client is back once Asterisk has booted, and not before."""
    async with Ours(asterisk) as ami:
        await asterisk.kill9()
        await asterisk.until(lambda: bool(ami.downs))
        await asterisk.start()
        await asterisk.until(lambda: ami.ups == 2)
        assert len(ami.downs) == 1
        assert [event.event for event in ami.events].count("FullyBooted") == 2


async def test_session_speaks_with_a_real_dialplan(asterisk, route):
    """Arguments, quoting, a usage text, and what comes after it, as Asterisk takes and gives them."""
    async with Ours(asterisk) as ami:
        ami.client.post("Originate", {"Channel": "Local/agi@try", "Application": "Wait", "Data": "9"})
        session = await route.sessions.get()
        assert session.args == ["one", "two words"]
        assert (await session.command("GET VARIABLE", "NAME")).data == 'a "b" \\ ИвановF'
        for word in ['"', "\\", 'a\\"b', "${EXTEN} &,|;", "", " ", "\t", "😀"]:
            await session.command("SET VARIABLE", "WORD", word)
            assert (await session.command("GET VARIABLE", "WORD")).data == word
        with pytest.raises(AgiUsage, match="Proper usage"):
            await session.command("STREAM FILE")
        with pytest.raises(AgiUsage, match="510"):
            await session.command("NONSENSE")
        assert (await session.command("GET VARIABLE", "WORD")).data == "😀"
        assert (await session.command("EXEC", "NoSuchApplication", "")).result == -2


async def test_hang_up_comes_out_of_band(asterisk, route):
    """A session outlives its channel: what needs a channel is refused, variables can still be set."""
    async with Ours(asterisk) as ami:
        ami.client.post("Originate", {"Channel": "Local/agi@try", "Application": "Wait", "Data": "9"})
        session = await route.sessions.get()
        ami.client.post("Hangup", {"Channel": session.channel})
        with pytest.raises(AgiHungUp):
            await session.wait(asyncio.Event())
        with pytest.raises(AgiHungUp, match="dead channel"):
            await session.command("STREAM FILE", "beep", "")
        assert (await session.command("SET VARIABLE", "ACD_TO", "hangup")).result == 1
        assert (await session.command("GET VARIABLE", "ACD_TO")).data == "hangup"


async def test_number_with_line_ends_forges_nothing(asterisk, route):
    """Asterisk passes such a number on as it is. Neither AMI nor FastAGI take another call's name from it."""
    async with Ours(asterisk) as ami:
        ami.client.post("Originate", {"Channel": "Local/forger@try", "Application": "Wait", "Data": "9"})
        session = await route.sessions.get()
        assert session.unique_id != "9.9"
        assert session.args == ["genuine"]
        await ami.round_trip()
        assert ami.client._link.protocol.decoder.forged > 0
        assert "9.9" not in [event.get("Uniqueid") for event in ami.events]

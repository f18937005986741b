"""What the daemon itself costs per call: its CPU time, with Asterisk played by this process.

`python -m tests.bench.bench_daemon [--calls N] [--rate N] [--rounds N] [--home DIR]`. The daemon is run as a site runs
it, records, spool and log included. The other side speaks AMI and FastAGI as Asterisk 22.10 was seen to: per call ten
events of the manager interface and one session, whose environment comes line by line. So the figure is the daemon's
alone and needs no telephones, which `bench_asterisk --only cpu` has. Prints

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when the median of the rounds misses its bar, or a call was not served.
"""

import argparse
import asyncio
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from acd.control.access import read_token_file
from acd.control.client import ControlClient
from acd.control.errors import ControlError
from acd.control.place import token_path
from acd.lab.addresses import HeldSlice
from acd.lab.asterisk import PROJECT
from acd.lab.process import LabProcess, cpu_s
from acd.lab.site import AGI_PORT, LINE, SERVER, Place, Site
from config.load import load_config
from config.model import Config

OPERATORS = 100
TALK_S = 0.6
LIMIT_MS = 1.0
AMI_PORT = 5038


def wall_time() -> float:
    """Return what Asterisk's clock says: seconds since the epoch."""
    return datetime.now(UTC).timestamp()  # noqa: TID251 - the other side of the bench has a clock of its own


def channel(name: str, state: str, number: str, other: str, context: str, uniqueid: str, linkedid: str) -> str:
    """Return what Asterisk says of a channel in every event (`ast_manager_build_channel_state_string`)."""
    return (
        f"Channel: {name}\r\nChannelState: {state}\r\nChannelStateDesc: Up\r\nCallerIDNum: {number}\r\n"
        f"CallerIDName: <unknown>\r\nConnectedLineNum: {other}\r\nConnectedLineName: <unknown>\r\nLanguage: ru\r\n"
        f"AccountCode: \r\nContext: {context}\r\nExten: {LINE}\r\nPriority: 2\r\nUniqueid: {uniqueid}\r\n"
        f"Linkedid: {linkedid}\r\n"
    )


def prefixed(text: str) -> str:
    """Return the same of the dialled channel."""
    return "".join(f"Dest{line}\r\n" for line in text.split("\r\n") if line)


def environment(address: str, caller: str, name: str, uniqueid: str) -> Iterator[bytes]:
    """Yield the environment as res_agi.c writes it: a line at a time."""
    lines = ["network: yes", "network_script: call", f"request: agi://{address}:{AGI_PORT}/call"]
    lines += [f"channel: {name}", "language: ru", "type: PJSIP", f"uniqueid: {uniqueid}", "version: 22.10.1"]
    lines += [f"callerid: {caller}", "calleridname: unknown", "callingpres: 0", "callingani2: 0", "callington: 0"]
    lines += ["callingtns: 0", "dnid: 122", "rdnis: unknown", "context: acd-line", f"extension: {LINE}", "priority: 2"]
    lines += ["enhanced: 0.0", "accountcode: ", "threadid: 140046808057536", f"arg_1: {SERVER}-{uniqueid}"]
    lines += [f"arg_2: {LINE}", f"arg_3: {wall_time():.3f}", "arg_4: new"]
    yield from (f"agi_{line}\n".encode() for line in lines)
    yield b"\n"


class ManagerLink(asyncio.Protocol):
    """The manager interface: says yes to everything, and lists telephones and channels."""

    def __init__(self, played: "PlayedAsterisk") -> None:
        self._played = played
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"Asterisk Call Manager/11.0.0\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer actions."""
        *blocks, self._held = (self._held + data).split(b"\r\n\r\n")
        for block in blocks:
            action = dict(line.split(": ", 1) for line in block.decode().split("\r\n"))
            self._answer(action["Action"], action["ActionID"])

    def _answer(self, name: str, action_id: str) -> None:
        own = f"ActionID: {action_id}\r\n"
        if name in {"DeviceStateList", "Status", "DBGetTree", "QueueStatus", "CoreShowChannels"}:
            self.say(f"Response: Success\r\n{own}EventList: start\r\n")
            for device in self._played.telephones if name == "DeviceStateList" else ():
                self.say(f"Event: DeviceStateChange\r\n{own}Device: PJSIP/{device}\r\nState: NOT_INUSE\r\n")
            for text in self._played.channels.values() if name == "Status" else ():
                self.say(f"Event: Status\r\n{own}{text}")
            self.say(f"Event: {name}Complete\r\n{own}EventList: Complete\r\nListItems: 0\r\n")
            return
        self.say(f"Response: Success\r\n{own}Ping: Pong\r\nTimestamp: {wall_time():.6f}\r\n")
        if name == "Login":
            self._played.manager = self
            self.say("Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n")

    def say(self, message: str) -> None:
        """Send one message."""
        self._transport.write(f"{message}\r\n".encode())

    def event(self, name: str, text: str) -> None:
        """Send one event."""
        self.say(f"Event: {name}\r\nPrivilege: call,all\r\n{text}")


class PlayedAsterisk:
    """An Asterisk on which every call that is offered to a telephone is answered, and ended there after a while."""

    def __init__(self, address: str, daemon: str, telephones: list[str]) -> None:
        self.address = address
        self.daemon = daemon
        self.telephones = telephones
        self.manager: ManagerLink | None = None
        self.served = 0
        self.channels: dict[str, str] = {}
        """What is said of those that exist, by Uniqueid: the daemon asks now and then."""
        self._made = 0

    async def listen(self) -> None:
        """Open the manager interface."""
        await asyncio.get_running_loop().create_server(lambda: ManagerLink(self), self.address, AMI_PORT)

    def _next(self, endpoint: str) -> tuple[str, str]:
        self._made += 1
        return f"PJSIP/{endpoint}-{self._made:08x}", f"{int(wall_time())}.{self._made}"

    def _up(self, uniqueid: str, text: str) -> None:
        assert self.manager is not None
        self.channels[uniqueid] = text
        self.manager.event("Newchannel", text)

    def _down(self, uniqueid: str) -> None:
        assert self.manager is not None
        text = self.channels.pop(uniqueid)
        self.manager.event("Hangup", f"{text}Cause: 16\r\nCause-txt: Normal Clearing\r\n")

    async def call(self) -> None:
        """Place one call and live through it."""
        assert self.manager is not None
        caller = f"7902{self._made:07}"
        name, uniqueid = self._next("trunk-city")
        self._up(uniqueid, channel(name, "6", caller, "101", "acd-leave", uniqueid, uniqueid))
        await asyncio.sleep(0.005)
        reader, writer = await asyncio.open_connection(self.daemon, AGI_PORT)
        for line in environment(self.daemon, caller, name, uniqueid):
            writer.write(line)
        while True:
            command = (await reader.readline()).decode()
            if not command.startswith("EXEC Dial "):
                if not command:
                    break
                writer.write(b"200 result=0\n")
                continue
            await self._dial(command.split("/")[1].partition(",")[0], caller, name, uniqueid, writer)
        writer.write(b"HANGUP\n")
        writer.close()
        self.manager.event("SoftHangupRequest", self.channels[uniqueid] + "Cause: 16\r\n")
        self._down(uniqueid)
        self.served += 1

    async def _dial(self, telephone: str, caller: str, name: str, uniqueid: str, writer: asyncio.StreamWriter) -> None:
        assert self.manager is not None
        event = self.manager.event
        dialled, its = self._next(telephone)
        there = channel(dialled, "6", telephone[2:], caller, "acd-operators", its, uniqueid)
        here = channel(name, "6", caller, telephone[2:], "acd-line", uniqueid, uniqueid)
        self._up(its, there)
        await asyncio.sleep(0)
        event("DialBegin", f"{here}{prefixed(there)}DialString: {telephone}\r\n")
        await asyncio.sleep(0.01)
        event("DialEnd", f"{here}{prefixed(there)}DialStatus: ANSWER\r\n")
        bridge = f"BridgeUniqueid: 5e8b6f6b-6eaf-4a4b-9271-{self._made:012x}\r\nBridgeType: basic\r\n"
        bridge += "BridgeTechnology: simple_bridge\r\nBridgeCreator: <unknown>\r\nBridgeName: <unknown>\r\n"
        bridge += "BridgeNumChannels: 1\r\nBridgeVideoSourceMode: none\r\n"
        event("BridgeEnter", bridge + there)
        event("BridgeEnter", bridge + here)
        await asyncio.sleep(TALK_S)
        event("HangupRequest", there + "Cause: 16\r\n")
        writer.write(b"200 result=0\n")
        self._down(its)

    async def load(self, calls: int, rate: float) -> None:
        """Place so many calls, so many a second, and wait for their end."""
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for number in range(calls):
                await asyncio.sleep(began + number / rate - loop.time())
                group.create_task(self.call())


def healthy(config: Config) -> bool:
    """Tell whether the daemon says that all is well and that every operator is ready."""
    listen = config.control.listen
    try:
        told = ControlClient(listen.host, listen.port, read_token_file(token_path(config))).get("/v1/status")
    except ControlError:
        return False
    return bool(told["health"]["status"] == "ok" and told["agents_by_state"].get("ready") == OPERATORS)


async def run(calls: int, rate: float, rounds: int, kept: Path | None) -> int:
    """Run the rounds and return the exit status."""
    site = Site(
        operators=OPERATORS,
        first_operator="3001",
        target_wait_s=600.0,
        max_wait_s=1200.0,
        min_talk_s=0.0,
        pause_after_misses=0,
    )
    with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder, HeldSlice.take() as held:
        home, place = kept or Path(folder), Place.on(held.slice, registering=False)
        path = home / "acd.toml"
        path.write_text(site.toml(place, home), encoding="utf-8")
        config = load_config(path)
        played = PlayedAsterisk(held.slice.asterisk.address, held.slice.daemon, site.telephones())
        await played.listen()
        argv = [sys.executable, "-m", "acd", "--config", str(path), "run"]
        daemon = await LabProcess.start("daemon", argv, home / "daemon.log", env={"PYTHONPATH": str(PROJECT)}, cwd=home)
        try:
            async with asyncio.timeout(60):
                while not await asyncio.to_thread(healthy, config):  # noqa: ASYNC110 - another process, asked by HTTP
                    await asyncio.sleep(0.1)
            costs = []
            for number in range(rounds + 1):
                await asyncio.sleep(1.0)  # the records of the round before are written
                before = cpu_s(daemon.pid)
                async with asyncio.timeout(60 + 3 * calls / rate):
                    await played.load(calls, rate)
                await asyncio.sleep(1.0)
                cost = 1000 * (cpu_s(daemon.pid) - before) / calls
                warming = "" if number else ", to warm up"
                sys.stdout.write(f"# {cost:.3f} ms/call, load average {os.getloadavg()[0]:.2f}{warming}\n")
                sys.stdout.flush()
                costs += [cost] if number else []
        finally:
            await daemon.stop(signal.SIGTERM, limit_s=20)
        median, lost = statistics.median(costs), (rounds + 1) * calls - played.served
        sys.stdout.write(f"figure daemon_calls_not_served {lost} count bar <= 0 {'fail' if lost else 'pass'}\n")
        verdict = "pass" if median <= LIMIT_MS else "fail"
        sys.stdout.write(f"figure daemon_cpu_{rate:g} {median:.3f} ms/call bar <= {LIMIT_MS:g} {verdict}\n")
        return 0 if median <= LIMIT_MS and not lost else 1


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=600, help="of each round")
    parser.add_argument("--rate", type=float, default=60.0, help="calls per second")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="keep configuration, log and records in this folder")
    options = parser.parse_args()
    return asyncio.run(run(options.calls, options.rate, options.rounds, options.home))


if __name__ == "__main__":
    sys.exit(main())

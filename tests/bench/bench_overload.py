"""More than can be done: 10 000 callers who wait, a storm of 20 000 AMI events a second, on the daemon as it is run.

`make bench-overload`. Asterisk is played over loopback, since no SIPp on this machine places 10 000 calls beside the
daemon: FastAGI sessions that hold, and a manager interface that floods. Measured is how long a free operator takes to
be rung (from his log-in over the API to `EXEC Dial` in the session of who waits longest), calm and in the storm, and
what the API still answers. Prints

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when a figure misses its bar.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from pathlib import Path

import uvloop

from acd.control.errors import ControlError, RequestRefused
from acd.lab.capture import Spread
from acd.lab.centre import LabCentre
from acd.lab.process import cpu_s
from acd.lab.site import AGI_PORT, LINE, SERVER, Site
from tests.ami_bridge.fake_asterisk import FakeAsterisk, FakeLink, Received, error, success
from tests.bench.bench_asterisk import Figures

OPERATORS = 60
PATIENCE_S = 60.0
STORM_EVENTS = 20_000
STORM_S = 8.0
BURST_S = 0.01
NOISE = (
    b"Event: RTCPSent\r\nPrivilege: reporting,all\r\nChannel: Local/1@x-0001\r\nUniqueid: 9.9\r\nTo: 0.0.0.0:1\r\n\r\n"
    b"Event: VarSet\r\nPrivilege: dialplan,all\r\nChannel: Local/1@x-0001\r\nUniqueid: 9.9\r\nVariable: X\r\n\r\n"
    b"Event: Newchannel\r\nPrivilege: call,all\r\nChannel: Local/1@x-0001\r\nUniqueid: 9.9\r\nLinkedid: 9.9\r\n\r\n"
    b"Event: Hangup\r\nPrivilege: call,all\r\nChannel: Local/1@x-0001\r\nUniqueid: 9.9\r\nCause: 16\r\n\r\n"
)
"""Four events, two of which the daemon wants and that are nobody's."""


class Caller(asyncio.Protocol):
    """One caller's session, as Asterisk plays it: every command succeeds, and a Dial rings on."""

    def __init__(self, number: int, dialled: "asyncio.Queue[tuple[int, float]]") -> None:
        self._number = number
        self._dialled = dialled

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who calls."""
        self.transport = transport
        entered = time.time() - 30 + self._number / 1000  # noqa: TID251 - the wall clock that Asterisk would tell
        arguments = (f"{SERVER}-1.{self._number}", LINE, f"{entered:.3f}", "new", f"{time.time():.3f}")  # noqa: TID251
        lines = [
            "agi_network: yes",
            "agi_network_script: call",
            f"agi_channel: PJSIP/trunk-city-{self._number:08x}",
            f"agi_uniqueid: 1.{self._number}",
            f"agi_callerid: 79{self._number:09}",
            *(f"agi_arg_{index}: {value}" for index, value in enumerate(arguments, 1)),
            "agi_threadid: 1",
        ]
        transport.write(("\n".join(lines) + "\n\n").encode())  # type: ignore[attr-defined]  # a transport that writes

    def data_received(self, data: bytes) -> None:
        """Do as told."""
        for command in data.splitlines():
            if command.startswith(b"EXEC"):
                self._dialled.put_nowait((self._number, time.monotonic()))
            else:
                self.transport.write(b"200 result=0\n")  # type: ignore[attr-defined]  # a transport that writes


def devices(link: FakeLink, action: Received) -> None:
    """Every telephone is there."""
    ours = f"ActionID: {action['ActionID']}"
    link.respond(action, "Success", "EventList: start")
    for index in range(OPERATORS):
        link.send("Event: DeviceStateChange", ours, f"Device: PJSIP/op{201 + index}", "State: NOT_INUSE")
    link.send("Event: DeviceStateListComplete", "EventList: Complete", f"ListItems: {OPERATORS}", ours)


def empty(link: FakeLink, action: Received) -> None:
    """No channel at all."""
    ours = f"ActionID: {action['ActionID']}"
    link.respond(action, "Success", "EventList: start")
    link.send(f"Event: {action.name}Complete", "EventList: Complete", "ListItems: 0", ours)


class Channels:
    """The channels of those who have come, for whoever compares us with what he believes."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, link: FakeLink, action: Received) -> None:
        """List them all in one piece."""
        ours = f"ActionID: {action['ActionID']}"
        link.respond(action, "Success", "EventList: start")
        for number in range(self.count):
            channel, uniqueid = f"Channel: PJSIP/trunk-city-{number:08x}", f"Uniqueid: 1.{number}"
            link.send("Event: Status", ours, channel, "ChannelState: 6", uniqueid, "Application: AGI")
        end = ("EventList: Complete", f"ListItems: {self.count}", ours)
        link.send("Event: StatusComplete", *end)


def now(link: FakeLink, action: Received) -> None:
    """Answer a Ping with this machine's time."""
    link.respond(action, "Success", "Ping: Pong", f"Timestamp: {time.time():.6f}")  # noqa: TID251 - Asterisk's clock


async def storm(asterisk: FakeAsterisk) -> int:
    """Send events for a while, as many a second as asked for; return how many were sent."""
    loop = asyncio.get_running_loop()
    burst = NOISE * round(STORM_EVENTS * BURST_S / 4)
    began, sent = loop.time(), 0
    while (passed := loop.time() - began) < STORM_S:
        while sent < passed * STORM_EVENTS:
            asterisk.links[-1].transport.write(burst)
            sent += round(STORM_EVENTS * BURST_S)
        await asyncio.sleep(BURST_S)
    return sent


async def rung(centre: LabCentre, dialled: "asyncio.Queue[tuple[int, float]]", operators: list[str]) -> list[float]:
    """Log operators in one by one; return how long each took to be rung for who waits longest, s."""
    waits = []
    for operator in operators:
        began = time.monotonic()
        path = f"/v1/agents/{operator}/login"
        await asyncio.to_thread(lambda path=path: centre.control().post(path, timeout_s=PATIENCE_S))
        _, at = await asyncio.wait_for(dialled.get(), PATIENCE_S)
        waits.append(at - began)
    return waits


async def measure(figures: Figures, callers: int) -> None:
    """Put everything on one daemon."""
    loop = asyncio.get_running_loop()
    dialled: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
    channels = Channels()
    script = {
        "DeviceStateList": devices,
        "Status": channels,
        "DBGetTree": error("Database entry not found"),
        "Ping": now,
    }
    quiet = dict.fromkeys(("QueuePause", "QueueAdd", "QueueRemove", "Hangup", "Setvar", "DBDel"), success())
    site = Site(operators=OPERATORS, first_operator="201", auto_login=False, target_wait_s=3600.0, max_wait_s=7200.0)
    centre = LabCentre(site)
    async with (
        FakeAsterisk({**script, **quiet, "QueueStatus": empty}) as asterisk,
        contextlib.AsyncExitStack() as clean,
    ):
        clean.push_async_callback(centre.close)
        centre.prepare()
        host = f'host = "{centre.slice.asterisk.address}"'
        centre.tell_daemon({host: f'host = "{asterisk.host}"\nami_port = {asterisk.port}'})
        await centre.start_daemon()
        pid, began = centre.daemon.pid, loop.time()
        cpu, memory = cpu_s(pid), resident(pid)
        for number in range(callers):
            channels.count += 1
            await loop.create_connection(lambda number=number: Caller(number, dialled), centre.slice.daemon, AGI_PORT)
        await centre.until(lambda status: status.waiting == callers, 120)
        figures.add("overload_waiting", callers, "count")
        figures.add("overload_join", loop.time() - began, "s")
        figures.add("overload_join_cpu", 1000 * (cpu_s(pid) - cpu) / callers, "ms/call", "<=", 3)
        figures.add("overload_memory", (resident(pid) - memory) / callers / 1024, "KiB/call", "<=", 64)
        numbers = site.numbers()
        cpu = cpu_s(pid)
        figures.spread("overload_rung_calm", calm := Spread.of(await rung(centre, dialled, numbers[:20])))
        figures.add("overload_rung_calm_cpu", 1000 * (cpu_s(pid) - cpu) / 20, "ms", "<=", 30)
        figures.add("overload_rung_calm", calm.p50, "ms", "<=", 250)
        cpu, began = cpu_s(pid), loop.time()
        flood = asyncio.create_task(storm(asterisk))
        stormy = Spread.of(await rung(centre, dialled, numbers[20:40]))
        views = await answers(centre, "/v1/lines")
        reports = await answers(centre, "/v1/kpi")
        sent, passed = await flood, loop.time() - began
        figures.add("overload_events", sent / passed, "1/s")
        figures.add("overload_storm_cpu", (cpu_s(pid) - cpu) / passed, "cores")
        figures.spread("overload_rung_storm", stormy)
        figures.add("overload_rung_storm", stormy.p50, "ms", "<=", 500)
        figures.add("overload_views_answered", views, "ratio")
        figures.add("overload_reports_answered", reports, "ratio")
        health = await centre.ask("/v1/health")
        figures.add("overload_sessions_kept", health["agi_sessions"], "count", ">=", callers)
        figures.add("overload_links_lost", len(asterisk.links) - 1, "count", "<=", 0)


async def answers(centre: LabCentre, path: str) -> float:
    """Return the share of questions that are answered and not put off."""
    told = 0
    for _ in range(5):
        try:
            await centre.ask(path)
        except RequestRefused:
            continue
        except ControlError:
            continue
        told += 1
    return told / 5


def resident(pid: int) -> int:
    """Return a process's memory, bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096


def main() -> int:
    """Measure and return the exit status."""
    parser = argparse.ArgumentParser(description="More than can be done.")
    parser.add_argument("--callers", type=int, default=9_500, help="who wait at once; two files each are needed here")
    given = parser.parse_args()
    figures = Figures()
    uvloop.run(measure(figures, given.callers))
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())

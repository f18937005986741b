"""How fast the bridge is, beside bare panoramisk 1.4 in the same run: AMI events and FastAGI requests per second.

`python -m tests.bench.bench_ami [--events N] [--requests N] [--uvloop]`. The other side of each socket is a process of
its own, so that the CPU figures are the bridge's alone. FastAGI: the medians of three rounds, the two taking turns.
The mix of events is that of a queue call: 55 events of 21 kinds, 38 % of them VarSet. A request is a FastAGI session
with its environment of 24 lines and one command. Prints, asserts nothing.
"""

import argparse
import asyncio
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import panoramisk
import uvloop
from panoramisk.fast_agi import Application

from ami_bridge.agi_server import AgiServer, AgiSession
from ami_bridge.client import AmiClient, AmiSettings
from ami_bridge.message import AmiMessage
from tests.ami_bridge.fake_asterisk import GREETING, HOST, environment

WANTED = frozenset(
    {
        "Newchannel",
        "DialBegin",
        "DialEnd",
        "BridgeEnter",
        "BridgeLeave",
        "HangupRequest",
        "SoftHangupRequest",
        "Hangup",
        "DTMFEnd",
        "ContactStatus",
    }
)
MIX = [
    *["VarSet"] * 21,
    *["Newexten"] * 9,
    *["RTCPSent", "RTCPReceived"] * 2,
    *["Newstate", "NewConnectedLine", "DeviceStateChange"] * 2,
    *["Newchannel", "DialBegin", "DialEnd", "BridgeCreate", "BridgeEnter", "BridgeEnter", "BridgeLeave", "BridgeLeave"],
    *["HangupRequest", "Hangup", "Hangup", "BridgeDestroy", "DTMFEnd", "NewCallerid", "MusicOnHoldStart"],
]
CONCURRENT = 20


def events(count: int) -> bytes:
    """Return so many events of the mix, some 415 bytes each."""
    blocks = []
    for number in range(count):
        name = MIX[number % len(MIX)]
        blocks.append(
            f"Event: {name}\r\nPrivilege: call,all\r\nTimestamp: 1795300000.{number:06}\r\n"
            f"Channel: PJSIP/trunk-{number % 40:08x}\r\nChannelState: 6\r\nChannelStateDesc: Up\r\n"
            "CallerIDNum: +79161234567\r\nCallerIDName: Иванов Иван\r\nConnectedLineNum: 101\r\n"
            "ConnectedLineName: <unknown>\r\nLanguage: ru\r\nAccountCode: \r\nContext: acd-incoming\r\nExten: 122\r\n"
            f"Priority: 4\r\nUniqueid: 1795300000.{number % 40}\r\nLinkedid: 1795300000.{number % 40}\r\n"
            f"Variable: ACD_STAGE\r\nValue: {number}\r\n\r\n"
        )
    return "".join(blocks).encode()


def serve_events(count: int, port: "Connection[Any]") -> None:
    """Be a manager interface that answers a login with a flood of events, and a last one named `Last`."""

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        login = (await reader.readuntil(b"\r\n\r\n")).decode()
        action_id = login.partition("ActionID: ")[2].partition("\r\n")[0]
        writer.write(f"Response: Success\r\nActionID: {action_id}\r\n\r\nEvent: FullyBooted\r\n\r\n".encode())
        writer.write(flood)
        await reader.read()

    async def main() -> None:
        server = await asyncio.start_server(link, HOST, 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    flood = events(count) + b"Event: Hangup\r\nChannel: Last\r\nUniqueid: 0\r\nCause: 16\r\n\r\n"
    asyncio.run(main())


def run_sessions(port: int, count: int, result: "Connection[Any]") -> None:
    """Be so many dialplans, twenty at a time; send back how long it took and each session's time, in seconds."""
    opening = environment()

    async def session() -> float:
        began_at = time.perf_counter()
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(opening)
        await reader.readline()
        writer.write(b"200 result=1 (value)\n")
        await reader.read()
        writer.close()
        return time.perf_counter() - began_at

    async def one_after_the_other() -> list[float]:
        return [await session() for _ in range(count // CONCURRENT)]

    async def main() -> tuple[float, list[float]]:
        began_at = time.perf_counter()
        lists = await asyncio.gather(*[one_after_the_other() for _ in range(CONCURRENT)])
        return time.perf_counter() - began_at, sorted(latency for latencies in lists for latency in latencies)

    result.send(asyncio.run(main()))


def cpu_s() -> float:
    """Return the CPU time of this process so far, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Handler:
    """Reads three headers of each event that it is given, and knows the last."""

    def __init__(self) -> None:
        self.count = 0
        self.last = asyncio.Event()

    def take(self, event: Any) -> None:
        """Handle one event."""
        self.count += 1
        if event["Event"] == "Hangup" and event["Channel"] == "Last" and event["Uniqueid"] == "0":
            self.last.set()


async def events_of_ours(port: int, handler: Handler, wanted: frozenset[str] | None) -> None:
    """Take the flood with our client."""

    async def on_up(_: AmiClient) -> None:
        return

    def on_event(message: AmiMessage) -> None:
        if message.event in WANTED:
            handler.take(message)

    settings = AmiSettings("main", HOST, port, "acd", "x", wanted_events=wanted)
    task = asyncio.create_task(AmiClient(settings, on_event, on_up, lambda _: None).run())
    await handler.last.wait()
    task.cancel()
    await asyncio.wait({task})


async def events_of_bare(port: int, handler: Handler) -> None:
    """Take the flood with panoramisk's manager, a pattern per wanted event."""
    manager = panoramisk.Manager(host=HOST, port=port, username="acd", secret="x", ping_delay=3600)
    manager.loop = asyncio.get_running_loop()
    for name in WANTED:
        manager.register_event(name, lambda _, event: handler.take(event))
    await manager.connect()
    await handler.last.wait()
    manager.connect = lambda: None
    manager.close()


def time_events(count: int, take: Callable[[int, Handler], Awaitable[None]]) -> float:
    """Return the events per second of CPU that a client takes."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve_events, args=(count, there), daemon=True)
    process.start()

    async def main() -> float:
        handler = Handler()
        before = cpu_s()
        await take(port, handler)
        return cpu_s() - before

    port = here.recv()
    spent_s = asyncio.run(main())
    process.terminate()
    process.join()
    return count / spent_s


async def ask_ours(session: AgiSession) -> None:
    """Serve a request."""
    await session.command("GET VARIABLE", "X")


async def ask_bare(request: Any) -> None:
    """Serve a request."""
    await request.send_command("GET VARIABLE X")


def time_requests(count: int, *, ours: bool) -> tuple[float, float, float]:
    """Return requests per second, the median latency in ms and CPU per request in µs of a server."""

    async def main() -> tuple[float, list[float], float]:
        if ours:
            server = AgiServer({"call": ask_ours})
            port = await server.start(HOST, 0)
        else:
            application = Application(loop=asyncio.get_running_loop())
            application.add_route("call", ask_bare)
            listener = await asyncio.start_server(application.handler, HOST, 0)
            port = listener.sockets[0].getsockname()[1]
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=run_sessions, args=(port, count, there))
        process.start()
        before = cpu_s()
        took_s, latencies = await asyncio.to_thread(here.recv)
        spent_s = cpu_s() - before
        process.join()
        if ours:
            await server.close()
        else:
            listener.close()
        return took_s, latencies, spent_s

    took_s, latencies, spent_s = asyncio.run(main())
    return len(latencies) / took_s, latencies[len(latencies) // 2] * 1e3, spent_s / len(latencies) * 1e6


def main() -> None:
    """Run both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--uvloop", action="store_true", help="run both on uvloop")
    arguments = parser.parse_args()
    if arguments.uvloop:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    bare = time_events(arguments.events, events_of_bare)
    sys.stdout.write(f"AMI, panoramisk 1.4, 10 patterns    {bare:9.0f} events per CPU second\n")
    for name, wanted in (("all parsed", None), ("wanted only", WANTED)):
        ours = time_events(arguments.events, lambda port, handler, w=wanted: events_of_ours(port, handler, w))
        sys.stdout.write(f"AMI, ours, {name:11s}              {ours:9.0f} events per CPU second, {ours / bare:.1f}x\n")
    rounds = [(time_requests(arguments.requests, ours=ours), ours) for _ in range(3) for ours in (False, True)]
    for name, is_ours in (("panoramisk 1.4", False), ("ours", True)):
        rate, median_ms, cpu_us = (
            statistics.median(figures[index] for figures, ours in rounds if ours is is_ours) for index in range(3)
        )
        sys.stdout.write(
            f"FastAGI, {name:14s} {rate:7.0f} requests/s, p50 {median_ms:.2f} ms, CPU {cpu_us:.0f} µs each\n"
        )


if __name__ == "__main__":
    main()

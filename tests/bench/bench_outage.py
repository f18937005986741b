"""Database and broker away while calls go on: no call feels it, nothing is missing or double afterwards.

`python -m tests.bench.bench_outage [--away 600] [--rate 4]`. A centre with PostgreSQL and Mosquitto takes calls over a
real Asterisk; then both are killed for so long and started again. A subscriber whose session lasts hears the events.
Waits are read from a packet capture. Prints

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when a figure misses its bar.
"""

import argparse
import asyncio
import contextlib
import random
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acd.clock import wall_time
from acd.control.errors import ControlError
from acd.lab.capture import Capture, Spread
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, arriving, drawn, exponential
from acd.lab.site import Site
from acd.lab.wire import Visit, visits
from metrics.records.tables import calls, facts
from tests.acd.publish.broker import PASSWORD, USER, Broker, Ear, listening
from tests.acd.stage import HOST
from tests.bench.bench_asterisk import Figures
from tests.postgres import DURABLE, Cluster, postgres_server

AROUND_S = 10.0
"""How long calls come before they go away, and after they are back."""
OPERATORS = 20
LIMIT_S = 120.0
WORSE_BY_MS = 20.0
"""How much longer the middle caller may wait while database and broker are away."""


@dataclass(slots=True)
class Outage:
    """What was seen of one outage."""

    placed: int = 0
    wire: dict[str, Visit] = field(default_factory=dict)
    rows: Sequence[Any] = ()
    facts: Sequence[Any] = ()
    events: list[str] = field(default_factory=list)
    """Calls whose end was told to the subscriber; one that was told twice stands twice."""
    away_from: float = 0.0
    away_to: float = 0.0
    health: dict[str, Any] = field(default_factory=dict)
    """What the daemon said of itself shortly before they came back."""
    health_after: dict[str, Any] = field(default_factory=dict)
    caught_up_s: float = 0.0
    """From the start of the database to the last fact in it."""

    def missing(self) -> set[str]:
        """Return callers of the wire without exactly one ended record that agrees with the wire."""
        ended = Counter(
            row["caller"].removeprefix("+")
            for row in self.rows
            if row["ended_at"] is not None
            and (row["outcome"] == "answered") == (self._answered(row["caller"].removeprefix("+")))
        )
        return {caller for caller in self.wire if ended[caller] != 1}

    def gaps(self) -> int:
        """Return how many numbers are missing or double among the facts of each run."""
        numbers: dict[str, list[int]] = {}
        for fact in self.facts:
            numbers.setdefault(fact["run"], []).append(fact["seq"])
        return sum(
            len(set(range(1, max(seen) + 1)) ^ set(seen)) + len(seen) - len(set(seen)) for seen in numbers.values()
        )

    def waits_s(self, *, away: bool) -> list[float]:
        """Return the waits of callers who came while they were away, or while they were there."""
        return [
            visit.waited_s
            for visit in self.wire.values()
            if visit.waited_s is not None and away == (self.away_from <= visit.called_at < self.away_to)
        ]

    def _answered(self, caller: str) -> bool:
        return caller in self.wire and self.wire[caller].answered_at is not None


@asynccontextmanager
async def mosquitto(home: Path) -> AsyncIterator[Broker]:
    """Run a Mosquitto that can be ended and started."""
    home.mkdir()  # noqa: ASYNC240 - one folder, before anything runs
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    broker = Broker(home, port)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def run(
    home: Path, away_s: float, rate: float, *, operators: int = OPERATORS, around_s: float = AROUND_S
) -> Outage:
    """Take calls, kill database and broker for so long, start them again, and return what was seen."""
    seen = Outage()
    source = random.Random(5)
    whole_s = around_s + away_s + around_s
    count = round(whole_s * rate)
    callers = arriving([Caller(f"7903{index:07}") for index in range(count)], source, round(whole_s * 1000))
    answers = drawn(997, lambda _: Answering(ring_ms=100, talk_ms=exponential(source, 2500, 1500, 6000)))
    with postgres_server(DURABLE) as cluster:
        async with mosquitto(home / "broker") as broker:
            mqtt = f'[mqtt]\nhost = "{HOST}"\nport = {broker.port}\ntls = false\nuser = "{USER}"\n'
            mqtt += f'secret = "{PASSWORD}"\n'
            site = Site(operators=operators, database=cluster.fresh(), more=mqtt)
            async with LabCentre(site, home=home / "centre") as centre:
                await _trial(centre, cluster, broker, callers, answers, (around_s, away_s), seen)
    return seen


async def _trial(
    centre: LabCentre,
    cluster: Cluster,
    broker: Broker,
    callers: Sequence[Caller],
    answers: Sequence[Answering],
    times: tuple[float, float],
    seen: Outage,
) -> None:
    around_s, away_s = times
    loop = asyncio.get_running_loop()
    await centre.until(lambda status: status.ready == centre.site.operators)
    topic = f"acd/{centre.config.site.name}/v1/calls/#"
    async with listening(broker, topic):
        pass  # the session lasts, so that the broker keeps what is told from now on
    path = centre.home / "outage.pcap"
    async with Capture(path, centre.slice.net) as capture:
        async with centre.telephones(answers), centre.callers(callers) as placed:
            await asyncio.sleep(around_s)
            seen.away_from = wall_time()
            await asyncio.gather(asyncio.to_thread(cluster.stop), broker.stop())
            await asyncio.sleep(away_s)
            with contextlib.suppress(ControlError):
                seen.health = (await centre.ask("/v1/status"))["health"]
            seen.away_to = wall_time()
            await asyncio.gather(asyncio.to_thread(cluster.start), broker.start())
            started = loop.time()
            await centre.until(lambda status: status.healthy)
            seen.caught_up_s = loop.time() - started
            counts = await placed.finish(around_s + LIMIT_S)
            seen.placed = counts.placed
        seen.rows = await centre.settled(counts.placed, LIMIT_S)
        await asyncio.sleep(2)  # the kernel hands packets to tcpdump in blocks: its end must not cut off the last
    seen.wire = visits(capture.messages(), centre.slice.trunk.address, centre.slice.telephones.address)
    seen.facts = await centre.rows(facts)
    seen.health_after = (await centre.ask("/v1/status"))["health"]
    wanted = {row["call"] for row in await centre.rows(calls)}
    async with listening(broker, topic) as ear:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_S):
                await _hear_ends(ear, wanted, seen.events)


async def _hear_ends(ear: Ear, wanted: set[str], events: list[str]) -> None:
    """Note the calls whose end is told, until that of each has been."""
    await ear.until(lambda topic, _: _is_last(topic, wanted, events))


def _is_last(topic: str, wanted: set[str], events: list[str]) -> bool:
    *_, call, event = topic.split("/")
    if event in {"ended", "abandoned", "overflowed", "died"}:
        events.append(call)
    return wanted <= set(events)


def tell(seen: Outage, figures: Figures) -> None:
    """Print what was seen."""
    figures.add("calls", len(seen.wire), "calls")
    figures.add("calls_without_one_true_record", len(seen.missing()), "calls", "<=", 0)
    figures.add("calls_recorded_beyond_the_wire", len(seen.rows) - len(seen.wire), "calls", "<=", 0)
    figures.add("facts", len(seen.facts), "facts")
    figures.add("facts_missing_or_double", seen.gaps(), "facts", "<=", 0)
    ended = {row["call"] for row in seen.rows}
    figures.add("ends_not_told_over_mqtt", len(ended - set(seen.events)), "calls", "<=", 0)
    present, away = Spread.of(seen.waits_s(away=False)), Spread.of(seen.waits_s(away=True))
    for name, spread in (("there", present), ("away", away)):
        figures.add(f"wait_p50_{name}", spread.p50, "ms")
        figures.add(f"wait_p99_{name}", spread.p99, "ms")
    figures.add("wait_p50_worse", away.p50 - present.p50, "ms", "<=", WORSE_BY_MS)
    figures.add("health_said_so", float(seen.health.get("database_up") is False), "", ">=", 1)
    figures.add("spooled_at_the_end", seen.health.get("spooled_bytes", 0) / 1024, "KB")
    figures.add("healthy_again_after", seen.caught_up_s, "s", "<=", 30)
    figures.add("healthy_afterwards", float(seen.health_after.get("status") == "ok"), "", ">=", 1)


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--away", type=float, default=600.0, help="seconds without database and broker")
    parser.add_argument("--rate", type=float, default=4.0, help="calls a second")
    options = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="bench-outage-") as folder:
        tell(asyncio.run(run(Path(folder), options.away, options.rate)), figures)
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())

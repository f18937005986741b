"""How fast the records are: facts to disk, a report of a million calls, a live snapshot.

`python -m tests.bench.bench_metrics [--calls N] [--seconds N] [--no-postgres]`. Prints a line per figure:
`figure NAME VALUE UNIT bar OP LIMIT pass|fail`, the bars being those of the product; asserts nothing. Facts come at a
steady rate, the bar's own, through the recorder as the daemon uses it; the time of each is taken from `record` to the
commit of its row, memory being settled as the daemon does it. PostgreSQL is a cluster of our own on loopback with fsync
on.
"""

import argparse
import asyncio
import itertools
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from acd.app import settle_memory
from metrics.live import LiveFigures
from metrics.norms import Standard
from metrics.records.codec import RecordedFact
from metrics.records.database import open_engine
from metrics.records.recorder import Recorder
from metrics.reports.build import Order, make_report
from metrics.reports.model import ReportKind
from queue_engine.facts import AgentState, AgentStateChanged, CallAccepted, CallAnswered, CallEnded, CallOffered
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party
from tests.bench.million import MONTH, ZONE, make
from tests.postgres import DURABLE, postgres_is_installed, postgres_server

TICK_S = 0.01
FACTS_PER_CALL = 8
CPU_LIMITS_MS = {30: 0.8, 90: 0.5}
"""Processor time per call that the records may take, by calls a second: part of the daemon's own 1 ms at 90."""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def figure(name: str, value: float, unit: str, op: str, limit: float) -> None:
    """Print one figure against its bar."""
    passed = value >= limit if op == ">=" else value <= limit
    say(f"figure {name} {value:.3f} {unit} bar {op} {limit:g} {'pass' if passed else 'fail'}")


def cpu_s() -> float:
    """Return the processor time of this process so far, seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def traffic() -> Iterator[RecordedFact]:
    """Yield the facts of calls without end, eight a call, a hundred calls at a time in the house."""
    line, states = QueueName("122"), AgentState
    for number in itertools.count():
        at = Instant(1_790_000_000 + number * 0.01)
        call, agent, caller = CallId(f"pbx-{number}"), AgentId(str(100 + number % 100)), f"+7917{number % 10**7:07}"
        early = CallId(f"pbx-{number - 100}")
        yield CallAccepted(at, call, line, caller, at, 0)
        yield CallOffered(at, call, line, OfferId(number), agent, 0.0)
        yield AgentStateChanged(at, agent, states.READY, states.RINGING, "", "system", 1.0, call)
        yield CallAnswered(at, call, line, OfferId(number), agent, 2.0)
        yield AgentStateChanged(at, agent, states.RINGING, states.TALKING, "", "system", 2.0, call)
        yield CallEnded(at, early, line, caller, agent, Party.CALLER, 16, 2.0, 1.0)
        yield AgentStateChanged(at, agent, states.TALKING, states.WRAP_UP, "", "system", 1.0, call)
        yield AgentStateChanged(at, agent, states.WRAP_UP, states.READY, "", "system", 0.1)


async def bench_facts(name: str, url: str, spool: Path, rate: int, seconds: int) -> None:
    """Record at the rate for so long; print what was committed per second and how late."""
    recorder = Recorder(url, "bench", spool)
    await recorder.start()
    recorded_at: list[float] = []
    late: list[float] = []
    seen: list[tuple[float, int]] = []
    """When rows came, and how many there were then."""
    cost_s = 0.0
    facts = traffic()

    def note_committed() -> None:
        now = time.perf_counter()
        if recorder.committed > len(late):
            late.extend(now - at for at in recorded_at[len(late) : recorder.committed])
            seen.append((now, len(late)))

    settle_memory()
    begin, cpu = time.perf_counter(), cpu_s()
    for tick in range(int(seconds / TICK_S)):
        batch = list(itertools.islice(facts, int(rate * TICK_S)))
        start = time.perf_counter()
        for fact in batch:
            recorded_at.append(time.perf_counter())
            recorder.record(fact)
        cost_s += time.perf_counter() - start
        while (rest := begin + (tick + 1) * TICK_S - time.perf_counter()) > 0:
            await asyncio.sleep(min(rest, 0.002))
            note_committed()
    (first_s, first), (last_s, last) = seen[0], seen[-1]
    while len(late) < len(recorded_at):
        await asyncio.sleep(0.002)
        note_committed()
    percentiles = statistics.quantiles(late, n=100)
    figure(f"facts_per_second_{name}", (last - first) / (last_s - first_s), "1/s", ">=", rate * 0.99)
    figure(f"fact_to_row_p99_{name}", percentiles[98] * 1000, "ms", "<=", 250)
    figure(f"record_mean_{name}", cost_s / len(late) * 1e6, "us", "<=", 30)
    say(f"note {name}: p50 {percentiles[49] * 1000:.0f} ms, {(cpu_s() - cpu) / len(late) * 1e6:.0f} us of CPU a fact")
    await recorder.close()


async def bench_rate(name: str, url: str, spool: Path, count: int, limit: int) -> None:
    """Record so many facts at once; print how fast they come to disk."""
    recorder = Recorder(url, "bench", spool)
    await recorder.start()
    facts = list(itertools.islice(traffic(), count))
    start = time.perf_counter()
    for fact in facts:
        recorder.record(fact)
    await recorder.settled(wait_s=600)
    figure(f"facts_burst_{name}", count / (time.perf_counter() - start), "1/s", ">=", limit)
    await recorder.close()


async def bench_cpu(name: str, url: str, spool: Path, calls_per_s: int, limit_ms: float, seconds: int) -> None:
    """Record the facts of so many calls a second; print the processor time of both threads per call."""
    recorder = Recorder(url, "bench", spool)
    await recorder.start()
    facts, told = traffic(), 0
    for fact in itertools.islice(facts, 100 * FACTS_PER_CALL):
        recorder.record(fact)
    await recorder.settled()
    begin, used = time.perf_counter(), cpu_s()
    while (passed := time.perf_counter() - begin) < seconds:
        for fact in itertools.islice(facts, (int(passed * calls_per_s) - told) * FACTS_PER_CALL):
            recorder.record(fact)
        told = int(passed * calls_per_s)
        await asyncio.sleep(1 / calls_per_s)
    await recorder.settled()
    figure(f"records_cpu_per_call_{name}_{calls_per_s}", (cpu_s() - used) / told * 1000, "ms", "<=", limit_ms)
    await recorder.close()


async def bench_report(folder: Path, calls: int) -> None:
    """Print how long the monthly report over so many calls takes, best of three."""
    path = folder / "million.db"
    await asyncio.to_thread(make, path, calls)
    engine = open_engine(f"sqlite:///{path}")
    order = Order(ReportKind.MONTHLY, MONTH, datetime(2026, 11, 2, 9, 0, tzinfo=ZONE))
    best = cpu = float("inf")
    for _ in range(3):
        start, used = time.perf_counter(), cpu_s()
        await make_report(engine, order, Standard())
        best, cpu = min(best, time.perf_counter() - start), min(cpu, cpu_s() - used)
    await engine.dispose()
    figure(f"monthly_report_of_{calls}_calls", best, "s", "<=", 5)
    say(f"note report: {cpu:.1f} s of CPU")


def bench_live(agents: int = 1000, waiting: int = 10_000) -> None:
    """Print what a live snapshot and a fact cost with so many operators and callers waiting."""
    live = LiveFigures(Standard(), ZONE)
    now = Instant(1_790_000_000.0)
    for number in range(agents):
        agent = AgentId(str(number))
        live.see(AgentStateChanged(now, agent, AgentState.LOGGED_OUT, AgentState.READY, "", "", 0.0))
    for number in range(waiting):
        at = Instant(now + number * 0.001)
        live.see(CallAccepted(at, CallId(f"c{number}"), QueueName(f"line{number % 10}"), "", at, 0))
    took = []
    for _ in range(50):
        start = time.perf_counter()
        live.snapshot(Instant(now + 60))
        took.append(time.perf_counter() - start)
    figure("live_snapshot", statistics.median(took) * 1000, "ms", "<=", 5)
    told = list(itertools.islice(traffic(), 80_000))
    start = time.perf_counter()
    for fact in told:
        live.see(fact)
    say(f"note live: {(time.perf_counter() - start) / len(told) * 1e6:.1f} us a fact")


async def run(calls: int, seconds: int, *, postgres: bool) -> None:
    """Measure everything, one after another."""
    folder = Path(tempfile.mkdtemp(prefix="bench-metrics-"))
    try:
        bench_live()
        await bench_facts("sqlite", f"sqlite:///{folder / 'facts.db'}", folder / "spool", 5000, seconds)
        for rate, limit_ms in CPU_LIMITS_MS.items():
            await bench_cpu("sqlite", f"sqlite:///{folder / f'{rate}.db'}", folder / "spool", rate, limit_ms, seconds)
        await bench_rate("sqlite", f"sqlite:///{folder / 'burst.db'}", folder / "spool", 50_000, 5000)
        if postgres and postgres_is_installed():
            with postgres_server(DURABLE) as cluster:
                await bench_facts("postgresql", cluster.fresh(), folder / "spool", 10_000, seconds)
                await bench_rate("postgresql", cluster.fresh(), folder / "spool", 100_000, 10_000)
        else:
            say("note PostgreSQL is not measured")
        await bench_report(folder, calls)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls of the report")
    parser.add_argument("--seconds", type=int, default=10, help="how long facts are recorded")
    parser.add_argument("--no-postgres", action="store_true", help="measure SQLite only")
    options = parser.parse_args()
    asyncio.run(run(options.calls, options.seconds, postgres=not options.no_postgres))


if __name__ == "__main__":
    main()

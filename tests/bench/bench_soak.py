"""Whether anything grows: a real centre under steady load for minutes or hours, and a month of calls in virtual time.

`make soak ARGS="--minutes 120 --rate 20"`. Prints how the daemon's memory, file descriptors, threads and tasks went,
Asterisk's channels at the end, every caller accounted for, and

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when a figure misses its bar. The slope of memory is that of a straight line through the second half
of the samples, since caches fill in the first; a month in virtual time runs the engine, the book of call-backs and the
recorder on SQLite with every rule and fact.

What is held depends on who waits and how many talk. So in virtual time the same people call every day, each day ends
with a quiet hour, no study is made (it would keep what engine and book have made), and the memory is looked at once a
day, as the first caller of the morning is about to come: what is more than the day before is what has grown. All three
remember a day at most (whom we have dealt with, how often a number was dialled), which is full from the second morning
on.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import sqlite3
import sys
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, exponential
from acd.lab.site import Site
from acd.simulate.callers import Caller as VirtualCaller
from acd.simulate.durations import Constant
from acd.simulate.roster import by_numbers
from acd.simulate.scenario import CallBacks, Telephones
from acd.simulate.setting import Setting
from acd.simulate.world import World
from callback.limits import DAY_S as ATTEMPTS_COUNTED_FOR_S
from callback.policy import CallbackPolicy
from callback.recent import DEALT_WITH_FOR_S
from metrics.norms import Norms, Standard
from metrics.records.derive import AWAITED_S
from metrics.records.recorder import Recorder
from queue_engine.facts import Fact
from queue_engine.floor import OFFER_MEMORY_S
from queue_engine.ids import QueueName
from queue_engine.policy import QueuePolicy
from tests.bench.bench_asterisk import Figures

OPERATORS = 40
TALK_MS = 1000
EVERY_S = 5.0
HOUR_S, DAY_S = 3600.0, 86_400.0
START = 1_795_392_000.0
LINE = QueueName("122")
PAGE = os.sysconf("SC_PAGE_SIZE")
QUIET_S = HOUR_S
"""At the end of each day in virtual time: nobody calls, and whoever is owed a call-back is called."""
REMEMBERED_S = max(DEALT_WITH_FOR_S, ATTEMPTS_COUNTED_FOR_S, OFFER_MEMORY_S, AWAITED_S)
"""The longest that anything over is remembered; from then on memory may not grow."""
PARTS = {"engine": "*/queue_engine/*", "book": "*/callback/*", "recorder": "*/metrics/records/*"}
SLOPES = {"engine": 1.0, "book": 1.0, "recorder": 5.0}
"""KiB a day: a leak of one small object per call would be a thousand times that."""
HEIGHT = 32 * 1024.0
"""KiB."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The daemon at one moment."""

    at_s: float
    memory: int
    """Resident, bytes."""
    descriptors: int
    threads: int
    tasks: int
    """Of its event loop."""


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line of least squares through the second half of the samples."""
    half = samples[len(samples) // 2 :]
    mean_x = sum(x for x, _ in half) / len(half)
    mean_y = sum(y for _, y in half) / len(half)
    spread = sum((x - mean_x) ** 2 for x, _ in half)
    return sum((x - mean_x) * (y - mean_y) for x, y in half) / spread if spread else 0.0


async def look(centre: LabCentre, at_s: float) -> Sample:
    """Return the daemon as it is now."""
    home = Path(f"/proc/{centre.daemon.pid}")
    metrics = await asyncio.to_thread(lambda: centre.control().fetch("/metrics").decode())
    tasks = next(line for line in metrics.splitlines() if line.startswith("acd_tasks "))
    return Sample(
        at_s,
        int((home / "statm").read_text().split()[1]) * PAGE,
        len(await asyncio.to_thread(os.listdir, home / "fd")),
        len(await asyncio.to_thread(os.listdir, home / "task")),
        round(float(tasks.split()[1])),
    )


async def real(figures: Figures, minutes: float, rate: float, seed: int) -> None:
    """Steady load on a real centre."""
    source = Random(seed)
    count = round(minutes * 60 * rate)
    callers = [Caller(f"79{index:09}", patience_ms=_patience(source)) for index in range(count)]
    answers = [Answering(ring_ms=source.randrange(20, 200), talk_ms=_talk(source)) for _ in range(5000)]
    site = Site(operators=OPERATORS, first_operator="201", min_talk_s=0.0, pause_after_misses=0, fallback_tries=30)
    async with LabCentre(site) as centre:
        before = await look(centre, 0.0)
        samples: list[Sample] = []
        began = asyncio.get_running_loop().time()
        async with centre.telephones(answers):
            async with centre.callers(callers, rate=rate, at_once=500) as calling:
                while calling.process.running:
                    await asyncio.sleep(EVERY_S)
                    samples.append(await look(centre, asyncio.get_running_loop().time() - began))
                    if len(samples) % 12 == 0:
                        sys.stdout.write(f"{samples[-1]}\n")
                        sys.stdout.flush()
                counts = await calling.finish(60)
            rows = await centre.settled(counts.connected, 60)
            await centre.until(lambda status: status.ready == OPERATORS and not status.waiting and not status.talking)
            await asyncio.sleep(2 * EVERY_S)
            after = await look(centre, 0.0)
            channels = int((await centre.asterisk.rx("core show channels count")).split()[0])
    outcomes = [row["outcome"] for row in rows]
    figures.add("soak_calls", counts.placed, "count")
    figures.add("soak_answered", outcomes.count("answered"), "count")
    figures.add("soak_unaccounted", abs(len(rows) - counts.connected) + counts.unfinished, "count", "<=", 0)
    figures.add("soak_memory", after.memory / 2**20, "MiB")
    # Caches fill for minutes. A leak of 400 bytes per call would be 27 MiB/h at 20 calls/s.
    growth = slope([(sample.at_s / HOUR_S, sample.memory / 2**20) for sample in samples])
    figures.add("soak_memory_slope", growth, "MiB/h", "<=", 30)
    figures.add("soak_memory_per_call", growth * 2**20 / (rate * HOUR_S), "bytes")
    figures.add("soak_descriptors_more", after.descriptors - before.descriptors, "count", "<=", 3)
    figures.add("soak_threads_more", after.threads - before.threads, "count", "<=", 2)
    figures.add("soak_tasks_more", after.tasks - before.tasks, "count", "<=", 0)
    figures.add("soak_channels_left", channels, "count", "<=", 0)


def _patience(source: Random) -> int:
    return source.randrange(800, 3000) if source.random() < 0.1 else 60_000


def _talk(source: Random) -> int:
    return exponential(source, TALK_MS, least_ms=300, most_ms=5000)


def own_memory() -> dict[str, int]:
    """Return the bytes that each part's own files have allocated: the study beside them keeps a number per call."""
    snapshot = tracemalloc.take_snapshot()
    held = {}
    for part, files in PARTS.items():
        traces = snapshot.filter_traces([tracemalloc.Filter(True, files)]).traces
        held[part] = sum(trace.size for trace in traces)
    return held


def virtual(figures: Figures, days: int, rate: float, seed: int) -> None:
    """A month of one line in virtual time: what engine, book and recorder hold while people come and go."""
    operators, talk_s = 24, 180.0
    source = Random(seed)
    held: list[tuple[float, dict[str, int]]] = []
    counted = Counter[str]()
    home = tempfile.TemporaryDirectory(prefix="acd-soak-")
    recorder = Recorder(f"sqlite:///{home.name}/acd.db", "soak", Path(home.name) / "acd.spool")
    loop = asyncio.Runner()

    def see(fact: Fact) -> None:
        counted[type(fact).__name__] += 1
        recorder.record(fact)

    def committed() -> None:
        if not loop.run(recorder.settled(wait_s=600.0)):
            raise SystemExit(f"the records are behind: {recorder.health()}")

    def looked(day: int) -> None:
        committed()
        gc.collect()
        held.append((day * DAY_S, own_memory()))
        told = ", ".join(f"{part} {size / 1024:.1f} KiB" for part, size in held[-1][1].items())
        sys.stdout.write(f"morning {day}: {told}\n")
        sys.stdout.flush()

    def callers() -> Iterator[VirtualCaller]:
        of_a_day = round(rate * (DAY_S - QUIET_S))
        for day in range(days):
            instants = sorted(source.uniform(0.0, DAY_S - QUIET_S) for _ in range(of_a_day))
            for person, instant in enumerate(instants):
                if person == 1 and day:
                    looked(day)  # asked for the second caller of the day, as the first is about to come
                at, talk = START + day * DAY_S + instant, source.expovariate(1 / talk_s)
                yield VirtualCaller(at, LINE, f"+79{person:09}", talk)

    policy = QueuePolicy(LINE, target_wait_s=60.0, max_wait_s=600.0)
    roster = by_numbers([operators], [START], (), [LINE])
    setting = Setting(
        (policy,),
        roster,
        Standard(Norms(max_wait_s=600.0)),
        Telephones(answer=Constant(mean_s=3.0)),
        count_from=START + days * DAY_S,
        call_backs=CallBacks(),
        call_back_policies=(CallbackPolicy(LINE),),
    )
    with home, loop:
        if not loop.run(recorder.start(wait_s=60.0)):
            raise SystemExit("the records did not start")
        tracemalloc.start()
        outcome = World(setting, [callers()], lambda _: Random(seed), watch=see).run()
        tracemalloc.stop()
        committed()
        loop.run(recorder.close())
        with contextlib.closing(sqlite3.connect(f"{home.name}/acd.db")) as link:
            [[recorded]] = link.execute("SELECT count(*) FROM facts")
    figures.add("soak_virtual_days", days, "days")
    figures.add("soak_virtual_calls", counted["CallAccepted"], "count")
    figures.add("soak_virtual_call_backs", outcome.call_backs.attempts, "count")
    figures.add("soak_virtual_facts", counted.total(), "count")
    figures.add("soak_virtual_facts_missing", counted.total() - recorded, "count", "<=", 0)
    held = [(at, parts) for at, parts in held if at >= REMEMBERED_S]
    for part in PARTS:
        growth = slope([(at / DAY_S, parts[part] / 1024) for at, parts in held])
        figures.add(f"soak_virtual_{part}_memory", max(parts[part] for _, parts in held) / 1024, "KiB", "<=", HEIGHT)
        figures.add(f"soak_virtual_{part}_slope", growth, "KiB/day", "<=", SLOPES[part])


def main() -> int:
    """Run what was asked for and return the exit status."""
    parser = argparse.ArgumentParser(description="Whether anything grows.")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the real centre; 0 for none")
    parser.add_argument("--rate", type=float, default=20.0, help="calls/s of the real centre")
    parser.add_argument("--days", type=int, default=30, help="in virtual time; 0 for none")
    parser.add_argument("--seed", type=int, default=122)
    given = parser.parse_args()
    figures = Figures()
    if given.days:
        virtual(figures, given.days, 0.12, given.seed)
    if given.minutes:
        asyncio.run(real(figures, given.minutes, given.rate, given.seed))
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())

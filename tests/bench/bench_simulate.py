"""How many calls a second the engine does in virtual time, beside SimPy and Ciw (`make bench-simulate`).

One line, M/M/20 and M/M/200 at 95 % load, the same arrivals and talks for all three. Ours is the production engine with
every rule, facts, effects and the counting of indicators; SimPy is its bare `Resource` with one process per call; Ciw
is a network of one node with its records. CPU time on one core, the best of the rounds, in which all take turns; the
mean waits must agree, or the comparison is void.

Ours is measured in both its builds, each in a process of its own: `plain`, which is what everybody runs, and `compiled`
(`scripts/compile-engine`), the same sources through mypyc. The plain build is to be ahead of Ciw on M/M/200; a third of
SimPy's speed is the bar of the compiled one, because a plain Python value with every fact and effect costs more to make
than all that SimPy does for a call.

Prints one line per figure: `figure NAME VALUE UNIT bar OP LIMIT pass|fail`; exits with 1 if one fails.
"""

import argparse
import gc
import itertools
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import ciw
import simpy

from acd.simulate.callers import Caller
from acd.simulate.durations import Constant
from acd.simulate.roster import by_numbers
from acd.simulate.scenario import Telephones
from acd.simulate.setting import Setting
from acd.simulate.world import World
from metrics.norms import Norms, Standard
from queue_engine import dispatch
from queue_engine.ids import QueueName
from queue_engine.policy import QueuePolicy
from tests.bench.bench_engine import figure

TALK_S = 180.0
LOAD = 0.95
SIZES = (20, 200)
MONTH = 300_000
LINE = QueueName("122")
START = 1_795_392_000.0
ROOT = Path(__file__).parents[2]
BUILDS = {"acd_plain": str(ROOT), "acd_compiled": f"{ROOT / '.cache' / 'compiled'}{os.pathsep}{ROOT}"}
"""Where Python looks for the engine first."""

Calls = Sequence[tuple[float, float]]
"""Seconds from the beginning at which a call comes, and how long its talk is."""


def drawn(operators: int, count: int) -> Calls:
    """Return the calls that all three programs serve."""
    rng = Random(operators)
    rate = LOAD * operators / TALK_S
    at = 0.0
    calls = []
    for _ in range(count):
        at += rng.expovariate(rate)
        calls.append((at, rng.expovariate(1 / TALK_S)))
    return calls


def ours(calls: Calls, operators: int) -> float:
    """Serve the calls with the production engine; return the mean wait, s."""
    policy = QueuePolicy(LINE, target_wait_s=60.0, max_wait_s=1e9)
    setting = Setting(
        (policy,),
        by_numbers([operators], [START], (), [LINE]),
        Standard(Norms(max_wait_s=1e9)),
        Telephones(answer=Constant(mean_s=0.0)),
    )

    def callers() -> Iterator[Caller]:
        for number, (at, talk_s) in enumerate(calls):
            yield Caller(START + at, LINE, f"+79{number:09}", talk_s)

    total = World(setting, [callers()], Random).run().total
    if total.answered != len(calls):
        raise SystemExit(f"{len(calls) - total.answered} calls were lost")
    return total.waited_s / total.accepted


def with_simpy(calls: Calls, operators: int) -> float:
    """Serve the calls with SimPy's bare Resource; return the mean wait, s."""
    environment = simpy.Environment()
    resource = simpy.Resource(environment, operators)
    waited = 0.0

    def call(talk_s: float) -> Iterator[simpy.Event]:
        nonlocal waited
        came = environment.now
        with resource.request() as request:
            yield request
            waited += environment.now - came
            yield environment.timeout(talk_s)

    def source() -> Iterator[simpy.Event]:
        for at, talk_s in calls:
            yield environment.timeout(at - environment.now)
            environment.process(call(talk_s))

    environment.process(source())
    environment.run()
    return waited / len(calls)


def with_ciw(calls: Calls, operators: int) -> float:
    """Serve the calls with a network of one node of Ciw; return the mean wait, s."""
    gaps = [calls[0][0], *(later - sooner for (sooner, _), (later, _) in itertools.pairwise(calls))]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, math.inf])],
        service_distributions=[ciw.dists.Sequential([talk_s for _, talk_s in calls])],
        number_of_servers=[operators],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(len(calls), method="Complete")
    records = simulation.get_all_records()
    return sum(record.waiting_time for record in records) / len(records)


PROGRAMS: dict[str, Callable[[Calls, int], float]] = {"simpy": with_simpy, "ciw": with_ciw}


def timed(program: Callable[[Calls, int], float], calls: Calls, operators: int) -> tuple[float, float]:
    """Return CPU seconds and mean wait."""
    gc.collect()
    began = time.process_time()
    mean_wait_s = program(calls, operators)
    return time.process_time() - began, mean_wait_s


def in_process(build: str, operators: int, count: int) -> tuple[float, float]:
    """Return CPU seconds and mean wait of one build of ours, run in a process of its own.

    Raises:
        SystemExit: The build is not there, or did not serve all calls.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "tests.bench.bench_simulate",
        "--only",
        str(operators),
        "--calls",
        str(count),
    ]
    environment = {**os.environ, "PYTHONPATH": BUILDS[build]}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, mean_wait_s, engine = done.stdout.split()
    if (".cache" in engine) != (build == "acd_compiled"):
        raise SystemExit(f"{build} ran {engine}: `scripts/compile-engine` makes the compiled build")
    return float(seconds), float(mean_wait_s)


def compared(operators: int, count: int, rounds: int) -> list[bool]:
    """Print the figures of one size; return which hold."""
    calls = drawn(operators, count)
    best = dict.fromkeys((*BUILDS, *PROGRAMS), math.inf)
    waits: dict[str, float] = {}
    for _ in range(rounds):
        for build in BUILDS:
            seconds, waits[build] = in_process(build, operators, count)
            best[build] = min(best[build], seconds)
        for name, program in PROGRAMS.items():
            seconds, waits[name] = timed(program, calls, operators)
            best[name] = min(best[name], seconds)
    # Ciw stops as the last call is done, and records it; rounding is all that may differ.
    spread_s = max(waits.values()) - min(waits.values())
    held = [figure(f"simulate_waits_differ_mm{operators}", spread_s, "s", "<=", 0.01)]
    speed = {name: count / seconds for name, seconds in best.items()}
    for name in PROGRAMS:
        print(f"figure simulate_{name}_mm{operators} {speed[name]:.6g} calls/s")  # noqa: T201
    for build in BUILDS:
        to_simpy, to_ciw = speed[build] / speed["simpy"], speed[build] / speed["ciw"]
        held.append(figure(f"simulate_{build}_mm{operators}", speed[build], "calls/s", ">=", 20_000))
        if build == "acd_compiled":
            held.append(figure(f"simulate_{build}_to_simpy_mm{operators}", to_simpy, "ratio", ">=", 1 / 3))
        else:
            print(f"figure simulate_{build}_to_simpy_mm{operators} {to_simpy:.6g} ratio")  # noqa: T201
        if operators == max(SIZES):
            held.append(figure(f"simulate_{build}_to_ciw_mm{operators}", to_ciw, "ratio", ">=", 1.0))
    return held


def main() -> int:
    """Measure and print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--month", type=int, default=MONTH, help="calls of the long run; 0: none")
    parser.add_argument("--only", type=int, metavar="OPERATORS", help="one run of ours: CPU seconds, mean wait, engine")
    options = parser.parse_args()
    if options.only:
        seconds, mean_wait_s = timed(ours, drawn(options.only, options.calls), options.only)
        print(seconds, mean_wait_s, dispatch.__file__)  # noqa: T201
        return 0
    held = [holds for size in SIZES for holds in compared(size, options.calls, options.rounds)]
    if options.month:
        seconds, _ = in_process("acd_plain", max(SIZES), options.month)
        held.append(figure("simulate_month", seconds * MONTH / options.month, "s", "<=", 15))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

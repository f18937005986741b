"""Our hook against Asterisk's own Queue(): the same SIPp load, on the same Asterisk, in one run.

`python -m tests.bench.bench_asterisk [--only bye,miss,wrap-up,cpu] [--scale 1.0]`. Waits are read from a packet capture
of the telephones' SIP, CPU from /proc. For Queue() the daemon is stopped, and the callers dial a number whose dialplan
is `Answer()` and `Queue()`; its members and settings are those of our generated fallback queues. Prints

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when a figure misses its bar. A figure without a bar is `bar - - -`.
"""

import argparse
import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from acd.lab.capture import Capture, SipMessage, Spread, bye_to_invite, miss_to_invite
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.sipp import Callers
from acd.lab.site import LINE, Site

HOOK, QUEUE = "hook", "queue"
MISS_LINE, LOAD_LINE, WRAP_LINE = "bench-miss", "bench-load", "bench-wrap-up"
NUMBERS = {LINE: ("122", "9122"), MISS_LINE: ("123", "9123"), LOAD_LINE: ("124", "9124"), WRAP_LINE: ("125", "9125")}
"""The number of each line through the hook, and through Queue()."""
WRAP_UP_S = 2.0
OPERATORS = 10
WAITING = 60
RATES = (30, 60, 90)
LOAD_S = 20.0
LOAD_OPERATORS = 160
CALM_MS = 900_000


def more_toml(telephones: str) -> str:
    """Return the further lines of the bench and their operators."""
    lines = {MISS_LINE: ("2", OPERATORS, 0.0), LOAD_LINE: ("3", LOAD_OPERATORS, 0.0), WRAP_LINE: ("4", 4, WRAP_UP_S)}
    text = ""
    for line, (digit, operators, wrap_up_s) in lines.items():
        text += f"""
[[line]]
name = "{line}"
numbers = ["{NUMBERS[line][0]}"]
target_wait_s = 600.0
max_wait_s = 1200.0
ring_s = 2.0
min_talk_s = 0.0
wrap_up_s = {wrap_up_s}

[[operators_range]]
first = "{digit}001"
count = {operators}
lines = ["{line}"]
contact = "sip:op{{number}}@{telephones}"
auto_login = true
pause_after_misses = 0
back_off = {{ refused_s = 1.0, no_answer_s = 1.0, busy_s = 1.0, unreachable_s = 1.0 }}
"""
    return text


def queue_dialplan() -> str:
    """Return the extensions that take callers into Asterisk's own queues."""
    lines = [f"exten => {queue},1,Answer()\n same => n,Queue({line})\n" for line, (_, queue) in NUMBERS.items()]
    return "\n[acd-incoming]\n" + " same => n,Hangup()\n".join(lines) + " same => n,Hangup()\n"


@dataclass(slots=True)
class Figures:
    """What was measured, printed as it comes."""

    failed: list[str] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, operator: str = "-", limit: float | None = None) -> None:
        """Print one figure and note whether it misses its bar. NaN misses any bar."""
        passed = limit is None or (value <= limit if operator == "<=" else value >= limit)
        verdict = "-" if limit is None else "pass" if passed else "fail"
        if not passed:
            self.failed.append(name)
        bar = "-" if limit is None else f"{limit:g}"
        sys.stdout.write(f"figure {name} {value:.3f} {unit} bar {operator} {bar} {verdict}\n")
        sys.stdout.flush()

    def spread(self, name: str, spread: Spread) -> None:
        """Print a spread without bars."""
        self.add(f"{name}_count", spread.count, "count")
        for part in ("p50", "p90", "p99", "most"):
            self.add(f"{name}_{part}", getattr(spread, part), "ms")


class Bench:
    """One centre and the loads put on it."""

    def __init__(self, centre: LabCentre, figures: Figures, scale: float) -> None:
        self.centre = centre
        self.figures = figures
        self.scale = scale
        self._captures = 0

    def callers(self, line: str, how: str, count: int) -> list[Caller]:
        """Return patient callers of a line, through the hook or through Queue()."""
        dialled = NUMBERS[line][0 if how == HOOK else 1]
        return [Caller(f"7902{index:07}", dialled=dialled, patience_ms=CALM_MS) for index in range(count)]

    def talks(self) -> list[int]:
        """Return lengths of talks, ms: drawn, for with equal ones the telephones would fall into step."""
        source = random.Random(122)
        return [source.randint(500, 1500) for _ in range(997)]

    @asynccontextmanager
    async def through(self, how: str) -> AsyncIterator[None]:
        """Stop the daemon for the length of a load on Queue(), so that it costs nothing and does nothing there."""
        if how == QUEUE:
            await self.centre.stop_daemon()
        try:
            yield
        finally:
            if how == QUEUE:
                await self.centre.start_daemon()

    async def captured(
        self, line: str, how: str, plan: Sequence[Answering], count: int, at_once: int, limit_s: float
    ) -> list[SipMessage]:
        """Put `count` calls on a line, `at_once` of them at a time, and return the SIP that was seen."""
        self._captures += 1
        path = self.centre.home / f"{self._captures}-{how}.pcap"
        async with self.through(how), self.centre.telephones(plan), Capture(path, self.centre.slice.net) as capture:
            callers = self.callers(line, how, count)
            async with self.centre.callers(callers, rate=50, at_once=at_once) as placed:
                await self.finish(f"{how}_{line}", how, placed, limit_s)
        return capture.messages()

    async def finish(self, name: str, how: str, callers: Callers, limit_s: float) -> None:
        """Wait for the end of all calls and print how many failed; through the hook any at all is too many.

        Calls that hang are ended with Asterisk, for they would weigh on the next load.
        """
        try:
            counts = await callers.finish(limit_s)
        except ProcessFailed:
            counts = callers.counts()
            await callers.stop()
            await self.centre.asterisk.restart()
        failed = counts.placed - counts.served
        self.figures.add(f"failed_calls_{name}", failed, "count", *(("<=", 0) if how == HOOK else ()))

    def before_the_end(self, messages: Sequence[SipMessage], count: int, at_once: int) -> float:
        """Return the instant until which callers were waiting all the time: the last batch is left out."""
        trunk = self.centre.slice.trunk.address
        arrivals = [m.at for m in messages if m.method == "INVITE" and m.status == 0 and m.source == trunk]
        # While new ones come, a full batch is in the house; after the last arrival it drains, OPERATORS at a time.
        return arrivals[-1] if len(arrivals) == count and count > at_once else float("-inf")

    async def bye(self) -> None:
        """From an operator's BYE to the next INVITE at that operator's telephone, with 60 waiting."""
        count, at_once = round(400 * self.scale), OPERATORS + WAITING
        spreads = {}
        for how in (HOOK, QUEUE):
            plan = [Answering(ring_ms=50, talk_ms=talk_ms) for talk_ms in self.talks()]
            messages = await self.captured(LINE, how, plan, count, at_once, 600)
            until = self.before_the_end(messages, count, at_once)
            waits = bye_to_invite(messages, self.centre.slice.telephones.address, until)
            spreads[how] = Spread.of(waits)
            self.figures.spread(f"bye_to_invite_{how}", spreads[how])
        hook, queue = spreads[HOOK], spreads[QUEUE]
        self.figures.add("bye_to_invite_p50", hook.p50, "ms", "<=", 5)
        self.figures.add("bye_to_invite_p99", hook.p99, "ms", "<=", 20)
        self.figures.add("bye_to_invite_times_faster", queue.p50 / hook.p50, "ratio", ">=", 100)

    async def miss(self) -> None:
        """From a refusal, a busy telephone or a ring-no-answer to the next operator's INVITE for that caller."""
        plan = [Answering(Kind.REFUSE, 50), Answering(Kind.SILENT), Answering(Kind.BUSY), Answering(talk_ms=500)]
        for how in (HOOK, QUEUE):
            messages = await self.captured(MISS_LINE, how, plan, round(40 * self.scale), 2, 600)
            spread = Spread.of(miss_to_invite(messages, self.centre.slice.telephones.address))
            self.figures.spread(f"miss_to_invite_{how}", spread)
            if how == HOOK:
                self.figures.add("miss_to_invite_p99", spread.p99, "ms", "<=", 50)

    async def wrap_up(self) -> None:
        """The work after a call lasts as long as the policy says: never shorter, and at most 50 ms longer."""
        count, at_once = round(90 * self.scale), 14
        messages = await self.captured(WRAP_LINE, HOOK, [Answering(ring_ms=50, talk_ms=500)], count, at_once, 300)
        until = self.before_the_end(messages, count, at_once)
        waits = bye_to_invite(messages, self.centre.slice.telephones.address, until)
        over = [wait - WRAP_UP_S for wait in waits]
        spread = Spread.of(over)
        self.figures.spread("wrap_up_over", spread)
        self.figures.add("wrap_up_shortest_over", 1000 * min(over, default=float("nan")), "ms", ">=", 0)
        self.figures.add("wrap_up_longest_over", spread.most, "ms", "<=", 50)

    async def cpu(self) -> None:
        """CPU of Asterisk and of the daemon per call, at three rates, calls of 0.6 s."""
        for rate in RATES:
            cost = {how: await self._cpu(how, rate) for how in (HOOK, QUEUE)}
            asterisk, daemon = cost[HOOK]
            queue, _ = cost[QUEUE]
            self.figures.add(f"cpu_asterisk_hook_{rate}", asterisk, "ms/call")
            self.figures.add(f"cpu_asterisk_queue_{rate}", queue, "ms/call")
            self.figures.add(f"cpu_daemon_{rate}", daemon, "ms/call", "<=", 1)
            self.figures.add(f"cpu_hook_and_daemon_{rate}", asterisk + daemon, "ms/call", "<=", round(queue, 3))

    async def _cpu(self, how: str, rate: int) -> tuple[float, float]:
        """Return Asterisk's and the daemon's CPU time per call, ms."""
        count = round(rate * LOAD_S * self.scale)
        async with self.through(how), self.centre.telephones([Answering(ring_ms=0, talk_ms=600)]):
            asterisk = self.centre.asterisk
            daemon = self.centre.daemon if how == HOOK else None
            pid, before, daemon_before = asterisk.pid, asterisk.cpu_s, daemon.cpu_s if daemon else 0.0
            async with self.centre.callers(self.callers(LOAD_LINE, how, count), rate=rate, at_once=5000) as placed:
                await self.finish(f"{how}_{rate}", how, placed, LOAD_S * self.scale + 60)
            if asterisk.pid != pid:  # calls hung, nothing was measured
                return float("nan"), float("nan")
            spent, daemon_spent = asterisk.cpu_s - before, (daemon.cpu_s if daemon else 0.0) - daemon_before
        return 1000 * spent / count, 1000 * daemon_spent / count


async def run(only: Sequence[str], scale: float, home: Path | None) -> int:
    """Run the loads and return the exit status."""
    figures = Figures()
    site = Site(
        operators=OPERATORS,
        target_wait_s=600.0,
        max_wait_s=1200.0,
        ring_s=2.0,
        min_talk_s=0.0,
        pause_after_misses=0,
    )
    centre = LabCentre(site, home=home, more_conf={"extensions.conf": queue_dialplan()}, more_toml=more_toml)
    async with centre:
        sys.stdout.write(f"# {(await centre.asterisk.rx('core show version')).strip()}\n")
        bench = Bench(centre, figures, scale)
        loads = {"bye": bench.bye, "miss": bench.miss, "wrap-up": bench.wrap_up, "cpu": bench.cpu}
        for name in only or loads:
            # Two cores that others work on as well measure the others: the reader must be able to tell.
            sys.stdout.write(f"# {name}: load average of the machine before it {os.getloadavg()[0]:.2f}\n")
            await loads[name]()
    if figures.failed:
        sys.stdout.write(f"short of the bar: {', '.join(figures.failed)}\n")
    return 1 if figures.failed else 0


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="some of: bye, miss, wrap-up, cpu")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of calls")
    parser.add_argument("--home", type=Path, help="keep configuration, logs and captures in this folder")
    options = parser.parse_args()
    return asyncio.run(run([name for name in options.only.split(",") if name], options.scale, options.home))


if __name__ == "__main__":
    sys.exit(main())

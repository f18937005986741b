"""The indicators against the packet capture of the same run: the same calls, the same counts, waits within 20 ms.

`python -m tests.bench.bench_kpi [--callers 200] [--operators 20] [--within 50]`. The demonstration's traffic runs
through a real Asterisk and the daemon; then the figures of the report are compared with those that `acd.lab.wire`
reads from the packets. Prints

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when a figure misses its bar.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.clock import wall_time
from acd.lab.capture import Capture, Spread
from acd.lab.centre import LabCentre
from acd.lab.demo import RING_S, DemoPlan
from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from acd.lab.wire import Visit, differences, indicators, visits
from acd.standard import standard_of
from metrics.kpi import Kpi
from metrics.records.database import open_engine, reading
from metrics.records.rows import CallRow
from metrics.reports.gather import gather
from metrics.reports.periods import Period
from tests.bench.bench_asterisk import Figures

WAITS_WITHIN_S = 0.02
LIMIT_S = 600.0

OUTCOME_COUNTS = ("accepted", "answered", "abandoned", "overflowed", "K1", "K2", "K7")
TIMES = ("waited_mean", "waited_p50", "waited_p90", "waited_p95", "waited_p99", "waited_max")


@dataclass(frozen=True, slots=True)
class Trial:
    """One run, told by both sides."""

    wire: Mapping[str, Visit]
    """By the caller's number."""
    of_wire: Mapping[str, float | None]
    """Its indicators."""
    rows: Mapping[str, CallRow]
    """The records, by the caller's number."""
    of_records: Mapping[str, Kpi]
    """The report's indicators."""

    def outcomes(self) -> dict[str, tuple[bool, str | None]]:
        """Return the callers whom only one side knows, or whom one saw answered and the other not."""
        found = {}
        for caller in self.wire.keys() | self.rows.keys():
            seen, row = self.wire.get(caller), self.rows.get(caller)
            answered = seen is not None and seen.answered_at is not None
            if seen is None or row is None or answered != (row.outcome == "answered"):
                found[caller] = (answered, row and row.outcome)
        return found

    def operators(self) -> dict[str, tuple[str | None, str | None]]:
        """Return the callers who, by the wire, talked to another telephone than their record says."""
        return {
            caller: (visit.telephone, self.rows[caller].agent)
            for caller, visit in self.wire.items()
            if caller in self.rows and visit.telephone is not None and visit.telephone != f"op{self.rows[caller].agent}"
        }

    def waits(self) -> dict[str, float]:
        """Return by caller how far record and wire are apart in the wait, s."""
        recorded = {caller: row.waited_s for caller, row in self.rows.items()}
        return differences(self.wire, recorded, lambda visit: visit.waited_s)

    def talks(self) -> dict[str, float]:
        """Return by caller how far record and wire are apart in the talk, s."""
        recorded = {caller: row.talked_s for caller, row in self.rows.items()}
        return differences(self.wire, recorded, lambda visit: visit.talked_s)


async def run(site: Site, calls: Sequence[Caller], answers: Sequence[Answering], home: Path) -> Trial:
    """Let callers call a centre of its own under a capture; return what wire and records say."""
    async with LabCentre(site, home=home / "centre") as centre:
        await centre.until(lambda status: status.ready == site.operators)
        zone = ZoneInfo(centre.config.site.time_zone)
        begin = wall_time()
        trunk, telephones = centre.slice.trunk.address, centre.slice.telephones.address
        path = home / "capture.pcap"
        async with Capture(path, centre.slice.net) as capture:
            async with centre.telephones(answers), centre.callers(calls) as callers:
                counts = await callers.finish(LIMIT_S)
                settled = await centre.settled(counts.placed)
            await asyncio.sleep(2)  # the kernel hands packets to tcpdump in blocks: its end must not cut off the last
        wire = visits(capture.messages(), trunk, telephones)
        standard = standard_of(centre.config)
        norms = standard.of(centre.site.lines[0])
        engine = open_engine(centre.config.database.url)
        try:
            async with reading(engine) as connections:
                now = wall_time()
                period = Period(begin, now, zone)
                gathered = await gather(connections, period, standard, as_of=now, line=centre.site.lines[0])
        finally:
            await engine.dispose()
    rows = {row["caller"].removeprefix("+"): CallRow(**row) for row in settled}
    of_wire = indicators(wire.values(), trunk, norms.target_wait_s, norms.max_wait_s, norms.leaving_s)
    return Trial(wire, of_wire, rows, {figure.name: figure for figure in gathered.figures()})


def tell(trial: Trial, figures: Figures) -> None:
    """Print what both sides say, and where they differ."""
    figures.add("calls_on_the_wire", len(trial.wire), "calls")
    figures.add("calls_that_differ", len(trial.outcomes()), "calls", "<=", 0)
    figures.add("operators_that_differ", len(trial.operators()), "calls", "<=", 0)
    for name in OUTCOME_COUNTS:
        own, other = trial.of_wire[name], trial.of_records[name].value
        difference = abs((own or 0.0) - (other or 0.0)) if (own is None) == (other is None) else float("inf")
        figures.add(f"{name}_of_records", other if other is not None else float("nan"), "")
        figures.add(f"{name}_difference", difference, "", "<=", 1e-9)
    waits = Spread.of(trial.waits().values())
    figures.add("wait_difference_p50", waits.p50, "ms")
    figures.add("wait_difference_p90", waits.p90, "ms")
    figures.add("wait_difference_most", waits.most, "ms", "<=", WAITS_WITHIN_S * 1000)
    figures.add("talk_difference_most", Spread.of(trial.talks().values()).most, "ms")
    for name in TIMES:
        own, other = trial.of_wire[name], trial.of_records[name].value
        figures.add(f"{name}_difference", abs((own or 0.0) - (other or 0.0)) * 1000, "ms", "<=", WAITS_WITHIN_S * 1000)


async def measure(figures: Figures, plan: DemoPlan) -> None:
    """Compare one run of the demonstration's traffic."""
    with tempfile.TemporaryDirectory(prefix="bench-kpi-") as folder:
        site = Site(operators=plan.operators, ring_s=RING_S)
        trial = await run(site, plan.calls(), plan.answers(), Path(folder))
    tell(trial, figures)


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--operators", type=int, default=20)
    parser.add_argument("--within", type=float, default=50.0, help="seconds in which they call")
    options = parser.parse_args()
    figures = Figures()
    plan = DemoPlan(operators=options.operators, callers=options.callers, within_s=options.within)
    asyncio.run(measure(figures, plan))
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The demonstration: one minute of a line 122 with everything real but the people, then every call accounted for.

Callers, talks, refusals and patience are drawn from a seed. At the end what the callers' side saw is compared with the
records call by call: each caller has a number of his own.
"""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from acd.clock import wall_time
from acd.lab.centre import LabCentre
from acd.lab.daemon import DaemonStatus
from acd.lab.errors import ProcessFailed
from acd.lab.plans import Answering, Caller, Kind, arriving, drawn, exponential, lognormal
from acd.lab.sipp import CallerCounts, Step, TelephoneCounts
from acd.lab.site import Site
from acd.reporting import kpi
from config.errors import Language
from metrics.records.rows import Outcome
from metrics.records.tables import calls
from metrics.reports.model import Report

RING_S: Final = 3.0
"""How long a telephone of the demonstration rings: shortened, as all its times are."""
LEAST_TALK_MS: Final = 1500
CALM_MS: Final = 300_000
LONGEST_S: Final = 180.0
"""After the last arrival: nobody waits longer than the maximum wait and one talk."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """How much of what."""

    operators: int = 20
    callers: int = 200
    within_s: float = 50.0
    """Callers arrive in this time; the last ones are served after it."""
    seed: int = 122
    talk_median_s: float = 4.0
    refusals: float = 0.03
    """Share of offers that an operator refuses."""
    silences: float = 0.02
    """Share of offers that an operator lets ring."""
    impatient: float = 0.04
    """Share of callers who soon give up."""
    brief: float = 0.08
    """Share of callers who end the call themselves, wherever it is then."""

    def calls(self) -> list[Caller]:
        """Return the callers, in the order in which they call."""
        source = random.Random(self.seed)  # noqa: S311  # a repeatable play, no secret
        callers = [Caller(f"7901{index:07}", patience_ms=self._patience(source)) for index in range(self.callers)]
        return arriving(callers, source, round(self.within_s * 1000))

    def answers(self) -> list[Answering]:
        """Return what operators do with the calls that they are offered, in order."""
        source = random.Random(self.seed + 1)  # noqa: S311  # a repeatable play, no secret

        def answer(_: int) -> Answering:
            chance, ring_ms = source.random(), exponential(source, 400, most_ms=2000)
            talk_ms = max(LEAST_TALK_MS, lognormal(source, self.talk_median_s * 1000, most_ms=15_000))
            if chance < self.refusals:
                return Answering(Kind.REFUSE, ring_ms)
            if chance < self.refusals + self.silences:
                return Answering(Kind.SILENT)
            return Answering(Kind.ANSWER, ring_ms, talk_ms)

        return drawn(3 * self.callers, answer)

    def _patience(self, source: random.Random) -> int:
        chance = source.random()
        if chance < self.impatient:
            return exponential(source, 1500, least_ms=900, most_ms=4000)
        if chance < self.impatient + self.brief:
            return exponential(source, 9000, least_ms=6000, most_ms=15_000)
        return CALM_MS


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown while the demonstration runs."""

    elapsed_s: float
    placed: int
    callers: int
    status: DaemonStatus


class Progress(Protocol):
    """Who shows the demonstration."""

    def preparing(self) -> None:
        """Asterisk and the daemon are being started."""

    def moment(self, moment: Moment) -> None:
        """About once a second."""

    def settling(self) -> None:
        """All callers have hung up; records are being completed."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A caller whose call and its record do not agree."""

    caller: str
    seen: str
    """What the caller's side saw: `served`, `left`, `refused 503`; `nothing` when the call never ended."""
    recorded: str


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of it."""

    callers: CallerCounts
    telephones: TelephoneCounts
    recorded: int
    answered: int
    abandoned: int
    returned: int
    mismatches: tuple[Mismatch, ...]
    report: Report
    """The indicators, made from the records."""

    @property
    def accounted(self) -> bool:
        """Whether every call is accounted for, and no talk is recorded that no telephone answered."""
        whole = self.recorded == self.callers.placed and not self.mismatches
        return whole and self.telephones.answered >= self.answered


def compare(steps: Sequence[Step], rows: Sequence[Any]) -> tuple[Mismatch, ...]:
    """Return the callers whose own account and record differ.

    A caller who was served has a record of an answered call that he did not end; one who left has an abandoned call or
    a talk that he ended. At the instant at which both sides hang up either may be recorded as the one who did.
    """
    seen: dict[str, str] = {}
    for step in steps:
        if step.event in {"placed", "connected"}:
            seen.setdefault(step.who, "nothing")
        else:
            seen[step.who] = step.event
    records: dict[str, list[Any]] = {}
    for row in rows:
        records.setdefault(row["caller"], []).append(row)
    wrong = [Mismatch(caller, "nothing", _told(found)) for caller, found in records.items() if caller not in seen]
    for caller, event in seen.items():
        found = records.get(caller, [])
        if len(found) != 1 or not _agree(event, found[0]):
            wrong.append(Mismatch(caller, event, _told(found)))
    return tuple(wrong)


def _agree(event: str, row: Any) -> bool:
    match event:
        case "served":
            expected = {Outcome.ANSWERED, Outcome.OVERFLOWED}
        case "left":
            expected = {Outcome.ANSWERED, Outcome.ABANDONED}
        case _:
            expected = {Outcome.REFUSED} if event.startswith("refused") else set()
    return row["outcome"] in expected


def _told(rows: Sequence[Any]) -> str:
    return ", ".join(f"{row['outcome'] or 'open'} ({row['call']})" for row in rows) or "nothing"


async def play(plan: DemoPlan, progress: Progress, language: Language) -> DemoResult:
    """Play the demonstration from start to end; everything that it started is stopped when this returns.

    Raises:
        LabError: Asterisk, SIPp or the daemon could not be started, or did not do their part.
    """
    site = Site(operators=plan.operators, ring_s=RING_S, language=language)
    home = Path(tempfile.mkdtemp(prefix="acd-demo-"))
    progress.preparing()
    try:
        async with LabCentre(site, home=home) as centre:
            await centre.until(lambda status: status.ready == plan.operators)
            return await _play(plan, centre, progress)
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def _play(plan: DemoPlan, centre: LabCentre, progress: Progress) -> DemoResult:
    loop = asyncio.get_running_loop()
    zone = ZoneInfo(centre.config.site.time_zone)
    day, started_at = datetime.fromtimestamp(wall_time(), zone).date(), loop.time()
    async with centre.telephones(plan.answers()) as telephones, centre.callers(plan.calls()) as callers:
        while callers.process.running:
            elapsed_s = loop.time() - started_at
            progress.moment(Moment(elapsed_s, callers.counts().placed, plan.callers, await centre.status()))
            if elapsed_s > plan.within_s + LONGEST_S:
                raise ProcessFailed("callers", "some have not been served", callers.errors())
            await asyncio.sleep(1.0)
        progress.settling()
        placed = callers.counts()
        try:
            rows = await centre.settled(placed.placed)
        except ProcessFailed:
            rows = await centre.rows(calls)  # what is missing is told by name
        outcomes = [row["outcome"] for row in rows]
        made_at = datetime.fromtimestamp(wall_time(), zone)
        return DemoResult(
            callers=placed,
            telephones=telephones.counts(),
            recorded=len(rows),
            answered=outcomes.count(Outcome.ANSWERED),
            abandoned=outcomes.count(Outcome.ABANDONED),
            returned=sum(row["returns"] for row in rows),
            mismatches=compare(callers.steps(), rows),
            report=await kpi(centre.config, day.isoformat(), made_at.date().isoformat(), made_at, None),
        )

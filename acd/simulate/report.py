"""The report of a study: the reports' own figures and tables, over replications and with their bounds.

A figure over all runs is the reports' formula on all their calls together; how far it may be off comes from leaving one
run out at a time (jackknife), which holds for a share read by any rule. Times at percentiles are means of the runs.
"""

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from math import isfinite, sqrt
from zoneinfo import ZoneInfo

from acd.simulate import estimate
from acd.simulate.estimate import Estimate, student
from acd.simulate.study import Study
from acd.simulate.tally import HISTOGRAM_S, Outcome, histogram
from acd.standard import standard_of
from metrics.agent_time import AgentTime, handling_time, occupancy
from metrics.counts import CallCounts
from metrics.distribution import distribution
from metrics.kpi import Kpi, Unit, kpi, mean_wait, service_level, unanswered_share
from metrics.norms import Norms, Rules
from metrics.records.counting import SLOT_S
from metrics.reports.model import (
    Cell,
    Chart,
    ChartKind,
    Column,
    Figure,
    Kind,
    Note,
    Report,
    ReportKind,
    Series,
    Table,
    rounded,
    seconds,
    share,
)
from metrics.reports.periods import Period
from metrics.reports.tables import kpi_row
from metrics.reports.texts import Language

Formula = Callable[[CallCounts], float | None]

FIGURES = (
    Column("code", Kind.TEXT),
    Column("figure", Kind.NAME),
    Column("value", Kind.FIGURE),
    Column("low", Kind.FIGURE),
    Column("high", Kind.FIGURE),
    Column("norm", Kind.FIGURE),
    Column("verdict", Kind.VERDICT),
    Column("rule", Kind.WORD),
)

_LEFT_OUT = frozenset({"K3", "K4", "open", "talks_marked", "talks_unmarked", "died", "refused"})
"""Nobody marks the end of questioning here, and at the end nothing is open."""


def jackknife(counts: Sequence[CallCounts], formula: Formula, confidence: float) -> Estimate | None:
    """Return a formula's value over all runs, and how far it may be off; None where nothing was measured."""
    count = len(counts)
    before, after = [CallCounts()], [CallCounts()]
    for each in counts:
        before.append(before[-1] + each)
    for each in reversed(counts):
        after.append(after[-1] + each)
    value = formula(before[-1])
    if value is None:
        return None
    others = [found for left in range(count) if (found := formula(before[left] + after[count - left - 1])) is not None]
    if len(others) < 2:
        return Estimate(value, float("inf"))
    mean = sum(others) / len(others)
    deviation = sqrt((len(others) - 1) / len(others) * sum((other - mean) ** 2 for other in others))
    return Estimate(value, student(confidence, len(others) - 1) * deviation)


def figures(
    outcomes: Sequence[Outcome], norms: Norms, rules: Rules, confidence: float
) -> list[tuple[Kpi, Estimate | None]]:
    """Return each figure of the reports over all runs, with its bounds."""
    totals = [outcome.total for outcome in outcomes]
    singly = [
        kpi(total, norms, rules, waits=distribution(outcome.waits), talks=distribution(outcome.talks))
        for total, outcome in zip(totals, outcomes, strict=True)
    ]
    found: list[tuple[Kpi, Estimate | None]] = []
    for place, first in enumerate(singly[0]):
        if first.name in _LEFT_OUT:
            continue
        if first.unit is Unit.SHARE:
            bounds = jackknife(totals, lambda counts, place=place: kpi(counts, norms, rules)[place].value, confidence)  # type: ignore[misc]  # bound at once
        else:
            values = [value for each in singly if (value := each[place].value) is not None]
            bounds = estimate.mean(values, confidence)
        found.append((_with_value(first, bounds), bounds))
    found += _of_operators(outcomes, totals, confidence)
    return found


def _with_value(figure: Kpi, bounds: Estimate | None) -> Kpi:
    value = None if bounds is None else bounds.value
    return Kpi(figure.name, value, figure.unit, figure.norm, figure.bound, figure.rule)


def _of_operators(
    outcomes: Sequence[Outcome], totals: Sequence[CallCounts], confidence: float
) -> list[tuple[Kpi, Estimate | None]]:
    times = [AgentTime(outcome.by_state) for outcome in outcomes]
    rows = (
        ("aht", Unit.SECONDS, [handling_time(total, time) for total, time in zip(totals, times, strict=True)]),
        ("occupancy", Unit.SHARE, [occupancy(time) for time in times]),
        ("at_work", Unit.HOURS, [time.logged_in_s / 3600 for time in times]),
    )
    found = []
    for name, unit, values in rows:
        bounds = estimate.mean([value for value in values if value is not None], confidence)
        found.append((Kpi(name, None if bounds is None else bounds.value, unit), bounds))
    return found


def figure_table(found: Sequence[tuple[Kpi, Estimate | None]]) -> Table:
    """Return the figures under each other, those with a norm first."""
    rows = []
    for figure, bounds in sorted(found, key=lambda each: each[0].norm is None):
        code, name, value, norm, passed, rule = kpi_row(figure)
        low, high = (_bound(figure, None if bounds is None else at) for at in _ends(bounds))
        rows.append((code, name, value, low, high, norm, passed, rule))
    return Table("simulated_figures", FIGURES, tuple(rows))


def _ends(bounds: Estimate | None) -> tuple[float | None, float | None]:
    return (None, None) if bounds is None or not isfinite(bounds.half_width) else (bounds.low, bounds.high)


def _bound(figure: Kpi, value: float | None) -> Figure:
    if value is None:
        return Figure(None, figure.unit)
    inside = min(1.0, max(0.0, value)) if figure.unit is Unit.SHARE else max(0.0, value)
    return rounded(Kpi(figure.name, inside, figure.unit))


def by_slot(outcomes: Sequence[Outcome]) -> dict[int, list[CallCounts]]:
    """Return for each quarter of an hour the counts of every run, over all lines."""
    slots = sorted({slot for outcome in outcomes for _, slot in outcome.by_slot})
    found = {slot: [CallCounts()] * len(outcomes) for slot in slots}
    for run, outcome in enumerate(outcomes):
        for (_, slot), counts in outcome.by_slot.items():
            found[slot][run] += counts
    return found


def slot_table(slots: dict[int, list[CallCounts]], rules: Rules, confidence: float) -> Table:
    """Return each quarter of an hour: calls of a mean run, shares over all runs with what they may be off."""
    rows: list[tuple[Cell, ...]] = []
    for slot, counts in slots.items():
        total, runs = sum(counts, CallCounts()), len(counts)
        in_norm = jackknife(counts, lambda each: service_level(each, rules.service_level), confidence)
        rows.append(
            (
                slot * SLOT_S,
                round(total.accepted / runs, 1),
                round(total.answered / runs, 1),
                round(total.abandoned / runs, 1),
                round(total.overflowed / runs, 1),
                share(service_level(total, rules.service_level)),
                None if in_norm is None or not isfinite(in_norm.half_width) else share(in_norm.half_width),
                share(unanswered_share(total, rules.unanswered)),
                seconds(mean_wait(total)),
                seconds(total.longest_wait_s),
            )
        )
    names = ("accepted", "answered", "abandoned", "overflowed")
    columns = (
        Column("interval", Kind.INSTANT),
        *(Column(name, Kind.COUNT) for name in names),
        Column("in_norm", Kind.SHARE),
        Column("half_width", Kind.SHARE),
        Column("unanswered", Kind.SHARE),
        Column("mean_wait", Kind.SECONDS),
        Column("longest_wait", Kind.SECONDS),
    )
    return Table("by_interval", columns, tuple(rows))


def slot_charts(slots: dict[int, list[CallCounts]], norms: Norms, rules: Rules) -> tuple[Chart, Chart]:
    """Return the calls and the share in norm of each quarter of an hour."""
    totals = [sum(counts, CallCounts()) for counts in slots.values()]
    runs = len(next(iter(slots.values()), [None]))
    begins = tuple(slot * SLOT_S for slot in slots)
    parts = (
        ("answered_in_norm", [each.answered_in_norm for each in totals]),
        ("answered_late", [each.answered - each.answered_in_norm for each in totals]),
        ("not_answered", [each.accepted - each.answered for each in totals]),
    )
    volumes = tuple(Series(name, tuple(count / runs for count in counts)) for name, counts in parts)
    shares = tuple(share(service_level(each, rules.service_level)) for each in totals)
    return (
        Chart("calls_by_quarter_hour", ChartKind.STACKED, Kind.COUNT, begins, Kind.HOUR, volumes),
        Chart(
            "in_norm_by_quarter_hour",
            ChartKind.LINE,
            Kind.SHARE,
            begins,
            Kind.HOUR,
            (Series("in_norm", shares),),
            norm=norms.in_norm_share,
        ),
    )


def wait_parts(waits: Sequence["array[float]"]) -> tuple[Table, Chart]:
    """Return how the waits of answered calls are distributed, of a mean run."""
    runs = len(waits)
    steps = [sum(each) / runs for each in zip(*(histogram(each) for each in waits), strict=True)]
    used = max((place for place, count in enumerate(steps) if count), default=0) + 1
    total = sum(steps)
    rows = tuple(
        (
            int(place * HISTOGRAM_S),
            int((place + 1) * HISTOGRAM_S),
            round(count, 1),
            share(count / total if total else None),
        )
        for place, count in enumerate(steps[:used])
    )
    columns = (
        Column("from_s", Kind.COUNT),
        Column("to_s", Kind.COUNT),
        Column("count", Kind.COUNT),
        Column("part", Kind.SHARE),
    )
    names = tuple(f"{low}–{high}" for low, high, *_ in rows)
    series = (Series("answered", tuple(steps[:used])),)
    chart = Chart("waits_of_answered", ChartKind.BARS, Kind.COUNT, names, Kind.TEXT, series)
    return Table("waits_of_answered", columns, rows), chart


def simulation_report(
    study: Study,
    outcomes: Sequence[Outcome],
    *,
    wanted: int,
    made_at: datetime,
    language: Language,
    confidence: float = estimate.CONFIDENCE,
) -> Report:
    """Return the report of a study.

    Args:
        study: What was run.
        outcomes: At least one.
        wanted: So many runs were asked for; fewer outcomes are told as a run that was stopped.
        made_at: Now, with its offset.
        language: In which the scenario's title is told.
        confidence: Of the bounds, 0 to 1.
    """
    standard = standard_of(study.config)
    norms, rules = standard.default, standard.rules
    slots = by_slot(outcomes)
    table, chart = wait_parts([outcome.waits for outcome in outcomes])
    scenario = study.scenario
    title = (scenario.title_ru if language == "ru" else scenario.title) or scenario.title or ""
    notes = [
        *([Note("scenario", (title,))] if title else []),
        Note("simulated", (str(len(outcomes)), str(study.seed), f"{confidence:.0%}")),
        *([Note("stopped_early", (str(len(outcomes)), str(wanted)))] if len(outcomes) < wanted else []),
    ]
    call_backs = (
        Table(
            "call_backs_of_a_run",
            (Column("figure", Kind.NAME), Column("value", Kind.COUNT)),
            tuple(
                (name, round(sum(getattr(outcome.call_backs, name) for outcome in outcomes) / len(outcomes), 1))
                for name in ("owed", "attempts", "late", "reached", "merged", "given_up", "impossible")
            ),
        ),
    )
    return Report(
        ReportKind.SIMULATION,
        Period(study.count_from, study.ends, ZoneInfo(study.config.site.time_zone)),
        None,
        study.config.site.title or study.config.site.name,
        made_at,
        (
            *notes,
            figure_table(figures(outcomes, norms, rules, confidence)),
            *slot_charts(slots, norms, rules),
            slot_table(slots, rules, confidence),
            chart,
            table,
            *(call_backs if scenario.call_backs is not None else ()),
        ),
    )

"""The report of a staffing plan: each quarter of an hour with what the formulas say beside it."""

from collections.abc import Sequence
from datetime import datetime

from acd.simulate.report import slot_charts, slot_table
from acd.simulate.staffing import Confirmed, QuarterPlan, Search
from acd.standard import standard_of
from metrics.counts import CallCounts
from metrics.kpi import service_level, unanswered_share
from metrics.records.counting import SLOT_S
from metrics.reports.model import (
    TOTAL,
    Chart,
    ChartKind,
    Column,
    Kind,
    Note,
    Report,
    ReportKind,
    Series,
    Table,
    hours,
    share,
)
from metrics.reports.periods import Period


def staffing_report(
    search: Search, planned: Sequence[QuarterPlan], confirmed: Confirmed, *, made_at: datetime
) -> Report:
    """Return the report of a plan and of the last look at it."""
    study = search.study
    period = Period(planned[0].begin, study.ends, study.zone)
    standard = standard_of(study.config)
    confidence = f"{search.confidence:.0%}"
    kept = (
        Note("staffing_not_kept", (confidence, ", ".join(_times(confirmed.broken, period))))
        if confirmed.broken
        else Note("staffing_kept", (confidence, str(confirmed.runs), str(study.seed)))
    )
    by_a = None if any(each.erlang_a is None for each in planned) else sum(each.erlang_a or 0 for each in planned)
    sums = (sum(each.operators for each in planned), by_a, sum(each.erlang_c for each in planned))
    told = tuple("–" if count is None else f"{hours(count * SLOT_S):g}" for count in sums)
    return Report(
        ReportKind.STAFFING,
        period,
        None,
        study.config.site.title or study.config.site.name,
        made_at,
        (
            kept,
            Note("staffing_hours", told),
            _chart(planned),
            _table(planned, confirmed, search, sums),
            *slot_charts(confirmed.slots, standard.default, standard.rules),
            slot_table(confirmed.slots, standard.rules, search.confidence),
        ),
    )


def _times(begins: Sequence[float], period: Period) -> list[str]:
    return [datetime.fromtimestamp(begin, period.zone).strftime("%H:%M") for begin in begins]


def _chart(planned: Sequence[QuarterPlan]) -> Chart:
    series = [
        Series("operators_planned", tuple(float(each.operators) for each in planned)),
        Series("erlang_c", tuple(float(each.erlang_c) for each in planned)),
    ]
    if all(each.erlang_a is not None for each in planned):
        series.append(Series("erlang_a", tuple(float(each.erlang_a or 0) for each in planned)))
    begins = tuple(each.begin for each in planned)
    return Chart("staffing", ChartKind.LINE, Kind.COUNT, begins, Kind.HOUR, tuple(series))


def _table(
    planned: Sequence[QuarterPlan], confirmed: Confirmed, search: Search, sums: tuple[int, int | None, int]
) -> Table:
    rules = standard_of(search.study.config).rules
    rows = []
    for each in planned:
        counts = sum(confirmed.slots.get(int(each.begin // SLOT_S), []), CallCounts())
        rows.append(
            (
                each.begin,
                round(each.calls, 1),
                each.operators,
                each.erlang_a,
                each.erlang_c,
                share(service_level(counts, rules.service_level)),
                share(unanswered_share(counts, rules.unanswered)),
                each.begin not in confirmed.broken,
            )
        )
    columns = (
        Column("interval", Kind.INSTANT),
        Column("expected_calls", Kind.COUNT),
        Column("operators", Kind.COUNT),
        Column("erlang_a", Kind.COUNT),
        Column("erlang_c", Kind.COUNT),
        Column("in_norm", Kind.SHARE),
        Column("unanswered", Kind.SHARE),
        Column("verdict", Kind.VERDICT),
    )
    total = (TOTAL, round(sum(each.calls for each in planned), 1), *sums, None, None, not confirmed.broken)
    return Table("staffing", columns, tuple(rows), total)

"""The report of a forecast: days, quarters of an hour, and how far such forecasts were off."""

import datetime as dates
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from acd.simulate.forecast import Volumes, held_out, kind_of
from acd.simulate.roster import at
from config.model import Config
from config.production_calendar import ProductionCalendar
from metrics.records.counting import SLOT_S
from metrics.reports.model import TOTAL, Chart, ChartKind, Column, Kind, Note, Report, ReportKind, Series, Table, share
from metrics.reports.periods import days as whole_days


def forecast_report(
    config: Config,
    line: str | None,
    volumes: Volumes,
    forecast: Mapping[dates.date, Sequence[float]],
    calendar: ProductionCalendar,
    *,
    made_at: dates.datetime,
) -> Report:
    """Return the report of the calls expected by day; `volumes` are those that the forecast was made from."""
    zone = ZoneInfo(config.site.time_zone)
    known, wanted = sorted(volumes), sorted(forecast)
    by_slot = [(at(day, place * SLOT_S, zone), calls) for day in wanted for place, calls in enumerate(forecast[day])]
    total = round(sum(calls for _, calls in by_slot), 1)
    return Report(
        ReportKind.FORECAST,
        whole_days(wanted[0], wanted[-1], zone),
        line,
        config.site.title or config.site.name,
        made_at,
        (
            Note("forecast_from", (str(len(known) // 7), known[0].isoformat(), known[-1].isoformat())),
            Table(
                "forecast_days",
                (Column("day", Kind.DAY), Column("off", Kind.WORD), Column("expected_calls", Kind.COUNT)),
                tuple(
                    (
                        at(day, 0.0, zone),
                        "yes" if kind_of(day, calendar) > 4 else None,
                        round(sum(forecast[day]), 1),
                    )
                    for day in wanted
                ),
                (TOTAL, None, total),
            ),
            *_errors(volumes, calendar),
            Chart(
                "forecast",
                ChartKind.LINE,
                Kind.COUNT,
                tuple(begin for begin, _ in by_slot),
                Kind.HOUR if len(wanted) == 1 else Kind.INSTANT,
                (Series("expected_calls", tuple(calls for _, calls in by_slot)),),
            ),
            Table(
                "by_interval",
                (Column("interval", Kind.INSTANT), Column("expected_calls", Kind.COUNT)),
                tuple((begin, round(calls, 1)) for begin, calls in by_slot),
                (TOTAL, total),
            ),
        ),
    )


def _errors(volumes: Volumes, calendar: ProductionCalendar) -> tuple[Table, ...]:
    errors = held_out(volumes, calendar)
    if errors is None:
        return ()
    columns = (Column("interval", Kind.WORD), Column("error", Kind.SHARE), Column("naive_error", Kind.SHARE))
    rows = (
        ("a_day", share(errors.by_day), share(errors.naive_by_day)),
        ("a_quarter_hour", share(errors.by_quarter), share(errors.naive_by_quarter)),
    )
    return (Table("forecast_errors", columns, rows),)

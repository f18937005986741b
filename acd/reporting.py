"""Reports of a site: its configuration's norms, people and records joined to the reports that `metrics` knows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Group
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.records_file import check_records_file
from acd.standard import standard_of
from config.model import Config
from config.people import Operator
from metrics.errors import RecordsUnusable, ReportError
from metrics.records.database import open_engine
from metrics.records.rebuild import rebuild
from metrics.reports.build import CALLS_AT_MOST, Order, make_report
from metrics.reports.gather import Person
from metrics.reports.model import Report, ReportKind
from metrics.reports.periods import Interval, Period, days, month, parse_period, quarter
from metrics.reports.render import BINARY, Format, render
from metrics.reports.text_formats import as_rich
from metrics.reports.texts import Language

Progress = Callable[[int, int], None]


def _unheard(_done: int, _of: int) -> None:
    """Nobody follows the progress."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report as a person orders it."""

    kind: ReportKind
    period: Period
    line: str | None = None
    by: Interval | None = None
    masked: bool = True
    limit: int = CALLS_AT_MOST


async def make(config: Config, wanted: Wanted, made_at: datetime, progress: Progress = _unheard) -> Report:
    """Return the report.

    Raises:
        ReportError: The order contradicts itself.
        RecordsUnusable: The records cannot be read.
    """
    order = Order(
        wanted.kind,
        wanted.period,
        made_at,
        wanted.line,
        wanted.by,
        config.site.title or config.site.name,
        {operator.number: _person(operator) for operator in config.operators},
        wanted.masked,
        wanted.limit,
    )
    async with _records(config) as engine:
        return await make_report(engine, order, standard_of(config), progress)


async def kpi(config: Config, first: str, last: str, made_at: datetime, line: str | None) -> Report:
    """Return the indicators of a period as a person has typed it.

    Raises:
        ReportError: The period is none.
        RecordsUnusable: The records cannot be read.
    """
    period = parse_period(first, last, ZoneInfo(config.site.time_zone))
    return await make(config, Wanted(ReportKind.KPI, period, line), made_at)


async def rebuild_records(config: Config, progress: Progress = _unheard) -> int:
    """Derive the call records from the facts again; return the number of facts.

    Raises:
        RecordsUnusable: The records cannot be read or written.
    """
    async with _records(config) as engine:
        return await rebuild(engine, progress)


def written(report: Report, format_: str, language: Language) -> bytes:
    """Return the report in a format of `metrics.reports.render.Format`, by its name."""
    return render(report, Format(format_), language)


def is_binary(format_: str) -> bool:
    """Return whether the format is no text and does not belong on a terminal."""
    return Format(format_) in BINARY


def coloured(report: Report, language: Language) -> Group:
    """Return the report for a terminal."""
    return as_rich(report, language)


def day_period(text: str | None, today: datetime) -> Period:
    """Return the day that was typed (`2026-11-21`), or today.

    Raises:
        ReportError: It is no day.
    """
    try:
        day = today.date() if text is None else date.fromisoformat(text)
    except ValueError as fault:
        raise ReportError(f"{text!r} is no day (2026-11-21)") from fault
    return days(day, day, _zone(today))


def month_period(text: str | None, today: datetime) -> Period:
    """Return the month that was typed (`2026-11`), or the last one that is over.

    Raises:
        ReportError: It is no month.
    """
    if text is None:
        before = today.date().replace(day=1) - timedelta(days=1)
        return month(before.year, before.month, _zone(today))
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError as fault:
        raise ReportError(f"{text!r} is no month (2026-11)") from fault
    return month(first.year, first.month, _zone(today))


def quarter_period(text: str | None, today: datetime) -> Period:
    """Return the quarter that was typed (`2026-4`), or the last one that is over.

    Raises:
        ReportError: It is no quarter.
    """
    if text is None:
        before = today.date().replace(day=1, month=(today.month - 1) // 3 * 3 + 1) - timedelta(days=1)
        return quarter(before.year, (before.month - 1) // 3 + 1, _zone(today))
    year, _, number = text.partition("-")
    if not (len(year) == 4 and year.isdecimal() and number in {"1", "2", "3", "4"}):
        raise ReportError(f"{text!r} is no quarter (2026-4)")
    return quarter(int(year), int(number), _zone(today))


def _zone(moment: datetime) -> ZoneInfo:
    if not isinstance(moment.tzinfo, ZoneInfo):
        raise TypeError(f"{moment} is in no zone of the site")
    return moment.tzinfo


def _person(operator: Operator) -> Person:
    levels: Mapping[str, int] = operator.levels
    return Person(operator.title, ", ".join(sorted({str(level) for level in levels.values()})))


@asynccontextmanager
async def _records(config: Config) -> AsyncIterator[AsyncEngine]:
    """Give the records' engine; what goes wrong in the database is told as `RecordsUnusable`."""
    await asyncio.to_thread(check_records_file, config.database.url, must_exist=True)
    engine = open_engine(config.database.url)
    try:
        yield engine
    except SQLAlchemyError as fault:
        reason = (str(fault).splitlines() or [type(fault).__name__])[0]
        raise RecordsUnusable(engine.url.render_as_string(hide_password=True), reason) from fault
    finally:
        await engine.dispose()

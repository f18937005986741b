"""Reports of a site: its configuration's norms and records joined to the reports that `metrics` knows how to make."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Group
from sqlalchemy.exc import SQLAlchemyError

from acd.records_file import check_records_file
from acd.standard import standard_of
from config.model import Config
from metrics.errors import RecordsUnusable
from metrics.records.database import open_engine
from metrics.reports.build import kpi_report
from metrics.reports.model import Report
from metrics.reports.periods import parse_period
from metrics.reports.text_formats import as_csv, as_json, as_rich, as_table
from metrics.reports.texts import Language


def _as_plain(report: Report, language: Language) -> bytes:
    return as_table(report, language).encode()


_FORMATS: Final[Mapping[str, Callable[[Report, Language], bytes]]] = {
    "table": _as_plain,
    "json": as_json,
    "csv": as_csv,
}


async def kpi(config: Config, first: str, last: str, made_at: datetime, line: str | None) -> Report:
    """Return the indicators of a period as a person has typed it.

    Raises:
        ReportError: The period is none.
        RecordsUnusable: The records cannot be read.
    """
    period = parse_period(first, last, ZoneInfo(config.site.time_zone))
    await asyncio.to_thread(check_records_file, config.database.url, must_exist=True)
    engine = open_engine(config.database.url)
    service = config.site.title or config.site.name
    try:
        return await kpi_report(engine, period, standard_of(config), made_at=made_at, line=line, service=service)
    except SQLAlchemyError as fault:
        reason = (str(fault).splitlines() or [type(fault).__name__])[0]
        raise RecordsUnusable(engine.url.render_as_string(hide_password=True), reason) from fault
    finally:
        await engine.dispose()


def written(report: Report, format_: str, language: Language) -> bytes:
    """Return the report in a format: `table`, `json` or `csv`."""
    return _FORMATS[format_](report, language)


def coloured(report: Report, language: Language) -> Group:
    """Return the report for a terminal."""
    return as_rich(report, language)

"""Reads from the records what simulations and forecasts are made from."""

import asyncio
import datetime as dates
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from acd.records_file import check_records_file
from acd.simulate.forecast import Volumes
from acd.simulate.scenario import QUARTERS
from acd.standard import standard_of
from config.model import Config
from metrics.errors import RecordsUnusable
from metrics.records.counting import SLOT_S, Scope, count_by_line_and_slot
from metrics.records.database import open_engine
from metrics.records.listing import list_calls
from metrics.records.rows import CallRow
from metrics.reports.periods import Period

CALLS_AT_MOST = 2_000_000
"""So many calls of a period are read to fit habits from."""


async def read_calls(config: Config, period: Period, line: str | None = None) -> list[CallRow]:
    """Return the callers' calls that entered in the period.

    Raises:
        RecordsUnusable: The records cannot be read.
    """
    await asyncio.to_thread(check_records_file, config.database.url, must_exist=True)
    engine = open_engine(config.database.url)
    try:
        async with engine.connect() as connection:
            return [row async for row in list_calls(connection, Scope(period.start, period.end, line), CALLS_AT_MOST)]
    except SQLAlchemyError as fault:
        raise RecordsUnusable(engine.url.render_as_string(hide_password=True), _first_line(fault)) from fault
    finally:
        await engine.dispose()


async def read_volumes(config: Config, period: Period, line: str | None = None) -> Volumes:
    """Return the calls of each quarter of an hour by local day; days of the period without any call are zeros.

    Days before the first call are left out: there were no records yet.

    Raises:
        RecordsUnusable: The records cannot be read.
    """
    await asyncio.to_thread(check_records_file, config.database.url, must_exist=True)
    engine = open_engine(config.database.url)
    scope = Scope(period.start, period.end, line)
    try:
        async with engine.connect() as connection:
            found = await count_by_line_and_slot(connection, scope, standard_of(config))
    except SQLAlchemyError as fault:
        raise RecordsUnusable(engine.url.render_as_string(hide_password=True), _first_line(fault)) from fault
    finally:
        await engine.dispose()
    volumes: dict[dates.date, list[float]] = {}
    zone = ZoneInfo(config.site.time_zone)
    for (_, slot), counts in found.items():
        at = dates.datetime.fromtimestamp(slot * SLOT_S, zone)
        quarters = volumes.setdefault(at.date(), [0.0] * QUARTERS)
        quarters[at.hour * 4 + at.minute // 15] += counts.accepted + counts.open
    if volumes:
        day, last = min(volumes), period.last_day()
        while day <= last:
            volumes.setdefault(day, [0.0] * QUARTERS)  # a day without calls is a day as well
            day += dates.timedelta(days=1)
    return volumes


def _first_line(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0]

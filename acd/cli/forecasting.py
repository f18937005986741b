"""`acd forecast`: how many calls are to be expected, from the records."""

import asyncio
import datetime as dates
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.simulating import ConfigPath, Format, FormatOption, Output, config_of, now_at, write
from acd.texts import Text
from metrics.errors import RecordsUnusable

HELP: Final = tell(
    "Forecast the calls of the days ahead from the records: by kind of day and quarter of an hour.",
    "Прогноз звонков на дни вперёд по записям: по виду дня и четвертям часа.",
)


def forecast(
    context: typer.Context,
    day: Annotated[
        str | None,
        typer.Argument(help=tell("First day, 2026-11-23; otherwise tomorrow.", "Первый день; иначе завтра.")),
    ] = None,
    *,
    days: Annotated[int, typer.Option(min=1, max=31, help=tell("How many days.", "Сколько дней."))] = 7,
    weeks: Annotated[
        int, typer.Option(min=1, max=104, help=tell("Look so many weeks back.", "На сколько недель назад смотреть."))
    ] = 12,
    line: Annotated[str | None, typer.Option(help=tell("One line; otherwise all.", "Одна линия; иначе все."))] = None,
    config: ConfigPath = None,
    format_: FormatOption = Format.TABLE,
    output: Output = None,
) -> None:
    """Forecast the days and say how far such forecasts were off."""
    session: Session = context.obj
    # Imported here, for it takes a second: the database's libraries and all.
    from acd.simulate.forecast import TooLittle, expected  # noqa: PLC0415
    from acd.simulate.forecast_report import forecast_report  # noqa: PLC0415
    from acd.simulate.sources import read_volumes  # noqa: PLC0415
    from config.production_calendar import ProductionCalendar  # noqa: PLC0415
    from metrics.reports import periods  # noqa: PLC0415

    settings = config_of(session, config)
    now = now_at(settings)
    try:
        first = now.date() + dates.timedelta(days=1) if day is None else dates.date.fromisoformat(day)
    except ValueError as fault:
        raise CommandFailed(ExitCode.WRONG, _NO_DAY, day=day) from fault
    last_known = min(now.date(), first) - dates.timedelta(days=1)
    zone = ZoneInfo(settings.site.time_zone)
    period = periods.days(last_known - dates.timedelta(days=7 * weeks - 1), last_known, zone)
    calendar = ProductionCalendar()
    try:
        volumes = asyncio.run(read_volumes(settings, period, line))
        wanted = [first + dates.timedelta(days=offset) for offset in range(days)]
        found = {each: expected(volumes, each, calendar) for each in wanted}
    except TooLittle as fault:
        raise CommandFailed(ExitCode.WRONG, _TOO_LITTLE, days=fault.days) from fault
    except RecordsUnusable as fault:
        raise CommandFailed(ExitCode.DATABASE, NO_RECORDS, reason=fault) from fault
    write(session, forecast_report(settings, line, volumes, found, calendar, made_at=now), format_, output)


NO_RECORDS: Final = Text("The records cannot be read: {reason}", "Записи прочесть нельзя: {reason}")
_NO_DAY: Final = Text("{day} is no day (2026-11-23)", "{day} — не день (2026-11-23)")
_TOO_LITTLE: Final = Text(
    "The records hold {days} days: too few, for every kind of day must have been there once",
    "В записях {days} дн.: мало, каждый вид дня должен встретиться хотя бы раз",
)

"""`acd report`: the figures of a period, from the records; the daemon need not run."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import write_result
from acd.cli.help import tell
from acd.cli.progress import progress_bar
from acd.cli.session import Session
from acd.clock import wall_time
from acd.texts import Text
from metrics.errors import RecordsUnusable, ReportError
from metrics.reports.model import ReportKind
from metrics.reports.periods import Interval, Period, parse_period

if TYPE_CHECKING:
    from config.model import Config

HELP: Final = tell("Make a report from the records.", "Составить отчёт по записям.")

report = typer.Typer(help=HELP, no_args_is_help=True)


class Format(StrEnum):
    """How a report is written: the names of `metrics.reports.render.Format`, which takes long to import."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"
    PDF = "pdf"


_From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help=tell("First day (2026-11-21) or local time (2026-11-21T08:30).", "Первый день или местное время."),
    ),
]
_To = Annotated[
    str | None,
    typer.Option(
        "--to", help=tell("Last day, included, or time, excluded.", "Последний день, включая его, или время.")
    ),
]
_Line = Annotated[str | None, typer.Option(help=tell("One line; otherwise all.", "Одна линия; иначе все."))]
_Format = Annotated[Format, typer.Option("--format", help=tell("How to write it.", "Вид отчёта."))]
_Output = Annotated[Path | None, typer.Option(help=tell("File to write to.", "Файл, куда писать."))]
_By = Annotated[
    Interval | None, typer.Option(help=tell("Also divided into these intervals.", "С разбивкой по интервалам."))
]
_Numbers = Annotated[
    bool,
    typer.Option(
        "--numbers",
        help=tell("Callers' numbers in full; noted in the audit trail.", "Номера целиком; попадёт в журнал доступа."),
    ),
]
_Limit = Annotated[int, typer.Option(min=1, max=1_000_000, help=tell("So many calls at most.", "Не больше стольких."))]

PeriodOf = Callable[[datetime], Period]


@report.command(
    help=tell("The indicators of the regulation against their norms.", "Показатели регламента и нормативы.")
)
def kpi(
    context: typer.Context,
    *,
    from_: _From = None,
    to: _To = None,
    line: _Line = None,
    by: _By = None,
    format_: _Format = Format.TABLE,
    output: _Output = None,
) -> None:
    """Compute the indicators of the period, today by default."""
    _make(context.obj, ReportKind.KPI, _typed(from_, to), format_, output, line=line, by=by)


@report.command(help=tell("A day: indicators, hours, violations.", "День: показатели, часы, нарушения."))
def daily(
    context: typer.Context,
    day: Annotated[
        str | None, typer.Argument(help=tell("2026-11-21; otherwise today.", "2026-11-21; иначе сегодня."))
    ] = None,
    *,
    line: _Line = None,
    format_: _Format = Format.TABLE,
    output: _Output = None,
) -> None:
    """Make the report of a day."""
    from acd import reporting  # noqa: PLC0415 - see `_make`

    _make(context.obj, ReportKind.DAILY, lambda now: reporting.day_period(day, now), format_, output, line=line)


@report.command(help=tell("A month, as a ministry wants it.", "Месяц, как его ждёт министерство."))
def monthly(
    context: typer.Context,
    month: Annotated[
        str | None,
        typer.Argument(help=tell("2026-11; otherwise the last one over.", "2026-11; иначе последний полный.")),
    ] = None,
    *,
    line: _Line = None,
    format_: _Format = Format.TABLE,
    output: _Output = None,
) -> None:
    """Make the report of a month."""
    from acd import reporting  # noqa: PLC0415 - see `_make`

    _make(context.obj, ReportKind.MONTHLY, lambda now: reporting.month_period(month, now), format_, output, line=line)


@report.command(help=tell("A quarter, as a ministry wants it.", "Квартал, как его ждёт министерство."))
def quarterly(
    context: typer.Context,
    quarter: Annotated[
        str | None, typer.Argument(help=tell("2026-4; otherwise the last one over.", "2026-4; иначе последний полный."))
    ] = None,
    *,
    line: _Line = None,
    format_: _Format = Format.TABLE,
    output: _Output = None,
) -> None:
    """Make the report of a quarter."""
    from acd import reporting  # noqa: PLC0415 - see `_make`

    _make(
        context.obj,
        ReportKind.QUARTERLY,
        lambda now: reporting.quarter_period(quarter, now),
        format_,
        output,
        line=line,
    )


def _of_period(kind: ReportKind) -> Callable[..., None]:
    """Return the command of a report that takes a period and a line, and nothing of its own."""

    def make(
        context: typer.Context,
        *,
        from_: _From = None,
        to: _To = None,
        line: _Line = None,
        format_: _Format = Format.TABLE,
        output: _Output = None,
    ) -> None:
        _make(context.obj, kind, _typed(from_, to), format_, output, line=line)

    return make


for _kind, _help in (
    (
        ReportKind.OPERATORS,
        tell("The operators' work: calls, times, pauses.", "Работа операторов: звонки, время, перерывы."),
    ),
    (ReportKind.OUTGOING, tell("Call lists: reached, results, outcomes.", "Обзвоны: дозвонились, результаты, итоги.")),
    (ReportKind.SURVEYS, tell("Surveys: who was asked, what was answered.", "Опросы: кого спросили и что ответили.")),
):
    report.command(_kind.value, help=_help)(_of_period(_kind))


@report.command(help=tell("The calls one by one; numbers masked.", "Звонки поимённо; номера скрыты."))
def calls(
    context: typer.Context,
    *,
    from_: _From = None,
    to: _To = None,
    line: _Line = None,
    numbers: _Numbers = False,
    limit: _Limit = 100_000,
    format_: _Format = Format.TABLE,
    output: _Output = None,
) -> None:
    """List the calls of the period."""
    session: Session = context.obj
    typed = _typed(from_, to)
    if numbers:
        from acd.cli.tokens import note_at_keyboard  # noqa: PLC0415 - the database's libraries take long

        span = f"{from_ or 'today'} - {to or ''}".rstrip(" -")
        note_at_keyboard(session, "look", "report calls", f"period {span}, line {line or 'all'}")
    _make(session, ReportKind.CALLS, typed, format_, output, line=line, masked=not numbers, limit=limit)


def _typed(from_: str | None, to: str | None) -> PeriodOf:
    """Return how the period that was typed is read; today without one, the first day alone without an end."""

    def period(now: datetime) -> Period:
        zone = now.tzinfo
        first = from_ or now.date().isoformat()
        last = to or (first[:10] if from_ else now.date().isoformat())
        return parse_period(first, last, zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC"))

    return period


def _make(
    session: Session,
    kind: ReportKind,
    period_of: PeriodOf,
    format_: Format,
    output: Path | None,
    *,
    line: str | None,
    **more: Any,
) -> None:
    """Make the report and write it to a file or standard output; on a terminal the table has colours."""
    config = session.load()
    _check_line(config, line)
    # Imported here, for it takes a second: the database's libraries and all.
    from acd import reporting  # noqa: PLC0415

    if output is None and reporting.is_binary(format_) and sys.stdout.isatty():
        raise CommandFailed(ExitCode.WRONG, _NEEDS_FILE, format=format_.value)
    made_at = datetime.fromtimestamp(wall_time(), ZoneInfo(config.site.time_zone))
    try:
        wanted = reporting.Wanted(kind, period_of(made_at), line, **more)
        with progress_bar(Console(stderr=True), session.say(_WORKING)) as progress:
            made = asyncio.run(reporting.make(config, wanted, made_at, progress))
    except ReportError as fault:
        raise CommandFailed(ExitCode.WRONG, _NO_REPORT, reason=fault.reason) from fault
    except (RecordsUnusable, OSError) as fault:
        raise CommandFailed(ExitCode.DATABASE, _NO_RECORDS, _NO_RECORDS_ADVICE, reason=fault) from fault
    if output is None and format_ is Format.TABLE and session.out.is_terminal:
        session.out.print(reporting.coloured(made, session.language))
        return
    write_result(reporting.written(made, format_.value, session.language), output, binary=reporting.is_binary(format_))


def _check_line(config: "Config", line: str | None) -> None:
    if line is not None and line not in {each.name for each in config.lines}:
        known = ", ".join(each.name for each in config.lines)
        raise CommandFailed(ExitCode.WRONG, _NO_LINE, line=line, known=known)


_WORKING: Final = Text("Report", "Отчёт")
_NEEDS_FILE: Final = Text("{format} needs a file: --output FILE", "Для {format} нужен файл: --output ФАЙЛ")
_NO_LINE: Final = Text("No line is named {line}; known: {known}", "Линии {line} нет; известны: {known}")
_NO_REPORT: Final = Text("No report can be made: {reason}", "Отчёт составить нельзя: {reason}")
_NO_RECORDS: Final = Text("The records cannot be read: {reason}", "Записи прочесть нельзя: {reason}")
_NO_RECORDS_ADVICE: Final = Text(
    "Has the daemon ever run with this configuration? `acd check` says more",
    "Работала ли уже служба с этой настройкой? Подробнее расскажет `acd check`",
)

"""`acd report`: the figures of a period, from the records; the daemon need not run."""

import asyncio
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.clock import wall_time
from acd.texts import Text
from metrics.errors import RecordsUnusable, ReportError

HELP: Final = tell("Make a report from the records.", "Составить отчёт по записям.")

report = typer.Typer(help=HELP, no_args_is_help=True)


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


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


@report.command(
    help=tell("The indicators of the regulation against their norms.", "Показатели регламента и нормативы.")
)
def kpi(
    context: typer.Context,
    *,
    from_: _From = None,
    to: _To = None,
    line: _Line = None,
    format_: _Format = Format.TABLE,
    output: _Output = None,
) -> None:
    """Compute the indicators of the period, today by default, and write them."""
    session: Session = context.obj
    config = session.load()
    if line is not None and line not in {each.name for each in config.lines}:
        known = ", ".join(each.name for each in config.lines)
        raise CommandFailed(ExitCode.WRONG, _NO_LINE, line=line, known=known)
    zone = ZoneInfo(config.site.time_zone)
    made_at = datetime.fromtimestamp(wall_time(), zone)
    first = from_ or made_at.date().isoformat()
    last = to or (first[:10] if from_ else made_at.date().isoformat())
    # Imported here, for it takes a second: the database's libraries and all.
    from acd import reporting  # noqa: PLC0415

    try:
        made = asyncio.run(reporting.kpi(config, first, last, made_at, line))
    except ReportError as fault:
        raise CommandFailed(ExitCode.WRONG, _NO_REPORT, reason=fault.reason) from fault
    except (RecordsUnusable, OSError) as fault:
        raise CommandFailed(ExitCode.DATABASE, _NO_RECORDS, _NO_RECORDS_ADVICE, reason=fault) from fault
    if output is None and format_ is Format.TABLE and session.out.is_terminal:
        session.out.print(reporting.coloured(made, session.language))
        return
    _write(reporting.written(made, format_.value, session.language), output)


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content if content.endswith(b"\n") else content + b"\n")
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as fault:
        raise CommandFailed(ExitCode.WRONG, _UNWRITABLE, path=output, reason=fault.strerror) from fault


_NO_LINE: Final = Text("No line is named {line}; known: {known}", "Линии {line} нет; известны: {known}")
_NO_REPORT: Final = Text("No report can be made: {reason}", "Отчёт составить нельзя: {reason}")
_NO_RECORDS: Final = Text("The records cannot be read: {reason}", "Записи прочесть нельзя: {reason}")
_NO_RECORDS_ADVICE: Final = Text(
    "Has the daemon ever run with this configuration? `acd check` says more",
    "Работала ли уже служба с этой настройкой? Подробнее расскажет `acd check`",
)
_UNWRITABLE: Final = Text("{path} cannot be written: {reason}", "{path}: запись невозможна: {reason}")

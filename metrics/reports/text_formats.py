"""Reports for terminals and programs: a table of characters, JSON, CSV."""

import csv
import io
from datetime import datetime
from typing import Any, Final

import orjson
from rich import box
from rich.console import Console, Group
from rich.table import Table as RichTable
from rich.text import Text as RichText

from metrics.kpi import Unit
from metrics.reports import show
from metrics.reports.cells import harmless
from metrics.reports.model import Cell, Column, Figure, Kind, Note, Report, Table
from metrics.reports.texts import NOTES, TABLES, TITLES, UNITS, Language, say


def as_rich(report: Report, language: Language) -> Group:
    """Return the report as something a rich console prints."""
    parts: list[Any] = [RichText(show.title(report, language), style="bold")]
    if report.service:
        parts.append(RichText(report.service))
    parts += [RichText(f"{name}: {value}", style="dim") for name, value in show.headings(report, language)]
    for part in report.parts:
        if isinstance(part, Note):
            parts.append(RichText("\n" + say(NOTES, part.name, language, *part.values)))
        elif isinstance(part, Table):
            parts.append(_rich_table(part, report, language))
    return Group(*parts)


def _rich_table(table: Table, report: Report, language: Language) -> RichTable:
    def cells(row: tuple[Cell, ...]) -> list[RichText]:
        return [_rich_cell(value, column, report, language) for value, column in zip(row, table.columns, strict=True)]

    made = RichTable(
        title=say(TABLES, table.name, language), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for column in table.columns:
        made.add_column(show.head(column, language), justify="right" if show.is_number(column.kind) else "left")
    for row in table.rows:
        made.add_row(*cells(row))
    if table.total is not None:
        made.add_section()
        made.add_row(*cells(table.total), style="bold")
    return made


def _rich_cell(value: Cell, column: Column, report: Report, language: Language) -> RichText:
    style = ""
    if column.kind is Kind.VERDICT and isinstance(value, bool):
        style = "green" if value else "bold red"
    return RichText(show.cell(value, column, report.period, language), style=style)


def as_table(report: Report, language: Language, *, width: int = 120) -> str:
    """Return the report as plain text without colours, lines at most `width` characters."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, legacy_windows=False).print(as_rich(report, language))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def as_json(report: Report, language: Language) -> bytes:
    """Return the report for programs: keys and bare numbers (shares from 0 to 1), labels beside them."""
    period = report.period
    return orjson.dumps(
        {
            "report": report.kind,
            "title": show.title(report, language),
            "service": report.service,
            "line": report.line,
            "period": {"from": period.first().isoformat(), "to": period.last().isoformat(), "zone": str(period.zone)},
            "made_at": report.made_at.isoformat(),
            "notes": [say(NOTES, note.name, language, *note.values) for note in report.parts if isinstance(note, Note)],
            "tables": [_json_table(table, report, language) for table in report.parts if isinstance(table, Table)],
        },
        option=orjson.OPT_INDENT_2,
    )


def _json_table(table: Table, report: Report, language: Language) -> dict[str, Any]:
    def record(row: tuple[Cell, ...]) -> dict[str, Any]:
        return {
            column.name: _json_cell(value, column, report) for value, column in zip(row, table.columns, strict=True)
        }

    made: dict[str, Any] = {
        "name": table.name,
        "title": say(TABLES, table.name, language),
        "columns": [
            {"name": column.name, "kind": column.kind, "title": show.head(column, language)} for column in table.columns
        ],
        "rows": [record(row) for row in table.rows],
    }
    if table.total is not None:
        made["total"] = record(table.total)
    return made


def _json_cell(value: Cell, column: Column, report: Report) -> Any:
    if isinstance(value, Figure):
        return {"value": value.value, "unit": value.unit, **({"bound": value.bound} if value.bound else {})}
    if column.kind in {Kind.INSTANT, Kind.HOUR, Kind.DAY, Kind.MONTH} and isinstance(value, int | float):
        return datetime.fromtimestamp(float(value), report.period.zone).isoformat(timespec="milliseconds")
    return value


def as_csv(report: Report, language: Language) -> bytes:
    """Return the report for spreadsheets: tables one under another, each with its name and heads, a blank row between.

    Russian spreadsheets expect semicolons and decimal commas, English ones commas and points; both read UTF-8 by its
    mark at the beginning. Shares are percentages, as the heads say. Text can never be taken for a formula.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if language == "ru" else ",", lineterminator="\r\n")
    writer.writerow([harmless(show.title(report, language)), harmless(report.service)])
    for name, value in show.headings(report, language):
        writer.writerow([name, harmless(value)])
    for part in report.parts:
        if isinstance(part, Note):
            writer.writerows([[], [harmless(say(NOTES, part.name, language, *part.values))]])
        elif isinstance(part, Table):
            writer.writerows([[], [say(TABLES, part.name, language)], _csv_heads(part, language)])
            for row in part.rows:
                writer.writerow(_csv_row(row, part, report, language))
            if part.total is not None:
                writer.writerow(_csv_row(part.total, part, report, language))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


_NUMBERS: Final = {Kind.COUNT: Unit.COUNT, Kind.SHARE: Unit.SHARE, Kind.SECONDS: Unit.SECONDS, Kind.HOURS: Unit.HOURS}


def _csv_heads(table: Table, language: Language) -> list[str]:
    heads = []
    for column in table.columns:
        heads.append(show.head(column, language))
        if column.kind is Kind.FIGURE:
            heads.append("ед." if language == "ru" else "unit")
    return heads


def _csv_row(row: tuple[Cell, ...], table: Table, report: Report, language: Language) -> list[str]:
    made: list[str] = []
    for value, column in zip(row, table.columns, strict=True):
        if column.kind is Kind.FIGURE:
            made += _csv_figure(value, language)
        elif value is None:
            made.append("")
        elif column.kind in _NUMBERS and isinstance(value, int | float):
            made.append(_digits(value, _NUMBERS[column.kind], language))
        else:
            made.append(harmless(show.cell(value, column, report.period, language)))
    return made


def _csv_figure(value: Cell, language: Language) -> list[str]:
    if not isinstance(value, Figure) or value.value is None:
        return ["", ""]
    bound = {"at_least": "≥ ", "at_most": "≤ "}[value.bound] if value.bound else ""
    return [_digits(value.value, value.unit, language), f"{bound}{say(UNITS, value.unit, language)}"]


def _digits(value: float, unit: Unit, language: Language) -> str:
    text = show.number(value, unit, "en").replace(",", "")
    return text.replace(".", ",") if language == "ru" else text


def plain_title(report: Report, language: Language) -> str:
    """Return a name for the report's file: `monthly 2026-11 122`."""
    parts = [
        str(report.kind),
        report.period.first().date().isoformat(),
        report.line or say(TITLES, "all_lines", language),
    ]
    return " ".join(parts)

"""Reports as files: CSV that Excel opens by a double click in Russia (semicolons, BOM), and a workbook with a chart."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import xlsxwriter

from acd.journal.cards import Channel
from acd.journal.limits import Urgency
from acd.journal.reports import Part, Report
from acd.journal.roles import Person, Role
from acd.journal.states import CardState
from acd.journal.texts import name_of
from acd.journal.web.desk import HEADERS, language_of
from acd.journal.web.words import WORDS
from config.errors import Language
from metrics.reports.cells import harmless

CSV_KIND: Final = "text/csv; charset=utf-8"
XLSX_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_A_WORKBOOK: Final = 100_000
"""Rows of a workbook: more of them no spreadsheet opens in reasonable time; CSV has no limit."""
COLUMNS: Final = ("count", "within", "beyond", "mean_time")


def sides_of(report: Report, language: Language) -> Iterator[tuple[str, list[tuple[str, Part]]]]:
    """Yield the sides of a report with the labels that people read."""
    sides: tuple[tuple[str, tuple[Part, ...], type[StrEnum] | None], ...] = (
        ("by_reason", report.by_reason, None),
        ("by_organisation", report.by_organisation, None),
        ("by_state", report.by_state, CardState),
        ("by_channel", report.by_channel, Channel),
        ("by_urgency", report.by_urgency, Urgency),
        ("by_level", report.by_level, Role),
        ("by_responsible", report.by_responsible, None),
        ("by_time", report.by_time, None),
    )
    none = WORDS["none"].say(language)
    for title, parts, kind in sides:
        rows = [
            (name_of(kind(part.label), language) if kind and part.label else part.label or none, part) for part in parts
        ]
        yield title, rows


def csv_of(report: Report, person: Person) -> bytes:
    """Return the report as CSV for this person's language."""
    language = language_of(person.language)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(["", "", *(WORDS[column].say(language) for column in COLUMNS)])
    writer.writerow([WORDS["count"].say(language), "", *_cells(report.total)])
    writer.writerow([WORDS["repeats"].say(language), "", report.repeats])
    for title, rows in sides_of(report, language):
        for label, part in rows:
            writer.writerow([WORDS[title].say(language), harmless(label, keep_numbers=False), *_cells(part)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def xlsx_of(report: Report, person: Person) -> bytes:
    """Return the report as a workbook: a sheet and a bar chart per side."""
    language = language_of(person.language)
    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        for title, rows in sides_of(report, language):
            sheet = book.add_worksheet(WORDS[title].say(language))
            sheet.set_column(0, 0, 44)
            sheet.set_column(1, 4, 16)
            heads = ["", *(WORDS[column].say(language) for column in COLUMNS)]
            sheet.write_row(0, 0, heads, bold)
            for at, (label, part) in enumerate([*rows, (WORDS["total"].say(language), report.total)], start=1):
                sheet.write_string(at, 0, label)  # never taken for a formula
                for column, value in enumerate(_cells(part), start=1):
                    if value is not None:
                        sheet.write_number(at, column, value)
            if rows:
                chart = book.add_chart({"type": "bar"})
                name = sheet.get_name()
                chart.add_series(
                    {"categories": [name, 1, 0, len(rows), 0], "values": [name, 1, 1, len(rows), 1], "name": heads[1]}
                )
                chart.set_y_axis({"reverse": True})
                sheet.insert_chart(len(rows) + 4, 0, chart)
    return memory.getvalue()


def _cells(part: Part) -> tuple[float | None, ...]:
    hours = None if part.mean_resolve_s is None else round(part.mean_resolve_s / 3600, 1)
    return part.cards, part.within, part.beyond, hours


def table_xlsx(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table of texts as a workbook."""
    with tempfile.TemporaryDirectory(prefix="acd-table-") as folder:
        path = Path(folder) / "table.xlsx"
        # Row by row on disk: a workbook of so many cells in memory would be larger than the daemon.
        with xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": folder}) as book:
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, len(heads) - 1, 18)
            for column, head in enumerate(heads):
                sheet.write_string(0, column, head, book.add_format({"bold": True}))
            for number, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell)  # never taken for a formula
        return path.read_bytes()


def attached(name: str) -> dict[str, str]:
    """Return the headers of a file that the browser stores under this name."""
    return {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}

"""Reports as an Excel workbook: one sheet per table with real numbers and dates, charts made by Excel itself.

Text is written as text and can never become a formula.
"""

import io
from datetime import datetime
from typing import Any, Final

import xlsxwriter

from metrics.kpi import Bound, Unit
from metrics.reports import show
from metrics.reports.drawing import PALETTE
from metrics.reports.model import TOTAL, Cell, Chart, ChartKind, Column, Figure, Kind, Note, Report, Table
from metrics.reports.texts import CHARTS, NOTES, TABLES, TITLES, UNITS, Language, say

_NUMBER_FORMATS: Final = {Unit.SHARE: "0.00%", Unit.SECONDS: "#,##0.0", Unit.HOURS: "#,##0.00", Unit.COUNT: "#,##0"}
_UNIT_OF: Final = {Kind.SHARE: Unit.SHARE, Kind.SECONDS: Unit.SECONDS, Kind.HOURS: Unit.HOURS, Kind.COUNT: Unit.COUNT}
_SIGNS: Final = {Bound.AT_LEAST: "≥ ", Bound.AT_MOST: "≤ "}
_SHEET_NAME_LENGTH: Final = 31
_FORBIDDEN: Final = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def as_xlsx(report: Report, language: Language) -> bytes:
    """Return the report as an .xlsx file."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": False, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"title": show.title(report, language), "author": report.service})
    sheets = _Sheets(book, report, language)
    sheets.front()
    for part in report.parts:
        if isinstance(part, Table):
            sheets.table(part)
        elif isinstance(part, Chart):
            sheets.chart(part)
    book.close()
    return out.getvalue()


class _Sheets:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any, report: Report, language: Language) -> None:
        self._book = book
        self._report = report
        self._language: Language = language
        self._formats: dict[tuple[str, bool, str], Any] = {}
        self._taken: set[str] = set()

    def front(self) -> None:
        """Write the first sheet: title, period, notes."""
        sheet = self._sheet(show.title(self._report, self._language))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 60)
        sheet.write_string(0, 0, show.title(self._report, self._language), self._format("", bold=True))
        sheet.write_string(0, 1, self._report.service)
        row = 1
        for name, value in show.headings(self._report, self._language):
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, value)
            row += 1
        for note in (part for part in self._report.parts if isinstance(part, Note)):
            row += 1
            sheet.write_string(row, 0, say(NOTES, note.name, self._language, *note.values))

    def table(self, table: Table) -> None:
        """Write a table on a sheet of its own, its head frozen and filterable."""
        sheet = self._sheet(say(TABLES, table.name, self._language))
        sheet.freeze_panes(1, 1)
        for index, column in enumerate(table.columns):
            sheet.set_column(index, index, self._width(column, index, table))
        for index, column in enumerate(table.columns):
            sheet.write_string(0, index, show.head(column, self._language), self._format("", bold=True, fill="#e9edf1"))
        for number, row in enumerate(table.rows, 1):
            self._row(sheet, number, row, table.columns, bold=False)
        if table.total is not None:
            self._row(sheet, len(table.rows) + 1, table.total, table.columns, bold=True)
        if table.shaded and table.rows:
            self._shade(sheet, table)
        elif table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)

    def chart(self, chart: Chart) -> None:
        """Write a chart's numbers on a sheet and the chart, Excel's own, beside them."""
        name = self._sheet_name(say(CHARTS, chart.name, self._language))
        sheet = self._book.add_worksheet(name)
        sheet.set_column(0, 0, 16)
        head = self._format("", bold=True)
        for index, series in enumerate(chart.series, 1):
            sheet.write_string(0, index, show.word(series.name, self._language), head)
        column = Column("", chart.category)
        values = Column("", chart.unit)
        for row, category in enumerate(chart.categories, 1):
            sheet.write_string(row, 0, show.cell(category, column, self._report.period, self._language))
            for index, series in enumerate(chart.series, 1):
                self._cell(sheet, row, index, series.values[row - 1], values, bold=False)
        self._insert(sheet, name, chart)

    def _shade(self, sheet: Any, table: Table) -> None:
        if table.norm is None:
            rule: dict[str, Any] = {"type": "2_color_scale", "min_color": "#ffffff", "max_color": PALETTE[0]}
        else:
            low = self._book.add_format({"bg_color": "#f6d5d2"})
            rule = {
                "type": "cell",
                "criteria": "between",
                "minimum": 0.000001,
                "maximum": table.norm - 1e-9,
                "format": low,
            }
        sheet.conditional_format(1, 1, len(table.rows), len(table.columns) - 1, rule)

    def _insert(self, sheet: Any, name: str, chart: Chart) -> None:
        kind = {"type": "line"} if chart.kind is ChartKind.LINE else {"type": "column"}
        if chart.kind is ChartKind.STACKED:
            kind["subtype"] = "stacked"
        drawn = self._book.add_chart(kind)
        last = len(chart.categories)
        for index, colour in zip(range(1, len(chart.series) + 1), PALETTE, strict=False):
            fill = {"line": {"color": colour}} if chart.kind is ChartKind.LINE else {"fill": {"color": colour}}
            drawn.add_series(
                {
                    "name": [name, 0, index],
                    "categories": [name, 1, 0, last, 0],
                    "values": [name, 1, index, last, index],
                    **fill,
                }
            )
        drawn.set_title({"name": say(CHARTS, chart.name, self._language), "name_font": {"size": 12}})
        drawn.set_legend({"position": "bottom"})
        if chart.unit is Kind.SHARE:
            drawn.set_y_axis({"min": 0, "max": 1, "num_format": "0%"})
        drawn.set_size({"width": 960, "height": 380})
        sheet.insert_chart(1, len(chart.series) + 2, drawn)

    def _row(self, sheet: Any, number: int, row: tuple[Cell, ...], columns: tuple[Column, ...], *, bold: bool) -> None:
        for index, (value, column) in enumerate(zip(row, columns, strict=True)):
            self._cell(sheet, number, index, value, column, bold=bold)

    def _cell(self, sheet: Any, row: int, index: int, value: Cell, column: Column, *, bold: bool) -> None:
        if isinstance(value, Figure):
            if value.value is not None:
                sheet.write_number(row, index, value.value, self._format(self._figure_format(value), bold=bold))
        elif value is None:
            return
        elif value == TOTAL:
            sheet.write_string(row, index, say(TITLES, "total", self._language), self._format("@", bold=bold))
        elif column.kind in _UNIT_OF:
            sheet.write_number(row, index, value, self._format(_NUMBER_FORMATS[_UNIT_OF[column.kind]], bold=bold))
        elif column.kind in {Kind.INSTANT, Kind.DAY, Kind.MONTH, Kind.HOUR}:
            moment = datetime.fromtimestamp(float(value), self._report.period.zone).replace(tzinfo=None)
            sheet.write_datetime(row, index, moment, self._format(_MOMENTS[column.kind][self._language], bold=bold))
        else:
            text = show.cell(value, column, self._report.period, self._language)
            sheet.write_string(row, index, text, self._format("@", bold=bold))

    def _figure_format(self, figure: Figure) -> str:
        sign = say(UNITS, figure.unit, self._language)
        unit = "" if figure.unit is Unit.SHARE or not sign else f'" {sign}"'
        before = f'"{_SIGNS[figure.bound]}"' if figure.bound else ""
        return f"{before}{_NUMBER_FORMATS[figure.unit]}{unit}"

    def _width(self, column: Column, index: int, table: Table) -> int:
        longest = max(
            (len(show.cell(row[index], column, self._report.period, self._language)) for row in table.rows[:200]),
            default=0,
        )
        return max(6, min(60, max(longest, len(show.head(column, self._language))) + 2))

    def _format(self, number_format: str, *, bold: bool, fill: str = "") -> Any:
        key = (number_format, bold, fill)
        if key not in self._formats:
            made = {"bold": bold, **({"num_format": number_format} if number_format else {})}
            if fill:
                made |= {"bg_color": fill, "bottom": 1, "text_wrap": True, "valign": "vcenter"}
            self._formats[key] = self._book.add_format(made)
        return self._formats[key]

    def _sheet(self, wanted: str) -> Any:
        return self._book.add_worksheet(self._sheet_name(wanted))

    def _sheet_name(self, wanted: str) -> str:
        """Return a name that Excel takes: short, without its special characters, not taken yet."""
        base = wanted.translate(_FORBIDDEN).strip("' ")[:_SHEET_NAME_LENGTH]
        name, number = base, 2
        while name.casefold() in self._taken:
            suffix = f" {number}"
            name, number = base[: _SHEET_NAME_LENGTH - len(suffix)] + suffix, number + 1
        self._taken.add(name.casefold())
        return name


_MOMENTS: Final = {
    Kind.INSTANT: {"ru": "dd.mm.yyyy hh:mm:ss", "en": "yyyy-mm-dd hh:mm:ss"},
    Kind.DAY: {"ru": "dd.mm.yyyy", "en": "yyyy-mm-dd"},
    Kind.MONTH: {"ru": "mm.yyyy", "en": "yyyy-mm"},
    Kind.HOUR: {"ru": "hh:mm", "en": "hh:mm"},
}

"""Reports as PDF: A4 across, a head on the first page, a foot on each, tables whose heads repeat, a place to sign."""

import io
from collections.abc import Callable
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as PlatypusTable

from metrics.reports import show
from metrics.reports.drawing import draw, shade
from metrics.reports.fonts import BOLD, REGULAR, register
from metrics.reports.model import Cell, Chart, Column, Kind, Note, Report, ReportKind, Table, side_by_side
from metrics.reports.texts import NOTES, TABLES, TITLES, Language, say

_PAGE: Final = landscape(A4)
_MARGIN: Final = 14 * mm
_WIDTH: Final = _PAGE[0] - 2 * _MARGIN
_CHART_HEIGHT: Final = 118.0
_ROWS_PER_PIECE: Final = 400
"""Longer tables are laid out in pieces: the cost of one grows faster than its rows."""

_INK: Final = HexColor("#1f2328")
_HEAD: Final = HexColor("#e9edf1")
_RULE: Final = HexColor("#b8c0c8")
_GOOD: Final = "#1a7f37"
_BAD: Final = "#b3261e"

_SIGNED: Final = {ReportKind.DAILY, ReportKind.MONTHLY, ReportKind.QUARTERLY}


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    values = {"fontName": REGULAR, "fontSize": size, "leading": size * 1.22, "textColor": _INK, **more}
    return ParagraphStyle(name, **values)


def as_pdf(report: Report, language: Language) -> bytes:
    """Return the report as PDF."""
    register()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=_PAGE,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 4 * mm,
        title=f"{show.title(report, language)}, {show.span(report, language)}",
        author=report.service,
        lang=language,
    )
    parts = _head(report, language)
    for group in side_by_side(report.parts):
        beside = [_part(part, report, language) for part in group]
        parts += beside[0] if len(beside) == 1 else [_beside(beside)]
    if report.kind in _SIGNED:
        parts.append(KeepTogether([Spacer(1, 14 * mm), _signature(language)]))
    document.build(parts, canvasmaker=_numbered(report, language))
    return out.getvalue()


def _head(report: Report, language: Language) -> list[Flowable]:
    lines: list[Flowable] = []
    if report.service:
        lines.append(Paragraph(escape(report.service), _style("service", 10)))
        lines.append(Spacer(1, 2 * mm))
    title = f"{show.title(report, language)}: {show.span(report, language)}"
    lines.append(Paragraph(escape(title), _style("title", 16, fontName=BOLD)))
    facts = " &nbsp;·&nbsp; ".join(
        f"{escape(name)}: {escape(value)}" for name, value in show.headings(report, language)[1:]
    )
    return [*lines, Spacer(1, 1 * mm), Paragraph(facts, _style("facts", 8.5)), Spacer(1, 4 * mm)]


def _beside(parts: list[list[Flowable]]) -> PlatypusTable:
    """Return small tables side by side."""
    flat = [[inner for one in part for inner in _opened(one)] for part in parts]
    return PlatypusTable(
        [flat],
        colWidths=[_WIDTH / len(parts)] * len(parts),
        style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]),
        hAlign="LEFT",
    )


def _opened(part: Flowable) -> list[Flowable]:
    """Return what is kept together, singly: a cell of a table cannot hold it otherwise."""
    return list(part._content) if isinstance(part, KeepTogether) else [part]  # noqa: SLF001 - it has no other access


def _part(part: Table | Chart | Note, report: Report, language: Language) -> list[Flowable]:
    if isinstance(part, Note):
        bad = part.name == "summary_broken"
        style = _style("note", 10, fontName=BOLD if bad else REGULAR, textColor=HexColor(_BAD) if bad else _INK)
        return [Paragraph(escape(say(NOTES, part.name, language, *part.values)), style), Spacer(1, 3 * mm)]
    if isinstance(part, Chart):
        return [draw(part, report.period, language, _WIDTH, _CHART_HEIGHT), Spacer(1, 4 * mm)]
    return _table(part, report, language)


def _table(table: Table, report: Report, language: Language) -> list[Flowable]:
    size = 8.5 if len(table.columns) <= 8 else 7.2 if len(table.columns) <= 14 else 5.6
    heading = Paragraph(escape(say(TABLES, table.name, language)), _style("heading", 11, fontName=BOLD))
    if not table.rows:
        nothing = Paragraph(escape(say(TITLES, "nothing", language)), _style("none", 8.5))
        return [heading, Spacer(1, 2 * mm), nothing, Spacer(1, 4 * mm)]
    widths = _widths(table, report, language, size)
    heads = [_paragraph(show.head(column, language), column, size, bold=True) for column in table.columns]
    made: list[Flowable] = []
    for start in range(0, len(table.rows), _ROWS_PER_PIECE):
        piece = table.rows[start : start + _ROWS_PER_PIECE]
        last = start + _ROWS_PER_PIECE >= len(table.rows)
        rows = [_row(row, table, report, language, size) for row in piece]
        total = table.total if last else None
        if total is not None:
            rows.append(_row(total, table, report, language, size, bold=True))
        made.append(_laid_out([heads, *rows], widths, _shades(piece, table), with_total=total is not None))
    top = [heading, Spacer(1, 1.5 * mm)]
    if len(table.rows) <= 12:
        return [KeepTogether([*top, made[0]]), Spacer(1, 5 * mm)]
    return [*top, *made, Spacer(1, 5 * mm)]


def _shades(rows: tuple[tuple[Cell, ...], ...], table: Table) -> list[tuple[Any, ...]]:
    return [
        ("BACKGROUND", (index, number), (index, number), HexColor(colour))
        for number, row in enumerate(rows, 1)
        for index, value in enumerate(row)
        if (colour := shade(value, table)) is not None
    ]


def _laid_out(
    rows: list[list[Any]], widths: list[float], shades: list[tuple[Any, ...]], *, with_total: bool
) -> LongTable:
    styles: list[tuple[Any, ...]] = [
        *shades,
        ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, _RULE),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, _RULE),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2.5),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2.5),
        ("TOPPADDING", (0, 0), (-1, -1), 1.8),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
    ]
    if with_total:
        styles.append(("LINEABOVE", (0, -1), (-1, -1), 0.8, _INK))
    return LongTable(rows, colWidths=widths, repeatRows=1, style=TableStyle(styles), hAlign="LEFT")


def _row(
    row: tuple[Cell, ...], table: Table, report: Report, language: Language, size: float, *, bold: bool = False
) -> list[Paragraph]:
    return [
        _paragraph(
            show.cell(value, column, report.period, language), column, size, bold=bold, colour=_colour(value, column)
        )
        for value, column in zip(row, table.columns, strict=True)
    ]


def _colour(value: Cell, column: Column) -> str | None:
    if column.kind is not Kind.VERDICT or not isinstance(value, bool):
        return None
    return _GOOD if value else _BAD


_styles: dict[tuple[float, bool, bool], ParagraphStyle] = {}


def _paragraph(text: str, column: Column, size: float, *, bold: bool = False, colour: str | None = None) -> Paragraph:
    right = show.is_number(column.kind)
    key = (size, bold, right)
    if key not in _styles:
        more = {"alignment": TA_RIGHT} if right else {}
        _styles[key] = _style(f"cell{key}", size, fontName=BOLD if bold else REGULAR, **more)
    shown = escape(text)
    return Paragraph(f'<font color="{colour}"><b>{shown}</b></font>' if colour else shown, _styles[key])


def _widths(table: Table, report: Report, language: Language, size: float) -> list[float]:
    """Share the page's width by what the columns hold; a table of few columns does not fill the page."""
    spread = [*table.rows[:: 1 + len(table.rows) // 200], *([table.total] if table.total else [])]
    wanted = []
    for index, column in enumerate(table.columns):
        head = show.head(column, language)
        longest_word = max((len(word) for word in head.split()), default=1)
        # Words are few and of very different lengths, so all of them are looked at; of the rest a few hundred tell.
        seen = {row[index] for row in (table.rows if column.kind is Kind.WORD else spread)}
        cells = max((len(show.cell(value, column, report.period, language)) for value in seen), default=1)
        wanted.append(max(longest_word + 1, min(cells, 44), 4) * size * 0.56 + 6)
    total = sum(wanted)
    if total < _WIDTH and len(table.columns) <= 8:
        return wanted
    return [width * _WIDTH / total for width in wanted]


def _signature(language: Language) -> Paragraph:
    who, signature, name = (say(TITLES, key, language) for key in ("signed", "signature", "full_name"))
    line = "_" * 26
    return Paragraph(f"{who} {line} / {line} / &nbsp;&nbsp;({signature}, {name})", _style("signature", 10))


def _numbered(report: Report, language: Language) -> Callable[..., Canvas]:
    """Return a canvas that knows how many pages there are when it writes their feet."""

    class NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no types
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self._foot(number)
                super().showPage()
            super().save()

        def _foot(self, number: int) -> None:
            self.setFont(REGULAR, 8)
            self.setFillColor(HexColor("#5b636c"))
            left = " · ".join(filter(None, (report.service, show.title(report, language), show.span(report, language))))
            self.drawString(_MARGIN, 9 * mm, left)
            pages = say(TITLES, "page", language, number, len(self._pages))
            self.drawRightString(_PAGE[0] - _MARGIN, 9 * mm, pages)

    return NumberedCanvas

"""Reports as one HTML file that needs nothing else: styles inside, charts as SVG, ready to be printed or mailed."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from reportlab.graphics import renderSVG

from metrics.reports import show
from metrics.reports.drawing import draw, shade
from metrics.reports.model import Cell, Chart, Column, Kind, Note, Report, Table, side_by_side
from metrics.reports.texts import NOTES, TABLES, TITLES, Language, say

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_CHART: Final = (960.0, 240.0)
"""Width and height of a chart, in points; the page scales it."""


def as_html(report: Report, language: Language) -> bytes:
    """Return the report as an HTML document in UTF-8."""
    page = _TEMPLATES.get_template("report.html.j2").render(
        language=language,
        title=show.title(report, language),
        span=show.span(report, language),
        service=report.service,
        headings=show.headings(report, language)[1:],
        groups=[[_part(part, report, language) for part in group] for group in side_by_side(report.parts)],
        nothing=say(TITLES, "nothing", language),
    )
    return page.encode()


def _part(part: Table | Chart | Note, report: Report, language: Language) -> dict[str, object]:
    match part:
        case Note():
            text = say(NOTES, part.name, language, *part.values)
            return {"kind": "note", "text": text, "bad": part.name == "summary_broken"}
        case Chart():
            return {"kind": "chart", "svg": _svg(part, report, language)}
        case Table():
            return {
                "kind": "table",
                "dense": len(part.columns) > 9,
                "title": say(TABLES, part.name, language),
                "heads": [(show.head(column, language), _class(None, column)) for column in part.columns],
                "rows": [_row(row, part, report, language) for row in part.rows],
                "total": None if part.total is None else _row(part.total, part, report, language),
            }


def _row(row: tuple[Cell, ...], table: Table, report: Report, language: Language) -> list[tuple[str, str, str | None]]:
    return [
        (show.cell(value, column, report.period, language), _class(value, column), shade(value, table))
        for value, column in zip(row, table.columns, strict=True)
    ]


def _class(value: Cell, column: Column) -> str:
    if column.kind is Kind.VERDICT and isinstance(value, bool):
        return "kept" if value else "broken"
    return "number" if show.is_number(column.kind) else ""


def _svg(chart: Chart, report: Report, language: Language) -> Markup:
    text: str = renderSVG.drawToString(draw(chart, report.period, language, *_CHART))
    return Markup(text[text.index("<svg") :])  # noqa: S704 - our own shapes; reportlab escapes the texts in them

"""Draws a chart as vector shapes, the same for PDF and HTML. Sizes are points; y runs upwards."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from metrics.kpi import Unit
from metrics.reports import show
from metrics.reports.fonts import BOLD, REGULAR, register
from metrics.reports.model import Cell, Chart, ChartKind, Column, Figure, Kind, Series, Table
from metrics.reports.periods import Period
from metrics.reports.texts import CHARTS, Language, say

PALETTE: Final = ("#2f6f9f", "#e0a33a", "#c0433f", "#6aa67a", "#8a7fb5", "#9aa3ab")
"""Told apart in print without colours too, by their lightness."""

_INK: Final = HexColor("#2b2f36")
_FAINT: Final = HexColor("#d5d9de")
_NORM: Final = HexColor("#b3261e")
_SIZE: Final = 7.5
_TITLE_SIZE: Final = 9.5

_UNIT_OF: Final = {Kind.SHARE: Unit.SHARE, Kind.SECONDS: Unit.SECONDS, Kind.HOURS: Unit.HOURS, Kind.COUNT: Unit.COUNT}


@dataclass(slots=True)
class _Plot:
    """Where the values of a chart lie on the paper."""

    drawing: Drawing
    left: float
    bottom: float
    width: float
    height: float
    bottom_value: float
    top_value: float

    def y(self, value: float) -> float:
        return self.bottom + self.height * (value - self.bottom_value) / (self.top_value - self.bottom_value)


def draw(chart: Chart, period: Period, language: Language, width: float, height: float) -> Drawing:
    """Return the chart with its title and legend in a box of `width` to `height` points."""
    register()
    drawing = Drawing(width, height)
    _text(drawing, 0, height - _TITLE_SIZE, say(CHARTS, chart.name, language), size=_TITLE_SIZE, font=BOLD)
    names = _categories(chart, period, language)
    _legend(drawing, chart, language, height - 24)
    plot = _Plot(drawing, 38, 26, width - 44, height - 62, _bottom(chart), _top(chart))
    _axis(plot, chart, language)
    _label_categories(plot, names)
    if chart.kind is ChartKind.LINE:
        _lines(plot, chart.series)
    else:
        _bars(plot, chart)
    if chart.norm is not None:
        y = plot.y(chart.norm)
        drawing.add(
            Line(plot.left, y, plot.left + plot.width, y, strokeColor=_NORM, strokeWidth=0.9, strokeDashArray=[4, 2])
        )
    return drawing


def _categories(chart: Chart, period: Period, language: Language) -> list[str]:
    column = Column("", chart.category)

    def name(value: Cell) -> str:
        text = show.cell(value, column, period, language)
        return (
            text[:5]
            if chart.category is Kind.DAY and language == "ru"
            else text.removeprefix(text[:5])
            if (chart.category is Kind.DAY)
            else text
        )

    return [name(value) for value in chart.categories]


def _top(chart: Chart) -> float:
    """Return a round value at or above all that is drawn."""
    if chart.unit is Kind.SHARE:
        return 1.0
    if chart.kind is ChartKind.STACKED:
        columns = zip(*(series.values for series in chart.series), strict=True)
        highest = max((sum(value or 0.0 for value in column) for column in columns), default=0.0)
    else:
        highest = max((value or 0.0 for series in chart.series for value in series.values), default=0.0)
    step = 1.0
    while True:
        for factor in (1, 2, 4, 5, 8):
            if factor * step >= highest:
                return factor * step
        step *= 10


def _bottom(chart: Chart) -> float:
    """Return 0, but for a line of shares a round value below all of them, so that one sees it move."""
    if chart.kind is not ChartKind.LINE or chart.unit is not Kind.SHARE:
        return 0.0
    shown = [value for series in chart.series for value in series.values if value is not None]
    return max(0.0, math.floor((min([*shown, chart.norm or 1.0]) - 0.05) * 5) / 5)


def _axis(plot: _Plot, chart: Chart, language: Language) -> None:
    unit = _UNIT_OF[chart.unit]
    for part in range(5):
        value = plot.bottom_value + (plot.top_value - plot.bottom_value) * part / 4
        y = plot.y(value)
        plot.drawing.add(Line(plot.left, y, plot.left + plot.width, y, strokeColor=_FAINT, strokeWidth=0.5))
        if unit is not Unit.COUNT or value == int(value):
            label = show.number(value, unit, language)
            label = label[:-3] if unit is Unit.SHARE else label
            _text(plot.drawing, plot.left - 4, y - 2.5, label, anchor="end")


def _label_categories(plot: _Plot, names: Sequence[str]) -> None:
    """Write as many names as fit, the first always."""
    if not names:
        return
    step_width = plot.width / len(names)
    widest = max(stringWidth(name, REGULAR, _SIZE) for name in names) + 4
    every = max(1, -(-int(widest) // max(1, int(step_width))))
    for index in range(0, len(names), every):
        x = plot.left + step_width * (index + 0.5)
        _text(plot.drawing, x, plot.bottom - 11, names[index], anchor="middle")


def _bars(plot: _Plot, chart: Chart) -> None:
    count = len(chart.categories)
    if not count:
        return
    step = plot.width / count
    bar = min(step * 0.72, 34.0)
    for index in range(count):
        x = plot.left + step * (index + 0.5) - bar / 2
        base = 0.0
        for colour, series in zip(PALETTE, chart.series, strict=False):
            value = series.values[index] or 0.0
            if value > 0:
                low, high = plot.y(base), plot.y(base + value)
                plot.drawing.add(Rect(x, low, bar, high - low, fillColor=HexColor(colour), strokeColor=None))
                base += value


def _lines(plot: _Plot, series_of_chart: Sequence[Series]) -> None:
    for colour, series in zip(PALETTE, series_of_chart, strict=False):
        if not series.values:
            continue
        step = plot.width / len(series.values)
        points = [
            (plot.left + step * (index + 0.5), plot.y(value)) if value is not None else None
            for index, value in enumerate(series.values)
        ]
        for first, second in pairwise(points):
            if first is not None and second is not None:
                plot.drawing.add(PolyLine([*first, *second], strokeColor=HexColor(colour), strokeWidth=1.6))
        for point in points:
            if point is not None:
                plot.drawing.add(
                    Rect(point[0] - 1.8, point[1] - 1.8, 3.6, 3.6, fillColor=HexColor(colour), strokeColor=None)
                )


def _legend(drawing: Drawing, chart: Chart, language: Language, y: float) -> None:
    entries = [
        (colour, show.word(series.name, language)) for colour, series in zip(PALETTE, chart.series, strict=False)
    ]
    x = 0.0
    for colour, name in entries:
        drawing.add(Rect(x, y - 1, 7, 7, fillColor=HexColor(colour), strokeColor=None))
        _text(drawing, x + 10, y, name)
        x += 24 + 1.3 * stringWidth(name, REGULAR, _SIZE)  # a browser may have a wider typeface
    if chart.norm is not None:
        name = f"{show.word('norm', language)} {show.with_unit(chart.norm, _UNIT_OF[chart.unit], language)}"
        drawing.add(Line(x, y + 2.5, x + 12, y + 2.5, strokeColor=_NORM, strokeWidth=0.9, strokeDashArray=[4, 2]))
        _text(drawing, x + 15, y, name)


def shade(value: Cell, table: Table) -> str | None:
    """Return the background of a cell in a shaded table as `#rrggbb`; None for none."""
    if not table.shaded or isinstance(value, str | bool | Figure) or value is None:
        return None
    if table.norm is not None:
        return "#f6d5d2" if value < table.norm else None
    numbers = [v for row in table.rows for v in row if isinstance(v, int | float)]
    depth = 0.75 * value / max(numbers) if max(numbers) > 0 else 0.0
    full = HexColor(PALETTE[0])
    parts = (round(255 * (1 - depth * (1 - part))) for part in (full.red, full.green, full.blue))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _text(
    drawing: Drawing,
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: float = _SIZE,
    font: str = REGULAR,
    colour: Color = _INK,
) -> None:
    drawing.add(String(x, y, text, fontName=font, fontSize=size, fillColor=colour, textAnchor=anchor))

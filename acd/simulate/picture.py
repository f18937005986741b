"""The charts of a report as one picture: SVG, one under the other."""

from typing import Final

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing, Group, Rect
from reportlab.lib.colors import white

from metrics.reports.drawing import draw
from metrics.reports.model import Chart, Report
from metrics.reports.texts import Language

_WIDTH: Final = 960.0
_HEIGHT: Final = 240.0
_MARGIN: Final = 16.0


def as_svg(report: Report, language: Language) -> bytes:
    """Return the charts of a report as an SVG document in UTF-8."""
    charts = [part for part in report.parts if isinstance(part, Chart)]
    height = len(charts) * (_HEIGHT + _MARGIN) + _MARGIN
    page = Drawing(_WIDTH + 2 * _MARGIN, height)
    page.add(Rect(0, 0, page.width, page.height, fillColor=white, strokeColor=None))
    for place, chart in enumerate(charts):
        drawn = draw(chart, report.period, language, _WIDTH, _HEIGHT)
        group = Group(*drawn.contents)
        group.translate(_MARGIN, height - (place + 1) * (_HEIGHT + _MARGIN))
        page.add(group)
    text: str = renderSVG.drawToString(page)
    return text.encode()

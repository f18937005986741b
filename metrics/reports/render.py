"""A report in any format, as the bytes of a file."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from metrics.reports.html import as_html
from metrics.reports.model import Report
from metrics.reports.pdf import as_pdf
from metrics.reports.text_formats import as_csv, as_json, as_table
from metrics.reports.texts import Language
from metrics.reports.xlsx import as_xlsx


class Format(StrEnum):
    """How a report is written down."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"
    PDF = "pdf"


BINARY: Final = frozenset({Format.XLSX, Format.PDF})
"""Formats that are no text and do not belong on a terminal."""

_RENDERERS: Final[Mapping[Format, Callable[[Report, Language], bytes]]] = {
    Format.TABLE: lambda report, language: as_table(report, language).encode(),
    Format.JSON: as_json,
    Format.CSV: as_csv,
    Format.XLSX: as_xlsx,
    Format.HTML: as_html,
    Format.PDF: as_pdf,
}


def render(report: Report, format_: Format, language: Language) -> bytes:
    """Return the report as the content of a file. PDF and XLSX of many calls take seconds: not for an event loop."""
    return _RENDERERS[format_](report, language)

"""How a value reads: the same digits everywhere, decimal comma and spaces in Russian, point and commas in English."""

from datetime import datetime
from typing import Final, assert_never

from babel.dates import format_date

from metrics.kpi import Bound, Unit
from metrics.reports.model import TOTAL, Cell, Column, Figure, Kind, Report, ReportKind
from metrics.reports.periods import Period
from metrics.reports.plain import visible
from metrics.reports.texts import COLUMNS, FIGURES, TITLES, UNITS, Language, say
from metrics.reports.words import WORDS

NOTHING: Final = "–"
"""Stands where nothing was measured."""

_UNIT_OF: Final = {Kind.SHARE: Unit.SHARE, Kind.SECONDS: Unit.SECONDS, Kind.HOURS: Unit.HOURS, Kind.COUNT: Unit.COUNT}
_FORMATS: Final = {Unit.SHARE: ",.2f", Unit.SECONDS: ",.1f", Unit.HOURS: ",.2f", Unit.COUNT: ",.0f"}
_RUSSIAN: Final = str.maketrans({",": "\u00a0", ".": ","})


def number(value: float, unit: Unit, language: Language) -> str:
    """Return the digits of a value without its unit; a share as a percentage."""
    text = format(value * 100 if unit is Unit.SHARE else value, _FORMATS[unit])
    return text.translate(_RUSSIAN) if language == "ru" else text


def with_unit(value: float, unit: Unit, language: Language) -> str:
    """Return the digits with the unit: `91,23 %`, `12.3 s`."""
    sign = say(UNITS, unit, language)
    space = "" if not sign or (unit is Unit.SHARE and language == "en") else "\u00a0"
    return f"{number(value, unit, language)}{space}{sign}"


def figure(shown: Figure, language: Language) -> str:
    """Return a figure with its unit, and for a norm the direction: `не менее 90,00 %`."""
    if shown.value is None:
        return NOTHING
    text = with_unit(shown.value, shown.unit, language)
    return f"{say(WORDS, shown.bound, language)} {text}" if isinstance(shown.bound, Bound) else text


def instant(at: float, period: Period, language: Language) -> str:
    """Return date and time in the zone of the report."""
    moment = datetime.fromtimestamp(at, period.zone)
    return moment.strftime("%d.%m.%Y %H:%M:%S" if language == "ru" else "%Y-%m-%d %H:%M:%S")


def cell(value: Cell, column: Column, period: Period, language: Language) -> str:  # noqa: PLR0911 - one per kind
    """Return a cell as people read it. The unit stands in the column's head, see `head`."""
    if isinstance(value, Figure):
        return figure(value, language)
    if value is None:
        return NOTHING
    if value == TOTAL:
        return say(TITLES, "total", language)
    match column.kind:
        case Kind.TEXT | Kind.FIGURE:
            return visible(str(value))
        case Kind.NAME:
            return say(FIGURES, str(value), language)
        case Kind.WORD:
            return word(str(value), language)
        case Kind.INSTANT | Kind.HOUR | Kind.DAY | Kind.MONTH:
            return _moment(float(value), column.kind, period, language)
        case Kind.VERDICT:
            return say(WORDS, "yes" if value else "no", language)
        case Kind.COUNT | Kind.SHARE | Kind.SECONDS | Kind.HOURS:
            return number(float(value), _UNIT_OF[column.kind], language)
        case _:
            assert_never(column.kind)


def _moment(at: float, kind: Kind, period: Period, language: Language) -> str:
    moment = datetime.fromtimestamp(at, period.zone)
    match kind:
        case Kind.HOUR:
            return moment.strftime("%H:%M")
        case Kind.DAY:
            return moment.strftime("%d.%m.%Y" if language == "ru" else "%Y-%m-%d")
        case Kind.MONTH:
            return str(format_date(moment, "LLLL y", locale=language))
        case _:
            return instant(at, period, language)


def word(key: str, language: Language) -> str:
    """Return the word for a figure, an outcome, a state, a rule; what no catalogue knows stays as it is."""
    for catalogue in (WORDS, FIGURES, TITLES):
        if key in catalogue:
            return say(catalogue, key, language)
    return key


def head(column: Column, language: Language) -> str:
    """Return a column's heading with the unit of its numbers: `Ожидание, с`."""
    label = say(COLUMNS, column.name, language) if column.name in COLUMNS else word(column.name, language)
    unit = say(UNITS, _UNIT_OF[column.kind], language) if column.kind in _UNIT_OF else ""
    return f"{label}, {unit}" if unit else label


def is_number(kind: Kind) -> bool:
    """Tell whether cells of this kind stand at the right edge of their column."""
    return kind in _UNIT_OF or kind is Kind.FIGURE


def title(report: Report, language: Language) -> str:
    """Return the name of the report."""
    return say(TITLES, report.kind, language)


def span(report: Report, language: Language) -> str:
    """Return the period as people name it: `ноябрь 2026 г.`, `IV квартал 2026 г.`, or from and to."""
    period = report.period
    first, last = period.first(), period.last_day()
    match report.kind:
        case ReportKind.MONTHLY:
            return str(format_date(first, "LLLL y 'г'." if language == "ru" else "LLLL y", locale=language))
        case ReportKind.QUARTERLY:
            roman = ("I", "II", "III", "IV")[(first.month - 1) // 3]
            return f"{roman} квартал {first.year} г." if language == "ru" else f"Quarter {roman} of {first.year}"
        case _:
            pass
    if (first.hour, first.minute, first.second) == (0, 0, 0) and period.last().time() == first.time():
        shape = "d MMMM y 'г'." if language == "ru" else "d MMMM y"
        named = [str(format_date(day, shape, locale=language)) for day in (first.date(), last)]
        return named[0] if named[0] == named[1] else " – ".join(named)
    return f"{instant(period.start, period, language)} – {instant(period.end, period, language)}"


def headings(report: Report, language: Language) -> tuple[tuple[str, str], ...]:
    """Return what stands under the title: service, period, line, zone, when it was made."""
    made_at = report.made_at.astimezone(report.period.zone)
    return (
        (say(TITLES, "period", language), span(report, language)),
        (say(TITLES, "line", language), report.line or say(TITLES, "all_lines", language)),
        (say(TITLES, "zone", language), str(report.period.zone)),
        (say(TITLES, "made_at", language), instant(made_at.timestamp(), report.period, language)),
    )

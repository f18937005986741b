"""A report as a value: tables and charts of rounded numbers, free of language and format.

Values are rounded here, once, so that every format shows the same number: shares to hundredths of a per cent, seconds
and hours to tenths and hundredths. A verdict is passed on the exact value; see `rounded`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from metrics.kpi import Bound, Kpi, Unit
from metrics.reports.periods import Period


class ReportKind(StrEnum):
    """The reports that there are."""

    KPI = "kpi"
    DAILY = "daily"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    OPERATORS = "operators"
    CALLS = "calls"
    OUTGOING = "outgoing"
    SURVEYS = "surveys"
    SIMULATION = "simulation"
    STAFFING = "staffing"
    REPLAY = "replay"
    FORECAST = "forecast"


class Kind(StrEnum):
    """What stands in a column, and so how it is shown."""

    TEXT = "text"
    """Shown as it is: names, numbers of telephones."""
    WORD = "word"
    """A key of the catalogue, shown in the reader's language."""
    NAME = "name"
    """A key of the catalogue of figures."""
    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"
    HOURS = "hours"
    INSTANT = "instant"
    """Seconds since the epoch, shown as date and time of the report's zone."""
    HOUR = "hour"
    """The same, shown as the time of day; for the beginning of an interval shorter than a day."""
    DAY = "day"
    """The same, shown as the date."""
    MONTH = "month"
    """The same, shown as the month."""
    VERDICT = "verdict"
    """True: norm kept, False: broken, None: no norm or nothing measured."""
    FIGURE = "figure"
    """A `Figure`: a number that carries its unit, where a column mixes units."""


TOTAL: Final = "total"
"""Stands in the first cell of a row of sums."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit."""

    value: float | None
    unit: Unit
    bound: Bound | None = None
    """For a norm: on which side of it a value must lie."""


Cell = str | int | float | bool | Figure | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `name` is a key of the catalogue."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; `name` is a key of the catalogue."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    """A last row that sums the others up; its first cell is `TOTAL`."""
    shaded: bool = False
    """Where formats can: the numbers' background is the darker the more, or red below `norm`."""
    norm: float | None = None


class ChartKind(StrEnum):
    """How a chart is drawn."""

    BARS = "bars"
    STACKED = "stacked"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Series:
    """One set of values of a chart, one per category; None where nothing was measured. `name` as a WORD."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers that also stand in a table of the same report."""

    name: str
    kind: ChartKind
    unit: Kind
    categories: tuple[Cell, ...]
    category: Kind
    series: tuple[Series, ...]
    norm: float | None = None
    """Drawn as a line across."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence of the catalogue with its values."""

    name: str
    values: tuple[str, ...] = ()


def side_by_side(parts: Iterable[Table | Chart | Note]) -> list[list[Table | Chart | Note]]:
    """Group the parts for formats that have room: small tables in a row stand beside each other, the rest alone."""
    groups: list[list[Table | Chart | Note]] = []
    for part in parts:
        small = isinstance(part, Table) and len(part.columns) <= 2
        before = groups[-1][-1] if groups else None
        if small and isinstance(before, Table) and len(before.columns) <= 2 and len(groups[-1]) < 2:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


@dataclass(frozen=True, slots=True)
class Report:
    """One report, ready to be shown in any format and language."""

    kind: ReportKind
    period: Period
    line: str | None
    """None for all lines together."""
    service: str
    """Whose report it is; empty if not configured."""
    made_at: datetime
    parts: tuple[Table | Chart | Note, ...]

    def table(self, name: str) -> Table:
        """Return the table of this name; KeyError if there is none."""
        for part in self.parts:
            if isinstance(part, Table) and part.name == name:
                return part
        raise KeyError(name)


SHARE_DIGITS: Final = 4
SECONDS_DIGITS: Final = 1
HOURS_DIGITS: Final = 2

_DIGITS: Final = {Unit.SHARE: SHARE_DIGITS, Unit.SECONDS: SECONDS_DIGITS, Unit.HOURS: HOURS_DIGITS, Unit.COUNT: 0}


def share(value: float | None) -> float | None:
    """Return a ratio as reports show it."""
    return None if value is None else round(value, SHARE_DIGITS)


def seconds(value: float | None) -> float | None:
    """Return seconds as reports show them."""
    return None if value is None else round(value, SECONDS_DIGITS)


def hours(seconds_: float) -> float:
    """Return seconds as hours, as reports show them."""
    return round(seconds_ / 3600, HOURS_DIGITS)


def rounded(kpi: Kpi) -> Figure:
    """Return the value rounded so that it does not contradict its verdict: 89.996 % of 90 % shows as 89.99 %."""
    if kpi.value is None:
        return Figure(None, kpi.unit)
    digits = _DIGITS[kpi.unit]
    value = round(kpi.value, digits)
    shown = Kpi(kpi.name, value, kpi.unit, kpi.norm, kpi.bound)
    if shown.passed is not kpi.passed:
        step = 10.0**-digits
        value = round(value - step if kpi.bound is Bound.AT_LEAST else value + step, digits)
    return Figure(int(value) if kpi.unit is Unit.COUNT else value, kpi.unit)

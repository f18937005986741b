"""Spans of time as people name them, in the zone of the service: days, months, quarters, and the intervals inside them.

Boundaries are local midnights turned into instants, so a day on which clocks change has 23 or 25 hours, as it should.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from metrics.errors import ReportError


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` on and before `end`, seconds since the epoch."""

    start: float
    end: float
    zone: ZoneInfo

    def first(self) -> datetime:
        """Return the beginning as local time."""
        return datetime.fromtimestamp(self.start, self.zone)

    def last(self) -> datetime:
        """Return the end (no longer in the period) as local time."""
        return datetime.fromtimestamp(self.end, self.zone)

    def last_day(self) -> date:
        """Return the last day that the period touches."""
        return datetime.fromtimestamp(max(self.start, self.end - 1e-3), self.zone).date()


class Interval(StrEnum):
    """Into what a period is divided."""

    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"


def midnight(day: date, zone: ZoneInfo) -> float:
    """Return the instant at which the day begins."""
    return datetime.combine(day, time(), zone).timestamp()


def days(first: date, last: date, zone: ZoneInfo) -> Period:
    """Return the period of whole days from `first` to `last`, both included.

    Raises:
        ReportError: The last day is before the first.
    """
    if last < first:
        raise ReportError(f"the period ends ({last}) before it begins ({first})")
    return Period(midnight(first, zone), midnight(last + timedelta(days=1), zone), zone)


def month(year: int, number: int, zone: ZoneInfo) -> Period:
    """Return a month of the calendar."""
    return days(date(year, number, 1), date(year, number, monthrange(year, number)[1]), zone)


def quarter(year: int, number: int, zone: ZoneInfo) -> Period:
    """Return quarter 1 to 4 of a year."""
    last_month = 3 * number
    return days(date(year, last_month - 2, 1), date(year, last_month, monthrange(year, last_month)[1]), zone)


def parse_period(from_text: str, to_text: str, zone: ZoneInfo) -> Period:
    """Return the period that a person has typed: ISO dates, the last included, or ISO local times, the last excluded.

    A time with an offset is taken as it says; one without is local.

    Raises:
        ReportError: One of the texts is neither, or the end is not after the beginning.
    """
    start = _instant(from_text, zone, end=False)
    end = _instant(to_text, zone, end=True)
    if end <= start:
        raise ReportError(f"the period ends ({to_text}) before it begins ({from_text})")
    return Period(start, end, zone)


def _instant(text: str, zone: ZoneInfo, *, end: bool) -> float:
    text = text.strip()
    try:
        if len(text) == len("2026-11-21"):
            return midnight(date.fromisoformat(text) + timedelta(days=int(end)), zone)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ReportError(f"{text!r} is neither a date (2026-11-21) nor a time (2026-11-21T08:30)") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def interval_of(at: float, interval: Interval, zone: ZoneInfo) -> datetime:
    """Return the local time at which the interval begins that the instant lies in.

    When clocks are put back an hour happens twice; its two passages are one interval each, told apart by the offset.
    """
    moment = datetime.fromtimestamp(at, zone)
    match interval:
        case Interval.QUARTER_HOUR:
            return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
        case Interval.HOUR:
            return moment.replace(minute=0, second=0, microsecond=0)
        case Interval.DAY:
            return datetime.combine(moment.date(), time(), zone)
        case Interval.MONTH:
            return datetime.combine(moment.date().replace(day=1), time(), zone)
        case Interval.QUARTER:
            return datetime.combine(moment.date().replace(month=(moment.month - 1) // 3 * 3 + 1, day=1), time(), zone)


def intervals(period: Period, interval: Interval) -> Iterator[Period]:
    """Yield the intervals that make up the period, in order; the first and the last may be cut off by its ends."""
    start = period.start
    while start < period.end:
        end = min(period.end, _end_of(start, interval, period.zone))
        yield Period(start, end, period.zone)
        start = end


def _end_of(at: float, interval: Interval, zone: ZoneInfo) -> float:
    begin = interval_of(at, interval, zone)
    match interval:
        case Interval.QUARTER_HOUR:
            return begin.timestamp() + 900
        case Interval.HOUR:
            return begin.timestamp() + 3600
        case Interval.DAY:
            return midnight(begin.date() + timedelta(days=1), zone)
        case Interval.MONTH:
            return midnight(begin.date() + timedelta(days=monthrange(begin.year, begin.month)[1]), zone)
        case Interval.QUARTER:
            months = begin.year * 12 + begin.month - 1 + 3
            return midnight(date(months // 12, months % 12 + 1, 1), zone)

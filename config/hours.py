"""Opening hours as they stand in the file, and as the arithmetic of working time takes them.

Which dates are worked is the production calendar's business and the site's own list of special days; here the three
are joined for one line. Nothing reads a clock.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, model_validator

from config.kinds import AnyName, LineText, Table
from config.messages import mistake
from config.production_calendar import SATURDAY, DayOverride, ProductionCalendar
from config.worktime import DAY_MINUTES, DayCalendar, EveryDay, Span, WorkingDay, WorkSchedule, WorkTime

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_WEEK: Final = 7 * DAY_MINUTES
_TIMES: Final = r"(?P<from_h>[0-9]{2}):(?P<from_m>[0-5][0-9])-(?P<to_h>[0-9]{2}):(?P<to_m>[0-5][0-9])"
_HOURS: Final = re.compile(rf"(?P<first>[a-z]{{3}})(?:-(?P<last>[a-z]{{3}}))? {_TIMES}", re.ASCII)
_SPAN: Final = re.compile(_TIMES, re.ASCII)


def _hours(value: str) -> str:
    if not list(local_minutes(value)):
        raise mistake("acd_hours")
    return value


Hours = Annotated[str, AfterValidator(_hours)]
"""Days and hours in the site's time: `mon-fri 08:00-20:00`, `sun 10:00-16:00`. 24:00 is the end of the day."""


def _day_hours(value: str) -> str:
    if _span(_SPAN.fullmatch(value)) is None:
        raise mistake("acd_day_hours")
    return value


DayHours = Annotated[str, AfterValidator(_day_hours)]
"""Hours of one date, in the site's time: `09:00-13:00`."""


class SpecialDay(Table):
    """One date that is not worked as the calendar says: a regional holiday, a decree published late, an inventory."""

    date: date
    like: Literal["off", "working", "short"] | None = None
    """A day off, or one that is worked after all: by its weekday's hours (a Saturday or Sunday by Friday's)."""
    hours: tuple[DayHours, ...] = ()
    """Instead of `like`: open in these hours and no others."""
    lines: tuple[AnyName, ...] = ()
    """The lines that it concerns; all of them if not given."""
    title: LineText | None = None
    """Why, for people."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.like is None) == (not self.hours):
            raise mistake("acd_exactly_one", keys="like, hours", at="date")
        spans = [day_span(text) for text in self.hours]
        if any(first[1] > second[0] for first, second in pairwise(spans)):
            raise mistake("acd_day_hours", at="hours")
        return self


@dataclass(frozen=True, slots=True)
class _SiteCalendar:
    """The calendar of one line: its days, and the site's own hours of single dates."""

    days: DayCalendar
    own: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def day(self, on: date) -> WorkingDay | None:
        """Return how the date is worked, None for a day off."""
        if on in self.own:
            return WorkingDay(on.weekday(), own_spans=self.own[on])
        return self.days.day(on)


@dataclass(frozen=True, slots=True)
class _OwnDays:
    """Every day is worked by its own weekday but for what the site says."""

    overrides: Mapping[date, DayOverride]

    def day(self, on: date) -> WorkingDay | None:
        """Return how the date is worked, None for a day off."""
        override = self.overrides.get(on)
        if override is DayOverride.OFF:
            return None
        plain = EveryDay().day(on)
        return WorkingDay(plain.like, short=True) if override is DayOverride.SHORT and plain else plain


def working_time(
    hours: Iterable[str], *, days: Literal["production", "every"], special: Iterable[SpecialDay], zone: str
) -> WorkTime | None:
    """Return when a line is open; None for one that has no hours and is always open.

    Args:
        hours: As in the file.
        days: Whether the production calendar's days off apply.
        special: The special days of this line.
        zone: The site's time zone.

    Raises:
        ScheduleError: Hours of one weekday overlap.
    """
    hours, special = tuple(hours), tuple(special)
    if not hours:
        return None
    overrides = {day.date: DayOverride(day.like) for day in special if day.like is not None}
    own = {day.date: tuple(day_span(text) for text in day.hours) for day in special if day.hours}
    schedule = schedule_of(hours)
    # The calendar is that of a week of five days: hours that name a Saturday mean it all the same.
    weekend = frozenset(weekday for weekday in schedule.hours if weekday >= SATURDAY)
    calendar = ProductionCalendar(overrides, weekend) if days == "production" else _OwnDays(overrides)
    return WorkTime(_SiteCalendar(calendar, own), schedule, ZoneInfo(zone))


def schedule_of(hours: Iterable[str]) -> WorkSchedule:
    """Return hours as they stand in the file as the arithmetic takes them.

    Raises:
        ScheduleError: Hours of one weekday overlap, or there are none.
    """
    spans: dict[int, list[Span]] = {}
    for text in hours:
        for start, end in local_minutes(text):
            weekday = start // DAY_MINUTES
            spans.setdefault(weekday, []).append((start - weekday * DAY_MINUTES, end - weekday * DAY_MINUTES))
    return WorkSchedule({weekday: tuple(sorted(each)) for weekday, each in spans.items()})


def day_span(text: str) -> Span:
    """Return hours of one date in minutes from midnight; an empty span for a text that names none."""
    return _span(_SPAN.fullmatch(text)) or (0, 0)


def local_minutes(text: str) -> list[Span]:
    """Return an interval per day, in minutes since the local Monday; none for a text that names no hours."""
    match = _HOURS.fullmatch(text)
    if match is None or match["first"] not in DAYS or (match["last"] or match["first"]) not in DAYS:
        return []
    first, last = DAYS.index(match["first"]), DAYS.index(match["last"] or match["first"])
    span = _span(match)
    if first > last or span is None:
        return []
    return [(day * DAY_MINUTES + span[0], day * DAY_MINUTES + span[1]) for day in range(first, last + 1)]


def _span(match: re.Match[str] | None) -> Span | None:
    if match is None:
        return None
    start = int(match["from_h"]) * 60 + int(match["from_m"])
    end = int(match["to_h"]) * 60 + int(match["to_m"])
    return (start, end) if start < end <= DAY_MINUTES else None

"""Arithmetic of working time: how long between two instants, and which instant is so much work away.

Pure: the days come from a `DayCalendar` (the Russian production calendar in `production_calendar`), the hours from a
`WorkSchedule`, the clock from the site's time zone. Two measures of work exist side by side. In *office hours* an
hour is 3600 s in which the office is open. In *working days* each working day is one unit, spread evenly over that
day's open time, so that "two days after Monday 10:00" is Wednesday 10:00 whether Wednesday is a short day or not,
give or take the hour by which it is shorter.

Instants are epoch seconds; clock changes need no special case but one: a schedule's wall time that a change of the
clock skips counts as the first instant after the gap, and one that comes twice begins at its first and ends at its
second.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from config.errors import CalendarExhausted, ScheduleError
from queue_engine.ids import Instant

Span = tuple[int, int]
"""From and to, in minutes."""

DAY_MINUTES: Final = 24 * 60
HORIZON_DAYS: Final = 3660
"""Ten years: no limit of any regulation is longer."""


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """What kind of working day a date is."""

    like: int
    """The weekday (Monday 0) by whose hours it is worked: a moved day takes the hours of the day it stands for."""
    short: bool = False
    """The eve of a public holiday: an hour shorter (Labour Code, article 95)."""
    own_spans: tuple[Span, ...] | None = None
    """Opening hours of this date alone, in minutes from midnight, instead of the weekday's."""


class DayCalendar(Protocol):
    """Which dates are worked."""

    def day(self, on: date) -> WorkingDay | None:
        """Return how the date is worked, None for a day off."""
        ...


class EveryDay:
    """For services without days off."""

    def day(self, on: date) -> WorkingDay | None:
        """Return the date's own weekday; no day is off or short."""
        return WorkingDay(on.weekday())


@dataclass(frozen=True, slots=True)
class WorkSchedule:
    """Opening hours by weekday: `{0: ((510, 1050),)}` is Monday 8:30 to 17:30, in minutes from midnight."""

    hours: Mapping[int, tuple[tuple[int, int], ...]]
    short_by_min: int = 60

    def __post_init__(self) -> None:
        if not any(self.hours.values()):
            raise ScheduleError("schedule", "has no opening hours at all")
        if not set(self.hours) <= set(range(7)):
            raise ScheduleError("schedule", "weekdays are 0 (Monday) to 6")
        if self.short_by_min < 0:
            raise ScheduleError("schedule", "short_by_min must not be negative")
        for weekday, spans in self.hours.items():
            free_from = 0
            for begin, end in spans:
                if not free_from <= begin < end <= DAY_MINUTES:
                    raise ScheduleError(f"schedule, weekday {weekday}", "hours must be in order and within the day")
                free_from = end

    def spans(self, day: WorkingDay) -> tuple[tuple[int, int], ...]:
        """Return the opening hours of such a day, in minutes; a short day loses its last hour."""
        if day.own_spans is not None:
            return day.own_spans
        spans = self.hours.get(day.like, ())
        cut = self.short_by_min if day.short else 0
        kept: list[tuple[int, int]] = []
        for begin, end in reversed(spans):
            length = end - begin
            if cut >= length:
                cut -= length
                continue
            kept.append((begin, end - cut))
            cut = 0
        return tuple(reversed(kept))


@dataclass(frozen=True, slots=True)
class _Day:
    spans: tuple[tuple[float, float], ...]
    length_s: float


@dataclass(frozen=True, slots=True)
class WorkTime:
    """The working time of one site."""

    calendar: DayCalendar
    schedule: WorkSchedule
    zone: ZoneInfo
    _of: "_Days" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_of", _Days(self.calendar, self.schedule, self.zone))

    def local_date(self, at: Instant) -> date:
        """Return the date on the site's wall at the instant."""
        return datetime.fromtimestamp(at, self.zone).date()

    def is_open(self, at: Instant) -> bool:
        """Return whether the office is open at the instant."""
        return any(begin <= at < end for begin, end in self._of(self.local_date(at)).spans)

    def changes(self, start: Instant, horizon_days: int) -> Iterator[Instant]:
        """Yield, in order, the instants after `start` at which the office opens or closes, so many days ahead.

        Hours that touch (24:00 and 00:00 of the next day) are one stretch: nothing changes between them.
        """
        on, last_end = self.local_date(start) - timedelta(days=1), 0.0
        for _ in range(horizon_days + 2):
            for begin, end in self._of(on).spans:
                if begin > last_end:
                    if last_end > start:
                        yield Instant(last_end)
                    if begin > start:
                        yield Instant(begin)
                last_end = end
            on += timedelta(days=1)

    def worked_s(self, start: Instant, end: Instant) -> float:
        """Return the open time between the instants, in seconds; 0 if `end` is not after `start`."""
        total, on, last = 0.0, self.local_date(start), self.local_date(end)
        while on <= last:
            for begin, finish in self._of(on).spans:
                total += max(0.0, min(finish, end) - max(begin, start))
            on += timedelta(days=1)
        return total

    def after_office_s(self, start: Instant, open_s: float) -> Instant:
        """Return the first instant by which `open_s` seconds of open time have passed since `start`.

        Raises:
            CalendarExhausted: There is not so much open time in ten years.
        """
        left = open_s
        if left <= 0:
            return start
        for _, day in self._days_from(start):
            for begin, end in day.spans:
                begin_ = max(begin, start)
                if end - begin_ >= left:
                    return Instant(begin_ + left)
                left -= max(0.0, end - begin_)
        raise CalendarExhausted(start)

    def after_days(self, start: Instant, days: float) -> Instant:
        """Return the first instant by which `days` working days have passed since `start`; fractions are allowed.

        Raises:
            CalendarExhausted: There are not so many working days in ten years.
        """
        left = days
        if left <= 0:
            return start
        for _, day in self._days_from(start):
            for begin, end in day.spans:
                begin_ = max(begin, start)
                share = max(0.0, end - begin_) / day.length_s
                if share >= left - 1e-12:  # shares of a day are not exact in binary; a picosecond's worth is
                    return Instant(min(end, begin_ + left * day.length_s))
                left -= share
        raise CalendarExhausted(start)

    def end_of_working_day(self, start: Instant, days: int) -> Instant:
        """Return the closing time of the `days`-th working day after the day of `start`.

        That is how a term given in days runs for a citizen: the day of the event does not count, the last day counts
        to its end (Civil Code, articles 191 and 194).

        Raises:
            CalendarExhausted: There are not so many working days in ten years.
        """
        seen = 0
        first = self.local_date(start)
        for on, day in self._days_from(start):
            if on == first or not day.spans:
                continue
            seen += 1
            if seen >= days:
                return Instant(day.spans[-1][1])
        raise CalendarExhausted(start)

    def _days_from(self, start: Instant) -> Iterator[tuple[date, _Day]]:
        on = self.local_date(start)
        for _ in range(HORIZON_DAYS):
            yield on, self._of(on)
            on += timedelta(days=1)


class _Days:
    """The open spans of each date, worked out once."""

    def __init__(self, calendar: DayCalendar, schedule: WorkSchedule, zone: ZoneInfo) -> None:
        self._calendar = calendar
        self._schedule = schedule
        self._zone = zone
        self._cached = lru_cache(maxsize=HORIZON_DAYS)(self._work_out)

    def __call__(self, on: date) -> _Day:
        return self._cached(on)

    def _work_out(self, on: date) -> _Day:
        kind = self._calendar.day(on)
        spans: list[tuple[float, float]] = []
        for begin, end in self._schedule.spans(kind) if kind is not None else ():
            begin_at = self._wall(on, begin, fold=0)
            if spans:
                begin_at = max(begin_at, spans[-1][1])
            end_at = self._wall(on, end, fold=1)
            if end_at > begin_at:
                spans.append((begin_at, end_at))
        return _Day(tuple(spans), sum(end - begin for begin, end in spans))

    def _wall(self, on: date, minute: int, fold: int) -> float:
        days, rest = divmod(minute, DAY_MINUTES)
        local = datetime.combine(on + timedelta(days=days), time(rest // 60, rest % 60, fold=fold), self._zone)
        at = local.astimezone(UTC)
        if at.astimezone(self._zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            return at.timestamp()
        return self._gap_end(local)

    def _gap_end(self, local: datetime) -> float:
        # Read with the offset of before, a skipped wall time lies after the change; read with the offset of after,
        # before it. The change itself is in between, on a whole minute in every zone since 1920.
        late, early = local.replace(fold=0).timestamp(), local.replace(fold=1).timestamp()
        offset_after = datetime.fromtimestamp(late, self._zone).utcoffset()
        at = early
        while datetime.fromtimestamp(at, self._zone).utcoffset() != offset_after:
            at += 60 - at % 60
        return at

"""Working-time arithmetic against a calendar that counts minute by minute on the wall."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import CalendarExhausted, ScheduleError
from config.production_calendar import DayOverride, ProductionCalendar
from config.worktime import DAY_MINUTES, EveryDay, WorkingDay, WorkSchedule, WorkTime

MINUTE = 60.0
KEM_HOURS = WorkSchedule(dict.fromkeys(range(5), ((510, 1020),)))
ZONES = ("Asia/Novokuznetsk", "Asia/Sakhalin", "Europe/Saratov", "Europe/Moscow", "Europe/Berlin")
# Changes of the clock in those zones, moved days, short days and the long holidays of January.
EDGES = (
    date(2014, 10, 25), date(2016, 3, 26), date(2016, 12, 3), date(2026, 3, 28), date(2026, 10, 24),
    date(2023, 12, 29), date(2024, 4, 26), date(2024, 11, 1), date(2026, 4, 29), date(2026, 11, 2),
)  # fmt: skip

overrides = st.dictionaries(
    st.sampled_from([edge + timedelta(days=n) for edge in EDGES for n in range(4)]), st.sampled_from(DayOverride),
    max_size=4,
)  # fmt: skip
instants = st.builds(
    lambda day, minute: datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + minute * MINUTE,
    st.sampled_from(EDGES),
    st.integers(-600, 4 * DAY_MINUTES),
)


@st.composite
def schedules(draw):
    """Return opening hours whose borders no clock change touches: midnight, or between four and midnight."""
    hours = {}
    for weekday in draw(st.sets(st.integers(0, 6), min_size=1)):
        if draw(st.integers(0, 5)) == 0:
            hours[weekday] = ((0, DAY_MINUTES),)
            continue
        borders = sorted(draw(st.sets(st.integers(240, DAY_MINUTES), min_size=2, max_size=4)))
        hours[weekday] = tuple(zip(borders[::2], borders[1::2], strict=False))
    hours[0] = hours.get(0) or ((540, 1080),)
    return WorkSchedule(hours, short_by_min=draw(st.sampled_from([0, 60, 90])))


sites = st.builds(
    lambda calendar, schedule, zone: WorkTime(calendar, schedule, ZoneInfo(zone)),
    st.one_of(st.just(EveryDay()), st.builds(ProductionCalendar, overrides)),
    schedules(),
    st.sampled_from(ZONES),
)


def open_on_the_wall(site, at):
    """Say whether the office is open in the minute from `at`, from nothing but the clock on the wall."""
    wall = datetime.fromtimestamp(at, UTC).astimezone(site.zone)
    kind = site.calendar.day(wall.date())
    if kind is None:
        return False
    minutes = [m for begin, end in site.schedule.hours.get(kind.like, ()) for m in range(begin, end)]
    if kind.short and site.schedule.short_by_min:
        minutes = minutes[: -site.schedule.short_by_min]
    return wall.hour * 60 + wall.minute in minutes


@settings(deadline=None, max_examples=60)
@given(sites, instants, st.integers(0, 3000))
def test_worked_time_is_the_number_of_open_minutes(site, start, minutes):
    """Open time between two instants equals the minutes that a patient person counts."""
    counted = sum(open_on_the_wall(site, start + n * MINUTE) for n in range(minutes))
    assert site.worked_s(start, start + minutes * MINUTE) == pytest.approx(counted * MINUTE)


@settings(deadline=None, max_examples=60)
@given(sites, instants, st.integers(1, 700))
def test_an_instant_so_much_work_away_has_that_much_work_before_it(site, start, minutes):
    """`after_office_s` is the inverse of `worked_s`, and the first such instant."""
    end = site.after_office_s(start, minutes * MINUTE)
    assert site.worked_s(start, end) == pytest.approx(minutes * MINUTE)
    assert site.worked_s(start, end - 1) < minutes * MINUTE
    assert open_on_the_wall(site, end - MINUTE)


@settings(deadline=None, max_examples=40)
@given(sites, instants, st.integers(1, 6))
def test_whole_working_days_hold_so_many_days_of_open_time(site, start, days):
    """From the opening of a working day, N days end exactly at the closing of the N-th; brute force by dates."""
    on = site.local_date(start) + timedelta(days=1)
    closings = []
    opening = None
    while len(closings) < days:
        spans = [
            at
            for at in _minutes_of(on, site.zone)
            if open_on_the_wall(site, at)
        ]  # fmt: skip
        if spans:
            opening = spans[0] if opening is None else opening
            closings.append(spans[-1] + MINUTE)
        on += timedelta(days=1)
    assert site.after_days(opening, days) == pytest.approx(closings[-1])


@settings(deadline=None, max_examples=40)
@given(sites, instants, st.integers(1, 5))
def test_a_term_in_days_ends_with_the_last_of_them(site, start, days):
    """The day of the event does not count, the last day counts to its closing; brute force by dates."""
    on = site.local_date(start)
    left = days
    while left:
        on += timedelta(days=1)
        open_minutes = [at for at in _minutes_of(on, site.zone) if open_on_the_wall(site, at)]
        left -= bool(open_minutes)
    assert site.end_of_working_day(start, days) == open_minutes[-1] + MINUTE


def _minutes_of(on, zone):
    at = datetime(on.year, on.month, on.day, tzinfo=zone).timestamp()
    after = on + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()
    while at < end:
        yield at
        at += MINUTE


@given(sites, instants, st.floats(0.01, 8), st.floats(0.01, 8))
@settings(deadline=None, max_examples=60)
def test_more_days_never_end_sooner(site, start, few, more):
    """A longer limit never falls due before a shorter one, a later start never before an earlier."""
    few, more = sorted((few, more))
    assert start <= site.after_days(start, few) <= site.after_days(start, more) + 1e-6
    assert site.after_days(start, few) <= site.after_days(start + 3600, few) + 1e-6


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-02 10:00", 2, "2026-11-05 10:00"),  # over 3 November, short, and 4 November, a holiday
        ("2026-11-20 18:00", 1, "2026-11-23 17:00"),  # Friday after hours: all of Monday
        ("2024-04-26 12:00", 1, "2024-04-27 12:00"),  # a worked Saturday
        ("2026-12-30 16:30", 0.5, "2027-01-11 12:15"),  # over the long holidays
    ],
)
def test_examples_in_kemerovo(start, days, due):
    """Working days are counted as one would on a wall calendar."""
    zone = ZoneInfo("Asia/Novokuznetsk")
    site = WorkTime(ProductionCalendar(), KEM_HOURS, zone)
    at = datetime.fromisoformat(start).replace(tzinfo=zone).timestamp()
    shown = datetime.fromtimestamp(site.after_days(at, days), zone).strftime("%Y-%m-%d %H:%M")
    assert shown == due


def test_hours_that_the_clock_skips_or_repeats():
    """A span inside a skipped hour is empty; a repeated hour is worked twice."""
    night = WorkSchedule(dict.fromkeys(range(7), ((60, 150), (150, 240))))
    site = WorkTime(EveryDay(), night, ZoneInfo("Europe/Berlin"))

    def worked(day):
        at = datetime(2026, day[0], day[1], tzinfo=site.zone).timestamp()
        return site.worked_s(at, at + 6 * 3600)

    assert worked((3, 28)) == 3 * 3600
    assert worked((3, 29)) == 2 * 3600  # 2:00 to 3:00 does not exist
    assert worked((10, 25)) == 4 * 3600  # 2:00 to 3:00 comes twice


def test_open_or_not():
    """The office is open from its first second to before its closing."""
    zone = ZoneInfo("Asia/Novokuznetsk")
    site = WorkTime(ProductionCalendar(), KEM_HOURS, zone)
    opening = datetime(2026, 11, 20, 8, 30, tzinfo=zone).timestamp()
    closing = datetime(2026, 11, 20, 17, 0, tzinfo=zone).timestamp()
    assert [site.is_open(at) for at in (opening - 1, opening, closing - 1, closing)] == [False, True, True, False]


def test_a_short_day_may_lose_a_whole_span():
    """The hour that a short day loses is taken from its end, across a break."""
    schedule = WorkSchedule({0: ((480, 720), (780, 810))})
    assert schedule.spans(WorkingDay(0, short=True)) == ((480, 690),)


def test_nothing_to_wait_for_is_due_at_once_and_nothing_left_raises():
    """No work needed means now; a calendar that never opens is an error, not an endless search."""

    class NeverOpen:
        def day(self, on):
            return None

    site = WorkTime(NeverOpen(), KEM_HOURS, ZoneInfo("Europe/Moscow"))
    assert site.after_office_s(5.0, 0) == site.after_days(5.0, 0) == 5.0
    for ask in (site.after_office_s, site.after_days, site.end_of_working_day):
        with pytest.raises(CalendarExhausted, match="no working time"):
            ask(0.0, 1)


@pytest.mark.parametrize(
    "hours",
    [{}, {0: ()}, {7: ((0, 60),)}, {0: ((600, 540),)}, {0: ((540, 600), (590, 700))}, {0: ((0, 1441),)}],
)
def test_a_schedule_that_contradicts_itself_is_refused(hours):
    """Hours out of order, out of the day or absent are the configuration's error."""
    with pytest.raises(ScheduleError):
        WorkSchedule(hours)
    with pytest.raises(ScheduleError):
        WorkSchedule({0: ((1, 2),)}, short_by_min=-1)

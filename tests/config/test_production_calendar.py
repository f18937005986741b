"""The production calendar against the published ones."""

from datetime import date, timedelta

import pytest

from config.errors import ScheduleError
from config.production_calendar import DayOverride, ProductionCalendar
from config.worktime import WorkingDay

CALENDAR = ProductionCalendar()

# Published production calendars for the 40-hour week: working days, working hours, short days.
PUBLISHED = {
    2022: (247, 1973, {(2, 22), (3, 5), (11, 3)}),
    2023: (247, 1973, {(2, 22), (3, 7), (11, 3)}),
    2024: (248, 1979, {(2, 22), (3, 7), (5, 8), (6, 11), (11, 2)}),
    2025: (247, 1972, {(3, 7), (4, 30), (6, 11), (11, 1)}),
    2026: (247, 1972, {(4, 30), (5, 8), (6, 11), (11, 3)}),
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_a_year_adds_up_to_its_published_hours(year):
    """Days, hours and short days of each year are those of the published calendar."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    worked = {day: kind for day in days if day.year == year and (kind := CALENDAR.day(day)) is not None}
    short = {(day.month, day.day) for day, kind in worked.items() if kind.short}
    assert (len(worked), len(worked) * 8 - len(short), short) == PUBLISHED[year]


@pytest.mark.parametrize(
    ("on", "kind"),
    [
        (date(2024, 4, 27), WorkingDay(like=0)),  # a Saturday worked for Monday 29 April
        (date(2024, 4, 29), None),
        (date(2024, 11, 2), WorkingDay(like=1, short=True)),  # worked for Tuesday 30 April, the eve of 1 May
        (date(2024, 12, 28), WorkingDay(like=0)),
        (date(2026, 1, 9), None),  # moved from Saturday 3 January, a holiday: that one is not worked
        (date(2026, 1, 3), None),
        (date(2026, 12, 31), None),
        (date(2026, 11, 20), WorkingDay(like=4)),
        (date(2026, 11, 21), None),
    ],
)
def test_single_days(on, kind):
    """Moved days are off where they went and worked, by the other day's hours, where they came from."""
    assert CALENDAR.day(on) == kind


def test_the_site_has_the_last_word():
    """A regional holiday, a worked Saturday and a short day come from the site's own table."""
    calendar = ProductionCalendar(
        {
            date(2026, 11, 23): DayOverride.OFF,
            date(2026, 11, 28): DayOverride.WORKING,
            date(2026, 11, 24): DayOverride.SHORT,
        }
    )
    assert calendar.day(date(2026, 11, 23)) is None
    assert calendar.day(date(2026, 11, 28)) == WorkingDay(like=4)
    assert calendar.day(date(2026, 11, 24)) == WorkingDay(like=1, short=True)


def test_a_year_without_a_decree_is_known_as_such():
    """Nobody takes the days of a year whose transfers are not decreed for certain."""
    assert CALENDAR.decreed(2026)
    assert not CALENDAR.decreed(CALENDAR.last_decreed_year + 1)


def test_before_the_present_list_of_holidays_there_is_no_calendar():
    """A year under other holidays is refused, not guessed."""
    with pytest.raises(ScheduleError, match="begins with 2013"):
        CALENDAR.day(date(2012, 12, 31))

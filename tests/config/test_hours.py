"""Opening hours of lines: days, moved days, special days, zones; and what is wrong about them."""

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from config.errors import ConfigErrors
from config.hours import SpecialDay, working_time
from config.load import load_config
from tests.config.sample import ENVIRON, SAMPLE, written

UDM = ("mon-thu 08:30-17:30", "fri 08:30-16:30")
SAMARA = "Europe/Samara"


def at(text: str, zone: str = SAMARA) -> float:
    """Return a local time as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def is_open(when: str, hours=UDM, zone: str = SAMARA, **how) -> bool:
    """Tell whether a line of these hours is open at a local time."""
    given = {"days": "production", "special": ()} | how
    return working_time(hours, zone=zone, **given).is_open(at(when, zone))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2024-04-25T08:29:59", False),  # a Thursday
        ("2024-04-25T08:30", True),
        ("2024-04-25T17:29:59", True),
        ("2024-04-25T17:30", False),
        ("2024-04-26T16:29:59", True),  # a Friday
        ("2024-04-26T16:30", False),
        ("2024-04-27T17:00", True),  # D5: a Saturday worked for Monday 29 April, by Monday's hours
        ("2024-04-28T12:00", False),  # a Sunday
        ("2024-04-29T12:00", False),  # the Monday that it was worked for
        ("2024-05-09T12:00", False),  # a public holiday
        ("2024-05-08T16:00", True),  # the eve of one: an hour shorter
        ("2024-05-08T16:30", False),
    ],
)
def test_hours_follow_the_production_calendar(when, expected):
    """UDM 5.3: Monday to Thursday 8:30 to 17:30, Friday to 16:30, with the moved days of the year."""
    assert is_open(when) is expected


def test_each_site_has_its_own_zone():
    """8:30 in Yuzhno-Sakhalinsk is no time of day in Moscow."""
    hours = ("mon-fri 09:00-18:00",)
    assert is_open("2026-11-20T09:00", hours, "Asia/Sakhalin")
    assert working_time(hours, days="production", special=(), zone="Asia/Sakhalin").is_open(
        at("2026-11-20T01:00", "Europe/Moscow")
    )


@pytest.mark.parametrize(
    ("special", "when", "expected"),
    [
        ({"like": "off"}, "12:00", False),
        ({"like": "short"}, "16:45", False),
        ({"hours": ["10:00-12:00"]}, "11:00", True),
        ({"hours": ["10:00-12:00"]}, "13:00", False),
    ],
)
@pytest.mark.parametrize("days", ["production", "every"])
def test_the_site_has_its_own_days(special, when, expected, days):
    """A regional holiday, a short day, hours of one date: against the calendar, and where no calendar applies."""
    day = SpecialDay.model_validate({"date": "2026-11-19", **special})
    assert is_open(f"2026-11-19T{when}", days=days, special=(day,)) is expected


def test_a_sunday_that_is_worked_after_all():
    """The site works a day off, by Friday's hours."""
    day = SpecialDay.model_validate({"date": "2026-11-22", "like": "working"})
    assert is_open("2026-11-22T16:00", special=(day,))
    assert not is_open("2026-11-22T16:30", special=(day,))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-21T13:59", True),  # a Saturday
        ("2026-11-21T14:00", False),
        ("2026-11-22T12:00", False),  # a Sunday, of which the hours say nothing
        ("2026-01-03T12:00", False),  # a Saturday that is a public holiday
        ("2026-03-07T12:59", True),  # the eve of 8 March: an hour shorter
        ("2026-03-07T13:00", False),
        ("2024-04-27T17:59", True),  # a Saturday worked for Monday 29 April
    ],
)
def test_a_saturday_that_the_hours_name_is_worked(when, expected):
    """A clinic is open on Saturdays, though the calendar's week has five days; holidays and moved days stay off."""
    assert is_open(when, ("mon-fri 08:00-18:00", "sat 09:00-14:00")) is expected


def test_a_saturday_off_by_the_sites_own_word_is_off():
    """A special day counts for more than the hours."""
    day = SpecialDay.model_validate({"date": "2026-11-21", "like": "off"})
    assert not is_open("2026-11-21T12:00", ("mon-fri 08:00-18:00", "sat 09:00-14:00"), special=(day,))


def test_every_day_knows_no_days_off():
    """A line that works on public holidays does."""
    assert is_open("2027-01-01T12:00", ("mon-sun 08:00-20:00",), days="every")
    assert not is_open("2027-01-01T12:00", ("mon-sun 08:00-20:00",))


def test_changes_come_in_order_and_midnight_is_none():
    """Round the clock but for Sunday: one stretch from Monday 0:00 to Saturday 24:00."""
    work = working_time(("mon-sat 00:00-24:00",), days="every", special=(), zone=SAMARA)
    changes = list(islice(work.changes(at("2026-11-18T12:00"), 21), 3))
    assert changes == [at("2026-11-22T00:00"), at("2026-11-23T00:00"), at("2026-11-29T00:00")]


def test_no_hours_are_round_the_clock():
    """A line that names no hours has no working time to speak of."""
    assert working_time((), days="production", special=(), zone=SAMARA) is None


@pytest.mark.parametrize(
    ("line", "more", "told"),
    [
        ('hours = ["mon-fri 08:30-17:00"]', "", "line[1].hours"),
        ('hours = ["mon-fri 17:00-08:30"]\nat_closed = "sorry"', "", "line[1].hours[1]"),
        ('hours = ["mon-fri 08:30-17:00", "fri 16:00-18:00"]\nat_closed = "sorry"', "", "line[1].hours"),
        ('hours = ["mon-fri 08:30-17:00"]\nat_closed = "sory"', "", "line[1].at_closed"),
        ('hours = ["mon-fri 08:30-17:00"]\nat_closed = "sorry"\nat_close = "now"', "", "line[1].at_close"),
        ("", '[[special_day]]\ndate = 2026-12-31\nlike = "off"\nlines = ["nowhere"]', "special_day[1].lines"),
        ("", "[[special_day]]\ndate = 2026-12-31", "special_day[1].date"),
        ("", '[[special_day]]\ndate = 2026-12-31\nhours = ["12:00-10:00"]', "special_day[1].hours[1]"),
        ("", '[[special_day]]\ndate = 2026-12-31\nhours = ["10:00-14:00", "12:00-16:00"]', "special_day[1].hours"),
        (
            "",
            '[[special_day]]\ndate = 2026-12-31\nlike = "off"\n[[special_day]]\ndate = 2026-12-31\nlike = "short"',
            "special_day[2].date",
        ),
    ],
)
def test_what_contradicts_itself_is_told(tmp_path, line, more, told):
    """Hours that lead nowhere, overlap or end before they begin; special days that say two things or nothing."""
    numbers = 'numbers = ["122", "+78452000122"]'
    without_profile = SAMPLE.replace('profile = "saratov-122"\n', "")
    with pytest.raises(ConfigErrors) as errors:
        load_config(written(tmp_path, without_profile.replace(numbers, f"{numbers}\n{line}") + more), ENVIRON)
    assert told in [mistake.key for mistake in errors.value.mistakes]

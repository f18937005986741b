"""Days, months and hours are those of the calendar on the wall, wherever and whenever clocks change."""

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.errors import ReportError
from metrics.reports.periods import Interval, days, interval_of, intervals, month, parse_period, quarter

SARATOV = ZoneInfo("Europe/Saratov")
BERLIN = ZoneInfo("Europe/Berlin")
"""A zone whose clocks change; Saratov's did last in 2016."""

KATHMANDU = ZoneInfo("Asia/Kathmandu")
"""A zone that is a quarter of an hour off the half hours."""


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_on_which_clocks_change_has_its_true_length(day: date, hours: int) -> None:
    """23 hours in March, 25 in October, each hour of them an interval of its own."""
    period = days(day, day, BERLIN)
    parts = list(intervals(period, Interval.HOUR))
    assert (period.end - period.start) / 3600 == hours
    assert len(parts) == hours


def test_the_year_saratov_changed_its_zone() -> None:
    """On 4 December 2016 Saratov went from UTC+3 to UTC+4 for good: that day has 23 hours."""
    period = days(date(2016, 12, 4), date(2016, 12, 4), SARATOV)
    assert period.end - period.start == 23 * 3600


@settings(deadline=None)  # how long a machine under load takes is no property of periods
@given(
    zone=st.sampled_from([SARATOV, BERLIN, KATHMANDU]),
    first=st.dates(date(2015, 1, 1), date(2030, 1, 1)),
    length=st.integers(1, 100),
    interval=st.sampled_from(list(Interval)),
)
def test_intervals_cover_a_period_without_gap_or_overlap(
    zone: ZoneInfo, first: date, length: int, interval: Interval
) -> None:
    """Whatever the zone: each interval begins where the one before ends, and holds the instants that it names."""
    period = days(first, date.fromordinal(first.toordinal() + length - 1), zone)
    parts = list(intervals(period, interval))
    assert parts[0].start == period.start
    assert parts[-1].end == period.end
    assert all(one.end == other.start for one, other in pairwise(parts))
    for part in parts[:: max(1, len(parts) // 5)]:
        for at in (part.start, (part.start + part.end) / 2, part.end - 0.001):
            begin = interval_of(at, interval, zone).timestamp()
            assert max(begin, period.start) == part.start


def test_months_and_quarters_are_those_of_the_calendar() -> None:
    """February of a leap year, and the fourth quarter, from midnight to midnight."""
    february = month(2028, 2, SARATOV)
    assert (february.first(), february.last_day()) == (datetime(2028, 2, 1, tzinfo=SARATOV), date(2028, 2, 29))
    fourth = quarter(2026, 4, SARATOV)
    assert (fourth.first().date(), fourth.last_day()) == (date(2026, 10, 1), date(2026, 12, 31))


def test_what_people_type() -> None:
    """Dates include their last day; times are local unless they say otherwise."""
    whole = parse_period("2026-11-01", "2026-11-02", SARATOV)
    assert whole == days(date(2026, 11, 1), date(2026, 11, 2), SARATOV)
    shift = parse_period("2026-11-01T08:30", "2026-11-01T17:30", SARATOV)
    assert shift.end - shift.start == 9 * 3600
    assert parse_period("2026-11-01T04:30Z", "2026-11-01T13:30+00:00", SARATOV) == shift


@pytest.mark.parametrize(
    ("from_text", "to_text"), [("2026-11-02", "2026-11-01"), ("yesterday", "2026-11-01"), ("2026-13-01", "2026-12-01")]
)
def test_what_is_no_period_is_refused(from_text: str, to_text: str) -> None:
    """A period that ends before it begins, and texts that are no dates."""
    with pytest.raises(ReportError):
        parse_period(from_text, to_text, SARATOV)

"""Forecasts: kinds of day, weights, smoothing, and the error on weeks that were held out."""

import datetime as dates
from random import Random

import pytest

from acd.simulate.forecast import TooLittle, expected, held_out, kind_of
from acd.simulate.scenario import QUARTERS
from config.production_calendar import ProductionCalendar

CALENDAR = ProductionCalendar()
MONDAY = dates.date(2026, 9, 7)
OF_KIND = (200.0, 150.0, 140.0, 140.0, 120.0, 60.0, 30.0)


def quarters_of(kind: int, day_factor: float = 1.0) -> list[float]:
    """Return a day's calls: nobody at night, a high morning, a lower afternoon."""
    shape = [0.0 if place < 32 or place >= 80 else 2.0 if place < 48 else 1.0 for place in range(QUARTERS)]
    return [OF_KIND[kind] * day_factor * part / sum(shape) for part in shape]


def weeks(count: int, noise: float = 0.0) -> dict[dates.date, list[float]]:
    """Return so many weeks of records, each quarter off by some noise."""
    rng = Random(3)
    found = {}
    for offset in range(7 * count):
        day = MONDAY + dates.timedelta(days=offset)
        found[day] = [
            max(0.0, calls + rng.gauss(0.0, noise) * calls**0.5) for calls in quarters_of(kind_of(day, CALENDAR))
        ]
    return found


def test_days_are_of_the_kind_that_the_calendar_says():
    """An ordinary Wednesday, a holiday on a Wednesday, Saturday, Sunday."""
    days = (dates.date(2026, 11, 11), dates.date(2026, 11, 4), dates.date(2026, 11, 14), dates.date(2026, 11, 15))
    assert [kind_of(day, CALENDAR) for day in days] == [2, 6, 5, 6]


@pytest.mark.parametrize("day", [dates.date(2026, 11, 2), dates.date(2026, 11, 4), dates.date(2026, 11, 7)])
def test_what_always_was_will_be(day):
    """Without noise the day's sum is exactly that of its kind; the edges of the morning are smoothed."""
    found = expected(weeks(8), day, CALENDAR)
    kind = kind_of(day, CALENDAR)
    assert sum(found) == pytest.approx(OF_KIND[kind])
    assert found[40] == pytest.approx(quarters_of(kind)[40])
    assert found[31] > 0


def test_younger_weeks_count_for_more():
    """After a doubling the forecast lies nearer to the doubled week than to the one before it."""
    volumes = weeks(2)
    younger = MONDAY + dates.timedelta(days=7)
    volumes[younger] = quarters_of(0, day_factor=2.0)
    forecast = sum(expected(volumes, younger + dates.timedelta(days=7), CALENDAR))
    assert 1.5 * OF_KIND[0] < forecast < 2 * OF_KIND[0]


def test_held_out_weeks_tell_the_error():
    """Many weeks average their noise out: better than saying what was a week before, by day and by quarter."""
    errors = held_out(weeks(10, noise=1.0), CALENDAR)
    assert errors.days == 14
    assert 0 < errors.by_quarter < errors.naive_by_quarter
    assert errors.by_day < errors.by_quarter
    assert held_out(weeks(8), CALENDAR).by_day == pytest.approx(0.0, abs=1e-9)


def test_too_little_is_told():
    """No Sunday was ever seen, and no week before the held-out ones."""
    volumes = {MONDAY: quarters_of(0)}
    with pytest.raises(TooLittle, match="1 days"):
        expected(volumes, dates.date(2026, 9, 13), CALENDAR)
    assert held_out(volumes, CALENDAR) is None

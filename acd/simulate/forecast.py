"""How many calls are to be expected, from how many there were: by kind of day and quarter of an hour.

A day is of the kind of its weekday if the production calendar works it, and else of Saturday's or Sunday's: a holiday
on a Wednesday is a Sunday, a worked Saturday is the weekday whose rest it gave. What is expected of a quarter is the
mean of the same quarter on the days of the same kind, a week counting `FADING` of the next one, smoothed over its
neighbours. The error is that of forecasts of the last weeks from those before them, beside that of saying "as a week
before".
"""

import datetime as dates
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from acd.simulate.scenario import QUARTERS
from config.production_calendar import ProductionCalendar

FADING: Final = 0.8
HELD_OUT_WEEKS: Final = 2

_SATURDAY: Final = 5
_SUNDAY: Final = 6

Volumes = Mapping[dates.date, Sequence[float]]
"""By local day its calls in each quarter of an hour."""


class TooLittle(Exception):
    """The records do not reach far enough back."""

    def __init__(self, days: int) -> None:
        super().__init__(days)
        self.days = days

    def __str__(self) -> str:
        return f"{self.days} days of records, but every kind of day must have been there at least once"


@dataclass(frozen=True, slots=True)
class Errors:
    """How far forecasts of held-out days were off: sum of the differences / sum of the calls."""

    days: int
    by_day: float
    by_quarter: float
    naive_by_day: float
    """The same for "as on the same weekday a week before"."""
    naive_by_quarter: float


def kind_of(day: dates.date, calendar: ProductionCalendar) -> int:
    """Return the kind of a day: 0 to 4 for a worked Monday to Friday, 5 and 6 for days off."""
    worked = calendar.day(day)
    if worked is not None:
        return worked.like
    return _SATURDAY if day.weekday() == _SATURDAY else _SUNDAY


def expected(volumes: Volumes, wanted: dates.date, calendar: ProductionCalendar) -> list[float]:
    """Return the calls to be expected in each quarter of an hour of a day, from those of days before it.

    Raises:
        TooLittle: No day of that kind is among them.
    """
    kind = kind_of(wanted, calendar)
    weights = {
        day: FADING ** ((wanted - day).days / 7) for day in volumes if day < wanted and kind_of(day, calendar) == kind
    }
    total = sum(weights.values())
    if not total:
        raise TooLittle(len(volumes))
    mean = [sum(volumes[day][place] * weight for day, weight in weights.items()) / total for place in range(QUARTERS)]
    return _smoothed(mean)


def _smoothed(values: Sequence[float]) -> list[float]:
    """Return values with a half of each from its neighbours, their sum kept: a quarter of an hour is a small sample."""
    last = len(values) - 1
    return [
        values[max(0, place - 1)] / 4 + value / 2 + values[min(last, place + 1)] / 4
        for place, value in enumerate(values)
    ]


def held_out(volumes: Volumes, calendar: ProductionCalendar, weeks: int = HELD_OUT_WEEKS) -> Errors | None:
    """Return the errors on the last weeks, each day forecast from what was known a week before it at the latest.

    None where too little is left to forecast from.
    """
    days = sorted(volumes)[-7 * weeks :]
    sums = [0.0] * 5
    counted = 0
    for day in days:
        known = {known: found for known, found in volumes.items() if known <= day - dates.timedelta(days=7)}
        before = volumes.get(day - dates.timedelta(days=7))
        try:
            guess = expected(known, day, calendar)
        except TooLittle:
            continue
        if before is None:
            continue
        actual = volumes[day]
        counted += 1
        sums[0] += sum(actual)
        sums[1] += abs(sum(guess) - sum(actual))
        sums[2] += _off(guess, actual)
        sums[3] += abs(sum(before) - sum(actual))
        sums[4] += _off(before, actual)
    if not counted or not sums[0]:
        return None
    by_day, by_quarter, naive_by_day, naive_by_quarter = (each / sums[0] for each in sums[1:])
    return Errors(counted, by_day, by_quarter, naive_by_day, naive_by_quarter)


def _off(guess: Sequence[float], actual: Sequence[float]) -> float:
    return sum(abs(one - other) for one, other in zip(guess, actual, strict=True))

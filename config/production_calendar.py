"""The Russian production calendar: days off, moved days, working Saturdays, short days, and the site's own overrides.

Public holidays and the government's yearly transfers come from the `holidays` library. It does not carry short days;
they follow from the Labour Code: the working day right before a public holiday is an hour shorter (article 95), and a
day off that is worked takes the length of the day whose rest it gave (order of the Ministry of Health and Social
Development of 13.08.2009 no. 588n). A year that has no decree yet is counted without transfers; `decreed` tells which
those are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

import holidays
from holidays.constants import PUBLIC

from config.errors import ScheduleError
from config.worktime import WorkingDay

SATURDAY: Final = 5
PUBLIC_DAYS: Final = frozenset(
    {*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
)  # Labour Code, article 112, as in force since 2013: (month, day)


class DayOverride(StrEnum):
    """What the site says about one date, against the calendar: a regional holiday, a decree published late."""

    OFF = "off"
    WORKING = "working"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class ProductionCalendar:
    """Working days of Russia."""

    overrides: Mapping[date, DayOverride] = field(default_factory=dict)
    worked_weekend: frozenset[int] = frozenset()
    """Days of the weekend (Saturday 5, Sunday 6) that are worked: only holidays and moved days off are free then."""
    _public: holidays.HolidayBase = field(init=False, repr=False, compare=False)
    _stands_for: dict[int, dict[date, date]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_public", holidays.country_holidays("RU", categories=(PUBLIC,)))
        object.__setattr__(self, "_stands_for", {})

    @property
    def last_decreed_year(self) -> int:
        """The last year whose transfers are known."""
        return max(self._moves)

    def decreed(self, year: int) -> bool:
        """Return whether the year's transfers are known; if not, its moved days have to be given as overrides."""
        return year <= self.last_decreed_year

    def day(self, on: date) -> WorkingDay | None:
        """Return how the date is worked, None for a day off.

        Raises:
            ScheduleError: The date lies before 2013, when the list of public holidays was another.
        """
        if on.year < 2013:
            raise ScheduleError("production calendar", "begins with 2013")
        match self.overrides.get(on):
            case DayOverride.OFF:
                return None
            case DayOverride.WORKING:
                return WorkingDay(self._weekday(on))
            case DayOverride.SHORT:
                return WorkingDay(self._weekday(on), short=True)
            case None:
                pass
        if not self._public.is_working_day(on):
            own_day = on.weekday() in self.worked_weekend and on not in self._public
            return WorkingDay(on.weekday(), short=_is_public(on + timedelta(days=1))) if own_day else None
        stood_for = self._rests_given_by(on.year).get(on, on)
        return WorkingDay(self._weekday(stood_for), short=_is_public(stood_for + timedelta(days=1)))

    @property
    def _moves(self) -> Mapping[int, Any]:
        """The library's table of transfers: of a year one row or several, each (month, day, from month, from day)."""
        moves: Mapping[int, Any] = self._public.special_public_holidays
        return moves

    def _weekday(self, on: date) -> int:
        # A Saturday that is worked by a site's own decision has no day to stand for: Friday's hours, the shortest.
        return min(on.weekday(), SATURDAY - 1)

    def _rests_given_by(self, year: int) -> dict[date, date]:
        """Return, for each day off that is worked in the year, the day whose rest it gave."""
        known = self._stands_for.get(year)
        if known is None:
            moves = self._moves.get(year, ())
            rows = [moves] if moves and isinstance(moves[0], int) else moves
            known = {
                date(year, source[0], source[1]): date(year, to_month, to_day) for to_month, to_day, *source in rows
            }
            self._stands_for[year] = known
        return known


def _is_public(on: date) -> bool:
    return (on.month, on.day) in PUBLIC_DAYS

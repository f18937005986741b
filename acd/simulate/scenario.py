"""What the world around the engine is like, as it stands in a scenario's TOML file: who calls when, who works when.

The lines, their norms and the operators come from the site's configuration; a scenario adds only what no configuration
knows. A line that it does not name gets no calls. All times of day are those of the site's time zone.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from acd.simulate.durations import Constant, Duration, Lognormal
from acd.texts import Text
from config.errors import ConfigErrors, Mistake
from config.kinds import AnyName, LineText, OperatorNumber, Table
from config.messages import texts

_MISTAKES: Final = {
    "acd_time_of_day": Text("must be a time of day: 08:30", "должно быть временем суток: 08:30"),
    "acd_span": Text("must end after its beginning", "должно кончаться позже своего начала"),
    "acd_calls_count": Text("must be 24, 96 or 672 numbers", "должно быть 24, 96 или 672 числа"),
    "acd_weekdays_count": Text("must be 7 numbers", "должно быть 7 чисел"),
}

QUARTERS: Final = 96
"""Quarters of an hour in a day."""

Share = Annotated[float, Field(ge=0, le=1)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _mistake(kind: str) -> PydanticCustomError:
    return PydanticCustomError(kind, _MISTAKES[kind].en)


def _time_of_day(value: str) -> str:
    hours, _, minutes = value.partition(":")
    if not (len(value) == 5 and hours.isdecimal() and minutes.isdecimal()):
        raise _mistake("acd_time_of_day")
    if not (int(minutes) < 60 and int(hours) * 60 + int(minutes) <= 24 * 60):
        raise _mistake("acd_time_of_day")
    return value


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
"""`08:30`; `24:00` is the end of the day."""


def seconds_of(time: str) -> float:
    """Return the seconds from midnight to a time of day."""
    hours, _, minutes = time.partition(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


class Redial(Table):
    """What callers do who were not spoken to."""

    share: Share
    """So many of them call again."""
    after: Duration
    """How long after they had left."""
    times: Annotated[int, Field(ge=1, le=50)] = 3
    """So often at most."""


class Traffic(Table):
    """Calls of one line."""

    line: AnyName | None = None
    """None: the first line of the configuration."""
    calls: tuple[Annotated[float, Field(ge=0, le=1e6)], ...]
    """Expected calls: 24 numbers by hour, 96 by quarter of an hour, or 672 for a week from Monday 00:00 on."""
    weekdays: tuple[Annotated[float, Field(ge=0, le=100)], ...] = (1.0,) * 7
    """Factors from Monday to Sunday, for a day of 24 or 96 numbers."""
    factor: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """Multiplies all of it: 2 is an epidemic doubling."""
    talk: Duration = Lognormal(kind="lognormal", mean_s=180.0, cv=0.9)
    wrap_up: Duration | None = None
    """How long the operator needs after the call. None: the configuration's time, all of it."""
    patience: Duration | None = None
    """How long callers wait before they leave; None: for ever."""
    redial: Redial | None = None
    greeting_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Length of the line's greeting."""
    broken_share: Share = 0.0
    """Talks that the network breaks off, at a moment that nobody chose."""

    @model_validator(mode="after")
    def _numbers_fit(self) -> Self:
        if len(self.calls) not in (24, QUARTERS, 7 * QUARTERS):
            raise _mistake("acd_calls_count")
        if len(self.weekdays) != 7:
            raise _mistake("acd_weekdays_count")
        return self

    def expected(self, weekday: int, quarter: int) -> float:
        """Return the expected calls of a quarter of an hour; Monday is 0."""
        if len(self.calls) == 7 * QUARTERS:
            return self.calls[weekday * QUARTERS + quarter] * self.factor
        of_day = self.calls[quarter] if len(self.calls) == QUARTERS else self.calls[quarter // 4] / 4
        return of_day * self.weekdays[weekday] * self.factor


class Pause(Table):
    """A planned pause of a shift, which its operators take one after another."""

    at: TimeOfDay
    minutes: Annotated[float, Field(gt=0, le=600)]
    reason: AnyName = "break"
    over_minutes: Annotated[float, Field(ge=0, le=600)] = 0.0
    """The beginnings are spread evenly over so many minutes from `at` on; 0: all at once."""


class Breaks(Table):
    """Pauses that come as they come."""

    every: Duration
    lasting: Duration
    reason: AnyName = "break"


class Shift(Table):
    """Operators who work the same hours."""

    operators: Annotated[int, Field(ge=1, le=5000)] | tuple[OperatorNumber, ...]
    """Their numbers, or how many: then the next of the configuration that no shift has named, and as many more like
    the last one as are wanted."""
    days: tuple[Weekday, ...] = WEEKDAYS
    begin: TimeOfDay = "00:00"
    end: TimeOfDay = "24:00"
    late_minutes: Annotated[float, Field(ge=0, le=120)] = 0.0
    """Each comes up to so much later than the shift begins."""
    pauses: tuple[Pause, ...] = ()
    breaks: Breaks | None = None

    @model_validator(mode="after")
    def _ends_after_its_beginning(self) -> Self:
        if seconds_of(self.end) <= seconds_of(self.begin):
            raise _mistake("acd_span")
        return self


class Telephones(Table):
    """How operators' telephones and their owners take offers."""

    answer: Duration = Lognormal(kind="lognormal", mean_s=3.0, cv=0.6)
    """From the ring to the answer; longer than the line rings is no answer."""
    no_answer_share: Share = 0.0
    """Offers that nobody picks up."""
    busy_share: Share = 0.0
    unreachable_share: Share = 0.0
    back_after: Duration = Constant(mean_s=120.0)
    """After how long somebody whom missed offers have paused comes back."""


class CallBacks(Table):
    """How people take call-backs, for the book of call-backs; without this table no call is called back."""

    answered_share: Share = 0.7
    """Calls back that are answered."""
    rings: Duration = Lognormal(kind="lognormal", mean_s=12.0, cv=0.6)
    """From dialling to the answer; an unanswered one rings as long as the policy says."""
    attempts: Annotated[int, Field(ge=2, le=10)] | None = None
    """Attempts for a break; as the line's configuration says if not given."""
    after_leaving: bool | None = None
    """Whether who left the line unserved is called back too; as the line's configuration says if not given."""


class Scenario(Table):
    """One scenario."""

    title: LineText | None = None
    title_ru: LineText | None = None
    first_day: date = date(2026, 11, 23)
    days: Annotated[int, Field(ge=1, le=92)] = 1
    begin: TimeOfDay = "00:00"
    """Of the first day: no calls before."""
    end: TimeOfDay = "24:00"
    """Of the last day: no calls after; those inside are served to their end."""
    count_from: TimeOfDay | None = None
    """Calls of the first day that come before this warm the line up and are not counted."""
    traffic: tuple[Traffic, ...] = Field(min_length=1)
    shift: tuple[Shift, ...] = ()
    """None given: every operator of the configuration, all the time."""
    telephones: Telephones = Telephones()
    call_backs: CallBacks | None = None

    @model_validator(mode="after")
    def _a_span(self) -> Self:
        first = seconds_of(self.count_from or self.begin)
        if first < seconds_of(self.begin) or (self.days - 1) * 86400.0 + seconds_of(self.end) <= first:
            raise _mistake("acd_span")
        return self


def ready_names() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the product."""
    found = (entry.name for entry in files("acd.simulate").joinpath("scenarios").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load_scenario(name: str) -> Scenario:
    """Return a ready scenario by its name, or the one in the file of this path.

    Raises:
        ConfigErrors: It cannot be read or has mistakes; all of them.
    """
    path = Path(name)
    if name in ready_names():
        source = files("acd.simulate").joinpath("scenarios", f"{name}.toml")
        return parse_scenario(source.read_text(encoding="utf-8"), Path(f"{name}.toml"))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigErrors((_told(path, "", "acd_unreadable", {"why": str(error)}),)) from error
    return parse_scenario(text, path)


def parse_scenario(text: str, path: Path) -> Scenario:
    """Return the scenario that a TOML text describes; `path` names it in what is told of mistakes.

    Raises:
        ConfigErrors: It has mistakes; all of them.
    """
    try:
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors((_told(path, "", "acd_toml", {"why": str(error)}),)) from error
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise ConfigErrors(
            tuple(_told(path, _key(each["loc"]), each["type"], each.get("ctx", {}), each["msg"]) for each in found)
        ) from None


def _key(location: tuple[int | str, ...]) -> str:
    """Return the place in the file as `traffic[1].talk.mean_s`, counted from 1; the kind of a table is no key."""
    kinds = {"constant", "exponential", "lognormal", "gamma", "empirical", "int", "tuple[OperatorNumber, ...]"}
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part + 1}]"
        elif part not in kinds:
            key += f".{part}" if key else part
    return key


def _told(path: Path, key: str, kind: str, context: Mapping[str, object], otherwise: str = "") -> Mistake:
    own = _MISTAKES.get(kind)
    told = (own.en, own.ru) if own is not None else texts(kind, context, otherwise)
    return Mistake(path, key, *told)

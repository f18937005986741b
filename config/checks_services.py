"""What must agree in the tables of a service's life: its hours, what is said, who takes messages."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from config.breach import BUILT_IN_DESTINATIONS, Breach, unknown
from config.errors import ScheduleError
from config.model import Config

SERVE: Final = "serve"
"""What a line does at closing that lets those who wait stay."""


def hours(config: Config) -> Iterator[Breach]:
    """A line that closes says where its callers go; its hours agree with each other."""
    destinations = (*BUILT_IN_DESTINATIONS, *(destination.name for destination in config.destinations))
    for index, line in enumerate(config.lines):
        if line.at_closed is not None:
            yield from unknown(("line", index, "at_closed"), "acd_unknown_destination", line.at_closed, destinations)
        elif line.hours and not any(rule.when == "closed" for rule in line.on_join):
            yield Breach(("line", index, "hours"), "acd_hours_nowhere")
        if line.at_close != SERVE:
            yield from unknown(("line", index, "at_close"), "acd_unknown_destination", line.at_close, destinations)
        try:
            config.working_time(line)
        except ScheduleError:
            yield Breach(("line", index, "hours"), "acd_hours_overlap")


def special_days(config: Config) -> Iterator[Breach]:
    """Special days name lines that exist, and each date once for a line."""
    lines = [line.name for line in config.lines]
    for index, day in enumerate(config.special_days):
        for name in day.lines:
            yield from unknown(("special_day", index, "lines"), "acd_unknown_line", name, lines)
    taken: dict[tuple[date, str], int] = {}
    for index, day in enumerate(config.special_days):
        for name in day.lines or lines:
            first = taken.setdefault((day.date, name), index)
            if first != index:
                context = {"what": day.date.isoformat(), "other": f"special_day[{first + 1}].date"}
                yield Breach(("special_day", index, "date"), "acd_twice", context)
                break

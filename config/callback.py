"""Call-backs of a line: what counts as a break, how soon and how often somebody is called, and whom we never dial.

A line without this table has no call-backs. What a number is dialled as, and the form of a number, are decided in
`acd/numbers.py`; what follows from these values in the package `callback`.
"""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from config.hours import MINUTES_PER_WEEK, Hours, local_minutes
from config.kinds import AnyName, Number, Sound, Table

Seconds = Annotated[float, Field(gt=0, le=86400)]
SecondsOrNone = Annotated[float, Field(ge=0, le=86400)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Prefix = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,14}$")]

BreakName = Literal[
    "connection_lost",
    "operator_lost",
    "system_failed",
    "short_talk",
    "reported",
    "left_line",
]


class Callback(Table):
    """The call-backs of one line."""

    trunk: AnyName
    """Where the numbers are dialled; a trunk with an address."""
    caller_id: Number | None = None
    """What the called person sees; the line's first number if it is not given."""
    dial_as: Literal["e164", "digits", "national"] = "e164"
    """How the trunk wants a number: `+78452123456`, `78452123456`, or in Russia `88452123456`."""
    channels: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """So many calls may go out at once, over all lines; the smallest that a line names counts. None: no limit."""
    breaks: tuple[BreakName, ...] = (
        "connection_lost",
        "operator_lost",
        "system_failed",
        "short_talk",
        "reported",
        "left_line",
    )
    """Kinds of break that are called back."""
    short_talk_s: SecondsOrNone = 10.0
    min_wait_s: SecondsOrNone = 10.0
    report_within_s: SecondsOrNone = 120.0
    mode: Literal["same_operator", "first_free"] = "same_operator"
    same_operator_s: SecondsOrNone = 4.0
    booked_operator_s: SecondsOrNone = 300.0
    first_leg: Literal["operator", "caller"] = "operator"
    first_attempt_s: Annotated[float, Field(gt=3, le=86400)] = 15.0
    """From the break to the start of the first attempt at most."""
    dial_margin_s: SecondsOrNone = 3.0
    min_attempts: Annotated[int, Field(ge=1, le=100)] = 2
    attempts: Annotated[int, Field(ge=1, le=100)] = 2
    after_busy_s: SecondsOrNone = 60.0
    """How long after a failed attempt the next one may start, by what became of it; so for the following."""
    after_no_answer_s: SecondsOrNone = 300.0
    after_unreachable_s: SecondsOrNone = 120.0
    after_refused_s: SecondsOrNone = 300.0
    after_left_s: SecondsOrNone = 120.0
    after_machine_s: SecondsOrNone = 900.0
    ring_s: Annotated[float, Field(ge=1, le=300)] = 40.0
    operator_ring_s: Annotated[float, Field(ge=1, le=300)] = 10.0
    outcome_within_s: SecondsOrNone = 30.0
    give_up_after_s: Annotated[float, Field(gt=15, le=604800)] = 86_400.0
    hours: tuple[Hours, ...] = ()
    """When later attempts may be made and wishes from the web are met; empty: at any time. A first attempt after a
    break asks nobody for the time."""
    permitted_prefixes: tuple[Prefix, ...] = Field(default=("+73", "+74", "+78", "+79"), min_length=1)
    forbidden_prefixes: tuple[Prefix, ...] = tuple(f"+780{digit}" for digit in range(1, 10))
    max_per_number_day: Count = 6
    max_per_hour: Count = 600
    max_per_person_hour: Count = 30
    """Call-backs that one operator may ask for in any hour."""
    max_open: Count = 5_000
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    confirm: bool = True
    """Whether a caller who presses the key hears his number and confirms it by a second press."""
    say_confirm: tuple[Sound, ...] = ("vm-press", "digits/1", "vm-tocallnum")
    """Before his number."""
    say_booked: Sound = "auth-thankyou"
    """What a caller hears who has exchanged the wait for a call."""
    say_refused: Sound = "pbx-invalid"
    """What a caller hears whose number cannot be called."""


def permitted_minutes(hours: tuple[str, ...], time_zone: str, at: float) -> tuple[tuple[int, int], ...]:
    """Return the hours as intervals in minutes since Monday 00:00 UTC, sorted and joined; none for none.

    Args:
        hours: As in the file.
        time_zone: The site's.
        at: An instant; the zone's distance from UTC is that of this instant.
    """
    offset = datetime.fromtimestamp(at, ZoneInfo(time_zone)).utcoffset()
    shift = 0 if offset is None else round(offset.total_seconds() / 60)
    cut: list[tuple[int, int]] = []
    for text in hours:
        for local_start, local_end in local_minutes(text):
            start = (local_start - shift) % MINUTES_PER_WEEK
            end = start + local_end - local_start
            cut.append((start, min(end, MINUTES_PER_WEEK)))
            if end > MINUTES_PER_WEEK:
                cut.append((0, end - MINUTES_PER_WEEK))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(cut):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)

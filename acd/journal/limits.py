"""Time limits of appeals: by which clock they run and when each falls due.

KEM 5.8 gives four urgencies with a time to register and a time to resolve, without saying which clock runs. Read as
hours on the wall or as open hours the table contradicts either KEM 5.3 (work is done 8:30 to 17:00 on working days
only) or itself (1.5 weeks of work are fewer open hours than 120). The reading under which all of it holds: a
registration runs in open hours; of a resolution 24 hours are one working day, so 24/72/120 hours and 1.5 weeks are 1,
3, 5 and 7.5 working days. Each limit names its rule, reports print it, and a site may choose another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, assert_never

from acd.journal.errors import ProfileError
from config.worktime import WorkTime
from queue_engine.ids import Instant

HOUR_S: Final = 3600.0


class Urgency(StrEnum):
    """How much a request stops (KEM 5.8)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very_high"


class LimitRule(StrEnum):
    """Which clock a limit runs by."""

    OFFICE_HOURS = "office_hours"
    """`amount` hours in which the office is open."""
    WORKING_DAYS = "working_days"
    """`amount` working days, each spread over its open time."""
    THROUGH_WORKING_DAY = "through_working_day"
    """To the end of the `amount`-th working day after the day of the event."""
    CALENDAR_HOURS = "calendar_hours"
    """`amount` hours on the wall."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit."""

    rule: LimitRule
    amount: float
    """Hours or days, as the rule says."""
    source: str
    """The section of the regulation."""

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ProfileError(f"limit by {self.source}", "must be above 0")
        if self.rule is LimitRule.THROUGH_WORKING_DAY and self.amount != int(self.amount):
            raise ProfileError(f"limit by {self.source}", "counts whole days")

    def due(self, work: WorkTime, start: Instant) -> Instant:
        """Return when the limit, running from `start`, falls due."""
        match self.rule:
            case LimitRule.OFFICE_HOURS:
                return work.after_office_s(start, self.amount * HOUR_S)
            case LimitRule.WORKING_DAYS:
                return work.after_days(start, self.amount)
            case LimitRule.THROUGH_WORKING_DAY:
                return work.end_of_working_day(start, int(self.amount))
            case LimitRule.CALENDAR_HOURS:
                return Instant(start + self.amount * HOUR_S)
        assert_never(self.rule)

    def warn(self, work: WorkTime, start: Instant, share: float) -> Instant:
        """Return when to warn that the limit is about to break: after `share` of it, by the same clock."""
        if self.rule is LimitRule.THROUGH_WORKING_DAY:
            due = self.due(work, start)
            return work.after_office_s(start, work.worked_s(start, due) * share)
        return Limit(self.rule, self.amount * share, self.source).due(work, start)


@dataclass(frozen=True, slots=True)
class LimitTable:
    """All time limits of a service. What a regulation does not limit is absent."""

    register: Mapping[Urgency, Limit] = field(default_factory=dict)
    """From the opening of the card to its registration."""
    resolve: Mapping[Urgency, Limit] = field(default_factory=dict)
    """From the opening of the card to its completion: the stricter of the two possible beginnings."""
    feedback: Limit | None = None
    """From handing over to a clinic to the result (SAH 4.2)."""
    reopen: Limit | None = None
    """From completion to closing for good; None: a finished card is never closed by time."""
    warn_share: float = 0.8
    """A breach is announced ahead after this share of a limit."""

    def __post_init__(self) -> None:
        if not 0 < self.warn_share < 1:
            raise ProfileError("limits", "warn_share must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Due:
    """When one limit of one card is announced and breaks."""

    warn_at: Instant
    due_at: Instant


def due_of(limit: Limit | None, work: WorkTime, start: Instant, warn_share: float) -> Due | None:
    """Return both instants of a limit that runs from `start`; None where nothing is limited."""
    if limit is None:
        return None
    return Due(limit.warn(work, start, warn_share), limit.due(work, start))


KEM_REGISTER: Final[Mapping[Urgency, Limit]] = {
    Urgency.LOW: Limit(LimitRule.OFFICE_HOURS, 8, "KEM 5.8"),
    Urgency.MEDIUM: Limit(LimitRule.OFFICE_HOURS, 6, "KEM 5.8"),
    Urgency.HIGH: Limit(LimitRule.OFFICE_HOURS, 2, "KEM 5.8"),
    Urgency.VERY_HIGH: Limit(LimitRule.OFFICE_HOURS, 0.5, "KEM 5.8"),
}
KEM_RESOLVE: Final[Mapping[Urgency, Limit]] = {
    Urgency.LOW: Limit(LimitRule.WORKING_DAYS, 7.5, "KEM 5.8"),  # 1.5 weeks
    Urgency.MEDIUM: Limit(LimitRule.WORKING_DAYS, 5, "KEM 5.8"),  # 120 hours
    Urgency.HIGH: Limit(LimitRule.WORKING_DAYS, 3, "KEM 5.8"),  # 72 hours
    Urgency.VERY_HIGH: Limit(LimitRule.WORKING_DAYS, 1, "KEM 5.8"),  # 24 hours
}

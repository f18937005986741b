"""What each of the five regulations asks of its journal: states, holders, limits, opening hours. Tables, no decisions.

A site chooses a profile by name and may replace parts of it with `dataclasses.replace`.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Final

from acd.journal.errors import ProfileError
from acd.journal.limits import KEM_REGISTER, KEM_RESOLVE, Limit, LimitRule, LimitTable, Urgency
from acd.journal.states import CardTrigger, Holder
from config.hours import schedule_of
from config.profile import load_profile
from config.worktime import WorkSchedule

ROUND_THE_CLOCK: Final = ("mon-sun 00:00-24:00",)


def _schedule(name: str) -> WorkSchedule:
    """Return the hours of a service's lines: its office has the same."""
    return schedule_of(load_profile(name).line_values().get("hours", ROUND_THE_CLOCK))


@dataclass(frozen=True, slots=True)
class JournalProfile:
    """The journal of one service."""

    name: str
    prefix: str
    """Begins every card number: see `numbers`."""
    zone: str
    """IANA name of the site's time zone."""
    schedule: WorkSchedule
    limits: LimitTable
    holders: Set[Holder]
    """Who a card can be handed over to."""
    forbidden: Set[CardTrigger] = frozenset()
    """Triggers that the regulation does not know; nobody may fire them."""
    days_off: bool = True
    """False: the service works every day and the production calendar does not apply."""
    anonymous_is_noted_only: bool = False
    """An anonymous appeal is taken to notice and not answered (SAR 4.5)."""

    def __post_init__(self) -> None:
        if Holder.CENTRE in self.holders:
            raise ProfileError(f"profile {self.name}", "a card is not handed over to the centre but taken back")
        if (self.limits.reopen is None) != (CardTrigger.REOPEN in self.forbidden):
            raise ProfileError(f"profile {self.name}", "reopening needs a limit, and a limit needs reopening")


_REOPEN_AS_KEM: Final = Limit(LimitRule.THROUGH_WORKING_DAY, 3, "KEM 5.11")
_NO_REOPENING: Final = frozenset({CardTrigger.REOPEN, CardTrigger.REOPENING_OVER})
_ANSWER_BY_LAW: Final = Limit(LimitRule.CALENDAR_HOURS, 30 * 24, "UDM 1.1: 59-FZ, article 12, 30 days")

PROFILES: Final[Mapping[str, JournalProfile]] = {
    profile.name: profile
    for profile in (
        JournalProfile(
            name="saratov-122",
            prefix="122",
            zone=load_profile("saratov-122").time_zone,
            schedule=_schedule("saratov-122"),  # SAR 1.5 leaves the hours to the site
            days_off=False,
            limits=LimitTable(),
            holders=frozenset({Holder.SECOND_LINE, Holder.CLINIC, Holder.MINISTRY}),  # SAR 4.6
            forbidden=_NO_REOPENING,
            anonymous_is_noted_only=True,
        ),
        JournalProfile(
            name="sakhalin-1300",
            prefix="1300",
            zone=load_profile("sakhalin-1300").time_zone,
            schedule=_schedule("sakhalin-1300"),
            limits=LimitTable(feedback=Limit(LimitRule.WORKING_DAYS, 2, "SAH 4.2")),
            holders=frozenset({Holder.SECOND_LINE, Holder.CLINIC, Holder.MINISTRY}),  # SAH 3.2, 4.2
            forbidden=_NO_REOPENING,
        ),
        JournalProfile(
            name="udmurtia-oms",
            prefix="oms",
            zone=load_profile("udmurtia-oms").time_zone,
            schedule=_schedule("udmurtia-oms"),
            limits=LimitTable(resolve=dict.fromkeys(Urgency, _ANSWER_BY_LAW)),
            holders=frozenset({Holder.SECOND_LINE, Holder.INSURER}),  # UDM 5.5
            forbidden=_NO_REOPENING,
        ),
        JournalProfile(
            name="kemerovo-support",
            prefix="kem",
            zone=load_profile("kemerovo-support").time_zone,
            schedule=_schedule("kemerovo-support"),
            limits=LimitTable(register=KEM_REGISTER, resolve=KEM_RESOLVE, reopen=_REOPEN_AS_KEM),
            holders=frozenset({Holder.SECOND_LINE, Holder.THIRD_LINE}),  # KEM 5.2
        ),
        JournalProfile(
            name="vladimir-clinic",
            prefix="vla",
            zone=load_profile("vladimir-clinic").time_zone,
            schedule=_schedule("vladimir-clinic"),
            limits=LimitTable(),
            holders=frozenset({Holder.SECOND_LINE, Holder.CLINIC}),  # VLA 1.7, 3.3
            forbidden=_NO_REOPENING,
        ),
    )
}

"""Time limits by the regulations."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.journal.errors import ProfileError
from acd.journal.limits import Due, Limit, LimitRule, LimitTable, Urgency, due_of
from acd.journal.profiles import PROFILES
from acd.journal.states import CardTrigger, Holder
from config.production_calendar import ProductionCalendar
from config.worktime import WorkTime

KEM = PROFILES["kemerovo-support"]
ZONE = ZoneInfo(KEM.zone)
WORK = WorkTime(ProductionCalendar(), KEM.schedule, ZONE)


def at(text):
    """Return the instant of a wall time in Kemerovo."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def wall(instant):
    """Return the wall time in Kemerovo of an instant."""
    return datetime.fromtimestamp(instant, ZONE).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("urgency", "register", "resolve"),
    [
        (Urgency.LOW, "2026-11-17 09:30", "2026-11-25 14:15"),  # 8 h: half an hour of the next day; 1.5 weeks
        (Urgency.MEDIUM, "2026-11-16 16:00", "2026-11-23 10:00"),
        (Urgency.HIGH, "2026-11-16 12:00", "2026-11-19 10:00"),
        (Urgency.VERY_HIGH, "2026-11-16 10:30", "2026-11-17 10:00"),
    ],
)
def test_kemerovos_four_urgencies(urgency, register, resolve):
    """KEM 5.8, for a request of Monday 16 November 2026, 10:00."""
    start = at("2026-11-16 10:00")
    assert wall(KEM.limits.register[urgency].due(WORK, start)) == register
    assert wall(KEM.limits.resolve[urgency].due(WORK, start)) == resolve


def test_the_more_urgent_is_due_sooner():
    """KEM 5.8 is one order of urgencies: the reading of its hours must not turn it round."""
    start = at("2026-11-02 15:00")
    for table in (KEM.limits.register, KEM.limits.resolve):
        dues = [table[urgency].due(WORK, start) for urgency in Urgency]
        assert dues == sorted(dues, reverse=True)
        assert len(set(dues)) == len(dues)


def test_reopening_is_possible_through_the_third_working_day():
    """KEM 5.11: finished on Friday, open to disagreement until the close of Wednesday."""
    assert wall(KEM.limits.reopen.due(WORK, at("2026-11-20 12:00"))) == "2026-11-25 17:00"


def test_sakhalins_clinics_have_two_working_days():
    """SAH 4.2: a complaint that reached the clinic on Friday is answered by Tuesday, same time."""
    profile = PROFILES["sakhalin-1300"]
    zone = ZoneInfo(profile.zone)
    work = WorkTime(ProductionCalendar(), profile.schedule, zone)
    start = datetime(2026, 11, 20, 11, tzinfo=zone).timestamp()
    assert (
        datetime.fromtimestamp(profile.limits.feedback.due(work, start), zone).isoformat(" ")[:16] == "2026-11-24 11:00"
    )


def test_the_warning_comes_before_the_breach_by_the_same_clock():
    """After four fifths of the limit, whichever rule it runs by."""
    start = at("2026-11-16 08:30")
    assert due_of(Limit(LimitRule.OFFICE_HOURS, 5, "x"), WORK, start, 0.8) == Due(
        at("2026-11-16 12:30"), at("2026-11-16 13:30")
    )
    assert due_of(Limit(LimitRule.CALENDAR_HOURS, 10, "x"), WORK, start, 0.8) == Due(start + 8 * 3600, start + 36000)
    assert wall(due_of(Limit(LimitRule.WORKING_DAYS, 5, "x"), WORK, start, 0.8).warn_at) == "2026-11-19 17:00"
    assert wall(due_of(Limit(LimitRule.THROUGH_WORKING_DAY, 1, "x"), WORK, start, 0.5).warn_at) == "2026-11-16 17:00"
    assert due_of(None, WORK, start, 0.8) is None


def test_limits_that_cannot_be_are_refused():
    """Nothing is due in no time, and terms to the end of a day count whole days."""
    with pytest.raises(ProfileError):
        Limit(LimitRule.OFFICE_HOURS, 0, "x")
    with pytest.raises(ProfileError):
        Limit(LimitRule.THROUGH_WORKING_DAY, 1.5, "x")
    with pytest.raises(ProfileError):
        LimitTable(warn_share=1.0)


def test_every_profile_names_a_zone_and_cites_its_limits():
    """Each limit says which section it comes from, each zone exists."""
    assert set(PROFILES) == {"saratov-122", "sakhalin-1300", "udmurtia-oms", "kemerovo-support", "vladimir-clinic"}
    for profile in PROFILES.values():
        ZoneInfo(profile.zone)
        table = profile.limits
        limits = [*table.register.values(), *table.resolve.values(), table.feedback, table.reopen]
        assert all(limit.source for limit in limits if limit is not None)


def test_a_profile_that_contradicts_itself_is_refused():
    """Reopening without a limit, a limit without reopening, and handing over to oneself are errors."""
    with pytest.raises(ProfileError):
        replace(KEM, holders=frozenset({Holder.CENTRE}))
    with pytest.raises(ProfileError):
        replace(KEM, forbidden=frozenset({CardTrigger.REOPEN}))
    with pytest.raises(ProfileError):
        replace(KEM, limits=LimitTable())

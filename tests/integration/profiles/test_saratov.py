"""SAR: the regional medical call centre 122 of the Saratov region, as its profile sets it up.

It answers round the clock until the institution's order gives hours (1.5), so it has neither a night nor days off of
its own; its voice messages come from callers at the maximum wait.
"""

import pytest

from metrics.norms import Norms
from tests.integration.profiles import shown
from tests.integration.profiles.scenarios import BROKEN, MAXIMUM_S, OVER_MAXIMUM, OVER_NORM, sent_away
from tests.integration.profiles.service import Days, Service

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SERVICE = Service(
    "saratov-122", "saratov", Days("2024-04-26T10:00", "2024-04-26T23:30", "2024-04-27T03:00"),
    busy="saratov-busy", closed="saratov-closed", round_the_clock=True, reached=False,
)  # fmt: skip
ORDERED_HOURS = 'hours = ["mon-fri 08:00-20:00", "sat 09:00-14:00"]\n'
"""As an order of the institution may give them (1.5)."""


async def test_sar_d1_a_call_is_answered_by_an_operator(centre, day):
    """SAR 4.1, 1.6: calls come to one number, 122, and are answered by operators."""
    assert centre.config.lines[0].numbers == ("122",)
    shown.in_hours(centre, day)


async def test_sar_d2_k1_a_wait_over_the_norm_is_answered_and_counts_against_the_share(centre, day):
    """SAR 5.1, 5.2: 60 seconds are the norm; the share of calls connected within it is that of these very calls."""
    shown.over_the_norm(centre, day, "101")
    visits = [visit for visits in day.visits.values() for visit in visits]
    met = [visit for visit in visits if visit["outcome"] == "answered" and visit["waited_s"] <= 1]
    assert day.visits[OVER_NORM][0] not in met
    share = day.indicators["K1"]
    assert share["value"]["value"] == pytest.approx(len(met) / len(visits), abs=1e-4)
    assert (share["norm"]["value"], share["verdict"]) == (0.9, False)


async def test_sar_d3_a_colleague_of_a_higher_level_takes_the_caller(centre, day):
    """SAR is silent, it passes cards on (4.6): the product hands on to operators of the site's own higher levels."""
    shown.handed_up(centre, day)


async def test_sar_d4_without_consent_nobody_is_handed_on_outside(day):
    """SAR is silent on telephone transfers outside: a destination for which the site asks consent is not dialled."""
    shown.not_outside_unasked(day)


async def test_sar_d4_with_consent_the_caller_is_handed_on_outside(centre, day):
    """SAR is silent: as the site's destination says, with the caller's consent."""
    shown.outside_with_consent(centre, day)


async def test_sar_d9_operators_are_shown_the_script(day):
    """SAR 3.4, 4.5: with what has to be said to whoever does not give a name."""
    assert day.script["script"] == "saratov-122"
    assert "анонимное" in day.script["text"]


async def test_sar_c1_c2_whoever_is_cut_off_is_called_back_in_time_and_twice(centre, day):
    """SAR 5.2: begun within 15 seconds by the operator, at least two attempts; the indicators say so."""
    shown.called_back(day, "given_up")
    assert day.call_back["reason"] == "attempts_made"
    callback = centre.config.lines[0].callback
    assert (callback.first_attempt_s, callback.min_attempts) == (15, 2)
    assert day.indicators["K5"]["value"]["value"] <= 15
    assert (day.indicators["K5"]["verdict"], day.indicators["K6"]["verdict"]) == (True, True)
    assert day.indicators["K6"]["value"]["value"] == 2
    assert day.visits[BROKEN][0]["call"] not in day.recordings


async def test_sar_d5_at_night_a_call_is_answered(centre, late):
    """SAR 1.5: without an order that gives hours there is no "out of hours"."""
    shown.answered(centre, late)


async def test_sar_d2_k7_nobody_waits_longer_than_the_maximum(centre, saturday):
    """SAR 5.1: 120 seconds are the maximum; whoever waits in vain is told and may leave a message."""
    shown.over_the_maximum(centre, saturday)
    limits = {"answered": MAXIMUM_S, "overflowed": MAXIMUM_S + Norms().leaving_s}
    over = [row["waited_s"] > limits[row["outcome"]] for row in (saturday.visit, saturday.over_maximum)]
    breaches = saturday.indicators["K7"]
    assert (breaches["value"]["value"], breaches["verdict"]) == (sum(over), not any(over))


async def test_sar_d5_on_a_working_saturday_a_call_is_answered(centre, saturday):
    """SAR 1.5: at three in the morning as well."""
    shown.answered(centre, saturday.visit)


async def test_sar_d6_a_message_is_left_and_processed(saturday, message):
    """SAR is silent: what was said at the maximum wait is listened to and processed by an operator."""
    assert message.left["caller"] == OVER_MAXIMUM
    shown.processed(message, saturday.over_maximum, "console")


async def test_sar_s1_talks_are_recorded(centre, day, kept):
    """SAR is silent: the profile's choice is to record, and to keep for thirty days."""
    shown.recorded(centre, day, kept)


async def test_sar_d5_on_a_monday_off_a_call_is_answered(centre, monday):
    """SAR 1.5: a day off that was moved onto a weekday is a day like any other for a line without hours."""
    shown.answered(centre, monday)


async def test_sar_s1_recordings_and_messages_are_destroyed_in_time(gone):
    """SAR is silent: by the product's thirty days."""
    shown.destroyed(gone)


async def test_sar_d5_hours_of_an_order_go_by_the_calendar(centre, gone):
    """SAR 1.5: the schedule is the institution's order; with it a Monday off is a day off."""
    await centre.reload(ORDERED_HOURS)
    shown.sent_away(centre, await sent_away(centre, "79270000010"))

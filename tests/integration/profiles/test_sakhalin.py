"""SAH: the health-care contact centre 1300 of the Sakhalin region, as its profile sets it up.

The regulation sets the number, the scripts and two working days for an answer; everything else here is the profile's
own choice, which the profile says beside each value.
"""

import pytest

from tests.integration.profiles import shown
from tests.integration.profiles.service import Days, Service

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SERVICE = Service(
    "sakhalin-1300", "contact", Days("2024-04-26T10:00", "2024-04-26T18:05", "2024-04-27T17:30"),
    busy="sakhalin-busy", closed="sakhalin-secretary",
)  # fmt: skip


async def test_sah_d1_a_call_in_hours_is_answered(centre, day):
    """SAH 3.1, 4.1: appeals to the one number 1300 are taken by operators."""
    assert centre.config.lines[0].numbers == ("1300",)
    shown.in_hours(centre, day)


async def test_sah_d2_a_wait_over_the_norm_is_answered_and_recorded(centre, day):
    """SAH sets no norm: the profile has that of SAR 5.1."""
    shown.over_the_norm(centre, day, "101")


async def test_sah_d3_a_colleague_of_a_higher_level_takes_the_caller(centre, day):
    """SAH is silent, it passes appeals on to institutions (4.2): the product hands on to the site's higher levels."""
    shown.handed_up(centre, day)


async def test_sah_d4_without_consent_nobody_is_handed_on_outside(day):
    """SAH is silent: a destination for which the site asks consent is not dialled."""
    shown.not_outside_unasked(day)


async def test_sah_d4_with_consent_the_caller_is_handed_on_outside(centre, day):
    """SAH is silent: as the site's destination says, with the caller's consent."""
    shown.outside_with_consent(centre, day)


async def test_sah_d9_operators_are_shown_the_script(day):
    """SAH 4.1: the approved one, with the two working days of 4.2."""
    assert day.script["script"] == "sakhalin-1300"
    assert "двух рабочих дней" in day.script["text"]


async def test_sah_c1_c2_whoever_is_cut_off_is_called_back_in_time_and_again(day):
    """SAH is silent: the profile has the norms of SAR 5.2; the second attempt reaches the caller."""
    shown.called_back(day, "done")


async def test_sah_d5_in_the_evening_the_secretary_answers(centre, late):
    """SAH is silent: the profile has the office hours of a ministry, in Sakhalin's own time."""
    assert centre.config.site.time_zone == "Asia/Sakhalin"
    shown.sent_away(centre, late)


async def test_sah_d2_nobody_waits_longer_than_the_maximum(centre, saturday):
    """SAH sets no maximum: the profile has that of SAR 5.1, and its caller may leave a message."""
    shown.over_the_maximum(centre, saturday)


async def test_sah_d5_on_a_working_saturday_a_call_is_answered(centre, saturday):
    """SAH is silent: by the production calendar."""
    shown.answered(centre, saturday.visit)


async def test_sah_d6_a_message_is_processed_on_the_next_working_day(late, message):
    """SAH is silent: an appeal that was spoken in the evening is listened to and processed."""
    shown.processed(message, late, "console")


async def test_sah_s1_talks_are_recorded(centre, day, kept):
    """SAH is silent: the profile's choice is to record."""
    shown.recorded(centre, day, kept)


async def test_sah_d5_on_a_monday_off_the_secretary_answers(centre, monday):
    """SAH is silent: by the production calendar."""
    shown.sent_away(centre, monday)


async def test_sah_s1_recordings_and_messages_are_destroyed_in_time(gone):
    """SAH is silent: the profile's choice is thirty days."""
    shown.destroyed(gone)

"""VLA: the call centre of a clinic by the model regulation of the Vladimir region, as its profile sets it up.

The regulation leaves hours and norms to the clinic (4.3); they are the profile's own choice, said beside each value.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.integration.profiles import shown
from tests.integration.profiles.scenarios import WISHES, called_for
from tests.integration.profiles.service import Days, Service

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SERVICE = Service(
    # A Saturday of its own ends at 14:00; that of 27 April was worked by a Monday's hours, to 18:00.
    "vladimir-clinic", "clinic", Days("2024-04-26T10:00", "2024-04-26T18:05", "2024-04-27T16:00"),
    busy="clinic-busy", closed="clinic-secretary", number="4922",
)  # fmt: skip


async def test_vla_d1_a_call_in_hours_is_answered(centre, day):
    """VLA 3.1: operators take incoming calls."""
    shown.in_hours(centre, day)


async def test_vla_d2_a_wait_over_the_norm_is_answered_and_recorded(centre, day):
    """VLA sets no norm: the profile has that of SAR 5.1."""
    shown.over_the_norm(centre, day, "101")


async def test_vla_d3_a_colleague_of_a_higher_level_takes_the_caller(centre, day):
    """VLA is silent on levels; whoever is not content is heard by an administrator (3.3, 1.7): here a higher level."""
    shown.handed_up(centre, day)


async def test_vla_d4_without_consent_nobody_is_handed_on_outside(day):
    """VLA is silent: a destination for which the clinic asks consent is not dialled."""
    shown.not_outside_unasked(day)


async def test_vla_d4_with_consent_the_caller_is_handed_on_outside(centre, day):
    """VLA is silent: as the clinic's destination says, with the caller's consent."""
    shown.outside_with_consent(centre, day)


async def test_vla_d9_operators_are_shown_the_script(day):
    """VLA 1.6, 3.2: what a clinic is called about."""
    assert day.script["script"] == "clinic"
    assert "Вызов врача на дом" in day.script["text"]


async def test_vla_c1_c2_whoever_is_cut_off_is_called_back_in_time_and_again(day):
    """VLA is silent: the profile has the norms of SAR 5.2; the second attempt reaches the caller."""
    shown.called_back(day, "done")


async def test_vla_d8_a_request_of_the_web_site_is_called_back(centre, phones, day):
    """VLA 3.5: whoever has left his number on the clinic's site is called by an operator."""
    called = await called_for(centre, phones, origin="web")
    assert (called.request["origin"], called.request["number"]) == ("web", f"+{WISHES}")
    assert called.request["result"] == "done"
    assert called.attempt["agent"] in centre.first_level()


async def test_vla_d5_in_the_evening_the_secretary_answers(centre, late):
    """VLA 4.3 leaves the hours to the clinic: by those of the profile."""
    shown.sent_away(centre, late)


async def test_vla_d2_nobody_waits_longer_than_the_maximum(centre, saturday):
    """VLA sets no maximum: the profile has that of SAR 5.1, and its caller may leave a message."""
    shown.over_the_maximum(centre, saturday)


async def test_vla_d5_on_a_working_saturday_a_call_is_answered_by_a_mondays_hours(centre, saturday):
    """VLA 4.3: after the end of the clinic's own Saturdays, of which an ordinary one is worked from 9 to 14."""
    shown.answered(centre, saturday.visit)
    own = datetime(2024, 4, 20, 13, 59, tzinfo=ZoneInfo(centre.config.site.time_zone)).timestamp()
    work = centre.config.working_time(centre.config.lines[0])
    assert (work.is_open(own), work.is_open(own + 60)) == (True, False)


async def test_vla_d6_a_message_is_processed_on_the_next_working_day(late, message):
    """VLA is silent: what was said in the evening is listened to and processed."""
    shown.processed(message, late, "console")


async def test_vla_s1_talks_are_recorded(centre, day, kept):
    """VLA is silent: the profile's choice is to record."""
    shown.recorded(centre, day, kept)


async def test_vla_d5_on_a_monday_off_the_secretary_answers(centre, monday):
    """VLA is silent: by the production calendar."""
    shown.sent_away(centre, monday)


async def test_vla_s1_recordings_and_messages_are_destroyed_in_time(gone):
    """VLA is silent: the profile's choice is thirty days."""
    shown.destroyed(gone)

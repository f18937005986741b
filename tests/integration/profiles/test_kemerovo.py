"""KEM: technical support of medical information systems of the Kemerovo region, as its profile sets it up."""

import pytest

from tests.integration.profiles import shown
from tests.integration.profiles.scenarios import TO_HIGHER
from tests.integration.profiles.service import Days, Service

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SERVICE = Service(
    "kemerovo-support", "support", Days("2024-04-26T10:00", "2024-04-26T17:05", "2024-04-27T16:45"),
    busy="kem-busy", closed="kem-secretary", number="3842", levels={"201": 2, "301": 3},
    step="step = [{ at_s = 1, widen = 2 }]\n",
)  # fmt: skip


async def test_kem_d1_a_call_in_hours_is_answered_by_the_first_line(centre, day):
    """KEM 5.2, 3.2.1: the operator of the 1st line takes and registers the request."""
    shown.in_hours(centre, day)


async def test_kem_d2_d3_past_the_norm_a_specialist_of_the_second_line_answers(centre, day):
    """KEM sets no norm: the profile has that of SAR 5.1, and the 2nd line helps the 1st out past it."""
    (step,) = centre.config.lines[0].steps
    assert (step.at_s, step.widen) == (60, 2), "before the trial shortened it"
    shown.over_the_norm(centre, day, "201")


async def test_kem_d3_a_request_goes_up_to_the_second_line_and_to_the_third(centre, day):
    """KEM 5.2: the 1st line passes it on to the 2nd, the 2nd to the 3rd; the call's history goes with it."""
    assert len(day.visits[TO_HIGHER]) == 3
    shown.handed_up(centre, day)


async def test_kem_d4_without_consent_nobody_is_handed_on_outside(day):
    """KEM is silent on transfers outside: a destination for which the site asks consent is not dialled."""
    shown.not_outside_unasked(day)


async def test_kem_d4_with_consent_the_caller_is_handed_on_outside(centre, day):
    """KEM is silent: as the site's destination says, with the caller's consent."""
    shown.outside_with_consent(centre, day)


async def test_kem_d9_operators_are_shown_the_script(day):
    """KEM 4.1: the scenario of processing, with the urgency to be found out."""
    assert day.script["script"] == "kem-support"
    assert "срочность" in day.script["text"]


async def test_kem_c1_c2_whoever_is_cut_off_is_called_back_in_time_and_again(day):
    """KEM 5.9 lets the operator call back: by the profile as SAR 5.2 has it; the second attempt reaches the caller."""
    shown.called_back(day, "done")


async def test_kem_d5_after_five_it_is_closed(centre, late):
    """KEM 5.3: working days from 08.30 to 17.00."""
    shown.sent_away(centre, late)


async def test_kem_d2_nobody_waits_longer_than_the_maximum(centre, saturday):
    """KEM sets no maximum: the profile has that of SAR 5.1, and its caller may leave a message."""
    shown.over_the_maximum(centre, saturday)


async def test_kem_d5_on_a_working_saturday_a_call_is_answered(centre, saturday):
    """KEM 5.3: a Saturday that is worked is a working day."""
    shown.answered(centre, saturday.visit)


async def test_kem_d6_a_message_is_processed_on_the_next_working_day(late, message):
    """KEM is silent on what comes out of hours: the profile's choice is a message, which the next day processes."""
    shown.processed(message, late, "console")


async def test_kem_s1_talks_are_recorded(centre, day, kept):
    """KEM 5.12: talks may be recorded, and are."""
    assert centre.config.lines[0].recording.keep_days == 30
    shown.recorded(centre, day, kept)


async def test_kem_d5_on_a_monday_off_it_is_closed(centre, monday):
    """KEM 5.3: a Monday whose rest a Saturday gave is none."""
    shown.sent_away(centre, monday)


async def test_kem_s1_recordings_and_messages_are_destroyed_in_time(gone):
    """KEM 5.12: kept for up to thirty days, and not a day more."""
    shown.destroyed(gone)

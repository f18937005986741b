"""UDM: the compulsory-insurance hot line of Udmurtia, as its profile sets it up."""

import pytest

from tests.integration.profiles import shown
from tests.integration.profiles.scenarios import WISHES, called_for
from tests.integration.profiles.service import Days, Service

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SERVICE = Service(
    # A Friday ends at 16:30; Saturday 27 April was worked by a Monday's hours, to 17:30.
    "udmurtia-oms", "oms", Days("2024-04-26T10:00", "2024-04-26T17:00", "2024-04-27T17:00"),
    busy="udm-busy", closed="udm-secretary", by_telephone=True,
)  # fmt: skip


async def test_udm_d1_a_call_in_hours_is_answered_by_the_first_level(centre, day):
    """UDM 5.3a, 4.4: calls to 8-800-301-33-37 are taken by operators of the 1st level."""
    assert centre.config.lines[0].numbers == ("88003013337",)
    shown.in_hours(centre, day)


async def test_udm_d2_a_wait_over_the_norm_is_answered_and_recorded(centre, day):
    """UDM sets no norm: the profile has that of SAR 5.1."""
    shown.over_the_norm(centre, day, "101")


async def test_udm_d3_an_untypical_question_goes_to_the_second_level(centre, day):
    """UDM 5.5, 4.5: the operator of the 1st level hands the caller on to one of the 2nd."""
    shown.handed_up(centre, day)


async def test_udm_d4_without_consent_nobody_is_handed_on_to_the_supervision(day):
    """UDM 5.13: a call goes to the hot line of Roszdravnadzor only if the caller has no objection."""
    shown.not_outside_unasked(day)


async def test_udm_d4_with_consent_the_caller_is_handed_on_to_the_supervision(centre, day):
    """UDM 5.13: with it the operator of the 1st level connects him."""
    shown.outside_with_consent(centre, day)


async def test_udm_d9_operators_are_shown_the_script(day):
    """UDM 5.4, 5.13: the approved one, which says to ask before handing on."""
    assert day.script["script"] == "udm-oms"
    assert "Росздравнадзора" in day.script["text"]


async def test_udm_c1_c2_whoever_is_cut_off_is_called_back_in_time_and_again(day):
    """UDM sets no time: the profile has those of SAR 5.2; the second attempt reaches the caller."""
    shown.called_back(day, "done")


async def test_udm_c3_an_answer_that_was_put_off_is_given_by_a_later_call(centre, phones, day):
    """UDM 5.9: an operator of the 2nd level has written down the contact; at the time that was said he calls."""
    called = await called_for(centre, phones, agent="201", at=centre.now() + 1)
    assert (called.request["origin"], called.request["number"]) == ("booked", f"+{WISHES}")
    assert (called.request["result"], called.attempt["agent"]) == ("done", "201")


async def test_udm_d5_after_half_past_four_on_a_friday_the_secretary_answers(centre, late):
    """UDM 5.3b: from 16.30 on a Friday, when a Thursday would still be worked."""
    shown.sent_away(centre, late)


async def test_udm_d2_nobody_waits_longer_than_the_maximum(centre, saturday):
    """UDM sets no maximum: the profile has that of SAR 5.1, and its caller may leave a message."""
    shown.over_the_maximum(centre, saturday)


async def test_udm_d5_on_a_working_saturday_operators_answer_to_half_past_five(centre, saturday):
    """UDM 5.3a: a Saturday that is worked for a Monday has a Monday's hours."""
    shown.answered(centre, saturday.visit)


async def test_udm_d6_a_message_is_processed_by_an_operator_of_the_first_level(centre, late, message):
    """UDM 5.3: what the electronic secretary took is listened to at a 1st-level operator's telephone, and processed."""
    assert centre.config.messages.level == 1
    shown.processed(message, late, "telephone op101")


async def test_udm_s1_incoming_and_outgoing_talks_are_recorded(centre, day, kept):
    """UDM 5.3: recording is mandatory; the call-back that reached the caller is an outgoing call."""
    assert day.attempts[1]["call"] in day.recordings
    shown.recorded(centre, day, kept)


async def test_udm_d5_on_a_monday_off_the_secretary_answers(centre, monday):
    """UDM 5.3b: on days off round the clock, whatever weekday they were moved to."""
    shown.sent_away(centre, monday)


async def test_udm_s1_recordings_and_messages_are_destroyed_in_time(gone):
    """UDM sets no time: the profile's choice is thirty days."""
    shown.destroyed(gone)

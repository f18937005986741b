"""What happens to a card as a value."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.journal.cards import EDITABLE, Alarm, Channel, edit, move, next_alarm, open_card
from acd.journal.errors import CardIncomplete, TooLate, TransitionRefused
from acd.journal.limits import Urgency
from acd.journal.states import CardState, CardTrigger, Colour, Holder
from tests.journal.conftest import rules_of

T = CardTrigger
KEM = rules_of("kemerovo-support")
SAH = rules_of("sakhalin-1300")
UDM = rules_of("udmurtia-oms")
ZONE = ZoneInfo(KEM.profile.zone)
MONDAY = datetime(2026, 11, 16, 10, tzinfo=ZONE).timestamp()
DAY = 86400.0
FILLED = {
    "reason_id": 1,
    "description": "Не открывается форма",
    "contact_name": "Иванова А. П.",
    "contact_phone": "+73842000000",
}


def registered(rules=KEM, **more):
    """Return a card in work."""
    return move(open_card(rules, MONDAY, Channel.TELEPHONE, **more), T.REGISTER, FILLED, rules, MONDAY + 60)


def finished(rules=KEM):
    """Return a card that was finished a minute after its registration."""
    return move(registered(rules), T.FINISH, {"measures": "Исправлено"}, rules, MONDAY + 120)


def test_a_card_opens_with_its_limits_running():
    """KEM 5.8: both limits of the urgency count from the opening."""
    card = open_card(KEM, MONDAY, Channel.TELEPHONE, urgency=Urgency.VERY_HIGH)
    assert card.state is CardState.NEW
    assert card.register_due_at == MONDAY + 1800
    assert card.resolve_due_at == MONDAY + DAY
    assert next_alarm(card) == (MONDAY + 1440, Alarm.REGISTER_AHEAD)
    assert card.due_at == MONDAY + 1800


def test_a_service_without_limits_has_nothing_due():
    """Saratov's regulation limits no appeal; nothing ever alarms."""
    card = open_card(rules_of("saratov-122"), MONDAY, Channel.TELEPHONE)
    assert next_alarm(card) is None
    assert card.due_at is None


def test_registration_names_all_that_is_missing_at_once():
    """KEM 3.2.2: reason, description and contact; all gaps are told together."""
    card = open_card(KEM, MONDAY, Channel.TELEPHONE)
    with pytest.raises(CardIncomplete) as refused:
        move(card, T.REGISTER, {}, KEM, MONDAY)
    assert refused.value.fields == ("reason_id", "description", "contact_name", "contact_phone")


def test_an_anonymous_appeal_needs_no_contact():
    """SAR 4.5: not wanting to be named is no reason to refuse an appeal."""
    card = open_card(KEM, MONDAY, Channel.TELEPHONE)
    after = move(card, T.REGISTER, {"reason_id": 1, "description": "x", "anonymous": True}, KEM, MONDAY)
    assert after.state is CardState.IN_WORK
    assert after.anonymous


def test_it_is_finished_by_the_measures_taken():
    """UDM 7.7: without measures no end; with them the row turns green."""
    with pytest.raises(CardIncomplete, match="measures"):
        move(registered(), T.FINISH, {"measures": "  "}, KEM, MONDAY)
    assert finished().colour is Colour.GREEN
    assert next_alarm(finished()) == (finished().reopen_until, Alarm.REOPENING_OVER)


def test_rejection_says_why():
    """KEM 5.10: outside the competence, with the reason; possible straight from a new card."""
    card = open_card(KEM, MONDAY, Channel.TELEPHONE)
    with pytest.raises(CardIncomplete) as refused:
        move(card, T.REJECT, {}, KEM, MONDAY)
    assert refused.value.fields == ("description", "rejection")
    after = move(card, T.REJECT, {"description": "x", "rejection": "не к нам"}, KEM, MONDAY)
    assert after.state is CardState.REJECTED
    assert after.registered_at == MONDAY


def test_reopening_is_possible_for_three_working_days_and_then_never():
    """KEM 5.11: within the time the work starts anew and needs new measures, after it the card closes for good."""
    done = finished()
    again = move(done, T.REOPEN, {}, KEM, done.reopen_until)
    assert (again.state, again.measures, again.finished_at, again.reopened) == (CardState.REOPENED, "", None, 1)
    assert again.resolve_due_at > done.resolve_due_at
    with pytest.raises(CardIncomplete):
        move(again, T.FINISH, {}, KEM, MONDAY + 5 * DAY)
    with pytest.raises(TooLate, match="was possible until"):
        move(done, T.REOPEN, {}, KEM, done.reopen_until + 1)
    closed = move(done, T.REOPENING_OVER, {}, KEM, done.reopen_until)
    assert closed.state is CardState.CLOSED
    assert next_alarm(closed) is None
    with pytest.raises(TransitionRefused):
        edit(closed, {"description": "y"}, KEM)


def test_a_service_whose_regulation_knows_no_reopening_has_none():
    """UDM says nothing of reopening: a finished card stays finished."""
    card = finished(UDM)
    assert card.reopen_until is None
    with pytest.raises(TransitionRefused):
        move(card, T.REOPEN, {}, UDM, MONDAY + DAY)


def test_handing_over_to_a_clinic_starts_its_two_days():
    """SAR 4.6, SAH 4.2: the clinic owns the card and has two working days; further handing over starts them anew."""
    card = registered(SAH)
    with pytest.raises(CardIncomplete) as refused:
        move(card, T.HAND_OVER, {"holder": Holder.CLINIC}, SAH, MONDAY)
    assert refused.value.fields == ("organisation_id",)
    at_clinic = move(card, T.HAND_OVER, {"holder": Holder.CLINIC, "organisation_id": 4}, SAH, MONDAY)
    assert (at_clinic.holder, at_clinic.organisation_id) == (Holder.CLINIC, 4)
    assert next_alarm(at_clinic)[1] is Alarm.FEEDBACK_AHEAD
    later = move(at_clinic, T.HAND_OVER, {"holder": Holder.CLINIC, "organisation_id": 5}, SAH, MONDAY + DAY)
    assert later.feedback_due_at > at_clinic.feedback_due_at
    back = move(later, T.TAKE_BACK, {}, SAH, MONDAY + DAY)
    assert (back.holder, back.organisation_id, back.state) == (Holder.CENTRE, None, CardState.IN_WORK)


def test_nobody_is_handed_a_card_who_is_not_of_the_regulation():
    """Kemerovo's three lines know no insurer."""
    with pytest.raises(CardIncomplete, match="holder"):
        move(registered(), T.HAND_OVER, {"holder": Holder.INSURER, "organisation_id": 1}, KEM, MONDAY)
    with pytest.raises(CardIncomplete, match="holder"):
        move(registered(), T.HAND_OVER, {}, KEM, MONDAY)


def test_at_an_insurer_the_row_is_yellow():
    """UDM 7.7."""
    card = move(registered(UDM), T.HAND_OVER, {"holder": Holder.INSURER, "organisation_id": 2}, UDM, MONDAY)
    assert card.colour is Colour.YELLOW
    assert card.feedback_due_at is None


def test_a_deferred_answer_is_promised_for_a_time_to_come():
    """UDM 5.9: needs a time and a contact; when the time comes the card is in work again."""
    card = registered(UDM)
    with pytest.raises(CardIncomplete, match="promised_at"):
        move(card, T.DEFER, {"promised_at": MONDAY - 1}, UDM, MONDAY)
    waiting = move(card, T.DEFER, {"promised_at": MONDAY + DAY}, UDM, MONDAY)
    assert next_alarm(waiting) == (MONDAY + DAY, Alarm.PROMISE)
    later = move(waiting, T.DEFER, {"promised_at": MONDAY + 2 * DAY}, UDM, MONDAY)
    assert later.promised_at == MONDAY + 2 * DAY
    due = move(later, T.PROMISE_DUE, {}, UDM, MONDAY + 2 * DAY)
    assert (due.state, due.promised_at) == (CardState.IN_WORK, None)


def test_a_stale_trigger_leaves_the_card_as_it_is():
    """A link used twice does not overwrite the measures."""
    done = finished()
    assert move(done, T.ENTER_RESULT, {"measures": "другое"}, KEM, MONDAY) is done


def test_a_new_urgency_has_its_own_limits():
    """Raising the urgency brings the limits nearer and announces them again."""
    card = open_card(KEM, MONDAY, Channel.TELEPHONE)
    urgent = edit(card, {"urgency": Urgency.HIGH}, KEM)
    assert urgent.register_due_at == MONDAY + 2 * 3600
    assert edit(urgent, {"description": "x"}, KEM).register_due_at == urgent.register_due_at


def test_an_edit_changes_no_owner_and_knows_its_fields():
    """The owner changes by handing over alone; an unknown field is a bug of the caller."""
    with pytest.raises(TransitionRefused):
        edit(registered(), {"holder": Holder.SECOND_LINE}, KEM)
    assert edit(registered(), {"holder": Holder.CENTRE}, KEM) == registered()
    with pytest.raises(KeyError):
        edit(registered(), {"state": CardState.CLOSED}, KEM)
    assert "state" not in EDITABLE

"""Calls of call lists, menus in place of an operator, and numbers that must not be called."""

from dataclasses import replace

import pytest

from callback.effects import DialCaller, EnqueueCallback, StopDialling, WithdrawCallback
from callback.facts import CallbackDone, CallbackGivenUp, CallbackImpossible, CallbackReached, CallBroke, NoBreak
from callback.inputs import (
    AttemptFailed,
    CallbackAsked,
    CallerAnswered,
    CallerDialled,
    CapacityChanged,
    LiveAttempt,
    NumberBarred,
    NumberFreed,
    NumbersLoaded,
    Resynchronised,
)
from callback.kinds import (
    AttemptFailure,
    BarScope,
    GiveUpReason,
    ImpossibleReason,
    Leg,
    LiveStage,
    NoBreakReason,
    Origin,
)
from callback.policy import CallbackPolicy
from callback.request import ListCall
from callback.states import RequestState
from queue_engine.ids import Instant
from tests.callback.centre import ANNA, CALLER, LINE, START, Centre

PERSON = "+78452000077"
EXPIRES = Instant(START + 300)


def listed(**how: object) -> CallbackAsked:
    """Return a list's wish to have a contact called."""
    return CallbackAsked(LINE, PERSON, "list 1", Origin.LIST, listed=ListCall(contact=7, **how), expires_at=EXPIRES)


def menu() -> Centre:
    """Return a centre that has been told to call somebody who shall hear a menu."""
    centre = Centre()
    centre.tell(listed(menu="satisfaction"))
    return centre


def test_a_contact_is_called_once_and_by_an_operator_who_is_kept_for_him():
    """The list itself decides about a second time: the book makes one attempt and says what came of it."""
    centre = Centre()
    centre.tell(listed(priority=-5))
    [place] = centre.asked(EnqueueCallback)
    assert (place.priority, centre.row.listed.contact) == (-5, 7)
    assert not centre.asked(DialCaller)
    centre.reserve(ANNA)
    assert centre.dialled.first is Leg.OPERATOR
    centre.tell(CallerDialled(centre.present))
    centre.tell(AttemptFailed(centre.present, AttemptFailure.BUSY, 17))
    assert centre.row.state is RequestState.GIVEN_UP
    assert centre.row.reason is GiveUpReason.ATTEMPTS_MADE
    assert centre.row.attempts[-1].failure is AttemptFailure.BUSY
    assert len(centre.asked(DialCaller)) == 1


def test_the_list_says_which_side_is_dialled_first():
    """Where the contact is called first, the operator is kept for him all the same."""
    centre = Centre()
    centre.tell(listed(first_leg=Leg.CALLER))
    centre.reserve(ANNA)
    assert (centre.dialled.first, centre.dialled.agent) == (Leg.CALLER, ANNA)


def test_a_contact_whom_nobody_is_free_for_is_not_called_after_his_time():
    """Without an operator nothing is dialled, however long it takes; then the list has him back."""
    centre = Centre()
    centre.tell(listed())
    centre.after(299.0)
    assert centre.row.state is RequestState.IN_LINE
    centre.after(2.0)
    assert centre.row.reason is GiveUpReason.EXPIRED
    assert centre.asked(WithdrawCallback)
    assert not centre.asked(DialCaller)


def test_a_contact_is_called_in_the_permitted_hours_of_the_line_only():
    """START is a Thursday; the line calls on Mondays."""
    centre = Centre(CallbackPolicy(LINE, permitted_minutes=((0, 24 * 60),)))
    centre.tell(listed())
    assert centre.row.state is RequestState.OWED
    assert centre.row.next_at > START


def test_who_hangs_up_on_a_lists_call_is_not_called_back():
    """A short talk is a break where he had called us; here he did not want the call."""
    centre = Centre()
    centre.tell(listed())
    centre.reserve(ANNA)
    centre.tell(CallerDialled(centre.present))
    centre.tell(CallerAnswered(centre.present))
    centre.answered(centre.present)
    centre.ended(centre.present, talked_s=2.0, cause=16, caller=PERSON)
    assert not centre.of(CallBroke)
    assert [fact.reason for fact in centre.of(NoBreak)] == [NoBreakReason.LIST_CALL]
    centre.after(60.0)
    assert centre.row.state is RequestState.DONE
    assert len(centre.rows) == 1


def test_a_break_does_not_join_a_lists_call():
    """He is owed a call-back of his own, within its limit and with its full number of attempts."""
    centre = Centre()
    centre.tell(listed())
    centre.ended(caller=PERSON)
    of_list, of_break = centre.rows.values()
    assert (of_list.origin, of_break.origin) == (Origin.LIST, Origin.BREAK)
    assert of_break.limit_at == START + 15


def test_who_is_on_the_line_himself_is_not_called_by_a_list():
    """His call is about something else: the list tries another time."""
    centre = Centre()
    centre.accepted(caller=PERSON)
    centre.tell(listed())
    assert centre.row.reason is GiveUpReason.CALLED_IN
    assert not centre.asked(EnqueueCallback, DialCaller)


def test_who_calls_in_while_a_list_would_call_him_is_left_alone():
    """The operator's telephone stops ringing for him, and he is served as the caller that he is."""
    centre = Centre()
    centre.tell(listed())
    centre.reserve(ANNA)
    centre.accepted(caller=PERSON)
    assert centre.asked(StopDialling, WithdrawCallback)
    assert centre.row.reason is GiveUpReason.CALLED_IN
    centre.after(600.0)
    assert len(centre.asked(DialCaller)) == 1


def test_a_number_in_use_is_told():
    """A list asks before it books: whoever is owed a call or is on the line is left alone."""
    centre = Centre()
    assert not centre.book.is_engaged(PERSON)
    centre.tell(listed())
    assert centre.book.is_engaged(PERSON)
    assert centre.book.snapshot().owed == 0, "nobody waits for a list's call"
    centre.accepted(caller=CALLER)
    assert centre.book.is_engaged(CALLER)


def test_a_menu_needs_no_operator():
    """The number is dialled at once, and what Asterisk says of the answer's end is the end of the whole."""
    centre = menu()
    [order] = centre.asked(DialCaller)
    assert (order.menu, order.first, order.agent) == ("satisfaction", Leg.CALLER, None)
    assert not centre.asked(EnqueueCallback)
    centre.tell(CallerDialled(order.call))
    centre.tell(CallerAnswered(order.call))
    assert centre.of(CallbackReached)[0].agent is None
    centre.after(40.0)
    centre.tell(AttemptFailed(order.call, AttemptFailure.LEFT, 16))
    assert centre.of(CallbackDone)
    assert centre.row.state is RequestState.DONE


def test_a_menu_that_nobody_answers_is_an_attempt():
    """It has failed like any other."""
    centre = menu()
    order = centre.dialled
    centre.tell(CallerDialled(order.call))
    centre.tell(AttemptFailed(order.call, AttemptFailure.NO_ANSWER, 19))
    assert centre.row.attempts[-1].failure is AttemptFailure.NO_ANSWER
    assert centre.row.state is RequestState.GIVEN_UP


def test_menus_take_no_operators_turn():
    """Who hears a menu waits for nobody, so a broken call is called back beside it."""
    centre = Centre(CallbackPolicy(LINE))
    centre.tell(CapacityChanged(LINE, 1))
    centre.tell(listed(menu="satisfaction"))
    centre.ended(agent=ANNA)
    centre.after(13.0)
    assert [order.menu for order in centre.asked(DialCaller)] == ["satisfaction", ""]


def test_a_menu_whose_end_nobody_tells_is_over_some_time():
    """A channel that was lost without a word leaves no request behind."""
    centre = menu()
    centre.tell(CallerDialled(centre.dialled.call))
    centre.tell(CallerAnswered(centre.dialled.call))
    centre.after(599.0)
    assert centre.row.state is RequestState.TALKING
    centre.after(2.0)
    assert centre.row.state is RequestState.DONE


@pytest.mark.parametrize("stage", [LiveStage.DIALLING, LiveStage.RINGING, LiveStage.CONNECTED])
def test_a_menu_is_found_again_after_a_restart(stage):
    """Nobody is dialled twice: what Asterisk holds goes on, and no operator is asked for."""
    centre = menu()
    call = centre.dialled.call
    centre.restart()
    centre.tell(Resynchronised((LiveAttempt(call, stage),)))
    assert not centre.asked(EnqueueCallback)
    assert len(centre.asked(DialCaller)) == 1
    assert centre.row.is_open


def test_a_contact_who_was_being_called_when_we_died_is_not_called_again():
    """Asterisk holds nothing of him: the attempt counts, and the list decides what follows."""
    centre = Centre()
    centre.tell(listed())
    centre.reserve(ANNA)
    centre.tell(CallerDialled(centre.present))
    centre.restart()
    centre.tell(Resynchronised(()))
    centre.after(400.0)
    assert centre.row.reason is GiveUpReason.ATTEMPTS_MADE
    assert centre.row.attempts[-1].failure is AttemptFailure.LOST
    assert len(centre.asked(DialCaller)) == 1


def test_a_barred_number_is_refused_whoever_asks():
    """It is recorded, and nothing is dialled (C4)."""
    centre = Centre()
    centre.tell(NumbersLoaded(((PERSON, BarScope.ALL),)))
    centre.tell(listed())
    centre.ended(caller=PERSON)
    centre.tell(CallbackAsked(LINE, PERSON, "web", Origin.WEB))
    centre.after(3600.0)
    assert [fact.reason for fact in centre.of(CallbackImpossible)] == [ImpossibleReason.DO_NOT_CALL] * 3
    assert not centre.asked(DialCaller)
    assert centre.book.refusal(LINE, PERSON, centre.now) is ImpossibleReason.DO_NOT_CALL


def test_who_is_barred_for_lists_is_called_back_when_his_call_breaks():
    """Who wants no surveys wants the doctor all the same."""
    centre = Centre()
    centre.tell(NumberBarred(PERSON, BarScope.LISTS, "101"))
    centre.tell(listed())
    centre.ended(caller=PERSON)
    assert len(centre.of(CallbackImpossible)) == 1
    assert centre.row.origin is Origin.BREAK
    assert centre.row.state is RequestState.IN_LINE


def test_who_is_barred_while_a_telephone_rings_for_him_is_not_dialled():
    """What was begun is ended, and it is said why."""
    centre = Centre()
    centre.tell(listed())
    centre.reserve(ANNA)
    centre.tell(NumberBarred(PERSON, BarScope.LISTS, "101"))
    assert centre.asked(StopDialling, WithdrawCallback)
    [given_up] = centre.of(CallbackGivenUp)
    assert (given_up.reason, given_up.by) == (GiveUpReason.DO_NOT_CALL, "101")


def test_a_number_that_was_freed_is_called_again():
    """The bar is lifted for what is asked from then on."""
    centre = Centre()
    centre.tell(NumberBarred(PERSON, BarScope.ALL, "101"))
    centre.tell(NumberFreed(PERSON))
    centre.tell(listed())
    assert centre.row.state is RequestState.IN_LINE


def test_what_was_owed_before_a_restart_is_not_dialled_once_it_is_barred():
    """The list is told after the rows are back, and still nothing goes out."""
    centre = Centre()
    centre.ended(caller=PERSON)
    centre.rows = {name: replace(row) for name, row in centre.rows.items()}
    centre.restart()
    centre.tell(NumbersLoaded(((PERSON, BarScope.ALL),)))
    centre.tell(Resynchronised(()))
    centre.after(60.0)
    assert centre.row.reason is GiveUpReason.DO_NOT_CALL
    assert not centre.asked(DialCaller)

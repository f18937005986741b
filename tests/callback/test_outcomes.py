"""What follows a talk of a call-back: breaks, a machine that answered, the operator's word for it; a request closed."""

from callback.effects import EnqueueCallback, StopDialling
from callback.facts import (
    CallbackAttemptFailed,
    CallbackDone,
    CallbackGivenUp,
    CallbackInLine,
    CallbackOwed,
)
from callback.inputs import (
    CallbackCancelled,
    CallbackClosed,
    CallerAnswered,
    OutcomeGiven,
)
from callback.kinds import (
    GiveUpReason,
    TalkOutcome,
)
from callback.states import RequestState
from queue_engine.inputs import Party
from tests.callback.centre import CALL, Centre, kinds


def test_a_broken_call_back_is_called_back():
    """The talk of a call-back can break too: a new request follows the one that reached him."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    call = centre.present
    centre.after(30.0)
    centre.ended(call)
    assert [owed.broken_call for owed in centre.of(CallbackOwed)] == [CALL, call]
    assert len(centre.of(CallbackDone)) == 1
    assert centre.row.state is RequestState.IN_LINE


def test_an_answering_machine_is_no_talk():
    """The operator says so within the time for it: the next attempt follows after its spacing."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    centre.ended(centre.present, by=Party.AGENT, cause=16, talked_s=4.0)
    centre.after(5.0)
    centre.tell(OutcomeGiven(centre.row.request, TalkOutcome.MACHINE, "101"))
    assert centre.of(CallbackAttemptFailed)[0].next_at == centre.now + 900
    centre.after(900.0)
    assert len(centre.of(CallbackInLine)) == 2


def test_an_outcome_during_the_talk_is_taken_up_after_it():
    """An operator who hears a machine presses the key at once and hangs up later."""
    for outcome, state in (
        (TalkOutcome.MACHINE, RequestState.OWED),
        (TalkOutcome.WRONG_PERSON, RequestState.GIVEN_UP),
        (TalkOutcome.SPOKEN, RequestState.DONE),
    ):
        centre = Centre()
        centre.ended()
        centre.reserve()
        centre.rings()
        centre.talks()
        centre.tell(OutcomeGiven(centre.row.request, outcome, "101"))
        assert centre.row.state is RequestState.TALKING
        centre.ended(centre.present, by=Party.AGENT, cause=16)
        assert centre.row.state is state


def test_a_wrong_person_is_not_called_again():
    """Whoever else has this number is left in peace, and the reason is recorded."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    centre.ended(centre.present, by=Party.AGENT, cause=16)
    centre.tell(OutcomeGiven(centre.row.request, TalkOutcome.WRONG_PERSON, "101"))
    assert (centre.of(CallbackGivenUp)[0].reason, centre.of(CallbackGivenUp)[0].by) == (
        GiveUpReason.WRONG_PERSON,
        "101",
    )


def test_an_outcome_after_its_time_changes_nothing():
    """What was a talk for half a minute stays one."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    centre.ended(centre.present, by=Party.AGENT, cause=16)
    centre.after(30.0)
    centre.tell(OutcomeGiven(centre.row.request, TalkOutcome.MACHINE, "101"))
    assert centre.row.state is RequestState.DONE


def test_people_close_and_cancel():
    """Both stop what rings; nobody who is being spoken to is cut off."""
    for said, state in (
        (CallbackClosed, RequestState.DONE),
        (CallbackCancelled, RequestState.GIVEN_UP),
    ):
        centre = Centre()
        centre.ended()
        centre.reserve()
        centre.rings()
        centre.tell(said(centre.row.request, "supervisor"))
        assert centre.row.state is state
        assert kinds(centre.effects)[-2:] == ["StopDialling", "WithdrawCallback"]
        centre.after(90_000.0)
        assert len(centre.asked(EnqueueCallback)) == 1
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.tell(CallerAnswered(centre.present))
    centre.tell(CallbackClosed(centre.row.request, "supervisor"))
    assert not centre.asked(StopDialling)

"""What becomes of attempts: their number and spacing, what counts as one, and how those end that nobody tells of."""

from callback.effects import DialCaller, EnqueueCallback, StopDialling, WithdrawCallback
from callback.facts import (
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackGivenUp,
    CallbackInLine,
    CallbackLate,
    CallbackReached,
    CallBroke,
)
from callback.inputs import (
    CallerAnswered,
)
from callback.kinds import (
    AttemptFailure,
    GiveUpReason,
    Leg,
)
from callback.policy import CallbackPolicy
from callback.states import RequestState
from queue_engine.facts import AbandonStage, CallAbandoned, CallOverflowed, CallReturned
from queue_engine.inputs import Party
from tests.callback.centre import ANNA, BORIS, CALLER, LINE, START, Centre, kinds


def test_two_attempts_and_their_spacing():
    """After the full number of attempts nobody is called any more, and the reason is recorded."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.fails(AttemptFailure.BUSY)
    assert centre.of(CallbackAttemptFailed)[0].next_at == START + 60
    centre.after(59.5)
    assert len(centre.asked(EnqueueCallback)) == 1
    centre.after(0.5)
    assert centre.asked(EnqueueCallback)[1].due_at == START + 75
    centre.after(600.0)
    assert len(centre.asked(DialCaller)) == 1
    centre.reserve()
    centre.rings()
    centre.fails(AttemptFailure.NO_ANSWER)
    given_up = centre.of(CallbackGivenUp)[0]
    assert (given_up.reason, given_up.attempts, given_up.of_break) == (GiveUpReason.ATTEMPTS_MADE, 2, 2)
    assert [started.of_break for started in centre.of(CallbackAttemptStarted)] == [1, 2]
    centre.after(90_000.0)
    assert len(centre.of(CallbackInLine)) == 2


def test_a_failed_attempt_sets_its_operator_free():
    """Whatever an attempt came to, the engine is told that its operator is not needed any more."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    call = centre.present
    centre.fails()
    assert centre.asked(WithdrawCallback) == [WithdrawCallback(call, "no_answer")]


def test_nothing_that_left_the_house_is_no_attempt():
    """A dead trunk does not use up the attempts, and the break is late, not lost."""
    centre = Centre()
    centre.ended()
    for pause_s in (2.0, 4.0, 8.0):
        centre.reserve()
        centre.fails(AttemptFailure.NO_LINE)
        centre.after(pause_s)
    assert centre.dialled.first is Leg.CALLER
    centre.fails(AttemptFailure.NO_LINE)
    centre.after(16.0)
    centre.rings()
    assert len(centre.of(CallbackLate)) == 1
    started = centre.of(CallbackAttemptStarted)[0]
    assert (started.of_break, started.within_limit) == (1, False)
    assert not any(failed.counted for failed in centre.of(CallbackAttemptFailed))


def test_a_refusal_from_afar_is_evidence_of_an_attempt():
    """If the far side said busy, the call has left the house, whether or not we were told."""
    centre = Centre(CallbackPolicy(LINE, first_leg=Leg.CALLER))
    centre.abandoned()
    centre.reserve()
    centre.fails(AttemptFailure.BUSY)
    assert kinds(centre.facts)[-2:] == ["CallbackAttemptStarted", "CallbackAttemptFailed"]
    assert centre.of(CallbackAttemptFailed)[0].counted


def test_the_caller_who_hangs_up_before_an_operator_comes_is_tried_again():
    """Caller-first: an answer without a talk is an attempt, not an end."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.tell(CallerAnswered(centre.present))
    centre.after(20.0)
    centre.fact(CallAbandoned(centre.now, centre.present, LINE, CALLER, AbandonStage.WAITING, 20.0, 16))
    failed = centre.of(CallbackAttemptFailed)[0]
    assert (failed.failure, failed.counted, failed.next_at) == (AttemptFailure.LEFT, True, centre.now + 120)
    assert len(centre.of(CallBroke)) == 1


def test_the_caller_for_whom_no_operator_came_is_tried_again():
    """Caller-first: the line's maximum wait ends the attempt."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.tell(CallerAnswered(centre.present))
    centre.fact(CallOverflowed(centre.now, centre.present, LINE, "hangup", "max_wait", 120.0))
    assert centre.of(CallbackAttemptFailed)[0].failure is AttemptFailure.NO_OPERATOR


def test_a_talk_that_was_none_returns_to_waiting():
    """The operator's side dropped at once: the caller still waits, and the next talk counts."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.talks()
    centre.fact(CallReturned(centre.now, centre.present, LINE, ANNA, 0.2))
    assert centre.row.state is RequestState.CONNECTED
    centre.answered(centre.present, BORIS)
    centre.ended(centre.present, by=Party.AGENT, cause=16)
    centre.after(30.0)
    assert centre.row.state is RequestState.DONE


def test_an_answer_that_crosses_the_end_of_the_attempt_counts():
    """We gave the attempt up, the caller had picked up: he is spoken to, and not called again."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    call = centre.present
    centre.after(45.0)
    assert StopDialling(call) in centre.effects
    centre.answered(call)
    assert centre.row.state is RequestState.TALKING
    centre.after(1000.0)
    assert len(centre.asked(EnqueueCallback)) == 1


def test_the_end_of_a_talk_whose_beginning_nobody_told():
    """A talk's end is proof of the talk: he was reached."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.tell(CallerAnswered(centre.present))
    centre.ended(centre.present, by=Party.AGENT, cause=16)
    centre.after(30.0)
    assert len(centre.of(CallbackReached)) == 1
    assert centre.row.state is RequestState.DONE


def test_a_talk_in_an_earlier_attempt_ends_the_present_one():
    """While the second attempt rings the first turns out to be in a talk: the second is stopped."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    first = centre.present
    centre.fails(AttemptFailure.LOST)
    centre.after(5.0)
    centre.reserve()
    centre.rings()
    second = centre.present
    assert second != first
    centre.answered(first)
    assert StopDialling(second) in centre.effects
    assert centre.row.state is RequestState.TALKING


def test_an_end_that_is_never_reported_ends_by_itself():
    """Lost messages cost an attempt, not the request."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.after(45.0)
    assert centre.of(CallbackAttemptFailed)[0].failure is AttemptFailure.NO_ANSWER
    centre.after(300.0)
    assert len(centre.of(CallbackInLine)) == 2
    centre.reserve()
    centre.after(15.0)
    assert centre.of(CallbackAttemptFailed)[1].failure is AttemptFailure.LOST
    assert not centre.of(CallbackAttemptFailed)[1].counted


def test_a_caller_who_is_forgotten_while_he_waits_is_called_again():
    """Caller-first and nobody ever says what became of him: after ten minutes it was an attempt."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.tell(CallerAnswered(centre.present))
    centre.after(600.0)
    assert centre.of(CallbackAttemptFailed)[0].failure is AttemptFailure.NO_ANSWER

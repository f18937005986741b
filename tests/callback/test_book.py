"""What happens after a break, told as stories: who is dialled when, by whom, and how it ends."""

from callback.effects import DialCaller, EnqueueCallback, StopDialling, WithdrawCallback
from callback.facts import (
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackDone,
    CallbackGivenUp,
    CallbackHeld,
    CallbackImpossible,
    CallbackInLine,
    CallbackLate,
    CallbackOwed,
    CallbackReached,
    CallBroke,
    NoBreak,
)
from callback.inputs import (
    AttemptFailed,
    CallbackAsked,
    CallbackCancelled,
    CallbackClosed,
    CallerAnswered,
    CallerDialled,
    CapacityChanged,
    ChannelsChanged,
    OutcomeGiven,
)
from callback.kinds import (
    AttemptFailure,
    BreakKind,
    GiveUpReason,
    Hold,
    ImpossibleReason,
    Leg,
    Mode,
    NoBreakReason,
    TalkOutcome,
)
from callback.policy import CallbackPolicy
from callback.states import RequestState
from queue_engine.facts import AbandonStage, CallAbandoned, CallDied, CallOverflowed, CallReturned
from queue_engine.inputs import Party
from tests.callback.centre import ANNA, BORIS, CALL, CALLER, LINE, START, Centre, kinds


def test_a_broken_talk_is_called_back_by_its_operator():
    """The same operator is asked for at once, his telephone rings first, and the talk settles it."""
    centre = Centre()
    centre.ended()
    enqueued = centre.asked(EnqueueCallback)[0]
    assert (enqueued.agent, enqueued.due_at, enqueued.number) == (ANNA, START + 15, CALLER)
    centre.after(0.2)
    centre.reserve(ANNA)
    assert (centre.dialled.first, centre.dialled.agent, centre.dialled.operator_ring_s) == (Leg.OPERATOR, ANNA, 10.0)
    centre.after(2.0)
    centre.rings()
    centre.after(5.0)
    centre.talks()
    centre.after(100.0)
    centre.ended(centre.present, by=Party.CALLER, cause=16)
    centre.after(30.0)
    assert kinds(centre.facts) == [
        "CallBroke",
        "CallbackOwed",
        "CallbackInLine",
        "CallbackReserved",
        "CallbackAttemptStarted",
        "CallbackRang",
        "CallbackConnected",
        "CallbackReached",
        "NoBreak",
        "CallbackDone",
    ]
    started = centre.of(CallbackAttemptStarted)[0]
    assert abs(started.after_break_s - 2.2) < 1e-6
    assert (started.of_break, started.limit_s, started.within_limit, started.broken_call) == (1, 15.0, True, CALL)
    assert centre.row.state is RequestState.DONE
    assert centre.book.next_deadline() is None


def test_after_a_while_anybody_will_do():
    """An operator who is not to be had is waited for four seconds and no longer."""
    centre = Centre()
    centre.ended()
    centre.after(3.9)
    assert len(centre.asked(EnqueueCallback)) == 1
    centre.after(0.1)
    assert [enqueued.agent for enqueued in centre.asked(EnqueueCallback)] == [ANNA, None]


def test_an_operator_whose_telephone_died_is_not_waited_for():
    """The first free operator takes it, since the other one cannot."""
    centre = Centre()
    centre.ended(by=Party.AGENT)
    assert centre.of(CallBroke)[0].kind is BreakKind.OPERATOR_LOST
    assert centre.asked(EnqueueCallback)[0].agent is None


def test_who_left_the_line_is_called_by_the_first_free():
    """Nobody has spoken to him, so nobody is waited for; the profile may dial him first."""
    centre = Centre(CallbackPolicy(LINE, first_leg=Leg.CALLER))
    centre.abandoned()
    owed = centre.of(CallbackOwed)[0]
    assert (owed.mode, owed.agent) == (Mode.FIRST_FREE, None)
    centre.reserve(BORIS)
    assert (centre.dialled.first, centre.dialled.agent) == (Leg.CALLER, BORIS)


def test_nobody_free_dials_the_caller_first_in_time():
    """Three seconds before the limit the caller is dialled whether or not an operator is free."""
    centre = Centre()
    centre.ended()
    centre.after(11.9)
    assert not centre.asked(DialCaller)
    centre.after(0.1)
    assert (centre.dialled.first, centre.dialled.agent) == (Leg.CALLER, None)
    centre.rings()
    assert centre.of(CallbackAttemptStarted)[0].after_break_s == 12.0
    centre.reserve(BORIS)
    assert len(centre.asked(DialCaller)) == 1
    centre.talks(BORIS)
    assert centre.of(CallbackReached)[0].agent is BORIS
    assert not centre.of(CallbackLate)


def test_an_operator_who_does_not_pick_up_costs_no_time():
    """Another operator is tried, and near the limit the caller is dialled first."""
    centre = Centre()
    centre.ended()
    offer = centre.reserve(ANNA)
    centre.after(5.0)
    centre.missed(offer)
    assert centre.asked(EnqueueCallback)[-1].agent is None
    centre.reserve(BORIS)
    assert centre.dialled.operator_ring_s == 7.0
    centre.after(7.0)
    assert centre.dialled.first is Leg.CALLER
    centre.rings()
    assert centre.of(CallbackAttemptStarted)[0].within_limit


def test_a_stale_miss_does_not_take_the_operator_away():
    """The end of an offer that the request no longer holds concerns it no more."""
    centre = Centre()
    centre.ended()
    first = centre.reserve(ANNA)
    centre.missed(first)
    centre.reserve(BORIS)
    centre.missed(first)
    assert centre.row.state is RequestState.RESERVED


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


def test_a_withheld_number_is_recorded():
    """Who cannot be called is not lost: the record says why (C4)."""
    centre = Centre()
    centre.ended(caller="")
    impossible = centre.of(CallbackImpossible)[0]
    assert (impossible.reason, impossible.broken_call) == (ImpossibleReason.WITHHELD, CALL)
    assert centre.row.state is RequestState.IMPOSSIBLE
    assert not centre.effects


def test_a_number_is_called_so_often_a_day():
    """A forged number that breaks again and again is rung no more than the limit."""
    centre = Centre(CallbackPolicy(LINE, max_per_number_day=3, attempts=2))
    for visit in range(4):
        centre.ended(f"a-{visit}.1")
        for _ in range(2):
            if centre.row.state is RequestState.IN_LINE:
                centre.reserve()
                centre.rings()
                centre.fails(AttemptFailure.NO_ANSWER)
                centre.after(300.0)
    assert len(centre.of(CallbackAttemptStarted)) == 3
    assert [fact.reason for fact in centre.of(CallbackGivenUp)] == ["attempts_made", "number_limit"]
    assert [fact.reason for fact in centre.of(CallbackImpossible)] == ["number_limit", "number_limit"]


def test_strangers_are_not_dialled_in_mass():
    """Beyond the line's hourly limit call-backs wait, and are late rather than many."""
    centre = Centre(CallbackPolicy(LINE, max_per_hour=3))
    for visit in range(5):
        centre.abandoned(f"a-{visit}.1", caller=f"+7900000000{visit}")
    centre.after(3599.0)
    assert len(centre.asked(DialCaller)) == 3
    assert {held.reason for held in centre.of(CallbackHeld)} == {Hold.HOURLY_LIMIT}
    centre.after(14.0)
    assert len(centre.asked(DialCaller)) == 6


def test_one_operator_asks_for_so_many_an_hour_and_no_more():
    """A stolen password makes no telephone bill; the hour rolls, a restart forgets nothing, others go on asking."""
    centre = Centre(CallbackPolicy(LINE, max_per_person_hour=2))

    def asked(number: int, by: str, *, limited: bool = True) -> bool:
        before = len(centre.of(CallbackOwed))
        centre.tell(CallbackAsked(LINE, f"+7900000000{number}", by, limited=limited))
        return len(centre.of(CallbackOwed)) > before

    assert [asked(number, "anna") for number in range(3)] == [True, True, False]
    [refused] = centre.of(CallbackImpossible)
    assert (refused.reason, refused.by) == (ImpossibleReason.PERSON_LIMIT, "anna")
    assert asked(3, "boris")
    assert asked(4, "vera", limited=False)
    centre.restart()
    assert not asked(5, "anna")
    centre.after(3601.0)
    assert asked(6, "anna")


def test_open_requests_are_bounded():
    """A flood fills no memory without end."""
    centre = Centre(CallbackPolicy(LINE, max_open=2))
    for visit in range(3):
        centre.abandoned(f"a-{visit}.1", caller=f"+7900000000{visit}")
    assert [fact.reason for fact in centre.of(CallbackImpossible)] == [ImpossibleReason.TOO_MANY]


def test_no_more_callers_are_rung_than_there_are_operators():
    """With two operators, busy, two of five callers are rung; the others follow as those end."""
    centre = Centre()
    centre.tell(CapacityChanged(LINE, 2))
    for visit in range(5):
        centre.abandoned(f"a-{visit}.1", caller=f"+7900000000{visit}")
    centre.after(14.0)
    assert len(centre.asked(DialCaller)) == 2
    first = centre.asked(DialCaller)[0].call
    centre.tell(CallerDialled(first))
    centre.tell(AttemptFailed(first, AttemptFailure.BUSY))
    assert len(centre.asked(DialCaller)) == 3
    centre.tell(CapacityChanged(LINE, 3))
    assert len(centre.asked(DialCaller)) == 4
    assert [held.reason for held in centre.of(CallbackHeld)] == [Hold.OPERATORS] * 3


def test_no_more_channels_are_used_than_there_are():
    """Without a channel nothing stands in the line; a freed one goes to whoever is due first."""
    centre = Centre()
    centre.tell(ChannelsChanged(1))
    centre.abandoned("a-1.1", caller="+79000000001")
    centre.reserve()
    centre.after(1.0)
    centre.abandoned("a-2.1", caller="+79000000002")
    centre.after(1.0)
    centre.abandoned("a-3.1", caller="+79000000003")
    assert [row.hold for row in centre.rows.values()] == [None, Hold.CHANNELS, Hold.CHANNELS]
    centre.rings()
    centre.fails(AttemptFailure.BUSY)
    in_line = [row.number for row in centre.rows.values() if row.state is RequestState.IN_LINE]
    assert in_line[0] == "+79000000002"
    centre.tell(ChannelsChanged(None))
    centre.after(12.0)
    assert len(centre.asked(DialCaller)) == 3


def test_a_line_that_is_down_makes_late_and_not_lost():
    """No channel at the limit: told as late, and dialled when there is one."""
    centre = Centre()
    centre.tell(ChannelsChanged(0))
    centre.ended()
    centre.after(100.0)
    assert len(centre.of(CallbackLate)) == 1
    centre.tell(ChannelsChanged(5))
    assert centre.dialled.first is Leg.CALLER


def test_a_line_that_goes_down_while_an_operator_is_rung():
    """At the limit there is no channel left: his telephone stops ringing, and the request waits for one."""
    centre = Centre()
    centre.ended()
    centre.after(8.0)
    centre.reserve()
    centre.tell(ChannelsChanged(0))
    centre.after(4.0)
    assert kinds(centre.effects)[-2:] == ["StopDialling", "WithdrawCallback"]
    assert centre.row.hold is Hold.CHANNELS
    assert len(centre.asked(DialCaller)) == 1


def test_what_never_left_the_house_uses_up_no_limit():
    """Three tries on a dead trunk, and the one attempt of the day is still there."""
    centre = Centre(CallbackPolicy(LINE, max_per_number_day=1, max_per_hour=1))
    centre.ended()
    for pause_s in (2.0, 4.0):
        centre.reserve()
        centre.fails(AttemptFailure.NO_LINE)
        centre.after(pause_s)
    centre.reserve()
    centre.rings()
    assert len(centre.of(CallbackAttemptStarted)) == 1


def test_after_a_day_nobody_is_called():
    """A request that could never be tried expires with its reason."""
    centre = Centre()
    centre.tell(ChannelsChanged(0))
    centre.ended()
    centre.after(86_400.0)
    assert centre.of(CallbackGivenUp)[0].reason is GiveUpReason.EXPIRED
    assert centre.book.next_deadline() is None


def test_what_is_no_break_is_recorded_with_its_reason():
    """A normal end, an early leave, an overflow: each says why nobody is called."""
    centre = Centre()
    centre.ended("a-1.1", cause=16)
    centre.ended("a-2.1", by=Party.AGENT, cause=16)
    centre.abandoned("a-3.1", waited_s=3.0)
    centre.fact(CallOverflowed(centre.now, "a-4.1", LINE, "hangup", "max_wait", 120.0))
    centre.ended("a-5.1", queue="unknown")
    assert [fact.reason for fact in centre.of(NoBreak)] == [
        NoBreakReason.ENDED_BY_CALLER,
        NoBreakReason.ENDED_BY_OPERATOR,
        NoBreakReason.LEFT_EARLY,
        NoBreakReason.OVERFLOWED,
        NoBreakReason.NO_POLICY,
    ]
    assert not centre.rows


def test_a_call_that_died_with_the_house_is_called_back():
    """Asterisk was restarted with callers waiting: each is owed a call."""
    centre = Centre()
    centre.fact(CallDied(centre.now, CALL, LINE, CALLER, "asterisk_restarted", 3.0))
    assert centre.of(CallBroke)[0].kind is BreakKind.SYSTEM_FAILED
    assert centre.row.state is RequestState.IN_LINE


def test_a_break_that_is_told_twice_is_one():
    """The same call's end from two sides owes one call-back."""
    centre = Centre()
    centre.ended()
    centre.ended()
    assert len(centre.of(CallBroke)) == len(centre.rows) == 1
    assert not centre.of(NoBreak)


def test_time_that_goes_backwards_is_held():
    """A clock that is set back bends no limit."""
    centre = Centre()
    centre.ended()
    centre.now = START - 1000
    centre.abandoned("a-2.1", caller="+79000000002")
    assert centre.of(CallBroke)[1].at == START

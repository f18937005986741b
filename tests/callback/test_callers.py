"""Callers who call in again themselves, several breaks of one number, breaks that are found late."""

from callback.effects import DialCaller, EnqueueCallback, PlaceCaller
from callback.facts import (
    BreakJoined,
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackHeld,
    CallbackLate,
    CallbackMerged,
    CallbackResumed,
    CallerCalledIn,
    NoBreak,
)
from callback.inputs import (
    BreakFound,
    CallbackCancelled,
    CallbackPoliciesLoaded,
    ChannelsChanged,
    PlaceExchanged,
)
from callback.kinds import AttemptFailure, Hold, Leg, NoBreakReason
from callback.policy import CallbackPolicy
from callback.states import RequestState
from queue_engine.facts import CallMoved, CallReturned
from queue_engine.ids import CallId, Instant
from queue_engine.inputs import Party
from tests.callback.centre import ANNA, CALL, CALLER, LINE, OTHER_LINE, START, Centre, kinds

AGAIN = CallId("a-2.1")


def test_a_call_does_not_settle_its_own_break():
    """The talk that broke was a talk on this line, and still he is owed one."""
    centre = Centre()
    centre.accepted()
    centre.answered()
    centre.ended()
    assert centre.row.state is RequestState.IN_LINE
    centre = Centre()
    centre.accepted()
    centre.abandoned()
    assert centre.row.state is RequestState.IN_LINE
    assert not centre.of(CallerCalledIn)


def test_a_call_that_moves_to_the_line_where_he_is_owed_settles_it_there():
    """He called 1300, was moved to 122, and is spoken to there."""
    centre = Centre(CallbackPolicy(LINE), CallbackPolicy(OTHER_LINE))
    centre.ended()
    centre.accepted(AGAIN, queue=OTHER_LINE)
    centre.fact(CallMoved(centre.now, AGAIN, OTHER_LINE, LINE, "by_hand", "supervisor"))
    centre.answered(AGAIN)
    assert centre.row.state is RequestState.MERGED


def test_who_calls_in_again_gets_his_place_and_his_operator():
    """No second call goes out, and with the first word between them nothing is owed any more."""
    centre = Centre()
    centre.ended()
    centre.after(1.0)
    centre.accepted(AGAIN)
    assert kinds(centre.effects)[-2:] == ["WithdrawCallback", "PlaceCaller"]
    assert centre.asked(PlaceCaller) == [PlaceCaller(AGAIN, LINE, Instant(START + 15), ANNA)]
    centre.after(60.0)
    assert not centre.asked(DialCaller)
    centre.answered(AGAIN)
    assert centre.of(CallbackMerged)[0].call == AGAIN
    assert centre.row.state is RequestState.MERGED
    centre.ended(AGAIN, cause=16)
    centre.after(1000.0)
    assert len(centre.rows) == 1


def test_who_calls_in_while_he_is_rung_ends_the_attempt():
    """His line was busy because he was calling us: ours stops, his call wins, the spacing holds."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.accepted(AGAIN)
    assert kinds(centre.effects)[-3:] == ["StopDialling", "WithdrawCallback", "PlaceCaller"]
    assert centre.of(CallbackAttemptFailed)[0].failure is AttemptFailure.CALLED_IN
    centre.abandoned(AGAIN, waited_s=2.0)
    assert centre.of(CallbackResumed)[0].next_at == START + 60
    assert centre.row.state is RequestState.OWED


def test_who_leaves_again_early_is_still_owed():
    """A second call of two seconds is no answer to the first one's break."""
    centre = Centre()
    centre.ended()
    centre.accepted(AGAIN)
    centre.after(2.0)
    centre.abandoned(AGAIN, waited_s=2.0)
    assert centre.row.state is RequestState.IN_LINE
    centre.after(10.0)
    assert centre.dialled.first is Leg.CALLER
    assert len(centre.rows) == 1


def test_a_second_break_joins_the_first():
    """Two breaks of one number are one request, and the older limit holds."""
    centre = Centre()
    centre.ended()
    centre.after(5.0)
    centre.accepted(AGAIN)
    centre.abandoned(AGAIN)
    joined = centre.of(BreakJoined)[0]
    assert (joined.broken_call, joined.broken_at, joined.limit_s) == (AGAIN, START + 5, 15.0)
    centre.after(7.0)
    centre.rings()
    started = centre.of(CallbackAttemptStarted)[0]
    assert (started.broken_at, started.after_break_s, started.broken_call) == (START, 12.0, AGAIN)


def test_a_break_after_an_attempt_begins_a_new_series():
    """He was rung in vain, called in, and broke again: he has his two attempts from that break on."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.fails(AttemptFailure.NO_ANSWER)
    centre.after(30.0)
    centre.accepted(AGAIN)
    centre.after(10.0)
    centre.abandoned(AGAIN)
    assert centre.asked(EnqueueCallback)[-1].due_at == START + 55
    for _ in range(2):
        centre.reserve()
        centre.rings()
        centre.fails(AttemptFailure.NO_ANSWER)
        centre.after(300.0)
    starts = [(fact.attempt, fact.of_break, fact.broken_at) for fact in centre.of(CallbackAttemptStarted)]
    assert starts == [(1, 1, START), (2, 1, START + 40), (3, 2, START + 40)]


def test_a_call_on_another_line_holds_but_does_not_settle():
    """While he is on 1300 his telephone is not rung for 122; afterwards it is."""
    centre = Centre(CallbackPolicy(LINE), CallbackPolicy(OTHER_LINE))
    centre.ended()
    centre.accepted(AGAIN, queue=OTHER_LINE)
    assert not centre.asked(PlaceCaller)
    centre.answered(AGAIN, queue=OTHER_LINE)
    centre.after(100.0)
    assert not centre.asked(DialCaller)
    centre.ended(AGAIN, cause=16, queue=OTHER_LINE)
    assert centre.asked(DialCaller)
    assert centre.of(CallbackLate)


def test_a_break_that_is_noticed_after_he_called_again():
    """The RTP time-out of the first call fires while he waits with the second: nothing is dialled."""
    centre = Centre()
    centre.accepted(CALL)
    centre.answered(CALL)
    centre.after(20.0)
    centre.accepted(AGAIN)
    centre.ended(CALL)
    assert centre.row.state is RequestState.CALLING_IN
    assert centre.asked(PlaceCaller)[0].call == AGAIN
    centre.answered(AGAIN)
    assert centre.row.state is RequestState.MERGED


def test_a_break_that_is_noticed_while_he_is_spoken_to_again():
    """He is in a talk on this line already: the break is merged as it is found."""
    centre = Centre()
    centre.accepted(AGAIN)
    centre.answered(AGAIN)
    centre.ended(CALL)
    assert kinds(centre.facts) == ["CallBroke", "CallbackOwed", "CallerCalledIn", "CallbackMerged"]
    assert not centre.effects


def test_a_talk_that_was_none_settles_nothing_later():
    """The operator dropped his second call at once: a break found then still waits for it."""
    centre = Centre()
    centre.accepted(AGAIN)
    centre.answered(AGAIN)
    centre.fact(CallReturned(centre.now, AGAIN, LINE, ANNA, 0.2))
    centre.ended(CALL)
    assert centre.row.state is RequestState.CALLING_IN


def test_two_calls_of_one_number_hold_until_the_last_is_over():
    """A family on one number: nobody is rung while one of them is on the line."""
    centre = Centre()
    centre.ended()
    centre.accepted(AGAIN)
    centre.accepted(CallId("a-3.1"))
    centre.abandoned(AGAIN, waited_s=1.0)
    assert centre.row.state is RequestState.CALLING_IN
    assert not centre.of(CallbackResumed)
    centre.abandoned(CallId("a-3.1"), waited_s=1.0)
    assert centre.row.state is RequestState.IN_LINE


def test_once_he_has_answered_ours_his_own_call_changes_nothing():
    """Caller-first, he waits with us and calls from the same number: ours goes on."""
    centre = Centre()
    centre.ended()
    centre.after(12.0)
    centre.rings()
    centre.talks()
    centre.accepted(AGAIN)
    assert not centre.of(CallerCalledIn)
    assert centre.row.state is RequestState.TALKING


def test_attempts_used_up_by_his_own_calls_end_the_request():
    """Rung the full number of times, each time as he called us: it ends when he leaves."""
    centre = Centre()
    centre.ended()
    for visit in ("a-2.1", "a-3.1"):
        centre.reserve()
        centre.rings()
        centre.accepted(CallId(visit))
        centre.abandoned(CallId(visit), waited_s=1.0)
        centre.after(60.0)
    assert centre.row.state is RequestState.GIVEN_UP


def test_one_number_is_never_rung_by_two_lines_at_once():
    """Two lines owe him a call: the second waits for the end of the first."""
    centre = Centre(CallbackPolicy(LINE), CallbackPolicy(OTHER_LINE))
    centre.ended()
    centre.ended(AGAIN, queue=OTHER_LINE)
    first, second = (centre.rows[request] for request in sorted(centre.rows))
    assert (first.state, second.hold) == (RequestState.IN_LINE, Hold.NUMBER_IN_USE)
    centre.tell(CallbackCancelled(first.request, "supervisor"))
    assert centre.rows[second.request].state is RequestState.IN_LINE


def test_a_talk_makes_the_other_lines_call_wait():
    """Both lines' attempts crossed: whoever is spoken to is not rung by the other."""
    centre = Centre(CallbackPolicy(LINE), CallbackPolicy(OTHER_LINE))
    centre.ended()
    centre.reserve()
    centre.rings()
    first = centre.present
    centre.ended(AGAIN, queue=OTHER_LINE)
    centre.after(45.0)
    centre.rings()
    centre.answered(first)
    assert [fact.failure for fact in centre.of(CallbackAttemptFailed)] == [
        AttemptFailure.NO_ANSWER,
        AttemptFailure.CALLED_IN,
    ]


def test_a_break_of_an_hour_ago_is_late_and_not_lost():
    """A call that broke while we were away is counted from its real end."""
    centre = Centre()
    centre.tell(
        BreakFound(CALL, LINE, CALLER, Instant(START - 100), 5.0, 60.0, Party.CALLER, 44, ANNA),
    )
    assert centre.of(CallbackLate)[0].broken_at == START - 100
    assert centre.dialled.first is Leg.CALLER
    centre.rings()
    started = centre.of(CallbackAttemptStarted)[0]
    assert (started.after_break_s, started.within_limit) == (100.0, False)


def test_a_break_found_before_attempts_that_followed_it_needs_no_new_series():
    """The journal tells an older break of a number that has been rung since."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.fails(AttemptFailure.BUSY)
    centre.tell(BreakFound(AGAIN, LINE, CALLER, Instant(START - 50), 5.0, 60.0, Party.CALLER, 44, ANNA))
    assert centre.row.of_break == 1
    assert len(centre.of(BreakJoined)) == 1


def test_a_break_found_while_he_is_rung_begins_no_new_series():
    """He is being called for it already."""
    centre = Centre()
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.after(5.0)
    centre.tell(BreakFound(AGAIN, LINE, CALLER, centre.now, 5.0, 60.0, Party.CALLER, 44, ANNA))
    assert (centre.row.of_break, centre.row.broken_at) == (1, START)


def test_a_removed_line_keeps_its_promises_and_makes_no_new_ones():
    """A reload takes nothing back from those who are owed already."""
    centre = Centre()
    centre.ended()
    centre.tell(CallbackPoliciesLoaded((CallbackPolicy(OTHER_LINE),)))
    centre.ended(AGAIN, caller="+79000000009")
    assert centre.of(NoBreak)[0].reason is NoBreakReason.NO_POLICY
    centre.after(12.0)
    assert centre.dialled.call == centre.present


def test_a_reload_moves_what_is_due():
    """A shorter margin holds for the breaks that are open already."""
    centre = Centre()
    centre.ended()
    centre.tell(CallbackPoliciesLoaded((CallbackPolicy(LINE, dial_margin_s=10.0),)))
    centre.after(5.0)
    assert centre.dialled.first is Leg.CALLER


def test_with_few_channels_a_break_goes_before_a_kept_place():
    """The place would wait for an operator anyhow; the break has 15 s."""
    centre = Centre()
    centre.tell(ChannelsChanged(1))
    centre.tell(PlaceExchanged(CALL, LINE, "+79000000001", Instant(START - 60)))
    centre.tell(PlaceExchanged(AGAIN, LINE, "+79000000002", Instant(START - 50)))
    assert [fact.reason for fact in centre.of(CallbackHeld)] == [Hold.CHANNELS]
    centre.ended(CallId("a-3.1"))
    centre.after(12.0)
    assert centre.dialled.number == CALLER

"""Call-backs that no break began: operators' reports, places exchanged for a call, wishes and promised answers."""

from callback.effects import DialCaller, EnqueueCallback, ReleaseCaller
from callback.facts import (
    CallbackAttemptStarted,
    CallbackImpossible,
    CallbackInLine,
    CallbackLate,
    CallbackOwed,
    CallbackReached,
    CallBroke,
    NoBreak,
)
from callback.inputs import (
    BreakReported,
    CallbackAsked,
    PlaceExchanged,
)
from callback.kinds import BreakKind, ImpossibleReason, Leg, Mode, NoBreakReason, Origin
from callback.policy import CallbackPolicy
from callback.states import RequestState
from queue_engine.facts import CallOverflowed
from queue_engine.ids import CallId, Instant
from queue_engine.inputs import Party
from tests.callback.centre import ANNA, BORIS, CALL, CALLER, LINE, OTHER_LINE, START, Centre, kinds

AGAIN = CallId("a-2.1")


def test_an_operator_reports_that_he_had_not_finished():
    """The caller's side hung up normally, the operator says it broke: owed, counted from the end of the talk."""
    centre = Centre()
    centre.ended(cause=16)
    assert not centre.rows
    centre.after(8.0)
    centre.tell(BreakReported(ANNA, "101"))
    assert centre.of(CallBroke)[0].kind is BreakKind.REPORTED
    assert (centre.row.broken_at, centre.row.agent, centre.row.by) == (START, ANNA, "101")
    centre.after(4.0)
    assert centre.dialled.first is Leg.CALLER


def test_a_report_is_believed_once_of_ones_own_talk_and_in_time():
    """Nobody reports another's talk, twice, or one of an hour ago."""
    centre = Centre()
    centre.ended(cause=16)
    centre.tell(BreakReported(BORIS, "102", CALL))
    centre.after(121.0)
    centre.tell(BreakReported(ANNA, "101"))
    assert not centre.rows
    centre.ended(AGAIN, cause=16)
    centre.tell(BreakReported(ANNA, "101", AGAIN))
    centre.tell(BreakReported(ANNA, "101", AGAIN))
    assert len(centre.of(CallBroke)) == 1


def test_the_place_in_the_line_is_exchanged_for_a_call():
    """His place is kept, his call leaves, and he is called when his turn comes and not before."""
    centre = Centre(CallbackPolicy(LINE, first_leg=Leg.CALLER))
    centre.accepted()
    centre.after(20.0)
    assert centre.book.refusal(LINE, CALLER, centre.now) is None
    centre.tell(PlaceExchanged(CALL, LINE, CALLER, Instant(START + 60)))
    assert kinds(centre.effects) == ["ReleaseCaller", "EnqueueCallback"]
    assert centre.asked(EnqueueCallback)[0].due_at == START + 60
    centre.fact(CallOverflowed(centre.now, CALL, LINE, "callback", "booked", 20.0))
    assert centre.of(NoBreak)[0].reason is NoBreakReason.CALLBACK_BOOKED
    centre.after(600.0)
    assert not centre.asked(DialCaller)
    centre.reserve()
    assert centre.dialled.first is Leg.CALLER
    centre.rings()
    started = centre.of(CallbackAttemptStarted)[0]
    assert (started.limit_s, started.within_limit) == (None, True)


def test_hanging_up_after_the_exchange_is_no_break():
    """He has his call-back and hangs up himself: no second one."""
    centre = Centre()
    centre.accepted()
    centre.tell(PlaceExchanged(CALL, LINE, CALLER, Instant(START + 60)))
    centre.abandoned()
    centre.tell(PlaceExchanged(CALL, LINE, CALLER, Instant(START + 60)))
    assert len(centre.rows) == 1
    assert centre.of(NoBreak)[0].reason is NoBreakReason.CALLBACK_BOOKED


def test_a_refused_exchange_leaves_the_caller_where_he_is():
    """A number that may not be called keeps nobody's place, and nobody is sent away for it."""
    centre = Centre()
    centre.accepted()
    assert centre.book.refusal(LINE, "+18765551234", centre.now) is ImpossibleReason.NOT_PERMITTED
    assert centre.book.refusal("unknown", CALLER, centre.now) is ImpossibleReason.NO_POLICY
    centre.tell(PlaceExchanged(CALL, LINE, "+18765551234", Instant(START + 60)))
    assert not centre.asked(ReleaseCaller)
    assert centre.of(CallbackImpossible)[0].reason is ImpossibleReason.NOT_PERMITTED
    centre.abandoned()
    assert len(centre.of(CallbackOwed)) == 1


def test_an_exchange_takes_the_place_of_the_break_before_it():
    """He broke, called in, and now exchanges: one request, called in his turn and not within 15 s."""
    centre = Centre()
    centre.ended()
    centre.after(5.0)
    centre.accepted(AGAIN)
    centre.after(20.0)
    centre.tell(PlaceExchanged(AGAIN, LINE, CALLER, Instant(START + 65)))
    assert centre.asked(EnqueueCallback)[-1].due_at == START + 15
    centre.after(100.0)
    assert not centre.asked(DialCaller)
    assert not centre.of(CallbackLate)
    assert len(centre.rows) == 1


def test_a_wish_from_the_web_waits_for_the_hours():
    """Nobody who filled in a form at three in the morning is rung at three in the morning."""
    midnight = Instant(1_795_392_000.0)
    centre = Centre(CallbackPolicy(LINE, permitted_minutes=((300, 960),)))
    centre.now = midnight
    centre.tell(CallbackAsked(LINE, CALLER, "web", Origin.WEB))
    centre.tell(CallbackAsked(LINE, CALLER, "web", Origin.WEB))
    assert len(centre.rows) == 1
    centre.after(5 * 3600 - 1.0)
    assert not centre.effects
    centre.after(1.0)
    assert len(centre.asked(EnqueueCallback)) == 1


def test_a_break_makes_a_wish_press():
    """A wish from the web waits in the line, then a call of the same number breaks: now the norm holds."""
    centre = Centre()
    centre.tell(CallbackAsked(LINE, CALLER, "web", Origin.WEB))
    centre.after(100.0)
    centre.accepted()
    centre.abandoned()
    assert centre.row.limit_at == START + 115
    centre.after(12.0)
    assert centre.dialled.first is Leg.CALLER


def test_a_promised_answer_waits_for_its_time_and_its_operator():
    """Booked for an hour later by an operator for himself: nothing before, then he, then anybody."""
    centre = Centre()
    due = Instant(START + 3600)
    centre.tell(CallbackAsked(LINE, CALLER, "101", Origin.BOOKED, due, ANNA))
    assert (centre.row.mode, centre.row.limit_at) == (Mode.SAME_OPERATOR, None)
    centre.accepted()
    centre.answered()
    centre.ended(by=Party.AGENT, cause=16)
    assert centre.row.state is RequestState.OWED
    centre.after(3600.0)
    assert [enqueued.agent for enqueued in centre.asked(EnqueueCallback)] == [ANNA]
    centre.after(300.0)
    assert [enqueued.agent for enqueued in centre.asked(EnqueueCallback)] == [ANNA, None]


def test_a_promised_answer_stands_beside_a_break():
    """A break before the promised time is called back on its own; the promise still holds."""
    centre = Centre()
    centre.tell(CallbackAsked(LINE, CALLER, "101", Origin.BOOKED, Instant(START + 3600)))
    centre.ended()
    centre.reserve()
    centre.rings()
    centre.talks()
    centre.ended(centre.present, by=Party.AGENT, cause=16)
    centre.after(3600.0)
    assert len(centre.of(CallbackInLine)) == 2
    assert len(centre.of(CallbackReached)) == 1


def test_a_line_without_call_backs_refuses_wishes():
    """The wish is recorded with its reason; a break there is none."""
    centre = Centre()
    centre.tell(CallbackAsked(OTHER_LINE, CALLER, "101"))
    assert centre.of(CallbackImpossible)[0].reason is ImpossibleReason.NO_POLICY

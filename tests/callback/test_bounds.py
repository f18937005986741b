"""What is never exceeded: calls of one number a day, of strangers, callers rung, channels, the age of a request."""

from callback.effects import DialCaller
from callback.facts import (
    CallbackAttemptStarted,
    CallbackGivenUp,
    CallbackHeld,
    CallbackImpossible,
    CallbackLate,
    CallbackOwed,
)
from callback.inputs import (
    AttemptFailed,
    CallbackAsked,
    CallerDialled,
    CapacityChanged,
    ChannelsChanged,
)
from callback.kinds import (
    AttemptFailure,
    GiveUpReason,
    Hold,
    ImpossibleReason,
    Leg,
)
from callback.policy import CallbackPolicy
from callback.states import RequestState
from tests.callback.centre import CALL, LINE, Centre, kinds


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

"""Instants: spacing, permitted hours, limits, deadlines; and the rolling windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback.deadlines import Deadlines
from callback.ids import RequestId
from callback.kinds import AttemptFailure
from callback.limits import AttemptLimits
from callback.policy import CallbackPolicy, Spacing
from callback.schedule import next_attempt_at, permitted_from
from queue_engine.errors import PolicyError
from queue_engine.ids import Instant
from tests.callback.centre import CALLER, LINE, OTHER_LINE, START

MONDAY = Instant(1_795_392_000.0)
"""2026-11-23 00:00 UTC, a Monday."""
HOUR = 3600.0
WORKDAYS = tuple((day * 1440 + 5 * 60, day * 1440 + 16 * 60) for day in range(5))
"""09:00 to 20:00 in Saratov, UTC+4, Monday to Friday."""


@pytest.mark.parametrize(
    ("at_h", "from_h"),
    [
        (0.0, 5.0),  # Monday before work
        (5.0, 5.0),
        (15.99, 15.99),
        (16.0, 29.0),  # the end is not in the interval: Tuesday morning
        (4 * 24 + 16.0, 7 * 24 + 5.0),  # Friday evening: next Monday
        (6 * 24 + 12.0, 7 * 24 + 5.0),  # Sunday
    ],
)
def test_permitted_hours(at_h: float, from_h: float):
    """Whoever may not be called now is called when the hours begin."""
    assert permitted_from(Instant(MONDAY + at_h * HOUR), WORKDAYS) == MONDAY + from_h * HOUR


def test_no_hours_mean_any_hour():
    """A line that works round the clock names no hours."""
    assert permitted_from(MONDAY, ()) == MONDAY


@given(at=st.floats(min_value=1e9, max_value=3e9), hours=st.sampled_from([WORKDAYS, ((0, 1),), ((10_079, 10_080),)]))
def test_a_permitted_instant_is_in_the_hours_and_the_first(at: float, hours: tuple[tuple[int, int], ...]):
    """Never outside the hours, never before, and nothing permitted is passed over."""
    found = permitted_from(Instant(at), hours)
    minute = (found / 60 + 3 * 1440) % 10_080
    assert found >= at
    assert any(start - 1e-4 <= minute < end for start, end in hours)
    assert permitted_from(found, hours) == found
    starts = [start for start, _ in hours]
    assert found == at or any(abs(minute - start) < 1e-4 for start in starts)


@pytest.mark.parametrize("failure", [failure for failure in AttemptFailure if failure is not AttemptFailure.NO_LINE])
def test_spacing_is_by_cause(failure: AttemptFailure):
    """Each cause has its own pause, from the end of the attempt."""
    policy = CallbackPolicy(LINE)
    at = next_attempt_at(START, failure, counted=True, fruitless=0, policy=policy)
    assert at == START + policy.spacing.after(failure)


def test_an_attempt_that_never_left_the_house_is_repeated_soon_and_ever_slower():
    """The norm's 15 s run on while a trunk is down, but a dead trunk is not hammered."""
    policy = CallbackPolicy(LINE, permitted_minutes=((0, 1),))
    pauses = [
        next_attempt_at(START, AttemptFailure.NO_LINE, counted=False, fruitless=tries, policy=policy) - START
        for tries in (1, 2, 3, 4, 5, 6, 7, 10_000)
    ]
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_later_attempts_keep_to_the_hours():
    """Nobody is called for the second time at night."""
    policy = CallbackPolicy(LINE, permitted_minutes=WORKDAYS)
    evening = Instant(MONDAY + 15.99 * HOUR)
    at = next_attempt_at(evening, AttemptFailure.NO_ANSWER, counted=True, fruitless=0, policy=policy)
    assert at == MONDAY + 29 * HOUR


def test_a_number_has_so_many_attempts_in_any_24_hours():
    """No midnight doubles the limit, and no other number is touched by it."""
    limits, policy = AttemptLimits(), CallbackPolicy(LINE, max_per_number_day=2)
    limits.add(LINE, CALLER, START)
    limits.add(LINE, CALLER, Instant(START + 10))
    assert limits.number_used_up(CALLER, policy, Instant(START + 86_399))
    assert not limits.number_used_up("+79000000000", policy, Instant(START + 86_399))
    assert not limits.number_used_up(CALLER, policy, Instant(START + 86_400))


def test_a_line_has_so_many_attempts_in_any_hour():
    """The line says when it may dial again; other lines have limits of their own."""
    limits, policy = AttemptLimits(), CallbackPolicy(LINE, max_per_hour=2)
    for second in (0, 100):
        limits.add(LINE, CALLER, Instant(START + second))
        limits.add(OTHER_LINE, CALLER, Instant(START + second))
    for second in (200, 3599):
        assert limits.line_free_at(policy, Instant(START + second)) == START + 3600
    assert limits.line_free_at(policy, Instant(START + 3600)) is None


def test_an_attempt_that_never_left_the_house_is_uncounted():
    """A dead trunk does not use up anybody's limit."""
    limits = AttemptLimits()
    policy = CallbackPolicy(LINE, max_per_hour=1, max_per_number_day=1)
    limits.add(LINE, CALLER, START)
    limits.take_back(LINE, CALLER, START)
    limits.take_back(LINE, CALLER, START)
    assert limits.line_free_at(policy, START) is None
    assert not limits.number_used_up(CALLER, policy, START)


@given(st.lists(st.tuples(st.integers(1, 5), st.none() | st.integers(0, 20)), max_size=60))
def test_deadlines_have_one_live_entry_per_request(moves: list[tuple[int, int | None]]):
    """Whatever was armed before, only the last word counts, and the earliest comes first."""
    deadlines, plain = Deadlines(), dict[RequestId, Instant]()
    for owner, at in moves:
        request = RequestId(owner)
        deadlines.arm(request, None if at is None else Instant(at))
        plain.pop(request, None)
        if at is not None:
            plain[request] = Instant(at)
        assert deadlines.next_due() == min(plain.values(), default=None)
    popped = []
    while (request := deadlines.pop_due(Instant(10))) is not None:
        popped.append(plain.pop(request))
    assert popped == sorted(popped)
    assert all(at > 10 for at in plain.values())


def test_deadlines_that_are_moved_forever_do_not_grow():
    """A request that is re-armed a thousand times holds no thousand entries."""
    deadlines = Deadlines()
    for second in range(5_000):
        deadlines.arm(RequestId(1), Instant(second))
    assert len(deadlines._heap) <= 1_025
    assert deadlines.next_due() == 4_999


@pytest.mark.parametrize(
    "wrong",
    [
        {"dial_margin_s": 15.0},
        {"ring_s": 0.0},
        {"operator_ring_s": 0.0},
        {"attempts": 1},
        {"min_attempts": 0},
        {"give_up_after_s": 15.0},
        {"max_per_hour": 0},
        {"short_talk_s": -1.0},
        {"spacing": Spacing(busy_s=-1.0)},
        {"spacing": Spacing(no_line_s=0.0)},
        {"permitted_prefixes": ()},
        {"permitted_prefixes": ("8",)},
        {"permitted_minutes": ((10, 5),)},
        {"permitted_minutes": ((0, 10), (5, 20))},
        {"permitted_minutes": ((0, 10_081),)},
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(wrong: dict[str, object]):
    """A mistake is told with its line and field before anybody is called by it."""
    with pytest.raises(PolicyError, match="call-backs of line 122"):
        CallbackPolicy(LINE, **wrong)

"""The rules of call lists: how many are called now, and what becomes of a contact after a call."""

from dataclasses import replace

import pytest

from callback.ids import RequestId
from callback.kinds import AttemptFailure, GiveUpReason, ImpossibleReason, Mode, Origin
from callback.lists import (
    DAY_S,
    SPACING,
    STANDS_S,
    TRY_AGAIN_S,
    ContactState,
    ListPolicy,
    Pacing,
    after_call,
    room,
    stands_until,
)
from callback.request import Attempt, ListCall, Request
from callback.states import RequestState
from queue_engine.ids import CallId, Instant
from tests.callback.centre import LINE, START

POLICY = ListPolicy()
MONDAYS = ((0, 24 * 60),)
ENDED = Request(
    request=RequestId(1),
    queue=LINE,
    origin=Origin.LIST,
    state=RequestState.GIVEN_UP,
    shown="+78452000077",
    number="+78452000077",
    calls=(),
    opened_at=START,
    broken_at=START,
    due_at=START,
    limit_at=None,
    expires_at=START,
    mode=Mode.FIRST_FREE,
    agent=None,
    next_at=START,
    by="list 1",
    reason=GiveUpReason.ATTEMPTS_MADE,
    listed=ListCall(7),
)


def free(policy: ListPolicy = POLICY, **how: int) -> int:
    """Return the room of a line with five ready operators unless told otherwise."""
    counts = {"ready": 5, "waiting": 0, "held": 0, "out": 0} | how
    return room(policy, **counts, now=START)


def failed(failure: AttemptFailure) -> Request:
    """Return a request whose one attempt has failed so."""
    return replace(ENDED, attempts=(Attempt(CallId("callback-1-1"), START, START, failure),))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, 5),
        ({"ready": 0}, 0),
        ({"waiting": 2}, 3),
        ({"held": 1, "waiting": 1}, 3),
        ({"waiting": 9}, 0),
        ({"out": 8}, 2),
        ({"out": 12}, 0),
    ],
)
def test_never_more_than_operators_who_would_else_be_idle(counts, expected):
    """Who calls in has the first claim on a free operator, and a list never has more calls out than it may."""
    assert free(**counts) == expected


def test_operators_are_kept_free_for_those_who_call_in():
    """The list does as if they were not there."""
    assert free(replace(POLICY, keep_free=4)) == 1
    assert free(replace(POLICY, keep_free=6)) == 0


def test_a_menu_needs_channels_and_no_operators():
    """Only its own limit holds."""
    assert free(replace(POLICY, pacing=Pacing.MENU, menu="x", at_once=3), ready=0, waiting=7, out=1) == 2


def test_with_preview_nobody_is_called_before_an_operator_says_so():
    """Whatever is free."""
    assert free(replace(POLICY, pacing=Pacing.PREVIEW)) == 0


def test_outside_the_hours_nobody_is_called():
    """START is a Thursday."""
    assert free(replace(POLICY, permitted_minutes=MONDAYS)) == 0


def test_a_contact_who_was_reached_is_done_with():
    """By an operator, or by a menu that he has heard."""
    after = after_call(replace(ENDED, state=RequestState.DONE, reason=None), 0, POLICY, START)
    assert (after.state, after.result, after.counted) == (ContactState.CLOSED, "reached", True)


@pytest.mark.parametrize("failure", [AttemptFailure.BUSY, AttemptFailure.NO_ANSWER, AttemptFailure.MACHINE])
def test_who_was_not_reached_is_tried_again_after_the_spacing_of_the_cause(failure):
    """Until the list's number of attempts is made."""
    after = after_call(failed(failure), 0, POLICY, START)
    assert (after.state, after.result, after.counted) == (ContactState.WAITING, failure, True)
    assert after.next_at == START + SPACING.after(failure)
    last = after_call(failed(failure), POLICY.attempts - 1, POLICY, START)
    assert (last.state, last.result) == (ContactState.CLOSED, failure)


def test_the_next_attempt_is_in_permitted_hours():
    """Thursday's next one is on Monday, in the first minute of the list's hours."""
    policy = replace(POLICY, permitted_minutes=MONDAYS)
    after = after_call(failed(AttemptFailure.BUSY), 0, policy, START)
    assert after.next_at > START + 3 * DAY_S
    assert room(policy, ready=1, waiting=0, held=0, out=0, now=after.next_at) == 1


@pytest.mark.parametrize(
    ("reason", "after_s"),
    [
        (GiveUpReason.EXPIRED, 0.0),
        (GiveUpReason.CANCELLED, 0.0),
        (GiveUpReason.CALLED_IN, TRY_AGAIN_S),
        (GiveUpReason.NUMBER_LIMIT, DAY_S),
        (ImpossibleReason.TOO_MANY, TRY_AGAIN_S),
        (ImpossibleReason.NUMBER_LIMIT, DAY_S),
    ],
)
def test_what_is_not_his_fault_is_no_attempt(reason, after_s):
    """He was not dialled: the list has him back, now or later."""
    after = after_call(replace(ENDED, reason=reason), 0, POLICY, START)
    assert (after.state, after.counted, after.next_at) == (ContactState.WAITING, False, START + after_s)


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        (GiveUpReason.WRONG_PERSON, "wrong_person"),
        (GiveUpReason.DO_NOT_CALL, "do_not_call"),
        (ImpossibleReason.DO_NOT_CALL, "do_not_call"),
        (ImpossibleReason.NOT_PERMITTED, "impossible"),
        (ImpossibleReason.INVALID, "impossible"),
    ],
)
def test_who_shall_or_can_not_be_called_is_done_with(reason, result):
    """Each with its reason (C4)."""
    after = after_call(replace(ENDED, reason=reason), 0, POLICY, START)
    assert (after.state, after.result) == (ContactState.CLOSED, result)


@pytest.mark.parametrize("reason", [*GiveUpReason, *ImpossibleReason])
def test_every_reason_leads_somewhere(reason):
    """Nobody is left between the list and the book."""
    after = after_call(replace(ENDED, reason=reason), 0, POLICY, START)
    assert after.state in {ContactState.WAITING, ContactState.CLOSED}


def test_nobody_stands_in_the_line_beyond_the_hours():
    """A contact who is booked just before the end is dialled before it or not at all."""
    minute_began = Instant(START - START % 60.0)
    minute = int((minute_began - 4 * DAY_S) % (7 * DAY_S) // 60)
    policy = replace(POLICY, permitted_minutes=((minute - 60, minute + 2),))
    assert stands_until(policy, minute_began) == minute_began + 120.0
    assert stands_until(POLICY, START) == START + STANDS_S

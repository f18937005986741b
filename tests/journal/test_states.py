"""The life of a card is total, and what the regulations say of it holds."""

import pytest

from acd.journal.errors import TransitionRefused
from acd.journal.states import (
    DONE,
    OPEN,
    REFUSED,
    STALE,
    TRANSITIONS,
    CardState,
    CardTrigger,
    Colour,
    Holder,
    colour,
    next_state,
    possible,
)

S, T = CardState, CardTrigger


@pytest.mark.parametrize("trigger", CardTrigger)
@pytest.mark.parametrize("state", CardState)
def test_each_pair_is_in_exactly_one_table(state, trigger):
    """Nothing that can be asked of a card is undefined, and nothing is defined twice."""
    tables = ((state, trigger) in TRANSITIONS, state in STALE.get(trigger, ()), state in REFUSED.get(trigger, ()))
    assert sum(tables) == 1


@pytest.mark.parametrize("state", CardState)
def test_what_is_possible_is_done_and_the_rest_is_refused_or_changes_nothing(state):
    """`possible` offers exactly the triggers that lead somewhere."""
    for trigger in CardTrigger:
        if trigger in possible(state):
            assert next_state(state, trigger) == TRANSITIONS[state, trigger]
        elif state in STALE.get(trigger, ()):
            assert next_state(state, trigger) == state
        else:
            with pytest.raises(TransitionRefused):
                next_state(state, trigger)


def test_no_clock_is_ever_refused():
    """What only the clock fires comes late by nature and never raises."""
    assert not {T.PROMISE_DUE, T.REOPENING_OVER} & set(REFUSED)


def test_open_and_done_divide_the_states():
    """Each state either owes something or does not."""
    assert set(CardState) == OPEN | DONE
    assert not OPEN & DONE


def test_closed_is_for_good():
    """KEM 5.11: a closed request is not to be reopened."""
    assert possible(S.CLOSED) == ()
    with pytest.raises(TransitionRefused) as refused:
        next_state(S.CLOSED, T.REOPEN)
    assert str(refused.value) == "reopen is not possible in state closed"


@pytest.mark.parametrize("state", CardState)
def test_from_everywhere_a_card_can_come_to_its_end(state):
    """No state is a trap: a way leads from each to `closed`."""
    reached = {state}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= more
    assert S.CLOSED in reached


def test_a_link_used_twice_changes_nothing():
    """The official who presses the button of an old e-mail again does no harm."""
    assert next_state(S.FINISHED, T.ENTER_RESULT) == S.FINISHED


@pytest.mark.parametrize(
    ("state", "holder", "shown"),
    [
        (S.IN_WORK, Holder.CENTRE, Colour.WHITE),
        (S.HANDED_OVER, Holder.INSURER, Colour.YELLOW),
        (S.HANDED_OVER, Holder.CLINIC, Colour.WHITE),
        (S.FINISHED, Holder.CENTRE, Colour.GREEN),
        (S.FINISHED, Holder.INSURER, Colour.GREEN),
    ],
)
def test_the_colours_are_the_regulations(state, holder, shown):
    """UDM 7.7: white in work, yellow at an insurer, green once the work is over."""
    assert colour(state, holder) == shown

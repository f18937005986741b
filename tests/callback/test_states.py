"""The table of a request's states: total, without doubles, and with ends."""

import pytest

from callback.states import FINAL, IN_ATTEMPT, OUTSIDE, STALE, TRANSITIONS, RequestState, RequestTrigger, next_state
from queue_engine.errors import IllegalTransition


@pytest.mark.parametrize("trigger", sorted(OUTSIDE))
@pytest.mark.parametrize("state", RequestState)
def test_outside_trigger_is_a_transition_or_stale_in_every_state(state: RequestState, trigger: RequestTrigger):
    """Nothing the world can send is undefined, and nothing is defined twice."""
    assert ((state, trigger) in TRANSITIONS) != (state in STALE[trigger])


@pytest.mark.parametrize("trigger", sorted(set(RequestTrigger) - OUTSIDE))
def test_own_trigger_in_a_wrong_state_is_a_bug(trigger: RequestTrigger):
    """The book's own triggers are never swallowed."""
    assert trigger not in STALE
    for state in RequestState:
        if (state, trigger) not in TRANSITIONS:
            with pytest.raises(IllegalTransition, match=f"no transition from {state} on {trigger}"):
                next_state(state, trigger)


def test_a_stale_trigger_changes_nothing():
    """What comes too late is told apart from what moves."""
    assert next_state(RequestState.DONE, RequestTrigger.CALLER_RANG) is None
    assert next_state(RequestState.IN_LINE, RequestTrigger.OPERATOR_RESERVED) is RequestState.RESERVED


def test_final_states_have_no_way_out_and_all_others_have_one():
    """A request ends, and only there."""
    assert {state for state, _ in TRANSITIONS} == set(RequestState) - FINAL


def test_every_state_is_reached_from_owed_and_reaches_an_end():
    """No state is an island and none is a trap."""
    follows = {
        state: {after for (before, _), after in TRANSITIONS.items() if before is state} for state in RequestState
    }

    def reach(start: RequestState) -> set[RequestState]:
        seen, todo = {start}, [start]
        while todo:
            todo += (new := follows[todo.pop()] - seen)
            seen |= new
        return seen

    assert reach(RequestState.OWED) == set(RequestState)
    assert all(reach(state) & FINAL for state in RequestState)


def test_a_talk_counts_from_every_state_in_which_an_attempt_can_be_alive():
    """Nobody who is being spoken to is called again, however the messages crossed."""
    for state in {RequestState.OWED, RequestState.CALLING_IN, *IN_ATTEMPT} - {RequestState.TALKING}:
        assert next_state(state, RequestTrigger.TALK_BEGAN) is RequestState.TALKING

"""The state tables are total over what the world can send, and say each thing once."""

from typing import get_args, get_type_hints

import pytest

from queue_engine import agent, call, offer
from queue_engine.engine import TAKES
from queue_engine.errors import IllegalTransition
from queue_engine.facts import AgentState
from queue_engine.inputs import Input

MACHINES = [
    (agent, AgentState, agent.AgentTrigger),
    (call, call.CallState, call.CallTrigger),
    (offer, offer.OfferState, offer.OfferTrigger),
]

PAIRS = [
    pytest.param(module, state, trigger, id=f"{module.__name__.split('.')[1]}-{state}-{trigger}")
    for module, states, triggers in MACHINES
    for state in states
    for trigger in triggers
]


@pytest.mark.parametrize(("module", "state", "trigger"), PAIRS)
def test_outside_trigger_is_a_transition_or_stale_in_every_state(module, state, trigger):
    """Nothing the world can send is undefined, and nothing is defined twice."""
    row = (state, trigger) in module.TRANSITIONS
    stale = state in module.STALE.get(trigger, ())
    if trigger in module.OUTSIDE:
        assert row != stale
    else:
        assert not stale


@pytest.mark.parametrize(("module", "state", "trigger"), PAIRS)
def test_a_trigger_goes_where_its_row_says(module, state, trigger):
    """A row is followed, a stale trigger changes nothing, and our own trigger in a wrong state is a loud bug."""
    follow = module.target if module is agent else module.next_state
    if (state, trigger) in module.TRANSITIONS:
        assert follow(state, trigger) == module.TRANSITIONS[state, trigger]
    elif state in module.STALE.get(trigger, ()):
        assert follow(state, trigger) == (None if module is agent else state)
    else:
        with pytest.raises(IllegalTransition, match=f"no transition from {state} on {trigger}"):
            follow(state, trigger)


@pytest.mark.parametrize(("module", "states", "triggers"), MACHINES)
def test_every_trigger_and_every_state_occurs(module, states, triggers):
    """The tables hold no state that cannot be entered and no trigger that does nothing."""
    assert {trigger for _, trigger in module.TRANSITIONS} == set(triggers)
    assert set(module.OUTSIDE) == set(module.STALE) | {
        trigger for trigger in module.OUTSIDE if trigger not in module.STALE
    }
    if module is not agent:
        first = next(iter(states))
        assert set(module.TRANSITIONS.values()) | {first} >= set(states) - {"greeting"}


@pytest.mark.parametrize("kind", get_args(Input), ids=lambda kind: kind.__name__)
def test_each_kind_of_input_is_taken_by_what_was_written_for_it(kind):
    """No input is forgotten, and none is given to a function that expects another."""
    if not hasattr(TAKES[kind], "__annotations__"):
        pytest.skip("compiled functions do not say what they expect; they refuse what it is not")
    expects = get_type_hints(TAKES[kind])["event"]
    assert kind in (get_args(expects) or (expects,))


def test_nothing_is_taken_that_is_no_input():
    """The table holds the closed union and nothing else."""
    assert set(TAKES) == set(get_args(Input))


@pytest.mark.parametrize(("module", "state", "trigger"), PAIRS)
def test_a_column_says_what_its_table_says(module, state, trigger):
    """What the engine looks up by state alone is the same row; where there is none, asking is as loud."""
    follow = module.target if module is agent else module.next_state
    column = module.after(trigger)
    try:
        expected = follow(state, trigger)
    except IllegalTransition:
        with pytest.raises(IllegalTransition, match=f"no transition from {state} on {trigger}"):
            column[state]
    else:
        assert column[state] == expected


def test_a_column_of_work_leaves_out_what_the_marks_decide():
    """A trigger that begins work leads to a state of its own, keeps the state where it is stale, or is refused."""
    found = agent.work_after(agent.AgentTrigger.ANSWER)
    assert found[AgentState.RINGING] is AgentState.TALKING
    assert found[AgentState.PAUSED] is AgentState.PAUSED
    with pytest.raises(IllegalTransition):
        agent.work_after(agent.AgentTrigger.WITHDRAW)[AgentState.RINGING]

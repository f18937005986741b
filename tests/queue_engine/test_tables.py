"""The state tables are total over what the world can send, and say each thing once."""

import pytest

from queue_engine import agent, call, offer
from queue_engine.errors import IllegalTransition
from queue_engine.facts import AgentState

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

"""Facts, inputs and effects made quickly are the frozen values that their dataclasses promise."""

import dataclasses
import inspect
from typing import get_args

import pytest

from queue_engine.effects import Effect, WithdrawOffer
from queue_engine.facts import Fact
from queue_engine.inputs import CallArrived, Input

KINDS = (*get_args(Input), *get_args(Effect), *get_args(Fact))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_quick_value_is_what_its_dataclass_says(kind):
    """Every field is set from its argument; it is frozen, slotted, compares and is replaced as dataclasses are."""
    fields = [field.name for field in dataclasses.fields(kind)]
    assert list(inspect.signature(kind).parameters) == fields
    value = kind(*fields)
    assert dataclasses.astuple(value) == tuple(fields)
    assert value == kind(**{name: name for name in fields})
    assert hash(value) == hash(kind(*fields))
    assert dataclasses.replace(value, **{fields[0]: 7}) != value
    assert not hasattr(value, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, fields[0], 1)


def test_defaults_and_missing_arguments_are_those_of_the_dataclass():
    """A default is taken where nothing is given; a field without one is asked for."""
    call = CallArrived("c", "q", "", 1.0)
    assert (call.priority, call.greeted, call.recovered, call.preferred) == (0, True, False, None)
    with pytest.raises(TypeError, match="agent"):
        WithdrawOffer(1, "c")

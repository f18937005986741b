"""One column of a state table: what follows on one trigger, by the state that it meets.

The tables of `agent.py`, `call.py` and `offer.py` are written by (state, trigger), as one reads them. The engine knows
the trigger where it stands and asks for the state alone, so it keeps the columns that it needs and looks into them
without a call: six times for each call that is served.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from typing import NoReturn, TypeVar

from queue_engine.errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)
Trigger = TypeVar("Trigger", bound=StrEnum)
Follows = TypeVar("Follows")


class Column(dict[State, Follows]):
    """What follows on one trigger, by state. Asking for a state where it is illegal is a bug of the engine: loud."""

    __slots__ = ("trigger",)

    trigger: StrEnum

    def __missing__(self, state: State) -> NoReturn:
        """Say what went wrong.

        Raises:
            IllegalTransition: The engine fired one of its own triggers in a wrong state.
        """
        raise IllegalTransition(state, self.trigger)


def column(
    trigger: Trigger, states: Iterable[State], follows: Callable[[State, Trigger], Follows]
) -> Column[State, Follows]:
    """Return the column of a trigger in the table that this function reads."""
    made: Column[State, Follows] = Column()
    made.trigger = trigger
    for state in states:
        with suppress(IllegalTransition):
            made[state] = follows(state, trigger)
    return made

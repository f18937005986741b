"""The state machine of an offer: one attempt to give one call to one operator.

An offer rings until exactly one thing ends it: the operator answers (Asterisk has joined the two), it fails through the
operator's side, or we withdraw it (the caller left, another operator answered, the operator was logged out). Asterisk
tells the rest late: a telephone may be picked up in the very moment its offer is withdrawn, a withdrawn offer is still
reported as failed, any report may come twice. All that is stale: it changes nothing, though a stale answer has an
effect, since that telephone has to be hung up.

An offer that ended is remembered for a minute so that what comes late can be told from what is unknown.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final

from queue_engine.errors import IllegalTransition
from queue_engine.table import Column, column


class OfferState(StrEnum):
    """Where an offer is."""

    RINGING = "ringing"
    ANSWERED = "answered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class OfferTrigger(StrEnum):
    """What moves an offer."""

    ANSWER = "answer"
    FAIL = "fail"
    WITHDRAW = "withdraw"
    """Our own."""


S = OfferState
T = OfferTrigger

OUTSIDE: Final[AbstractSet[OfferTrigger]] = frozenset({T.ANSWER, T.FAIL})
"""The triggers that the world fires; the others are the engine's own."""

TRANSITIONS: Final[Mapping[tuple[OfferState, OfferTrigger], OfferState]] = {
    (S.RINGING, T.ANSWER): S.ANSWERED,
    (S.RINGING, T.FAIL): S.FAILED,
    (S.RINGING, T.WITHDRAW): S.WITHDRAWN,
}

STALE: Final[Mapping[OfferTrigger, AbstractSet[OfferState]]] = {
    T.ANSWER: {S.ANSWERED, S.FAILED, S.WITHDRAWN},  # told twice, or picked up as we withdrew: that phone is hung up
    T.FAIL: {S.ANSWERED, S.FAILED, S.WITHDRAWN},  # the end of the dial after a talk, or the echo of our withdrawal
}


def next_state(state: OfferState, trigger: OfferTrigger) -> OfferState:
    """Return the state that follows; `state` itself if the trigger is stale in it.

    Raises:
        IllegalTransition: The engine fired one of its own triggers in a wrong state.
    """
    follows = TRANSITIONS.get((state, trigger))
    if follows is not None:
        return follows
    if state in STALE.get(trigger, ()):
        return state
    raise IllegalTransition(state, trigger)


def after(trigger: OfferTrigger) -> Column[OfferState, OfferState]:
    """Return the trigger's column: what `next_state` says, by state."""
    return column(trigger, S, next_state)

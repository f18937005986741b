"""The state machine of a call: one visit of one caller to a line.

A call holds its place in the line from the moment it is accepted, by its instant of entry: while the greeting plays
(not yet eligible), while it waits, while a telephone rings for it, and also when it comes back from a talk that was
none. It leaves the line once, for good, and is then forgotten: what is still said of it afterwards is stale because the
call is unknown, and needs no row here.

Triggers of Asterisk and the caller are OUTSIDE and total: in each state a row or stale. `OFFER`, `RINGS_OVER`, `HOLD`,
`RELEASE`, `RETURN` and `LEAVE` are decisions of the engine.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final

from queue_engine.errors import IllegalTransition
from queue_engine.table import Column, column


class CallState(StrEnum):
    """Where a call is."""

    GREETING = "greeting"
    """In the line, but the greeting has to be heard first."""
    WAITING = "waiting"
    OFFERED = "offered"
    """At least one telephone rings for it."""
    HELD = "held"
    """In the line, but left alone for a moment: Asterisk ended an offer that nobody had withdrawn."""
    TALKING = "talking"
    GONE = "gone"


class CallTrigger(StrEnum):
    """What moves a call."""

    GREETED = "greeted"
    ANSWER = "answer"
    TALK_FOUND = "talk_found"
    TALK_END = "talk_end"
    HANG_UP = "hang_up"
    LOST = "lost"
    OFFER = "offer"
    """A telephone is made to ring, or one more."""
    RINGS_OVER = "rings_over"
    """The last telephone that rang for the call no longer does."""
    HOLD = "hold"
    """That last telephone was silenced, but not by us: the caller may be on his way out."""
    RELEASE = "release"
    """The moment is over."""
    RETURN = "return"
    """The talk was none."""
    LEAVE = "leave"
    """To a destination outside the line."""


S = CallState
T = CallTrigger

OUTSIDE: Final[AbstractSet[CallTrigger]] = frozenset({T.GREETED, T.ANSWER, T.TALK_FOUND, T.TALK_END, T.HANG_UP, T.LOST})
"""The triggers that the world fires; the others are the engine's own."""

TRANSITIONS: Final[Mapping[tuple[CallState, CallTrigger], CallState]] = {
    (S.GREETING, T.GREETED): S.WAITING,
    (S.GREETING, T.TALK_FOUND): S.TALKING,
    (S.GREETING, T.HANG_UP): S.GONE,
    (S.GREETING, T.LOST): S.GONE,
    (S.GREETING, T.LEAVE): S.GONE,
    (S.WAITING, T.OFFER): S.OFFERED,
    (S.WAITING, T.TALK_FOUND): S.TALKING,  # a dial that outlived a restart of ours was answered
    (S.WAITING, T.HANG_UP): S.GONE,
    (S.WAITING, T.LOST): S.GONE,
    (S.WAITING, T.LEAVE): S.GONE,
    (S.OFFERED, T.OFFER): S.OFFERED,  # one more telephone
    (S.OFFERED, T.RINGS_OVER): S.WAITING,
    (S.OFFERED, T.HOLD): S.HELD,
    (S.OFFERED, T.ANSWER): S.TALKING,
    (S.OFFERED, T.TALK_FOUND): S.TALKING,
    (S.OFFERED, T.HANG_UP): S.GONE,
    (S.OFFERED, T.LOST): S.GONE,
    (S.OFFERED, T.LEAVE): S.GONE,
    (S.HELD, T.RELEASE): S.WAITING,
    (S.HELD, T.TALK_FOUND): S.TALKING,
    (S.HELD, T.HANG_UP): S.GONE,
    (S.HELD, T.LOST): S.GONE,
    (S.HELD, T.LEAVE): S.GONE,
    (S.TALKING, T.TALK_END): S.GONE,
    (S.TALKING, T.RETURN): S.WAITING,
    (S.TALKING, T.HANG_UP): S.GONE,
    (S.TALKING, T.LOST): S.GONE,
    (S.TALKING, T.TALK_FOUND): S.TALKING,  # told again, or with another operator: he has taken it over
}

STALE: Final[Mapping[CallTrigger, AbstractSet[CallState]]] = {
    T.GREETED: {S.WAITING, S.OFFERED, S.HELD, S.TALKING, S.GONE},  # told twice
    T.ANSWER: {S.GREETING, S.WAITING, S.HELD, S.TALKING, S.GONE},  # its offer was withdrawn before
    T.TALK_FOUND: {S.GONE},
    T.TALK_END: {S.GREETING, S.WAITING, S.OFFERED, S.HELD, S.GONE},  # the end of a talk that was closed already
    T.HANG_UP: {S.GONE},
    T.LOST: {S.GONE},
}


def next_state(state: CallState, trigger: CallTrigger) -> CallState:
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


def after(trigger: CallTrigger) -> Column[CallState, CallState]:
    """Return the trigger's column: what `next_state` says, by state."""
    return column(trigger, S, next_state)

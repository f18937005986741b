"""The state machine of one request for a call-back: everything that moves a request is a row of this table.

The states: **owed** (not yet due, or held), **in_line** (stands in the engine's line), **reserved** (an operator is
kept and his telephone rings first), **dialling** and **ringing** (the caller's number is being called), **connected**
(the caller answered and waits), **talking**, **after_talk** (the operator may still say that it was a machine),
**calling_in** (the caller is on one of our lines himself); final are **done**, **merged**, **given_up** and
**impossible**.

Who fires: the bridge (dialled, rang, answered, failed), the engine through its facts (operator reserved and gone,
talk), the calls that come in by themselves (called in, served, over), people (outcome, closed, cancelled), and the book
itself (the rest). The races that exist, each a row or a stale pair below:

- The caller answers while we give the attempt up: a talk counts from every state before it, because nobody who has been
  spoken to may be called again.
- The operator hangs up while the caller's telephone rings: the attempt goes on if it began with the caller.
- The caller calls in while we call him: our attempt ends, his call wins. Once he has answered ours, ours wins.
- Evidence is late or skipped: ringing may come without dialling before it, an answer without ringing.
- An outcome during the talk is noted and taken up after it; so is what closes a request whose caller has answered.

OUTSIDE triggers are total: in each state a row, or listed as stale, by hand.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final

from queue_engine.errors import IllegalTransition


class RequestState(StrEnum):
    """What a request is doing."""

    OWED = "owed"
    IN_LINE = "in_line"
    RESERVED = "reserved"
    DIALLING = "dialling"
    RINGING = "ringing"
    CONNECTED = "connected"
    TALKING = "talking"
    AFTER_TALK = "after_talk"
    CALLING_IN = "calling_in"
    DONE = "done"
    MERGED = "merged"
    GIVEN_UP = "given_up"
    IMPOSSIBLE = "impossible"


class RequestTrigger(StrEnum):
    """What moves a request."""

    OPERATOR_RESERVED = "operator_reserved"
    OPERATOR_GONE = "operator_gone"
    CALLER_DIALLED = "caller_dialled"
    CALLER_RANG = "caller_rang"
    CALLER_ANSWERED = "caller_answered"
    FAILED = "failed"
    TALK_BEGAN = "talk_began"
    TALK_RETURNED = "talk_returned"
    TALK_OVER = "talk_over"
    CALLED_IN = "called_in"
    SERVED_MEANWHILE = "served_meanwhile"
    CALL_IN_OVER = "call_in_over"
    MACHINE = "machine"
    WRONG_PERSON = "wrong_person"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    STAND_IN_LINE = "stand_in_line"
    """Our own: it is due."""
    HOLD = "hold"
    """Our own: it was its turn, but something else is missing."""
    DIAL_CALLER = "dial_caller"
    """Our own: the caller's leg is started first."""
    GIVE_UP = "give_up"
    """Our own: attempts made, expired, number limit."""
    REFUSE = "refuse"
    """Our own: this number may not be called."""
    SETTLE = "settle"
    """Our own: nobody said that it was no talk."""


S = RequestState
T = RequestTrigger

FINAL: Final[AbstractSet[RequestState]] = frozenset({S.DONE, S.MERGED, S.GIVEN_UP, S.IMPOSSIBLE})
"""Nothing follows these."""

IN_ATTEMPT: Final[AbstractSet[RequestState]] = frozenset(
    {S.IN_LINE, S.RESERVED, S.DIALLING, S.RINGING, S.CONNECTED, S.TALKING}
)
"""An attempt with a call id of its own exists; no other request may use the number."""

ON_CHANNEL: Final[AbstractSet[RequestState]] = frozenset({S.RESERVED, S.DIALLING, S.RINGING, S.CONNECTED, S.TALKING})
"""The attempt holds an outgoing channel, or is about to."""

CALLER_FIRST: Final[AbstractSet[RequestState]] = frozenset({S.DIALLING, S.RINGING, S.CONNECTED})
"""A caller is being rung, or waits for an operator."""

OUTSIDE: Final[AbstractSet[RequestTrigger]] = frozenset(
    {
        T.OPERATOR_RESERVED,
        T.OPERATOR_GONE,
        T.CALLER_DIALLED,
        T.CALLER_RANG,
        T.CALLER_ANSWERED,
        T.FAILED,
        T.TALK_BEGAN,
        T.TALK_RETURNED,
        T.TALK_OVER,
        T.CALLED_IN,
        T.SERVED_MEANWHILE,
        T.CALL_IN_OVER,
        T.MACHINE,
        T.WRONG_PERSON,
        T.CLOSED,
        T.CANCELLED,
    }
)
"""The triggers that the world fires; the others are the book's own."""

TRANSITIONS: Final[Mapping[tuple[RequestState, RequestTrigger], RequestState]] = {
    (S.OWED, T.STAND_IN_LINE): S.IN_LINE,
    (S.OWED, T.GIVE_UP): S.GIVEN_UP,
    (S.OWED, T.REFUSE): S.IMPOSSIBLE,
    (S.OWED, T.TALK_BEGAN): S.TALKING,  # answered as we gave the attempt up
    (S.OWED, T.CALLED_IN): S.CALLING_IN,
    (S.OWED, T.CLOSED): S.DONE,
    (S.OWED, T.CANCELLED): S.GIVEN_UP,
    (S.IN_LINE, T.OPERATOR_RESERVED): S.RESERVED,
    (S.IN_LINE, T.DIAL_CALLER): S.DIALLING,
    (S.IN_LINE, T.HOLD): S.OWED,
    (S.IN_LINE, T.GIVE_UP): S.GIVEN_UP,
    (S.IN_LINE, T.CALLER_DIALLED): S.DIALLING,  # by an operator's leg that was gone a moment later
    (S.IN_LINE, T.CALLER_RANG): S.RINGING,
    (S.IN_LINE, T.CALLER_ANSWERED): S.CONNECTED,
    (S.IN_LINE, T.TALK_BEGAN): S.TALKING,
    (S.IN_LINE, T.CALLED_IN): S.CALLING_IN,
    (S.IN_LINE, T.CLOSED): S.DONE,
    (S.IN_LINE, T.CANCELLED): S.GIVEN_UP,
    (S.RESERVED, T.OPERATOR_GONE): S.IN_LINE,
    (S.RESERVED, T.DIAL_CALLER): S.DIALLING,
    (S.RESERVED, T.HOLD): S.OWED,
    (S.RESERVED, T.CALLER_DIALLED): S.DIALLING,
    (S.RESERVED, T.CALLER_RANG): S.RINGING,
    (S.RESERVED, T.CALLER_ANSWERED): S.CONNECTED,
    (S.RESERVED, T.FAILED): S.OWED,
    (S.RESERVED, T.TALK_BEGAN): S.TALKING,
    (S.RESERVED, T.CALLED_IN): S.CALLING_IN,
    (S.RESERVED, T.CLOSED): S.DONE,
    (S.RESERVED, T.CANCELLED): S.GIVEN_UP,
    (S.DIALLING, T.OPERATOR_RESERVED): S.DIALLING,
    (S.DIALLING, T.OPERATOR_GONE): S.DIALLING,
    (S.DIALLING, T.CALLER_DIALLED): S.DIALLING,
    (S.DIALLING, T.CALLER_RANG): S.RINGING,
    (S.DIALLING, T.CALLER_ANSWERED): S.CONNECTED,
    (S.DIALLING, T.FAILED): S.OWED,
    (S.DIALLING, T.TALK_BEGAN): S.TALKING,
    (S.DIALLING, T.CALLED_IN): S.CALLING_IN,
    (S.DIALLING, T.CLOSED): S.DONE,
    (S.DIALLING, T.CANCELLED): S.GIVEN_UP,
    (S.RINGING, T.OPERATOR_RESERVED): S.RINGING,
    (S.RINGING, T.OPERATOR_GONE): S.RINGING,
    (S.RINGING, T.CALLER_ANSWERED): S.CONNECTED,
    (S.RINGING, T.FAILED): S.OWED,
    (S.RINGING, T.TALK_BEGAN): S.TALKING,
    (S.RINGING, T.CALLED_IN): S.CALLING_IN,
    (S.RINGING, T.CLOSED): S.DONE,
    (S.RINGING, T.CANCELLED): S.GIVEN_UP,
    (S.CONNECTED, T.OPERATOR_RESERVED): S.CONNECTED,
    (S.CONNECTED, T.OPERATOR_GONE): S.CONNECTED,
    (S.CONNECTED, T.FAILED): S.OWED,
    (S.CONNECTED, T.TALK_BEGAN): S.TALKING,
    (S.CONNECTED, T.CLOSED): S.CONNECTED,  # he is on the line: taken up when that is over
    (S.TALKING, T.TALK_RETURNED): S.CONNECTED,
    (S.TALKING, T.TALK_OVER): S.AFTER_TALK,
    (S.TALKING, T.MACHINE): S.TALKING,  # taken up after the talk
    (S.TALKING, T.WRONG_PERSON): S.TALKING,  # taken up after the talk
    (S.TALKING, T.CLOSED): S.TALKING,  # taken up after the talk
    (S.AFTER_TALK, T.TALK_BEGAN): S.TALKING,  # found again after a resynchronisation that had missed it
    (S.AFTER_TALK, T.MACHINE): S.OWED,
    (S.AFTER_TALK, T.WRONG_PERSON): S.GIVEN_UP,
    (S.AFTER_TALK, T.CLOSED): S.DONE,
    (S.AFTER_TALK, T.SETTLE): S.DONE,
    (S.CALLING_IN, T.TALK_BEGAN): S.TALKING,  # answered ours as he called
    (S.CALLING_IN, T.SERVED_MEANWHILE): S.MERGED,
    (S.CALLING_IN, T.CALL_IN_OVER): S.OWED,
    (S.CALLING_IN, T.CLOSED): S.DONE,
    (S.CALLING_IN, T.CANCELLED): S.GIVEN_UP,
}

STALE: Final[Mapping[RequestTrigger, AbstractSet[RequestState]]] = {
    T.OPERATOR_RESERVED: {S.OWED, S.RESERVED, S.TALKING, S.AFTER_TALK, S.CALLING_IN, *FINAL},  # withdrawn meanwhile
    T.OPERATOR_GONE: {S.OWED, S.IN_LINE, S.TALKING, S.AFTER_TALK, S.CALLING_IN, *FINAL},
    T.CALLER_DIALLED: {S.OWED, S.RINGING, S.CONNECTED, S.TALKING, S.AFTER_TALK, S.CALLING_IN, *FINAL},
    T.CALLER_RANG: {S.OWED, S.RINGING, S.CONNECTED, S.TALKING, S.AFTER_TALK, S.CALLING_IN, *FINAL},
    T.CALLER_ANSWERED: {S.OWED, S.CONNECTED, S.TALKING, S.AFTER_TALK, S.CALLING_IN, *FINAL},
    T.FAILED: {S.OWED, S.IN_LINE, S.TALKING, S.AFTER_TALK, S.CALLING_IN, *FINAL},
    T.TALK_BEGAN: {S.TALKING, *FINAL},
    T.TALK_RETURNED: set(S) - {S.TALKING},
    T.TALK_OVER: set(S) - {S.TALKING},
    T.CALLED_IN: {S.CONNECTED, S.TALKING, S.AFTER_TALK, S.CALLING_IN, *FINAL},  # we have him on the line
    T.SERVED_MEANWHILE: set(S) - {S.CALLING_IN},
    T.CALL_IN_OVER: set(S) - {S.CALLING_IN},
    T.MACHINE: set(S) - {S.TALKING, S.AFTER_TALK},
    T.WRONG_PERSON: set(S) - {S.TALKING, S.AFTER_TALK},
    T.CLOSED: set(FINAL),
    T.CANCELLED: {S.CONNECTED, S.TALKING, S.AFTER_TALK, *FINAL},  # too late: he is on the line
}


def next_state(state: RequestState, trigger: RequestTrigger) -> RequestState | None:
    """Return the state that follows `state` on `trigger`; None if the trigger is stale in it.

    Raises:
        IllegalTransition: The book fired one of its own triggers in a wrong state.
    """
    follows = TRANSITIONS.get((state, trigger))
    if follows is not None:
        return follows
    if state in STALE.get(trigger, ()):
        return None
    raise IllegalTransition(state, trigger)

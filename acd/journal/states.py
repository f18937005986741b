"""The life of an appeal card: its states, what moves it, and what never may.

Everything that decides about a card's state is in this file. Three tables divide all pairs of state and trigger:

1. `TRANSITIONS`: the pair leads somewhere.
2. `STALE`: the trigger comes from a clock, a link in an old e-mail or an outside system, and says something that is
   true already or no longer matters: the card stays as it is and nobody is told of an error.
3. `REFUSED`: a person asks for what the regulation does not allow; `next_state` raises and the desk says why.

A card is opened by a call (or a message) before anybody has written a word in it: that is `NEW`. Registration (KEM
5.7, UDM 7.6) puts it in work. Handing over makes another the owner (SAR 4.6). "Finished" is reached by filling in the
measures taken (UDM 7.7). A finished or rejected card can be reopened for a time (KEM 5.11) and is then closed for
good.
"""

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Final

from acd.journal.errors import TransitionRefused


class CardState(StrEnum):
    """Where an appeal stands."""

    NEW = "new"
    """Opened by a call or message; not yet registered by an operator."""
    IN_WORK = "in_work"
    HANDED_OVER = "handed_over"
    """A clinic, the ministry, an insurer or another line owns it: see `Holder`."""
    DEFERRED = "deferred"
    """The answer is promised for later (UDM 5.9)."""
    FINISHED = "finished"
    REJECTED = "rejected"
    """Outside the centre's competence (KEM 5.10)."""
    REOPENED = "reopened"
    """The caller did not agree with the result in time (KEM 5.11): in work once more."""
    CLOSED = "closed"
    """For good: not to be reopened (KEM 5.11)."""


class CardTrigger(StrEnum):
    """What moves a card."""

    REGISTER = "register"
    HAND_OVER = "hand_over"
    TAKE_BACK = "take_back"
    """The centre takes a handed-over card back without a result."""
    ENTER_RESULT = "enter_result"
    """The holder's responsible official enters the result (SAH 4.2), usually through the link in the e-mail."""
    DEFER = "defer"
    RESUME = "resume"
    """A deferred card is taken up again by a person."""
    PROMISE_DUE = "promise_due"
    """The time of a deferred answer has come."""
    FINISH = "finish"
    REJECT = "reject"
    REOPEN = "reopen"
    REOPENING_OVER = "reopening_over"
    """The time in which the caller could disagree is over."""


class Holder(StrEnum):
    """Who owns the card."""

    CENTRE = "centre"
    SECOND_LINE = "second_line"
    THIRD_LINE = "third_line"
    CLINIC = "clinic"
    MINISTRY = "ministry"
    INSURER = "insurer"


class Colour(StrEnum):
    """Of a row in the journal. UDM 7.7 names all three."""

    WHITE = "white"
    YELLOW = "yellow"
    GREEN = "green"


S, T = CardState, CardTrigger

TRANSITIONS: Final[Mapping[tuple[CardState, CardTrigger], CardState]] = {
    (S.NEW, T.REGISTER): S.IN_WORK,
    (S.NEW, T.REJECT): S.REJECTED,
    (S.IN_WORK, T.HAND_OVER): S.HANDED_OVER,
    (S.IN_WORK, T.DEFER): S.DEFERRED,
    (S.IN_WORK, T.FINISH): S.FINISHED,
    (S.IN_WORK, T.REJECT): S.REJECTED,
    (S.HANDED_OVER, T.HAND_OVER): S.HANDED_OVER,  # on to the next line or the right clinic
    (S.HANDED_OVER, T.TAKE_BACK): S.IN_WORK,
    (S.HANDED_OVER, T.ENTER_RESULT): S.FINISHED,
    (S.HANDED_OVER, T.FINISH): S.FINISHED,  # the result came by telephone and an operator writes it down
    (S.DEFERRED, T.RESUME): S.IN_WORK,
    (S.DEFERRED, T.PROMISE_DUE): S.IN_WORK,
    (S.DEFERRED, T.DEFER): S.DEFERRED,  # to another day
    (S.DEFERRED, T.HAND_OVER): S.HANDED_OVER,
    (S.DEFERRED, T.FINISH): S.FINISHED,
    (S.DEFERRED, T.REJECT): S.REJECTED,
    (S.FINISHED, T.REOPEN): S.REOPENED,
    (S.FINISHED, T.REOPENING_OVER): S.CLOSED,
    (S.REJECTED, T.REOPEN): S.REOPENED,
    (S.REJECTED, T.REOPENING_OVER): S.CLOSED,
    (S.REOPENED, T.HAND_OVER): S.HANDED_OVER,
    (S.REOPENED, T.DEFER): S.DEFERRED,
    (S.REOPENED, T.FINISH): S.FINISHED,
    (S.REOPENED, T.REJECT): S.REJECTED,
}

STALE: Final[Mapping[CardTrigger, Set[CardState]]] = {
    T.PROMISE_DUE: set(S) - {S.DEFERRED},  # somebody took the card up before its day
    T.REOPENING_OVER: set(S) - {S.FINISHED, S.REJECTED},  # reopened in time, or closed already
    T.ENTER_RESULT: {S.FINISHED, S.CLOSED},  # the link was used twice, or an operator wrote the result down first
}

REFUSED: Final[Mapping[CardTrigger, Set[CardState]]] = {
    T.REGISTER: set(S) - {S.NEW},
    T.HAND_OVER: {S.NEW, S.FINISHED, S.REJECTED, S.CLOSED},  # what is not registered has no owner to change
    T.TAKE_BACK: set(S) - {S.HANDED_OVER},
    T.ENTER_RESULT: {S.NEW, S.IN_WORK, S.DEFERRED, S.REJECTED, S.REOPENED},  # taken back, or rejected by the centre
    T.DEFER: {S.NEW, S.HANDED_OVER, S.FINISHED, S.REJECTED, S.CLOSED},
    T.RESUME: set(S) - {S.DEFERRED},
    T.FINISH: {S.NEW, S.FINISHED, S.REJECTED, S.CLOSED},
    T.REJECT: {S.HANDED_OVER, S.FINISHED, S.REJECTED, S.CLOSED},  # the holder's card is taken back first
    T.REOPEN: set(S) - {S.FINISHED, S.REJECTED},  # CLOSED is not to be reopened: KEM 5.11
}

OPEN: Final[Set[CardState]] = frozenset({S.NEW, S.IN_WORK, S.HANDED_OVER, S.DEFERRED, S.REOPENED})
"""Somebody still owes something."""

DONE: Final[Set[CardState]] = frozenset({S.FINISHED, S.REJECTED, S.CLOSED})


def next_state(state: CardState, trigger: CardTrigger) -> CardState:
    """Return the state that follows `state` on `trigger`; `state` itself if the trigger is stale.

    Raises:
        TransitionRefused: A person asked for what this state does not allow.
    """
    if state in STALE.get(trigger, ()):
        return state
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise TransitionRefused(state, trigger) from None


def possible(state: CardState) -> tuple[CardTrigger, ...]:
    """Return what can be done with a card in this state, in the order of `CardTrigger`: the desk's buttons."""
    return tuple(trigger for trigger in CardTrigger if (state, trigger) in TRANSITIONS)


def colour(state: CardState, holder: Holder) -> Colour:
    """Return the colour of the card's row: white in work, yellow at an insurer, green when finished (UDM 7.7).

    The regulation knows no colour for rejected or closed cards; their work is over, hence green.
    """
    if state in DONE:
        return Colour.GREEN
    if holder is Holder.INSURER:
        return Colour.YELLOW
    return Colour.WHITE

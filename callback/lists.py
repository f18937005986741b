"""Call lists: how many contacts may be called now, and what becomes of a contact whose call is over.

A list books requests at its pace and the book makes the calls, one attempt for each request; whether and when a contact
is tried again is decided here. Pure: the present, the engine's counts and the ended request come in as arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callback.kinds import AttemptFailure, GiveUpReason, ImpossibleReason, Leg
from callback.policy import Spacing
from callback.request import Request
from callback.schedule import permitted_from
from callback.states import RequestState
from queue_engine.ids import Instant

STANDS_S: Final = 300.0
"""So long a contact stands in the line for an operator; then the list takes him back and reckons anew."""
TRY_AGAIN_S: Final = 900.0
"""When a contact is tried again who could not be called for a reason that is not his: he is on the line, say."""
DAY_S: Final = 86_400.0
SPACING: Final = Spacing(
    busy_s=600.0,
    no_answer_s=3600.0,
    unreachable_s=DAY_S,
    refused_s=DAY_S,
    left_s=3600.0,
    machine_s=7200.0,
    lost_s=3600.0,
)
"""How long after a failed attempt a contact of a list is tried again: nobody waits for this call."""


class Pacing(StrEnum):
    """What makes a list call its next contact."""

    OPERATORS = "operators"
    """An operator is free."""
    PREVIEW = "preview"
    """An operator asks for the next one, looks at what is known of him, and has him called."""
    MENU = "menu"
    """A channel is free: he hears a menu in place of an operator."""


class ContactState(StrEnum):
    """Where a contact of a list is."""

    WAITING = "waiting"
    """To be called, not before its instant."""
    PREVIEW = "preview"
    """An operator looks at him; after its instant he is anybody's again."""
    CALLING = "calling"
    """A request stands for him in the book."""
    CLOSED = "closed"


class Result(StrEnum):
    """What became of a contact's last call, beside the answers of the far side (`AttemptFailure`)."""

    REACHED = "reached"
    """An operator has talked to him, or he has heard the menu."""
    DO_NOT_CALL = "do_not_call"
    WRONG_PERSON = "wrong_person"
    IMPOSSIBLE = "impossible"
    """The number cannot be called."""


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """How a list calls."""

    pacing: Pacing = Pacing.OPERATORS
    attempts: int = 3
    """Attempts at one contact at most."""
    spacing: Spacing = SPACING
    keep_free: int = 0
    """So many operators of the line are left free for those who call in."""
    at_once: int = 10
    """Calls of the list that are out at the same time, at most."""
    permitted_minutes: tuple[tuple[int, int], ...] = ()
    """As `CallbackPolicy.permitted_minutes`; the line's own hours for call-backs hold beside these."""
    first_leg: Leg | None = None
    priority: int = -10
    """Class of its calls in the line: below those who call in."""
    menu: str = ""


@dataclass(frozen=True, slots=True)
class After:
    """What a contact is after a call."""

    state: ContactState
    result: str
    counted: bool
    """Whether it was an attempt."""
    next_at: Instant


_Reason = ImpossibleReason | GiveUpReason | None
_CLOSING: Final[Mapping[_Reason, Result]] = {
    GiveUpReason.WRONG_PERSON: Result.WRONG_PERSON,
    GiveUpReason.DO_NOT_CALL: Result.DO_NOT_CALL,
    ImpossibleReason.DO_NOT_CALL: Result.DO_NOT_CALL,
}
_LATER: Final[Mapping[_Reason, float]] = {
    ImpossibleReason.TOO_MANY: TRY_AGAIN_S,
    GiveUpReason.CALLED_IN: TRY_AGAIN_S,
    ImpossibleReason.NUMBER_LIMIT: DAY_S,
    GiveUpReason.NUMBER_LIMIT: DAY_S,
}
"""Reasons that are none of the contact's, and after how many seconds he is tried again."""


def room(policy: ListPolicy, *, ready: int, waiting: int, held: int, out: int, now: Instant) -> int:
    """Return how many more contacts the list may book now.

    Args:
        policy: The list's.
        ready: Operators who are ready for the line.
        waiting: Calls that stand in the line for one of them, those of lists among them.
        held: Requests of lists that are to stand there as soon as something else is free.
        out: Requests of this list that are open, whatever they are doing.
        now: The present.
    """
    if permitted_from(now, policy.permitted_minutes) > now or policy.pacing is Pacing.PREVIEW:
        return 0
    left = policy.at_once - out
    if policy.pacing is Pacing.OPERATORS:
        left = min(left, ready - policy.keep_free - waiting - held)
    return max(0, left)


def after_call(ended: Request, attempts: int, policy: ListPolicy, now: Instant) -> After:
    """Return what a contact is after the request for him has ended.

    Args:
        ended: The request, in a final state.
        attempts: Attempts that were counted before it.
        policy: The list's.
        now: The present.
    """
    if ended.state in {RequestState.DONE, RequestState.MERGED}:
        return After(ContactState.CLOSED, Result.REACHED, counted=True, next_at=now)
    if ended.reason in _CLOSING:
        result = _CLOSING[ended.reason]
        return After(ContactState.CLOSED, result, counted=result is Result.WRONG_PERSON, next_at=now)
    if ended.reason in _LATER:
        return _later(policy, now, _LATER[ended.reason])
    if isinstance(ended.reason, ImpossibleReason):
        return After(ContactState.CLOSED, Result.IMPOSSIBLE, counted=False, next_at=now)
    if not ended.attempts:
        return _later(policy, now, 0.0)
    return after_attempt(ended.attempts[-1].failure or AttemptFailure.LOST, attempts, policy, now)


def after_attempt(failure: AttemptFailure, attempts: int, policy: ListPolicy, now: Instant) -> After:
    """Return what a contact is after an attempt that has failed; `attempts` were counted before it."""
    if attempts + 1 >= policy.attempts:
        return After(ContactState.CLOSED, failure, counted=True, next_at=now)
    next_at = permitted_from(Instant(now + policy.spacing.after(failure)), policy.permitted_minutes)
    return After(ContactState.WAITING, failure, counted=True, next_at=next_at)


def _later(policy: ListPolicy, now: Instant, seconds: float) -> After:
    next_at = permitted_from(Instant(now + seconds), policy.permitted_minutes)
    return After(ContactState.WAITING, "", counted=False, next_at=next_at)


def stands_until(policy: ListPolicy, now: Instant) -> Instant:
    """Return until when a contact that is booked now may be dialled: not beyond the permitted hours."""
    until = Instant(now + STANDS_S)
    at = now
    while at < until:
        at = Instant(min(at + 60.0, until))
        if permitted_from(at, policy.permitted_minutes) > at:
            return at
    return until

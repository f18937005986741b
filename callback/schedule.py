"""When what is due: pure functions of instants.

All limits are counted from the break. Nothing here knows the present but by argument.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from callback.kinds import AttemptFailure
from callback.policy import MINUTES_PER_WEEK, CallbackPolicy
from callback.request import Request
from callback.states import RequestState
from queue_engine.ids import Instant

_S = RequestState
_WEEK_S: Final = MINUTES_PER_WEEK * 60.0
_FIRST_MONDAY_S: Final = 4 * 86_400.0
"""1970-01-05 00:00 UTC: the epoch began on a Thursday."""


REPORT_GUARD_S: Final = 5.0
"""So long after its time the end of a leg is awaited before the book goes on without it."""


class Due(StrEnum):
    """What has to be done about a request at an instant."""

    LATE = "late"
    """The limit passes and nothing has started."""
    EXPIRED = "expired"
    STAND_IN_LINE = "stand_in_line"
    ANYBODY = "anybody"
    """The wished operator has been waited for long enough."""
    FORCE = "force"
    """The caller must be dialled now, operator or not."""
    ATTEMPT_OVER = "attempt_over"
    """The end of the attempt should have been reported by now."""
    SETTLE = "settle"


def limit_at(broken_at: Instant, policy: CallbackPolicy) -> Instant:
    """Return when the first attempt after this break must have started (C1, SAR 5.2)."""
    return Instant(broken_at + policy.first_attempt_s)


def force_at(request: Request, policy: CallbackPolicy) -> Instant | None:
    """Return when the caller is dialled first although no operator has picked up; None where no limit presses."""
    if request.limit_at is None or request.of_break > 0 or request.started:
        return None
    return Instant(request.limit_at - policy.dial_margin_s)


def permitted_from(at: Instant, permitted: tuple[tuple[int, int], ...]) -> Instant:
    """Return the first permitted instant at or after `at`; `at` itself where nothing restricts."""
    if not permitted:
        return at
    week_began = at - (at - _FIRST_MONDAY_S) % _WEEK_S
    for start, end in permitted:
        if at < week_began + end * 60.0:
            return Instant(max(at, week_began + start * 60.0))
    return Instant(week_began + _WEEK_S + permitted[0][0] * 60.0)


def next_attempt_at(
    ended_at: Instant, failure: AttemptFailure, *, counted: bool, fruitless: int, policy: CallbackPolicy
) -> Instant:
    """Return when the attempt after a failed one may start.

    Tries that never left the house (`fruitless` in a row, this one included) are repeated after 2, 4, 8... s and at any
    hour, as the norm runs on; an attempt that rang somebody is followed after its cause's spacing, in permitted hours.
    """
    spacing = policy.spacing
    if not counted:
        pause_s = max(spacing.after(failure), spacing.no_line_s) * 2.0 ** min(fruitless - 1, 16)
        return Instant(ended_at + min(pause_s, max(spacing.no_line_max_s, spacing.no_line_s)))
    return permitted_from(Instant(ended_at + spacing.after(failure)), policy.permitted_minutes)


def dues(request: Request, policy: CallbackPolicy, *, may_dial: bool) -> Iterator[tuple[Instant, Due]]:
    """Yield what the request waits for in time.

    Without `may_dial` (Asterisk has not yet said what it holds) only what concerns no telephone.
    """
    state = request.state
    before_talk = state in {_S.OWED, _S.IN_LINE, _S.RESERVED, _S.DIALLING, _S.RINGING}
    if before_talk and request.limit_at is not None and not (request.late or request.of_break or request.started):
        yield request.limit_at, Due.LATE
    if state is _S.OWED or (state is _S.IN_LINE and may_dial):
        yield request.expires_at, Due.EXPIRED
    if not may_dial:
        return
    forced_at = force_at(request, policy)
    if state is _S.OWED and request.hold is None:
        yield request.next_at, Due.STAND_IN_LINE
    if state is _S.IN_LINE and request.only_agent is not None and request.until is not None:
        yield request.until, Due.ANYBODY
    if forced_at is not None and ((state is _S.IN_LINE and request.hold is None) or state is _S.RESERVED):
        yield forced_at, Due.FORCE
    if state in {_S.RESERVED, _S.DIALLING, _S.RINGING, _S.CONNECTED} and request.until is not None:
        yield request.until, Due.ATTEMPT_OVER
    if state is _S.TALKING and request.menu and request.until is not None:
        yield request.until, Due.ATTEMPT_OVER
    if state is _S.AFTER_TALK and request.until is not None:
        yield request.until, Due.SETTLE


def next_due(request: Request, policy: CallbackPolicy, *, may_dial: bool) -> Instant | None:
    """Return when something is due, None when the request waits for something else than time."""
    return min((at for at, _ in dues(request, policy, may_dial=may_dial)), default=None)


def due_now(request: Request, policy: CallbackPolicy, now: Instant, *, may_dial: bool) -> Due | None:
    """Return what has to be done first of all that is due; None when nothing is.

    After an absence several may be: what is late is said, and who has expired is not dialled any more.
    """
    due = [(at, what) for at, what in dues(request, policy, may_dial=may_dial) if at <= now]
    return (
        min(due, key=lambda entry: (entry[1] is not Due.LATE, entry[1] is not Due.EXPIRED, entry[0]))[1]
        if due
        else None
    )

"""The present attempt of a request: how it is begun, how it counts as started, and how it is closed."""

from dataclasses import replace

from callback.desk import Desk
from callback.effects import EnqueueCallback, StopDialling, WithdrawCallback
from callback.facts import CallbackAttemptFailed, CallbackAttemptStarted, CallbackHeld
from callback.kinds import AttemptFailure, Hold, Leg
from callback.request import Attempt, Request
from callback.states import RequestState, RequestTrigger, next_state
from queue_engine.ids import CallId, Instant

S = RequestState
T = RequestTrigger

_BEFORE_ANSWER = frozenset({S.IN_LINE, S.RESERVED, S.DIALLING, S.RINGING})


def follow(request: Request, trigger: RequestTrigger) -> RequestState:
    """Return what follows on a trigger of our own, which is never stale."""
    state = next_state(request.state, trigger)
    return request.state if state is None else state


def enqueue(desk: Desk, request: Request) -> None:
    """Ask the engine for an operator, or change what was asked."""
    desk.effects.append(
        EnqueueCallback(
            call=request.call,
            request=request.request,
            queue=request.queue,
            number=request.number,
            due_at=request.due_at,
            priority=desk.policy(request).priority if request.listed is None else request.listed.priority,
            agent=request.only_agent,
        )
    )


def mark_started(desk: Desk, request: Request, call: CallId | None = None) -> Request:
    """Note that the caller's number is being called; return the row, not yet put.

    Args:
        desk: The book's.
        request: Whom it is for.
        call: Of the attempt, if not of the present one: one before it had begun although it was given up as lost.
    """
    call = call or request.call
    if any(attempt.call == call for attempt in request.attempts):
        return request
    now = desk.now
    if call == request.call and request.ordered_at is None:
        desk.limits.add(request.queue, request.number, now)
        request = replace(request, ordered_at=now)
    request = replace(
        request,
        attempts=(*request.attempts, Attempt(call, now)),
        of_break=request.of_break + 1,
        fruitless=0,
    )
    after_break_s = now - request.broken_at
    limit_s = request.limit_s
    desk.facts.append(
        CallbackAttemptStarted(
            at=now,
            request=request.request,
            queue=request.queue,
            call=call,
            number=request.number,
            attempt=len(request.attempts),
            of_break=request.of_break,
            broken_call=request.broken_call,
            broken_at=request.broken_at,
            after_break_s=after_break_s,
            limit_s=limit_s,
            within_limit=limit_s is None or after_break_s <= limit_s,
            first_leg=request.first or Leg.OPERATOR,
            agent=request.reserved,
        )
    )
    return request


def take_back(desk: Desk, request: Request) -> None:
    """Uncount an attempt that never left the house."""
    if request.ordered_at is not None and not request.started:
        desk.limits.take_back(request.queue, request.number, request.ordered_at)


def without_attempt(request: Request, now: Instant, failure: AttemptFailure | None = None) -> Request:
    """Return the row with its present attempt closed."""
    attempts = request.attempts
    if request.started and attempts[-1].ended_at is None:
        attempts = (*attempts[:-1], replace(attempts[-1], ended_at=now, failure=failure))
    return replace(
        request,
        attempts=attempts,
        first=None,
        ordered_at=None,
        only_agent=None,
        reserved=None,
        offer=None,
        until=None,
        hold=None,
        outcome=None,
        outcome_by="",
    )


def drop_attempt(
    desk: Desk, request: Request, reason: str, failure: AttemptFailure = AttemptFailure.WITHDRAWN
) -> Request:
    """End the present attempt from our side, if there is one; return the row without it, not yet put.

    A caller who has answered is not cut off.
    """
    if request.state in _BEFORE_ANSWER:
        if request.state is not S.IN_LINE:
            desk.effects.append(StopDialling(request.call))
        desk.effects.append(WithdrawCallback(request.call, reason))
        if request.state is S.RESERVED:
            take_back(desk, request)
        if request.started:
            desk.facts.append(
                CallbackAttemptFailed(
                    at=desk.now,
                    request=request.request,
                    queue=request.queue,
                    call=request.call,
                    failure=failure,
                    cause=0,
                    counted=True,
                    next_at=None,
                )
            )
    return without_attempt(request, desk.now, failure)


def hold_back(desk: Desk, request: Request, hold: Hold) -> None:
    """Let the request wait outside the line for what it is held by."""
    state, next_at = request.state, request.next_at
    if state is not S.OWED:
        if request.first is not None:
            desk.effects.append(StopDialling(request.call))
            take_back(desk, request)
        desk.effects.append(WithdrawCallback(request.call, hold))
        state = follow(request, T.HOLD)
        request = without_attempt(request, desk.now)
    waits_for: Hold | None = hold
    if hold is Hold.HOURLY_LIMIT:
        free_at = desk.limits.line_free_at(desk.policy(request), desk.now)
        next_at, waits_for = free_at or next_at, None
    desk.put(replace(request, state=state, hold=waits_for, next_at=next_at))
    desk.facts.append(CallbackHeld(desk.now, request.request, request.queue, hold))

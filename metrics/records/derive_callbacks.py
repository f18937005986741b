"""What a fact changes in the rows of breaks, call-backs and their attempts: one pure function per table."""

from callback.facts import (
    BreakJoined,
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackConnected,
    CallbackDone,
    CallbackGivenUp,
    CallbackImpossible,
    CallbackLate,
    CallbackMerged,
    CallbackOwed,
    CallbackRang,
    CallbackReached,
    CallBroke,
)
from metrics.records.codec import RecordedFact
from metrics.records.rows import AttemptRow, BreakRow, RequestRow


def break_after(broken: BreakRow | None, fact: RecordedFact) -> BreakRow | None:
    """Return the row of the fact's broken call after it; `broken` itself where the fact changes nothing in it."""
    match fact:
        case CallBroke():
            row = broken or BreakRow(fact.call, fact.queue, fact.broken_at)
            return row._replace(
                broken_at=fact.broken_at,
                caller=fact.caller,
                kind=fact.kind,
                by=fact.by,
                cause=fact.cause,
                agent=fact.agent,
            )
        case CallbackOwed() | BreakJoined() if fact.broken_call is not None:
            row = broken or BreakRow(fact.broken_call, fact.queue, fact.broken_at)
            return row._replace(request=fact.request, limit_s=fact.limit_s)
        case CallbackImpossible() if fact.broken_call is not None:
            row = broken or BreakRow(fact.broken_call, fact.queue, fact.broken_at)
            return row._replace(request=fact.request, impossible=fact.reason)
        case CallbackLate() if fact.broken_call is not None:
            row = broken or BreakRow(fact.broken_call, fact.queue, fact.broken_at)
            return row._replace(late=True, limit_s=fact.limit_s)
        case CallbackAttemptStarted() if fact.broken_call is not None:
            row = broken or BreakRow(fact.broken_call, fact.queue, fact.broken_at, request=fact.request)
            row = row._replace(attempts=row.attempts + 1)
            if row.first_attempt_at is None:
                row = row._replace(first_attempt_at=fact.at, first_after_s=fact.after_break_s)
            return row
        case _:  # every other kind concerns no break
            return broken


def request_after(request: RequestRow | None, fact: RecordedFact) -> RequestRow | None:  # noqa: PLR0911 - one per kind
    """Return the row of the fact's call-back after it; `request` itself where the fact changes nothing in it."""
    match fact:
        case CallbackOwed():
            row = request or RequestRow(fact.request, fact.queue, fact.number, fact.origin, fact.at)
            return row._replace(due_at=fact.due_at, mode=fact.mode, broken_call=fact.broken_call)
        case CallbackImpossible():
            row = request or RequestRow(fact.request, fact.queue, fact.shown, fact.origin, fact.at)
            return row._replace(broken_call=fact.broken_call, ended_at=fact.at, result="impossible", reason=fact.reason)
        case BreakJoined():
            return request and request._replace(broken_call=fact.broken_call or request.broken_call)
        case CallbackAttemptStarted():
            return request and request._replace(attempts=fact.attempt)
        case CallbackReached():
            return request and request._replace(reached_at=fact.at)
        case CallbackMerged():
            return request and request._replace(ended_at=fact.at, result="merged")
        case CallbackDone():
            return request and request._replace(ended_at=fact.at, result="done")
        case CallbackGivenUp():
            return request and request._replace(ended_at=fact.at, result="given_up", reason=fact.reason)
        case _:  # every other kind is a step on the way
            return request


def attempt_after(attempt: AttemptRow | None, fact: RecordedFact) -> AttemptRow | None:
    """Return the row of the fact's attempt after it; `attempt` itself where the fact changes nothing in it."""
    match fact:
        case CallbackAttemptStarted():
            return attempt or AttemptRow(
                fact.call,
                fact.request,
                fact.queue,
                fact.number,
                fact.attempt,
                fact.of_break,
                fact.at,
                fact.after_break_s,
                fact.within_limit,
                fact.broken_call,
                fact.agent,
            )
        case CallbackRang():
            return attempt and attempt._replace(rang_at=fact.at)
        case CallbackConnected():
            return attempt and attempt._replace(connected_at=fact.at)
        case CallbackReached():
            return attempt and attempt._replace(reached_at=fact.at, ended_at=fact.at, agent=fact.agent)
        case CallbackAttemptFailed():
            return attempt and attempt._replace(ended_at=fact.at, failure=fact.failure, cause=fact.cause)
        case _:  # every other kind concerns no attempt
            return attempt

"""What a fact changes in the rows of calls, offers and operators' states: one pure function per table.

They are total: facts may miss (a disk was full) or repeat, and a row is then made from what is known.

A call that was refused as it came stays refused unless it is accepted after all, and then begins anew: it may come back
once its line exists. One that was accepted and is then refused (its line was removed while the daemon was away) was
accepted: it ends as dead and counts against us. So whether a call counts among a number's calls never changes back.
"""

import re
from typing import Final

from callback.ids import parse_attempt_call
from metrics.records.codec import RecordedFact
from metrics.records.rows import CallKind, CallRow, OfferResult, OfferRow, Outcome, StateRow
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallMoved,
    CallOffered,
    CallOverflowed,
    CallPrioritised,
    CallRecovered,
    CallRefused,
    CallReturned,
    OfferMissed,
    OfferWithdrawn,
    QuestioningEnded,
    TargetWaitPassed,
)
from queue_engine.ids import CallId
from queue_engine.policy import JoinCondition

_FURTHER_VISIT: Final = re.compile(r"\d\.\d+-(\d{1,6})$")


def call_after(call: CallRow | None, fact: RecordedFact) -> CallRow | None:  # noqa: C901, PLR0911, PLR0912 - one case per kind
    """Return the row of the fact's call after it; `call` itself where the fact changes nothing in it."""
    if call is not None and call.outcome == Outcome.REFUSED:
        if not isinstance(fact, CallAccepted | CallRecovered):
            return call
        call = None
    match fact:
        case CallAccepted():
            if call is None:
                return _new(fact.call, fact.queue, fact.caller, fact.entered_at, fact.priority)
            return call
        case CallRecovered():
            row = call or _new(fact.call, fact.queue, fact.caller, fact.entered_at)
            return row._replace(recovered=True, last_queue=fact.queue)
        case CallRefused():
            if call is None:
                row = _new(fact.call, fact.queue, fact.caller, fact.entered_at)
                return row._replace(ended_at=fact.at, outcome=Outcome.REFUSED, reason=fact.reason)
            if call.outcome is not None:
                return call
            waited_s = max(0.0, fact.at - call.entered_at)
            return _unserved(call, fact.at, Outcome.DIED, waited_s)._replace(reason=fact.reason)
        case CallOffered():
            if call is None and parse_attempt_call(fact.call) is not None:
                return None  # an operator is kept for a call-back: whether there will be a call, its answer tells
            row = call or _row(fact, "", fact.waited_s)
            return row._replace(offers=row.offers + 1, last_queue=fact.queue)
        case OfferMissed():
            return None if call is None else call._replace(misses=call.misses + 1)
        case CallAnswered():
            row = call or _row(fact, "", fact.waited_s)._replace(offers=int(fact.offer is not None))
            return row._replace(  # A talk that was found afterwards began before the fact: its wait says when.
                answered_at=row.entered_at + fact.waited_s,
                outcome=Outcome.ANSWERED,
                waited_s=fact.waited_s,
                agent=fact.agent,
                last_queue=fact.queue,
                ended_at=None,
                questioned_s=None,
            )
        case CallReturned():
            row = call or _row(fact, "", fact.talked_s)
            return row._replace(
                returns=row.returns + 1,
                answered_at=None,
                outcome=None,
                waited_s=None,
                agent=None,
                questioned_s=None,
            )
        case QuestioningEnded():
            if call is None or call.answered_at is None or call.ended_at is not None or call.questioned_s is not None:
                return call
            return call._replace(questioned_s=max(0.0, fact.at - call.answered_at))
        case CallEnded():
            row = call or _row(fact, fact.caller, fact.waited_s + fact.talked_s)
            return row._replace(
                answered_at=row.answered_at if row.answered_at is not None else fact.at - fact.talked_s,
                ended_at=fact.at,
                outcome=Outcome.ANSWERED,
                waited_s=fact.waited_s,
                talked_s=fact.talked_s,
                agent=fact.agent,
                ended_by=fact.by,
                cause=fact.cause,
                last_queue=fact.queue,
            )
        case CallAbandoned():
            row = call or _row(fact, fact.caller, fact.waited_s)
            return _unserved(row, fact.at, Outcome.ABANDONED, fact.waited_s)._replace(
                stage=fact.stage, cause=fact.cause
            )
        case CallOverflowed():
            row = call or _row(fact, "", fact.waited_s)
            outcome = Outcome.CLOSED if fact.reason == JoinCondition.CLOSED else Outcome.OVERFLOWED
            return _unserved(row, fact.at, outcome, fact.waited_s)._replace(
                destination=fact.destination,
                reason=fact.reason,
            )
        case CallDied():
            row = call or _row(fact, fact.caller, fact.waited_s)
            return _unserved(row, fact.at, Outcome.DIED, fact.waited_s)._replace(reason=fact.reason)
        case TargetWaitPassed():
            return None if call is None else call._replace(target_passed=True)
        case CallMoved():
            return None if call is None else call._replace(last_queue=fact.to)
        case CallPrioritised():
            return None if call is None else call._replace(priority=fact.after)
        case _:  # facts of kinds that concern no call's row
            return call


def _new(call: str, queue: str, caller: str, entered_at: float, priority: int = 0) -> CallRow:
    kind = CallKind.INCOMING if parse_attempt_call(CallId(call)) is None else CallKind.CALL_BACK
    return CallRow(call, queue, queue, caller, entered_at, priority, kind, visit=visit_of(call))


def visit_of(call: str) -> int:
    """Return which visit of its caller this is, from 1.

    The dialplan names the first `<server>-<Uniqueid>` and each further one by the same with `-1`, `-2`... behind it. A
    Uniqueid ends in `<seconds>.<number>` (Asterisk's main/channel.c).
    """
    further = _FURTHER_VISIT.search(call)
    return 1 if further is None else int(further[1]) + 1


def _row(
    fact: CallOffered | CallAnswered | CallReturned | CallEnded | CallAbandoned | CallOverflowed | CallDied,
    caller: str,
    since_entry_s: float,
) -> CallRow:
    """A row for a call whose acceptance is not in the records."""
    return _new(fact.call, fact.queue, caller, fact.at - since_entry_s)


def _unserved(row: CallRow, at: float, outcome: Outcome, waited_s: float) -> CallRow:
    return row._replace(ended_at=at, outcome=outcome, waited_s=waited_s, answered_at=None, agent=None)


def offer_after(offer: OfferRow | None, fact: RecordedFact) -> OfferRow | None:
    """Return the row of the fact's offer after it; `offer` itself where the fact changes nothing in it."""
    match fact:
        case CallOffered():
            return offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at, fact.waited_s)
        case OfferMissed():
            row = offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at - fact.rang_s, 0.0)
            return row._replace(ended_at=fact.at, result=OfferResult.MISSED, failure=fact.failure, rang_s=fact.rang_s)
        case OfferWithdrawn():
            row = offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at - fact.rang_s, 0.0)
            return row._replace(ended_at=fact.at, result=OfferResult.WITHDRAWN, reason=fact.reason, rang_s=fact.rang_s)
        case CallAnswered() if fact.offer is not None:
            row = offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at, fact.waited_s)
            return row._replace(
                ended_at=fact.at, result=OfferResult.ANSWERED, rang_s=max(0.0, fact.at - row.offered_at)
            )
        case _:  # every other kind concerns no offer
            return offer


def states_after(open_state: StateRow | None, run: str, seq: int, fact: AgentStateChanged) -> tuple[StateRow, ...]:
    """Return the rows that change: the stay that has ended, where one was open, and the one that begins.

    An operator who was in a state before the records knew of it gets that stay too, from the fact's own `before_s`,
    named by the negative number of the fact.
    """
    begins = StateRow(run, seq, fact.agent, fact.after, fact.reason, fact.by, fact.at, fact.call)
    if open_state is not None:
        return open_state._replace(ended_at=max(fact.at, open_state.started_at)), begins
    if fact.before is AgentState.LOGGED_OUT or fact.before_s <= 0:
        return (begins,)
    started_at = fact.at - fact.before_s
    return StateRow(run, -seq, fact.agent, fact.before, "", "", started_at, ended_at=fact.at), begins

"""How calls and wishes become requests: breaks, places exchanged for a call, wishes of citizens and operators.

One number has one open request per line: what comes in addition joins it. A promised answer at a time stands for itself
until its time has come.
"""

from dataclasses import dataclass, replace
from typing import Final

from callback.breaks import CallEnd, classify
from callback.callers import call_in_ended, calls_in
from callback.desk import Desk
from callback.effects import ReleaseCaller
from callback.endings import settle
from callback.facts import (
    BreakJoined,
    CallbackImpossible,
    CallbackOwed,
    CallBroke,
    NoBreak,
)
from callback.inputs import BreakReported, CallbackAsked, PlaceExchanged
from callback.kinds import BreakKind, ImpossibleReason, Mode, NoBreakReason, Origin
from callback.numbers import check_number
from callback.policy import CallbackPolicy
from callback.request import ListCall, Request
from callback.schedule import limit_at, permitted_from
from callback.states import IN_ATTEMPT, RequestState, RequestTrigger, next_state
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import SYSTEM_ACTOR

S = RequestState
T = RequestTrigger

_CALLS_KEPT: Final = 50
"""So many calls of one request are remembered by name, the newest."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to become a request."""

    queue: QueueName
    shown: str
    origin: Origin
    call: CallId | None
    since: Instant
    """The break, or when it was asked for."""
    due_at: Instant | None
    """Place in the line; None: as a break has it."""
    next_at: Instant
    """Not to be called before."""
    mode: Mode
    agent: AgentId | None
    by: str
    listed: ListCall | None = None
    expires_at: Instant | None = None
    limited: bool = False
    """Whether the person who asks may do so only so often."""


def take_end(desk: Desk, end: CallEnd, *, listed: bool = False) -> bool:
    """Judge the end of a call; return whether it broke.

    Args:
        desk: The book.
        end: How the call ended.
        listed: It was a call that a call list has made.
    """
    if desk.dealt_with.exchanged(end.call):
        desk.facts.append(NoBreak(desk.now, end.call, end.queue, NoBreakReason.CALLBACK_BOOKED))
        return False
    if end.call in desk.dealt_with:
        return False
    policy = desk.policies[end.queue] if end.queue in desk.offered else None
    kind = NoBreakReason.LIST_CALL if listed else classify(end, policy)
    if isinstance(kind, NoBreakReason):
        desk.facts.append(NoBreak(desk.now, end.call, end.queue, kind))
        if policy is not None and end.talked_s is not None:
            desk.talks.add(end, policy.report_within_s)
        return False
    broke(desk, end, kind, by=SYSTEM_ACTOR)
    return True


def overflowed(desk: Desk, call: CallId, queue: QueueName) -> None:
    """A call has left the line for a destination: no break, whatever the destination does with it."""
    exchanged = desk.dealt_with.exchanged(call)
    reason = NoBreakReason.CALLBACK_BOOKED if exchanged else NoBreakReason.OVERFLOWED
    desk.facts.append(NoBreak(desk.now, call, queue, reason))


def reported(desk: Desk, report: BreakReported) -> None:
    """An operator says that his talk was not finished; it is believed for the policy's time after it, and once."""
    talk = desk.talks.take(report.agent, report.call)
    if talk is None or talk.queue not in desk.offered:
        return
    policy = desk.policies[talk.queue]
    if BreakKind.REPORTED in policy.breaks and desk.now - talk.ended_at <= policy.report_within_s:
        broke(desk, talk, BreakKind.REPORTED, by=report.by)


def broke(desk: Desk, end: CallEnd, kind: BreakKind, *, by: str) -> None:
    """A call has broken: its caller is owed a call-back."""
    broken_at = Instant(min(end.ended_at, desk.now))
    desk.dealt_with.add(end.call, desk.now)
    desk.facts.append(
        CallBroke(
            at=desk.now,
            call=end.call,
            queue=end.queue,
            caller=end.caller,
            kind=kind,
            by=end.by,
            cause=end.cause,
            agent=end.agent,
            waited_s=end.waited_s,
            talked_s=end.talked_s,
            broken_at=broken_at,
        )
    )
    policy = desk.policies[end.queue]
    agent = None if kind is BreakKind.OPERATOR_LOST else end.agent
    wish = _Wish(
        queue=end.queue,
        shown=end.caller,
        origin=Origin.BREAK,
        call=end.call,
        since=broken_at,
        due_at=None,
        next_at=desk.now,
        mode=policy.mode if agent is not None else Mode.FIRST_FREE,
        agent=agent,
        by=by,
    )
    _take(desk, wish)


def asked(desk: Desk, ask: CallbackAsked) -> None:
    """Somebody asked for a call-back, now or at a time."""
    next_at = Instant(max(ask.due_at or desk.now, desk.now))
    policy = desk.policies.get(ask.queue)
    if ask.origin in {Origin.WEB, Origin.LIST} and policy is not None:
        next_at = permitted_from(next_at, policy.permitted_minutes)
    wish = _Wish(
        queue=ask.queue,
        shown=ask.number,
        origin=ask.origin,
        call=None,
        since=desk.now,
        due_at=ask.due_at,
        next_at=next_at,
        mode=Mode.FIRST_FREE if ask.agent is None else Mode.SAME_OPERATOR,
        agent=ask.agent,
        by=ask.by,
        listed=ask.listed,
        expires_at=ask.expires_at,
        limited=ask.limited,
    )
    _take(desk, wish)


def exchanged(desk: Desk, place: PlaceExchanged) -> None:
    """A waiting caller wants to be called when his turn comes: his place is kept, his call leaves the line."""
    if place.call in desk.dealt_with:
        return
    wish = _Wish(
        queue=place.queue,
        shown=place.number,
        origin=Origin.PLACE,
        call=place.call,
        since=desk.now,
        due_at=place.due_at,
        next_at=desk.now,
        mode=Mode.FIRST_FREE,
        agent=None,
        by="caller",
    )
    request = _take(desk, wish, leaves=place.call)
    if request is not None:
        desk.dealt_with.add(place.call, desk.now, exchanged=True)
        desk.effects.append(ReleaseCaller(place.call, request.request))
        call_in_ended(desk, desk.live.remove(place.call))


def refusal(desk: Desk, queue: QueueName, shown: str, origin: Origin) -> ImpossibleReason | None:
    """Return why a call-back of this number on this line would be refused now; None if it would not."""
    if queue not in desk.offered:
        return ImpossibleReason.NO_POLICY
    policy = desk.policies[queue]
    checked = check_number(shown, desk.number_rule, policy)
    if isinstance(checked, ImpossibleReason):
        return checked
    if desk.barred.bars(checked, origin):
        return ImpossibleReason.DO_NOT_CALL
    return None if _joinable(desk, queue, checked) is not None else _over_limit(desk, policy, checked)


def _over_limit(desk: Desk, policy: CallbackPolicy, number: str, wish: _Wish | None = None) -> ImpossibleReason | None:
    if wish is not None and wish.limited and desk.limits.person_used_up(wish.by, policy, desk.now):
        return ImpossibleReason.PERSON_LIMIT
    if desk.limits.number_used_up(number, policy, desk.now):
        return ImpossibleReason.NUMBER_LIMIT
    return ImpossibleReason.TOO_MANY if desk.open[policy.queue] >= policy.max_open else None


def _take(desk: Desk, wish: _Wish, leaves: CallId | None = None) -> Request | None:
    """Open a request, or let the wish join the one that is open; None if it is impossible.

    `leaves` is the call whose caller gives up his place for it: it does not keep him on the line.
    """
    if wish.queue not in desk.offered:
        _refuse(desk, wish, ImpossibleReason.NO_POLICY)
        return None
    policy = desk.policies[wish.queue]
    number = check_number(wish.shown, desk.number_rule, policy)
    if isinstance(number, ImpossibleReason):
        _refuse(desk, wish, number)
        return None
    if desk.barred.bars(number, wish.origin):
        _refuse(desk, wish, ImpossibleReason.DO_NOT_CALL)
        return None
    request = None if wish.origin in {Origin.BOOKED, Origin.LIST} else _joinable(desk, wish.queue, number)
    if request is not None and request.state is not S.AFTER_TALK:
        return _join(desk, request, wish, policy)
    if request is not None:
        settle(desk, request)
    over = _over_limit(desk, policy, number, wish)
    if over is not None:
        _refuse(desk, wish, over)
        return None
    return _open(desk, wish, number, policy, leaves)


def _joinable(desk: Desk, queue: QueueName, number: str) -> Request | None:
    """Return the open request that a further break or wish of this number concerns."""
    of_line = (request for request in desk.of_number(number) if request.queue == queue)
    return next((request for request in of_line if request.merges_at(desk.now)), None)


def _open(desk: Desk, wish: _Wish, number: str, policy: CallbackPolicy, leaves: CallId | None) -> Request:
    limit = _limit(wish, policy)
    due_at = _due(wish, policy)
    if wish.origin is Origin.BOOKED:
        desk.limits.opened(wish.by, desk.now)
    request = desk.put(
        Request(
            request=desk.next_request(),
            queue=wish.queue,
            origin=wish.origin,
            state=S.OWED,
            shown=wish.shown,
            number=number,
            calls=() if wish.call is None else (wish.call,),
            opened_at=desk.now,
            broken_at=wish.since,
            due_at=due_at,
            limit_at=limit,
            expires_at=wish.expires_at or Instant(max(wish.since, wish.due_at or wish.since) + policy.give_up_after_s),
            mode=wish.mode,
            agent=wish.agent,
            next_at=wish.next_at,
            by=wish.by,
            listed=wish.listed,
        )
    )
    desk.facts.append(
        CallbackOwed(
            at=desk.now,
            request=request.request,
            queue=request.queue,
            number=number,
            origin=request.origin,
            broken_call=wish.call,
            broken_at=wish.since,
            due_at=due_at,
            limit_s=request.limit_s,
            mode=request.mode,
            agent=request.agent,
            by=wish.by,
        )
    )
    if request.merges_at(desk.now):
        for live in desk.live.of(number):
            if live.call != leaves:
                calls_in(desk, desk.requests.get(request.request, request), live)
    return request


def _join(desk: Desk, request: Request, wish: _Wish, policy: CallbackPolicy) -> Request:
    """A further break of the same number: one request, and a new series of attempts if one was made since the last.

    A caller who is being rung or spoken to for this request needs no second series, nor does a break that was found
    after attempts that followed it. Who exchanges his wait for a call has agreed to its place in the line instead.
    """
    limit = _limit(wish, policy)
    calls = request.calls if wish.call is None else (*request.calls, wish.call)[-_CALLS_KEPT:]
    joined = replace(request, calls=calls, hold=None)
    if request.state in IN_ATTEMPT and request.started:
        pass
    elif wish.origin is Origin.PLACE or (request.of_break and wish.since > request.attempts[-1].started_at):
        joined = replace(
            joined,
            origin=wish.origin,
            broken_at=wish.since,
            limit_at=limit,
            due_at=min(_due(wish, policy), request.due_at),
            expires_at=Instant(wish.since + policy.give_up_after_s),
            mode=wish.mode,
            agent=wish.agent,
            next_at=wish.next_at,
            of_break=0,
            fruitless=0,
            late=False,
        )
    elif not request.of_break:
        joined = replace(joined, next_at=min(request.next_at, wish.next_at))
        if limit is not None and (request.limit_at is None or limit < request.limit_at):
            due_at = min(limit, request.due_at)
            joined = replace(joined, broken_at=wish.since, limit_at=limit, due_at=due_at, late=False)
    desk.put(joined)
    desk.facts.append(
        BreakJoined(
            desk.now,
            request.request,
            request.queue,
            wish.call,
            wish.since,
            None if limit is None else limit - wish.since,
        )
    )
    return joined


def _limit(wish: _Wish, policy: CallbackPolicy) -> Instant | None:
    """Return when the first attempt must have started, None where no norm says so."""
    return limit_at(wish.since, policy) if wish.origin is Origin.BREAK else None


def _due(wish: _Wish, policy: CallbackPolicy) -> Instant:
    """Return the place in the line: what the wish names, else as for a break at this instant."""
    return limit_at(wish.since, policy) if wish.due_at is None else wish.due_at


def _refuse(desk: Desk, wish: _Wish, reason: ImpossibleReason) -> None:
    """Record that nobody can be called back (C4)."""
    request = Request(
        request=desk.next_request(),
        queue=wish.queue,
        origin=wish.origin,
        state=next_state(S.OWED, T.REFUSE) or S.IMPOSSIBLE,
        shown=wish.shown,
        number="",
        calls=() if wish.call is None else (wish.call,),
        opened_at=desk.now,
        broken_at=wish.since,
        due_at=wish.due_at or wish.since,
        limit_at=None,
        expires_at=desk.now,
        mode=wish.mode,
        agent=wish.agent,
        next_at=desk.now,
        by=wish.by,
        reason=reason,
        ended_at=desk.now,
        listed=wish.listed,
    )
    desk.put(request)
    desk.facts.append(
        CallbackImpossible(
            at=desk.now,
            request=request.request,
            queue=wish.queue,
            shown=wish.shown,
            origin=wish.origin,
            reason=reason,
            broken_call=wish.call,
            broken_at=wish.since,
            by=wish.by,
        )
    )

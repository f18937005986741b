"""The course of one request while nobody talks: due, in the line, an operator kept, the caller dialled.

The state machine (`states.py`) says what follows; here is what has to be said and done when it does. An attempt begins
when the request stands in the line, and starts, in the sense of the norm, when the caller's number is being called.
"""

from dataclasses import replace

from callback.attempt import enqueue, follow, hold_back, mark_started, take_back
from callback.callers import calls_in
from callback.desk import Desk, HoldKey
from callback.effects import DialCaller, StopDialling
from callback.endings import fail, give_up, menu_began, menu_over, settle
from callback.facts import (
    CallbackConnected,
    CallbackHeld,
    CallbackInLine,
    CallbackLate,
    CallbackRang,
    CallbackReserved,
)
from callback.ids import RequestId
from callback.kinds import AttemptFailure, GiveUpReason, Hold, Leg, Mode, Origin
from callback.policy import CallbackPolicy
from callback.request import Request
from callback.schedule import REPORT_GUARD_S, Due, due_now, force_at
from callback.states import IN_ATTEMPT, RequestState, RequestTrigger, next_state
from queue_engine.ids import AgentId, Instant, OfferId

S = RequestState
T = RequestTrigger


def act_on_due(desk: Desk, request_id: RequestId) -> None:
    """Do what the request waited for in time."""
    request = desk.requests[request_id]
    match due_now(request, desk.policy(request), desk.now, may_dial=desk.may_dial):
        case Due.LATE:
            _late(desk, request)
        case Due.EXPIRED:
            give_up(desk, request, GiveUpReason.EXPIRED)
        case Due.STAND_IN_LINE:
            stand_in_line(desk, request)
        case Due.ANYBODY:
            _anybody(desk, request)
        case Due.FORCE:
            _force(desk, request)
        case Due.ATTEMPT_OVER:
            if request.state is S.TALKING:
                desk.effects.append(StopDialling(request.call))
                menu_over(desk, request)
            else:
                fail(desk, request, AttemptFailure.NO_ANSWER if request.started else AttemptFailure.LOST, stop=True)
        case Due.SETTLE:
            settle(desk, request)
        case None:
            pass


def wake(desk: Desk, key: HoldKey) -> None:
    """Let those who were held by this try again, the one due first at first, until it is used up."""
    if not desk.may_dial:
        return
    while (request := desk.first_held(key)) is not None:
        blocked_by = _no_operator(desk, request) if request.state is S.IN_LINE else _hold(desk, request)
        if blocked_by is key[0]:
            return
        request = desk.put(replace(request, hold=None))
        if request.state is S.IN_LINE:
            _force(desk, request)
        elif request.next_at <= desk.now:
            stand_in_line(desk, request)


def stand_in_line(desk: Desk, request: Request) -> None:
    """Begin an attempt: take a place in the line, unless something else than an operator is missing."""
    policy = desk.policy(request)
    if desk.barred.bars(request.number, request.origin):
        give_up(desk, request, GiveUpReason.DO_NOT_CALL)
        return
    on_the_line = desk.live.of(request.number)
    if on_the_line and request.listed is not None:
        give_up(desk, request, GiveUpReason.CALLED_IN)
        return
    if on_the_line:  # a promised answer whose time comes while he is with us
        calls_in(desk, request, on_the_line[0])
        return
    if desk.limits.number_used_up(request.number, policy, desk.now):
        give_up(desk, request, GiveUpReason.NUMBER_LIMIT)
        return
    hold = _hold(desk, request)
    if hold is not None:
        hold_back(desk, request, hold)
        return
    promised = request.origin in {Origin.BOOKED, Origin.LIST}
    wait_s = policy.booked_operator_s if promised else policy.same_operator_s
    only = request.agent if request.mode is Mode.SAME_OPERATOR and wait_s > 0 else None
    request = desk.put(
        replace(
            request,
            state=follow(request, T.STAND_IN_LINE),
            attempt=request.attempt + 1,
            only_agent=only,
            until=None if only is None else Instant(desk.now + wait_s),
        )
    )
    if request.menu:
        _dial(desk, request, Leg.CALLER)
        return
    enqueue(desk, request)
    desk.facts.append(
        CallbackInLine(desk.now, request.request, request.queue, request.call, request.due_at, request.only_agent)
    )


def operator_reserved(desk: Desk, request: Request, agent: AgentId, offer: OfferId) -> None:
    """The engine keeps this operator for the attempt: dial, in the order that the profile prefers."""
    state = next_state(request.state, T.OPERATOR_RESERVED)
    if state is None:
        return
    stood_in_line = request.state is S.IN_LINE
    wished = request.mode is Mode.SAME_OPERATOR and agent == request.agent
    request = desk.put(replace(request, state=state, reserved=agent, offer=offer, hold=None))
    desk.facts.append(CallbackReserved(desk.now, request.request, request.queue, request.call, agent))
    if not stood_in_line:
        return
    policy = desk.policy(request)
    hold = _no_way_out(desk, request)
    forced_at = force_at(request, policy)
    if hold is not None:
        hold_back(desk, request, hold)
    elif (forced_at is not None and forced_at <= desk.now) or (
        _first_leg(request, policy) is Leg.CALLER and not wished
    ):
        _dial(desk, request, Leg.CALLER)
    else:
        _dial(desk, request, Leg.OPERATOR)


def operator_gone(desk: Desk, request: Request, offer: OfferId) -> None:
    """The operator did not pick up, or was taken back: the attempt is in the line again, for anybody."""
    state = next_state(request.state, T.OPERATOR_GONE)
    if state is None or offer != request.offer:
        return
    back_in_line = request.state is S.RESERVED
    for_one = request.only_agent is not None
    request = replace(request, state=state, reserved=None, offer=None)
    if back_in_line:
        take_back(desk, request)
        request = replace(request, first=None, ordered_at=None, only_agent=None, until=None)
    desk.put(request)
    if back_in_line and for_one:
        enqueue(desk, request)


def caller_dialled(desk: Desk, request: Request) -> None:
    """The call to the caller's number has left the house: the attempt has started."""
    _progress(desk, request, T.CALLER_DIALLED)


def caller_rang(desk: Desk, request: Request) -> None:
    """The far side rings."""
    if (after := _progress(desk, request, T.CALLER_RANG)) is not None:
        desk.facts.append(CallbackRang(desk.now, after.request, after.queue, after.call))


def caller_answered(desk: Desk, request: Request) -> None:
    """The caller has answered; nobody has spoken yet."""
    if (after := _progress(desk, request, T.CALLER_ANSWERED)) is not None:
        desk.facts.append(CallbackConnected(desk.now, after.request, after.queue, after.call))
        if after.menu:
            menu_began(desk, after)


def _hold(desk: Desk, request: Request) -> Hold | None:
    """Return what keeps the request from standing in the line now.

    Requests in the line will want a channel, so no more stand there than there are; only one whose limit presses looks
    at the channels that are really in use.
    """
    if any(other.state in IN_ATTEMPT for other in desk.of_number(request.number)):
        return Hold.NUMBER_IN_USE
    if force_at(request, desk.policy(request)) is None and desk.channels is not None:
        return Hold.CHANNELS if desk.on_channel + desk.in_line >= desk.channels else _no_way_out(desk, request)
    return _no_way_out(desk, request)


def _no_way_out(desk: Desk, request: Request) -> Hold | None:
    """Return why the number may not be dialled now, the operators left aside. What was ordered was counted then."""
    in_use = desk.on_channel - (request.state is S.RESERVED)
    if desk.channels is not None and in_use >= desk.channels:
        return Hold.CHANNELS
    if request.ordered_at is None and desk.limits.line_free_at(desk.policy(request), desk.now) is not None:
        return Hold.HOURLY_LIMIT
    return None


def _no_operator(desk: Desk, request: Request) -> Hold | None:
    """Return whether as many callers of the line are rung or wait as it has operators."""
    operators = desk.operators.get(request.queue)
    full = operators is not None and desk.caller_first[request.queue] >= operators
    return Hold.OPERATORS if full else None


def _late(desk: Desk, request: Request) -> None:
    """The limit passes and nothing has started."""
    desk.put(replace(request, late=True))
    desk.facts.append(
        CallbackLate(
            desk.now,
            request.request,
            request.queue,
            request.broken_call,
            request.broken_at,
            request.limit_s or 0.0,
        )
    )


def _anybody(desk: Desk, request: Request) -> None:
    """The wished operator has been waited for long enough."""
    enqueue(desk, desk.put(replace(request, only_agent=None, until=None)))


def _force(desk: Desk, request: Request) -> None:
    """Dial the caller first, as the limit is near; he will hear music if nobody has become free by then."""
    hold = _no_way_out(desk, request)
    if hold is not None:
        hold_back(desk, request, hold)
        return
    if request.state is S.IN_LINE and _no_operator(desk, request) is not None:
        desk.put(replace(request, hold=Hold.OPERATORS))
        desk.facts.append(CallbackHeld(desk.now, request.request, request.queue, Hold.OPERATORS))
        return
    if request.only_agent is not None:
        request = replace(request, only_agent=None)
        enqueue(desk, request)
    _dial(desk, request, Leg.CALLER)


def _dial(desk: Desk, request: Request, first: Leg) -> None:
    """Order the attempt's first leg."""
    policy, now = desk.policy(request), desk.now
    forced_at = force_at(request, policy)
    operator_ring_s = policy.operator_ring_s
    if forced_at is not None and first is Leg.OPERATOR:
        operator_ring_s = min(operator_ring_s, forced_at - now)
    rings_s = operator_ring_s if first is Leg.OPERATOR else policy.ring_s
    if request.ordered_at is None:
        desk.limits.add(request.queue, request.number, now)
    desk.put(
        replace(
            request,
            state=follow(request, T.DIAL_CALLER) if first is Leg.CALLER else request.state,
            first=first,
            ordered_at=now if request.ordered_at is None else request.ordered_at,
            until=Instant(now + rings_s + REPORT_GUARD_S),
        )
    )
    desk.effects.append(
        DialCaller(
            call=request.call,
            request=request.request,
            queue=request.queue,
            number=request.number,
            caller_id=policy.caller_id,
            first=first,
            agent=request.reserved,
            offer=request.offer,
            ring_s=policy.ring_s,
            operator_ring_s=operator_ring_s,
            menu=request.menu,
        )
    )


def _first_leg(request: Request, policy: CallbackPolicy) -> Leg:
    """Return which side is dialled first: as the call list says, else as the line does it."""
    of_list = None if request.listed is None else request.listed.first_leg
    return of_list or policy.first_leg


def _progress(desk: Desk, request: Request, trigger: RequestTrigger) -> Request | None:
    """Take evidence that the caller's number is being called; return the row if it moved anything."""
    state = next_state(request.state, trigger)
    if state is None or (state is request.state and request.started):
        return None
    request = mark_started(desk, request)
    policy = desk.policy(request)
    stage_s = policy.connected_max_s if state is S.CONNECTED else policy.ring_s + REPORT_GUARD_S
    until = request.until if state is S.RINGING and request.state is S.DIALLING else Instant(desk.now + stage_s)
    return desk.put(replace(request, state=state, until=until, only_agent=None, hold=None))

"""Callers who call in again themselves: what we owe to their number waits for what becomes of their call.

Who is spoken to on the line where he was owed a call-back is owed nothing more. On another line, or when he leaves
again, the call-back is owed as before; if he leaves in a way that is a break, that one joins (`intake.py`).
"""

from dataclasses import replace

from callback.attempt import drop_attempt
from callback.desk import Desk
from callback.effects import PlaceCaller
from callback.endings import cancel, give_up
from callback.facts import CallbackMerged, CallbackResumed, CallerCalledIn
from callback.kinds import AttemptFailure, GiveUpReason
from callback.numbers import Dialable
from callback.recent import LiveCall
from callback.request import Request
from callback.states import IN_ATTEMPT, RequestTrigger, next_state
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.inputs import SYSTEM_ACTOR

T = RequestTrigger


def call_came_in(desk: Desk, call: CallId, queue: QueueName, caller: str) -> None:
    """A caller is in a line: what we owe to his number waits for what becomes of his call."""
    checked = desk.number_rule(caller)
    if not isinstance(checked, Dialable) or desk.live.get(call) is not None:
        return
    live = LiveCall(call, queue, checked.number)
    desk.live.add(live)
    for request in desk.of_number(checked.number):
        if request.listed is not None:
            cancel(desk, request, SYSTEM_ACTOR, GiveUpReason.CALLED_IN)
        elif request.merges_at(desk.now):
            calls_in(desk, request, live)


def call_in_answered(desk: Desk, call: CallId) -> None:
    """A caller is being spoken to in a call of his own: what was owed to him on this line is done with."""
    live = desk.live.get(call)
    if live is None:
        return
    live = replace(live, answered=True)
    desk.live.add(live)
    for request in desk.of_number(live.number):
        _served(desk, request, live)


def call_in_returned(desk: Desk, call: CallId) -> None:
    """A talk of a caller's own was none: he waits again."""
    live = desk.live.get(call)
    if live is not None:
        desk.live.add(replace(live, answered=False))


def call_moved(desk: Desk, call: CallId, to: QueueName) -> None:
    """A caller's own call has gone over to another line."""
    live = desk.live.get(call)
    if live is not None:
        desk.live.add(replace(live, queue=to))


def call_in_ended(desk: Desk, live: LiveCall | None) -> None:
    """A caller's own call is over: what waited for it goes on, unless he is on the line with another one.

    The call must be off `desk.live` before its end is judged, or it would settle its own break.
    """
    if live is None or desk.live.of(live.number):
        return
    for request in desk.of_number(live.number):
        resume(desk, request)


def resume(desk: Desk, request: Request) -> None:
    """The caller's own call ended without a talk on this line: the call-back is owed as before."""
    state = next_state(request.state, T.CALL_IN_OVER)
    if state is None:
        return
    next_at = Instant(max(request.next_at, desk.now))
    request = desk.put(replace(request, state=state, call_in=None, next_at=next_at))
    if request.of_break >= desk.policy(request).attempts:
        give_up(desk, request, GiveUpReason.ATTEMPTS_MADE)
        return
    desk.facts.append(CallbackResumed(desk.now, request.request, request.queue, next_at))


def calls_in(desk: Desk, request: Request, live: LiveCall) -> None:
    """The caller is on the line himself: nothing is dialled, and on the same line he has his place and operator."""
    state = next_state(request.state, T.CALLED_IN)
    if state is None:
        return
    rung = request.state in IN_ATTEMPT and request.started
    request = drop_attempt(desk, request, AttemptFailure.CALLED_IN, AttemptFailure.CALLED_IN)
    pause_s = desk.policy(request).spacing.busy_s if rung else 0.0
    next_at = Instant(max(request.next_at, desk.now + pause_s))
    request = desk.put(replace(request, state=state, call_in=live.call, next_at=next_at))
    desk.facts.append(CallerCalledIn(desk.now, request.request, request.queue, live.call))
    if live.queue == request.queue and not live.answered:
        desk.effects.append(PlaceCaller(live.call, live.queue, request.due_at, request.agent))
    _served(desk, request, live)


def _served(desk: Desk, request: Request, live: LiveCall) -> None:
    """The caller is spoken to on the line where he was owed a call-back."""
    if not live.answered or live.queue != request.queue:
        return
    state = next_state(request.state, T.SERVED_MEANWHILE)
    if state is None:
        return
    desk.put(replace(request, state=state, call_in=live.call, ended_at=desk.now))
    desk.facts.append(CallbackMerged(desk.now, request.request, request.queue, live.call, len(request.attempts)))

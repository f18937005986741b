"""What Asterisk still holds of the attempts, after a restart of ours or a reconnection to it.

Until it is known nothing is dialled, because a caller's telephone may be ringing from before.
"""

from dataclasses import replace

from callback.attempt import enqueue
from callback.callers import resume
from callback.course import caller_answered, caller_dialled, caller_rang
from callback.desk import Desk
from callback.effects import StopDialling, WithdrawCallback
from callback.endings import fail, talk_began, talk_over
from callback.ids import parse_attempt_call
from callback.inputs import LiveAttempt, Resynchronised
from callback.kinds import AttemptFailure, Leg, LiveStage
from callback.request import Request
from callback.states import RequestState
from queue_engine.ids import CallId

S = RequestState


def resynchronised(desk: Desk, found: Resynchronised) -> None:
    """Bring every request in step with what exists, then let dialling go on."""
    held = found.begun | {attempt.call for attempt in found.live if _adopt(desk, attempt)}
    desk.may_dial = True
    for request in list(desk.requests.values()):
        if request.call not in held:
            _not_found(desk, request)
    desk.rearm()


def _adopt(desk: Desk, attempt: LiveAttempt) -> bool:
    """Take up an attempt that exists; return False if it was ended because nobody wants it."""
    parsed = parse_attempt_call(attempt.call)
    request = desk.requests.get(parsed[0]) if parsed is not None else None
    if request is None:
        _end_orphan(desk, attempt)
        return False
    if attempt.stage is LiveStage.TALKING:
        talk_began(desk, request, attempt.call, attempt.agent)
        return True
    if parsed is not None and parsed[1] > request.attempt:
        request = desk.put(replace(request, attempt=parsed[1]))  # our row was older than what we had done
        _end_orphan(desk, attempt)
        return False
    if attempt.call != request.call or attempt.stage is LiveStage.OPERATOR or request.state in {S.OWED, S.CALLING_IN}:
        _end_orphan(desk, attempt)
        return False
    _follow_evidence(desk, request, attempt.stage)
    return True


def _follow_evidence(desk: Desk, request: Request, stage: LiveStage) -> None:
    """Bring the request to the stage that its attempt has reached, and give the engine its item back."""
    caller_dialled(desk, request)
    match stage:
        case LiveStage.RINGING:
            caller_rang(desk, desk.requests[request.request])
        case LiveStage.CONNECTED:
            caller_answered(desk, desk.requests[request.request])
        case _:
            pass
    request = desk.requests[request.request]
    if request.state in {S.DIALLING, S.RINGING} and request.first is Leg.CALLER and not request.menu:
        enqueue(desk, request)


def _end_orphan(desk: Desk, attempt: LiveAttempt) -> None:
    """An attempt that no request stands for any more is ended; people who talk are left alone."""
    if attempt.stage is not LiveStage.TALKING:
        _end(desk, attempt.call)


def _end(desk: Desk, call: CallId) -> None:
    desk.effects.append(StopDialling(call))
    desk.effects.append(WithdrawCallback(call, AttemptFailure.LOST))


def _not_found(desk: Desk, request: Request) -> None:
    """Asterisk holds nothing of this request's present attempt."""
    match request.state:
        case S.IN_LINE:
            enqueue(desk, request)
        case S.RESERVED | S.DIALLING | S.RINGING | S.CONNECTED:
            fail(desk, request, AttemptFailure.LOST, stop=True)
        case S.TALKING:
            talk_over(desk, request)
        case S.CALLING_IN:
            if not desk.live.of(request.number):
                resume(desk, request)
        case _:
            pass

"""How attempts fail, how talks go, and how a request ends."""

from dataclasses import replace

from callback.attempt import drop_attempt, follow, hold_back, mark_started, take_back, without_attempt
from callback.desk import Desk
from callback.effects import StopDialling, WithdrawCallback
from callback.facts import CallbackAttemptFailed, CallbackDone, CallbackGivenUp, CallbackReached
from callback.kinds import AttemptFailure, GiveUpReason, Hold, TalkOutcome
from callback.request import Request
from callback.schedule import next_attempt_at
from callback.states import RequestState, RequestTrigger, next_state
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import SYSTEM_ACTOR

S = RequestState
T = RequestTrigger

_ANSWERS_OF_THE_FAR_SIDE = frozenset(
    {AttemptFailure.BUSY, AttemptFailure.NO_ANSWER, AttemptFailure.UNREACHABLE, AttemptFailure.REFUSED}
)


def fail(desk: Desk, request: Request, failure: AttemptFailure, cause: int = 0, *, stop: bool = False) -> None:
    """The attempt has come to nothing; `stop` if its legs may still exist."""
    state = next_state(request.state, T.FAILED)
    if state is None:
        return
    if request.state is not S.RESERVED and failure in _ANSWERS_OF_THE_FAR_SIDE:
        request = mark_started(desk, request)
    if stop:
        desk.effects.append(StopDialling(request.call))
    desk.effects.append(WithdrawCallback(request.call, failure))
    owe_again(desk, request, state, failure, cause)


def owe_again(desk: Desk, request: Request, state: RequestState, failure: AttemptFailure, cause: int) -> None:
    """Plan the next attempt, or give up when the full number was made."""
    policy, now, counted, call = desk.policy(request), desk.now, request.started, request.call
    if failure is AttemptFailure.NO_LINE:
        take_back(desk, request)
    fruitless = request.fruitless + (not counted)
    next_at = next_attempt_at(now, failure, counted=counted, fruitless=fruitless, policy=policy)
    closed_by = request.outcome_by if request.outcome is TalkOutcome.SPOKEN else None
    full_number = policy.attempts if request.listed is None else 1  # a list decides itself about the next time
    over = closed_by is not None or (counted and request.of_break >= full_number)
    due_at = Instant(next_at + policy.first_attempt_s) if counted else request.due_at
    request = replace(
        without_attempt(request, now, failure), state=state, fruitless=fruitless, next_at=next_at, due_at=due_at
    )
    desk.facts.append(
        CallbackAttemptFailed(
            now, request.request, request.queue, call, failure, cause, counted, None if over else next_at
        )
    )
    desk.put(request)
    if closed_by is not None:
        done(desk, request, T.CLOSED, closed_by)
    elif over:
        give_up(desk, request, GiveUpReason.ATTEMPTS_MADE)


def talk_began(desk: Desk, request: Request, call: CallId, agent: AgentId | None) -> None:
    """Operator and caller talk, in this attempt or in one that we had given up a moment ago."""
    state = next_state(request.state, T.TALK_BEGAN)
    if state is None:
        return
    if call != request.call:
        request = drop_attempt(desk, request, "reached")
    request = mark_started(desk, request, call)
    request = desk.put(replace(request, state=state, reserved=agent, until=None, hold=None, call_in=None))
    for other in desk.of_number(request.number):
        if other.request != request.request:
            _make_way(desk, other)
    desk.facts.append(
        CallbackReached(
            at=desk.now,
            request=request.request,
            queue=request.queue,
            call=call,
            attempt=len(request.attempts),
            of_break=request.of_break,
            agent=agent,
            after_break_s=desk.now - request.broken_at,
        )
    )


def _make_way(desk: Desk, other: Request) -> None:
    """The person at this number is being spoken to for another request: this one waits."""
    if other.state in {S.IN_LINE, S.RESERVED}:
        hold_back(desk, other, Hold.NUMBER_IN_USE)
    elif other.state in {S.DIALLING, S.RINGING}:
        fail(desk, other, AttemptFailure.CALLED_IN, stop=True)


def talk_returned(desk: Desk, request: Request) -> None:
    """The operator's side ended the talk before it was one: the caller waits again."""
    state = next_state(request.state, T.TALK_RETURNED)
    if state is not None:
        desk.put(replace(request, state=state, reserved=None, offer=None))


def menu_began(desk: Desk, request: Request) -> None:
    """The called person has answered and hears a menu, which nobody but Asterisk tells the end of."""
    talk_began(desk, request, request.call, None)
    request = desk.requests[request.request]
    desk.put(replace(request, until=Instant(desk.now + desk.policy(request).connected_max_s)))


def menu_over(desk: Desk, request: Request) -> None:
    """Whoever has heard a menu has hung up, or Asterisk after him: nobody has to say what it was."""
    talk_over(desk, request)
    after = desk.requests.get(request.request)
    if after is not None and after.state is S.AFTER_TALK:  # nobody has said during it what it was
        settle(desk, after)


def bar(desk: Desk, number: str, by: str) -> None:
    """The number is barred: call off what was owed to it; too late for whoever has answered."""
    for request in desk.of_number(number):
        if desk.barred.bars(number, request.origin):
            cancel(desk, request, by, GiveUpReason.DO_NOT_CALL)


def talk_over(desk: Desk, request: Request) -> None:
    """The talk has ended; for a while its operator may say what it was."""
    state = next_state(request.state, T.TALK_OVER)
    if state is None:
        return
    until = Instant(desk.now + desk.policy(request).outcome_within_s)
    request = desk.put(replace(request, state=state, until=until))
    if request.outcome is not None:
        give_outcome(desk, request, request.outcome, request.outcome_by)


def settle(desk: Desk, request: Request) -> None:
    """Nobody need say any more what the talk was."""
    done(desk, request, T.SETTLE, SYSTEM_ACTOR)


def give_outcome(desk: Desk, request: Request, outcome: TalkOutcome, by: str) -> None:
    """The operator says what the talk was."""
    match outcome:
        case TalkOutcome.SPOKEN:
            close(desk, request, by)
            return
        case TalkOutcome.MACHINE:
            trigger = T.MACHINE
        case TalkOutcome.WRONG_PERSON:
            trigger = T.WRONG_PERSON
    state = next_state(request.state, trigger)
    if state is None:
        return
    if state is S.TALKING:
        desk.put(replace(request, outcome=outcome, outcome_by=by))
    elif state is S.OWED:
        owe_again(desk, request, state, AttemptFailure.MACHINE, 0)
    else:
        end_without_talk(desk, request, state, GiveUpReason.WRONG_PERSON, by)


def close(desk: Desk, request: Request, by: str) -> None:
    """Somebody says that nothing is owed any more; while the caller is on the line it is noted and done after that."""
    state = next_state(request.state, T.CLOSED)
    if state is request.state:
        desk.put(replace(request, outcome=TalkOutcome.SPOKEN, outcome_by=by))
    elif state is not None:
        done(desk, drop_attempt(desk, request, "closed"), T.CLOSED, by)


def cancel(desk: Desk, request: Request, by: str, reason: GiveUpReason = GiveUpReason.CANCELLED) -> None:
    """Somebody calls it off; too late once the caller has answered."""
    state = next_state(request.state, T.CANCELLED)
    if state is not None:
        end_without_talk(desk, drop_attempt(desk, request, reason), state, reason, by)


def give_up(desk: Desk, request: Request, reason: GiveUpReason) -> None:
    """Nobody is called any more."""
    end_without_talk(desk, drop_attempt(desk, request, reason), follow(request, T.GIVE_UP), reason, SYSTEM_ACTOR)


def done(desk: Desk, request: Request, trigger: RequestTrigger, by: str) -> None:
    """The caller was spoken to, or it was settled otherwise."""
    state = follow(request, trigger)
    request = without_attempt(request, desk.now)
    desk.put(replace(request, state=state, ended_at=desk.now, call_in=None))
    desk.facts.append(CallbackDone(desk.now, request.request, request.queue, len(request.attempts), by))


def end_without_talk(desk: Desk, request: Request, state: RequestState, reason: GiveUpReason, by: str) -> None:
    """End the request in a state that somebody else has found, with its reason."""
    desk.put(replace(request, state=state, reason=reason, ended_at=desk.now, call_in=None))
    desk.facts.append(
        CallbackGivenUp(desk.now, request.request, request.queue, reason, len(request.attempts), request.of_break, by)
    )

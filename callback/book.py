"""The contract of the call-backs: `observe(fact, now)`, `handle(input, now)`, `advance(now)`, `next_deadline()`.

The book owns no clock: time comes in, and it keeps the larger of `now` and the last one it saw. Each entry first does
what has become due, then takes what was told, and goes on until nothing is due and nobody held can go on. It never
raises on anything that the world can send, in any order, twice, late or not at all.

Decisions live in `intake.py`, `course.py`, `endings.py` and `resync.py`; here is only who is asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from callback import callers, course, endings, intake, resync
from callback.breaks import CallEnd, end_of
from callback.desk import Desk
from callback.effects import CallbackEffect, WithdrawCallback
from callback.facts import CallbackFact
from callback.ids import parse_attempt_call
from callback.inputs import (
    AttemptFailed,
    BreakFound,
    BreakReported,
    CallbackAsked,
    CallbackCancelled,
    CallbackClosed,
    CallbackInput,
    CallbackPoliciesLoaded,
    CallerAnswered,
    CallerDialled,
    CallerRang,
    CapacityChanged,
    ChannelsChanged,
    NumberBarred,
    NumberFreed,
    NumbersLoaded,
    OutcomeGiven,
    PlaceExchanged,
    Resynchronised,
)
from callback.kinds import AttemptFailure, GiveUpReason, Hold, ImpossibleReason, Origin
from callback.numbers import NumberRule
from callback.policy import CallbackPolicy
from callback.request import Request, by_the_clock_of
from callback.states import IN_ATTEMPT, RequestState
from queue_engine.facts import (
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallMoved,
    CallOffered,
    CallOverflowed,
    CallRecovered,
    CallReturned,
    Fact,
    OfferMissed,
    OfferWithdrawn,
)
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.inputs import SYSTEM_ACTOR

_NOT_YET_SPOKEN_TO = frozenset(RequestState) - {RequestState.TALKING, RequestState.AFTER_TALK}


@dataclass(frozen=True, slots=True)
class Step:
    """What one entry has brought: facts in the order they became true, effects in the order they must be done."""

    facts: tuple[CallbackFact, ...]
    effects: tuple[CallbackEffect, ...]
    changed: tuple[Request, ...]
    """Rows to store before the effects are done, each in the place of the one with its `request`."""


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """All that is open."""

    rows: tuple[Request, ...]
    owed: int
    """Requests whose caller is not being spoken to; nobody is owed a call by a list."""
    oldest_limit_at: Instant | None
    """The nearest limit of those that no attempt was made for."""


class CallbackBook:
    """Who is owed a call-back, and what is due about it."""

    __slots__ = ("_desk",)

    def __init__(self, policies: Iterable[CallbackPolicy], number_rule: NumberRule, first_request: int = 1) -> None:
        self._desk = Desk(policies, number_rule, first_request)

    def observe(self, fact: Fact, now: Instant) -> Step:
        """Take a fact of the engine; facts must come in the order in which the engine told them."""
        self._begin(now)
        attempt = parse_attempt_call(fact.call) if isinstance(fact, _OF_CALLS) else None
        if attempt is None:
            self._of_callers_call(fact)
        elif attempt[0] in self._desk.requests:
            self._of_attempt(self._desk.requests[attempt[0]], fact)
        elif isinstance(fact, CallEnded):
            intake.take_end(self._desk, end_of(fact))
        return self._step()

    def handle(self, told: CallbackInput, now: Instant) -> Step:
        """Take what the shell reports or what people ask for."""
        self._begin(now)
        match told:
            case CallbackPoliciesLoaded() | CapacityChanged() | ChannelsChanged() | Resynchronised():
                self._of_surroundings(told)
            case CallerDialled() | CallerRang() | CallerAnswered() | AttemptFailed():
                self._of_bridge(told)
            case OutcomeGiven() | CallbackClosed() | CallbackCancelled():
                self._of_people(told)
            case BreakFound():
                self._found(told)
            case BreakReported():
                intake.reported(self._desk, told)
            case CallbackAsked():
                intake.asked(self._desk, told)
            case PlaceExchanged():
                intake.exchanged(self._desk, told)
            case NumbersLoaded() | NumberBarred() | NumberFreed():
                self._of_barred(told)
            case _:
                assert_never(told)
        return self._step()

    def advance(self, now: Instant) -> Step:
        """Time has passed: do what has become due."""
        self._begin(now)
        return self._step()

    def next_deadline(self) -> Instant | None:
        """Return when `advance` wants to be called; None while nothing waits for time."""
        return self._desk.deadlines.next_due()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is open."""
        return not self._desk.requests

    def snapshot(self) -> BookSnapshot:
        """Return all that is open, the oldest first."""
        rows = tuple(self._desk.requests.values())
        limits = [row.limit_at for row in rows if row.limit_at is not None and row.of_break == 0]
        owed = sum(row.state in _NOT_YET_SPOKEN_TO and row.listed is None for row in rows)
        return BookSnapshot(rows, owed, min(limits, default=None))

    def restore(self, rows: Iterable[Request], now: Instant) -> Step:
        """Take back what was stored, before anything else is told: all open rows and those of the last 24 hours.

        Nothing is dialled until `Resynchronised` has come.
        """
        desk = self._desk
        desk.may_dial = False
        rows = sorted(by_the_clock_of(now, rows), key=lambda row: row.request)
        started = [(row, attempt.started_at) for row in rows for attempt in row.attempts]
        ordered = [(row, row.ordered_at) for row in rows if row.ordered_at is not None and not row.started]
        for row, at in sorted(started + ordered, key=lambda counted: counted[1]):
            desk.limits.add(row.queue, row.number, at)
        for row in sorted((row for row in rows if row.origin is Origin.BOOKED), key=lambda row: row.opened_at):
            desk.limits.opened(row.by, row.opened_at)
        for row in rows:
            desk.used(row.request)
            # Whose place could not be exchanged has gone on waiting: the end of his call is still to be judged.
            waits_on = row.origin is Origin.PLACE and row.state is RequestState.IMPOSSIBLE
            for call in () if waits_on else row.calls:
                desk.dealt_with.add(call, row.broken_at, exchanged=row.origin is Origin.PLACE)
            if row.is_open and row.queue in desk.policies:
                desk.put(replace(row, hold=None))
                if row.hold is None:
                    del desk.changed[row.request]
        desk.now = Instant(max(now, desk.now))
        for row in rows:
            if row.is_open and row.queue not in desk.policies:
                endings.end_without_talk(desk, row, RequestState.GIVEN_UP, GiveUpReason.LINE_GONE, SYSTEM_ACTOR)
        self._begin(now)
        return self._step()

    def refusal(
        self, queue: QueueName, shown: str, now: Instant, origin: Origin = Origin.BOOKED
    ) -> ImpossibleReason | None:
        """Return why a call-back to this number would be refused, None if it would not; asked before one is offered."""
        self._desk.now = Instant(max(now, self._desk.now))
        return intake.refusal(self._desk, queue, shown, origin)

    def is_engaged(self, number: str) -> bool:
        """Return whether somebody of this number (E.164) is on a line with us, or is owed a call."""
        return bool(self._desk.of_number(number) or self._desk.live.of(number))

    def _begin(self, now: Instant) -> None:
        desk = self._desk
        desk.now = Instant(max(now, desk.now))
        self._settle()

    def _settle(self) -> None:
        """Go on until nothing is due and nobody held can go on."""
        desk = self._desk
        while True:
            due = desk.deadlines.pop_due(desk.now)
            if due is not None:
                course.act_on_due(desk, due)
            elif desk.freed:
                key = next(iter(desk.freed))
                del desk.freed[key]
                course.wake(desk, key)
            else:
                return

    def _step(self) -> Step:
        self._settle()
        desk = self._desk
        step = Step(tuple(desk.facts), tuple(desk.effects), tuple(desk.changed.values()))
        desk.facts.clear()
        desk.effects.clear()
        desk.changed.clear()
        return step

    def _of_callers_call(self, fact: Fact) -> None:
        """A fact about a call that the caller made himself. Those about operators say nothing of call-backs."""
        desk = self._desk
        match fact:
            case CallAccepted() | CallRecovered():
                callers.call_came_in(desk, fact.call, fact.queue, fact.caller)
            case CallAnswered():
                callers.call_in_answered(desk, fact.call)
            case CallReturned():
                callers.call_in_returned(desk, fact.call)
            case CallEnded() | CallAbandoned() | CallDied():
                live = desk.live.remove(fact.call)
                intake.take_end(desk, end_of(fact))
                callers.call_in_ended(desk, live)
            case CallOverflowed():
                intake.overflowed(desk, fact.call, fact.queue)
                callers.call_in_ended(desk, desk.live.remove(fact.call))
            case CallMoved():
                callers.call_moved(desk, fact.call, fact.to)
            case _:
                pass

    def _of_attempt(self, request: Request, fact: Fact) -> None:
        """A fact about one of our attempts. Only a talk is heeded for one that was given up already."""
        desk = self._desk
        match fact:
            case CallAnswered():
                endings.talk_began(desk, request, fact.call, fact.agent)
            case CallEnded():
                self._talk_ended(request, end_of(fact))
            case _ if fact.call != request.call:
                pass
            case CallOffered():
                course.operator_reserved(desk, request, fact.agent, fact.offer)
            case OfferMissed() | OfferWithdrawn():
                course.operator_gone(desk, request, fact.offer)
            case CallReturned():
                endings.talk_returned(desk, request)
            case CallAbandoned():
                endings.fail(desk, request, AttemptFailure.LEFT, fact.cause)
            case CallOverflowed():
                endings.fail(desk, request, AttemptFailure.NO_OPERATOR)
            case CallDied():
                endings.fail(desk, request, AttemptFailure.LOST)
            case _:
                pass

    def _talk_ended(self, request: Request, end: CallEnd) -> None:
        """A call-back's talk is over; if it broke in its turn, a new request follows it."""
        desk = self._desk
        if request.state in _NOT_YET_SPOKEN_TO:
            endings.talk_began(desk, request, end.call, end.agent)
        endings.talk_over(desk, desk.requests[request.request])
        intake.take_end(desk, end, listed=request.listed is not None)

    def _of_surroundings(
        self, told: CallbackPoliciesLoaded | CapacityChanged | ChannelsChanged | Resynchronised
    ) -> None:
        desk = self._desk
        match told:
            case CallbackPoliciesLoaded():
                desk.load(told.policies)
                desk.rearm()
            case CapacityChanged():
                desk.operators[told.queue] = told.operators
                desk.freed[Hold.OPERATORS, told.queue] = None
            case ChannelsChanged():
                desk.channels = told.channels
                desk.free_channels()
            case Resynchronised():
                resync.resynchronised(desk, told)

    def _of_bridge(self, told: CallerDialled | CallerRang | CallerAnswered | AttemptFailed) -> None:
        """What the bridge says of an attempt; one that is not the present one has ended for us."""
        request = self._present(told.call)
        if request is None:
            return
        match told:
            case CallerDialled():
                course.caller_dialled(self._desk, request)
            case CallerRang():
                course.caller_rang(self._desk, request)
            case CallerAnswered():
                course.caller_answered(self._desk, request)
            case AttemptFailed() if request.menu and request.state is RequestState.TALKING:
                endings.menu_over(self._desk, request)
            case AttemptFailed():
                endings.fail(self._desk, request, told.failure, told.cause)

    def _of_people(self, told: OutcomeGiven | CallbackClosed | CallbackCancelled) -> None:
        request = self._desk.requests.get(told.request)
        if request is None:
            return
        match told:
            case OutcomeGiven():
                endings.give_outcome(self._desk, request, told.outcome, told.by)
            case CallbackClosed():
                endings.close(self._desk, request, told.by)
            case CallbackCancelled():
                endings.cancel(self._desk, request, told.by)

    def _of_barred(self, told: NumbersLoaded | NumberBarred | NumberFreed) -> None:
        desk = self._desk
        match told:
            case NumbersLoaded():
                desk.barred.load(told.numbers)
                for number, _ in told.numbers:
                    endings.bar(desk, number, SYSTEM_ACTOR)
            case NumberBarred():
                desk.barred.add(told.number, told.scope)
                endings.bar(desk, told.number, told.by)
            case NumberFreed():
                desk.barred.remove(told.number)

    def _found(self, told: BreakFound) -> None:
        """A call ended while we were away."""
        end = CallEnd(
            call=told.call,
            queue=told.queue,
            caller=told.caller,
            ended_at=told.ended_at,
            by=told.by,
            cause=told.cause,
            waited_s=told.waited_s,
            talked_s=told.talked_s,
            agent=told.agent,
        )
        attempt = parse_attempt_call(told.call)
        request = None if attempt is None else self._desk.requests.get(attempt[0])
        if request is not None and told.talked_s is not None:
            if request.call == told.call and request.state in _NOT_YET_SPOKEN_TO:
                # The engine has not been told of the talk either: to it the operator's telephone still rings.
                self._desk.effects.append(WithdrawCallback(told.call, "talk_unseen"))
            self._talk_ended(request, end)
        elif attempt is None or told.talked_s is not None:
            live = self._desk.live.remove(told.call)
            intake.take_end(self._desk, end)
            callers.call_in_ended(self._desk, live)

    def _present(self, call: CallId) -> Request | None:
        """Return the request whose present attempt this is."""
        parsed = parse_attempt_call(call)
        request = None if parsed is None else self._desk.requests.get(parsed[0])
        return request if request is not None and request.call == call and request.state in IN_ATTEMPT else None


_OF_CALLS = (
    CallAccepted,
    CallRecovered,
    CallOffered,
    OfferMissed,
    OfferWithdrawn,
    CallAnswered,
    CallReturned,
    CallEnded,
    CallAbandoned,
    CallOverflowed,
    CallDied,
)

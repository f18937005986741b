"""Call-backs in virtual time: the real book beside the engine, and the people who are called back.

The effects of the book go to the engine as its documents say (docs/callback.md); dialling is played here: whoever is
called answers after a while, or not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final, assert_never

from acd.simulate.scenario import CallBacks
from acd.simulate.tally import CallBackCounts
from callback.book import CallbackBook, Step
from callback.effects import (
    CallbackEffect,
    DialCaller,
    EnqueueCallback,
    PlaceCaller,
    ReleaseCaller,
    StopDialling,
    WithdrawCallback,
)
from callback.facts import (
    CallbackAttemptStarted,
    CallbackFact,
    CallbackGivenUp,
    CallbackImpossible,
    CallbackLate,
    CallbackMerged,
    CallbackOwed,
    CallbackReached,
)
from callback.inputs import AttemptFailed, CallbackInput, CallerAnswered, CallerDialled, CapacityChanged
from callback.kinds import AttemptFailure, BreakKind, ImpossibleReason, Leg
from callback.numbers import Dialable, Undialable
from callback.policy import CallbackPolicy
from queue_engine.facts import AgentState, AgentStateChanged, Fact
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    CallArrived,
    CallbackDue,
    CallbackWithdrawn,
    CallBooked,
    CallPlaced,
    Input,
    OfferAnswered,
)
from queue_engine.policy import AgentPolicy

OPERATOR_S: Final = 3.0
"""How soon an operator who is dialled first for a call-back picks up."""

_COUNTED: Final[Mapping[type, str]] = {
    CallbackOwed: "owed",
    CallbackAttemptStarted: "attempts",
    CallbackLate: "late",
    CallbackReached: "reached",
    CallbackMerged: "merged",
    CallbackGivenUp: "given_up",
    CallbackImpossible: "impossible",
}


def number_rule(shown: str) -> Dialable | Undialable:
    """Take simulated numbers as they are; a withheld one cannot be called (C4)."""
    return Dialable(shown) if shown.startswith("+") else Undialable(ImpossibleReason.WITHHELD)


def policies(base: Sequence[CallbackPolicy], habits: CallBacks) -> tuple[CallbackPolicy, ...]:
    """Return the lines' policies with what the scenario says otherwise."""
    left = frozenset({BreakKind.LEFT_LINE})
    changed = []
    for each in base:
        attempts, breaks = each.attempts, each.breaks
        if habits.attempts is not None:
            attempts = max(habits.attempts, each.min_attempts)
        if habits.after_leaving is not None:
            breaks = breaks | left if habits.after_leaving else breaks - left
        changed.append(replace(each, attempts=attempts, breaks=breaks))
    return tuple(changed)


class CalledBack:
    """The book of one run, and the telephones of those whom it calls."""

    def __init__(
        self,
        habits: CallBacks,
        base: Sequence[CallbackPolicy],
        rng: Random,
        *,
        post: Callable[[Input], None],
        plan: Callable[[float, Callable[[Any], None], Any], None],
        present: Callable[[], Instant],
        joins: Callable[[DialCaller], None],
    ) -> None:
        """Make an empty book.

        Args:
            habits: How people take call-backs.
            base: The lines' policies.
            rng: Draws who answers, and when.
            post: Gives an input to the engine.
            plan: Lets something happen at an instant.
            present: The instant now.
            joins: Makes the called person, who has answered, a caller of the run.
        """
        self._policies = policies(base, habits)
        self._book = CallbackBook(self._policies, number_rule)
        self._habits = habits
        self._random, self._rings = rng.random, habits.rings.drawer(rng)
        self._ring_s = {each.queue: each.ring_s for each in self._policies}
        self._post, self._plan, self._present, self._joins = post, plan, present, joins
        self._dials: dict[CallId, tuple[int, Leg]] = {}
        """What is being dialled for an attempt; what belongs to another number than this has been stopped."""
        self._dialled = 0
        self._on_duty: dict[QueueName, int] = {}
        self._lines_of: dict[AgentId, tuple[QueueName, ...]] = {}
        self._due: Instant | None = None
        self._counted = dict.fromkeys(("owed", "attempts", "late", "reached", "merged", "given_up", "impossible"), 0)
        self._longest_first_s = 0.0

    def open(self, agents: Sequence[AgentPolicy]) -> None:
        """Say that nobody is at work yet."""
        self._lines_of = {each.agent: each.queues for each in agents}
        for each in self._policies:
            self._tell(CapacityChanged(each.queue, 0))

    def owes(self) -> bool:
        """Tell whether somebody is still to be called back."""
        return self._book.snapshot().owed > 0

    def counts(self) -> CallBackCounts:
        """Return what became of the call-backs so far."""
        return CallBackCounts(**self._counted, longest_first_s=self._longest_first_s)

    def observe(self, fact: Fact) -> None:
        """The engine says something."""
        if isinstance(fact, AgentStateChanged):
            self._staff(fact)
        self._take(self._book.observe(fact, self._present()))

    def _staff(self, fact: AgentStateChanged) -> None:
        came = (fact.before is AgentState.LOGGED_OUT) - (fact.after is AgentState.LOGGED_OUT)
        for queue in self._lines_of.get(fact.agent, ()) if came else ():
            self._on_duty[queue] = self._on_duty.get(queue, 0) + came
            self._tell(CapacityChanged(queue, self._on_duty[queue]))

    def _tell(self, told: CallbackInput) -> None:
        self._take(self._book.handle(told, self._present()))

    def _tick(self, due: Instant) -> None:
        if due == self._due:
            self._due = None
            self._take(self._book.advance(self._present()))

    def _take(self, step: Step) -> None:
        for fact in step.facts:
            self._count(fact)
        for effect in step.effects:
            self._do(effect)
        due = self._book.next_deadline()
        if due is not None and due != self._due:
            self._due = due
            self._plan(max(due, self._present()), self._tick, due)

    def _count(self, fact: CallbackFact) -> None:
        name = _COUNTED.get(type(fact))
        if name is not None:
            self._counted[name] += 1
        if isinstance(fact, CallbackAttemptStarted) and fact.of_break == 1:
            self._longest_first_s = max(self._longest_first_s, fact.after_break_s)

    def _do(self, effect: CallbackEffect) -> None:
        match effect:
            case EnqueueCallback():
                self._post(
                    CallbackDue(effect.call, effect.queue, effect.number, effect.due_at, effect.priority, effect.agent)
                )
            case WithdrawCallback():
                self._post(CallbackWithdrawn(effect.call))
            case PlaceCaller():
                self._post(CallPlaced(effect.call, effect.due_at, effect.agent))
            case ReleaseCaller():
                self._post(CallBooked(effect.call))
            case StopDialling():
                self._dials.pop(effect.call, None)
            case DialCaller():
                self._dial(effect)
            case _:
                assert_never(effect)

    # -- the people who are called ---------------------------------------------------------------------------------

    def _dial(self, order: DialCaller) -> None:
        known = self._dials.get(order.call)
        if known is not None and known[1] is Leg.CALLER:
            return  # the caller's number is being called already
        self._dialled += 1
        self._dials[order.call] = (self._dialled, order.first)
        if order.first is Leg.CALLER:
            self._call_person(order)
        else:
            self._plan(self._present() + OPERATOR_S, self._operator_there, (order, self._dialled))

    def _operator_there(self, pair: tuple[DialCaller, int]) -> None:
        """The operator, for whom the call-back was kept, has picked up: now the person is called."""
        order, number = pair
        if self._dials.get(order.call, (0, Leg.CALLER))[0] == number:
            self._dials[order.call] = (number, Leg.CALLER)
            self._call_person(order)

    def _call_person(self, order: DialCaller) -> None:
        number = self._dials[order.call][0]
        self._tell(CallerDialled(order.call))
        answers, after_s = self._random() < self._habits.answered_share, self._rings()
        limit_s = self._ring_s[order.queue]
        act = self._person_answers if answers and after_s < limit_s else self._nobody_answers
        self._plan(self._present() + min(after_s if answers else limit_s, limit_s), act, (order, number))

    def _still(self, order: DialCaller, number: int) -> bool:
        found = self._dials.get(order.call)
        if found is None or found[0] != number:
            return False
        del self._dials[order.call]
        return True

    def _person_answers(self, pair: tuple[DialCaller, int]) -> None:
        order = pair[0]
        if self._still(*pair):
            self._tell(CallerAnswered(order.call))
            self._joins(order)
            if order.first is Leg.OPERATOR and order.offer is not None:
                self._post(OfferAnswered(order.offer))
            else:
                self._post(CallArrived(order.call, order.queue, order.number, self._present()))

    def _nobody_answers(self, pair: tuple[DialCaller, int]) -> None:
        if self._still(*pair):
            self._tell(AttemptFailed(pair[0].call, AttemptFailure.NO_ANSWER))

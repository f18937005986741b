"""A small world around the book: legs that ring, operators that are kept, callers on the line; and a witness.

The world does what the effects ask for, as the bridge and the engine would, and the witness holds every step against
the promises.
"""

from dataclasses import dataclass, field, replace

from callback.book import CallbackBook, Step
from callback.effects import DialCaller, EnqueueCallback, PlaceCaller, ReleaseCaller, StopDialling, WithdrawCallback
from callback.facts import (
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackLate,
    CallbackMerged,
    CallbackOwed,
    CallbackReached,
)
from callback.ids import RequestId, parse_attempt_call
from callback.inputs import AttemptFailed, CallbackInput, CallerAnswered, CallerDialled, LiveAttempt, Resynchronised
from callback.kinds import AttemptFailure, BarScope, Hold, Leg, LiveStage, Origin
from callback.limits import DAY_S, HOUR_S
from callback.policy import CallbackPolicy
from callback.request import Request
from callback.schedule import next_due
from callback.states import CALLER_FIRST, FINAL, IN_ATTEMPT, ON_CHANNEL, RequestState
from queue_engine.facts import CallAnswered, CallEnded, CallOffered, CallReturned, Fact, OfferMissed
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party, RingFailure
from tests.callback.centre import START, as_shown

TOLERANCE_S = 1e-5
"""What a float of today's epoch may lose in a sum."""


@dataclass
class LegsOfOne:
    """What Asterisk holds of one attempt."""

    number: str
    queue: QueueName
    stage: LiveStage
    first: Leg
    offer: OfferId | None = None
    menu: str = ""


def _heard(legs: LegsOfOne) -> bool:
    """Tell whether somebody hears a menu: a channel that is up and has nobody to talk to."""
    return bool(legs.menu) and legs.stage is LiveStage.TALKING


@dataclass
class World:
    """The book and what it believes it commands."""

    policies: tuple[CallbackPolicy, ...]
    now: Instant = START
    legs: dict[CallId, LegsOfOne] = field(default_factory=dict)
    items: dict[CallId, EnqueueCallback] = field(default_factory=dict)
    kept: dict[CallId, tuple[OfferId, AgentId]] = field(default_factory=dict)
    live: dict[CallId, tuple[str, QueueName]] = field(default_factory=dict)
    talking: set[CallId] = field(default_factory=set)
    rows: dict[RequestId, Request] = field(default_factory=dict)
    channels: int | None = None
    starts: list[CallbackAttemptStarted] = field(default_factory=list)
    ends: dict[RequestId, CallbackAttemptFailed] = field(default_factory=dict)
    spoken_to: set[RequestId] = field(default_factory=set)
    late: int = 0
    owed: int = 0
    offers: int = 0
    barred: dict[str, BarScope] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book = CallbackBook(self.policies, as_shown)

    def policy(self, queue: QueueName) -> CallbackPolicy:
        """Return the policy of a line."""
        return next(policy for policy in self.policies if policy.queue == queue)

    def tell(self, told: CallbackInput) -> None:
        """Say something to the book as the shell does."""
        self._see(self.book.handle(told, self.now))

    def fact(self, fact: Fact) -> None:
        """Say something to the book as the engine does."""
        self._see(self.book.observe(fact, self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, stopping wherever the book wants to be called."""
        until = Instant(self.now + seconds)
        while (due := self.book.next_deadline()) is not None and due <= until:
            assert due > self.now, "something is due and was not done"
            self.now = due
            self._see(self.book.advance(self.now))
        self.now = until
        self._see(self.book.advance(self.now))

    def restart(self) -> None:
        """Kill the daemon; the next one has the stored rows and what Asterisk holds."""
        rows = self.book.snapshot().rows
        before = {r.request: r for r in rows if r.state is not RequestState.OWED or r.expires_at > self.now}
        self.book = CallbackBook(self.policies, as_shown)
        self.items.clear()
        self.kept.clear()
        self._see(self.book.restore(self.rows.values(), self.now))
        after = {row.request: row for row in self.book.snapshot().rows}
        assert {id_: replace(row, hold=None, late=True) for id_, row in before.items()} == {
            id_: replace(row, late=True) for id_, row in after.items()
        }, "a restart has lost or changed something"

    def resynchronise(self) -> None:
        """Tell the book what Asterisk holds."""
        stages = {call: LiveStage.CONNECTED if _heard(legs) else legs.stage for call, legs in self.legs.items()}
        self.tell(Resynchronised(tuple(LiveAttempt(call, stage) for call, stage in stages.items())))

    def keep_operator(self, call: CallId, agent: AgentId) -> None:
        """The engine keeps an operator for an item."""
        self.offers += 1
        self.kept[call] = OfferId(self.offers), agent
        self.fact(CallOffered(self.now, call, self.items[call].queue, OfferId(self.offers), agent, 0.0))

    def miss(self, call: CallId) -> None:
        """The operator does not pick up; his leg, if the attempt began with it, is gone."""
        offer, agent = self.kept.pop(call)
        legs = self.legs.get(call)
        if legs is not None and legs.stage is LiveStage.OPERATOR:
            del self.legs[call]
        self.fact(OfferMissed(self.now, call, QueueName("122"), offer, agent, RingFailure.NO_ANSWER, 1.0))

    def pick_up(self, call: CallId) -> None:
        """The operator picks up: the caller's number is called from his telephone."""
        self.legs[call].stage = LiveStage.DIALLING
        self.tell(CallerDialled(call))

    def answer(self, call: CallId) -> None:
        """The caller answers; with an operator kept they talk, else he waits."""
        legs = self.legs[call]
        legs.stage = LiveStage.CONNECTED
        self.tell(CallerAnswered(call))
        if legs.menu and call in self.legs:
            legs.stage = LiveStage.TALKING
        elif call in self.kept:
            self.talk(call)

    def talk(self, call: CallId) -> None:
        """Operator and caller talk."""
        _, agent = self.kept.pop(call)
        self.items.pop(call, None)
        self.legs[call].stage = LiveStage.TALKING
        self.fact(CallAnswered(self.now, call, self.legs[call].queue, None, agent, 1.0))

    def end_talk(self, call: CallId, cause: int) -> None:
        """A talk is over, or whoever heard a menu has hung up."""
        legs = self.legs[call]
        if legs.menu:
            self.fail(call, AttemptFailure.LEFT)
            return
        del self.legs[call]
        agent = AgentId("101")
        self.fact(CallEnded(self.now, call, legs.queue, legs.number, agent, Party.AGENT, cause, 1.0, 50.0))

    def return_talk(self, call: CallId) -> None:
        """The talk was none: the caller waits again."""
        legs = self.legs[call]
        legs.stage = LiveStage.CONNECTED
        self.spoken_to.discard(parse_attempt_call(call)[0])
        self.fact(CallReturned(self.now, call, legs.queue, AgentId("101"), 0.2))

    def fail(self, call: CallId, failure: AttemptFailure) -> None:
        """The caller's number is no longer being called."""
        del self.legs[call]
        self.tell(AttemptFailed(call, failure))

    def _see(self, step: Step) -> None:
        self.rows |= {row.request: row for row in step.changed}
        for fact in step.facts:
            match fact:
                case CallbackAttemptStarted():
                    self._check_start(fact)
                case CallbackAttemptFailed():
                    self.ends[fact.request] = fact
                    if fact.failure is AttemptFailure.MACHINE:
                        self.spoken_to.discard(fact.request)
                case CallbackReached():
                    self.spoken_to.add(fact.request)
                case CallbackMerged():
                    assert fact.call in self.talking, "settled by a call in which nobody talks"
                case CallbackLate():
                    self.late += 1
                case CallbackOwed():
                    self.owed += 1
                case _:
                    pass
        for effect in step.effects:
            self._perform(effect)
        self.check()

    def _perform(self, effect: object) -> None:
        match effect:
            case EnqueueCallback():
                self.items[effect.call] = effect
            case WithdrawCallback():
                self.items.pop(effect.call, None)
                self.kept.pop(effect.call, None)
                legs = self.legs.get(effect.call)
                if legs is not None and legs.stage is LiveStage.OPERATOR:
                    del self.legs[effect.call]
            case StopDialling():
                legs = self.legs.get(effect.call)
                if legs is not None and (legs.menu or legs.stage is not LiveStage.TALKING):
                    del self.legs[effect.call]
            case DialCaller():
                self._dial(effect)
            case ReleaseCaller():
                self.live.pop(effect.call, None)
            case PlaceCaller():
                pass

    def _dial(self, effect: DialCaller) -> None:
        before = self.legs.get(effect.call)
        if before is not None and before.stage is not LiveStage.OPERATOR:
            return
        number = effect.number
        busy = [call for call, legs in self.legs.items() if legs.number == number and call != effect.call]
        assert not busy, f"{number} is in use by {busy}"
        used = sum(call != effect.call for call in self.legs)
        assert self.channels is None or used < self.channels, "more channels are used than there are"
        assert number not in {held for held, _ in self.live.values()}, "he is on the line himself"
        scope, origin = self.barred.get(number), self.rows[effect.request].origin
        assert scope is None or (scope is BarScope.LISTS and origin is not Origin.LIST), "a barred number is dialled"
        assert not effect.menu or effect.call not in self.items, "a menu needs no operator"
        stage = LiveStage.OPERATOR if effect.first is Leg.OPERATOR else LiveStage.DIALLING
        self.legs[effect.call] = LegsOfOne(number, effect.queue, stage, effect.first, effect.offer, effect.menu)

    def _check_start(self, fact: CallbackAttemptStarted) -> None:
        policy = self.policy(fact.queue)
        assert fact.request not in self.spoken_to, "he has been spoken to"
        before = self.ends.get(fact.request)
        if fact.of_break > 1 and before is not None and before.counted:
            after_s = fact.at - before.at
            assert after_s >= policy.spacing.after(before.failure) - TOLERANCE_S, "the spacing was not kept"
        assert fact.of_break <= policy.attempts, "more attempts than the full number"
        self.starts.append(fact)
        of_number = [start for start in self.starts if start.number == fact.number and start.at > fact.at - DAY_S]
        assert len(of_number) <= policy.max_per_number_day, "the number has had its attempts"
        of_line = [start for start in self.starts if start.queue == fact.queue and start.at > fact.at - HOUR_S]
        assert len(of_line) <= policy.max_per_hour, "the line has made its attempts"

    def check(self) -> None:
        """Hold the book's indexes against what they index, and its requests against what a request is."""
        desk = self.book._desk
        rows = list(desk.requests.values())
        assert all(row.state not in FINAL for row in rows)
        assert desk.on_channel == sum(row.state in ON_CHANNEL for row in rows)
        assert desk.in_line == sum(row.state is RequestState.IN_LINE for row in rows)
        for policy in self.policies:
            of_line = [row for row in rows if row.queue == policy.queue]
            assert desk.open[policy.queue] == len(of_line) <= policy.max_open
            rung = sum(row.state in CALLER_FIRST and not row.menu for row in of_line)
            assert desk.caller_first[policy.queue] == rung
        assert {row.request for row in rows} == {id_ for ids in desk._by_number.values() for id_ in ids}
        assert {row.request: row for row in rows} == {id_: row for id_, row in self.rows.items() if row.is_open}
        for row in rows:
            self._check_row(row)
        due = [next_due(row, self.policy(row.queue), may_dial=desk.may_dial) for row in rows]
        assert self.book.next_deadline() == min((at for at in due if at is not None), default=None)

    def _check_row(self, row: Request) -> None:
        if row.hold is Hold.OPERATORS:
            assert row.state is RequestState.IN_LINE
        elif row.hold is not None:
            assert row.state is RequestState.OWED
        if row.state in IN_ATTEMPT:
            others = [other for other in self.book._desk.of_number(row.number) if other.state in IN_ATTEMPT]
            talking = [other for other in others if other.state in {RequestState.TALKING, RequestState.CONNECTED}]
            assert len(others) - len(talking) <= (not talking), "one number, two attempts"
        else:
            of_attempt = (row.first, row.reserved, row.offer, row.ordered_at)
            assert of_attempt == (None,) * 4 or row.state is RequestState.AFTER_TALK
        if row.state in {RequestState.DIALLING, RequestState.RINGING} and row.call in self.legs:
            assert parse_attempt_call(row.call) == (row.request, row.attempt)

"""The book of call-backs in the running daemon: fed with facts and reports one by one, its effects carried out.

Like the engine's runner it is the only writer of its book and has one inbox, so that what comes of one step (the engine
answers at once) waits until the step is carried out: rows are stored, facts told, effects done, in this order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

import structlog

from acd.callbacks.places import BOOKED
from acd.callbacks.policies import WayOut
from acd.callbacks.store import RequestStore
from acd.clock import Clock
from acd.numbers import dialled_as
from ami_bridge.desks import Desks
from ami_bridge.outgoing import OutgoingCalls
from ami_bridge.outgoing_legs import DialOut, Side
from callback.book import BookSnapshot, CallbackBook, Step
from callback.effects import (
    CallbackEffect,
    DialCaller,
    EnqueueCallback,
    PlaceCaller,
    ReleaseCaller,
    StopDialling,
    WithdrawCallback,
)
from callback.facts import BreakJoined, CallbackFact, CallbackImpossible, CallbackOwed, CallBroke
from callback.ids import RequestId
from callback.inputs import (
    AttemptFailed,
    BreakReported,
    CallbackInput,
    CallbackPoliciesLoaded,
    CapacityChanged,
    ChannelsChanged,
    LiveAttempt,
    OutcomeGiven,
    Resynchronised,
)
from callback.inputs import CallbackAsked as AskedByHand
from callback.kinds import AttemptFailure, ImpossibleReason, Leg, Origin, TalkOutcome
from callback.numbers import NumberRule
from callback.policy import CallbackPolicy
from callback.request import Request
from callback.states import RequestState
from queue_engine.facts import AgentState, AgentStateChanged, CallbackAsked, Fact
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import CallbackDue, CallbackWithdrawn, CallBooked, CallPlaced, Input

log = structlog.get_logger(__name__)

ALARMING: Final = frozenset({ImpossibleReason.PERSON_LIMIT, ImpossibleReason.TOO_MANY})
"""Somebody makes us dial more than people at work do."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the book's effects reach and its facts are told to."""

    post: Callable[[Input], None]
    """To the engine."""
    tell: Callable[[CallbackFact], None]
    """Facts, to the records, the figures, the log and those who follow."""
    desks: Desks
    outgoing: Mapping[str, OutgoingCalls]
    """By server; looked at when something is dialled."""
    release: Callable[[CallId, str], None]
    """Let a waiting call leave for a destination of the dialplan."""
    asked: Callable[[CallbackAsked], None]
    """A waiting caller has pressed the key for a call-back."""
    lines_of: Callable[[AgentId], Iterable[QueueName]]


class Callbacks:
    """The book, its clock and its hands."""

    def __init__(
        self,
        rule: NumberRule,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        store: RequestStore,
        around: Surroundings,
    ) -> None:
        self._policies: tuple[CallbackPolicy, ...] = ()
        self._rule = rule
        self._clock = clock
        self._loop = loop
        self._store = store
        self._around = around
        self._ways: Mapping[QueueName, WayOut] = {}
        self.draining = False
        """True while the daemon stops: nothing new is dialled, the next run does it."""
        self._book = CallbackBook((), rule)
        self._inbox: deque[Callable[[Instant], Step]] = deque()
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        self._breaks = 0
        """Calls that were found to have broken, since the start."""
        self._taken: RequestId | None = None
        """The request that was opened or joined last."""
        self._taken_count = 0
        self._logged_in: set[AgentId] = set()
        self.followed: Callable[[Iterable[Request]], None] = lambda _: None
        """Told every row that has changed, and all that were kept, before what follows from them is done."""
        self._stopped = False

    # -- life ------------------------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether no line has call-backs and nobody is owed one."""
        return not self._policies and self._book.is_empty

    async def restore(self, policies: tuple[CallbackPolicy, ...]) -> None:
        """Take back what was stored, before the first fact. Until `resynchronised` nothing is dialled."""
        rows, highest = await self._store.read()
        self._store.open()
        self._policies = policies
        self._book = CallbackBook(self._policies, self._rule, first_request=highest + 1)
        self.followed(rows)
        self._enter(lambda now: self._book.restore(rows, now))
        log.info("callbacks.restored", open=sum(row.is_open for row in rows), highest=highest)

    def configure(
        self, policies: tuple[CallbackPolicy, ...], ways: Mapping[QueueName, WayOut], channels: int | None
    ) -> None:
        """Take the configuration, for the first time or again."""
        self._policies = policies
        self._ways = ways
        self.handle(CallbackPoliciesLoaded(policies))
        self.handle(ChannelsChanged(channels))
        self._tell_capacity(policy.queue for policy in policies)

    async def keep(self) -> None:
        """Bring the rows into the database as they come. Runs until cancelled."""
        await self._store.keep()

    def stop(self) -> None:
        """Do nothing any more; what is owed is kept for the next run."""
        self._stopped = True
        self._store.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- what comes in ---------------------------------------------------------------------------------------------

    def observe(self, fact: Fact) -> None:
        """Take a fact of the engine, in its order."""
        match fact:
            case AgentStateChanged():
                self._agent_changed(fact)
                return  # the book has no use for it
            case CallbackAsked():
                self._around.asked(fact)
            case _ if self.idle:
                return
            case _:
                pass
        self._enter(lambda now: self._book.observe(fact, now))

    def handle(self, told: CallbackInput) -> None:
        """Take what the bridge reports or people ask for."""
        self._enter(lambda now: self._book.handle(told, now))

    def resynchronised(self, live: Iterable[LiveAttempt], begun: Iterable[CallId] = ()) -> None:
        """Asterisk held these attempts and no others, but for those begun since: from now on numbers may be dialled."""
        self.handle(Resynchronised(tuple(live), frozenset(begun)))

    def refusal(self, queue: QueueName, shown: str, origin: Origin = Origin.BOOKED) -> ImpossibleReason | None:
        """Return why this number may not be called back for this line; None if it may."""
        return self._book.refusal(queue, shown, self._clock.now(), origin)

    def is_engaged(self, number: str) -> bool:
        """Return whether somebody of this number (E.164) is on a line with us, or is owed a call."""
        return self._book.is_engaged(number)

    def snapshot(self) -> BookSnapshot:
        """Return all that is open."""
        return self._book.snapshot()

    async def find(self, request: RequestId) -> Request | None:
        """Return a request, open or ended lately; None if there is none, or the database that has it is away."""
        for row in self._book.snapshot().rows:
            if row.request == request:
                return row
        return await self._store.find(request)

    def ask(self, asked: AskedByHand) -> Request | None:
        """Open a request, or join the one that is open; None if it is impossible, which is recorded."""
        before = self._taken_count
        self.handle(asked)
        taken = self._taken if self._taken_count > before else None
        return next((row for row in self._book.snapshot().rows if row.request == taken), None)

    def unfinished(self, agent: AgentId, by: str, call: CallId | None = None) -> bool:
        """The operator says that his last talk (or this one) broke; return whether the caller is to be called back."""
        before = self._breaks
        self.handle(BreakReported(agent, by, call))
        return self._breaks > before

    def outcome_of_last(self, agent: AgentId, outcome: TalkOutcome, by: str) -> bool:
        """The operator says what the call-back's talk was that he is in or was in just now; False if there is none."""
        talked = (RequestState.TALKING, RequestState.AFTER_TALK)
        rows = [row for row in self.snapshot().rows if row.state in talked and row.reserved == agent]
        if rows:
            self.handle(OutcomeGiven(rows[-1].request, outcome, by))
        return bool(rows)

    def _agent_changed(self, fact: AgentStateChanged) -> None:
        was, now = fact.agent in self._logged_in, fact.after is not AgentState.LOGGED_OUT
        if now:
            self._logged_in.add(fact.agent)
        else:
            self._logged_in.discard(fact.agent)
        if was != now:
            self._tell_capacity(self._around.lines_of(fact.agent))

    def _tell_capacity(self, lines: Iterable[QueueName]) -> None:
        wanted = {policy.queue for policy in self._policies}
        serves = {agent: set(self._around.lines_of(agent)) for agent in self._logged_in}
        for line in lines:
            if line in wanted:
                self.handle(CapacityChanged(line, sum(line in served for served in serves.values())))

    # -- step by step ----------------------------------------------------------------------------------------------

    def _enter(self, step: Callable[[Instant], Step]) -> None:
        if self._stopped:
            return
        self._inbox.append(step)
        if not self._draining:
            self._drain()

    def _drain(self) -> None:
        self._draining = True
        try:
            while self._inbox:
                self._deliver(self._inbox.popleft()(self._clock.now()))
        finally:
            self._draining = False
        self._arm()

    def _deliver(self, step: Step) -> None:
        self._store.put(step.changed)
        self.followed(step.changed)
        for effect in step.effects:
            try:
                self._perform(effect)
            except Exception:
                log.exception("callbacks.effect_failed", effect=type(effect).__name__)
        for fact in step.facts:
            self._breaks += isinstance(fact, CallBroke)
            if isinstance(fact, CallbackOwed | BreakJoined):
                self._taken = fact.request
                self._taken_count += 1
            elif isinstance(fact, CallbackImpossible) and fact.reason in ALARMING:
                log.warning("callbacks.limit_reached", line=fact.queue, reason=fact.reason.value, by=fact.by)
            self._around.tell(fact)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._book.next_deadline()
        if due is not None and not self._stopped:
            self._timer = self._loop.call_at(self._clock.loop_time(due), self._tick, due)

    def _tick(self, due: Instant) -> None:
        self._timer = None
        # A loop may wake a hair early; the deadline it was armed for has passed all the same.
        self._enter(lambda now: self._book.advance(max(now, due)))

    def _perform(self, effect: CallbackEffect) -> None:
        post = self._around.post
        match effect:
            case EnqueueCallback():
                post(
                    CallbackDue(effect.call, effect.queue, effect.number, effect.due_at, effect.priority, effect.agent)
                )
            case WithdrawCallback():
                post(CallbackWithdrawn(effect.call))
            case DialCaller():
                self._dial(effect)
            case StopDialling():
                for outgoing in self._around.outgoing.values():
                    outgoing.stop(effect.call)
            case PlaceCaller():
                post(CallPlaced(effect.call, effect.due_at, effect.agent))
            case ReleaseCaller():
                post(CallBooked(effect.call))
                self._around.release(effect.call, BOOKED)
            case _:
                assert_never(effect)

    def _dial(self, effect: DialCaller) -> None:
        if self.draining:
            return
        way = self._ways.get(effect.queue)
        outgoing = None if way is None else self._around.outgoing.get(way.server)
        if way is None or outgoing is None:
            self.handle(AttemptFailed(effect.call, AttemptFailure.NO_LINE))
            return
        telephone = None if effect.agent is None else self._around.desks.telephone_of(effect.agent)
        first = Side.OPERATOR if effect.first is Leg.OPERATOR else Side.CALLER
        if first is Side.OPERATOR and (telephone is None or telephone.server != way.server):
            first = Side.CALLER  # his telephone is at another Asterisk than the trunk
        outgoing.dial(
            DialOut(
                call=effect.call,
                queue=effect.queue,
                number=effect.number,
                dialled=dialled_as(effect.number, way.dial_as),
                endpoint=way.endpoint,
                caller_id=effect.caller_id,
                first=first,
                ring_s=effect.ring_s,
                operator_ring_s=effect.operator_ring_s,
                agent=effect.agent,
                telephone=telephone.name if telephone is not None else "",
                offer=effect.offer,
                menu=effect.menu,
            )
        )

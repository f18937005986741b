"""The world around the engine in virtual time: callers, telephones, operators' hands, and the engine's own deadlines.

The engine is the one that serves the calls, with the real policies; only the clock is ours. Events lie in one heap by
(instant, number), the number so that what falls on one instant happens in the order in which it was planned: a run is
repeatable to the last digit. The engine's deadlines come before the events of the same instant.

What is not of telephones, callers or operators is not decided here: it is the engine's, or the book's of call-backs.
"""

import gc
from array import array
from collections.abc import Callable, Iterable
from dataclasses import replace
from heapq import heappop, heappush
from random import Random
from typing import Any, Final

from acd.simulate.called_back import CalledBack
from acd.simulate.callers import Caller, CallerStream
from acd.simulate.setting import Setting
from acd.simulate.tally import CallBackCounts, Outcome, Sums
from acd.simulate.telephones import Ringing
from callback.effects import DialCaller
from metrics.records.counting import SLOT_S
from queue_engine.effects import OfferCall, SendCallTo, WithdrawOffer
from queue_engine.engine import QueueEngine, Step
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallAnswered,
    CallDied,
    CallEnded,
    CallOverflowed,
    CallRefused,
    CallReturned,
    Fact,
    OfferMissed,
)
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import (
    AgentResumed,
    CallArrived,
    CallerHungUp,
    GreetingEnded,
    Input,
    PoliciesLoaded,
    WrapUpEnded,
)
from queue_engine.settling import MISSED

ACTOR: Final = "simulation"

LAST_CALLS_S: Final = 6 * 3600.0
"""So long after the last caller has come the run ends, whatever is still under way."""

_PAUSED: Final = AgentState.PAUSED
_WRAP_UP: Final = AgentState.WRAP_UP


class World:
    """One run."""

    def __init__(
        self,
        setting: Setting,
        streams: Iterable[CallerStream],
        generators: Callable[[str], Random],
        watch: Callable[[Fact], None] | None = None,
    ) -> None:
        """Set everything up; nothing has happened yet.

        Args:
            setting: Rules, staff and telephones.
            streams: The callers.
            generators: Makes the generator of a purpose.
            watch: Told every fact of the engine, in order.
        """
        self._setting = setting
        self._heap: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._planned = 0
        self._now = Instant(0.0)
        self._engine = QueueEngine(1, generators("strategy").random)
        self._handle = self._engine.handle
        self._here: dict[CallId, Caller] = {}
        self._leaving: Caller | None = None
        """Who has just left a line for a destination that is told in the same step."""
        self._coming = 0
        """Streams not at their end, and callers who will call again."""
        self.came = self.went = 0
        self._sums: dict[tuple[str, int], Sums] = {}
        self._unseen = Sums(setting.standard.default)
        self._waits, self._talks = array("d"), array("d")
        self._by_state: dict[str, float] = {state.value: 0.0 for state in AgentState}
        self._rests: dict[AgentId, int] = {}
        """How many rests an operator has begun whose end was drawn: an end is that of its own rest alone."""
        self._device = generators("device")
        self._back_after = setting.telephones.back_after.drawer(self._device)
        self._phones = Ringing(setting.telephones, self._device, self._post, self._plan)
        self._ring = self._phones.ring
        self._redial = generators("redial share").random
        self._watch = watch
        self._sees: dict[type, Callable[[Any], None]] = {
            CallAnswered: self._answered,
            CallEnded: self._ended,
            CallAbandoned: self._abandoned,
            CallOverflowed: self._overflowed,
            CallDied: self._died,
            CallRefused: self._refused,
            CallReturned: self._returned,
            OfferMissed: self._missed,
        }
        self._called_back: CalledBack | None = None
        if setting.call_backs is not None:
            self._called_back = CalledBack(
                setting.call_backs,
                setting.call_back_policies,
                generators("call-backs"),
                post=self._post,
                plan=self._plan,
                present=lambda: self._now,
                joins=self._joins,
            )
        self._spoken_of: dict[str, Caller] = {}
        """The last call of each number, for those who are called back."""
        self._overheard = self._hear if watch is not None or self._called_back is not None else None
        self._streams = tuple(streams)

    # -- time ------------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Let everything happen, and return what has been counted."""
        thresholds = gc.get_threshold()
        # A run makes a few hundred thousand small values a second and hardly a cycle among them.
        gc.set_threshold(100_000, 50, 50)
        try:
            return self._run()
        finally:
            gc.set_threshold(*thresholds)

    def _run(self) -> Outcome:
        self._open()
        heap, engine = self._heap, self._engine
        next_deadline = engine.next_deadline
        last_at = 0.0
        while heap and (self._coming or self._here or self._owes()):
            at, _, act, subject = heap[0]
            due = next_deadline()
            if due is not None and due <= at:
                self._now = due
                self._take(engine.advance(due))
                continue
            heappop(heap)
            self._now = at  # type: ignore[assignment]  # an Instant; NewType's call would cost more than the line
            act(subject)
            if self._coming:
                last_at = at
            elif at > last_at + LAST_CALLS_S:
                break
        return self._outcome()

    def _owes(self) -> bool:
        return self._called_back is not None and self._called_back.owes()

    def _open(self) -> None:
        setting = self._setting
        staff = setting.roster.agents
        planned = setting.roster.planned
        self._now = Instant(planned[0][0] if planned else 0.0)
        firsts = []
        for stream in self._streams:
            caller = next(stream, None)
            if caller is not None:
                firsts.append((caller, stream))
                self._now = Instant(min(self._now or caller.at, caller.at))
        self._post(PoliciesLoaded(setting.queues, staff))
        if self._called_back is not None:
            self._called_back.open(staff)
        for when, told in planned:
            self._plan(when, self._post, told)
        for caller, stream in firsts:
            self._coming += 1
            self._plan(caller.at, self._comes, (caller, stream))

    def _plan(self, at: float, act: Callable[[Any], None], subject: Any) -> None:
        self._planned += 1
        heappush(self._heap, (at, self._planned, act, subject))

    def _post(self, told: Input) -> None:
        self._take(self._handle(told, self._now))

    def _take(self, step: Step) -> None:
        """See what has become true, then do what is asked."""
        sees, by_state = self._sees, self._by_state
        for fact in step.facts:
            if isinstance(fact, AgentStateChanged):  # half of all facts
                # `_value_`, for a member's own hash is a call in Python 3.11.
                by_state[fact.before._value_] += fact.before_s
                if fact.after is _PAUSED and fact.reason == MISSED:
                    self._plan(self._now + self._back_after(), self._post, AgentResumed(fact.agent, ACTOR))
            elif (see := sees.get(type(fact))) is not None:
                see(fact)
        if self._overheard is not None:
            self._overheard(step.facts)
        for effect in step.effects:
            if isinstance(effect, OfferCall):
                caller = self._here.get(effect.call)
                self._ring(effect, self._now, caller.answer_s if caller is not None else -1.0)
            elif isinstance(effect, SendCallTo):
                self._sent_on(effect)
            elif isinstance(effect, WithdrawOffer):
                self._phones.stop(effect.offer)

    def _hear(self, facts: tuple[Fact, ...]) -> None:
        """Tell whoever watches, and the book of call-backs."""
        for fact in facts:
            if self._watch is not None:
                self._watch(fact)
            if self._called_back is not None:
                self._called_back.observe(fact)

    # -- callers ---------------------------------------------------------------------------------------------------

    def _comes(self, pair: tuple[Caller, CallerStream]) -> None:
        """A stream's next caller calls; the one after him is planned."""
        caller, stream = pair
        following = next(stream, None)
        if following is None:
            self._coming -= 1
        else:
            self._plan(following.at, self._comes, (following, stream))
        self._enters(caller)

    def _calls_again(self, caller: Caller) -> None:
        self._coming -= 1
        self._enters(caller)

    def _enters(self, caller: Caller) -> None:
        self.came += 1
        at = caller.at
        caller.call = call = CallId(f"sim-{self.came}")
        caller.sums = self._sums_of(caller.queue, at) if at >= self._setting.count_from else self._unseen
        self._here[call] = caller
        habits = caller.habits
        greeting_s = habits.greeting_s if habits is not None else 0.0
        if caller.patience_s < 1e9:
            self._plan(at + caller.patience_s, self._loses_patience, caller)
        if greeting_s > 0:
            self._plan(at + greeting_s, self._post, GreetingEnded(call))
        self._post(CallArrived(call, caller.queue, caller.number, Instant(at), greeted=greeting_s <= 0))

    def _sums_of(self, queue: str, at: float) -> Sums:
        key = (queue, int(at // SLOT_S))
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = Sums(self._setting.standard.of(queue))
        return sums

    def _loses_patience(self, caller: Caller) -> None:
        if not caller.talking and caller.call in self._here:
            self._post(CallerHungUp(caller.call))

    def _hangs_up(self, caller: Caller) -> None:
        if caller.call in self._here:
            self._post(CallerHungUp(caller.call, 44 if caller.breaks else 16))

    def _gone(self, call: CallId) -> Caller | None:
        """Take leave of a call."""
        caller = self._here.pop(call, None)
        if caller is not None:
            self.went += 1
            if self._called_back is not None:
                self._spoken_of[caller.number] = caller
        return caller

    def _joins(self, order: DialCaller) -> None:
        """Somebody who was called back is on the telephone: not an accepted call, so it is not counted as one."""
        before = self._spoken_of[order.number]
        caller = (
            before.habits.again(self._now, before)
            if before.habits is not None
            else Caller(self._now, order.queue, order.number, before.talk_s, wrap_up_s=before.wrap_up_s)
        )
        caller.call, caller.sums, caller.breaks = order.call, self._unseen, False
        self.came += 1
        self._here[caller.call] = caller
        if caller.patience_s < 1e9:
            self._plan(self._now + caller.patience_s, self._loses_patience, caller)

    def _in_vain(self, caller: Caller) -> None:
        """Somebody was not spoken to: perhaps he calls again."""
        habits = caller.habits
        if habits is None or caller.tries >= habits.redial_times or self._redial() >= habits.redial_share:
            return
        again = habits.again(self._now + habits.redial_after(), caller)
        self._coming += 1
        self._plan(again.at, self._calls_again, again)

    def _sent_on(self, effect: SendCallTo) -> None:
        """A destination that is a line has the caller at once, his wait counted anew; any other ends the matter."""
        line = self._setting.leads_to.get(effect.destination)
        caller = self._leaving
        if caller is None or caller.call != effect.call:
            return
        self._leaving = None
        if line is None:
            self._in_vain(caller)
            return
        moved = Caller(
            self._now,
            line,
            caller.number,
            caller.talk_s,
            wrap_up_s=caller.wrap_up_s,
            patience_s=max(0.0, caller.patience_s - (self._now - caller.at)),
            breaks=caller.breaks,
            habits=replace(caller.habits, greeting_s=0.0) if caller.habits is not None else None,
            tries=caller.tries,
        )
        self._enters(moved)

    # -- what has become true --------------------------------------------------------------------------------------

    def _answered(self, fact: CallAnswered) -> None:
        caller = self._here.get(fact.call)
        if caller is not None:
            caller.talking = True
            self._planned += 1
            heappush(self._heap, (self._now + caller.talk_s, self._planned, self._hangs_up, caller))

    def _ended(self, fact: CallEnded) -> None:
        caller = self._gone(fact.call)
        if caller is not None and caller.sums is not None:
            caller.sums.ended(fact.waited_s, fact.talked_s)
            if caller.sums is not self._unseen:
                self._waits.append(fact.waited_s)
                self._talks.append(fact.talked_s)
            if caller.wrap_up_s >= 0:
                self._rests[fact.agent] = rest = self._rests.get(fact.agent, 0) + 1
                self._plan(self._now + caller.wrap_up_s, self._has_done, (fact.agent, rest))

    def _has_done(self, pair: tuple[AgentId, int]) -> None:
        if self._rests[pair[0]] == pair[1]:
            self._post(WrapUpEnded(pair[0], ACTOR))

    def _abandoned(self, fact: CallAbandoned) -> None:
        caller = self._gone(fact.call)
        if caller is not None and caller.sums is not None:
            caller.sums.left(fact.waited_s)
            self._in_vain(caller)

    def _overflowed(self, fact: CallOverflowed) -> None:
        self._leaving = caller = self._gone(fact.call)
        if caller is not None and caller.sums is not None:
            caller.sums.sent_on(fact.waited_s)

    def _died(self, fact: CallDied) -> None:
        caller = self._gone(fact.call)
        if caller is not None and caller.sums is not None:
            caller.sums.lost(fact.waited_s)

    def _refused(self, fact: CallRefused) -> None:
        caller = self._gone(fact.call)
        if caller is not None and caller.sums is not None:
            caller.sums.refused += 1

    def _returned(self, fact: CallReturned) -> None:
        caller = self._here.get(fact.call)
        if caller is not None and caller.sums is not None:
            caller.talking = False
            caller.sums.returned += 1

    def _missed(self, fact: OfferMissed) -> None:
        caller = self._here.get(fact.call)
        if caller is not None and caller.sums is not None:
            caller.sums.missed_offers += 1

    def _outcome(self) -> Outcome:
        for agent in self._engine.snapshot().agents:
            stay_s = self._now - agent.since
            self._by_state[agent.state.value] += stay_s
        del self._by_state[AgentState.LOGGED_OUT.value]
        return Outcome(
            by_slot={key: sums.counts() for key, sums in self._sums.items()},
            waits=self._waits,
            talks=self._talks,
            by_state=self._by_state,
            came=self.came,
            went=self.went,
            call_backs=self._called_back.counts() if self._called_back is not None else CallBackCounts(),
        )

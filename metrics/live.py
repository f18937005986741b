"""The figures of this moment and of today, kept up from the facts one by one.

A fact costs a few dictionary steps, a snapshot copies references: what it holds are frozen values that are made when
they change. A call belongs to the day on which it entered, in the zone of the service.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from operator import attrgetter

from callback.ids import parse_attempt_call
from metrics.counts import CallCounts
from metrics.kpi import service_level, unanswered_share
from metrics.norms import Standard
from metrics.records.codec import RecordedFact
from metrics.records.queries import OpenCall
from metrics.tally import Tally
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallMoved,
    CallOffered,
    CallOverflowed,
    CallRecovered,
    CallRefused,
    CallReturned,
    OfferMissed,
)
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.policy import JoinCondition


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call in the house."""

    call: CallId
    queue: QueueName
    """The line that it waits in now."""
    caller: str
    entered_at: Instant
    priority: int = 0
    agent: AgentId | None = None
    """Whom it talks to; None while it waits."""
    answered_at: Instant | None = None
    counted_s: float | None = None
    """The wait with which it was counted as answered; None while it waits."""
    entered_on: QueueName | None = None
    """The line on which it came in, where that is another one: there it is counted."""


@dataclass(frozen=True, slots=True)
class LiveAgent:
    """An operator's state and since when."""

    agent: AgentId
    state: AgentState
    since: Instant
    reason: str = ""
    by: str = ""
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class LiveLine:
    """A line at this moment and today."""

    queue: QueueName
    waiting: int
    talking: int
    oldest_entered_at: Instant | None
    """When the caller entered who has waited longest; None if nobody waits."""
    today: CallCounts
    in_norm: float | None
    """K1 of today by the standard's rule, 0 to 1."""
    unanswered: float | None
    """K2 of today by the standard's rule, 0 to 1."""

    def longest_wait_s(self, now: Instant) -> float:
        """Return how long the caller who entered first has waited at `now`; 0 if nobody waits."""
        return max(0.0, now - self.oldest_entered_at) if self.oldest_entered_at is not None else 0.0


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """Everything a live screen shows."""

    at: Instant
    lines: tuple[LiveLine, ...]
    agents: tuple[LiveAgent, ...]
    """In no particular order."""
    waiting: tuple[LiveCall, ...]
    """In the order of entry."""
    talking: tuple[LiveCall, ...]
    agents_by_state: Mapping[AgentState, int]
    total: LiveLine
    """All lines together; its name is empty."""


@dataclass(slots=True)
class _Line:
    waiting: dict[CallId, LiveCall] = field(default_factory=dict)
    talking: dict[CallId, LiveCall] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)


class LiveFigures:
    """Follows the facts. Used by one thread.

    Args:
        standard: Norms and rules; may be replaced at any time (`standard` is an attribute).
        zone: Whose midnight begins a day.
        lines: Lines that are shown from the start, before any call.
    """

    def __init__(self, standard: Standard, zone: tzinfo, lines: Iterable[QueueName] = ()) -> None:
        self.standard = standard
        self._zone = zone
        self._lines: dict[QueueName, _Line] = defaultdict(_Line, {name: _Line() for name in lines})
        self._calls: dict[CallId, QueueName] = {}
        self._agents: dict[AgentId, LiveAgent] = {}
        self._by_state: dict[AgentState, int] = dict.fromkeys(AgentState, 0)
        self._day = (Instant(0.0), Instant(0.0))

    def day(self, at: Instant) -> tuple[Instant, Instant]:
        """Return the first instant of the day of `at` and that of the next day, in the zone."""
        midnight = datetime.fromtimestamp(at, self._zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return Instant(midnight.timestamp()), Instant((midnight + timedelta(days=1)).timestamp())

    def load(self, at: Instant, today: Mapping[str, CallCounts], open_calls: Iterable[OpenCall]) -> None:
        """Take over from the records, once, at the start: today's counts of each line and the calls still open.

        `today` must count the calls that entered from `day(at)[0]` on, see `records.counting.count_by_line`.
        """
        self._day = self.day(at)
        for name, counts in today.items():
            self._lines[QueueName(name)].tally = Tally.of(counts)
        for call in open_calls:
            waited_s = None if call.answered_at is None else call.answered_at - call.entered_at
            live = LiveCall(
                call.call,
                call.queue,
                call.caller,
                call.entered_at,
                call.priority,
                call.agent,
                call.answered_at,
                waited_s,
                call.entered_on,
            )
            (self._talks if live.agent is not None else self._waits)(live)

    def see(self, fact: RecordedFact) -> None:  # noqa: C901, PLR0912 - one case per kind
        """Take in a fact."""
        if fact.at >= self._day[1]:
            self._begin_day(fact.at)
        match fact:
            case AgentStateChanged():
                self._agent_changed(fact)
            case CallAccepted():
                self._waits(LiveCall(fact.call, fact.queue, fact.caller, fact.entered_at, fact.priority))
            case CallRecovered():
                self._recovered(fact)
            case CallRefused():
                if self._is_counted(fact.call, fact.entered_at):
                    self._lines[fact.queue].tally.refused += 1
            case CallOffered():
                pass
            case OfferMissed():
                self._missed(fact)
            case CallMoved():
                self._moved(fact)
            case CallAnswered():
                self._answered(fact)
            case CallReturned():
                self._returned(fact)
            case CallEnded():
                self._ended(fact)
            case CallAbandoned() | CallOverflowed() | CallDied():
                self._unserved(fact)
            case _:  # the other kinds change nothing that is shown
                pass

    def snapshot(self, at: Instant) -> LiveSnapshot:
        """Return the figures as they are at `at`."""
        if at >= self._day[1]:
            self._begin_day(at)
        lines = tuple(self._line(name, line) for name, line in self._lines.items())
        waiting = [call for line in self._lines.values() for call in line.waiting.values()]
        waiting.sort(key=attrgetter("entered_at"))
        return LiveSnapshot(
            at=at,
            lines=lines,
            agents=tuple(self._agents.values()),
            waiting=tuple(waiting),
            talking=tuple(call for line in self._lines.values() for call in line.talking.values()),
            agents_by_state=dict(self._by_state),
            total=self._total(lines, waiting),
        )

    def _line(self, name: QueueName, line: _Line) -> LiveLine:
        counts = _counts(line)
        return LiveLine(
            queue=name,
            waiting=len(line.waiting),
            talking=len(line.talking),
            oldest_entered_at=min((call.entered_at for call in line.waiting.values()), default=None),
            today=counts,
            in_norm=service_level(counts, self.standard.rules.service_level),
            unanswered=unanswered_share(counts, self.standard.rules.unanswered),
        )

    def _total(self, lines: tuple[LiveLine, ...], waiting: list[LiveCall]) -> LiveLine:
        counts = sum((line.today for line in lines), CallCounts())
        return LiveLine(
            queue=QueueName(""),
            waiting=len(waiting),
            talking=sum(line.talking for line in lines),
            oldest_entered_at=waiting[0].entered_at if waiting else None,
            today=counts,
            in_norm=service_level(counts, self.standard.rules.service_level),
            unanswered=unanswered_share(counts, self.standard.rules.unanswered),
        )

    def _begin_day(self, at: Instant) -> None:
        self._day = self.day(at)
        for line in self._lines.values():
            line.tally = Tally()

    def _is_counted(self, call: CallId, entered_at: Instant) -> bool:
        """Today's calls of callers are counted; calls of ours, the call-backs, are only shown."""
        return self._day[0] <= entered_at < self._day[1] and parse_attempt_call(call) is None

    def _waits(self, call: LiveCall) -> None:
        self._calls[call.call] = call.queue
        self._lines[call.queue].waiting[call.call] = call

    def _talks(self, call: LiveCall) -> None:
        self._calls[call.call] = call.queue
        self._lines[call.queue].talking[call.call] = call

    def _remove(self, call: CallId) -> LiveCall | None:
        queue = self._calls.pop(call, None)
        if queue is None:
            return None
        line = self._lines[queue]
        return line.waiting.pop(call, None) or line.talking.pop(call, None)

    def _agent_changed(self, fact: AgentStateChanged) -> None:
        before = self._agents.get(fact.agent)
        if before is not None:
            self._by_state[before.state] -= 1
        self._by_state[fact.after] += 1
        self._agents[fact.agent] = LiveAgent(fact.agent, fact.after, fact.at, fact.reason, fact.by, fact.call)

    def _answered(self, fact: CallAnswered) -> None:
        known = self._remove(fact.call)
        call = known or LiveCall(fact.call, fact.queue, "", Instant(fact.at - fact.waited_s))
        if call.counted_s is None and self._is_counted(call.call, call.entered_at):
            self._count_answer(call.entered_on or call.queue, fact.waited_s, 1)
        self._talks(  # Made anew and not by `replace`, which costs ten times as much and is done for each answer.
            LiveCall(
                call.call,
                fact.queue,
                call.caller,
                call.entered_at,
                call.priority,
                fact.agent,
                fact.at if call.answered_at is None else call.answered_at,
                fact.waited_s if call.counted_s is None else call.counted_s,
                call.entered_on,
            )
        )

    def _moved(self, fact: CallMoved) -> None:
        call = self._remove(fact.call)
        if call is not None:
            self._waits(replace(call, queue=fact.to, entered_on=call.entered_on or call.queue))

    def _missed(self, fact: OfferMissed) -> None:
        call = self._lines[fact.queue].waiting.get(fact.call)
        if call is not None and self._is_counted(call.call, call.entered_at):
            self._tally(call, fact.queue).missed_offers += 1

    def _recovered(self, fact: CallRecovered) -> None:
        call = self._remove(fact.call) or LiveCall(fact.call, fact.queue, fact.caller, fact.entered_at)
        self._uncount_answer(call)
        self._waits(replace(call, queue=fact.queue, agent=None, answered_at=None, counted_s=None))

    def _returned(self, fact: CallReturned) -> None:
        call = self._remove(fact.call)
        if call is None:
            return
        self._uncount_answer(call)
        self._tally(call, fact.queue).returned += self._is_counted(call.call, call.entered_at)
        self._waits(replace(call, queue=fact.queue, agent=None, answered_at=None, counted_s=None))

    def _ended(self, fact: CallEnded) -> None:
        call = self._remove(fact.call)
        entered_at = call.entered_at if call else Instant(fact.at - fact.talked_s - fact.waited_s)
        if not self._is_counted(fact.call, entered_at):
            return
        if call is None or call.counted_s is None:
            self._count_answer(self._line_of(call, fact.queue), fact.waited_s, 1)
        tally = self._tally(call, fact.queue)
        tally.talks += 1
        tally.talked_s += fact.talked_s

    def _unserved(self, fact: CallAbandoned | CallOverflowed | CallDied) -> None:
        call = self._remove(fact.call)
        entered_at = call.entered_at if call else Instant(fact.at - fact.waited_s)
        if not self._is_counted(fact.call, entered_at):
            return
        if call is not None:
            self._uncount_answer(call)
        norms = self.standard.of(self._line_of(call, fact.queue))
        tally = self._tally(call, fact.queue)
        if isinstance(fact, CallOverflowed) and fact.reason == JoinCondition.CLOSED:
            tally.closed += 1
            return
        in_norm = fact.waited_s <= norms.target_wait_s
        tally.accepted += 1
        tally.waited_s += fact.waited_s
        tally.longest_wait_s = max(tally.longest_wait_s, fact.waited_s)
        tally.unanswered_after_norm += not in_norm
        grace_s = 0.0
        match fact:
            case CallAbandoned():
                tally.abandoned += 1
                tally.abandoned_in_norm += in_norm
                tally.abandoned_short += fact.waited_s < norms.short_abandon_s
            case CallOverflowed():
                tally.overflowed += 1
                grace_s = norms.leaving_s
            case CallDied():
                tally.died += 1
        tally.over_maximum += fact.waited_s > norms.max_wait_s + grace_s

    def _line_of(self, call: LiveCall | None, queue: QueueName) -> QueueName:
        """Return the line on which a call is counted: where it came in, as far as that is known."""
        return queue if call is None else call.entered_on or call.queue

    def _tally(self, call: LiveCall | None, queue: QueueName) -> Tally:
        return self._lines[self._line_of(call, queue)].tally

    def _uncount_answer(self, call: LiveCall) -> None:
        if call.counted_s is not None and self._is_counted(call.call, call.entered_at):
            self._count_answer(call.entered_on or call.queue, call.counted_s, -1)

    def _count_answer(self, queue: QueueName, waited_s: float, sign: int) -> None:
        norms = self.standard.of(queue)
        tally = self._lines[queue].tally
        tally.accepted += sign
        tally.answered += sign
        tally.answered_in_norm += sign * (waited_s <= norms.target_wait_s)
        tally.over_maximum += sign * (waited_s > norms.max_wait_s)
        tally.answered_over_maximum += sign * (waited_s > norms.max_wait_s)
        tally.waited_s += sign * waited_s
        tally.answered_waited_s += sign * waited_s
        if sign > 0:
            tally.longest_wait_s = max(tally.longest_wait_s, waited_s)


def _counts(line: _Line) -> CallCounts:
    counts = line.tally.counts()
    return replace(counts, open=len(line.waiting), talking=len(line.talking))

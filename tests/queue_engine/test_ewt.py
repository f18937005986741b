"""The expected wait against what really happened, in days simulated with the engine itself."""

import random
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

import pytest

from queue_engine import QueueEngine
from queue_engine.effects import OfferCall
from queue_engine.ewt import Pace
from queue_engine.facts import CallAnswered
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    AgentLoggedIn,
    CallArrived,
    CallerHungUp,
    Input,
    OfferAnswered,
    Party,
    PoliciesLoaded,
    TalkEnded,
)
from queue_engine.policy import AgentPolicy, QueuePolicy
from tests.queue_engine.centre import START

ONE, TWO = QueueName("one"), QueueName("two")


class Day:
    """Poisson calls, exponential talks, telephones picked up after three seconds, callers who give up or do not."""

    def __init__(
        self, seed: int, agents: dict[tuple[QueueName, ...], int], patience_s: float, wrap_up_s: float
    ) -> None:
        self.random = random.Random(seed)
        self.engine = QueueEngine(1)
        self.patience_s = patience_s
        self.happens: list[tuple[float, int, Callable[[], Input | None]]] = []
        self.order = count()
        self.now = START
        self.told: dict[CallId, tuple[QueueName, float, float]] = {}
        self.pairs: dict[QueueName, list[tuple[float, float]]] = {ONE: [], TWO: []}
        self.live: set[CallId] = set()
        lines = tuple(QueuePolicy(name, 1e6, 2e6, wrap_up_s=wrap_up_s) for name in (ONE, TWO))
        names = (f"{number}" for number in count())
        staff = [AgentPolicy(AgentId(next(names)), served) for served, many in agents.items() for _ in range(many)]
        self.feed(PoliciesLoaded(lines, tuple(staff)))
        for policy in staff:
            self.feed(AgentLoggedIn(policy.agent, "x"))

    def later(self, after_s: float, what: Callable[[], Input | None]) -> None:
        """Plan something."""
        heappush(self.happens, (self.now + after_s, next(self.order), what))

    def feed(self, event: Input) -> None:
        """Hand in an input and answer to what comes of it."""
        step = self.engine.handle(event, Instant(self.now))
        self.see(step)

    def see(self, step) -> None:
        """Pick up what rings, plan the end of what is talked, note how long who waited."""
        for effect in step.effects:
            if isinstance(effect, OfferCall):
                offer = effect.rings[0].offer
                self.later(3.0, lambda offer=offer: OfferAnswered(offer))
        for fact in step.facts:
            if isinstance(fact, CallAnswered):
                self.live.discard(fact.call)
                told = self.told.pop(fact.call, None)
                if told is not None:
                    self.pairs[told[0]].append((told[2], fact.waited_s))
                talk_s = self.random.expovariate(1 / 100)
                self.later(talk_s, lambda call=fact.call: TalkEnded(call, Party.CALLER))

    def arrivals(self, queue: QueueName, per_s: float, until_s: float) -> None:
        """Plan the calls of a line."""
        at, number = 0.0, 0
        while (at := at + self.random.expovariate(per_s)) < until_s:
            number += 1
            call = CallId(f"{queue}{number}")
            self.later(at, lambda call=call: self.arrive(queue, call))

    def arrive(self, queue: QueueName, call: CallId) -> Input:
        """A caller comes: note what he would be told, if he has to wait at all."""
        told_s = self.engine.expected_wait_s(queue)
        if told_s:
            self.told[call] = (queue, self.now, told_s)
        self.live.add(call)
        if self.patience_s:
            self.later(self.random.expovariate(1 / self.patience_s), lambda: self.give_up(call))
        return CallArrived(call, queue, str(call), Instant(self.now))

    def give_up(self, call: CallId) -> Input | None:
        """A caller has had enough, if nobody has answered."""
        if call not in self.live:
            return None
        self.live.discard(call)
        self.told.pop(call, None)
        return CallerHungUp(call)

    def run(self) -> None:
        """Let the day pass."""
        while self.happens:
            at, _, what = heappop(self.happens)
            while (due := self.engine.next_deadline()) is not None and due < at:
                self.now = due
                self.see(self.engine.advance(due))
            self.now = at
            event = what()
            if event is not None:
                self.feed(event)


def errors(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Return bias (mean told over mean waited, minus 1) and mean absolute percentage error of the waits over 10 s."""
    settled = pairs[100:]
    bias = sum(told for told, _ in settled) / sum(waited for _, waited in settled) - 1
    long = [(told, waited) for told, waited in settled if waited > 10]
    return bias, sum(abs(told - waited) / waited for told, waited in long) / len(long)


@pytest.mark.parametrize(
    ("name", "agents", "rates", "patience_s", "wrap_up_s"),
    [
        ("one line, everybody waits", {(ONE,): 20}, {ONE: 0.19}, 0.0, 0.0),
        ("one line with wrap-up", {(ONE,): 20}, {ONE: 0.155}, 0.0, 20.0),
        ("callers who give up", {(ONE,): 20}, {ONE: 0.22}, 300.0, 0.0),
        ("two lines share all operators", {(ONE, TWO): 20}, {ONE: 0.13, TWO: 0.06}, 0.0, 0.0),
        ("two lines share some", {(ONE,): 8, (TWO,): 4, (ONE, TWO): 8}, {ONE: 0.12, TWO: 0.07}, 0.0, 0.0),
    ],
)
def test_expected_wait_is_unbiased(name, agents, rates, patience_s, wrap_up_s):
    """What callers are told is right on the average within 10 %, over two days with different luck."""
    pairs = {queue: [] for queue in rates}
    for seed in (1, 2):
        day = Day(seed, agents, patience_s, wrap_up_s)
        for queue, per_s in rates.items():
            day.arrivals(queue, per_s, 12 * 3600.0)
        day.run()
        for queue in rates:
            pairs[queue] += day.pairs[queue]
    for queue in rates:
        bias, mape = errors(pairs[queue])
        # The figure is wanted: `pytest -s` shows it.
        print(f"{name}, line {queue}: bias {bias:+.1%}, MAPE {mape:.0%}, {len(pairs[queue])} waits")  # noqa: T201
        assert abs(bias) < 0.10


def test_more_operators_shorten_the_wait_at_once():
    """The estimate follows the number on duty, not the next measurements."""
    pace = Pace()
    assert pace.wait_s(9, 0) is None
    assert pace.wait_s(9, 20) == pace.wait_s(9, 10) / 2
    assert pace.wait_s(0, 1) == 180


def test_a_line_that_was_empty_measures_nothing():
    """The span between two calls counts only while others wait: an idle line is not a slow one."""
    pace = Pace()
    for at in range(0, 10_000, 100):
        pace.taken(float(at), 5, others_wait=False)
    assert pace.wait_s(0, 1) == 180
    for at in range(10_000, 11_000, 10):
        pace.taken(float(at), 5, others_wait=True)
    assert pace.wait_s(0, 5) == pytest.approx(10)

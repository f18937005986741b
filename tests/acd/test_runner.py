"""The only writer of the engine: what is delivered in which order, and when its timer wakes it."""

import asyncio

from acd.clock import Clock
from acd.runner import EngineRunner, Only
from queue_engine.effects import OfferCall, SendCallTo
from queue_engine.engine import QueueEngine
from queue_engine.facts import CallAbandoned, CallAccepted, CallAnswered, CallOffered, CallOverflowed
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentLoggedIn,
    CallArrived,
    CallerHungUp,
    OfferAnswered,
    PoliciesLoaded,
)
from queue_engine.policy import AgentPolicy, QueuePolicy

LINE, AGENT = QueueName("122"), AgentId("101")
FIRST, SECOND = CallId("main-1.1"), CallId("main-2.1")
MAX_WAIT_S = 120.0


class StillLoop:
    """A loop as the runner uses it; its time stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.armed: list[asyncio.TimerHandle] = []

    def time(self):
        """Return the loop's time."""
        return self.now

    def call_at(self, when, callback, *arguments):
        """Note a timer."""
        self.armed.append(asyncio.TimerHandle(when, callback, arguments, asyncio.get_running_loop()))
        return self.armed[-1]

    def go_to(self, when):
        """Let time pass; the timers that come due ring one after the other, each at its time."""
        while due := [timer for timer in self.armed if timer.when() <= when]:
            timer = min(due, key=asyncio.TimerHandle.when)
            self.armed.remove(timer)
            self.now = max(self.now, timer.when())
            if not timer.cancelled():
                timer._run()
        self.now = when


def a_runner(sink, *, operator):
    """Return a loop, a clock and a runner that tells `sink` everything, with an operator who is ready or with none."""
    loop = StillLoop()
    clock = Clock(loop.time)
    runner = EngineRunner(QueueEngine(1), clock, loop)
    runner.connect(sink, sink, failed=sink, told=lambda: sink("told"))
    policy = QueuePolicy(LINE, target_wait_s=60.0, max_wait_s=MAX_WAIT_S, at_max_wait="hangup")
    runner.post(PoliciesLoaded((policy,), (AgentPolicy(AGENT, (LINE,)),)))
    if operator:
        runner.post(AgentBecameReachable(AGENT))
        runner.post(AgentLoggedIn(AGENT, "test"))
    return loop, clock, runner


async def test_a_step_is_told_whole_before_the_next_one_does_anything():
    """Effects, facts, the word that these were all: also where who hears of an effect posts the next input at once."""
    heard = []

    def sink(item):
        heard.append(item)
        if isinstance(item, OfferCall):
            runner.post(OfferAnswered(item.rings[0].offer))

    _, clock, runner = a_runner(sink, operator=True)
    heard.clear()
    runner.post(CallArrived(FIRST, LINE, "", clock.now()))
    kinds = [type(item) for item in heard]
    offered, answered = kinds.index(CallOffered), kinds.index(CallAnswered)
    assert kinds.index(OfferCall) < offered < heard.index("told") < answered
    assert heard[-1] == "told"
    assert heard.count("told") == 2


async def test_a_sink_that_asks_for_some_kinds_is_told_those_alone_in_its_turn():
    """Sinks are told in the order in which they were named, whether they take every fact or a few kinds."""
    heard = []
    loop = StillLoop()
    clock = Clock(loop.time)
    runner = EngineRunner(QueueEngine(1), clock, loop)
    few = Only(lambda fact: heard.append(("few", type(fact))), frozenset({CallAccepted}))
    runner.connect(
        lambda _: None,
        few,
        lambda fact: heard.append(("all", type(fact))),
        failed=lambda error: heard.append(("failed", type(error))),
    )
    policy = QueuePolicy(LINE, target_wait_s=60.0, max_wait_s=MAX_WAIT_S, at_max_wait="hangup")
    runner.post(PoliciesLoaded((policy,), (AgentPolicy(AGENT, (LINE,)),)))
    heard.clear()
    runner.post(CallArrived(FIRST, LINE, "", clock.now()))
    runner.post(CallerHungUp(FIRST))
    runner.stop()
    kinds = [kind for who, kind in heard if who == "all"]
    assert kinds[0] is CallAccepted
    assert kinds[-1] is CallAbandoned
    assert heard == [("few", CallAccepted), *(("all", kind) for kind in kinds)]


async def test_a_deadline_that_is_gone_costs_the_next_one_nothing():
    """The timer of a caller who has left rings for nobody; who came later leaves at his own maximum, to the moment."""
    heard = []
    loop, clock, runner = a_runner(heard.append, operator=False)
    runner.post(CallArrived(FIRST, LINE, "", clock.now()))
    loop.go_to(1030.0)
    runner.post(CallArrived(SECOND, LINE, "", clock.now()))
    runner.post(CallerHungUp(FIRST))
    loop.go_to(1029.9 + MAX_WAIT_S)
    assert not [item for item in heard if isinstance(item, SendCallTo)]
    loop.go_to(1030.1 + MAX_WAIT_S)
    (left,) = [item for item in heard if isinstance(item, CallOverflowed)]
    assert (left.call, clock.loop_time(left.at)) == (SECOND, 1030.0 + MAX_WAIT_S)


async def test_a_nearer_deadline_is_not_slept_through():
    """A caller who has waited long before we knew him leaves before those whose timer was set already."""
    heard = []
    loop, clock, runner = a_runner(heard.append, operator=False)
    runner.post(CallArrived(FIRST, LINE, "", clock.now()))
    entered = Instant(clock.now() - 100.0)
    runner.post(CallArrived(SECOND, LINE, "", entered))
    loop.go_to(1000.0 + MAX_WAIT_S - 100.0)
    assert [item.call for item in heard if isinstance(item, CallOverflowed)] == [SECOND]


async def test_no_timer_rings_after_the_end():
    """What is armed when the daemon stops is let go."""
    loop, clock, runner = a_runner(lambda _: None, operator=False)
    runner.post(CallArrived(FIRST, LINE, "", clock.now()))
    runner.stop()
    assert all(timer.cancelled() for timer in loop.armed)

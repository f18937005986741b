"""How fast the engine is, with its facts, and how its cost grows: `python -m tests.bench.bench_engine [--rounds N]`.

A steady day at three sizes: every operator talks or rings, callers wait, and each talk that ends brings the next caller
an offer. One turn is what one call costs: it arrives, a telephone rings, is answered, the talk ends, the caller's
channel goes. Time between the inputs passes as it would with talks of three minutes, so timers, deadlines and the
memory of offers turn over as in life. All steps are made in full, with their facts and effects.

CPU time on one core, the best of the rounds, in which the sizes take turns (whatever else the machine does can only add
to it); the objects of the set-up are frozen out of the garbage collector, as a long-running daemon does. Beside it
stands the bare work that such inputs cannot avoid in any engine that keeps waiting calls and deadlines in heaps and
finds things by name in dicts, with numbers in place of calls, offers and operators, and nothing made of it: no rule, no
state, no fact, no effect (`bare_round_s` says which work, input by input).

Prints one line per figure: `figure NAME VALUE UNIT bar OP LIMIT pass|fail`; exits with 1 if one fails.
"""

import argparse
import gc
import math
import sys
import time
import tracemalloc
from collections import deque
from heapq import heappop, heappush

from queue_engine import QueueEngine, Step
from queue_engine.effects import OfferCall
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import (
    AgentLoggedIn,
    CallArrived,
    CallerHungUp,
    OfferAnswered,
    OfferRang,
    Party,
    PoliciesLoaded,
    TalkEnded,
)
from queue_engine.policy import AgentPolicy, QueuePolicy

SIZES = ((10, 100), (1_000, 10_000), (10_000, 100_000))
TURNS = 10_000
TALK_S = 180.0
LINE = QueueName("122")
START = 1_800_000_000.0


class Day:
    """A line in steady work."""

    def __init__(self, agents: int, waiting: int) -> None:
        self.engine = QueueEngine(1)
        self.now = START
        self.gap_s = TALK_S / agents
        self.ringing: deque[tuple[OfferId, CallId]] = deque()
        self.calls = 0
        policy = QueuePolicy(LINE, target_wait_s=1e7, max_wait_s=2e7)
        staff = tuple(AgentPolicy(AgentId(str(number)), (LINE,)) for number in range(agents))
        self.take(self.engine.handle(PoliciesLoaded((policy,), staff), Instant(self.now)))
        for each in staff:
            self.take(self.engine.handle(AgentLoggedIn(each.agent, each.agent), Instant(self.now)))
        for _ in range(agents + waiting):
            self.take(self.engine.handle(self.arrival(), Instant(self.now)))
        self.talking: deque[CallId] = deque()
        while len(self.talking) < agents - 1:
            offer, call = self.ringing.popleft()
            self.take(self.engine.handle(OfferAnswered(offer), Instant(self.now)))
            self.talking.append(call)

    def take(self, step: Step) -> None:
        """Look at what a step has brought, as a shell does."""
        for effect in step.effects:
            if type(effect) is OfferCall:
                self.ringing.append((effect.rings[0].offer, effect.call))

    def arrival(self) -> CallArrived:
        """The next caller."""
        self.calls += 1
        number = f"+7900{self.calls:07d}"
        return CallArrived(CallId(f"acd-{self.now:.0f}.{self.calls}"), LINE, number, Instant(self.now))

    def turn(self, arrival: CallArrived) -> None:
        """One call arrives, another is answered, a third has talked and goes."""
        handle, take = self.engine.handle, self.take
        self.now += self.gap_s
        now = Instant(self.now)
        handle(arrival, now)
        offer, call = self.ringing.popleft()
        handle(OfferRang(offer), now)
        handle(OfferAnswered(offer), now)
        self.talking.append(call)
        done = self.talking.popleft()
        take(handle(TalkEnded(done, Party.CALLER), now))
        handle(CallerHungUp(done), now)


INPUTS_PER_TURN = 5


def round_s(day: Day) -> float:
    """Return the CPU seconds of one input, over many turns of this day."""
    arrivals = []
    for turn in range(TURNS):
        day.calls += 1
        at = Instant(day.now + turn * day.gap_s)
        arrivals.append(CallArrived(CallId(f"acd-{at:.0f}.{day.calls}"), LINE, f"+7900{day.calls:07d}", at))
    began = time.process_time()
    for arrival in arrivals:
        day.turn(arrival)
    return (time.process_time() - began) / (TURNS * INPUTS_PER_TURN)


def bare_round_s(agents: int, waiting: int) -> float:
    """Return the CPU seconds per input of the heap and dict work that such inputs cannot avoid.

    Not counted: ranks of free operators, since nobody is free in this day; and whatever a heap need not do.
    """
    names = [CallId(f"acd-{START:.0f}.{number}") for number in range(agents + waiting + TURNS)]
    lines = {LINE: 0}
    calls = dict.fromkeys(names[: agents + waiting], 0)
    offers = dict.fromkeys(range(agents), 0)
    line = [(0, START + number, number, names[agents + number]) for number in range(waiting)]
    steps = [(START + number, number, number) for number in range(waiting)]
    guards = [(START + number, waiting + number, number) for number in range(agents)]
    live = set(range(waiting + agents))
    token = waiting + agents
    due = START + waiting
    began = time.process_time()
    for turn in range(TURNS):
        due += 1.0
        # It arrives: known? to which line? A place in the line, by class, instant and arrival; its next step.
        name = names[agents + waiting + turn]
        if name not in calls and LINE in lines:
            calls[name] = turn
            heappush(line, (0, due, turn, name))
            token += 1
            live.add(token)
            heappush(steps, (due, token, turn))
        # A telephone rings: which offer is it?
        offers.get(agents + turn - 1)
        # It is answered: which offer is it? No step by waiting time any more, and no end of the ringing.
        offers.get(agents + turn - 1)
        live.discard(heappop(steps)[1])
        live.discard(heappop(guards)[1])
        # A talk ends: whose? The next caller is offered, with an end to the ringing; old offers are forgotten.
        calls.pop(names[turn])
        calls.get(heappop(line)[3])
        offers[agents + turn] = turn
        token += 1
        live.add(token)
        heappush(guards, (due, token, turn))
        del offers[turn]
        # The caller's channel goes: whose is it?
        calls.get(names[turn])
    return (time.process_time() - began) / (TURNS * INPUTS_PER_TURN)


def bytes_per_call(waiting: int) -> float:
    """Return the memory that one more waiting call costs, its names included."""
    day = Day(10, 10)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(waiting):
        day.take(day.engine.handle(day.arrival(), Instant(day.now)))
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / waiting


def figure(name: str, value: float, unit: str, op: str, limit: float) -> bool:
    """Print one figure with its bar; return whether it holds."""
    holds = value >= limit if op == ">=" else value <= limit
    print(f"figure {name} {value:.6g} {unit} bar {op} {limit:g} {'pass' if holds else 'fail'}")  # noqa: T201
    return holds


def main() -> int:
    """Measure and print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    days = {size: Day(*size) for size in SIZES}
    gc.collect()
    gc.freeze()
    cost = dict.fromkeys(SIZES, math.inf)
    bare = dict.fromkeys(SIZES, math.inf)
    for _ in range(rounds):
        for size in SIZES:
            cost[size] = min(cost[size], round_s(days[size]))
            bare[size] = min(bare[size], bare_round_s(*size))
    gc.unfreeze()
    held = [
        figure(f"engine_inputs_{agents}x{waiting}", 1 / cost[agents, waiting], "1/s", ">=", 150_000)
        for agents, waiting in SIZES
    ]
    held.append(figure("engine_largest_to_smallest", cost[SIZES[0]] / cost[SIZES[-1]], "ratio", ">=", 2 / 3))
    held += [
        figure(f"engine_to_bare_{size[0]}x{size[1]}", cost[size] / bare[size], "times", "<=", 15) for size in SIZES
    ]
    held.append(figure("engine_memory_per_waiting_call", bytes_per_call(20_000), "B", "<=", 1500))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

"""A scenario on a configuration, run again and again: the replications of a study, over the cores of the machine.

Replication n of seed s is the same whatever the number of cores; a study that is stopped has whole replications only.
"""

import itertools
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, time
from multiprocessing import get_context
from random import Random
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from acd.callbacks.policies import callback_policies
from acd.simulate.called_back import number_rule
from acd.simulate.callers import CallerStream, stream
from acd.simulate.roster import Roster, at, by_numbers, by_shifts, span
from acd.simulate.scenario import Scenario, Traffic, seconds_of
from acd.simulate.setting import Setting, with_drawn_wrap_up
from acd.simulate.tally import Outcome
from acd.simulate.world import World
from acd.standard import standard_of
from callback.policy import CallbackPolicy
from config.lines import OtherLine
from config.model import Config
from config.to_policy import to_policy
from metrics.records.counting import SLOT_S
from queue_engine.facts import Fact
from queue_engine.ids import Instant, QueueName
from queue_engine.policy import AgentPolicy

Job = TypeVar("Job")
Result = TypeVar("Result")


def generators(seed: int, replication: int) -> Callable[[str], Random]:
    """Return what makes the generator of each purpose in a replication: apart from all others, and repeatable."""
    return lambda purpose: Random(f"{seed}/{replication}/{purpose}")  # noqa: S311 - a simulation, no secret


@dataclass(frozen=True, slots=True)
class Study:
    """What is run: a scenario on a configuration."""

    config: Config
    scenario: Scenario
    seed: int = 1
    numbers: tuple[tuple[float, int], ...] | None = None
    """Instead of the scenario's shifts: so many operators at work from each instant on."""
    within: tuple[float, float] | None = None
    """Only callers from the one instant to the other."""

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.config.site.time_zone)

    @property
    def count_from(self) -> float:
        """Calls that entered before are not counted, seconds since the epoch."""
        scenario = self.scenario
        return at(scenario.first_day, seconds_of(scenario.count_from or scenario.begin), self.zone)

    @property
    def ends(self) -> float:
        """From when on nobody calls, seconds since the epoch."""
        return span(self.scenario, self.zone)[1]

    def lines(self) -> list[tuple[QueueName, Traffic]]:
        """Return the lines that are called, with their traffic.

        Raises:
            UnknownLine: The configuration has no such line.
        """
        known = [line.name for line in self.config.lines]
        found = []
        for traffic in self.scenario.traffic:
            name = traffic.line or known[0]
            if name not in known:
                raise UnknownLine(name, tuple(known))
            found.append((QueueName(name), traffic))
        return found

    def run(self, replication: int) -> Outcome:
        """Run one replication."""
        return self.world(replication).run()

    def world(self, replication: int, watch: Callable[[Fact], None] | None = None) -> World:
        """Return one replication that has not begun; `watch` will be told every fact of the engine, in order."""
        makes = generators(self.seed, replication)
        lines = self.lines()
        queues, agents = to_policy(self.config)
        names = [queue.name for queue in queues]
        if self.numbers is None:
            roster = by_shifts(self.scenario, agents, names, self.zone, makes)
        else:
            roster = by_counts(self.numbers, agents, names)
        drawn = {name for name, traffic in lines if traffic.wrap_up is not None}
        roster, queues = with_drawn_wrap_up(roster, queues, drawn)
        setting = Setting(
            queues,
            roster,
            standard_of(self.config),
            self.scenario.telephones,
            {each.name: QueueName(each.line) for each in self.config.destinations if isinstance(each, OtherLine)},
            self.count_from,
            self.scenario.call_backs,
            self._call_back_policies(names),
        )
        return World(setting, self._callers(lines, makes), makes, watch)

    def _call_back_policies(self, names: Sequence[QueueName]) -> tuple[CallbackPolicy, ...]:
        """Return the policy of every line: the configuration's, or the ordinary one where it has no call-backs."""
        midnight = datetime.combine(self.scenario.first_day, time(), self.zone).timestamp()
        configured = {each.queue: each for each in callback_policies(self.config, number_rule, Instant(midnight))}
        return tuple(configured.get(name) or CallbackPolicy(name) for name in names)

    def quarters(self, traffic: Traffic) -> list[tuple[float, float, float]]:
        """Return begin, end (seconds since the epoch) and expected calls of each quarter of an hour of the run."""
        found = quarters(self.scenario, traffic, self.zone)
        if self.within is None:
            return list(found)
        first, last = self.within
        return [each for each in found if first <= each[0] < last]

    def _callers(
        self, lines: Sequence[tuple[QueueName, Traffic]], makes: Callable[[str], Random]
    ) -> Iterator[CallerStream]:
        for place, (name, traffic) in enumerate(lines):
            yield stream(
                traffic,
                name,
                self.quarters(traffic),
                _of_line(makes, place),
                (f"+79{place}{number:08}" for number in itertools.count()),
            )


def _of_line(makes: Callable[[str], Random], place: int) -> Callable[[str], Random]:
    return lambda purpose: makes(f"line {place} {purpose}")


def replications(study: Study, count: int, workers: "Workers") -> Iterator[Outcome]:
    """Yield the outcomes of so many replications, in the order of their numbers."""
    return workers.each(study.run, range(count))


def by_counts(
    numbers: Sequence[tuple[float, int]], agents: Sequence[AgentPolicy], names: Sequence[QueueName]
) -> Roster:
    """Return the roster of a plan of numbers."""
    return by_numbers([count for _, count in numbers], [start for start, _ in numbers], agents, names)


def quarters(scenario: Scenario, traffic: Traffic, zone: ZoneInfo) -> Iterator[tuple[float, float, float]]:
    """Yield begin, end (seconds since the epoch) and expected calls of each quarter of an hour that callers come in.

    On the day on which clocks change the quarters are those that the clocks show.
    """
    begin, end = span(scenario, zone)
    slot = begin // SLOT_S * SLOT_S
    while slot < end:
        shown = datetime.fromtimestamp(slot, zone)
        expected = traffic.expected(shown.weekday(), shown.hour * 4 + shown.minute // 15)
        first, last = max(slot, begin), min(slot + SLOT_S, end)
        yield first, last, expected * (last - first) / SLOT_S
        slot += SLOT_S


class UnknownLine(Exception):
    """A scenario names a line that the configuration does not have."""

    def __init__(self, line: str, known: tuple[str, ...]) -> None:
        super().__init__(line, known)
        self.line = line
        self.known = known

    def __str__(self) -> str:
        return f"no line is named {self.line}; known: {', '.join(self.known)}"


def _quiet() -> None:
    """Leave an interruption at the keyboard to the process that was started by hand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


class Workers:
    """The processes that runs are spread over: this one alone if one is enough, else so many others.

    They are started with the first work and end with the context, an interruption included.
    """

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def each(self, work: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result]:
        """Yield the results of all jobs in their order, as they come."""
        if self._processes <= 1:
            yield from map(work, jobs)
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._processes, mp_context=get_context("forkserver"), initializer=_quiet)
        for future in [self._pool.submit(work, job) for job in jobs]:
            yield future.result()

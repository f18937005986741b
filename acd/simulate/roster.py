"""Who is at work when: the log-ins, pauses and log-outs of a run, from the scenario's shifts or from a plan of numbers.

Wanted operators whom the configuration does not have are made like the last one that it has, with numbers of their own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from random import Random
from zoneinfo import ZoneInfo

from acd.simulate.scenario import WEEKDAYS, Scenario, Shift, seconds_of
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import AgentLoggedIn, AgentLoggedOut, AgentPaused, Input
from queue_engine.policy import AgentPolicy

Planned = tuple[float, Input]
"""An input and the instant at which it is given."""

ROSTER = "roster"
"""The actor of what the plan of shifts says."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The operators of a run and what they do by plan."""

    agents: tuple[AgentPolicy, ...]
    planned: tuple[Planned, ...]
    """In the order of time."""


def span(scenario: Scenario, zone: ZoneInfo) -> tuple[float, float]:
    """Return from when to when callers come, seconds since the epoch."""
    last = scenario.first_day + timedelta(days=scenario.days - 1)
    return (
        at(scenario.first_day, seconds_of(scenario.begin), zone),
        at(last, seconds_of(scenario.end), zone),
    )


def at(day: date, seconds: float, zone: ZoneInfo) -> float:
    """Return the instant of a time of a day, as clocks there show it."""
    whole_days, rest = divmod(seconds, 86400.0)
    midnight = datetime.combine(day + timedelta(days=int(whole_days)), datetime.min.time())
    return (midnight + timedelta(seconds=rest)).replace(tzinfo=zone).timestamp()


def staff(known: Sequence[AgentPolicy], count: int, queues: Sequence[QueueName]) -> tuple[AgentPolicy, ...]:
    """Return so many operators: those of the configuration, then more like the last of them (or on all lines)."""
    last = known[-1] if known else AgentPolicy(AgentId("1000"), tuple(queues))
    taken = {each.agent for each in known}
    names = (name for number in range(1, 10_000_000) if (name := AgentId(f"9{number:04}")) not in taken)
    extra = (replace(last, agent=name) for name in islice(names, max(0, count - len(known))))
    return (*known[:count], *extra)


def by_shifts(
    scenario: Scenario,
    known: Sequence[AgentPolicy],
    queues: Sequence[QueueName],
    zone: ZoneInfo,
    generators: Callable[[str], Random],
) -> Roster:
    """Return what the shifts of the scenario say; without any, everybody works from beginning to end."""
    begin, end = span(scenario, zone)
    if not scenario.shift:
        everybody = tuple(known) or staff(known, 1, queues)
        return Roster(everybody, tuple((begin, AgentLoggedIn(each.agent, ROSTER)) for each in everybody))
    named = {number for shift in scenario.shift if not isinstance(shift.operators, int) for number in shift.operators}
    free = iter([each for each in known if each.agent not in named])
    wanted = sum(shift.operators for shift in scenario.shift if isinstance(shift.operators, int))
    more = iter(staff(known, len(known) + wanted, queues)[len(known) :])
    of_config = {each.agent: each for each in known}
    agents: dict[AgentId, AgentPolicy] = {}
    planned: list[Planned] = []
    for place, shift in enumerate(scenario.shift):
        if isinstance(shift.operators, int):
            crew = [next(free, None) or next(more) for _ in range(shift.operators)]
        else:
            crew = [
                of_config.get(AgentId(number)) or replace(next(more), agent=AgentId(number))
                for number in shift.operators
            ]
        agents |= {each.agent: each for each in crew}
        rng = generators(f"shift {place}")
        for offset in range(-1, scenario.days):
            day = scenario.first_day + timedelta(days=offset)
            if WEEKDAYS[day.weekday()] in shift.days and at(day, seconds_of(shift.end), zone) > begin:
                for turn, each in enumerate(crew):
                    planned += _working_day(shift, each.agent, day, zone, rng=rng, turn=turn / len(crew))
    kept = [(max(when, begin), told) for when, told in sorted(planned, key=lambda each: each[0]) if when < end + 7200]
    return Roster(tuple(agents.values()), tuple(_without_past_pauses(kept, begin)))


def _working_day(
    shift: Shift, agent: AgentId, day: date, zone: ZoneInfo, *, rng: Random, turn: float
) -> Iterator[Planned]:
    """Yield what one operator does; `turn` from 0 to 1 is the place among those who pause one after another."""
    begin = at(day, seconds_of(shift.begin), zone) + rng.random() * shift.late_minutes * 60
    end = at(day, seconds_of(shift.end), zone)
    if begin >= end:
        return
    yield begin, AgentLoggedIn(agent, ROSTER)
    for pause in shift.pauses:
        begins = at(day, seconds_of(pause.at), zone) + turn * pause.over_minutes * 60
        if begin < begins < end:
            yield begins, AgentPaused(agent, pause.reason, ROSTER, pause.minutes * 60)
    if shift.breaks is not None:
        every, lasting = shift.breaks.every.drawer(rng), shift.breaks.lasting.drawer(rng)
        now = begin + every()
        while now < end:
            length = max(1.0, lasting())
            yield now, AgentPaused(agent, shift.breaks.reason, ROSTER, length)
            now += length + max(1.0, every())
    yield end, AgentLoggedOut(agent, ROSTER)


def _without_past_pauses(planned: list[Planned], begin: float) -> Iterator[Planned]:
    """Leave out pauses that were over before the run begins: only who is at work then counts of what was before."""
    for when, told in planned:
        if when > begin or not isinstance(told, AgentPaused):
            yield when, told


def by_numbers(
    numbers: Sequence[int],
    starts: Sequence[float],
    known: Sequence[AgentPolicy],
    queues: Sequence[QueueName],
) -> Roster:
    """Return a roster of so many operators from each instant on; who goes, goes after his call.

    Args:
        numbers: How many are at work.
        starts: From when on, seconds since the epoch; as many as `numbers`.
        known: The operators of the configuration, taken in their order.
        queues: The lines, for operators where the configuration has none.
    """
    crew = staff(known, max(numbers, default=0), queues)
    planned: list[Planned] = []
    for (before, count), start in zip(pairwise([0, *numbers]), starts, strict=True):
        planned += [(start, AgentLoggedIn(each.agent, ROSTER)) for each in crew[before:count]]
        planned += [(start, AgentLoggedOut(each.agent, ROSTER)) for each in crew[count:before]]
    return Roster(crew, tuple(planned))

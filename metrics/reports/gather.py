"""Reads from the records, once, all numbers that a report of a period is made of."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.agent_time import AgentTime, handling_time, occupancy
from metrics.call_backs import BreakCourse, call_back_figures
from metrics.counts import CallCounts
from metrics.distribution import Distribution
from metrics.facts import TransferWay
from metrics.kpi import Kpi, Unit, kpi
from metrics.norms import Norms, Standard
from metrics.records.broken import breaks_owed, breaks_owed_nothing
from metrics.records.counting import SLOT_S, Scope, count_by_agent, count_by_line_and_slot
from metrics.records.measuring import TALKS, WAITS, measure, unanswered_by_second
from metrics.records.passed_on import TransferCounts, count_transfers
from metrics.records.recordings import count_recordings
from metrics.records.repeats import Repeats, count_repeats
from metrics.records.staff import OfferCounts, Stays, offers_by_agent, pauses_by_reason, stays_by_agent, time_by_agent
from metrics.reports.periods import Interval, Period, interval_of, intervals


@dataclass(frozen=True, slots=True)
class Person:
    """What a report says of an operator beside the number."""

    name: str = ""
    level: str = ""
    """1st, 2nd or 3rd line, as the service calls it (UDM 4.4, KEM 5.2); empty where there are no levels."""


@dataclass(frozen=True)
class Gathered:
    """All numbers of a period, on one line or on all together."""

    period: Period
    line: str | None
    standard: Standard
    people: Mapping[str, Person]
    by_slot: Mapping[tuple[str, int], CallCounts]
    """By line and quarter of an hour."""
    waits: Distribution
    talks: Distribution
    by_agent: Mapping[str, CallCounts]
    times: Mapping[str, AgentTime]
    offers: Mapping[str, OfferCounts]
    pauses: Mapping[tuple[str, str], tuple[int, float]]
    repeats: Repeats = field(default_factory=Repeats)
    unanswered_by_second: Mapping[int, int] = field(default_factory=dict)
    breaks: Sequence[BreakCourse] = ()
    transfers: Mapping[tuple[str, str], TransferCounts] = field(default_factory=dict)
    """Callers passed on, by way and kind of target."""
    recorded: int = 0
    """Recordings of talks that began in the period."""
    impossible: Mapping[str, int] = field(default_factory=dict)
    """Breaks that can have no call-back, by the reason."""

    @property
    def norms(self) -> Norms:
        """The norms that the shares are held to: the line's, or the default ones over all lines."""
        return self.standard.default if self.line is None else self.standard.of(self.line)

    @cached_property
    def total(self) -> CallCounts:
        """All calls."""
        return sum(self.by_slot.values(), CallCounts())

    @cached_property
    def by_line(self) -> Mapping[str, CallCounts]:
        """Calls of each line, in the order of their names."""
        found: dict[str, CallCounts] = defaultdict(CallCounts)
        for (line, _), counts in sorted(self.by_slot.items()):
            found[line] += counts
        return dict(found)

    @cached_property
    def time(self) -> AgentTime:
        """Time of all operators together."""
        return sum(self.times.values(), AgentTime())

    def by_interval(self, interval: Interval) -> Mapping[float, CallCounts]:
        """Return the calls of each interval of the period, by the instant at which it begins; empty ones too."""
        begins = {part.start: CallCounts() for part in intervals(self.period, interval)}
        for (_, slot), counts in self.by_slot.items():
            at = max(self.period.start, interval_of(slot * SLOT_S, interval, self.period.zone).timestamp())
            begins[at] += counts
        return begins

    def by_weekday_hour(self) -> Mapping[tuple[int, int], CallCounts]:
        """Return the calls by weekday (0 is Monday) and hour of the local clock."""
        found: dict[tuple[int, int], CallCounts] = defaultdict(CallCounts)
        for (_, slot), counts in self.by_slot.items():
            hour = interval_of(slot * SLOT_S, Interval.HOUR, self.period.zone)
            found[hour.weekday(), hour.hour] += counts
        return found

    def by_level(self) -> Mapping[str, tuple[CallCounts, AgentTime, OfferCounts]]:
        """Return calls, time and offers of the operators of each level; nothing where no operator has one."""
        if not any(person.level for person in self.people.values()):
            return {}
        found: dict[str, tuple[CallCounts, AgentTime, OfferCounts]] = {}
        for agent in self.agents():
            level = self.people.get(agent, Person()).level
            counts, time, offered = found.get(level, (CallCounts(), AgentTime(), OfferCounts()))
            found[level] = (
                counts + self.by_agent.get(agent, CallCounts()),
                time + self.times.get(agent, AgentTime()),
                offered + self.offers.get(agent, OfferCounts()),
            )
        return dict(sorted(found.items()))

    def agents(self) -> list[str]:
        """Return the operators who were at work in the period, in the order of their numbers."""
        at_work = {agent for agent, time in self.times.items() if time.logged_in_s > 0}
        return sorted(at_work | self.by_agent.keys() | self.offers.keys(), key=lambda agent: (len(agent), agent))

    @property
    def taken_over(self) -> int:
        """Callers whom supervisors have taken from operators (S4)."""
        return sum(counts.count for (way, _), counts in self.transfers.items() if way == TransferWay.TAKEN)

    def figures(self) -> tuple[Kpi, ...]:
        """Return every figure of the period. Handling time and occupancy only over all lines: operators serve many."""
        repeats = self.repeats
        extra = [
            Kpi("repeat_calls", repeats.repeated, Unit.COUNT),
            Kpi("repeat_share", repeats.repeat_share, Unit.SHARE),
            Kpi("first_call_resolution", repeats.first_call_resolution, Unit.SHARE),
            Kpi("withheld", repeats.withheld, Unit.COUNT),
            Kpi("taken_over", self.taken_over, Unit.COUNT),
            Kpi("recorded_talks", self.recorded, Unit.COUNT),
        ]
        if self.line is None:
            extra += [
                Kpi("aht", handling_time(self.total, self.time), Unit.SECONDS),
                Kpi("occupancy", occupancy(self.time), Unit.SHARE),
            ]
        rules = self.standard.rules
        return (
            *kpi(self.total, self.norms, rules, waits=self.waits, talks=self.talks),
            *call_back_figures(self.breaks, self.norms, rules),
            *extra,
        )


async def gather(
    connections: tuple[AsyncConnection, AsyncConnection],
    period: Period,
    standard: Standard,
    *,
    as_of: float,
    line: str | None = None,
    people: Mapping[str, Person] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Gathered:
    """Read all numbers of the period; `progress(done, of)` counts the steps.

    Args:
        connections: The records as of one moment, twice, see `database.reading`.
        period: Calls that entered in it, operators' time within it.
        standard: Norms and rules.
        as_of: Now, seconds since the epoch: what lasts is counted up to here.
        line: One line; all if None.
        people: Names and levels of operators.
        progress: Told after each step.
    """
    scope = Scope(period.start, period.end, line)
    # The longest first: the connections then end at much the same time.
    work: dict[str, Callable[[AsyncConnection], Awaitable[Any]]] = {
        "by_slot": lambda link: count_by_line_and_slot(link, scope, standard),
        "waits": lambda link: measure(link, scope, WAITS),
        "talks": lambda link: measure(link, scope, TALKS),
        "repeats": lambda link: count_repeats(link, scope, as_of),
        "by_agent": lambda link: count_by_agent(link, scope, standard),
        "offers": lambda link: offers_by_agent(link, period.start, period.end, line),
        "stays": lambda link: stays_by_agent(link, period.start, period.end, as_of),
        "unanswered_by_second": lambda link: unanswered_by_second(link, scope),
        "breaks": lambda link: breaks_owed(link, scope),
        "transfers": lambda link: count_transfers(link, scope),
        "recorded": lambda link: count_recordings(link, scope),
        "impossible": lambda link: breaks_owed_nothing(link, scope),
    }
    waiting = iter(tuple(work.items()))
    found: dict[str, Any] = {}

    async def take_turns(link: AsyncConnection) -> None:
        for name, read in waiting:
            found[name] = await read(link)
            progress(len(found), len(work))

    await asyncio.gather(*map(take_turns, connections))
    stays: Stays = found.pop("stays")
    return Gathered(
        period=period,
        line=line,
        standard=standard,
        people=people or {},
        times=time_by_agent(stays),
        pauses=pauses_by_reason(stays),
        **found,
    )

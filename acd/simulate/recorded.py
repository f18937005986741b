"""What the records or a tape say of calls that really came, as the simulator wants it.

From rows come the callers' habits: talks as they were, patience from who left and how long the others waited, redials
of those who were not spoken to. A share or a time that nothing was recorded of is left out.
"""

import datetime as dates
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from acd.simulate.durations import (
    Duration,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    distance,
    fit_empirical,
    fit_gamma,
    fit_lognormal,
    fit_patience,
)
from acd.simulate.roster import Planned
from acd.simulate.scenario import QUARTERS, Redial, Scenario, Traffic
from acd.tape import replay
from metrics.records.derive_calls import call_after
from metrics.records.rows import NOT_COUNTED, CallKind, CallRow, Outcome
from metrics.reports.periods import Period
from queue_engine.facts import AgentState, AgentStateChanged, CallAnswered, CallOffered
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentLoggedIn, AgentLoggedOut, AgentPaused, AgentResumed
from queue_engine.settling import MISSED

REDIALS_WITHIN_S: Final = 3600.0
"""Whoever calls again later than this has a new reason."""

CLOSE_ENOUGH: Final = 0.03
"""A formula this near to the recorded talks (Kolmogorov's distance) stands for them; else they stand for themselves."""


def incoming(rows: Sequence[CallRow]) -> list[CallRow]:
    """Return callers' calls that were let in and have ended."""
    return [row for row in rows if row.kind == CallKind.INCOMING and row.outcome not in {None, *NOT_COUNTED}]


def talks_of(rows: Sequence[CallRow]) -> Duration | None:
    """Return how long talks last: lognormal or gamma where one of them fits, else the values; None without a talk."""
    values = [row.talked_s for row in rows if row.talked_s is not None and row.talked_s > 0]
    if not values:
        return None
    fits: list[Lognormal | Gamma] = [fit_lognormal(values), fit_gamma(values)] if len(values) >= 50 else []
    near = [(away, fit) for fit in fits if (away := distance(values, fit)) <= CLOSE_ENOUGH]
    return min(near, key=lambda each: each[0])[1] if near else fit_empirical(values)


def patience_of(rows: Sequence[CallRow]) -> Exponential | None:
    """Return how long callers wait before they leave; None where nobody has left."""
    left = [row.waited_s or 0.0 for row in rows if row.outcome == Outcome.ABANDONED]
    return fit_patience(left, [row.waited_s or 0.0 for row in rows if row.outcome != Outcome.ABANDONED])


def redials_of(rows: Sequence[CallRow]) -> Redial | None:
    """Return how many of those who were not spoken to called again within the hour, and how soon; None if none did."""
    calls: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.caller:
            calls[row.caller].append(row.entered_at)
    for times in calls.values():
        times.sort()
    after, unserved = [], 0
    for row in rows:
        if row.outcome == Outcome.ANSWERED or row.ended_at is None or not row.caller:
            continue
        unserved += 1
        times = calls[row.caller]
        place = bisect_right(times, row.entered_at)
        if place < len(times) and 0 <= times[place] - row.ended_at <= REDIALS_WITHIN_S:
            after.append(times[place] - row.ended_at)
    return Redial(share=len(after) / unserved, after=fit_empirical(after)) if after else None


def habits_of(rows: Sequence[CallRow], line: str, calls: Sequence[float]) -> Traffic:
    """Return the traffic of a line whose volumes are given; `rows` are its calls."""
    talk = talks_of(rows)
    habits = {"talk": talk} if talk is not None else {}
    return Traffic(line=line, calls=tuple(calls), patience=patience_of(rows), redial=redials_of(rows), **habits)


def scenario_of(rows: Sequence[CallRow], period: Period, day: dates.date, days: int) -> Scenario | None:
    """Return a scenario of the mean week of the records, for `days` days from `day` on; None without any call.

    Repeat calls are taken out of the volumes: they come again as the redials of the simulated callers.
    """
    of_lines: dict[str, list[CallRow]] = defaultdict(list)
    for row in incoming(rows):
        of_lines[row.queue].append(row)
    weekdays = _weekdays(period)
    traffic = []
    for line, own in sorted(of_lines.items()):
        found = habits_of(own, line, [0.0] * (7 * QUARTERS))
        unserved = sum(row.outcome != Outcome.ANSWERED for row in own)
        repeats = unserved * found.redial.share if found.redial else 0.0
        calls = _mean_week(own, weekdays, period.zone, factor=1 - repeats / len(own))
        traffic.append(found.model_copy(update={"calls": tuple(calls)}))
    return Scenario(first_day=day, days=days, traffic=tuple(traffic)) if traffic else None


def _weekdays(period: Period) -> list[int]:
    """Return how often each weekday, Monday first, lies in the period."""
    found = [0] * 7
    day, last = period.first().date(), period.last_day()
    while day <= last:
        found[day.weekday()] += 1
        day += dates.timedelta(days=1)
    return found


def _mean_week(rows: Sequence[CallRow], weekdays: Sequence[int], zone: ZoneInfo, *, factor: float) -> list[float]:
    counts = [0.0] * (7 * QUARTERS)
    for row in rows:
        at = dates.datetime.fromtimestamp(row.entered_at, zone)
        counts[at.weekday() * QUARTERS + at.hour * 4 + at.minute // 15] += factor
    return [count / max(1, weekdays[place // QUARTERS]) for place, count in enumerate(counts)]


@dataclass(frozen=True, slots=True)
class Day:
    """What a tape holds: the calls as they went, and what the operators did by their own will."""

    rows: tuple[CallRow, ...]
    planned: tuple[Planned, ...]
    answers_s: Mapping[str, float]
    """By answered call: from the offer to the answer."""
    greeting_s: Mapping[str, float]
    """By line: no call was offered sooner after it came."""


def read_tape(path: Path) -> Day:
    """Return what a tape holds.

    Raises:
        OSError: The file cannot be read.
        TapeUnreadable: It is no tape.
    """
    rows: dict[str, CallRow] = {}
    planned: list[Planned] = []
    offered: dict[str, float] = {}
    answers: dict[str, float] = {}
    greeting: dict[str, float] = {}
    for step in replay(path):
        for fact in step.facts:
            if isinstance(fact, AgentStateChanged):
                planned += _own_will(fact)
                continue
            row = rows.get(fact.call)
            if isinstance(fact, CallOffered):
                offered[fact.call] = fact.at
                greeting[fact.queue] = min(greeting.get(fact.queue, fact.waited_s), fact.waited_s)
            elif isinstance(fact, CallAnswered) and fact.call in offered:
                answers[fact.call] = fact.at - offered[fact.call]
            after = call_after(row, fact)
            if after is not None:
                rows[fact.call] = after
    return Day(tuple(incoming(list(rows.values()))), tuple(planned), answers, greeting)


def _own_will(fact: AgentStateChanged) -> list[Planned]:
    """Return the inputs by which an operator came, went, paused and came back; a pause for misses is the engine's."""
    agent: AgentId = fact.agent
    told: list[Planned] = []
    if fact.before is AgentState.LOGGED_OUT:
        told.append((fact.at, AgentLoggedIn(agent, fact.by)))
    if fact.after is AgentState.LOGGED_OUT:
        told.append((fact.at, AgentLoggedOut(agent, fact.by)))
    elif fact.after is AgentState.PAUSED and fact.reason != MISSED:
        told.append((fact.at, AgentPaused(agent, fact.reason, fact.by)))
    elif fact.before is AgentState.PAUSED:
        told.append((fact.at, AgentResumed(agent, fact.by)))
    return told


def answering(day: Day) -> Empirical | None:
    """Return how soon operators picked up; None where nobody did."""
    return fit_empirical(list(day.answers_s.values())) if day.answers_s else None

"""Yesterday's calls against another configuration: the same callers at the same instants, other rules or more staff.

Known of each call is when it came, how long it waited, how soon it was picked up and how long it talked. Who was
answered had more patience than he waited: how much more is drawn (exponential patience has no memory, so what is left
is distributed as the whole). Who was not answered has a talk drawn among those recorded. Operators come, pause and go
as they did; whoever is in the other configuration and was not on the tape's day works all the time.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from acd.simulate.callers import Caller, Habits
from acd.simulate.durations import Constant, fit_empirical
from acd.simulate.estimate import CONFIDENCE, Estimate
from acd.simulate.recorded import Day, answering, patience_of
from acd.simulate.report import figures
from acd.simulate.roster import ROSTER, Planned, Roster, staff
from acd.simulate.scenario import Telephones
from acd.simulate.setting import Setting
from acd.simulate.study import Workers, generators
from acd.simulate.tally import Outcome
from acd.simulate.world import World
from acd.standard import standard_of
from config.lines import OtherLine
from config.model import Config
from config.to_policy import to_policy
from metrics.counts import CallCounts, counts_of
from metrics.distribution import distribution
from metrics.kpi import Kpi, kpi
from metrics.records.rows import Outcome as Ended
from metrics.reports.model import Column, Figure, Kind, Note, Report, ReportKind, Table, rounded
from metrics.reports.periods import Period
from metrics.reports.tables import kpi_row
from queue_engine.ids import QueueName
from queue_engine.inputs import AgentLoggedIn, AgentLoggedOut
from queue_engine.policy import AgentPolicy


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded day under a configuration."""

    day: Day
    config: Config
    known: frozenset[str]
    """Operators of the configuration under which the day went: the others of this one work all the time."""
    more: int = 0
    """So many operators more, all the time."""
    seed: int = 1

    def run(self, replication: int) -> Outcome:
        """Run one replication."""
        makes = generators(self.seed, replication)
        queues, agents = to_policy(self.config)
        answer = answering(self.day)
        setting = Setting(
            queues,
            self._roster(agents, [queue.name for queue in queues]),
            standard_of(self.config),
            Telephones(answer=answer) if answer is not None else Telephones(),
            {each.name: QueueName(each.line) for each in self.config.destinations if isinstance(each, OtherLine)},
        )
        return World(setting, [self._callers(replication)], makes).run()

    def _roster(self, agents: Sequence[AgentPolicy], queues: Sequence[QueueName]) -> Roster:
        begin, end = span(self.day)
        extra = staff(agents, len(agents) + self.more, queues)[len(agents) :]
        always = [each.agent for each in (*agents, *extra) if each.agent not in self.known]
        planned: list[Planned] = [(begin, AgentLoggedIn(agent, ROSTER)) for agent in always]
        planned += [(end, AgentLoggedOut(agent, ROSTER)) for agent in always]
        planned += [(when, told) for when, told in self.day.planned if getattr(told, "agent", None) not in always]
        return Roster((*agents, *extra), tuple(sorted(planned, key=lambda each: each[0])))

    def _callers(self, replication: int) -> Iterator[Caller]:
        makes = generators(self.seed, replication)
        patience = patience_of(self.day.rows)
        more_patience = patience.drawer(makes("patience")) if patience else None
        talked = [row.talked_s for row in self.day.rows if row.talked_s is not None]
        talk = (fit_empirical(talked) if talked else Constant(mean_s=180.0)).drawer(makes("talk"))
        lines = {line.name for line in self.config.lines}
        for row in sorted(self.day.rows, key=lambda each: each.entered_at):
            waited_s = row.waited_s or 0.0
            if row.outcome == Ended.ABANDONED:
                patience_s = waited_s
            else:
                patience_s = waited_s + more_patience() if more_patience else math.inf
            talk_s = row.talked_s if row.talked_s is not None else talk()
            if row.queue in lines:
                habits = Habits(self.day.greeting_s.get(row.queue, 0.0), 0.0, 0, lambda: 0.0, _never)
                yield Caller(
                    row.entered_at,
                    QueueName(row.queue),
                    row.caller,
                    talk_s,
                    patience_s=patience_s,
                    habits=habits,
                    answer_s=self.day.answers_s.get(row.call, -1.0),
                )


def _never(_at: float, caller: Caller) -> Caller:
    return caller


def span(day: Day) -> tuple[float, float]:
    """Return from when to when calls came, seconds since the epoch."""
    times = [row.entered_at for row in day.rows]
    return min(times), max(times) + 1.0


def recorded_figures(day: Day, config: Config) -> tuple[Kpi, ...]:
    """Return the figures of the day as it was recorded, held to a configuration's norms."""
    standard = standard_of(config)
    counts = sum((counts_of(row, standard.of(row.queue)) for row in day.rows), CallCounts())
    answered = [row for row in day.rows if row.outcome == Ended.ANSWERED]
    return kpi(
        counts,
        standard.default,
        standard.rules,
        waits=distribution(row.waited_s or 0.0 for row in answered),
        talks=distribution(row.talked_s for row in answered if row.talked_s is not None),
    )


def _half_width(figure: Kpi, bounds: Estimate | None) -> Figure | None:
    if bounds is None or not math.isfinite(bounds.half_width):
        return None
    return rounded(Kpi(figure.name, bounds.half_width, figure.unit))


def replay_report(was: Replay, other: Replay, runs: int, workers: Workers, *, made_at: datetime) -> Report:
    """Return the figures of the day as recorded, as replayed, and as replayed under the other configuration."""
    standard = standard_of(other.config)
    columns = []
    for each in (was, other):
        outcomes = list(workers.each(each.run, range(runs)))
        columns.append(
            {
                figure.name: (figure, bounds)
                for figure, bounds in figures(outcomes, standard.default, standard.rules, CONFIDENCE)
            }
        )
    recorded = {figure.name: figure for figure in recorded_figures(was.day, other.config)}
    rows = []
    for name, (figure, bounds) in columns[1].items():
        code, _, value, norm, passed, _ = kpi_row(figure)
        before = columns[0].get(name)
        rows.append(
            (
                code,
                name,
                rounded(recorded[name]) if name in recorded else None,
                rounded(before[0]) if before else None,
                value,
                _half_width(figure, bounds),
                norm,
                passed,
            )
        )
    begin, end = span(was.day)
    return Report(
        ReportKind.REPLAY,
        Period(begin, end, ZoneInfo(other.config.site.time_zone)),
        None,
        other.config.site.title or other.config.site.name,
        made_at,
        (
            Note("replayed", (str(len(was.day.rows)), str(runs), str(was.seed))),
            Table(
                "side_by_side",
                (
                    Column("code", Kind.TEXT),
                    Column("figure", Kind.NAME),
                    Column("recorded", Kind.FIGURE),
                    Column("as_it_was", Kind.FIGURE),
                    Column("with_other", Kind.FIGURE),
                    Column("half_width", Kind.FIGURE),
                    Column("norm", Kind.FIGURE),
                    Column("verdict", Kind.VERDICT),
                ),
                tuple(sorted(rows, key=lambda row: row[0] is None)),
            ),
        ),
    )

"""The tables of the reports, from gathered numbers."""

from collections.abc import Mapping

from metrics.agent_time import AgentTime, handling_time, occupancy
from metrics.counts import CallCounts
from metrics.kpi import Kpi, Unit, mean_talk, mean_wait, over_maximum, service_level, unanswered_share
from metrics.norms import Rules
from metrics.records.passed_on import TransferCounts
from metrics.records.staff import OfferCounts
from metrics.reports.gather import Gathered, Person
from metrics.reports.model import TOTAL, Cell, Column, Figure, Kind, Table, hours, rounded, seconds, share
from metrics.reports.periods import Interval
from queue_engine.facts import AgentState

KPI_COLUMNS = (
    Column("code", Kind.TEXT),
    Column("figure", Kind.NAME),
    Column("value", Kind.FIGURE),
    Column("norm", Kind.FIGURE),
    Column("verdict", Kind.VERDICT),
    Column("rule", Kind.WORD),
)

FIGURE_COLUMNS = (Column("figure", Kind.NAME), Column("value", Kind.FIGURE))

_COUNT_COLUMNS = (
    Column("accepted", Kind.COUNT),
    Column("answered", Kind.COUNT),
    Column("abandoned", Kind.COUNT),
    Column("overflowed", Kind.COUNT),
    Column("died", Kind.COUNT),
    Column("in_norm", Kind.SHARE),
    Column("unanswered", Kind.SHARE),
    Column("over_maximum", Kind.COUNT),
    Column("mean_wait", Kind.SECONDS),
    Column("longest_wait", Kind.SECONDS),
    Column("mean_talk", Kind.SECONDS),
)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_STATES = tuple(state for state in AgentState if state is not AgentState.LOGGED_OUT)

_WAIT_BORDERS_S = (0, 5, 10, 20, 30, 60, 90, 120)
"""Where unanswered calls are divided by their wait; both norms of SAR 5.1 are borders."""


def kpi_row(figure: Kpi) -> tuple[Cell, ...]:
    """Return a figure as a row of `KPI_COLUMNS`."""
    code = figure.name if figure.name.startswith("K") and figure.name[1:].isdigit() else None
    norm = Figure(figure.norm if figure.bound else None, figure.unit, figure.bound)
    return code, figure.name, rounded(figure), norm, figure.passed, figure.rule or None


def figure_tables(figures: tuple[Kpi, ...]) -> tuple[Table, ...]:
    """Return the figures in three tables: those with a norm by their number, the volumes, the times."""
    with_norm = sorted((f for f in figures if f.norm is not None), key=lambda f: (not f.name.startswith("K"), f.name))
    plain = [figure for figure in figures if figure.norm is None]
    volumes = tuple((figure.name, rounded(figure)) for figure in plain if figure.unit is not Unit.SECONDS)
    times = tuple((figure.name, rounded(figure)) for figure in plain if figure.unit is Unit.SECONDS)
    return (
        Table("indicators", KPI_COLUMNS, tuple(kpi_row(figure) for figure in with_norm)),
        Table("volumes", FIGURE_COLUMNS, volumes),
        Table("waits_and_talks", FIGURE_COLUMNS, times),
    )


def _counted(counts: CallCounts, rules: Rules) -> tuple[Cell, ...]:
    return (
        counts.accepted,
        counts.answered,
        counts.abandoned,
        counts.overflowed,
        counts.died,
        share(service_level(counts, rules.service_level)),
        share(unanswered_share(counts, rules.unanswered)),
        over_maximum(counts, rules.over_maximum),
        seconds(mean_wait(counts)),
        seconds(counts.longest_wait_s) if counts.accepted else None,
        seconds(mean_talk(counts)),
    )


def line_table(gathered: Gathered) -> Table:
    """Return the calls of each line and of all."""
    rules = gathered.standard.rules
    return Table(
        "by_line",
        (Column("queue", Kind.TEXT), *_COUNT_COLUMNS),
        tuple((line, *_counted(counts, rules)) for line, counts in gathered.by_line.items()),
        (TOTAL, *_counted(gathered.total, rules)),
    )


INTERVAL_TABLES = {
    Interval.QUARTER_HOUR: ("by_interval", Column("interval", Kind.INSTANT)),
    Interval.HOUR: ("by_hour", Column("hour", Kind.HOUR)),
    Interval.DAY: ("by_day", Column("day", Kind.DAY)),
    Interval.MONTH: ("by_month", Column("month", Kind.MONTH)),
    Interval.QUARTER: ("by_interval", Column("interval", Kind.DAY)),
}


def interval_table(gathered: Gathered, interval: Interval) -> Table:
    """Return the calls of each interval and of all. Hours of several days are shown with their day."""
    name, column = INTERVAL_TABLES[interval]
    if interval is Interval.HOUR and gathered.period.last_day() != gathered.period.first().date():
        column = Column("interval", Kind.INSTANT)
    rules = gathered.standard.rules
    return Table(
        name,
        (column, *_COUNT_COLUMNS),
        tuple((at, *_counted(counts, rules)) for at, counts in gathered.by_interval(interval).items()),
        (TOTAL, *_counted(gathered.total, rules)),
    )


def heat_tables(gathered: Gathered) -> tuple[Table, Table]:
    """Return accepted calls and the share in norm by weekday and hour of the day."""
    found = gathered.by_weekday_hour()
    rule = gathered.standard.rules.service_level

    def row(weekday: int) -> list[CallCounts]:
        return [found.get((weekday, hour), CallCounts()) for hour in range(24)]

    hours_of_day = [f"{hour:02}" for hour in range(24)]
    return (
        Table(
            "by_weekday_hour",
            (Column("weekday", Kind.WORD), *(Column(hour, Kind.COUNT) for hour in hours_of_day)),
            tuple((name, *(c.accepted for c in row(day))) for day, name in enumerate(WEEKDAYS)),
            shaded=True,
        ),
        Table(
            "in_norm_by_weekday_hour",
            (Column("weekday", Kind.WORD), *(Column(hour, Kind.SHARE) for hour in hours_of_day)),
            tuple((name, *(share(service_level(c, rule)) for c in row(day))) for day, name in enumerate(WEEKDAYS)),
            shaded=True,
            norm=gathered.norms.in_norm_share,
        ),
    )


_WORK_COLUMNS = (
    Column("talks", Kind.COUNT),
    Column("in_norm", Kind.SHARE),
    Column("mean_talk", Kind.SECONDS),
    Column("questioned_s", Kind.SECONDS),
    Column("aht", Kind.SECONDS),
    Column("offers", Kind.COUNT),
    Column("misses", Kind.COUNT),
    Column("missed_share", Kind.SHARE),
    Column("mean_ring", Kind.SECONDS),
    Column("logged_in", Kind.HOURS),
    Column("occupancy", Kind.SHARE),
)


def _work(counts: CallCounts, time: AgentTime, offered: OfferCounts) -> tuple[Cell, ...]:
    return (
        counts.answered,
        share(counts.answered_in_norm / counts.answered if counts.answered else None),
        seconds(mean_talk(counts)),
        seconds(counts.questioned_s / counts.marked if counts.marked else None),
        seconds(handling_time(counts, time)),
        offered.offered,
        offered.missed,
        share(offered.missed_share),
        seconds(offered.mean_ring_s),
        hours(time.logged_in_s),
        share(occupancy(time)),
    )


def _who(people: Mapping[str, Person]) -> tuple[Column, ...]:
    """Return the columns that name an operator; without any known names just the number."""
    number = Column("operator", Kind.TEXT)
    return (number, Column("name", Kind.TEXT)) if people else (number,)


def _name(people: Mapping[str, Person], agent: str) -> tuple[Cell, ...]:
    """Return the cell for the operator's name, where `_who` has a column for it."""
    return (people.get(agent, Person()).name or None,) if people else ()


def operator_table(gathered: Gathered) -> Table:
    """Return each operator's work and that of all. With a line chosen, time at work is still that of all lines."""
    agents = gathered.agents()
    people = gathered.people
    rows = tuple(
        (
            agent,
            *_name(people, agent),
            *_work(
                gathered.by_agent.get(agent, CallCounts()),
                gathered.times.get(agent, AgentTime()),
                gathered.offers.get(agent, OfferCounts()),
            ),
        )
        for agent in agents
    )
    calls = sum(gathered.by_agent.values(), CallCounts())
    offered = sum(gathered.offers.values(), OfferCounts())
    return Table(
        "by_operator",
        (*_who(people), *_WORK_COLUMNS),
        rows,
        (TOTAL, *([None] * bool(people)), *_work(calls, gathered.time, offered)),
    )


def level_table(gathered: Gathered) -> Table:
    """Return the work of the operators of each level."""
    rows = tuple((level or None, *_work(*work)) for level, work in gathered.by_level().items())
    return Table("by_level", (Column("level", Kind.TEXT), *_WORK_COLUMNS), rows)


def state_table(gathered: Gathered) -> Table:
    """Return each operator's hours by state."""

    def cells(time: AgentTime) -> tuple[Cell, ...]:
        return (hours(time.logged_in_s), *(hours(time.by_state.get(state, 0.0)) for state in _STATES))

    rows = tuple(
        (agent, *_name(gathered.people, agent), *cells(gathered.times.get(agent, AgentTime())))
        for agent in gathered.agents()
    )
    columns = (*_who(gathered.people), Column("logged_in", Kind.HOURS))
    return Table(
        "states",
        (*columns, *(Column(state.value, Kind.HOURS) for state in _STATES)),
        rows,
        (TOTAL, *([None] * bool(gathered.people)), *cells(gathered.time)),
    )


def pause_table(gathered: Gathered) -> Table:
    """Return how often and how long operators paused, by reason."""
    rows = tuple(
        (agent, *_name(gathered.people, agent), reason or None, count, hours(paused_s))
        for (agent, reason), (count, paused_s) in sorted(gathered.pauses.items())
    )
    return Table(
        "pauses",
        (
            *_who(gathered.people),
            Column("reason", Kind.WORD),
            Column("count", Kind.COUNT),
            Column("paused", Kind.HOURS),
        ),
        rows,
    )


def transfer_table(gathered: Gathered) -> Table:
    """Return how operators passed callers on, to whom, and what became of them."""

    def cells(counts: TransferCounts) -> tuple[Cell, ...]:
        result = (counts.count, counts.taken, counts.returned, counts.left, counts.elsewhere)
        return (*result, seconds(counts.mean_wait_s))

    return Table(
        "transfers",
        (
            Column("way", Kind.WORD),
            Column("target", Kind.WORD),
            Column("count", Kind.COUNT),
            Column("taken", Kind.COUNT),
            Column("returned", Kind.COUNT),
            Column("left", Kind.COUNT),
            Column("elsewhere", Kind.COUNT),
            Column("mean_wait", Kind.SECONDS),
        ),
        tuple((way, target, *cells(counts)) for (way, target), counts in gathered.transfers.items()),
        (TOTAL, None, *cells(sum(gathered.transfers.values(), TransferCounts()))),
    )


def abandon_table(gathered: Gathered) -> Table:
    """Return the unanswered calls by how long they had waited. Both ends in whole seconds; the last row has no end."""
    total = sum(gathered.unanswered_by_second.values())
    rows = []
    for index, border in enumerate(_WAIT_BORDERS_S):
        end = _WAIT_BORDERS_S[index + 1] if index + 1 < len(_WAIT_BORDERS_S) else None
        inside = sum(
            count
            for second, count in gathered.unanswered_by_second.items()
            if second >= border and (end is None or second < end)
        )
        rows.append((border, end, inside, share(inside / total if total else None)))
    return Table(
        "abandons_by_wait",
        (
            Column("from_s", Kind.COUNT),
            Column("to_s", Kind.COUNT),
            Column("count", Kind.COUNT),
            Column("part", Kind.SHARE),
        ),
        tuple(rows),
    )

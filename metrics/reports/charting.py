"""The charts of the reports, from the same gathered numbers as the tables."""

from metrics.kpi import service_level
from metrics.reports.gather import Gathered
from metrics.reports.model import Chart, ChartKind, Kind, Series, hours, share
from metrics.reports.periods import Interval
from metrics.reports.tables import abandon_table
from queue_engine.facts import AgentState

OPERATORS_AT_MOST = 40
"""A chart of more operators than this cannot be read; the table shows them all."""

_CATEGORY = {
    Interval.QUARTER_HOUR: Kind.HOUR,
    Interval.HOUR: Kind.HOUR,
    Interval.DAY: Kind.DAY,
    Interval.MONTH: Kind.MONTH,
    Interval.QUARTER: Kind.DAY,
}


def volume_chart(gathered: Gathered, interval: Interval) -> Chart:
    """Return the calls of each interval: connected in norm, connected late, unanswered."""
    found = gathered.by_interval(interval)
    counts = found.values()
    return Chart(
        f"calls_by_{interval}",
        ChartKind.STACKED,
        Kind.COUNT,
        tuple(found),
        _CATEGORY[interval],
        (
            Series("answered_in_norm", tuple(c.answered_in_norm for c in counts)),
            Series("answered_late", tuple(c.answered - c.answered_in_norm for c in counts)),
            Series("not_answered", tuple(c.accepted - c.answered for c in counts)),
        ),
    )


def norm_chart(gathered: Gathered, interval: Interval) -> Chart:
    """Return K1 of each interval against its norm."""
    found = gathered.by_interval(interval)
    rule = gathered.standard.rules.service_level
    return Chart(
        f"in_norm_by_{interval}",
        ChartKind.LINE,
        Kind.SHARE,
        tuple(found),
        _CATEGORY[interval],
        (Series("in_norm", tuple(share(service_level(c, rule)) for c in found.values())),),
        norm=gathered.norms.in_norm_share,
    )


def abandon_chart(gathered: Gathered) -> Chart:
    """Return unanswered calls by wait."""
    rows = abandon_table(gathered).rows
    names = tuple(f"{low}–{high}" if high is not None else f"≥ {low}" for low, high, _, _ in rows)
    values = tuple(float(count) if isinstance(count, int) else None for _, _, count, _ in rows)
    return Chart("unanswered_by_wait", ChartKind.BARS, Kind.COUNT, names, Kind.TEXT, (Series("not_answered", values),))


def hours_chart(gathered: Gathered) -> Chart | None:
    """Return operators' hours by state; None where there are too many operators, or none."""
    agents = gathered.agents()
    if not 0 < len(agents) <= OPERATORS_AT_MOST:
        return None
    shown = (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RINGING, AgentState.READY, AgentState.PAUSED)
    others = [s for s in AgentState if s not in {*shown, AgentState.LOGGED_OUT}]

    def of(agent: str, *states: AgentState) -> float:
        time = gathered.times.get(agent)
        return hours(sum(time.by_state.get(s, 0.0) for s in states)) if time else 0.0

    return Chart(
        "operators_hours",
        ChartKind.STACKED,
        Kind.HOURS,
        tuple(agents),
        Kind.TEXT,
        (
            *(Series(state, tuple(of(agent, state) for agent in agents)) for state in shown),
            Series("other_states", tuple(of(agent, *others) for agent in agents)),
        ),
    )

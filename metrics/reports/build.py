"""Puts a report together from the records: one function per report, all over one read transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from metrics.counts import CallCounts
from metrics.kpi import Kpi, Unit, kpi
from metrics.norms import Norms, Standard
from metrics.records.counting import TALKS, WAITS, Scope, count_by_line, measure
from metrics.records.database import reading
from metrics.reports.model import Column, Figure, Kind, Note, Report, ReportKind, Table, rounded
from metrics.reports.periods import Period

KPI_COLUMNS = (
    Column("code", Kind.TEXT),
    Column("figure", Kind.WORD),
    Column("value", Kind.FIGURE),
    Column("norm", Kind.FIGURE),
    Column("verdict", Kind.VERDICT),
    Column("rule", Kind.WORD),
)

FIGURE_COLUMNS = (Column("figure", Kind.WORD), Column("value", Kind.FIGURE))


def kpi_row(figure: Kpi) -> tuple[str | None, str, Figure, Figure, bool | None, str | None]:
    """Return a figure as a row of `KPI_COLUMNS`."""
    code = figure.name if figure.name.startswith("K") and figure.name[1:].isdigit() else None
    norm = Figure(figure.norm if figure.bound else None, figure.unit, figure.bound)
    return code, figure.name, rounded(figure), norm, figure.passed, figure.rule or None


def tables_of(figures: tuple[Kpi, ...]) -> tuple[Table, Table, Table]:
    """Return the figures in three tables: those with a norm, the volumes, the times."""
    with_norm = tuple(kpi_row(figure) for figure in figures if figure.norm is not None)
    plain = [figure for figure in figures if figure.norm is None]
    volumes = tuple((figure.name, rounded(figure)) for figure in plain if figure.unit is not Unit.SECONDS)
    times = tuple((figure.name, rounded(figure)) for figure in plain if figure.unit is Unit.SECONDS)
    return (
        Table("indicators", KPI_COLUMNS, with_norm),
        Table("volumes", FIGURE_COLUMNS, volumes),
        Table("waits_and_talks", FIGURE_COLUMNS, times),
    )


def norms_of(standard: Standard, line: str | None) -> Norms:
    """Return the norms that shares are held to: the line's, or the default over all lines."""
    return standard.default if line is None else standard.of(line)


async def indicators(
    connection: AsyncConnection, scope: Scope, standard: Standard
) -> tuple[dict[str, CallCounts], tuple[Kpi, ...]]:
    """Return the counts of each line and the figures over them together."""
    by_line = await count_by_line(connection, scope, standard)
    waits = await measure(connection, scope, WAITS)
    talks = await measure(connection, scope, TALKS)
    counts = sum(by_line.values(), CallCounts())
    return by_line, kpi(counts, norms_of(standard, scope.line), standard.rules, waits=waits, talks=talks)


def summary(figures: tuple[Kpi, ...]) -> Note:
    """Return the sentence that says which norms are kept."""
    broken = [figure.name for figure in figures if figure.passed is False]
    return Note("summary_broken", (", ".join(broken),)) if broken else Note("summary_kept")


async def kpi_report(
    engine: AsyncEngine,
    period: Period,
    standard: Standard,
    *,
    made_at: datetime,
    line: str | None = None,
    service: str = "",
) -> Report:
    """Return the indicators of a period.

    Args:
        engine: The records.
        period: Calls that entered in it.
        standard: Norms and rules.
        made_at: Now; stands in the report's head.
        line: One line; all together if None.
        service: Whose report it is.
    """
    async with reading(engine) as connection:
        _, figures = await indicators(connection, Scope(period.start, period.end, line), standard)
    return Report(
        ReportKind.KPI,
        period,
        line,
        service,
        made_at,
        (*tables_of(figures), summary(figures)),
    )

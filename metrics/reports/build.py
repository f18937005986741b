"""Puts reports together: which tables, charts and notes each kind has, in which order."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from metrics.errors import ReportError
from metrics.kpi import Kpi
from metrics.norms import Standard
from metrics.records.counting import Scope
from metrics.records.database import reading
from metrics.records.listing import count_listed, count_violations, list_calls, list_violations
from metrics.records.rows import CallRow
from metrics.reports import charting, tables
from metrics.reports.call_back_tables import call_back_parts
from metrics.reports.gather import Gathered, Person, gather
from metrics.reports.model import TOTAL, Cell, Chart, Column, Kind, Note, Report, ReportKind, Table, seconds
from metrics.reports.outgoing import outgoing_parts, survey_parts
from metrics.reports.periods import Interval, Period

VIOLATIONS_AT_MOST = 200
"""Calls that a report of indicators lists by name; all of them are counted."""

CALLS_AT_MOST = 100_000
"""Calls that a list of calls holds, unless asked otherwise: what a spreadsheet still opens."""


@dataclass(frozen=True, slots=True)
class Order:
    """What report is wanted."""

    kind: ReportKind
    period: Period
    made_at: datetime
    """Now, with its offset."""
    line: str | None = None
    """One line; all together if None."""
    by: Interval | None = None
    """For the indicators: also by interval."""
    service: str = ""
    """Whose report it is."""
    people: Mapping[str, Person] = field(default_factory=dict)
    """Names and levels of operators, by number."""
    masked: bool = False
    """Callers' numbers show only their first and last digits."""
    limit: int = CALLS_AT_MOST
    """For the list of calls: how many at most."""


async def make_report(
    engine: AsyncEngine,
    order: Order,
    standard: Standard,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Return the report, read from the records as of one moment. `progress(done, of)` counts steps.

    Raises:
        ReportError: The order contradicts itself, or it is for a report that is not made from the records.
    """
    if order.kind not in {ReportKind.KPI, ReportKind.OPERATORS, ReportKind.CALLS, *_OUTGOING, *_DIVISION}:
        raise ReportError(f"a report of kind {order.kind} is not made from the records")
    if order.limit < 1:
        raise ReportError("a list of calls holds at least one call")
    async with reading(engine) as connections:
        if order.kind is ReportKind.CALLS:
            parts = await _calls(connections[0], order)
        elif order.kind in _OUTGOING:
            parts = [*await _OUTGOING[order.kind](connections[0], order.period, order.line)]
        else:
            gathered = await gather(
                connections,
                order.period,
                standard,
                as_of=order.made_at.timestamp(),
                line=order.line,
                people=order.people,
                progress=progress,
            )
            match order.kind:
                case ReportKind.OPERATORS:
                    parts = _staff(gathered)
                case ReportKind.KPI:
                    parts = _indicators(gathered, order)
                case _:
                    parts = _periodical(gathered, order.kind) + await _violations(connections, order, gathered)
    return Report(order.kind, order.period, order.line, order.service, order.made_at, tuple(parts))


async def kpi_report(
    engine: AsyncEngine,
    period: Period,
    standard: Standard,
    *,
    made_at: datetime,
    line: str | None = None,
    service: str = "",
) -> Report:
    """Return the indicators of a period; short for `make_report`."""
    return await make_report(engine, Order(ReportKind.KPI, period, made_at, line, service=service), standard)


Parts = list[Table | Chart | Note]


def _summary(figures: tuple[Kpi, ...]) -> Note:
    broken = [figure.name for figure in figures if figure.passed is False and figure.name.startswith("K")]
    return Note("summary_broken", (", ".join(broken),)) if broken else Note("summary_kept")


def _indicators(gathered: Gathered, order: Order) -> Parts:
    figures = gathered.figures()
    parts: Parts = [*tables.figure_tables(figures)]
    if order.line is None and len(gathered.by_line) > 1:
        parts.append(tables.line_table(gathered))
    if order.by is not None:
        parts.append(tables.interval_table(gathered, order.by))
    parts.append(_summary(figures))
    if gathered.total.open:
        parts.append(Note("still_open", (str(gathered.total.open),)))
    return parts


_OUTGOING = {ReportKind.OUTGOING: outgoing_parts, ReportKind.SURVEYS: survey_parts}
_DIVISION = {
    ReportKind.DAILY: Interval.HOUR,
    ReportKind.MONTHLY: Interval.DAY,
    ReportKind.QUARTERLY: Interval.MONTH,
}


def _periodical(gathered: Gathered, kind: ReportKind) -> Parts:
    figures = gathered.figures()
    by_name = tables.figure_tables(figures)
    interval = _DIVISION[kind]
    parts: Parts = [_summary(figures), by_name[0]]
    if gathered.total.open:
        parts.append(Note("still_open", (str(gathered.total.open),)))
    parts += [
        charting.volume_chart(gathered, interval),
        charting.norm_chart(gathered, interval),
        *by_name[1:],
    ]
    if gathered.line is None and len(gathered.by_line) > 1:
        parts.append(tables.line_table(gathered))
    parts.append(tables.interval_table(gathered, interval))
    if kind is not ReportKind.DAILY:
        parts += tables.heat_tables(gathered)
    parts += [charting.abandon_chart(gathered), tables.abandon_table(gathered), tables.operator_table(gathered)]
    if gathered.by_level():
        parts.append(tables.level_table(gathered))
    if gathered.pauses:
        parts.append(tables.pause_table(gathered))
    if gathered.transfers:
        parts.append(tables.transfer_table(gathered))
    parts += call_back_parts(gathered, VIOLATIONS_AT_MOST)
    return parts


def _staff(gathered: Gathered) -> Parts:
    parts: Parts = [tables.operator_table(gathered)]
    chart = charting.hours_chart(gathered)
    if chart is not None:
        parts.append(chart)
    if gathered.by_level():
        parts.append(tables.level_table(gathered))
    parts.append(tables.state_table(gathered))
    if gathered.pauses:
        parts.append(tables.pause_table(gathered))
    return parts if gathered.agents() else [Note("nothing")]


async def _violations(connections: tuple[AsyncConnection, AsyncConnection], order: Order, gathered: Gathered) -> Parts:
    scope = Scope(order.period.start, order.period.end, order.line)
    first, second = connections
    counted, listed = await asyncio.gather(
        count_violations(first, scope, gathered.standard),
        list_violations(second, scope, gathered.standard, VIOLATIONS_AT_MOST),
    )
    total = sum(counted.values())
    kinds = ("over_maximum", "not_answered", "over_norm")
    parts: Parts = [
        Table(
            "violations",
            (Column("violation", Kind.WORD), Column("count", Kind.COUNT)),
            tuple((kind, counted.get(kind, 0)) for kind in kinds),
            (TOTAL, total),
        )
    ]
    if listed:
        rows = tuple(
            (
                one.call.entered_at,
                one.call.queue,
                shown_number(one.call.caller, masked=order.masked),
                seconds(one.call.waited_s),
                one.call.outcome,
                one.call.agent,
                one.kind,
                one.call.call,
            )
            for one in listed
        )
        columns = (
            Column("entered_at", Kind.INSTANT),
            Column("queue", Kind.TEXT),
            Column("caller", Kind.TEXT),
            Column("waited_s", Kind.SECONDS),
            Column("outcome", Kind.WORD),
            Column("operator", Kind.TEXT),
            Column("violation", Kind.WORD),
            Column("call", Kind.TEXT),
        )
        parts.append(Table("violating_calls", columns, rows))
    if total > len(listed):
        parts.append(Note("calls_of_total", (str(len(listed)), str(total))))
    return parts


_CALL_COLUMNS = (
    Column("entered_at", Kind.INSTANT),
    Column("call", Kind.TEXT),
    Column("queue", Kind.TEXT),
    Column("caller", Kind.TEXT),
    Column("outcome", Kind.WORD),
    Column("waited_s", Kind.SECONDS),
    Column("talked_s", Kind.SECONDS),
    Column("questioned_s", Kind.SECONDS),
    Column("operator", Kind.TEXT),
    Column("name", Kind.TEXT),
    Column("answered_at", Kind.INSTANT),
    Column("ended_at", Kind.INSTANT),
    Column("ended_by", Kind.WORD),
    Column("cause", Kind.TEXT),
    Column("offers", Kind.COUNT),
    Column("misses", Kind.COUNT),
    Column("destination", Kind.TEXT),
    Column("reason", Kind.TEXT),
)


async def _calls(connection: AsyncConnection, order: Order) -> Parts:
    scope = Scope(order.period.start, order.period.end, order.line)
    total = await count_listed(connection, scope)
    rows = [_call_cells(call, order) async for call in list_calls(connection, scope, order.limit)]
    parts: Parts = [Table("list_of_calls", _CALL_COLUMNS, tuple(rows))]
    if total > len(rows):
        parts.append(Note("calls_of_total", (str(len(rows)), str(total))))
    return parts


def _call_cells(call: CallRow, order: Order) -> tuple[Cell, ...]:
    return (
        call.entered_at,
        call.call,
        call.queue,
        shown_number(call.caller, masked=order.masked),
        call.outcome or "waiting",
        seconds(call.waited_s),
        seconds(call.talked_s),
        seconds(call.questioned_s),
        call.agent,
        order.people.get(call.agent or "", Person()).name,
        call.answered_at,
        call.ended_at,
        call.ended_by,
        None if call.cause is None else str(call.cause),
        call.offers,
        call.misses,
        call.destination,
        call.reason,
    )


def shown_number(number: str, *, masked: bool) -> str | None:
    """Return a caller's number as a report shows it: whole, or `+7917***0001`; None where it was withheld."""
    if not number:
        return None
    if not masked:
        return number
    if len(number) < 9:
        return "*" * len(number)
    return f"{number[:-7]}***{number[-4:]}"

"""The analysis of appeals (K8; UDM 8.1, 8.2, VLA 4.1, 4.2, KEM 3.1): a period from every side, time against limit.

A card belongs to the period in which it was opened. Its limit counts as broken if it was finished after its time to
resolve, or is still open past it; a card without a limit is in neither count. Figures come from the database in one
statement per side, so a quarter of 300 000 cards costs no memory here.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Row, and_, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.journal.store import tables
from queue_engine.ids import Instant


@dataclass(frozen=True, slots=True)
class Part:
    """One row of one side."""

    label: str
    """A title from a catalogue, a login, or the value of an enumeration; empty where the cards have none."""
    cards: int
    finished: int
    within: int
    """Finished or open with their limit kept so far."""
    beyond: int
    """With their limit broken."""
    mean_resolve_s: float | None
    """From opening to completion, seconds on the wall; None where nothing is finished."""


@dataclass(frozen=True, slots=True)
class Report:
    """A period from every side."""

    begin: Instant
    end: Instant
    total: Part
    by_reason: tuple[Part, ...]
    by_organisation: tuple[Part, ...]
    by_state: tuple[Part, ...]
    by_channel: tuple[Part, ...]
    by_urgency: tuple[Part, ...]
    by_level: tuple[Part, ...]
    """By the role of the responsible person; empty for whoever is not on the access list."""
    by_responsible: tuple[Part, ...]
    by_time: tuple[Part, ...]
    """By the day of opening, `2026-11-16`, in periods of up to `DAYS`; by the month, `2026-11`, in longer ones. Every
    day or month of the period, in their order."""
    repeats: int
    """Cards beyond the first from the same number."""


DAYS: Final = 45


async def report(
    engine: AsyncEngine, service: str, begin: Instant, end: Instant, now: Instant, zone: ZoneInfo
) -> Report:
    """Return the analysis of the cards opened from `begin` to before `end`, as it stands at `now`.

    Args:
        engine: The journal's database.
        service: Whose cards.
        begin: Midnight on the wall of `zone`.
        end: Likewise.
        now: When the report is made.
        zone: The site's, for days and months.
    """
    card, reason, organisation, person = tables.card, tables.reason, tables.organisation, tables.person
    period = and_(card.c.service == service, card.c.opened_at >= begin, card.c.opened_at < end)
    async with engine.connect() as connection:
        sides = _Sides(connection, period, now)
        total = await sides.by(None)
        by_reason = await sides.by(card.c.reason_id)
        by_organisation = await sides.by(card.c.organisation_id)
        titles = {
            row.id: row.title for row in await connection.execute(select(reason).where(reason.c.service == service))
        }
        names = {
            row.id: row.name
            for row in await connection.execute(select(organisation).where(organisation.c.service == service))
        }
        people = {
            row.login: row
            for row in await connection.execute(
                select(person.c.login, person.c.name, person.c.role).where(person.c.service == service)
            )
        }
        by_responsible = await sides.by(card.c.responsible)
        by_day = await sides.by(_day(engine.dialect.name, begin, end, zone))
        numbers = select(func.count().label("times")).where(period, card.c.caller != "").group_by(card.c.caller)
        again = numbers.having(func.count() > 1).subquery()
        repeats = await connection.scalar(select(func.coalesce(func.sum(again.c.times - 1), 0)))
        return Report(
            begin,
            end,
            total[0] if total else Part("", 0, 0, 0, 0, None),
            tuple(_named(by_reason, titles)),
            tuple(_named(by_organisation, names)),
            tuple(await sides.by(card.c.state)),
            tuple(await sides.by(card.c.channel)),
            tuple(await sides.by(card.c.urgency)),
            tuple(_merged(by_responsible, lambda login: people[login].role if login in people else "")),
            tuple(
                replace(part, label=people[part.label].name if part.label in people else part.label)
                for part in by_responsible
            ),
            tuple(_by_time(by_day, begin, end, zone)),
            int(repeats or 0),
        )


def _named(parts: list[Part], names: dict[int, str]) -> list[Part]:
    return [replace(part, label=names.get(int(part.label), part.label) if part.label else "") for part in parts]


def _day(dialect: str, begin: Instant, end: Instant, zone: ZoneInfo) -> ColumnElement[object]:
    """Return the number of the day on the wall on which a card was opened, the day of `begin` being 0.

    A change of the clock in the period is counted from its instant on.
    """
    card = tables.card
    shifts = _shifts(begin, end, zone)
    ahead = [(card.c.opened_at >= at, literal(seconds)) for at, seconds in reversed(shifts)]
    shift = case(*ahead, else_=literal(0.0)) if ahead else literal(0.0)
    days = (card.c.opened_at - begin + shift) / 86400.0
    return cast(days, Integer) if dialect == "sqlite" else func.floor(days)  # the cast cuts off; PostgreSQL's rounds


def _shifts(begin: Instant, end: Instant, zone: ZoneInfo) -> list[tuple[float, float]]:
    """Return from when on the wall is how many seconds ahead of what it was at `begin`, to the hour."""
    first = datetime.fromtimestamp(begin, zone).utcoffset()
    found: list[tuple[float, float]] = []
    before = first
    for hour in range(math.ceil((end - begin) / 3600)):
        at = begin + 3600.0 * hour
        offset = datetime.fromtimestamp(at, zone).utcoffset()
        if offset != before and offset is not None and first is not None:
            found.append((at, (offset - first).total_seconds()))
            before = offset
    return found


def _by_time(by_day: list[Part], begin: Instant, end: Instant, zone: ZoneInfo) -> list[Part]:
    """Return a part per day, or per month of a long period, those without a card included."""
    first = datetime.fromtimestamp(begin, zone).date()
    last = datetime.fromtimestamp(end - 1, zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    form = "%Y-%m-%d" if len(days) <= DAYS else "%Y-%m"
    labels = dict.fromkeys(day.strftime(form) for day in days)
    found = _merged(by_day, lambda number: (first + timedelta(days=int(float(number)))).strftime(form))
    known = {part.label: part for part in found}
    return [known.get(label) or Part(label, 0, 0, 0, 0, None) for label in labels]


def _merged(parts: Iterable[Part], label_of: Callable[[str], str]) -> list[Part]:
    """Return the parts of one label as one, the largest first."""
    merged: dict[str, Part] = {}
    for part in parts:
        label = label_of(part.label)
        known = merged.get(label)
        merged[label] = replace(part, label=label) if known is None else _sum(known, part)
    return sorted(merged.values(), key=lambda part: -part.cards)


def _sum(one: Part, other: Part) -> Part:
    finished = one.finished + other.finished
    times = [part.mean_resolve_s * part.finished for part in (one, other) if part.mean_resolve_s is not None]
    return Part(
        one.label,
        one.cards + other.cards,
        finished,
        one.within + other.within,
        one.beyond + other.beyond,
        sum(times) / finished if finished else None,
    )


class _Sides:
    def __init__(self, connection: AsyncConnection, period: ColumnElement[bool], now: Instant) -> None:
        self._connection = connection
        self._period = period
        card = tables.card
        done = card.c.finished_at.is_not(None)
        over = func.coalesce(card.c.finished_at, now) > card.c.resolve_due_at
        self._figures = (
            func.count().label("cards"),
            func.count(card.c.finished_at).label("finished"),
            func.sum(case((and_(card.c.resolve_due_at.is_not(None), ~over), 1), else_=0)).label("within"),
            func.sum(case((over, 1), else_=0)).label("beyond"),
            func.avg(case((done, card.c.finished_at - card.c.opened_at))).label("mean_resolve_s"),
        )

    async def by(self, side: ColumnElement[object] | None) -> list[Part]:
        """Return a row per value of the side, the largest first; without a side the total."""
        statement = select(*self._figures).where(self._period)
        if side is not None:
            statement = statement.add_columns(side.label("side")).group_by(side)
            statement = statement.order_by(func.count().desc(), side)
        rows = await self._connection.execute(statement)
        return [_part(row, "" if side is None else row.side) for row in rows]


def _part(row: Row[tuple[object, ...]], label: object) -> Part:
    mean = row.mean_resolve_s
    return Part(
        "" if label is None else str(label),
        row.cards,
        row.finished,
        int(row.within or 0),
        int(row.beyond or 0),
        None if mean is None else float(mean),
    )

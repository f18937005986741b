"""The analysis of appeals (K8; UDM 8.1, 8.2, VLA 4.1, 4.2, KEM 3.1): a period from every side, time against limit.

A card belongs to the period in which it was opened. Its limit counts as broken if it was finished after its time to
resolve, or is still open past it; a card without a limit is in neither count. Figures come from the database in one
statement per side, so a quarter of 300 000 cards costs no memory here.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, and_, case, func, select
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
    by_responsible: tuple[Part, ...]
    repeats: int
    """Cards beyond the first from the same number."""


async def report(engine: AsyncEngine, service: str, begin: Instant, end: Instant, now: Instant) -> Report:
    """Return the analysis of the cards opened from `begin` to before `end`, as it stands at `now`."""
    card, reason, organisation = tables.card, tables.reason, tables.organisation
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
            tuple(await sides.by(card.c.responsible)),
            int(repeats or 0),
        )


def _named(parts: list[Part], names: dict[int, str]) -> list[Part]:
    return [
        Part(names.get(int(part.label), part.label) if part.label else "", part.cards, part.finished, part.within,
             part.beyond, part.mean_resolve_s)
        for part in parts
    ]  # fmt: skip


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

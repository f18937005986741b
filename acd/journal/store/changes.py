"""The changes of all cards in their order, from the histories: for whoever tells others of them.

Numbers of changes are drawn before their transactions end: of two that are written at the same time the later number
may be there first. So a reader looks a little behind the last number that he has seen, and skips what he knows.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.numbers import CardNumber
from acd.journal.store import tables
from queue_engine.ids import Instant

BEHIND: Final = 100
"""Far more transactions than the journal has under way at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one card."""

    id: int
    at: Instant
    actor: str
    trigger: str
    number: CardNumber
    before: Mapping[str, Any]
    """The card's fields before it; empty where it was opened by it."""
    after: Mapping[str, Any]


async def last_change(engine: AsyncEngine) -> int:
    """Return the number of the last change; 0 if there is none."""
    async with engine.connect() as connection:
        return await connection.scalar(select(func.coalesce(func.max(tables.history.c.id), 0))) or 0


async def changes_after(
    engine: AsyncEngine, service: str, place: int, known: Collection[int], limit: int
) -> list[Change]:
    """Return so many changes of a service's cards after this number, but for those that are known, in their order."""
    history, card = tables.history, tables.card
    query = (
        select(history, card.c.prefix, card.c.year, card.c.running)
        .join(card, card.c.id == history.c.card_id)
        .where(history.c.id > place, history.c.id.not_in(known), card.c.service == service)
        .order_by(history.c.id)
        .limit(limit)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
        found = []
        for row in rows:
            earlier = await connection.scalars(
                select(history.c.after)
                .where(history.c.card_id == row.card_id, history.c.version < row.version)
                .order_by(history.c.version)
            )
            before: dict[str, Any] = {}
            for fields in earlier:
                before |= fields
            number = CardNumber(row.prefix, row.year, row.running)
            found.append(Change(row.id, row.at, row.actor, row.trigger, number, before, before | row.after))
    return found

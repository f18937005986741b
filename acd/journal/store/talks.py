"""Talks of cards, call-backs booked for them, how far the daemon's facts are read; in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.journal.store import tables
from callback.ids import RequestId
from queue_engine.ids import Instant


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk with the caller of a card."""

    call: str
    agent: str
    answered_at: Instant
    talked_s: float | None = None
    """None while they talk."""
    recording: str = ""


async def begin_talk(connection: AsyncConnection, card: int, talk: Talk) -> bool:
    """Add a talk to the card; return False for one that is there already.

    A talk that a restarted daemon finds going on is told again, with the instant at which it was found.
    """
    table = tables.talk
    under_way = select(table.c.id).where(
        table.c.call == talk.call, table.c.agent == talk.agent, table.c.talked_s.is_(None)
    )
    if await connection.scalar(under_way.limit(1)) is not None:
        return False
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    added = await connection.execute(
        dialect.insert(table)
        .values(
            card_id=card,
            call=talk.call,
            agent=talk.agent,
            answered_at=talk.answered_at,
            talked_s=talk.talked_s,
            recording=talk.recording,
        )
        .on_conflict_do_nothing()
        .returning(table.c.id)
    )
    return added.scalar_one_or_none() is not None


async def end_talk(connection: AsyncConnection, call: str, agent: str, talked_s: float) -> int | None:
    """Note how long the operator's latest talk of this call lasted; return its card, None if it has none."""
    table = tables.talk
    latest = (
        select(table.c.id)
        .where(table.c.call == call, table.c.agent == agent)
        .order_by(table.c.answered_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    done = await connection.execute(
        update(table).where(table.c.id == latest).values(talked_s=talked_s).returning(table.c.card_id)
    )
    card: int | None = done.scalar_one_or_none()
    return card


async def card_of_calls(connection: AsyncConnection, service: str, calls: Sequence[str]) -> int | None:
    """Return the service's card to which one of these calls belongs, the latest if there are several."""
    talk, card = tables.talk, tables.card
    found: int | None = await connection.scalar(
        select(talk.c.card_id)
        .join(card, card.c.id == talk.c.card_id)
        .where(talk.c.call.in_(calls), card.c.service == service)
        .order_by(talk.c.id.desc())
        .limit(1)
    )
    return found


async def note_callback(connection: AsyncConnection, request: RequestId, card: int, at: Instant, by: str) -> None:
    """Note that a call-back was booked for a card; one that joins an open request belongs to the newest card."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {"card_id": card, "at": at, "by": by}
    statement = dialect.insert(tables.callback).values(request=request, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=[tables.callback.c.request], set_=values))


async def card_of_callback(connection: AsyncConnection, service: str, request: RequestId) -> int | None:
    """Return the service's card for which this call-back was booked at the desk."""
    booked, card = tables.callback, tables.card
    found: int | None = await connection.scalar(
        select(booked.c.card_id)
        .join(card, card.c.id == booked.c.card_id)
        .where(booked.c.request == request, card.c.service == service)
    )
    return found


async def talks_of(connection: AsyncConnection, card: int) -> list[Talk]:
    """Return the talks of the card in their order."""
    table = tables.talk
    rows = await connection.execute(
        select(table).where(table.c.card_id == card).order_by(table.c.answered_at, table.c.id)
    )
    return [Talk(row.call, row.agent, row.answered_at, row.talked_s, row.recording) for row in rows]


async def read_place(connection: AsyncConnection, source: str) -> int | None:
    """Return the number of the last fact of this source that was worked off; None before the first start."""
    table = tables.place
    place: int | None = await connection.scalar(select(table.c.fact_id).where(table.c.source == source))
    return place


async def write_place(connection: AsyncConnection, source: str, fact_id: int) -> None:
    """Note that everything up to this fact is worked off."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(tables.place).values(source=source, fact_id=fact_id)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[tables.place.c.source], set_={"fact_id": fact_id})
    )

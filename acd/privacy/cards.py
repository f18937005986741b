"""What the journal says of a person beside his number: his name and what he told, in cards, their history, letters.

A card stays as a case that was dealt with: its dates, its reason, the clinic, what became of it. Whoever called is gone
from it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.journal.cards import Card
from acd.journal.store.cards import card_of, row_of
from acd.journal.store.tables import card, history, outbox
from acd.privacy.person import Person
from acd.privacy.tables import AT_ONCE

GONE: Final = "[удалено по требованию]"
CONTACT: Final = ("contact_name", "contact_phone", "contact_email")
TOLD: Final = ("description", "measures", "rejection")


async def cards_of(link: AsyncConnection, person: Person) -> list[int]:
    """Return the ids of the cards of a person: he called, or is whom to call."""
    pattern = person.like(typed=True)
    found = await link.execute(
        select(card.c.id, card.c.caller, card.c.contact_phone)
        .where(or_(card.c.caller.like(pattern), card.c.contact_phone.like(pattern)))
        .order_by(card.c.id)
    )
    return [row.id for row in found if person.is_in(row.caller) or person.is_in(row.contact_phone)]


async def erase_told(engine: AsyncEngine, cards: Sequence[int], person: Person) -> None:
    """Take the person out of these cards, of their history and of the letters about them."""
    for first in range(0, len(cards), AT_ONCE):
        part = cards[first : first + AT_ONCE]
        async with engine.begin() as link:
            for row in (await link.execute(select(card).where(card.c.id.in_(part)))).mappings().all():
                values = row_of(_without_person(card_of(row), person))
                await link.execute(update(card).where(card.c.id == row["id"]).values(values))
            for row in (await link.execute(select(history).where(history.c.card_id.in_(part)))).mappings().all():
                changes = {name: {k: _blanked(k, v) for k, v in row[name].items()} for name in ("before", "after")}
                note = {"note": GONE if row["note"] else ""}
                await link.execute(update(history).where(history.c.id == row["id"]).values(changes | note))
            await link.execute(update(outbox).where(outbox.c.card_id.in_(part)).values(subject=GONE, body=GONE))


def _without_person(found: Card, person: Person) -> Card:
    told: dict[str, Any] = {name: _blanked(name, getattr(found, name)) for name in (*CONTACT, *TOLD)}
    return replace(found, caller=person.erased(found.caller), **told)


def _blanked(name: str, value: Any) -> Any:
    if name in CONTACT:
        return ""
    return GONE if name in TOLD and value else value

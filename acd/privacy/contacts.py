"""What call lists know of a person beside his number: his name, details out of a file, notes of operators."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.privacy.person import Person
from acd.privacy.tables import AT_ONCE
from metrics.records.tables import campaign_contacts

_C = campaign_contacts.c


async def erase_contacts(engine: AsyncEngine, person: Person) -> None:
    """Take out of his contacts what stands there beside the number, which every table's erasure replaces."""
    async with engine.connect() as link:
        rows = (await link.execute(select(_C.id, _C.number).where(_C.number.like(person.like(typed=True))))).all()
    ids: Sequence[int] = [row.id for row in rows if person.is_in(row.number)]
    for first in range(0, len(ids), AT_ONCE):
        async with engine.begin() as link:
            his = _C.id.in_(ids[first : first + AT_ONCE])
            await link.execute(update(campaign_contacts).where(his).values(name="", details="{}", note=""))

"""Makes the derived tables anew from the facts, in one transaction: afterwards they are what they should be.

For after a change of a rule in `derive.py`, or a doubt. The daemon may run meanwhile: its own facts wait in the spool.
"""

from collections.abc import Callable
from typing import Final

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.codec import decode
from metrics.records.derive import DERIVED, Derivation, PlacedFact
from metrics.records.store import Lookups, derive_into, upserts
from metrics.records.tables import facts

_FACTS_AT_ONCE: Final = 2000


async def rebuild(engine: AsyncEngine, progress: Callable[[int, int], None] = lambda _done, _of: None) -> int:
    """Derive all tables from the facts again; return the number of facts read. `progress(done, of)` counts facts."""
    lookups, writers = Lookups(engine), upserts(engine)
    derivation = Derivation()
    done, last_id = 0, 0
    async with engine.begin() as connection:
        for table in DERIVED:
            await connection.execute(delete(table))
        total = await connection.scalar(select(func.count()).select_from(facts)) or 0
        while rows := (
            await connection.execute(
                select(facts).where(facts.c.id > last_id).order_by(facts.c.id).limit(_FACTS_AT_ONCE)
            )
        ).all():
            batch = [
                PlacedFact(row.run, row.seq, decode(row.kind, row.version, orjson.loads(row.payload))) for row in rows
            ]
            await connection.run_sync(derive_into, derivation, batch, lookups, writers)
            derivation.settle()
            last_id = rows[-1].id
            done += len(rows)
            progress(done, total)
    return done

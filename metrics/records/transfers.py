"""What is asked of the table of transfers."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.tables import transfers


async def ended_transfers(engine: AsyncEngine, next_calls: Sequence[str]) -> set[str]:
    """Return those of the visits whose transfer's end is recorded."""
    query = select(transfers.c.next_call).where(
        transfers.c.next_call.in_(next_calls), transfers.c.ended_at.is_not(None)
    )
    async with engine.connect() as connection:
        return set((await connection.scalars(query)).all())

"""Older events, read from the records page by page."""

from collections.abc import AsyncGenerator
from typing import Final

import orjson
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acd.control.errors import StoreAway
from acd.control.events import Event, UnknownPlace
from acd.control.store.database import first_line
from metrics.records.database import open_engine
from metrics.records.tables import facts

PAGE: Final = 500
"""Rows at once: no reader holds the database for long."""


class RecordedHistory:
    """The facts of the records as events."""

    def __init__(self, url: str) -> None:
        """Take the URL of the records."""
        self._url = url

    async def after(self, run: str, seq: int) -> AsyncGenerator[Event, None]:
        """Yield the events recorded after this one, oldest first.

        Raises:
            StoreAway: The records cannot be read.
            UnknownPlace: No such event is recorded.
        """
        engine = open_engine(self._url)
        try:
            async with engine.connect() as link:
                place = await link.scalar(select(facts.c.id).where(facts.c.run == run, facts.c.seq == seq))
            if place is None:
                raise UnknownPlace
            while True:
                page = (
                    select(facts.c.id, facts.c.run, facts.c.seq, facts.c.kind, facts.c.payload)
                    .where(facts.c.id > place)
                    .order_by(facts.c.id)
                    .limit(PAGE)
                )
                async with engine.connect() as link:
                    rows = (await link.execute(page)).all()
                for row in rows:
                    place = row.id
                    yield Event(row.run, row.seq, row.kind, orjson.loads(row.payload))
                if len(rows) < PAGE:
                    return
        except (SQLAlchemyError, OSError) as fault:
            raise StoreAway(first_line(fault)) from fault
        finally:
            await engine.dispose()

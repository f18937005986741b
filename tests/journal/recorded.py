"""The daemon's records, as the journal reads them: facts committed by the records' own way."""

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import count

from acd.journal.feed import Feed
from acd.journal.from_calls import CardsFromCalls
from metrics.records.database import open_engine, upgrade
from tests.metrics.storing import store


class Records:
    """A database of records."""

    def __init__(self, url):
        self.url = url
        self.engine = open_engine(url)
        self._runs = count(1)

    async def put(self, *facts, run=None):
        """Record facts, as one run of the daemon; return the run's name."""
        name = run or f"run{next(self._runs)}"
        await store(self.engine, facts, name)
        return name

    def feed(self, service, line):
        """Return what works the facts off for a service's journal."""
        cards = CardsFromCalls({line: service.journal}, service.people)
        return Feed(self.engine, service.journal.cards._engine, cards, service.facts.append)


@asynccontextmanager
async def records_in(folder):
    """Make an empty database of records for the block."""
    url = f"sqlite:///{folder / 'records.sqlite'}"
    await asyncio.to_thread(upgrade, url)
    records = Records(url)
    try:
        yield records
    finally:
        await records.engine.dispose()


@asynccontextmanager
async def at_work(feed):
    """Let the feed run for as long as the block does."""
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

"""The daemon's facts for the journal, read from the records: each once and only once, whatever crashes in between.

The records are the truth (`metrics.records`): what is not in them has not happened. The journal reads them in the order
of their numbers and notes how far it is in the transaction that writes the cards. So facts that were recorded while the
journal was away, or died between a fact and its card, are found at the next start; and nothing is worked off twice.
While a database is away nothing is lost either: the facts stand in the spool of the daemon, the place where it was.

The daemon's own events only say when to look. A fact is in the records some 0.2 s after it became true.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson
import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.journal.facts import JournalFact
from acd.journal.from_calls import KINDS, CardsFromCalls, Story
from acd.journal.store.talks import read_place, write_place
from metrics.records.codec import RecordedFact, UnknownFact, decode
from metrics.records.tables import call_back_attempts, calls, facts
from queue_engine.facts import CallAnswered

SOURCE: Final = "facts"
PAGE: Final = 50
"""Facts in one transaction: it holds SQLite's only lock for milliseconds."""
LOOK_S: Final = 0.05
"""How long to wait for a fact that was announced and is not yet in the records, at first."""
LONGEST_LOOK_S: Final = 2.0
"""The same, once it is late: the records' database is away."""

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Recorded:
    id: int
    run: str
    seq: int
    fact: RecordedFact | UnknownFact
    story: Story


class Feed:
    """Works off the facts of one daemon's records for the journal.

    Args:
        records: The database that has the facts; belongs to the caller.
        engine: The journal's, which may be the same.
        cards: What facts mean.
        publish: Is told what has become true, after the commit.
    """

    def __init__(
        self,
        records: AsyncEngine,
        engine: AsyncEngine,
        cards: CardsFromCalls,
        publish: Callable[[JournalFact], None],
    ) -> None:
        self._records = records
        self._engine = engine
        self._cards = cards
        self._publish = publish
        self._news = asyncio.Event()
        self._wanted: tuple[str, int] | None = None
        self._reached: tuple[str, int] = "", 0
        """The last fact that was worked off."""

    def announce(self, run: str, seq: int, kind: str) -> None:
        """Take note that this fact is on its way into the records; never blocks and never raises."""
        if kind in KINDS:
            self._wanted = run, seq
            self._note_reached()
            self._news.set()

    def look(self) -> None:
        """Look into the records: something may have been missed."""
        self._news.set()

    async def run(self) -> None:
        """Work off facts until cancelled: first all that came while nobody was here, then each as it comes."""
        self._news.set()
        wait_s = LOOK_S
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.catch_up()
            except (SQLAlchemyError, OSError) as error:
                log.warning("journal.away", reason=type(error).__name__)
                self._news.set()
                await asyncio.sleep(LONGEST_LOOK_S)
            else:
                if self._wanted is None:
                    wait_s = LOOK_S
                else:  # announced, but not yet recorded
                    self._news.set()
                    await asyncio.sleep(wait_s)
                    wait_s = min(LONGEST_LOOK_S, wait_s * 1.2)

    async def catch_up(self) -> int:
        """Work off all that the records have by now; return how many facts that were.

        Raises:
            SQLAlchemyError, OSError: A database is away. What was not committed is worked off the next time.
        """
        done = 0
        while page := await self._page():
            news: list[JournalFact] = []
            async with self._engine.begin() as connection:
                for recorded in page:
                    told = await self._cards.apply(connection, recorded.fact, recorded.story)
                    if told is not None:
                        news.append(told)
                await write_place(connection, SOURCE, page[-1].id)
            self._reached = page[-1].run, page[-1].seq
            self._note_reached()
            for told in news:
                self._publish(told)
            done += len(page)
        return done

    def _note_reached(self) -> None:
        run, seq = self._reached
        if self._wanted is not None and self._wanted[0] == run and self._wanted[1] <= seq:
            self._wanted = None

    async def _page(self) -> list[_Recorded]:
        """Return the next facts that mean something here; none if there are none."""
        async with self._engine.connect() as connection:
            place = await read_place(connection, SOURCE)
        async with self._records.connect() as connection:
            if place is None:
                place = await self._begin(connection)
            rows = await connection.execute(
                select(facts.c.id, facts.c.run, facts.c.seq, facts.c.kind, facts.c.version, facts.c.payload)
                .where(facts.c.id > place, facts.c.kind.in_(KINDS))
                .order_by(facts.c.id)
                .limit(PAGE)
            )
            page = []
            for row in rows.all():
                fact = decode(row.kind, row.version, orjson.loads(row.payload))
                story = await _story(connection, fact) if isinstance(fact, CallAnswered) else Story()
                page.append(_Recorded(row.id, row.run, row.seq, fact, story))
        return page

    async def _begin(self, connection: AsyncConnection) -> int:
        """Begin with what comes from now on: a journal that is new at a site has no cards for the years before it."""
        last: int = await connection.scalar(select(func.coalesce(func.max(facts.c.id), 0))) or 0
        async with self._engine.begin() as own:
            await write_place(own, SOURCE, last)
        log.info("journal.begins", after_fact=last)
        return last


async def _story(connection: AsyncConnection, fact: CallAnswered) -> Story:
    attempt = call_back_attempts
    found = await connection.execute(select(attempt.c.number, attempt.c.broken_call).where(attempt.c.call == fact.call))
    if (row := found.one_or_none()) is not None:
        return Story(row.number, row.broken_call or "")
    caller = await connection.scalar(select(calls.c.caller).where(calls.c.call == fact.call))
    return Story(caller or "")

"""What has become of the cards, told to the broker: opened, edited, moved, a limit about to break, broken.

Read from the histories, which are written with the cards in one transaction: so nothing is told that is not so, and
what could not be told before a restart is told after it. The last change that the broker has confirmed stands in a
small file; a journal that is new there begins with the next change. At least once, each under its own id.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Final, Literal, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.cards import BREACHES, Alarm
from acd.journal.store.changes import BEHIND, Change, changes_after, last_change
from acd.publish.missed import ToldFile
from acd.publish.outbox import Maker, Told
from acd.publish.payloads import AppealEvent

PAGE: Final = 200
AWAY_S: Final = 10.0
"""After a failure of the database."""
KNOWN: Final = 2 * BEHIND + PAGE
"""Changes that are remembered as told."""
_PREFIX: Final = "journal/"

log: Final = structlog.get_logger(__name__)


class Broker(Protocol):
    """The way to whoever is told: `acd.publish.publisher.Publisher` is one."""

    def tell(self, number: str, topic: str, make: Maker, told: Told) -> None:
        """Tell an event; must not block."""


class Announcer:
    """Tells the changes of one service's cards.

    Args:
        engine: The journal's database.
        service: Whose cards.
        broker: Is told.
        told: How far it was told.
    """

    def __init__(self, engine: AsyncEngine, service: str, broker: Broker, told: ToldFile) -> None:
        self._engine = engine
        self._service = service
        self._broker = broker
        self._told = told
        self._news = asyncio.Event()
        self._known: OrderedDict[int, None] = OrderedDict()

    def look(self) -> None:
        """Take note that something has changed; never blocks."""
        self._news.set()

    async def run(self) -> None:
        """Tell every change until cancelled, first those that were not told before this start."""
        begun: int | None = None
        while True:
            self._news.clear()
            try:
                if begun is None:
                    begun = await self._begin()
                await self.catch_up(begun)
            except (SQLAlchemyError, OSError) as error:
                log.warning("journal.away", reason=type(error).__name__)
                await asyncio.sleep(AWAY_S)
            else:
                await self._news.wait()

    async def _begin(self) -> int:
        """Return the last change that needs no telling any more."""
        last = await last_change(self._engine)
        number = (self._told.read() or "").removeprefix(_PREFIX)
        if number.isdecimal():
            return min(int(number), last)  # the number of another database says nothing about this one
        self._told.write(f"{_PREFIX}{last}")
        return last

    async def catch_up(self, begun: int) -> None:
        """Tell what has been stored since this change and was not told yet.

        Raises:
            SQLAlchemyError, OSError: The database is away; what was not told is told the next time.
        """
        place = max(begun, next(reversed(self._known), begun) - BEHIND)
        while page := await self._page(place):
            for change in page:
                self._tell(change)
            place = max(place, page[-1].id)

    async def _page(self, place: int) -> list[Change]:
        known = [number for number in self._known if number > place]
        return await changes_after(self._engine, self._service, place, known, PAGE)

    def _tell(self, change: Change) -> None:
        self._known[change.id] = None
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        event = event_of(change)
        topic = f"appeals/{event.appeal}/{event.event}"
        self._broker.tell(event.id, topic, partial(_json, event), self._told.write)


def _json(event: AppealEvent) -> bytes:
    return event.model_dump_json().encode()


def event_of(change: Change) -> AppealEvent:
    """Return the event of a change."""
    before, after = change.before, change.after
    alarm = Alarm(change.trigger) if change.trigger in LIMITS else None
    kind = _kind_of(change, alarm)
    return AppealEvent(
        id=f"{_PREFIX}{change.id}",
        at=change.at,
        event=kind,
        appeal=str(change.number),
        service=after["service"],
        channel=after["channel"],
        line=after["line"] or None,
        urgency=after["urgency"],
        state=after["state"],
        before=before.get("state"),
        holder=after["holder"],
        trigger=change.trigger if kind == "moved" else None,
        limit=None if alarm is None else LIMITS[alarm],
        due_at=None if alarm is None else after[f"{LIMITS[alarm]}_due_at"],
        by=change.actor,
    )


def _kind_of(change: Change, alarm: Alarm | None) -> Literal["opened", "edited", "moved", "ahead", "breach"]:
    if not change.before:
        return "opened"
    if alarm is not None:
        return "breach" if alarm in BREACHES else "ahead"
    return "moved" if change.trigger else "edited"


LIMITS: Final[Mapping[Alarm, str]] = {
    alarm: alarm.partition("_")[0] for alarm in Alarm if alarm not in {Alarm.PROMISE, Alarm.REOPENING_OVER}
}
"""The limit that each alarm is about; what only moves a card is none."""

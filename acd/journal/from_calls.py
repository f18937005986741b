"""Cards from calls: the engine's facts open a card when an operator answers, and complete its talks.

The facts come synchronously and are worked off one by one by `run`, so that the caller's path never waits for the
database. While the database is away they wait in memory and are tried again; a fact that comes twice (a replay of the
records after a crash) changes nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.journal.cards import Channel, open_card
from acd.journal.facts import CardOpened
from acd.journal.service import Journal, Publish
from acd.journal.store.cards import Entry, Talk
from acd.journal.store.people import People
from queue_engine.facts import (
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallOverflowed,
    CallRecovered,
    Fact,
)
from queue_engine.ids import CallId, QueueName

RETRY_S: Final = 2.0
SYSTEM: Final = "system"

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Answered:
    fact: CallAnswered
    caller: str


class CardsFromCalls:
    """Opens cards for the lines of one or more services."""

    def __init__(self, journals: Mapping[QueueName, Journal], people: People, *, publish: Publish) -> None:
        self._journals = journals
        self._people = people
        self._publish = publish
        self._callers: dict[CallId, str] = {}
        self._todo: asyncio.Queue[_Answered | CallEnded] = asyncio.Queue()

    def on_fact(self, fact: Fact) -> None:
        """Take a fact; never blocks and never raises."""
        match fact:
            case CallAccepted() | CallRecovered():
                self._callers[fact.call] = fact.caller
            case CallAnswered():
                self._todo.put_nowait(_Answered(fact, self._callers.get(fact.call, "")))
            case CallEnded():
                self._callers.pop(fact.call, None)
                self._todo.put_nowait(fact)
            case CallAbandoned() | CallOverflowed() | CallDied():
                self._callers.pop(fact.call, None)
            case _:
                pass  # offers, operators' states and refusals are no appeals

    async def run(self) -> None:
        """Work off facts until cancelled."""
        while True:
            await self._work_off(await self._todo.get())
            self._todo.task_done()

    async def settle(self) -> None:
        """Wait until all facts taken so far are worked off."""
        await self._todo.join()

    async def _work_off(self, item: _Answered | CallEnded) -> None:
        while True:
            try:
                match item:
                    case _Answered():
                        await self._answered(item)
                    case CallEnded():
                        await self._ended(item)
            except (SQLAlchemyError, OSError) as error:
                log.warning("journal.away", reason=type(error).__name__)
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _answered(self, item: _Answered) -> None:
        fact = item.fact
        journal = self._journals.get(fact.queue)
        if journal is None:
            return
        talk = Talk(fact.call, fact.agent, fact.at)
        known = await journal.cards.by_call(fact.call)
        if known is not None:
            await journal.cards.begin_talk(known.id, talk)
            return
        person = await self._people.by_agent(journal.service, fact.agent)
        fresh = open_card(
            journal.rules,
            fact.at,
            Channel.TELEPHONE,
            line=fact.queue,
            caller=item.caller,
            contact_phone=item.caller,
            responsible=person.login if person else fact.agent,
        )
        card = await journal.cards.add(fresh, Entry(fact.at, SYSTEM, "open"), talk=talk)
        self._publish(CardOpened(fact.at, journal.service, card.id, str(card.number), fact.agent))

    async def _ended(self, fact: CallEnded) -> None:
        journal = self._journals.get(fact.queue)
        if journal is not None:
            await journal.cards.end_talk(fact.call, fact.agent, fact.talked_s)

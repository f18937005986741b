"""Cards from calls: which fact of the engine opens a card, which adds a talk to one, which completes a talk.

An operator answers: a card is opened, unless the call belongs to an appeal that has one already. That is so for a call
that came back to its line, for one that was passed on to another line (a visit of its own: `docs/architecture.md`), and
for a call-back: after a talk that broke, or booked at the desk for a card. Everything is written in the caller's
transaction, and a fact that comes twice changes nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from acd.journal.cards import Channel, open_card
from acd.journal.facts import CardOpened, JournalFact, TalkBegan
from acd.journal.service import Journal
from acd.journal.store.cards import Entry, add_in, get_in
from acd.journal.store.people import People
from acd.journal.store.talks import Talk, begin_talk, card_of_callback, card_of_calls, end_talk
from callback.ids import parse_attempt_call
from metrics.records.codec import RecordedFact, UnknownFact
from metrics.service_facts import VoiceMessageLeft
from queue_engine.facts import CallAnswered, CallEnded, CallReturned
from queue_engine.ids import CallId, QueueName

SYSTEM: Final = "system"
KINDS: Final = frozenset({CallAnswered.__name__, CallReturned.__name__, CallEnded.__name__, VoiceMessageLeft.__name__})
"""The facts that mean something here."""

_VISIT: Final = re.compile(r"(.+-\d+\.\d+)-(\d{1,4})")
"""A further visit of one caller to a line: the first one's id, and which visit this is."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the records know of a call besides the fact."""

    caller: str = ""
    """The number as the network showed it, or that was called back."""
    broken_call: str = ""
    """Of a call-back: the call that broke."""


def earlier_visits(call: CallId) -> list[str]:
    """Return the ids of the visits that the caller made to lines before this one, in the same call."""
    found = _VISIT.fullmatch(call)
    if found is None:
        return []
    return [found[1], *(f"{found[1]}-{number}" for number in range(1, int(found[2])))]


class CardsFromCalls:
    """Opens cards for the lines of one or more services."""

    def __init__(self, journals: Mapping[QueueName, Journal], people: People) -> None:
        self._journals = journals
        self._people = people

    async def apply(
        self, connection: AsyncConnection, fact: RecordedFact | UnknownFact, story: Story
    ) -> JournalFact | None:
        """Write what follows from a fact; return what has become true by it, to be told after the commit."""
        match fact:
            case CallAnswered() if (journal := self._journals.get(fact.queue)) is not None:
                return await self._answered(connection, journal, fact, story)
            case VoiceMessageLeft() if (journal := self._journals.get(fact.queue)) is not None:
                return await self._message_left(connection, journal, fact)
            case CallReturned() | CallEnded() if fact.queue in self._journals:
                await end_talk(connection, fact.call, fact.agent, fact.talked_s)
            case _:
                pass  # offers, operators' states and lines without a journal are no appeals
        return None

    async def _message_left(
        self, connection: AsyncConnection, journal: Journal, fact: VoiceMessageLeft
    ) -> JournalFact | None:
        """Register what was said to the secretary as an appeal like any other (UDM 5.3); nobody is responsible yet."""
        if await card_of_calls(connection, journal.service, [fact.call]) is not None:
            return None
        opened = open_card(
            journal.rules,
            fact.at,
            Channel.VOICE_MESSAGE,
            line=fact.queue,
            caller=fact.caller,
            contact_phone=fact.caller,
        )
        card = await add_in(connection, opened, Entry(fact.at, SYSTEM, "open"), talk=Talk(fact.call, "", fact.at))
        await end_talk(connection, fact.call, "", fact.length_s)
        return CardOpened(fact.at, journal.service, card.id, str(card.number), "")

    async def _answered(
        self, connection: AsyncConnection, journal: Journal, fact: CallAnswered, story: Story
    ) -> JournalFact | None:
        talk = Talk(fact.call, fact.agent, fact.at)
        calls = [fact.call, *earlier_visits(fact.call), *filter(None, [story.broken_call])]
        known = await card_of_calls(connection, journal.service, calls)
        if known is None and (attempt := parse_attempt_call(fact.call)) is not None:
            known = await card_of_callback(connection, journal.service, attempt[0])
        if known is not None:
            card = await get_in(connection, known)
            fresh = await begin_talk(connection, known, talk)
            return TalkBegan(fact.at, journal.service, known, str(card.number), fact.agent) if fresh else None
        person = await self._people.by_agent(journal.service, fact.agent)
        opened = open_card(
            journal.rules,
            fact.at,
            Channel.TELEPHONE,
            line=fact.queue,
            caller=story.caller,
            contact_phone=story.caller,
            responsible=person.login if person else fact.agent,
        )
        card = await add_in(connection, opened, Entry(fact.at, SYSTEM, "open"), talk=talk)
        return CardOpened(fact.at, journal.service, card.id, str(card.number), fact.agent)

"""What people do with cards: each deed checks the right and the scope, changes the card by the rules, leaves its trail.

The store's optimistic lock decides who was first; the version that a person saw comes with each deed, so nothing that
somebody else wrote in between is overwritten unseen.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.cards import Card, Channel, Rules, edit, move, open_card
from acd.journal.errors import CardNotFound, Forbidden
from acd.journal.facts import CardChanged, CardOpened, JournalFact
from acd.journal.letters import Letters
from acd.journal.numbers import CardNumber, parse_number
from acd.journal.roles import RIGHT_FOR, Person, Right, Role
from acd.journal.states import CardState, CardTrigger, Holder
from acd.journal.store.cards import Cards, Entry, NewLink, conflict
from acd.journal.store.catalogues import Catalogues
from acd.journal.store.outbox import Message
from acd.journal.store.people import digest_of
from acd.journal.store.trail import Trail, TrailEntry
from queue_engine.ids import Instant

LINK_S: Final = 30 * 86400.0
"""How long an official's link works."""

Publish = Callable[[JournalFact], None]
Teller = Callable[[Card, CardTrigger, Instant], Message]


@dataclass(frozen=True, slots=True)
class Told:
    """What anybody who knows a number is told: the state and nothing of the contents (KEM 5.7, S2)."""

    number: CardNumber
    state: CardState
    due_at: Instant | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A card as a person saw it when deciding what to do."""

    card: int
    version: int


class Journal:
    """The journal of one service."""

    def __init__(
        self,
        engine: AsyncEngine,
        rules: Rules,
        letters: Letters,
        *,
        publish: Publish,
        address: str,
        also_tell: Sequence[Teller] = (),
    ) -> None:
        """Take up a journal.

        Args:
            engine: The database, its schema up to date.
            rules: The regulation and the site's working time.
            letters: What is written to callers and officials.
            publish: Is handed each fact once it is stored.
            address: Where people reach the desk, for the links in letters.
            also_tell: Make further messages of a move, to outside systems.
        """
        self.rules = rules
        self.letters = letters
        self.cards = Cards(engine)
        self.catalogues = Catalogues(engine)
        self.trail = Trail(engine)
        self._publish = publish
        self._address = address.rstrip("/")
        self._also_tell = tuple(also_tell)

    @property
    def service(self) -> str:
        """The name of the service."""
        return self.rules.profile.name

    async def read(self, person: Person, card: int, now: Instant) -> Card:
        """Return a card and note who looked at it.

        Raises:
            Forbidden: The person may read no cards.
            CardNotFound: There is no such card, or it is out of the person's scope.
        """
        person.require(Right.READ_CARD)
        found = await self._in_scope(person, card)
        await self.trail.note(TrailEntry(now, person.login, "read", card))
        return found

    async def find(self, person: Person, number: str, now: Instant) -> Card:
        """Return the card of a number as it was written or typed, and note who looked at it.

        Raises:
            NumberMistyped: It is no number.
            Forbidden: As `read`.
            CardNotFound: As `read`.
        """
        parsed = parse_number(number, self.rules.profile.prefix)
        found = await self.cards.by_number(self.service, parsed)
        return await self.read(person, found.id, now)

    async def tell(self, number: str) -> Told:
        """Return what a caller who knows the number may be told; for the telephone's keys and the API.

        Raises:
            NumberMistyped: It is no number.
            CardNotFound: There is no such card.
        """
        parsed = parse_number(number, self.rules.profile.prefix)
        card = await self.cards.by_number(self.service, parsed)
        return Told(card.number, card.state, card.due_at)

    async def open_by_hand(self, person: Person, channel: Channel, changes: Mapping[str, Any], now: Instant) -> Card:
        """Open a card for what came on paper, in person, as a voice message or by telephone past the line (J2, D6).

        Raises:
            Forbidden: The person may open none.
        """
        person.require(Right.OPEN_CARD)
        fresh = edit(open_card(self.rules, now, channel, responsible=person.login), changes, self.rules)
        card = await self.cards.add(fresh, Entry(now, person.login, "open"))
        self._publish(CardOpened(now, self.service, card.id, str(card.number)))
        return card

    async def edit(self, person: Person, seen: Seen, changes: Mapping[str, Any], now: Instant) -> Card:
        """Store changed fields.

        Raises:
            Forbidden: The person may not write.
            CardNotFound: As `read`.
            TransitionRefused: The card is closed for good.
            EditConflict: Somebody else saved in between and one of `changes` differs from what is stored now.
        """
        person.require(Right.WRITE_CARD)
        before = await self._in_scope(person, seen.card)
        after = edit(before, changes, self.rules)
        if after == before:
            return before
        if before.version != seen.version:
            raise conflict(before, seen.version, after)
        stored = await self.cards.save(before, after, Entry(now, person.login))
        self._publish(
            CardChanged(now, self.service, stored.id, str(stored.number), before.state, stored.state, person.login)
        )
        return stored

    async def move(
        self,
        person: Person,
        seen: Seen,
        trigger: CardTrigger,
        changes: Mapping[str, Any],
        now: Instant,
        *,
        note: str = "",
    ) -> Card:
        """Move a card to another state together with changed fields; write to whom it concerns.

        Raises:
            Forbidden: The person has not the right for this trigger, or only the clock has.
            CardNotFound: As `read`.
            TransitionRefused, CardIncomplete, TooLate: As `cards.move`.
            EditConflict: As `edit`; also without any difference in the fields, if the state changed in between.
        """
        right = RIGHT_FOR[trigger]
        if right is None:
            raise Forbidden(person.login, trigger)
        person.require(right)
        before = await self._in_scope(person, seen.card)
        after = move(before, trigger, changes, self.rules, now)
        if after is before:
            return before
        if before.version != seen.version:
            raise conflict(before, seen.version, after)
        return await self.store_move(before, after, trigger, Entry(now, person.login, trigger, note))

    async def store_move(self, before: Card, after: Card, trigger: CardTrigger, entry: Entry) -> Card:
        """Store a move that the rules allow, with its letters; for `move` and for what the clock fires."""
        messages, links = await self._letters_for(after, trigger, entry.at)
        stored = await self.cards.save(before, after, entry, messages=messages, links=links)
        self._publish(
            CardChanged(entry.at, self.service, stored.id, str(stored.number), before.state, stored.state, entry.actor)
        )
        return stored

    async def by_link(self, secret: str, now: Instant) -> Person | None:
        """Return who an official's link is for, as a person with the narrow right to its one card."""
        found = await self.cards.link(digest_of(secret), now)
        if found is None:
            return None
        card, official = found
        names = {one.id: one.name for one in await self.catalogues.officials(self.service)}
        if official not in names:
            return None
        return Person(f"official-{official}", names[official], Role.OFFICIAL, self.service, card=card)

    async def _in_scope(self, person: Person, card: int) -> Card:
        found = await self.cards.get(card)
        if not person.sees(found.id, found.service, found.holder, found.organisation_id):
            raise CardNotFound(card)
        return found

    async def _letters_for(self, card: Card, trigger: CardTrigger, now: Instant) -> tuple[list[Message], list[NewLink]]:
        messages = [tell(card, trigger, now) for tell in self._also_tell]
        links: list[NewLink] = []
        to_caller = self.letters.to_caller(card, trigger)
        if to_caller is not None:
            messages.append(to_caller)
        if trigger is CardTrigger.HAND_OVER and card.holder in {Holder.CLINIC, Holder.MINISTRY, Holder.INSURER}:
            organisations = {one.id: one for one in await self.catalogues.organisations(self.service)}
            organisation = organisations.get(card.organisation_id or 0)
            for official in await self.catalogues.officials(self.service):
                if organisation is None or official.organisation_id != organisation.id or not official.active:
                    continue
                secret = secrets.token_urlsafe(32)
                until = Instant(now + LINK_S)
                links.append(NewLink(digest_of(secret), official.id, until))
                # The secret stands behind the #: browsers send it neither to the server's log nor as a referrer.
                address = f"{self._address}/result#{secret}"
                messages.append(self.letters.handed_over(card, organisation, official, address, until))
        return messages, links

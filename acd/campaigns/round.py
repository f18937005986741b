"""Call lists as they run by themselves: who is called next is booked, what became of it is noted.

The book of call-backs makes the calls and keeps each request on disk before anything is dialled. The request says which
contact it is for: after a restart the book's rows are noted first, and only then is anybody booked, so no contact is
called twice whenever the daemon dies. What people ask of the lists: `desk.py`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.campaigns.model import Campaign, Contact
from acd.campaigns.store import CampaignStore
from callback.book import BookSnapshot
from callback.ids import RequestId
from callback.inputs import CallbackAsked, CallbackInput
from callback.kinds import AttemptFailure, ImpossibleReason, Origin
from callback.lists import (
    TRY_AGAIN_S,
    ContactState,
    ListPolicy,
    Result,
    after_attempt,
    after_call,
    room,
    stands_until,
)
from callback.request import ListCall, Request
from callback.schedule import permitted_from
from callback.states import RequestState
from config.model import Config
from queue_engine.facts import AgentStateChanged, CallAbandoned, CallMoved, CallOverflowed
from queue_engine.ids import AgentId, Instant, QueueName
from queue_engine.snapshot import EngineCounts

log = structlog.get_logger(__name__)

GATHER_S: Final = 0.2
"""So long what happens at once is gathered before the lists are looked through."""
RETRY_S: Final = 5.0
LONGEST_S: Final = 3600.0
"""So long the lists rest at most: the clock of the site may have been set."""
CROWDED_S: Final = 60.0
"""The same while somebody is due and was not booked: what makes room for him is told, but for a change of settings."""
_MAKES_ROOM: Final = (AgentStateChanged, CallAbandoned, CallOverflowed, CallMoved)
AWAY: Final = (SQLAlchemyError, OSError)


@dataclass(frozen=True, slots=True)
class Book:
    """What the lists ask of the book of call-backs."""

    handle: Callable[[CallbackInput], None]
    snapshot: Callable[[], BookSnapshot]
    refusal: Callable[[QueueName, str, Origin], ImpossibleReason | None]
    is_engaged: Callable[[str], bool]


class ListRound:
    """All call lists of one centre, looked through whenever something may have made room for the next contact."""

    def __init__(
        self,
        config: Callable[[], Config],
        now: Callable[[], Instant],
        records: AsyncEngine,
        book: Book,
        counts: Callable[[], EngineCounts],
    ) -> None:
        self._config = config
        self._now = now
        self._book = book
        self._counts = counts
        self.store = CampaignStore(records)
        self.wanted = asyncio.Event()
        self.wanted.set()
        self.busy = asyncio.Lock()
        """Held by whoever books or notes: what is read of a contact stays true until it is written."""
        self._rows: dict[RequestId, Request] = {}
        """Requests whose newest state is not noted yet."""
        self._noted: dict[RequestId, AgentId | None] = {}
        """Open requests that are noted, each with the operator who is kept for it."""
        self._adopted = False
        self._running = False

    # -- what comes in ---------------------------------------------------------------------------------------------

    def follow(self, rows: Iterable[Request]) -> None:
        """The book has changed these requests, or has them from the run before."""
        for row in rows:
            if row.listed is not None and (not row.is_open or self._noted.get(row.request, "") != row.reserved):
                self._rows[row.request] = row
                self.wanted.set()

    def see(self, fact: object) -> None:
        """Hear the engine: an operator who has become free may take the next contact."""
        if self._running and isinstance(fact, _MAKES_ROOM):
            self.wanted.set()

    # -- the round -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Book contacts as the lists' pacing allows. Runs until cancelled."""
        away = False
        while True:
            await self.wanted.wait()
            await asyncio.sleep(GATHER_S)
            self.wanted.clear()
            try:
                rest_s = await self.look_through()
            except AWAY as error:
                if not away:
                    log.warning("campaigns.records_away", reason=str(error))
                away, rest_s = True, RETRY_S
            else:
                away = False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wanted.wait(), rest_s)
            self.wanted.set()

    async def look_through(self) -> float:
        """Note what has become of requests, then book who is next; return after how long to look again, s.

        Raises:
            SQLAlchemyError, OSError: The records are away: nobody is booked.
        """
        async with self.busy:
            await self.note()
            running = await self.store.all("running")
            self._running = bool(running)
            for campaign in running:
                await self._book_next(campaign)
            return await self._rest(running)

    async def note(self) -> None:
        """Write down what has become of requests; whoever asks holds `busy`."""
        while self._rows:
            request, row = next(iter(self._rows.items()))
            await self._note_one(row)
            if self._rows.get(request) is row:
                del self._rows[request]
        if not self._adopted:
            for contact in await self.store.calling():
                await self._adopt(contact)
            self._adopted = True

    async def _note_one(self, row: Request) -> None:
        now = self._now()
        if row.is_open:
            await self.store.booked(row, now)
            self._noted[row.request] = row.reserved
            return
        self._noted.pop(row.request, None)
        contact = None if row.listed is None else await self.store.contact(row.listed.contact)
        if contact is None or contact.request > row.request:
            return
        if contact.request == row.request and contact.state != ContactState.CALLING:
            return  # noted before
        campaign = await self.list_of(contact)
        if campaign is None:
            return
        policy, asked_at = self.policy_of(campaign), contact.next_at
        after = after_call(row, contact.attempts, policy, now)
        contact = await self.store.ended(contact, row, after, now)
        log.info("contact.called", campaign=campaign.name, contact=contact.id, result=after.result, state=after.state)
        code = campaign.settings.outcome(contact.outcome)
        if after.result == Result.REACHED and code is not None and code.then == "again":
            again_at = Instant(asked_at if asked_at > now else now + code.after_s)
            again_at = permitted_from(again_at, policy.permitted_minutes)
            await self.store.put(contact, now, state=ContactState.WAITING, next_at=again_at)

    async def _adopt(self, contact: Contact) -> None:
        """The run before had booked him; if the book knows nothing of it any more, the attempt counts as lost."""
        if contact.request in self._noted:
            return
        campaign, now = await self.list_of(contact), self._now()
        if campaign is not None:
            after = after_attempt(AttemptFailure.LOST, contact.attempts, self.policy_of(campaign), now)
            attempts = contact.attempts + 1
            await self.store.put(
                contact, now, state=after.state, result=after.result, attempts=attempts, next_at=after.next_at
            )

    async def _book_next(self, campaign: Campaign) -> None:
        policy, now = self.policy_of(campaign), self._now()
        line = self._counts().lines.get(QueueName(campaign.line))
        if line is None:
            return
        rows = [row for row in self._book.snapshot().rows if row.listed is not None]
        free = room(
            policy,
            ready=line.ready,
            waiting=line.waiting,
            held=sum(row.queue == campaign.line and row.state is RequestState.OWED for row in rows),
            out=sum(row.by == asker(campaign) for row in rows),
            now=now,
        )
        if not free:
            return
        for contact in await self.store.due(campaign, now, free):
            if self._book.is_engaged(contact.number):
                await self.store.put(contact, now, state=ContactState.WAITING, next_at=now + TRY_AGAIN_S)
                continue
            self.ask(campaign, contact, ListCall(contact.id, policy.priority, policy.first_leg, policy.menu))
            await self.note()

    def ask(self, campaign: Campaign, contact: Contact, listed: ListCall, agent: AgentId | None = None) -> None:
        """Have the book call a contact; its request says which one."""
        wish = CallbackAsked(
            QueueName(campaign.line),
            contact.number,
            asker(campaign),
            Origin.LIST,
            agent=agent,
            listed=listed,
            expires_at=stands_until(self.policy_of(campaign), self._now()),
        )
        self._book.handle(wish)

    async def _rest(self, running: Sequence[Campaign]) -> float:
        """Return how long nothing can be due but by something that happens, s."""
        due = await self.store.next_due(running) if running else None
        if due is None:
            return LONGEST_S
        now = self._now()
        opens = min(permitted_from(now, self.policy_of(each).permitted_minutes) for each in running)
        at = max(due, opens)
        return min(LONGEST_S, at - now) if at > now else CROWDED_S

    def policy_of(self, campaign: Campaign) -> ListPolicy:
        """Return how a list calls now, in the site's time."""
        return campaign.settings.policy(self._config().site.time_zone, self._now())

    async def list_of(self, contact: Contact) -> Campaign | None:
        """Return the list that a contact is in."""
        return next((each for each in await self.store.all() if each.id == contact.campaign), None)


def asker(campaign: Campaign) -> str:
    """Return who asks for the calls of a list, as the requests say it."""
    return f"list {campaign.name}"

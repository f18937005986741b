"""Call lists in the running daemon: who is called next is booked, what became of it is noted, people have their say.

The book of call-backs makes the calls and keeps each request on disk before anything is dialled. The request says which
contact it is for: after a restart the book's rows are noted first, and only then is anybody booked, so no contact is
called twice whenever the daemon dies.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.campaigns.bars import Bars
from acd.campaigns.model import Campaign, Contact, Imported, NewContact, Settings
from acd.campaigns.store import CampaignStore
from acd.numbers import normaliser
from callback.book import BookSnapshot
from callback.ids import RequestId
from callback.inputs import CallbackAsked, CallbackCancelled, CallbackInput
from callback.kinds import AttemptFailure, BarScope, ImpossibleReason, Origin
from callback.lists import (
    TRY_AGAIN_S,
    ContactState,
    Pacing,
    Result,
    after_attempt,
    after_call,
    room,
    stands_until,
)
from callback.numbers import NumberRule
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
NOT_DIALLED: Final = frozenset({RequestState.OWED, RequestState.IN_LINE})
AWAY: Final = (SQLAlchemyError, OSError)


class CampaignRefused(Exception):
    """What somebody asked of a list cannot be done."""

    def __init__(self, code: str, told: str) -> None:
        super().__init__(code, told)
        self.code = code
        self.told = told

    def __str__(self) -> str:
        return self.told


@dataclass(frozen=True, slots=True)
class Book:
    """What the lists ask of the book of call-backs."""

    handle: Callable[[CallbackInput], None]
    snapshot: Callable[[], BookSnapshot]
    refusal: Callable[[QueueName, str, Origin], ImpossibleReason | None]
    is_engaged: Callable[[str], bool]


class CampaignDesk:
    """All call lists of one centre."""

    def __init__(
        self,
        config: Callable[[], Config],
        now: Callable[[], Instant],
        records: AsyncEngine,
        rule: NumberRule,
        book: Book,
        counts: Callable[[], EngineCounts],
        bars: Bars,
    ) -> None:
        self._config = config
        self._now = now
        self._normalised = normaliser(rule)
        self._book = book
        self._counts = counts
        self._bars = bars
        self.store = CampaignStore(records)
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._busy = asyncio.Lock()
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
                self._wanted.set()

    def see(self, fact: object) -> None:
        """Hear the engine: an operator who has become free may take the next contact."""
        if self._running and isinstance(fact, _MAKES_ROOM):
            self._wanted.set()

    # -- the round -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Book contacts as the lists' pacing allows. Runs until cancelled."""
        away = False
        while True:
            await self._wanted.wait()
            await asyncio.sleep(GATHER_S)
            self._wanted.clear()
            try:
                rest_s = await self.look_through()
            except AWAY as error:
                if not away:
                    log.warning("campaigns.records_away", reason=str(error))
                away, rest_s = True, RETRY_S
            else:
                away = False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), rest_s)
            self._wanted.set()

    async def look_through(self) -> float:
        """Note what has become of requests, then book who is next; return after how long to look again, s.

        Raises:
            SQLAlchemyError, OSError: The records are away: nobody is booked.
        """
        async with self._busy:
            await self._note()
            running = await self.store.all("running")
            self._running = bool(running)
            for campaign in running:
                await self._book_next(campaign)
            return await self._rest(running)

    async def _note(self) -> None:
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
        campaign = await self._of(contact)
        if campaign is None:
            return
        policy = campaign.settings.policy(self._config().site.time_zone, now)
        after = after_call(row, contact.attempts, policy, now)
        contact = await self.store.ended(contact, row, after, now)
        log.info("contact.called", campaign=campaign.name, contact=contact.id, result=after.result, state=after.state)
        code = campaign.settings.outcome(contact.outcome)
        if after.result == Result.REACHED and code is not None and code.then == "again":
            again_at = permitted_from(Instant(now + code.after_s), policy.permitted_minutes)
            await self.store.put(contact, now, state=ContactState.WAITING, next_at=again_at)

    async def _adopt(self, contact: Contact) -> None:
        """The run before had booked him; if the book knows nothing of it any more, the attempt counts as lost."""
        if contact.request in self._noted:
            return
        campaign, now = await self._of(contact), self._now()
        if campaign is not None:
            policy = campaign.settings.policy(self._config().site.time_zone, now)
            after = after_attempt(AttemptFailure.LOST, contact.attempts, policy, now)
            attempts = contact.attempts + 1
            await self.store.put(
                contact, now, state=after.state, result=after.result, attempts=attempts, next_at=after.next_at
            )

    async def _book_next(self, campaign: Campaign) -> None:
        settings, now = campaign.settings, self._now()
        policy = settings.policy(self._config().site.time_zone, now)
        line = self._counts().lines.get(QueueName(campaign.line))
        if line is None:
            return
        rows = [row for row in self._book.snapshot().rows if row.listed is not None]
        free = room(
            policy,
            ready=line.ready,
            waiting=line.waiting,
            held=sum(row.queue == campaign.line and row.state is RequestState.OWED for row in rows),
            out=sum(row.by == _by(campaign) for row in rows),
            now=now,
        )
        if not free:
            return
        for contact in await self.store.due(campaign, now, free):
            if self._book.is_engaged(contact.number):
                await self.store.put(contact, now, state=ContactState.WAITING, next_at=now + TRY_AGAIN_S)
                continue
            self._ask(campaign, contact, ListCall(contact.id, policy.priority, policy.first_leg, policy.menu))
            await self._note()

    def _ask(self, campaign: Campaign, contact: Contact, listed: ListCall, agent: AgentId | None = None) -> None:
        now = self._now()
        policy = campaign.settings.policy(self._config().site.time_zone, now)
        wish = CallbackAsked(
            QueueName(campaign.line),
            contact.number,
            _by(campaign),
            Origin.LIST,
            agent=agent,
            listed=listed,
            expires_at=stands_until(policy, now),
        )
        self._book.handle(wish)

    async def _rest(self, running: Sequence[Campaign]) -> float:
        """Return how long nothing can be due but by something that happens, s."""
        due = await self.store.next_due(running) if running else None
        if due is None:
            return LONGEST_S
        now, zone = self._now(), self._config().site.time_zone
        opens = min(permitted_from(now, each.settings.policy(zone, now).permitted_minutes) for each in running)
        at = max(due, opens)
        return min(LONGEST_S, at - now) if at > now else CROWDED_S

    # -- what people ask -------------------------------------------------------------------------------------------

    async def add(self, name: str, line: str, settings: Settings, by: str) -> Campaign:
        """Make a list, paused and empty.

        Raises:
            CampaignRefused: The line has no call-backs, the survey is unknown, or the name is taken.
        """
        config = self._config()
        if not any(each.name == line and each.callback is not None for each in config.lines):
            raise CampaignRefused("line_calls_nobody", f"line {line} has no call-backs, so it calls nobody")
        if (settings.pacing is Pacing.MENU) != bool(settings.survey):
            raise CampaignRefused("survey_needed", "a survey is named with pacing menu, and with no other")
        if settings.survey and not any(survey.name == settings.survey for survey in config.surveys):
            raise CampaignRefused("survey_unknown", f"no survey {settings.survey}")
        made = await self.store.add(name, line, settings, by, self._now())
        if made is None:
            raise CampaignRefused("campaign_taken", f"there is a list {name} already")
        return made

    async def named(self, name: str) -> Campaign:
        """Return a list.

        Raises:
            CampaignRefused: There is none of this name.
        """
        campaign = await self.store.find(name)
        if campaign is None:
            raise CampaignRefused("campaign_unknown", f"no list {name}")
        return campaign

    async def change_state(self, campaign: Campaign, state: str, by: str) -> Campaign:
        """Let a list run, rest or end for good; who is not dialled yet is taken back.

        Raises:
            CampaignRefused: It was stopped before.
        """
        if campaign.state == "stopped" and state != "stopped":
            raise CampaignRefused("campaign_stopped", "the list was stopped for good")
        async with self._busy:
            changed = await self.store.change_state(campaign, state)
            if state != "running":
                for row in self._book.snapshot().rows:
                    if row.by == _by(campaign) and row.listed is not None and row.state in NOT_DIALLED:
                        self._book.handle(CallbackCancelled(row.request, by))
        self._wanted.set()
        return changed

    async def fill(self, campaign: Campaign, rows: Iterable[NewContact]) -> Imported:
        """Add contacts; their numbers are brought into one form, so that nobody is in the list twice.

        Raises:
            CampaignRefused: The list was stopped.
        """
        if campaign.state == "stopped":
            raise CampaignRefused("campaign_stopped", "the list was stopped for good")
        checked = []
        for row in rows:
            number = self._normalised(row.number)
            refused = self._book.refusal(QueueName(campaign.line), number or row.number, Origin.LIST)
            lasting = refused not in {None, ImpossibleReason.TOO_MANY, ImpossibleReason.NUMBER_LIMIT}
            never = lasting and refused is not ImpossibleReason.DO_NOT_CALL  # he may change his mind
            checked.append((row._replace(number=number or row.number), number is not None and not never))
        done = await self.store.fill(campaign, checked, self._now())
        self._wanted.set()
        return done

    async def take_next(self, campaign: Campaign, agent: AgentId) -> Contact | None:
        """Give an operator the next contact to look at; None when nobody is to be called now.

        Raises:
            CampaignRefused: The list does not run.
        """
        if campaign.state != "running":
            raise CampaignRefused("campaign_rests", "the list does not run")
        settings, now = campaign.settings, self._now()
        policy = settings.policy(self._config().site.time_zone, now)
        if permitted_from(now, policy.permitted_minutes) > now:
            return None
        async with self._busy:
            await self._note()
            due = await self.store.looked_at(campaign, agent) or await self.store.due(campaign, now, 1)
            if not due:
                return None
            until = now + settings.preview_s
            return await self.store.put(due[0], now, state=ContactState.PREVIEW, agent=agent, next_at=until)

    async def call(self, contact: Contact, agent: AgentId) -> Contact:
        """Have the contact called whom an operator looks at: his telephone rings first.

        Raises:
            CampaignRefused: He is not that operator's to call, or cannot be called now.
        """
        async with self._busy:
            await self._note()
            found = await self.store.contact(contact.id)
            if found is None or found.state != ContactState.PREVIEW or found.agent != agent:
                raise CampaignRefused("contact_not_yours", "the contact is not before this operator")
            campaign = await self._of(found)
            if campaign is None or campaign.state != "running":
                raise CampaignRefused("campaign_rests", "the list does not run")
            if self._book.is_engaged(found.number):
                raise CampaignRefused("contact_engaged", "he is on the line with us, or is owed a call already")
            self._ask(campaign, found, ListCall(found.id, campaign.settings.policy("UTC", self._now()).priority), agent)
            await self._note()
            return await self.store.contact(found.id) or found

    async def outcome(self, contact: Contact, code: str, by: str, note: str = "", at: Instant | None = None) -> Contact:
        """Somebody says what the talk with a contact has brought; what the code says follows.

        Raises:
            CampaignRefused: The list has no such code.
        """
        async with self._busy:
            await self._note()
            found, campaign, now = await self.store.contact(contact.id), await self._of(contact), self._now()
            meant = None if campaign is None else campaign.settings.outcome(code)
            if found is None or campaign is None or meant is None:
                raise CampaignRefused("outcome_unknown", f"the list has no outcome {code}")
            changes: dict[str, object] = {"outcome": code, "outcome_by": by, "note": note}
            if found.state != ContactState.CALLING:
                changes["state"] = ContactState.CLOSED
                if meant.then == "again":
                    policy = campaign.settings.policy(self._config().site.time_zone, now)
                    asked = Instant(max(at or now + meant.after_s, now))
                    changes["state"] = ContactState.WAITING
                    changes["next_at"] = permitted_from(asked, policy.permitted_minutes)
            changed = await self.store.put(found, now, **changes)
        if meant.then == "do_not_call":
            await self._bars.add(found.number, BarScope.LISTS, f"{campaign.name}: {meant.title}", by)
        self._wanted.set()
        return changed

    def present(self, agent: AgentId) -> int | None:
        """Return the contact in whose call the operator is, or whose call has just ended; None without one."""
        rows = [row for row in self._book.snapshot().rows if row.listed is not None and row.reserved == agent]
        newest = max(rows, key=lambda row: row.request, default=None)
        return None if newest is None or newest.listed is None else newest.listed.contact

    async def summary(self, campaign: Campaign) -> Mapping[tuple[str, str, str], int]:
        """Return how many contacts are in each (state, result, outcome)."""
        return await self.store.counts(campaign)

    async def _of(self, contact: Contact) -> Campaign | None:
        return next((each for each in await self.store.all() if each.id == contact.campaign), None)


def _by(campaign: Campaign) -> str:
    """Return who asks for the calls of a list, as the requests say it."""
    return f"list {campaign.name}"

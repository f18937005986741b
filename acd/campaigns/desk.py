"""What people ask of call lists: to make, fill and run them, a contact to look at and call, what a talk has brought.

How lists run by themselves, and that nobody is called twice, is decided in `round.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from acd.campaigns.bars import Bars
from acd.campaigns.model import Campaign, Contact, Imported, NewContact, Settings
from acd.campaigns.round import Book, ListRound, asker
from acd.numbers import normaliser
from callback.inputs import CallbackCancelled
from callback.kinds import BarScope, ImpossibleReason, Origin
from callback.lists import ContactState, Pacing
from callback.numbers import NumberRule
from callback.request import ListCall
from callback.schedule import permitted_from
from callback.states import RequestState
from config.model import Config
from queue_engine.ids import AgentId, Instant, QueueName
from queue_engine.snapshot import EngineCounts

NOT_DIALLED: Final = frozenset({RequestState.OWED, RequestState.IN_LINE})


class CampaignRefused(Exception):
    """What somebody asked of a list cannot be done."""

    def __init__(self, code: str, told: str) -> None:
        super().__init__(code, told)
        self.code = code
        self.told = told

    def __str__(self) -> str:
        return self.told


class CampaignDesk(ListRound):
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
        super().__init__(config, now, records, book, counts)
        self._normalised = normaliser(rule)
        self._bars = bars

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
        async with self.busy:
            changed = await self.store.change_state(campaign, state)
            if state != "running":
                for row in self._book.snapshot().rows:
                    if row.by == asker(campaign) and row.listed is not None and row.state in NOT_DIALLED:
                        self._book.handle(CallbackCancelled(row.request, by))
        self.wanted.set()
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
        self.wanted.set()
        return done

    async def take_next(self, campaign: Campaign, agent: AgentId) -> Contact | None:
        """Give an operator the next contact to look at; None when nobody is to be called now.

        Raises:
            CampaignRefused: The list does not run.
        """
        if campaign.state != "running":
            raise CampaignRefused("campaign_rests", "the list does not run")
        now = self._now()
        if permitted_from(now, self.policy_of(campaign).permitted_minutes) > now:
            return None
        async with self.busy:
            await self.note()
            due = await self.store.looked_at(campaign, agent) or await self.store.due(campaign, now, 1)
            if not due:
                return None
            until = now + campaign.settings.preview_s
            return await self.store.put(due[0], now, state=ContactState.PREVIEW, agent=agent, next_at=until)

    async def look_at(self, contact: int) -> Contact | None:
        """Return a contact with all that has become of his calls by now; None if there is none of this number."""
        async with self.busy:
            await self.note()
            return await self.store.contact(contact)

    async def call(self, contact: Contact, agent: AgentId) -> Contact:
        """Have the contact called whom an operator looks at: his telephone rings first.

        Raises:
            CampaignRefused: He is not that operator's to call, or cannot be called now.
        """
        async with self.busy:
            await self.note()
            found = await self.store.contact(contact.id)
            if found is None or found.state != ContactState.PREVIEW or found.agent != agent:
                raise CampaignRefused("contact_not_yours", "the contact is not before this operator")
            campaign = await self.list_of(found)
            if campaign is None or campaign.state != "running":
                raise CampaignRefused("campaign_rests", "the list does not run")
            if self._book.is_engaged(found.number):
                raise CampaignRefused("contact_engaged", "he is on the line with us, or is owed a call already")
            self.ask(campaign, found, ListCall(found.id, campaign.settings.policy("UTC", self._now()).priority), agent)
            await self.note()
            return await self.store.contact(found.id) or found

    async def outcome(self, contact: Contact, code: str, by: str, note: str = "", at: Instant | None = None) -> Contact:
        """Somebody says what the talk with a contact has brought; what the code says follows.

        Raises:
            CampaignRefused: The list has no such code.
        """
        async with self.busy:
            await self.note()
            found, campaign, now = await self.store.contact(contact.id), await self.list_of(contact), self._now()
            meant = None if campaign is None else campaign.settings.outcome(code)
            if found is None or campaign is None or meant is None:
                raise CampaignRefused("outcome_unknown", f"the list has no outcome {code}")
            changes: dict[str, object] = {"outcome": code, "outcome_by": by, "note": note}
            if found.state == ContactState.CALLING:
                changes["next_at"] = at or now  # taken up when the call is over
            elif meant.then == "again":
                asked = Instant(max(at or now + meant.after_s, now))
                changes["state"] = ContactState.WAITING
                changes["next_at"] = permitted_from(asked, self.policy_of(campaign).permitted_minutes)
            else:
                changes["state"] = ContactState.CLOSED
            changed = await self.store.put(found, now, **changes)
        if meant.then == "do_not_call":
            await self._bars.add(found.number, BarScope.LISTS, f"{campaign.name}: {meant.title}", by)
        self.wanted.set()
        return changed

    def present(self, agent: AgentId) -> int | None:
        """Return the contact in whose call the operator is, or whose call has just ended; None without one."""
        rows = [row for row in self._book.snapshot().rows if row.listed is not None and row.reserved == agent]
        newest = max(rows, key=lambda row: row.request, default=None)
        return None if newest is None or newest.listed is None else newest.listed.contact

    async def summary(self, campaign: Campaign) -> Mapping[tuple[str, str, str], int]:
        """Return how many contacts are in each (state, result, outcome)."""
        return await self.store.counts(campaign)

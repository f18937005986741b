"""Call lists and their contacts in the database of records.

Nothing here is asked while a call waits: a database that is away stops the lists and nothing else. What a contact's
request has come to is noted by the number of the request, so that noting it twice changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, RowMapping, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.campaigns.model import Campaign, Contact, Imported, NewContact, Settings
from callback.lists import After, ContactState, Result
from callback.request import Request
from metrics.records.tables import campaign_contacts, campaigns
from queue_engine.ids import Instant

_K: Final = campaigns.c
_C: Final = campaign_contacts.c
AT_ONCE: Final = 500
"""Rows of one statement: SQLite takes a limited number of values."""


class CampaignStore:
    """Reads and writes. Every method raises SQLAlchemyError or OSError when the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    # -- lists -----------------------------------------------------------------------------------------------------

    async def add(self, name: str, line: str, settings: Settings, by: str, now: Instant) -> Campaign | None:
        """Keep a new list, paused; None if there is one of this name."""
        values = {
            "name": name,
            "line": line,
            "state": "paused",
            "settings": settings.model_dump_json(exclude_defaults=True),
            "created_at": now,
            "created_by": by,
        }
        written = self._upsert(campaigns).values(values).on_conflict_do_nothing(index_elements=["name"])
        async with self._engine.begin() as link:
            taken = (await link.execute(written)).rowcount == 0
        return None if taken else await self.find(name)

    async def all(self, *states: str) -> list[Campaign]:
        """Return the lists, oldest first; of these states only, if any are given."""
        wanted = select(campaigns).order_by(_K.id)
        if states:
            wanted = wanted.where(_K.state.in_(states))
        async with self._engine.connect() as link:
            return [_campaign(row) for row in (await link.execute(wanted)).mappings()]

    async def find(self, name: str) -> Campaign | None:
        """Return the list of this name."""
        async with self._engine.connect() as link:
            row = (await link.execute(select(campaigns).where(_K.name == name))).mappings().first()
        return None if row is None else _campaign(row)

    async def change_state(self, campaign: Campaign, state: str) -> Campaign:
        """Let a list run, rest or end."""
        async with self._engine.begin() as link:
            await link.execute(update(campaigns).where(_K.id == campaign.id).values(state=state))
        return campaign._replace(state=state)

    async def counts(self, campaign: Campaign) -> Mapping[tuple[str, str, str], int]:
        """Return how many contacts are in each (state, result, outcome)."""
        grouped = (_C.state, _C.result, _C.outcome)
        wanted = select(*grouped, func.count()).where(_C.campaign == campaign.id).group_by(*grouped)
        async with self._engine.connect() as link:
            return {(state, result, outcome): n for state, result, outcome, n in await link.execute(wanted)}

    # -- contacts --------------------------------------------------------------------------------------------------

    async def fill(self, campaign: Campaign, rows: Iterable[tuple[NewContact, bool]], now: Instant) -> Imported:
        """Add contacts, each with whether its number can be called; a number that is there already stays as it is."""
        values = [
            {
                "campaign": campaign.id,
                "number": row.number,
                "name": row.name,
                "details": orjson.dumps(dict(row.details)).decode(),
                "state": ContactState.WAITING if callable_ else ContactState.CLOSED,
                "attempts": 0,
                "next_at": now,
                "request": 0,
                "result": "" if callable_ else Result.IMPOSSIBLE,
                "agent": "",
                "call": "",
                "outcome": "",
                "outcome_by": "",
                "note": "",
                "changed_at": now,
            }
            for row, callable_ in rows
        ]
        kept = Counter[str]()
        async with self._engine.begin() as link:
            for state in (ContactState.WAITING, ContactState.CLOSED):
                of_state = [each for each in values if each["state"] is state]
                for first in range(0, len(of_state), AT_ONCE):
                    written = self._upsert(campaign_contacts).values(of_state[first : first + AT_ONCE])
                    done = await link.execute(written.on_conflict_do_nothing(index_elements=["campaign", "number"]))
                    kept[state] += done.rowcount
        return Imported(kept[ContactState.WAITING], len(values) - kept.total(), kept[ContactState.CLOSED])

    async def contact(self, contact: int) -> Contact | None:
        """Return one."""
        return next(iter(await self._contacts(_C.id == contact, limit=1)), None)

    async def of_call(self, call: str) -> Contact | None:
        """Return the contact whose last call this was."""
        return next(iter(await self._contacts(_C.call == call, limit=1)), None)

    async def page(self, campaign: Campaign, after: int, limit: int) -> list[Contact]:
        """Return contacts of a list above a number, in their order."""
        return await self._contacts((_C.campaign == campaign.id) & (_C.id > after), limit=limit)

    async def due(self, campaign: Campaign, now: Instant, limit: int) -> list[Contact]:
        """Return contacts that may be called now, who has waited longest first."""
        free = or_(_C.state == ContactState.WAITING, _C.state == ContactState.PREVIEW)
        wanted = (_C.campaign == campaign.id) & free & (_C.next_at <= now)
        async with self._engine.connect() as link:
            found = select(campaign_contacts).where(wanted).order_by(_C.next_at, _C.id).limit(limit)
            return [Contact(**row) for row in (await link.execute(found)).mappings()]

    async def before(self, agent: str, now: Instant) -> Contact | None:
        """Return whom an operator looks at in any list; after its instant the contact is anybody's again."""
        of_agent = (_C.state == ContactState.PREVIEW) & (_C.agent == agent) & (_C.next_at > now)
        return next(iter(await self._contacts(of_agent, limit=1)), None)

    async def without_outcome(self, agent: str, limit: int) -> list[Contact]:
        """Return whom an operator has talked to without having said what it has brought, the last talk first."""
        reached = (_C.result == Result.REACHED) & (_C.state == ContactState.CLOSED) & (_C.outcome == "")
        wanted = select(campaign_contacts).where(_C.agent == agent, reached).order_by(_C.changed_at.desc())
        async with self._engine.connect() as link:
            return [Contact(**row) for row in (await link.execute(wanted.limit(limit))).mappings()]

    async def looked_at(self, campaign: Campaign, agent: str) -> list[Contact]:
        """Return whom an operator looks at in this list."""
        of_agent = (_C.campaign == campaign.id) & (_C.state == ContactState.PREVIEW) & (_C.agent == agent)
        return await self._contacts(of_agent, limit=1)

    async def next_due(self, running: Sequence[Campaign]) -> Instant | None:
        """Return when the next contact of these lists may be called; None when nobody waits."""
        wanted = select(func.min(_C.next_at)).where(
            _C.campaign.in_([each.id for each in running]),
            _C.state.in_([ContactState.WAITING, ContactState.PREVIEW]),
        )
        async with self._engine.connect() as link:
            found: float | None = await link.scalar(wanted)
        return None if found is None else Instant(found)

    async def calling(self) -> list[Contact]:
        """Return all for whom a request stands, as far as is noted."""
        return await self._contacts(_C.state == ContactState.CALLING, limit=None)

    async def put(self, contact: Contact, now: Instant, **changes: Any) -> Contact:
        """Change a contact."""
        async with self._engine.begin() as link:
            return await self._put(link, contact, now, **changes)

    async def booked(self, row: Request, now: Instant) -> None:
        """A request stands for its contact, and maybe an operator is kept for it.

        One of before it, and one that has ended already, change nothing.
        """
        if row.listed is None:
            return
        newer = (_C.id == row.listed.contact) & (_C.request < row.request)
        values: dict[str, Any] = {"state": ContactState.CALLING, "request": row.request, "call": row.call}
        values |= {"outcome": "", "outcome_by": "", "note": "", "next_at": now, "changed_at": now}
        same = (_C.id == row.listed.contact) & (_C.request == row.request) & (_C.state == ContactState.CALLING)
        async with self._engine.begin() as link:
            await link.execute(update(campaign_contacts).where(newer).values(values))
            if row.reserved is not None:
                await link.execute(update(campaign_contacts).where(same).values(agent=row.reserved, call=row.call))

    async def ended(self, contact: Contact, row: Request, after: After, now: Instant) -> Contact:
        """The request for a contact has ended; what it has come to is noted once."""
        attempts = contact.attempts + after.counted
        changes: dict[str, Any] = {"state": after.state, "attempts": attempts, "next_at": after.next_at}
        changes |= {"request": row.request, "call": row.call, "agent": row.reserved or contact.agent}
        if after.result:
            changes["result"] = after.result
        return await self.put(contact, now, **changes)

    async def _put(self, link: AsyncConnection, contact: Contact, now: Instant, **changes: Any) -> Contact:
        values = {**changes, "changed_at": now}
        await link.execute(update(campaign_contacts).where(_C.id == contact.id).values(values))
        return contact._replace(**values)

    async def _contacts(self, wanted: ColumnElement[bool], limit: int | None) -> list[Contact]:
        found = select(campaign_contacts).where(wanted).order_by(_C.id).limit(limit)
        async with self._engine.connect() as link:
            return [Contact(**row) for row in (await link.execute(found)).mappings()]

    def _upsert(self, table: Any) -> Any:
        return (postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert)(table)


def _campaign(row: RowMapping) -> Campaign:
    return Campaign(**{**row, "settings": Settings.model_validate_json(row["settings"])})

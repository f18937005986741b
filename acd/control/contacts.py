"""The control API's requests about the contacts of call lists: whom to call, and what the talk has brought."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from acd.campaigns.model import Contact
from acd.control.access import Identity, Role
from acd.control.asked import STAFF, SUPERVISORS, Asked, Body, Endpoint, given
from acd.control.campaigns import named, refusing
from acd.control.errors import RequestRefused
from acd.logs import mask_number
from queue_engine.ids import AgentId, Instant


@dataclass(frozen=True, slots=True)
class ContactView:
    """One contact of a call list."""

    contact: int
    campaign: str
    number: str
    name: str
    details: dict[str, str]
    script: str
    """What is said to him."""
    outcomes: dict[str, str]
    """The codes that may be given, with their titles."""
    state: str
    """`waiting`, `preview` (an operator looks at him), `calling` or `closed`."""
    attempts: int
    next_at: float
    """Not called before this, while he waits."""
    result: str
    """Of his last call: `reached`, `busy`, `no_answer`, `do_not_call`, `impossible`..."""
    agent: str
    call: str
    outcome: str
    outcome_by: str
    note: str


@dataclass(frozen=True, slots=True)
class ContactsView:
    """Contacts in their order."""

    contacts: tuple[ContactView, ...]


@dataclass(frozen=True, slots=True)
class NextView:
    """The contact that an operator is given; null when nobody is to be called now."""

    contact: ContactView | None


class ContactsQuery(Body):
    """Which part of a list."""

    after: Annotated[int, Field(ge=0)] = 0
    """Number of the last contact seen."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class ForAgent(Body):
    """For which operator; an operator's own token says it already."""

    agent: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class GiveOutcome(Body):
    """What the talk has brought."""

    outcome: Annotated[str, Field(min_length=1, max_length=40)]
    note: Annotated[str, Field(max_length=1000)] = ""
    at: Annotated[float, Field(ge=0, le=4e9)] | None = None
    """Of a code that asks for another call: when, epoch seconds."""


def _agent(asked: Asked, wanted: str | None) -> AgentId:
    """Return whom the request is for, if the asker may act for him."""
    agent = wanted or asked.asker.agent
    if agent is None:
        raise RequestRefused(422, "agent_needed", "agent: is missing")
    if not asked.asker.may_act_on(AgentId(agent)):
        raise RequestRefused(403, "not_allowed", f"{asked.asker.role} may not act on operator {agent}")
    if not any(operator.number == agent for operator in asked.centre.config.operators):
        raise RequestRefused(404, "agent_unknown", f"no operator {agent}")
    return AgentId(agent)


async def _view(asked: Asked, contact: Contact) -> ContactView:
    """Return one contact as the asker may see it; it is noted who saw his number."""
    found = [each for each in await asked.centre.campaigning.desk.store.all() if each.id == contact.campaign]
    settings = found[0].settings if found else None
    full = _sees(asked.asker, contact)
    view = ContactView(
        contact=contact.id,
        campaign=found[0].name if found else "",
        number=contact.number if full else mask_number(contact.number),
        name=contact.name if full else "",
        details=contact.facts() if full else {},
        script="" if settings is None else settings.script,
        outcomes={} if settings is None else {code.code: code.title for code in settings.outcomes},
        state=contact.state,
        attempts=contact.attempts,
        next_at=contact.next_at,
        result=contact.result,
        agent=contact.agent,
        call=contact.call,
        outcome=contact.outcome,
        outcome_by=contact.outcome_by,
        note=contact.note,
    )
    await asked.looked([(contact.call or f"contact-{contact.id}", contact.number, full)])
    return view


def _sees(asker: Identity, contact: Contact) -> bool:
    return asker.sees_numbers or (asker.agent is not None and asker.agent == contact.agent)


async def _named(asked: Asked) -> Contact:
    text = asked.path["contact"]
    known = text.isascii() and text.isdigit() and len(text) <= 18
    contact = await asked.centre.campaigning.desk.store.contact(int(text)) if known else None
    if contact is None or (asked.asker.role is Role.OPERATOR and contact.agent != asked.asker.agent):
        raise RequestRefused(404, "contact_unknown", "no such contact")
    return contact


@refusing
async def _page(asked: Asked) -> ContactsView:
    query, campaign = given(asked.query, ContactsQuery), await named(asked)
    found = await asked.centre.campaigning.desk.store.page(campaign, query.after, query.limit)
    return ContactsView(tuple([await _view(asked, contact) for contact in found]))


@refusing
async def _next(asked: Asked) -> NextView:
    agent = _agent(asked, given(asked.body, ForAgent).agent)
    found = await asked.centre.campaigning.desk.take_next(await named(asked), agent)
    return NextView(None if found is None else await _view(asked, found))


@refusing
async def _call(asked: Asked) -> ContactView:
    contact = await _named(asked)
    agent = _agent(asked, given(asked.body, ForAgent).agent or contact.agent)
    return await _view(asked, await asked.centre.campaigning.desk.call(contact, agent))


@refusing
async def _outcome(asked: Asked) -> ContactView:
    body, contact = given(asked.body, GiveOutcome), await _named(asked)
    at = None if body.at is None else Instant(body.at)
    changed = await asked.centre.campaigning.desk.outcome(contact, body.outcome, asked.asker.name, body.note, at)
    return await _view(asked, changed)


@refusing
async def _present(asked: Asked) -> NextView:
    agent = AgentId(asked.path["agent"])
    desk = asked.centre.campaigning.desk
    number = desk.present(_agent(asked, agent))
    found = None if number is None else await desk.store.contact(number)
    return NextView(None if found is None else await _view(asked, found._replace(agent=agent)))


@refusing
async def _one(asked: Asked) -> ContactView:
    return await _view(asked, await _named(asked))


CONTACTS: Final[tuple[Endpoint, ...]] = (
    Endpoint(
        "GET",
        "/v1/campaigns/{campaign}/contacts",
        "Contacts of a call list, with what became of them",
        SUPERVISORS,
        ContactsView,
        _page,
        query=ContactsQuery,
    ),
    Endpoint(
        "POST",
        "/v1/campaigns/{campaign}/next",
        "Give an operator the next contact to look at",
        STAFF,
        NextView,
        _next,
        ForAgent,
    ),
    Endpoint("GET", "/v1/contacts/{contact}", "One contact of a call list", STAFF, ContactView, _one),
    Endpoint(
        "POST", "/v1/contacts/{contact}/call", "Call the contact one looks at", STAFF, ContactView, _call, ForAgent
    ),
    Endpoint(
        "POST",
        "/v1/contacts/{contact}/outcome",
        "Say what the talk with a contact has brought",
        STAFF,
        ContactView,
        _outcome,
        GiveOutcome,
    ),
    Endpoint("GET", "/v1/agents/{agent}/contact", "The contact an operator talks to", STAFF, NextView, _present),
)

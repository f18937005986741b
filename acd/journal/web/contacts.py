"""Call lists as an operator works them: the contact before him, having it called, what the talk has brought.

A contact is shown in full to the operator who looks at him or talks to him, and to whoever keeps the lists; on a card
that others read too his number is masked and the rest is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from starlette.responses import Response

from acd.campaigns.desk import CampaignRefused
from acd.campaigns.model import Campaign, Contact, OutcomeCode
from acd.campaigns.results import outcome_title, word
from acd.campaigns.round import AWAY
from acd.control.scripts import show_scripts
from acd.journal.errors import CardNotFound
from acd.journal.roles import Right
from acd.journal.store.talks import Talk
from acd.journal.store.trail import TrailEntry
from acd.journal.web.desk import Asked, BadForm, language_of, local_instant
from acd.journal.web.floor import Listed
from acd.logs import mask_number
from callback.ids import parse_attempt_call
from callback.lists import ContactState, Pacing
from queue_engine.ids import AgentId, CallId

log = structlog.get_logger(__name__)

WITHOUT_OUTCOME: Final = 20
"""Talks without an outcome that are listed, the newest."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A contact as the person who looks at the page may see him."""

    id: int
    campaign: str
    number: str
    name: str
    details: dict[str, str]
    script: str
    state: str
    next_at: float | None
    """Not called before this, while he waits."""
    attempts: int
    result: str
    outcome: str
    note: str
    own: bool
    """Whether the person says what the talk has brought."""
    may_call: bool
    codes: tuple[tuple[OutcomeCode, str], ...]
    """What can be said, with its title."""


async def calling(asked: Asked) -> Response:
    """The operator's own page: the contact before him, lists to take the next from, talks without an outcome."""
    _agent(asked)
    return await _calling_page(asked, told="contact_none" if asked.query.get("told") else "")


async def _calling_page(asked: Asked, *, told: str = "", refused: str = "") -> Response:
    """Return the page with the contact whom the operator talks to, or else the one he looks at."""
    listed = None if asked.me is None else asked.me.listed
    if listed is None:
        lists = asked.desk.floor.campaigning.desk
        contact = await lists.store.before(_agent(asked), asked.desk.now())
        listed = None if contact is None else await _listed(asked, contact)
    if listed is not None:
        await _note(asked, "contact", listed)
    return await _page(asked, listed, told=told, refused=refused, status=422 if refused else 200)


async def _page(asked: Asked, listed: Listed | None, *, status: int = 200, **said: Any) -> Response:
    """Return the page with a contact; asked by the page's script the contact's part of it alone."""
    values = {"said": "", "wrong": False, "told": "", "refused": "", **said}
    contact = None if listed is None else show(asked, listed)
    if asked.inline and contact is not None:
        return asked.page("contact.html", status=status, contact=contact, **values)
    store, agent = asked.desk.floor.campaigning.desk.store, asked.person.agent
    return asked.page(
        "calling.html",
        status=status,
        contact=contact,
        lists=[one for one in await store.all("running") if _is_offered(asked, one)],
        pending=await store.without_outcome(agent, WITHOUT_OUTCOME) if agent else [],
        **values,
    )


async def take_next(asked: Asked) -> Response:
    """Give the operator the next contact of a list of his lines, to look at."""
    desk, agent = asked.desk.floor.campaigning.desk, _agent(asked)
    try:
        campaign = await desk.named(asked.form.get("campaign", ""))
        if not _is_offered(asked, campaign):
            return await _calling_page(asked, refused="list_campaign_rests")
        found = await desk.take_next(campaign, agent)
    except CampaignRefused as fault:
        return await _calling_page(asked, refused=f"list_{fault.code}")
    return asked.goto("/calling") if found is not None else asked.goto("/calling", told="none")


async def contact_page(asked: Asked) -> Response:
    """One contact."""
    listed = await _own(asked)
    if not (asked.inline and listed.contact.agent == asked.person.agent):  # drawn again, he has it before him
        await _note(asked, "contact", listed)
    return await _page(asked, listed)


async def call(asked: Asked) -> Response:
    """Have the contact called whom the operator looks at."""
    listed, agent = await _own(asked), _agent(asked)
    try:
        contact = await asked.desk.floor.campaigning.desk.call(listed.contact, agent)
    except CampaignRefused as fault:
        return await _answer(asked, listed, f"list_{fault.code}", wrong=True)
    await _note(asked, "contact_call", listed)
    return await _answer(asked, Listed(contact, listed.campaign), "contact_rings")


async def outcome(asked: Asked) -> Response:
    """Say what the talk with a contact has brought."""
    listed, form = await _own(asked), asked.form
    at = local_instant(asked.desk, form["at"]) if form.get("at") else None
    meant = listed.campaign.settings.outcome(form.get("outcome", ""))
    if meant is not None and meant.then != "again" and at is not None:
        return await _answer(asked, listed, "outcome_not_again", wrong=True)
    desk, by, note = asked.desk.floor.campaigning.desk, asked.person.login, form.get("note", "").strip()[:1000]
    try:
        contact = await desk.outcome(listed.contact, form.get("outcome", ""), by, note, at)
    except CampaignRefused as fault:
        return await _answer(asked, listed, f"list_{fault.code}", wrong=True)
    await _note(asked, "contact_outcome", listed, form.get("outcome", ""))
    return await _answer(asked, Listed(contact, listed.campaign), "outcome_saved")


async def contacts_of(asked: Asked, talks: Sequence[Talk]) -> list[Shown]:
    """Return the contacts that a card's talks were with, the newest first; none with the records away."""
    lists = asked.desk.floor.campaigning.desk
    found: dict[int, Shown] = {}
    try:
        for name in dict.fromkeys(talk.call for talk in reversed(talks)):
            contact = await lists.store.of_call(name) if parse_attempt_call(CallId(name)) is not None else None
            listed = None if contact is None else await _listed(asked, contact)
            if listed is not None:
                found.setdefault(listed.contact.id, show(asked, listed))
    except AWAY as fault:  # the card is shown all the same
        log.warning("desk.lists_away", reason=type(fault).__name__)
    return list(found.values())


def show(asked: Asked, listed: Listed) -> Shown:
    """Return a contact as the person may see him."""
    contact, settings, language = listed.contact, listed.campaign.settings, language_of(asked.person.language)
    own = _is_own(asked, contact)
    scripts = show_scripts(asked.desk.floor.config, (listed.campaign.line,))
    return Shown(
        id=contact.id,
        campaign=settings.title or listed.campaign.name,
        number=contact.number if own else mask_number(contact.number),
        name=contact.name if own else "",
        details=contact.facts() if own else {},
        script=settings.script or next((script.text for script in scripts), ""),
        state=word(contact.state, language),
        next_at=contact.next_at if contact.state == ContactState.WAITING else None,
        attempts=contact.attempts,
        result=word(contact.result, language),
        outcome=outcome_title(settings, contact.outcome, language),
        note=contact.note if own else "",
        own=own,
        may_call=contact.state == ContactState.PREVIEW and contact.agent == asked.person.agent,
        codes=tuple((code, outcome_title(settings, code.code, language)) for code in settings.outcomes),
    )


def _agent(asked: Asked) -> AgentId:
    if asked.person.agent is None:
        raise BadForm
    return AgentId(asked.person.agent)


def _is_offered(asked: Asked, campaign: Campaign) -> bool:
    """Tell whether the operator may ask for contacts of a list: it waits for that, and its line is one of his."""
    config = asked.desk.floor.config
    operator = next((one for one in config.operators if one.number == asked.person.agent), None)
    served = operator is not None and campaign.line in config.lines_of(operator)
    return served and campaign.settings.pacing is Pacing.PREVIEW


def _is_own(asked: Asked, contact: Contact) -> bool:
    talks_to = asked.me is not None and asked.me.listed is not None and asked.me.listed.contact.id == contact.id
    return talks_to or asked.person.may(Right.CALL_LISTS) or bool(contact.agent and contact.agent == asked.person.agent)


async def _own(asked: Asked) -> Listed:
    """Return the contact that the path names, with all that has become of him.

    Raises:
        CardNotFound: There is none, or he is another operator's.
    """
    number = asked.number("contact")
    contact = await asked.desk.floor.campaigning.desk.look_at(number)
    listed = None if contact is None or not _is_own(asked, contact) else await _listed(asked, contact)
    if listed is None:
        raise CardNotFound(number)
    return listed


async def _listed(asked: Asked, contact: Contact) -> Listed | None:
    campaign = await asked.desk.floor.campaigning.desk.list_of(contact)
    return None if campaign is None else Listed(contact, campaign)


async def _answer(asked: Asked, listed: Listed, said: str, *, wrong: bool = False) -> Response:
    return await _page(asked, listed, status=422 if wrong else 200, said=said, wrong=wrong)


async def _note(asked: Asked, action: str, listed: Listed, more: str = "") -> None:
    """Write into the trail that a contact was seen, or what was done about him."""
    detail = f"{listed.campaign.name} {listed.contact.id} {more}".rstrip()
    entry = TrailEntry(asked.desk.now(), asked.person.login, action, detail=detail)
    await asked.desk.journal.trail.note(entry)

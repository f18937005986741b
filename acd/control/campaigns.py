"""The control API's requests about call lists: made, filled, let run, looked at. Their contacts: `contacts.py`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from acd.campaigns.desk import CampaignRefused
from acd.campaigns.model import LARGEST_DETAILS, Campaign, NewContact, Settings
from acd.control.asked import STAFF, SUPERVISORS, Asked, Body, Endpoint, given
from acd.control.errors import RequestRefused
from acd.pressure import Gives

CONTACTS_AT_ONCE: Final = 200
"""Contacts of one request: as many as fit into the largest body."""
UNKNOWN: Final = frozenset({"campaign_unknown", "survey_unknown", "outcome_unknown"})


@dataclass(frozen=True, slots=True)
class CampaignView:
    """One call list."""

    name: str
    title: str
    line: str
    state: str
    """`running`, `paused` or `stopped`."""
    pacing: str
    """`operators`, `preview` or `menu`."""
    settings: dict[str, Any]
    """What was asked for; what is not here has its default."""
    created_at: float
    created_by: str
    contacts: int
    waiting: int
    """To be called, now or later."""
    calling: int
    reached: int
    closed: int
    results: dict[str, int]
    """How the last calls ended, by result: `reached`, `busy`, `no_answer`..."""
    outcomes: dict[str, int]
    """What the talks have brought, by code; `` for none given."""


@dataclass(frozen=True, slots=True)
class CampaignsView:
    """All call lists, oldest first."""

    campaigns: tuple[CampaignView, ...]


@dataclass(frozen=True, slots=True)
class ImportedView:
    """What became of contacts that were to be added."""

    added: int
    repeated: int
    """In the list already."""
    impossible: int
    """Kept as closed: numbers that cannot be called."""


class AddCampaign(Body):
    """A list as it is to be."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=40)]
    line: Annotated[str, Field(min_length=1, max_length=80)]
    """Whose operators call, and by whose call-backs: trunk, number shown, limits."""
    settings: Settings = Settings()
    """How it calls."""


class ChangeState(Body):
    """What a list is to do from now on."""

    state: Literal["running", "paused", "stopped"]


class GivenContact(Body):
    """One contact."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(max_length=200)] = ""
    details: Annotated[dict[str, Annotated[str, Field(max_length=1000)]], Field(max_length=50)] = Field(
        default_factory=dict
    )


class AddContacts(Body):
    """Contacts of a list."""

    contacts: Annotated[tuple[GivenContact, ...], Field(min_length=1, max_length=CONTACTS_AT_ONCE)]


def refusing(answer: Callable[[Asked], Awaitable[Any]]) -> Callable[[Asked], Awaitable[Any]]:
    """Return an answer whose own refusals, and a database that is away, are told as the API tells them."""

    @wraps(answer)
    async def refused(asked: Asked) -> Any:
        try:
            return await answer(asked)
        except CampaignRefused as fault:
            raise RequestRefused(404 if fault.code in UNKNOWN else 409, fault.code, fault.told) from fault
        except (SQLAlchemyError, OSError) as fault:
            raise RequestRefused(503, "database_away", "call lists cannot be read now") from fault

    return refused


async def named(asked: Asked) -> Campaign:
    """Return the list that the path names."""
    return await asked.centre.campaigning.desk.named(asked.path["campaign"])


async def _view(asked: Asked, campaign: Campaign) -> CampaignView:
    return view_of(campaign, await asked.centre.campaigning.desk.summary(campaign))


def view_of(campaign: Campaign, counts: Mapping[tuple[str, str, str], int]) -> CampaignView:
    """Return one list with its counts by (state, result, outcome)."""
    states: dict[str, int] = {}
    results: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    for (state, result, outcome), count in counts.items():
        states[state] = states.get(state, 0) + count
        if result:
            results[result] = results.get(result, 0) + count
        if outcome or result == "reached":
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    settings = campaign.settings
    return CampaignView(
        name=campaign.name,
        title=settings.title or campaign.name,
        line=campaign.line,
        state=campaign.state,
        pacing=settings.pacing.value,
        settings=settings.model_dump(mode="json", exclude_defaults=True),
        created_at=campaign.created_at,
        created_by=campaign.created_by,
        contacts=sum(states.values()),
        waiting=states.get("waiting", 0) + states.get("preview", 0),
        calling=states.get("calling", 0),
        reached=results.get("reached", 0),
        closed=states.get("closed", 0),
        results=dict(sorted(results.items())),
        outcomes=dict(sorted(outcomes.items())),
    )


@refusing
async def _list(asked: Asked) -> CampaignsView:
    found = await asked.centre.campaigning.desk.store.all()
    return CampaignsView(tuple([await _view(asked, each) for each in found]))


@refusing
async def _one(asked: Asked) -> CampaignView:
    return await _view(asked, await named(asked))


@refusing
async def _add(asked: Asked) -> CampaignView:
    body = given(asked.body, AddCampaign)
    made = await asked.centre.campaigning.desk.add(body.name, body.line, body.settings, asked.asker.name)
    return await _view(asked, made)


@refusing
async def _change(asked: Asked) -> CampaignView:
    state = given(asked.body, ChangeState).state
    changed = await asked.centre.campaigning.desk.change_state(await named(asked), state, asked.asker.name)
    return await _view(asked, changed)


@refusing
async def _fill(asked: Asked) -> ImportedView:
    rows = []
    for contact in given(asked.body, AddContacts).contacts:
        if sum(len(key) + len(value) for key, value in contact.details.items()) > LARGEST_DETAILS:
            raise RequestRefused(422, "value_wrong", f"details of {contact.number}: too much")
        rows.append(NewContact(contact.number, contact.name, tuple(contact.details.items())))
    done = await asked.centre.campaigning.desk.fill(await named(asked), rows)
    return ImportedView(*done)


CAMPAIGNS: Final[tuple[Endpoint, ...]] = (
    Endpoint(
        "GET", "/v1/campaigns", "Every call list and how far it is", STAFF, CampaignsView, _list, gives=Gives.VIEW
    ),
    Endpoint("GET", "/v1/campaigns/{campaign}", "One call list", STAFF, CampaignView, _one, gives=Gives.VIEW),
    Endpoint(
        "POST", "/v1/campaigns", "Make a call list, paused and empty", SUPERVISORS, CampaignView, _add, AddCampaign
    ),
    Endpoint(
        "POST",
        "/v1/campaigns/{campaign}/state",
        "Let a call list run, rest, or end for good",
        SUPERVISORS,
        CampaignView,
        _change,
        ChangeState,
    ),
    Endpoint(
        "POST",
        "/v1/campaigns/{campaign}/contacts",
        "Add contacts to a call list",
        SUPERVISORS,
        ImportedView,
        _fill,
        AddContacts,
    ),
)

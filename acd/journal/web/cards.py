"""Pages of cards: the journal's list, one card with all that can be done to it, a new one, finding by number."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from acd.journal.cards import EDITABLE, Card, Channel
from acd.journal.errors import CardIncomplete, EditConflict, NumberMistyped, TooLate, TransitionRefused
from acd.journal.limits import Urgency
from acd.journal.roles import RIGHT_FOR, SCOPE, Right, Scope
from acd.journal.service import Seen
from acd.journal.states import CardState, CardTrigger, Holder, possible
from acd.journal.store.lists import PAGE, CardFilter
from acd.journal.store.trail import MARKS
from acd.journal.web.contacts import contacts_of
from acd.journal.web.desk import Asked, BadForm, local_instant
from acd.journal.web.sound import messages_of, processed, recorded_of

SAVE: Final = "save"
_ENUMS: Final[Mapping[str, type[Any]]] = {"channel": Channel, "urgency": Urgency, "holder": Holder}
_IDS: Final = frozenset({"reason_id", "organisation_id"})
_WITH: Final[Mapping[CardTrigger, frozenset[str]]] = {
    CardTrigger.HAND_OVER: frozenset({"holder", "organisation_id"}),
    CardTrigger.DEFER: frozenset({"promised_at"}),
}
_MOVE_FIELDS: Final = frozenset({"holder", "organisation_id", "promised_at"})


def filter_of(asked: Asked) -> CardFilter:
    """Return which cards the address asks for.

    Raises:
        BadForm: A value is none of its field.
    """
    query = asked.query
    state = query.get("state", "")
    try:
        return CardFilter(
            states=frozenset({CardState(state)}) if state else frozenset(),
            open_only=bool(query.get("open")),
            breached_only=bool(query.get("breached")),
            responsible=asked.person.login if query.get("mine") else "",
            caller=query.get("caller", ""),
            text=query.get("text", ""),
            before_id=int(query["before"]) if query.get("before") else None,
        )
    except ValueError as error:
        raise BadForm from error


async def journal(asked: Asked) -> Response:
    """The journal as a list with filters, in the regulation's colours."""
    desk, query = asked.desk, asked.query
    cards = await desk.lists.page(asked.person, filter_of(asked))
    everything = SCOPE[asked.person.role] is Scope.SERVICE
    counts = await desk.lists.open_by_state(desk.journal.service) if everything else {}
    return asked.page(
        "journal.html",
        cards=cards,
        counts=counts,
        query=query,
        states=CardState,
        names=await desk.people.names(desk.journal.service),
        reasons={one.id: one.title for one in await desk.journal.catalogues.reasons(desk.journal.service)},
        more=len(cards) == PAGE,
    )


async def find(asked: Asked) -> Response:
    """Go to the card of a number; anything else is searched for."""
    text = asked.query.get("text", "").strip()
    try:
        card = await asked.desk.journal.find(asked.person, text, asked.desk.now())
    except NumberMistyped:
        return asked.goto("/journal", text=text)
    return asked.goto(f"/cards/{card.id}")


async def show(asked: Asked) -> Response:
    """One card."""
    card = await asked.desk.journal.read(asked.person, asked.number("card"), asked.desk.now())
    return await card_page(asked, card)


async def new(asked: Asked) -> Response:
    """An empty card to be opened by hand."""
    return await card_page(asked, _blank(asked))


async def create(asked: Asked) -> Response:
    """Open a card by hand, and register it if that was asked."""
    desk = asked.desk
    changes = changes_of(asked, _blank(asked), frozenset())
    channel = changes.pop("channel", Channel.PAPER)
    card = await desk.journal.open_by_hand(asked.person, channel, changes, desk.now())
    if asked.form.get("do") == CardTrigger.REGISTER:
        try:
            await desk.journal.move(asked.person, Seen(card.id, card.version), CardTrigger.REGISTER, {}, desk.now())
        except CardIncomplete as error:
            return await card_page(asked, card, error=error, status=422)
    return asked.goto(f"/cards/{card.id}", saved="1")


async def change(asked: Asked) -> Response:
    """Save a card's fields, or move it; what does not go is said on the same page with everything that was typed."""
    desk, number = asked.desk, asked.number("card")
    do = asked.form.get("do", SAVE)
    try:
        seen = Seen(number, int(asked.form.get("version", "")))
        trigger = None if do == SAVE else CardTrigger(do)
    except ValueError as error:
        raise BadForm from error
    stored = await desk.journal.read(asked.person, number, desk.now())
    changes = changes_of(asked, stored, _WITH.get(trigger, frozenset()) if trigger else frozenset())
    typed = replace(stored, **changes)
    try:
        if trigger is None:
            await desk.journal.edit(asked.person, seen, changes, desk.now())
        else:
            note = asked.form.get("note", "")
            moved = await desk.journal.move(asked.person, seen, trigger, changes, desk.now(), note=note)
            await processed(asked, stored, moved)
    except EditConflict as error:
        stored = await desk.journal.cards.get(number)
        return await card_page(asked, replace(typed, version=stored.version), error=error, status=409)
    except (CardIncomplete, TransitionRefused, TooLate) as error:
        return await card_page(asked, replace(typed, version=seen.version), error=error, status=422)
    return asked.goto(f"/cards/{number}", saved="1")


async def card_page(asked: Asked, card: Card, *, error: Exception | None = None, status: int = 200) -> Response:
    """Return the page of a card, with what went wrong if something did."""
    desk, person = asked.desk, asked.person
    journal_ = desk.journal
    earlier = []
    if card.caller and person.may(Right.OPEN_CARD):
        found = await desk.lists.page(person, CardFilter(caller=card.caller), 6)
        earlier = [one for one in found if one.id != card.id][:5]
    talks = await journal_.cards.talks(card.id) if card.id else []
    return asked.page(
        "card.html",
        status=status,
        card=card,
        error=error,
        kind=type(error).__name__,
        profile=journal_.rules.profile,
        buttons=_buttons(asked, card),
        titles=[(one.id, one.title) for one in await journal_.catalogues.reasons(journal_.service) if one.active],
        organisations=[
            (one.id, one.name) for one in await journal_.catalogues.organisations(journal_.service) if one.active
        ],
        states=CardState,
        triggers=CardTrigger,
        holders=[one for one in Holder if one in journal_.rules.profile.holders],
        channels=Channel,
        urgencies=Urgency,
        talks=talks,
        recorded=await recorded_of(asked, talks),
        messages=await messages_of(asked, talks),
        contacts=(await contacts_of(asked, talks))[:1],
        history=await journal_.cards.history(card.id) if card.id and person.may(Right.WRITE_CARD) else [],
        scripts=await desk.knowledge.scripts(journal_.service, card.line) if person.may(Right.READ_KNOWLEDGE) else [],
        assessments=await journal_.trail.assessments(card=card.id) if card.id and person.may(Right.ASSESS) else [],
        marks=MARKS,
        lines=[line.name for line in desk.floor.config.lines],
        names=await desk.people.names(journal_.service),
        agents={operator.number: operator.title for operator in desk.floor.config.operators},
        earlier=earlier,
        saved=bool(asked.query.get("saved")) and error is None,
    )


def changes_of(asked: Asked, card: Card, with_move: frozenset[str]) -> dict[str, Any]:
    """Return the fields of the form, in the types of `Card`; fields that go with a move only if it is that move.

    Raises:
        BadForm: A value is none of its field.
    """
    changes: dict[str, Any] = {}
    try:
        for name, text in asked.form.items():
            if name not in EDITABLE or (name in _MOVE_FIELDS and name not in with_move):
                continue
            if name in _ENUMS:
                if text:
                    changes[name] = _ENUMS[name](text)
            elif name in _IDS:
                changes[name] = int(text) if text else None
            elif name == "promised_at":
                changes[name] = local_instant(asked.desk, text) if text else None
            else:
                changes[name] = text.strip()
    except ValueError as error:
        raise BadForm from error
    if "anonymous_shown" in asked.form:  # a box that is not ticked sends nothing
        changes["anonymous"] = asked.form.get("anonymous") == "on"
    if card.id:
        changes.pop("channel", None)
    return changes


def _blank(asked: Asked) -> Card:
    journal_ = asked.desk.journal
    now = asked.desk.now()
    profile = journal_.rules.profile
    year = journal_.rules.work.local_date(now).year
    return Card(journal_.service, profile.prefix, year, now, Channel.PAPER, responsible=asked.person.login)


def _buttons(asked: Asked, card: Card) -> list[CardTrigger]:
    """Return what this person may do with the card now."""
    forbidden = asked.desk.journal.rules.profile.forbidden
    allowed = []
    for trigger in possible(card.state):
        right = RIGHT_FOR[trigger]
        if right is not None and asked.person.may(right) and trigger not in forbidden:
            allowed.append(trigger)
    return allowed

"""What an operator does at the telephone from the desk: his state, handing a caller on, a call-back for a card.

Asked by the page's script these answer with a part of the page, so that what is being typed into a card stays; without
the script the whole page comes back.
"""

from starlette.responses import Response

from acd.journal.roles import Role
from acd.journal.store.talks import note_callback
from acd.journal.store.trail import TrailEntry
from acd.journal.web.desk import Asked, BadForm, local_instant, standing
from acd.transferring import TransferImpossible
from callback.inputs import CallbackAsked
from callback.kinds import ImpossibleReason, Origin
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentResumed,
    Input,
    QuestioningMarked,
    WrapUpEnded,
)


async def strip(asked: Asked) -> Response:
    """The operator's state and what can be done about it: the part of every page that changes by itself."""
    return asked.page("phone.html", told="")


async def state(asked: Asked) -> Response:
    """Ask the engine for another state of the operator who asks, or tell the book that his last talk broke."""
    agent, login = asked.person.agent, asked.person.login
    if agent is None:
        raise BadForm
    number = AgentId(agent)
    reasons = asked.desk.floor.config.pause_reasons
    reason = next((one for one in reasons if one.name == asked.form.get("reason")), None)
    deeds: dict[str, Input | None] = {
        "login": AgentLoggedIn(number, login),
        "logout": AgentLoggedOut(number, login),
        "pause": None if reason is None else AgentPaused(number, reason.name, login, reason.limit_s),
        "resume": AgentResumed(number, login),
        "ready": WrapUpEnded(number, login),
        "questioned": QuestioningMarked(number, login),
    }
    do, told = asked.form.get("do", ""), ""
    if do == "unfinished":
        told = "unfinished_taken" if asked.desk.floor.callbacks.unfinished(number, login) else "unfinished_none"
    elif do == "login" and "telephone" in asked.form:
        refused = asked.desk.floor.log_in_at(number, asked.form["telephone"], login, oust=False)
        told = f"seat_{refused}" if refused else ""
    elif do == "transfer":
        told = await _hand_on(asked)
    elif (deed := deeds.get(do)) is not None:
        asked.desk.floor.post(deed)
    else:
        raise BadForm
    return asked.page("phone.html", told=told) if asked.inline else asked.goto("/")


async def _hand_on(asked: Asked) -> str:
    """Hand the operator's own caller on; return the key of the words that say how it went."""
    desk, person = asked.desk, asked.person
    own = standing(desk, person)
    if own is None or own.call is None or own.agent.state is not AgentState.TALKING:
        return "transfer_call_unknown"
    to, agreed = asked.form.get("to", ""), asked.form.get("agreed") == "on"
    try:
        await desk.floor.transfers.transfer(own.call.call, to, person.login, agreed=agreed)
    except TransferImpossible as fault:
        return f"transfer_{fault.code}"
    await desk.journal.trail.note(TrailEntry(desk.now(), person.login, "transfer", detail=f"{own.call.call} {to}"))
    return "transfer_done"


async def call_back(asked: Asked) -> Response:
    """Book a call-back for a card: its talk will be one of the card's (UDM 5.9, VLA 3.5)."""
    desk, person, form = asked.desk, asked.person, asked.form
    now = desk.now()
    card = await desk.journal.read(person, asked.number("card"), now)
    lines = [line.name for line in desk.floor.config.lines]
    line = QueueName(card.line if card.line in lines else form.get("line", ""))
    number = form.get("number", "").strip()
    if line not in lines or not number:
        raise BadForm
    due_at = local_instant(desk, form["at"]) if form.get("at") else None
    agent = AgentId(person.agent) if person.agent and form.get("mine") else None
    book = desk.floor.callbacks
    refused: ImpossibleReason | None = book.refusal(line, number)
    limited = person.role is not Role.ADMINISTRATOR
    booked = book.ask(
        CallbackAsked(line, number, person.login, Origin.BOOKED, due_at=due_at, agent=agent, limited=limited)
    )
    if booked is None:
        refused = refused or (ImpossibleReason.PERSON_LIMIT if limited else ImpossibleReason.TOO_MANY)
    else:
        refused = None
        async with desk.engine.begin() as connection:
            await note_callback(connection, booked.request, card.id, now, person.login)
        await desk.journal.trail.note(TrailEntry(now, person.login, "callback", card.id))
    if not asked.inline:
        return asked.goto(f"/cards/{card.id}", callback="refused" if refused else "booked")
    return asked.page(
        "callback.html", status=422 if refused else 200, card=card, lines=lines, refused=refused, booked=booked
    )

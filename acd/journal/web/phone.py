"""What an operator does at the telephone from the desk: his state, his talk and its recording, a call-back for a card.

Asked by the page's script these answer with a part of the page, so that what is being typed into a card stays; without
the script the whole page comes back.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.responses import Response

from acd.journal.roles import Role
from acd.journal.store.talks import note_callback
from acd.journal.store.trail import TrailEntry
from acd.journal.web.desk import Asked, BadForm, local_instant
from acd.journal.web.floor import outside_talks, standing
from acd.transferring import TransferImpossible
from callback.inputs import CallbackAsked
from callback.kinds import ImpossibleReason, Origin
from queue_engine.ids import AgentId, CallId, QueueName
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
    """Ask the engine for another state of the operator who asks, or do something about the talk that he has."""
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
    elif do in _OUTSIDE and "call" in asked.form:
        told = await _record_outside(asked, number, do)
    elif do in _ABOUT_THE_TALK:
        told = await _about_the_talk(asked, do)
    elif (deed := deeds.get(do)) is not None:
        asked.desk.floor.post(deed)
    else:
        raise BadForm
    if not asked.inline:
        return asked.goto("/")
    return asked.page("phone.html", told=told, me=await standing(asked.desk.floor, asked.person))


async def _hand_on(asked: Asked, call: CallId) -> str:
    await asked.desk.floor.transfers.transfer(
        call, asked.form.get("to", ""), asked.person.login, agreed=asked.form.get("agreed") == "on"
    )
    return "transfer_done"


async def _ask(asked: Asked, call: CallId) -> str:
    await asked.desk.floor.transfers.ask(
        call, asked.form.get("to", ""), asked.person.login, agreed=asked.form.get("agreed") == "on"
    )
    return "ask_done"


async def _join(asked: Asked, call: CallId) -> str:
    await asked.desk.floor.transfers.join_asked(call)
    return "join_done"


async def _back(asked: Asked, call: CallId) -> str:
    await asked.desk.floor.transfers.ask_no_more(call)
    return "back_done"


async def _pause_recording(asked: Asked, call: CallId) -> str:
    return await _record(asked, call, pause=True)


async def _resume_recording(asked: Asked, call: CallId) -> str:
    return await _record(asked, call, pause=False)


async def _record(asked: Asked, call: CallId, *, pause: bool) -> str:
    """Let the recording hold silence, or what is said again; return the key of the words that say how it went."""
    desk, me = asked.desk.floor.recording_desk, asked.me
    if desk is None or me is None or me.paused is None:
        return "not_recorded"
    done = await (desk.pause if pause else desk.resume)(call, asked.person.login)
    if not done:
        return "not_recorded"
    return "recording_pause_done" if pause else "recording_resume_done"


async def _record_outside(asked: Asked, agent: AgentId, do: str) -> str:
    """The same for a talk outside that is the operator's: no line has it, and it has an id of its own."""
    desk, floor = asked.desk, asked.desk.floor
    call = next((each.call for each in await outside_talks(floor, agent) if each.call == asked.form["call"]), None)
    if call is None or floor.recording_desk is None:
        return "not_recorded"
    change = floor.recording_desk.pause if do == "pause_recording" else floor.recording_desk.resume
    if not await change(call, asked.person.login):
        return "not_recorded"
    await desk.journal.trail.note(TrailEntry(desk.now(), asked.person.login, do, detail=call))
    return _OUTSIDE[do]


_OUTSIDE: Final = {"pause_recording": "recording_pause_done", "resume_recording": "recording_resume_done"}
_ABOUT_THE_TALK: Final[Mapping[str, Callable[[Asked, CallId], Awaitable[str]]]] = {
    "transfer": _hand_on,
    "ask": _ask,
    "join": _join,
    "back": _back,
    "pause_recording": _pause_recording,
    "resume_recording": _resume_recording,
}
"""What an operator does about his own talk; each returns the key of the words that say how it went."""
_UNDONE: Final = frozenset({"not_recorded"})


async def _about_the_talk(asked: Asked, do: str) -> str:
    """Do something about the operator's own talk, with its trail; return the key of the words that say how it went."""
    desk, me = asked.desk, asked.me
    if me is None or me.call is None or not me.talks:
        return "transfer_call_unknown"
    try:
        told = await _ABOUT_THE_TALK[do](asked, me.call.call)
    except TransferImpossible as fault:
        return f"transfer_{fault.code}"
    if told not in _UNDONE:
        detail = f"{me.call.call} {asked.form.get('to', '')}" if do in {"transfer", "ask"} else me.call.call
        await desk.journal.trail.note(TrailEntry(desk.now(), asked.person.login, do, detail=detail))
    return told


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

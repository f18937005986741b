"""What a card has to be heard, listed on it and played there; who listened is in the trail.

Its recorded talks are for those who assess operators' work (S4), its voice message for whoever deals with it (UDM 5.3).
"""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import FileResponse, Response

from acd.control.access import Identity
from acd.control.access import Role as ControlRole
from acd.control.errors import RequestRefused
from acd.control.recordings import sound_response
from acd.journal.cards import Card, Channel
from acd.journal.errors import CardNotFound
from acd.journal.roles import Right
from acd.journal.states import CardState
from acd.journal.store.talks import Talk
from acd.journal.store.trail import TrailEntry
from acd.journal.web.desk import HEADERS, Asked
from metrics.records.recordings import Wanted, find_recording, list_recordings
from metrics.records.rows import MessageRow
from queue_engine.ids import CallId, Instant

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded talk of a card."""

    recording: str
    started_at: Instant
    duration_s: float


async def recorded_of(asked: Asked, talks: list[Talk]) -> list[Recorded]:
    """Return the recordings of a card's talks that may be heard, the first first; none for those who may not listen."""
    desk = asked.desk.floor.recording_desk
    if desk is None or not asked.person.may(Right.ASSESS):
        return []
    found: dict[str, Recorded] = {}
    try:
        for call in {talk.call for talk in talks}:
            for listed in await list_recordings(desk.records, Wanted(call=call)):
                row = listed.row
                found[row.recording] = Recorded(row.recording, Instant(row.started_at), row.duration_s)
    except (SQLAlchemyError, OSError) as fault:  # the card is shown all the same
        log.warning("desk.recordings_away", reason=type(fault).__name__)
    return sorted(found.values(), key=lambda one: one.started_at)


async def sound(asked: Asked) -> Response:
    """The sound of a recording that belongs to the card; who listened is in the trail."""
    desk, person = asked.desk, asked.person
    number, recording = asked.number("card"), asked.request.path_params["recording"]
    await desk.journal.read(person, number, desk.now())
    calls = {talk.call for talk in await desk.journal.cards.talks(number)}
    recordings = desk.floor.recording_desk
    listed = await find_recording(recordings.records, recording) if recordings is not None else None
    if listed is None or not any(listed.row.call == call or listed.row.call.startswith(f"{call}-") for call in calls):
        raise CardNotFound(recording)
    asker = Identity(person.login, ControlRole.SUPERVISOR)
    await desk.journal.trail.note(TrailEntry(desk.now(), person.login, "listen", number, recording))
    try:
        return await sound_response(desk.floor, asker, recording, asked.request.headers.get("range"))
    except RequestRefused as refusal:
        return Response(refusal.message, refusal.status, HEADERS, "text/plain")


async def messages_of(asked: Asked, talks: list[Talk]) -> list[MessageRow]:
    """Return the voice messages among what a card was opened by, the first first; none for those who may not listen."""
    if not asked.person.may(Right.HEAR_MESSAGES):
        return []
    desk = asked.desk.floor.messages
    found = [await desk.find(CallId(call)) for call in dict.fromkeys(talk.call for talk in talks)]
    return [row for row in found if row is not None]


async def message_sound(asked: Asked) -> Response:
    """The sound of a voice message that belongs to the card; that it was heard is a fact, by whom is in the trail."""
    desk, person = asked.desk, asked.person
    number, call = asked.number("card"), CallId(asked.request.path_params["call"])
    await desk.journal.read(person, number, desk.now())
    talks = await desk.journal.cards.talks(number)
    row = await desk.floor.messages.find(call) if any(talk.call == call for talk in talks) else None
    if row is None:
        raise CardNotFound(call)
    path = await asyncio.to_thread(desk.floor.messages.sound_of, row)
    await desk.journal.trail.note(TrailEntry(desk.now(), person.login, "listen", number, f"message {call}"))
    if path is None:
        return asked.page("refused.html", status=410, told="sound_gone")
    if row.heard_at is None:  # a player that asks for the rest of the file has not heard it twice
        desk.floor.messages.heard(row, person.login)
    return FileResponse(path, media_type="audio/wav", headers=HEADERS)


async def processed(asked: Asked, before: Card, after: Card) -> None:
    """A message is dealt with once its appeal is registered or rejected: nobody has to listen to it any more."""
    if after.channel is not Channel.VOICE_MESSAGE or before.state is not CardState.NEW or after.state is CardState.NEW:
        return
    desk = asked.desk.floor.messages
    for row in await messages_of(asked, await asked.desk.journal.cards.talks(after.id)):
        if row.done_at is None and row.destroyed_at is None:
            desk.done(row, asked.person.login, str(after.number))

"""The recordings of a card's talks, for those who assess operators' work (S4): listed on the card, heard there."""

from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from acd.control.access import Identity
from acd.control.access import Role as ControlRole
from acd.control.errors import RequestRefused
from acd.control.recordings import sound_response
from acd.journal.errors import CardNotFound
from acd.journal.roles import Right
from acd.journal.store.talks import Talk
from acd.journal.store.trail import TrailEntry
from acd.journal.web.desk import HEADERS, Asked
from metrics.records.recordings import Wanted, find_recording, list_recordings
from queue_engine.ids import Instant

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

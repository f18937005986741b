"""The control API's requests about recorded talks: lists, the sound itself, pausing, destroying.

Listening is for supervisors and administrators; whoever is shown a recording or hears it stands in the trail (S2).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Protocol

from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from acd.control.access import Identity, Role
from acd.control.asked import ADMINISTRATORS, STAFF, SUPERVISORS, Asked, Body, Endpoint, given
from acd.control.centre import Centre
from acd.control.errors import RequestRefused
from acd.control.ranges import asked_range
from acd.control.store.trail import Trail
from acd.recordings.errors import RecordingError
from acd.recordings.names import is_recording
from acd.recordings.outside import Outside
from config.model import Config
from metrics.records.recordings import Listed, Wanted, find_recording, list_recordings
from metrics.records.rows import RecordingRow
from queue_engine.ids import AgentId, CallId, QueueName

SOUND_PATH: Final = "/v1/recordings/{recording}/sound"


class RecordingDesk(Protocol):
    """What the API asks of the recordings."""

    @property
    def records(self) -> AsyncEngine:
        """The database that knows them."""

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a part of the plain sound; blocks, raises OSError and RecordingError."""

    async def destroy(self, recording: str, path: str, reason: str, by: str) -> bool:
        """Destroy one; return whether it is gone."""

    def may_pause(self, queue: QueueName) -> bool | None:
        """Tell whether recordings of this line may be paused; None if it does not record."""

    async def pause(self, call: CallId, by: str) -> bool:
        """Let the recording of a talk hold silence; return whether it does."""

    async def resume(self, call: CallId, by: str) -> bool:
        """Let it hold what is said again; return whether it does."""

    async def outside(self) -> Sequence[Outside]:
        """Return the recorded talks that no line has now."""

    def agent_at(self, telephone: str) -> AgentId | None:
        """Return who sits at a telephone."""

    async def is_paused(self, call: CallId) -> bool:
        """Tell whether the recording of a talk holds silence now."""


class HasRecordings(Protocol):
    """A centre, as far as its recordings go."""

    @property
    def recording_desk(self) -> RecordingDesk | None:
        """Recorded talks; None where the site records none."""


@dataclass(frozen=True, slots=True)
class RecordingView:
    """One recorded talk."""

    recording: str
    call: str
    line: str
    caller: str
    agent: str
    """The operator of the call's last talk; who handed the caller on, for a talk outside; who called, for one's own."""
    telephone: str
    started_at: float
    duration_s: float
    size: int
    """Bytes of the sound, as `sound` answers it."""
    sha256: str
    channels: int
    """1 mixed; 2 the caller left, the operator right."""
    encrypted: bool
    found: bool
    """Found after a crash."""
    keep_until: float
    destroyed_at: float | None
    destroyed_by: str | None
    destroyed_for: str | None


@dataclass(frozen=True, slots=True)
class RecordingsView:
    """Recordings, the newest first."""

    at: float
    recordings: tuple[RecordingView, ...]


@dataclass(frozen=True, slots=True)
class PausedView:
    """Whether the recording of a talk is paused now."""

    call: str
    paused: bool


@dataclass(frozen=True, slots=True)
class OutsideTalkView:
    """One recorded talk with somebody outside."""

    call: str
    line: str
    agent: str
    """Who has called there, or handed the caller on; empty if nobody knows."""
    telephone: str
    began_at: float
    paused: bool


@dataclass(frozen=True, slots=True)
class OutsideTalksView:
    """Recorded talks with somebody outside that go on now, the oldest first; an operator sees his own."""

    at: float
    talks: tuple[OutsideTalkView, ...]


class RecordingsQuery(Body):
    """Which recordings."""

    call: Annotated[str | None, Field(max_length=80)] = None
    agent: Annotated[str | None, Field(max_length=40)] = None
    line: Annotated[str | None, Field(max_length=80)] = None
    since: float | None = None
    """Begun at this instant or later."""
    until: float | None = None
    destroyed: bool = False
    """Also those that are destroyed."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Destroy(Body):
    """Why a recording is destroyed before its time."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


def _desk(centre: HasRecordings) -> RecordingDesk:
    desk = centre.recording_desk
    if desk is None:
        raise RequestRefused(404, "recordings_off", "this site records nothing")
    return desk


def _view(listed: Listed, config: Config) -> RecordingView:
    row = listed.row
    owner = next((each.number for each in config.operators if each.own_telephone == row.telephone), "")
    return RecordingView(
        recording=row.recording,
        call=row.call,
        line=listed.queue,
        caller=listed.caller,
        agent=listed.agent or owner,
        telephone=row.telephone,
        started_at=row.started_at,
        duration_s=row.duration_s,
        size=row.size,
        sha256=row.sha256,
        channels=row.channels,
        encrypted=bool(row.key),
        found=row.found,
        keep_until=row.keep_until,
        destroyed_at=row.destroyed_at,
        destroyed_by=row.destroyed_by,
        destroyed_for=row.destroyed_for,
    )


async def _find(desk: RecordingDesk, recording: str) -> Listed:
    if not is_recording(recording):
        raise RequestRefused(404, "recording_unknown", "no such recording")
    try:
        listed = await find_recording(desk.records, recording)
    except (SQLAlchemyError, OSError) as fault:
        raise RequestRefused(503, "database_away", "the records cannot be read now") from fault
    if listed is None:
        raise RequestRefused(404, "recording_unknown", f"no recording {recording}")
    return listed


async def _list(asked: Asked) -> RecordingsView:
    desk, query = asked.centre.recording_desk, given(asked.query, RecordingsQuery)
    if desk is None:
        return RecordingsView(asked.centre.now(), ())
    config = asked.centre.config
    seat = next((each.own_telephone for each in config.operators if each.number == query.agent), None)
    wanted = Wanted(query.call, query.agent, seat, query.line, query.since, query.until, query.destroyed, query.limit)
    try:
        found = await list_recordings(desk.records, wanted)
    except (SQLAlchemyError, OSError) as fault:
        raise RequestRefused(503, "database_away", "the records cannot be read now") from fault
    await asked.looked((listed.row.call, listed.caller, True) for listed in found)
    return RecordingsView(asked.centre.now(), tuple(_view(listed, config) for listed in found))


async def _show(asked: Asked) -> RecordingView:
    listed = await _find(_desk(asked.centre), asked.path["recording"])
    await asked.looked([(listed.row.call, listed.caller, True)])
    return _view(listed, asked.centre.config)


async def _destroy(asked: Asked) -> RecordingView:
    desk = _desk(asked.centre)
    listed = await _find(desk, asked.path["recording"])
    if listed.row.destroyed_at is not None:
        raise RequestRefused(409, "recording_destroyed", "it is destroyed already")
    row, reason, by = listed.row, given(asked.body, Destroy).reason, asked.asker.name
    if not await desk.destroy(row.recording, row.path, reason, by):
        raise RequestRefused(500, "not_destroyed", "the file could not be removed; the log says why")
    return replace(
        _view(listed, asked.centre.config), destroyed_at=asked.centre.now(), destroyed_by=by, destroyed_for=reason
    )


def _pausing(*, pause: bool) -> Callable[[Asked], Awaitable[PausedView]]:
    async def answer(asked: Asked) -> PausedView:
        desk, call = _desk(asked.centre), CallId(asked.path["call"])
        talks = ((line, view) for line in asked.centre.snapshot().lines for view in line.talking if view.call == call)
        line, view = next(talks, (None, None))
        if line is None or view is None:
            queue, agents = await _outside_talk(desk, call)
        else:
            queue, agents = line.queue, view.agents
        if asked.asker.role is Role.OPERATOR and asked.asker.agent not in agents:
            raise RequestRefused(403, "not_allowed", "an operator may pause his own talk only")
        if not desk.may_pause(queue):
            raise RequestRefused(409, "not_recorded", f"line {queue} records nothing, or nothing that may be paused")
        if not await (desk.pause if pause else desk.resume)(call, asked.asker.name):
            raise RequestRefused(409, "not_recorded", f"the talk {call} is not being recorded")
        return PausedView(call, pause)

    return answer


async def _outside_talk(desk: RecordingDesk, call: CallId) -> tuple[QueueName, tuple[AgentId, ...]]:
    """Return the line and the operator of a talk with somebody outside."""
    talk = next((each for each in await desk.outside() if each.call == call), None)
    if talk is None:
        raise RequestRefused(404, "call_unknown", f"no talk {call}")
    agent = desk.agent_at(talk.by)
    return talk.line, () if agent is None else (agent,)


async def _outside(asked: Asked) -> OutsideTalksView:
    desk, asker = asked.centre.recording_desk, asked.asker
    if desk is None:  # nothing is recorded here: no talk is either
        return OutsideTalksView(asked.centre.now(), ())
    found = [
        OutsideTalkView(each.call, each.line, desk.agent_at(each.by) or "", each.telephone, each.began_at, each.paused)
        for each in sorted(await desk.outside(), key=lambda talk: talk.began_at)
    ]
    if asker.role is Role.OPERATOR:
        found = [each for each in found if each.agent and each.agent == asker.agent]
    return OutsideTalksView(asked.centre.now(), tuple(found))


RECORDINGS: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/v1/outside-talks", "Recorded talks with somebody outside", STAFF, OutsideTalksView, _outside),
    Endpoint(
        "GET", "/v1/recordings", "Recorded talks, the newest first", SUPERVISORS, RecordingsView, _list,
        query=RecordingsQuery,
    ),
    Endpoint("GET", "/v1/recordings/{recording}", "One recorded talk", SUPERVISORS, RecordingView, _show),
    Endpoint(
        "POST",
        "/v1/recordings/{recording}/destroy",
        "Destroy a recording before its time",
        ADMINISTRATORS,
        RecordingView,
        _destroy,
        Destroy,
    ),
    Endpoint(
        "POST", "/v1/calls/{call}/recording/pause", "Pause the recording of a talk", STAFF, PausedView,
        _pausing(pause=True),
    ),
    Endpoint(
        "POST", "/v1/calls/{call}/recording/resume", "Resume the recording of a talk", STAFF, PausedView,
        _pausing(pause=False),
    ),
)  # fmt: skip


def sound_of(
    centre: Centre, identify: Callable[[Request], Awaitable[Identity]], trail: Trail
) -> Callable[[Request], Awaitable[Response]]:
    """Return the route that answers with the sound of a recording, or with a range of its bytes (RFC 9110, 14)."""

    async def answer(request: Request) -> Response:
        asker, recording = await identify(request), request.path_params["recording"]
        address = request.client.host if request.client is not None else ""

        async def noted(outcome: str) -> None:
            what = f"recording {recording[:120]}"
            await trail.acted(asker, address, "listen", what, centre.now(), outcome=outcome)

        try:
            sound = await sound_response(centre, asker, recording, request.headers.get("range"))
        except RequestRefused as refusal:
            await noted(refusal.code)
            raise
        await noted("done")
        return sound

    return answer


async def sound_response(centre: HasRecordings, asker: Identity, recording: str, wanted: str | None) -> Response:
    """Return the sound of a recording, or the range of its bytes that is wanted; the trail is the caller's.

    Raises:
        RequestRefused: The asker may not hear it, it is not there, or it cannot be read.
    """
    heard = await _open(centre, asker, recording, wanted)
    row, start, length = heard.row, heard.start, heard.length
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "no-store",
        "content-length": str(length),
        "content-disposition": f'attachment; filename="{row.recording}.wav"',
    }
    if length != row.size:
        headers["content-range"] = f"bytes {start}-{start + length - 1}/{row.size}"
    status = 200 if length == row.size else 206
    return StreamingResponse(_whole(heard), status, headers, media_type="audio/wav")


@dataclass(frozen=True, slots=True)
class _Heard:
    """The part of a recording that is answered."""

    row: RecordingRow
    start: int
    length: int
    first: bytes
    rest: Iterator[bytes]


async def _open(centre: HasRecordings, asker: Identity, recording: str, wanted: str | None) -> _Heard:
    """Return the part that is asked for, if the asker may hear it and it can be read."""
    if asker.role not in SUPERVISORS:
        raise RequestRefused(403, "not_allowed", f"{asker.role} may not listen to recordings")
    desk = _desk(centre)
    row = (await _find(desk, recording)).row
    if row.destroyed_at is not None:
        raise RequestRefused(410, "recording_destroyed", "it was destroyed")
    start, length = asked_range(wanted, row.size)
    parts = desk.read(row.path, start, length)
    return _Heard(row, start, length, await _first(parts), parts)


async def _first(parts: Iterator[bytes]) -> bytes:
    """Return the first part: whatever is wrong with the file shows here, while it can still be told by a status."""
    try:
        async for part in iterate_in_threadpool(parts):
            return part
    except (OSError, RecordingError) as fault:
        raise RequestRefused(500, "recording_unreadable", str(fault)) from fault
    return b""


async def _whole(heard: _Heard) -> AsyncIterator[bytes]:
    yield heard.first
    async for part in iterate_in_threadpool(heard.rest):
        yield part

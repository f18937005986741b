"""The control API's requests about voice messages: work for operators of the 1st level (D6)."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import FileResponse

from acd.control.access import Identity, Role
from acd.control.asked import ADMINISTRATORS, EVERYBODY, STAFF, Asked, Body, Endpoint, given
from acd.control.errors import RequestRefused
from acd.logs import mask_number
from metrics.records.rows import MessageRow
from queue_engine.ids import CallId


@dataclass(frozen=True, slots=True)
class MessageView:
    """One voice message."""

    call: str
    """The call that left it: the message's own name."""
    line: str
    caller: str
    """Masked for those who need not see it."""
    left_at: float
    length_s: float
    state: str
    """`new`, `heard`, `done` or `destroyed`."""
    heard_at: float | None
    heard_by: str | None
    done_at: float | None
    done_by: str | None
    note: str
    destroyed_at: float | None
    destroyed_for: str | None


@dataclass(frozen=True, slots=True)
class MessagesView:
    """Several of them, oldest first."""

    at: float
    messages: tuple[MessageView, ...]


class MessagesQuery(Body):
    """Which messages."""

    state: Literal["open", "all"] = "open"
    """`open`: those that nobody has processed; `all`: of the last days, whatever became of them."""
    days: Annotated[float, Field(gt=0, le=3650)] = 31.0


class MessageDone(Body):
    """What came of it."""

    note: Annotated[str, Field(max_length=500)] = ""


class DestroyMessage(Body):
    """Why it is destroyed before its time."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


def show_message(row: MessageRow, asker: Identity) -> MessageView:
    """Return one message as the asker may see it; whoever processes it sees whom to call."""
    if row.destroyed_at is not None:
        state = "destroyed"
    elif row.done_at is not None:
        state = "done"
    else:
        state = "new" if row.heard_at is None else "heard"
    full = asker.sees_numbers or asker.role is Role.OPERATOR
    return MessageView(
        call=row.call,
        line=row.queue,
        caller=row.caller if full else mask_number(row.caller),
        left_at=row.left_at,
        length_s=row.length_s,
        state=state,
        heard_at=row.heard_at,
        heard_by=row.heard_by,
        done_at=row.done_at,
        done_by=row.done_by,
        note=row.note,
        destroyed_at=row.destroyed_at,
        destroyed_for=row.destroyed_for,
    )


def _lines(asked: Asked) -> tuple[str, ...] | None:
    """Return the lines whose messages the asker may see; None for all."""
    asker = asked.asker
    if asker.role is not Role.OPERATOR:
        return None
    return () if asker.agent is None else asked.centre.messages.lines_of(asker.agent)


async def _looked(asked: Asked, views: tuple[MessageView, ...]) -> None:
    full = asked.asker.sees_numbers or asked.asker.role is Role.OPERATOR
    await asked.looked((view.call, view.caller, full) for view in views)


async def _list(asked: Asked) -> MessagesView:
    query, lines = given(asked.query, MessagesQuery), _lines(asked)
    if query.state == "open":
        rows = asked.centre.messages.open(lines)
    else:
        try:
            rows = await asked.centre.messages.recent(query.days)
        except (SQLAlchemyError, OSError) as fault:
            raise RequestRefused(503, "database_away", "messages cannot be read now") from fault
        rows = [row for row in rows if lines is None or row.queue in lines]
    views = tuple(show_message(row, asked.asker) for row in rows)
    await _looked(asked, views)
    return MessagesView(asked.centre.now(), views)


async def _named(asked: Asked) -> MessageRow:
    row = await asked.centre.messages.find(CallId(asked.path["call"]))
    lines = _lines(asked)
    if row is None or (lines is not None and row.queue not in lines):
        raise RequestRefused(404, "message_unknown", "no such message")
    return row


async def _shown(asked: Asked, row: MessageRow) -> MessageView:
    view = show_message(row, asked.asker)
    await _looked(asked, (view,))
    return view


async def _one(asked: Asked) -> MessageView:
    return await _shown(asked, await _named(asked))


async def _sound(asked: Asked) -> FileResponse:
    row = await _named(asked)
    path = await asyncio.to_thread(asked.centre.messages.sound_of, row)
    if path is None:
        raise RequestRefused(404, "sound_gone", "its sound is not here any more")
    asked.centre.messages.heard(row, asked.asker.name)
    who, at = asked.asker, asked.centre.now()
    await asked.trail.acted(who, asked.address, "listen", f"message {row.call}", at)
    return FileResponse(path, media_type="audio/wav", headers={"cache-control": "no-store"})


async def _done(asked: Asked) -> MessageView:
    row = await _named(asked)
    if row.done_at is not None or row.destroyed_at is not None:
        raise RequestRefused(409, "message_done", "it was processed already")
    note = given(asked.body, MessageDone).note
    return await _shown(asked, asked.centre.messages.done(row, asked.asker.name, note))


async def _destroy(asked: Asked) -> MessageView:
    row = await _named(asked)
    if row.destroyed_at is not None:
        raise RequestRefused(409, "message_done", "it was destroyed already")
    destroyed = await asked.centre.messages.destroy(row, asked.asker.name, given(asked.body, DestroyMessage).reason)
    if destroyed.row is None:
        raise RequestRefused(503, "sound_held", f"its file cannot be destroyed: {destroyed.reason}")
    return await _shown(asked, destroyed.row)


SOUND_PATH: Final = "/v1/messages/{call}/sound"
HEARERS: Final = EVERYBODY - {Role.READ_ONLY}

MESSAGES: Final[tuple[Endpoint, ...]] = (
    Endpoint(
        "GET", "/v1/messages", "Voice messages; an operator sees his lines'", HEARERS, MessagesView, _list,
        query=MessagesQuery,
    ),
    Endpoint("GET", "/v1/messages/{call}", "One voice message", HEARERS, MessageView, _one),
    Endpoint("GET", SOUND_PATH, "Its sound, WAV", HEARERS, bytes, _sound),
    Endpoint(
        "POST", "/v1/messages/{call}/done", "Mark a voice message as processed", STAFF, MessageView, _done, MessageDone
    ),
    Endpoint(
        "POST", "/v1/messages/{call}/destroy", "Destroy its sound before its time", ADMINISTRATORS, MessageView,
        _destroy, DestroyMessage,
    ),
)  # fmt: skip

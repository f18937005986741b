"""The operator's own page with what is open, the event stream of every page, and the wallboard."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from acd.journal.roles import Right
from acd.journal.store.lists import CardFilter
from acd.journal.web.desk import HEADERS, Asked, language_of, render
from acd.journal.web.floor import outside_talks
from acd.journal.web.hub import stream
from acd.standard import standard_of
from queue_engine.ids import AgentId

PULSE_S: Final = 1.0
"""A wallboard is drawn at most so often, and at least every `IDLE_S`, because waits grow without any fact."""
IDLE_S: Final = 5.0


async def home(asked: Asked) -> Response:
    """The operator's desk; whoever has no telephone begins with the journal."""
    desk, person = asked.desk, asked.person
    if not person.may(Right.TELEPHONE):
        return asked.goto("/journal")
    mine = await desk.lists.page(person, CardFilter(responsible=person.login, open_only=True), 20)
    own = await desk.journal.trail.assessments(agent=person.login, limit=5)
    return asked.page(
        "desk.html",
        cards=mine,
        messages_open=_messages_open(asked),
        outside=await outside_talks(desk.floor, AgentId(person.agent)) if person.agent else (),
        own=own if person.may(Right.READ_OWN_ASSESSMENTS) else [],
        names=await desk.people.names(desk.journal.service),
        reasons={one.id: one.title for one in await desk.journal.catalogues.reasons(desk.journal.service)},
    )


def _messages_open(asked: Asked) -> int:
    """Return how many voice messages nobody has dealt with yet: an operator's lines', or all."""
    messages, agent = asked.desk.floor.messages, asked.person.agent
    return len(messages.open(messages.lines_of(AgentId(agent)) if agent else None))


async def events(asked: Asked) -> Response:
    """The event stream of an open page."""
    person = asked.person
    return _streaming(stream(asked.desk.hub, person.service, person.agent))


async def wallboard(asked: Asked) -> Response:
    """The lines for the wall."""
    floor = asked.desk.floor
    return asked.page("wallboard.html", live=floor.live(), standard=standard_of(floor.config))


async def wallboard_events(asked: Asked) -> Response:
    """The wallboard's table, drawn again whenever something happened."""

    async def frames() -> AsyncIterator[bytes]:
        desk = asked.desk
        while not desk.hub.closed:
            shown: dict[str, Any] = {"live": desk.floor.live(), "standard": standard_of(desk.floor.config)}
            page = render(desk, asked.request, "lines.html", language_of(asked.person.language), **shown)
            text = bytes(page.body).decode()
            yield b"event: lines\n" + "".join(f"data: {line}\n" for line in text.splitlines()).encode() + b"\n"
            await asyncio.sleep(PULSE_S)
            await desk.hub.pulse(IDLE_S - PULSE_S)

    return _streaming(frames())


def _streaming(frames: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(frames, media_type="text/event-stream", headers={**HEADERS, "x-accel-buffering": "no"})

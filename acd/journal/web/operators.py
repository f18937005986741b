"""The operator's own page: the card of the call, what is open, the state on the telephone; and the wallboard."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse

from acd.journal.roles import Right
from acd.journal.store.lists import CardFilter
from acd.journal.web.desk import HEADERS, Asked, BadForm, language_of, render
from acd.journal.web.hub import stream
from metrics.live import LiveAgent
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentLoggedIn, AgentLoggedOut, AgentPaused, AgentResumed, Input, WrapUpEnded

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
        own=own if person.may(Right.READ_OWN_ASSESSMENTS) else [],
        me=_me(asked),
        states=AgentState,
        line=_line_of(asked),
        reasons={one.id: one.title for one in await desk.journal.catalogues.reasons(desk.journal.service)},
    )


async def state(asked: Asked) -> Response:
    """Ask the engine for another state of the operator who asks."""
    agent, login = asked.person.agent, asked.person.login
    if agent is None:
        raise BadForm
    number = AgentId(agent)
    deeds: dict[str, Input] = {
        "login": AgentLoggedIn(number, login),
        "logout": AgentLoggedOut(number, login),
        "pause": AgentPaused(number, asked.form.get("reason", "").strip()[:100], login),
        "resume": AgentResumed(number, login),
        "ready": WrapUpEnded(number, login),
    }
    deed = deeds.get(asked.form.get("do", ""))
    if deed is None:
        raise BadForm
    asked.desk.floor.post(deed)
    return asked.goto("/")


async def events(asked: Asked) -> Response:
    """The event stream of an open page."""
    person = asked.person
    return _streaming(stream(asked.desk.hub, person.service, person.agent))


async def wallboard(asked: Asked) -> Response:
    """The lines for the wall."""
    return asked.page("wallboard.html", live=asked.desk.floor.live())


async def wallboard_events(asked: Asked) -> Response:
    """The wallboard's table, drawn again whenever something happened."""

    async def frames() -> AsyncIterator[bytes]:
        desk = asked.desk
        while not desk.hub.closed:
            page = render(desk, asked.request, "lines.html", language_of(asked.person.language), live=desk.floor.live())
            text = bytes(page.body).decode()
            yield b"event: lines\n" + "".join(f"data: {line}\n" for line in text.splitlines()).encode() + b"\n"
            await asyncio.sleep(PULSE_S)
            await desk.hub.pulse(IDLE_S - PULSE_S)

    return _streaming(frames())


def _streaming(frames: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(frames, media_type="text/event-stream", headers={**HEADERS, "x-accel-buffering": "no"})


def _me(asked: Asked) -> LiveAgent | None:
    return next((one for one in asked.desk.floor.live().agents if one.agent == asked.person.agent), None)


def _line_of(asked: Asked) -> str:
    return asked.desk.journal.service

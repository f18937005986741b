"""The event stream: facts of journal and engine fanned out to the browsers that listen.

A browser that does not read fast enough misses events and is told so (`reload`); it never holds up anybody.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import orjson

from acd.journal.facts import AlarmRaised, CardChanged, CardOpened, JournalFact, TalkBegan
from queue_engine.facts import AgentStateChanged

BACKLOG: Final = 100
PING_S: Final = 20.0
"""How often a silent stream says that it lives, so that proxies keep it and a dead browser is noticed."""


@dataclass(slots=True, eq=False)
class Listener:
    """One open page."""

    service: str
    agent: str | None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(BACKLOG))
    behind: bool = False


class Hub:
    """Fans events out. Used by one event loop."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._pulse = asyncio.Event()
        self.closed = False
        """Streams end; a browser opens its stream anew by itself."""

    def on_journal(self, fact: JournalFact) -> None:
        """Tell a fact of the journal to the pages of its service."""
        for listener in self._listeners:
            if listener.service != fact.service:
                continue
            match fact:
                case CardOpened() | TalkBegan() if fact.agent is not None and fact.agent == listener.agent:
                    _tell(listener, "call", {"card": fact.card, "number": fact.number})
                case CardChanged() | CardOpened() | TalkBegan():
                    _tell(listener, "card", {"card": fact.card})
                case AlarmRaised():
                    _tell(listener, "alarm", {"card": fact.card, "number": fact.number, "alarm": fact.alarm})

    def on_fact(self, fact: object) -> None:
        """Tell an operator's own page about a change of his state; wake the wallboards."""
        self._pulse.set()
        if isinstance(fact, AgentStateChanged):
            self.on_telephone(fact.agent)

    def on_telephone(self, agent: str) -> None:
        """Tell an operator's own page that something about his telephone or his talk has changed."""
        for listener in self._listeners:
            if listener.agent == agent:
                _tell(listener, "state", {})

    def close(self) -> None:
        """End all streams."""
        self.closed = True
        self._pulse.set()
        for listener in self._listeners:
            _tell(listener, "reload", {})

    @contextmanager
    def listening(self, service: str, agent: str | None) -> Iterator[Listener]:
        """Register a page for as long as the block runs."""
        listener = Listener(service, agent)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def pulse(self, at_most_s: float) -> None:
        """Return when something happened on the lines, or after the time."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._pulse.wait()
        except TimeoutError:
            return
        self._pulse.clear()


async def stream(hub: Hub, service: str, agent: str | None) -> AsyncIterator[bytes]:
    """Yield the events of a page in the format of server-sent events."""
    with hub.listening(service, agent) as listener:
        yield b"retry: 2000\n\n"
        while not hub.closed:
            try:
                async with asyncio.timeout(PING_S):
                    event = await listener.queue.get()
            except TimeoutError:
                event = b": ping\n\n"
            if listener.behind and listener.queue.empty():
                listener.behind = False
                event = _event("reload", {})
            yield event


def _tell(listener: Listener, name: str, content: object) -> None:
    try:
        listener.queue.put_nowait(_event(name, content))
    except asyncio.QueueFull:
        listener.behind = True


def _event(name: str, content: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(content) + b"\n\n"

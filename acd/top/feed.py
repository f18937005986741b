"""How the screen follows the daemon: the event stream says that something has changed, three questions say what.

Three threads, as the command line's client is a plain blocking one: one reads the stream, one asks for the state, one
for the day's figures. A burst of events is one question; between two there is a pause, so that a busy line costs the
daemon at most twenty looks a second. While the daemon is away the question is put again until it is back.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from acd.control.client import ControlClient
from acd.control.errors import DaemonAway, RequestRefused
from acd.control.stream import EventStream

REST_S: Final = 0.05
"""Between two looks at the state."""
REFRESH_S: Final = 5.0
"""A look without any event: states that no fact tells, such as the health of a link."""
RETRY_S: Final = 0.5
"""Between two tries to reach a daemon that is away."""
FIGURES_S: Final = 30.0
"""Between two looks at the day's indicators, which are read from the database."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the daemon told: its answers to `/v1/status`, `/v1/agents`, `/v1/calls` and `/v1/callbacks`."""

    status: dict[str, Any]
    agents: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    """Asked for only while somebody is owed one."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """The day's indicators against their norms: rows of the report `kpi`."""

    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Away:
    """The daemon does not answer, or not to us."""

    reason: str


def look(client: ControlClient) -> Seen:
    """Return the daemon's state.

    Raises:
        DaemonAway, RequestRefused: See `ControlClient.get`.
    """
    status = client.get("/v1/status")
    callbacks = client.get("/v1/callbacks")["callbacks"] if status["callbacks_owed"] else []
    return Seen(status, client.get("/v1/agents")["agents"], client.get("/v1/calls")["calls"], callbacks)


def indicators(client: ControlClient) -> Indicators:
    """Return today's indicators; none while the records cannot be read.

    Raises:
        DaemonAway: See `ControlClient.get`.
    """
    try:
        tables = client.get("/v1/kpi")["tables"]
    except RequestRefused:
        return Indicators([])
    return Indicators(next((table["rows"] for table in tables if table["name"] == "indicators"), []))


class Feed:
    """Tells what is seen, from threads of its own, until it is stopped."""

    def __init__(self, client: ControlClient, tell: Callable[[Seen | Indicators | Away], object]) -> None:
        self._client = client
        self._tell = tell
        self._ended = threading.Event()
        self._wanted = threading.Event()
        self._stream: EventStream | None = None
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=work, name=f"top-{work.__name__.strip('_')}", daemon=True)
            for work in (self._follow, self._watch, self._count)
        ]

    def start(self) -> None:
        """Begin."""
        self._wanted.set()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; returns when no thread is left."""
        self._ended.set()
        self._wanted.set()
        with self._lock:
            if self._stream is not None:
                self._stream.stop()
        for thread in self._threads:
            thread.join()

    def look_again(self) -> None:
        """Look at the state at once: something was asked of the daemon."""
        self._wanted.set()

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                stream = self._client.events()
            except (DaemonAway, RequestRefused):
                self._ended.wait(RETRY_S)
                continue
            with self._lock:
                self._stream = stream
                if self._ended.is_set():
                    stream.stop()
            self._wanted.set()  # whatever happened before the stream began
            for _ in stream.kinds():
                self._wanted.set()
            with self._lock:
                self._stream = None
            stream.close()
            self._wanted.set()

    def _watch(self) -> None:
        while not self._ended.is_set():
            self._wanted.wait(REFRESH_S)
            self._wanted.clear()
            if self._ended.is_set():
                return
            try:
                seen: Seen | Away = look(self._client)
            except (DaemonAway, RequestRefused) as fault:
                seen = Away(fault.reason if isinstance(fault, DaemonAway) else fault.message)
                self._wanted.set()
            self._tell(seen)
            self._ended.wait(REST_S if isinstance(seen, Seen) else RETRY_S)

    def _count(self) -> None:
        while not self._ended.is_set():
            try:
                self._tell(indicators(self._client))
            except DaemonAway:
                self._ended.wait(RETRY_S)
                continue
            self._ended.wait(FIGURES_S)

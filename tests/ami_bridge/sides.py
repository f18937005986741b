"""The two that are compared: our client and panoramisk 1.4 as it is installed, behind one small face.

A test of a defect runs its body once with each and says what it expects of each, so that both our promise and the
claim about panoramisk are checked. Outcomes of an action: its Response, the name of our error, or `hangs`.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import panoramisk

from ami_bridge.client import AmiClient, AmiSettings
from ami_bridge.errors import BridgeError
from ami_bridge.message import AmiMessage
from tests.ami_bridge.fake_asterisk import HOST

SECRET = "geheim-7d1f"
Headers = Mapping[str, str]


class Peer(Protocol):
    """The Asterisk that both speak to: the fake one, or a real one."""

    host: str
    port: int

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that `happened` makes true."""

    def happened(self) -> None:
        """Let those who wait look again."""


def settings(port: int, host: str = HOST, **changed: Any) -> AmiSettings:
    """Return settings for an Asterisk of the tests."""
    return AmiSettings("main", host, port, changed.pop("username", "acd"), SECRET, **changed)


class Ours:
    """`AmiClient` connected to an Asterisk; collects what its hooks are told."""

    name = "ours"

    def __init__(self, asterisk: Peer, *, on_event: Callable[[Any], None] | None = None, **changed: Any):
        self.asterisk = asterisk
        self.events: list[AmiMessage] = []
        self.ups = 0
        self.downs: list[str] = []
        self.refusals: list[str] = []
        self.at_up: Callable[[AmiClient], Any] | None = None
        self._on_event = on_event
        changed.setdefault("first_retry_s", 0.001)
        changed.setdefault("longest_retry_s", 0.01)
        self.client = AmiClient(
            settings(asterisk.port, asterisk.host, **changed),
            self._event,
            self._up,
            self._down,
            lambda e: self._refused(str(e)),
        )

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.client.run())
        await self.asterisk.until(lambda: self.ups > 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})

    def _event(self, message: AmiMessage) -> None:
        self.events.append(message)
        self.asterisk.happened()
        if self._on_event is not None:
            self._on_event(message)

    async def _up(self, client: AmiClient) -> None:
        if self.at_up is not None:
            await self.at_up(client)
        self.ups += 1
        self.asterisk.happened()

    def _down(self, reason: str) -> None:
        self.downs.append(reason)
        self.asterisk.happened()

    def _refused(self, reason: str) -> None:
        self.refusals.append(reason)
        self.asterisk.happened()

    @property
    def event_names(self) -> list[str]:
        """Names of the events so far, without the end of the login."""
        return [event.event for event in self.events if event.event != "FullyBooted"]

    def start(self, name: str, headers: Headers, *, as_list: bool = False) -> "asyncio.Task[str]":
        """Send an action and return the task of its outcome."""

        async def outcome() -> str:
            try:
                if as_list:
                    return ",".join(item.event for item in await self.client.action_list(name, headers, timeout_s=60))
                return (await self.client.action(name, headers, timeout_s=60))["Response"]
            except BridgeError as error:
                return type(error).__name__

        return asyncio.create_task(outcome())

    async def round_trip(self) -> None:
        """Return when everything that Asterisk had sent until now has been read."""
        await asyncio.sleep(0)  # let the tasks of `start` send first
        await self.client.action("Ping")


class Bare:
    """`panoramisk.Manager` connected to an Asterisk."""

    name = "bare"

    def __init__(self, asterisk: Peer, *, on_event: Callable[[Any], None] | None = None, **_: Any):
        self.asterisk = asterisk
        self.events: list[panoramisk.Message] = []
        self.ups = 0
        self.downs: list[str] = []
        self._on_event = on_event
        self.manager = panoramisk.Manager(
            host=asterisk.host, port=asterisk.port, username="acd", secret=SECRET, ping_delay=3600, reconnect_timeout=0
        )
        self.manager.loop = asyncio.get_running_loop()
        self.manager.register_event("*", self._event)
        self.manager.on_login = self._up
        self.manager.on_disconnect = self._down

    async def __aenter__(self) -> Self:
        await self.manager.connect()
        await self.asterisk.until(lambda: self.ups > 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.manager.connect = lambda: None  # close() would not stop a reconnection that is due
        self.manager.close()

    def _event(self, _manager: object, message: panoramisk.Message) -> None:
        self.events.append(message)
        self.asterisk.happened()
        if self._on_event is not None:
            self._on_event(message)

    def _up(self, _manager: object) -> None:
        self.ups += 1
        self.asterisk.happened()

    def _down(self, _manager: object, reason: object) -> None:
        self.downs.append(str(reason))
        self.asterisk.happened()

    @property
    def event_names(self) -> list[str]:
        """Names of the events so far, without the end of the login."""
        return [event.event for event in self.events if event.event != "FullyBooted"]

    def start(self, name: str, headers: Headers, *, as_list: bool = False) -> "asyncio.Task[str]":
        """Send an action and return the task of its outcome."""
        future = self.manager.send_action({"Action": name, **headers}, as_list=as_list or None)

        async def outcome() -> str:
            answer = await future
            return answer["Response"] if not isinstance(answer, list) else ",".join(item.event for item in answer)

        return asyncio.create_task(outcome())

    async def round_trip(self) -> None:
        """Return when everything that Asterisk had sent until now has been read."""
        await self.manager.send_action({"Action": "Ping"})


async def settled(task: "asyncio.Task[str]") -> str:
    """Return the outcome of an action if it has one by now, else `hangs`.

    Called after a round trip that was sent later: an answer that has not had its effect by then never will.
    """
    for _ in range(5):
        await asyncio.sleep(0)
    if task.done():
        return task.result()
    task.cancel()
    return "hangs"

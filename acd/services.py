"""What a service does beside its calls, joined to the rest of the running centre: its hours and its voice messages."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncEngine

from acd.clock import Clock
from acd.messages.desk import MessageDesk
from acd.opening.keeper import LineHours
from acd.server import AsteriskServer
from ami_bridge.resync import Found
from config.model import Config
from metrics.service_facts import ServiceFact
from queue_engine.facts import CallOverflowed, Fact
from queue_engine.inputs import Input


class Services:
    """The hours and the messages of one running centre."""

    HEARS: ClassVar[frozenset[type]] = frozenset({CallOverflowed})
    """The kinds of facts that `see` does something with."""

    def __init__(
        self,
        config: Callable[[], Config],
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        records: AsyncEngine,
        post: Callable[[Input], None],
        tell: Callable[[ServiceFact], None],
    ) -> None:
        self.hours = LineHours(
            config,
            clock.now,
            lambda at, do: loop.call_at(clock.loop_time(at), do),
            post,
            tell,
            config().database.spool.with_suffix(".lines.json"),
        )
        self.messages = MessageDesk(config, clock.now, records, tell)
        self._tasks: asyncio.TaskGroup | None = None

    def join(self, server: AsteriskServer) -> None:
        """Tell a server the hours, and be told by it who has hung up."""
        self.hours.mirror(server.tell_hours)
        server.on_hangup = partial(self.messages.hung_up, server)

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Read what was left by the run before, and begin: the engine has its lines."""
        self._tasks = tasks
        self.hours.start()
        await self.messages.start()
        tasks.create_task(self.messages.keep(), name="messages-keep")

    def synchronised(self, server: AsteriskServer, found: Found) -> None:
        """A server's link is up: tell it the hours, learn of messages that were left meanwhile."""
        self.hours.tell_all(server.tell_hours)
        if self._tasks is not None:
            learning = self.messages.learn(server.name, found.ended)
            self._tasks.create_task(learning, name=f"messages-{server.name}")

    def see(self, fact: Fact) -> None:
        """Hear the engine."""
        self.messages.see(fact)

    def stop(self) -> None:
        """Let no timer fire any more."""
        self.hours.stop()

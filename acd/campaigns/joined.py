"""Call lists, the do-not-call list and surveys, joined to the rest of the running centre."""

import asyncio
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from acd.callbacks.shell import Callbacks
from acd.campaigns.bars import Bars
from acd.campaigns.desk import CampaignDesk
from acd.campaigns.round import Book
from acd.campaigns.surveys import SurveyDesk
from acd.clock import Clock
from acd.numbers import number_rule
from acd.runner import EngineRunner
from acd.server import AsteriskServer
from ami_bridge.resync import Found
from config.model import Config
from metrics.service_facts import ServiceFact
from queue_engine.facts import Fact


class Campaigning:
    """All that a centre does of itself, beside calling back."""

    def __init__(
        self,
        config: Callable[[], Config],
        clock: Clock,
        records: AsyncEngine,
        runner: EngineRunner,
        callbacks: Callbacks,
        tell: Callable[[ServiceFact], None],
    ) -> None:
        rule = number_rule()
        self.bars = Bars(
            config().database.spool.with_suffix(".do-not-call.json"), records, rule, clock.now, callbacks.handle
        )
        book = Book(callbacks.handle, callbacks.snapshot, callbacks.refusal, callbacks.is_engaged)
        self.desk = CampaignDesk(config, clock.now, records, rule, book, runner.counts, self.bars)
        callbacks.followed = self.desk.follow
        self._surveys = SurveyDesk(records, tell)
        self._tasks: asyncio.TaskGroup | None = None

    def join(self, server: AsteriskServer) -> None:
        """Be told by a server of surveys."""
        server.on_survey = self._surveys.taken

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Tell the book who is not called, and let the lists run. The book has its rows from the run before."""
        self._tasks = tasks
        await self.bars.start()
        tasks.create_task(self.desk.run(), name="campaigns")

    def synchronised(self, server: AsteriskServer, found: Found) -> None:
        """A server's link is up: learn of surveys that nobody of us heard of."""
        if self._tasks is not None and found.surveys:
            self._tasks.create_task(self._surveys.learn(found.surveys), name=f"surveys-{server.name}")

    def see(self, fact: Fact) -> None:
        """Hear the engine."""
        self.desk.see(fact)

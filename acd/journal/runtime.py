"""The journal inside the daemon: everything joined, its tasks, its routes. The daemon needs this file alone.

    journal = JournalRuntime(settings, floor, records) # floor: the running centre; records: the URL of its database
    journal.on_event(event)                            # for each of the centre's events
    Mount("/desk", routes=journal.desk)                # and Mount("/exchange", routes=journal.exchange)
    await journal.run()                                # a task; ends when cancelled, and disposes of the database

The schema has to be up to date before (`store.database.upgrade`); that is done outside the event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import BaseRoute

from acd.control.events import Event
from acd.journal.announce import Announcer, Broker
from acd.journal.exchange.document import described
from acd.journal.exchange.inbound import Inbox, exchange_routes
from acd.journal.exchange.mailbox import MailboxReader
from acd.journal.exchange.webhook import KIND, ByKind, WebhookPost
from acd.journal.facts import JournalFact
from acd.journal.feed import Feed
from acd.journal.from_calls import CardsFromCalls
from acd.journal.letters import Letters
from acd.journal.mail import Deliverer, SmtpPost
from acd.journal.service import Journal
from acd.journal.settings import JournalSettings
from acd.journal.store.database import open_journal
from acd.journal.store.knowledge import Knowledge
from acd.journal.store.lists import Lists
from acd.journal.store.outbox import Outbox
from acd.journal.store.people import People
from acd.journal.watch import Watch
from acd.journal.web.access import Sessions
from acd.journal.web.app import desk_routes
from acd.journal.web.desk import Desk
from acd.journal.web.floor import Floor
from acd.journal.web.hub import Hub
from acd.publish.missed import ToldFile
from metrics.facts import RecordingPaused, RecordingResumed
from metrics.records.database import open_engine
from queue_engine.ids import AgentId, Instant, QueueName

LONGEST_SLEEP_S: Final = 60.0
"""Whatever is due next, the clocks of limits and letters look again after this long."""
AWAY_S: Final = 10.0
"""After a failure of the database or the mailbox."""

log: Final = structlog.get_logger(__name__)


class JournalRuntime:
    """The journal of one site.

    Args:
        settings: What the site has set up.
        floor: The running centre.
        records: The URL of the database that has the facts of the centre.
        publish: Is handed each fact of the journal; must not block.
        broker: Is told what becomes of the cards, and where it stands how far it was told; None without a broker.

    Raises:
        ValueError: A secret's file cannot be read.
        RecordsUnusable: The database's URL is none.
    """

    def __init__(
        self,
        settings: JournalSettings,
        floor: Floor,
        records: str,
        publish: Callable[[JournalFact], None] | None = None,
        broker: tuple[Broker, ToldFile] | None = None,
    ) -> None:
        self._settings = settings
        self._floor = floor
        self._publish_further = publish
        self._engine = open_journal(settings.database)
        self._records = open_engine(records)
        self._hub = Hub()
        self._news = asyncio.Event()
        hooks = {one.name: hook for one in settings.partners if (hook := one.hook()) is not None}
        rules = settings.rules()
        self.journal = Journal(
            self._engine,
            rules,
            Letters(rules.work, settings.language, settings.own_letters),
            publish=self._publish,
            address=settings.address,
            also_tell=[hook.message for hook in hooks.values()],
        )
        self.people = people = People(self._engine)
        outbox = Outbox(self._engine)
        lines = {QueueName(line): self.journal for line in settings.lines}
        self._feed = Feed(self._records, self._engine, CardsFromCalls(lines, people), self._publish)
        self._watch = Watch(self.journal, publish=self._publish, supervisors=settings.supervisors)
        webhooks = WebhookPost(hooks, floor.now)
        if settings.smtp:
            self._deliverer = Deliverer(outbox, ByKind(SmtpPost(settings.smtp.server()), {KIND: webhooks}))
        else:  # letters wait in the outbox until a mail server is set up
            self._deliverer = Deliverer(outbox, webhooks, kind=KIND)
        self._announcer = Announcer(self._engine, self.journal.service, *broker) if broker is not None else None
        inbox = Inbox(self._engine, self.journal, publish=self._publish)
        self._mailbox = MailboxReader(settings.imap.server(), inbox) if settings.imap else None
        sessions = Sessions(people)
        desk = Desk(
            self._engine,
            self.journal,
            Lists(self._engine),
            Knowledge(self._engine),
            people,
            outbox,
            floor,
            self._hub,
            sessions,
            secure=settings.address.startswith("https:"),
        )
        self.desk: list[BaseRoute] = desk_routes(desk, sessions)
        """The pages, for `Mount` under the path of `address`."""
        partners = {one.name: one.partner() for one in settings.partners}
        self.port = 0
        """Where `serve` listens; 0 until it does."""
        self.exchange: list[BaseRoute] = [
            described(),
            *exchange_routes(self.journal, inbox, partners, floor.now),
        ]
        """For outside systems."""

    def on_event(self, event: Event) -> None:
        """Take note of a fact that has just become true; never blocks, never raises."""
        fact = event.source
        self._hub.on_fact(fact)
        if isinstance(fact, RecordingPaused | RecordingResumed):
            for call in self._floor.live().talking:
                if call.call == fact.call and call.agent is not None:
                    self._hub.on_telephone(call.agent)
        self._feed.announce(event.run, event.seq, event.kind)

    def on_asking(self, agent: AgentId) -> None:
        """Take note that an operator has begun to ask somebody, or is back with his caller."""
        self._hub.on_telephone(agent)

    def on_gap(self) -> None:
        """Take note that events were missed: the records have them."""
        self._feed.look()

    def end_streams(self) -> None:
        """End the event streams of open pages."""
        self._hub.close()

    async def run(self) -> None:
        """Keep the journal going until cancelled; then dispose of the database's connections."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed.run(), name="journal.calls")
                tasks.create_task(self._keep(self._limits), name="journal.limits")
                tasks.create_task(self._keep(self._letters), name="journal.letters")
                if self._announcer is not None:
                    tasks.create_task(self._announcer.run(), name="journal.announcements")
                if self._mailbox is not None:
                    tasks.create_task(self._keep_reading(self._mailbox), name="journal.mailbox")
        finally:
            await self._engine.dispose()
            await self._records.dispose()

    async def _limits(self) -> Instant | None:
        await self._watch.look(self._floor.now())
        return await self.journal.cards.earliest_alarm(self.journal.service)

    async def _letters(self) -> Instant | None:
        await self._deliverer.deliver(self._floor.now())
        return await self._deliverer.next_due()

    async def _keep(self, work: Callable[[], Awaitable[Instant | None]]) -> None:
        """Do the work when it is due, and whenever something in the journal has changed."""
        while True:
            news = self._news
            try:
                due = await work()
            except (SQLAlchemyError, OSError) as error:
                log.warning("journal.away", reason=type(error).__name__)
                due = Instant(self._floor.now() + AWAY_S)
            wait_s = LONGEST_SLEEP_S if due is None else min(LONGEST_SLEEP_S, max(1.0, due - self._floor.now()))
            try:
                async with asyncio.timeout(wait_s):
                    await news.wait()
            except TimeoutError:
                pass

    async def _keep_reading(self, mailbox: MailboxReader) -> None:
        every_s = self._settings.imap.every_s if self._settings.imap else LONGEST_SLEEP_S
        while True:
            try:
                await mailbox.read(self._floor.now())
            except (SQLAlchemyError, OSError) as error:
                log.warning("mailbox.away", reason=type(error).__name__)
            await asyncio.sleep(every_s)

    def _publish(self, fact: JournalFact) -> None:
        self._hub.on_journal(fact)
        if self._announcer is not None:
            self._announcer.look()
        if self._publish_further is not None:
            self._publish_further(fact)
        # Whoever waits for the old event wakes once; the next wait is for the next news.
        self._news.set()
        self._news = asyncio.Event()

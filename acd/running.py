"""The running call centre: every part joined to every other. The only file that knows them all.

What a part does is said in the part. Here is who is told what: the engine's facts go to the records, the live figures
and the log; its effects to the servers; and a few facts come back to the bridge (a seat is free, a call is back in its
line, the fallback's members have changed).
"""

import asyncio
import uuid
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.callbacks.joined import CallingBack
from acd.callbacks.shell import Callbacks
from acd.campaigns.joined import Campaigning
from acd.catching_up import CatchingUp
from acd.clock import Clock
from acd.control.centre import Health
from acd.control.events import EventLog
from acd.control.history import RecordedHistory
from acd.control.store.database import ControlDatabase
from acd.control.store.trail import Trail
from acd.fact_log import log_fact
from acd.health import health_of
from acd.hearing import Hearing
from acd.in_force import ConfigInForce
from acd.journal.telephone import AppealLine
from acd.last_operators import LastOperators
from acd.messages.desk import MessageDesk
from acd.meters.counted import Counted, process_registry
from acd.meters.gauged import Gauged
from acd.opening.keeper import LineHours
from acd.performing import Performing
from acd.phrases import ConfiguredPhrases
from acd.pressure import Pressure
from acd.publish.joined import publisher_of
from acd.publish.publisher import Publisher
from acd.reconciling import Reconciliation
from acd.recordings.joined import TalkRecordings, recordings_of
from acd.reloading import Reloading
from acd.runner import EngineRunner, Only
from acd.seating import Seating
from acd.seats import SeatFile
from acd.server import AsteriskServer
from acd.servers import Servers
from acd.services import Services
from acd.sessions import Sessions
from acd.standard import standard_of
from acd.supervising import Supervising
from acd.tape import TapeWriter
from acd.transferring import Transferring
from acd.upgrade import HandedOver, Upgrading
from ami_bridge.perform import Performer
from ami_bridge.resync import Found
from config.model import Config
from config.to_policy import to_policy
from metrics.live import LiveFigures, LiveSnapshot
from metrics.records.database import ANSWER_S, open_engine
from metrics.records.recorder import Recorder
from queue_engine.engine import QueueEngine
from queue_engine.ids import AgentId, Instant, QueueName
from queue_engine.inputs import AgentLoggedIn, Input, PoliciesLoaded
from queue_engine.snapshot import AgentView, EngineSnapshot


class RunningCentre:
    """One site's centre, from the composition of its parts to their end."""

    def __init__(
        self,
        config: Config,
        config_path: Path,
        loop: asyncio.AbstractEventLoop,
        *,
        tape: Path | None = None,
        handed_over: HandedOver | None = None,
    ) -> None:
        self._config = ConfigInForce(config, config_path)
        self._clock = Clock(loop.time)
        self.started_at = self._clock.now()
        self.broken: asyncio.Future[Exception] = loop.create_future()
        """Done when the engine has raised: the daemon has to end and be started anew."""
        self.upgrading = Upgrading(loop, handed_over)
        self._pressure = Pressure()
        self._tasks: asyncio.TaskGroup | None = None
        # An offer's number is never used twice, not even across restarts: it begins with the time of the start.
        first_offer = int(self.started_at * 1000) * 1000
        self._tape = TapeWriter(tape, first_offer) if tape else None
        self._runner = EngineRunner(QueueEngine(first_offer), self._clock, loop, self._tape)
        self.recorder = Recorder(config.database.url, uuid.uuid4().hex, config.database.spool)
        self._live = LiveFigures(
            standard_of(config), ZoneInfo(config.site.time_zone), [QueueName(line.name) for line in config.lines]
        )
        metrics = process_registry()
        self._counted = Counted(self._live.standard, metrics)
        self.events = EventLog(self.recorder.run, lambda: self.recorder.recorded, RecordedHistory(config.database.url))
        self._hearing = Hearing(self.recorder, self.events, self._live, self._counted)
        self._records = open_engine(config.database.url, answer_s=ANSWER_S)
        self._servers = Servers()
        self._seating = Seating(
            self._config,
            SeatFile(config.database.spool.with_suffix(".seats.json")),
            self._runner.post,
            self._servers.mirror_soon,
        )
        self._services = Services(
            self._config, self._clock, loop, self._records, self._runner.post, self._hearing.tell_service
        )
        self._last_operators = LastOperators(self._records, self._clock.now)
        performer = Performer(
            self._servers.boards,
            self._seating.desks,
            self._runner.post,
            self._servers.hang_up,
            ConfiguredPhrases(self._config),
        )
        self._calling_back = CallingBack(
            self._config,
            self._clock,
            loop,
            self._records,
            self._runner,
            performer,
            self._seating,
            self._hearing.tell,
        )
        self.campaigning = Campaigning(
            self._config, self._clock, self._records, self._runner, self.callbacks, self._hearing.tell_service
        )
        self._performing = Performing(performer, self._calling_back, self._seating)
        self._reloading = Reloading(
            self._config, self._live, self._seating, self._services, self._calling_back, self._hearing,
            self._runner.post, self._servers.mirror_soon,
        )  # fmt: skip
        self._catching_up = CatchingUp(
            self._servers,
            self.recorder,
            self._records,
            self._live,
            self._calling_back,
            self._clock,
            self._seating.agent_of,
            self._hearing.tell,
        )
        self.trail = Trail(ControlDatabase(config.database.url))
        self.supervising = Supervising(
            self._config,
            self._servers.boards,
            self._servers.client,
            self._calling_back.talk_of,
            self._runner.post,
            self._clock.now,
            self.trail,
            self._hearing.tell,
        )
        self._hearing.publisher = publisher = publisher_of(config, self, self.recorder, self._calling_back, self.trail)
        self.meters = (metrics, Gauged(self, publisher.health if publisher else lambda: None))
        for settings in config.servers:
            server = self._servers.make(
                settings,
                self._config,
                self._seating,
                self._runner.post,
                self._clock.now,
                self._catching_up.known_before,
                self._synchronised,
            )
            server.board.visits.last_operator_of = self._last_operators.of
            self._calling_back.join(server)
            self._catching_up.watch(server)
            self._services.join(server)
            self.campaigning.join(server)
            server.also_told = self.supervising.on_event
        self._reconciliation = Reconciliation(
            self._servers, self._runner.snapshot, self._runner.post, self.recorder.record, self._clock.now
        )
        self._transfers = Transferring(
            self._config,
            self._servers,
            self._records,
            self._seating.agent_of,
            self._runner.agents,
            self._clock.now,
            self._hearing.tell,
            self.recorder.settled,
        )
        self._recordings = recordings_of(
            self._config, self._records, self._clock.now, self._servers, self._calling_back, self._hearing.tell
        )
        self.appeals = AppealLine(ConfiguredPhrases(self._config).prompt)
        self._sessions = Sessions(
            self._config,
            self._servers,
            self._runner.post,
            self._clock,
            self._seating,
            self._catching_up,
            self._calling_back,
            self._services,
            self.supervising,
            self._recordings,
            self.appeals,
        )
        for server in self._servers.values():
            self._transfers.join(server)
            server.board.line_of = self._sessions.line_of
            server.board.longest_wait_s = self._sessions.longest_wait_s
        self._runner.connect(
            self._performing.perform,
            # Before the records: who dies between the two finds the call's end unrecorded, and the book knows it.
            # The other way round the end would be recorded and nobody owed a call-back.
            self._calling_back.callbacks.observe,
            self.recorder.note,
            self.events.take,
            self._live.see,
            self._counted.see,
            Only(self._performing.take_note, self._performing.NOTES),
            Only(self._services.see, self._services.HEARS),
            self.campaigning.see,
            Only(self._last_operators.see, self._last_operators.HEARS),
            log_fact,
            self._hearing.publish,
            *(
                []
                if self._recordings is None
                else [Only(self._recordings.keeper.observe, self._recordings.keeper.HEARS)]
            ),
            failed=self._engine_failed,
            stepped=self._counted.stepped,
            told=self.recorder.write,
        )

    # -- composition -----------------------------------------------------------------------------------------------

    def _synchronised(self, server: AsteriskServer, found: Found) -> None:
        self.supervising.resynchronise(server.name, found.present)
        self._services.synchronised(server, found)
        self.campaigning.synchronised(server, found)
        self._transfers.resynchronised(found.present)
        if self._recordings is not None:
            self._recordings.guard.agree(server)
        if found.outside and self._tasks is not None:
            recovery = self._transfers.recover(server, tuple(found.outside))
            self._tasks.create_task(recovery, name=f"transfers-{server.name}")
        self._catching_up.synchronised(server, found)

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Bring everything up: records first, then the operators' seats, then the links."""
        self._tasks = tasks
        await self._catching_up.start(tasks)
        await self._calling_back.start()
        await self.campaigning.start(tasks)
        await self._last_operators.start()
        self._runner.post(PoliciesLoaded(*to_policy(self._config())))
        await self._services.start(tasks)
        self._seating.take_again()
        for server in self._servers.values():
            tasks.create_task(server.client.run(), name=f"ami-{server.name}")
            tasks.create_task(server.keep_mirror(), name=f"fallback-mirror-{server.name}")
        tasks.create_task(self._sessions.listen(self.upgrading), name="agi-listen")
        tasks.create_task(self._pressure.run(), name="pressure")
        tasks.create_task(self.callbacks.keep(), name="callbacks-keep")
        if self._hearing.publisher is not None:
            tasks.create_task(self._hearing.publisher.run(), name="mqtt")
        tasks.create_task(self._reconciliation.run(), name="reconciliation")
        if self._recordings is not None:
            tasks.create_task(self._recordings.keeper.run(), name="recordings")

    async def drain(self, limit_s: float) -> None:
        """Take up no more calls and let telephones that ring be answered, for so long at most."""
        self._performing.draining = self.callbacks.draining = True
        self.upgrading.stopped()
        self._sessions.stop_listening()
        await self._seating.rung_out(self.snapshot(), limit_s)

    async def stop(self) -> bool:
        """Let go of everything; True when all facts are in the database."""
        self._runner.stop()
        self._services.stop()
        self.callbacks.stop()
        if self._tape is not None:
            self._tape.close()
        await self._sessions.close()
        await self._records.dispose()
        return await self.recorder.close()

    # -- what comes out of the engine ------------------------------------------------------------------------------

    def _engine_failed(self, error: Exception) -> None:
        if not self.broken.done():
            self.broken.set_result(error)

    # -- acd.control.centre.Centre ---------------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config()

    @property
    def lag_s(self) -> float:
        """How late the event loop has been in the last seconds."""
        return self._pressure.lag_s

    def now(self) -> Instant:
        """The engine's instant."""
        return self._clock.now()

    def snapshot(self) -> EngineSnapshot:
        """Return who waits, who is free and who talks to whom."""
        return self._runner.snapshot()

    def agents(self) -> tuple[AgentView, ...]:
        """Return the operators and what each does."""
        return self._runner.agents()

    def live(self) -> LiveSnapshot:
        """Return the figures of this moment and of today."""
        return self._live.snapshot(self._clock.now())

    @property
    def callbacks(self) -> Callbacks:
        """Who is owed a call-back."""
        return self._calling_back.callbacks

    @property
    def messages(self) -> MessageDesk:
        """Voice messages that callers have left."""
        return self._services.messages

    @property
    def hours(self) -> LineHours:
        """Which lines are open."""
        return self._services.hours

    @property
    def transfers(self) -> Transferring:
        """Callers who are handed on."""
        return self._transfers

    @property
    def recording_desk(self) -> TalkRecordings | None:
        """Recorded talks; None where the site records none."""
        return self._recordings

    @property
    def publisher(self) -> Publisher | None:
        """The way to the broker; None where the site has none."""
        return self._hearing.publisher

    def telephone_of(self, agent: AgentId) -> str | None:
        """Return the name of the telephone where the operator sits."""
        telephone = self._seating.desks.telephone_of(agent)
        return telephone.name if telephone else None

    def log_in_at(self, agent: AgentId, telephone: str, by: str, *, oust: bool) -> str:
        """Log an operator in at a telephone; see `Centre`."""
        return self._seating.log_in_at(agent, telephone, by, oust=oust)

    def health(self) -> Health:
        """Return how the parts around the engine are doing."""
        return health_of(
            self.started_at,
            self._servers,
            self._sessions,
            self.recorder,
            self.upgrading,
            draining=self._performing.draining,
        )

    def post(self, item: Input) -> None:
        """Hand an input to the engine; a log-in takes the operator's own telephone."""
        if isinstance(item, AgentLoggedIn):
            if self.telephone_of(item.agent) is None:
                self._seating.sit_at_own(item.agent, item.by)
            return
        self._runner.post(item)

    async def upgrade(self) -> int:
        """Start the daemon that is to come after us, and let it take over; return its process id.

        Raises:
            NotReady: It did not get ready, or there is one already; nothing has changed.
        """
        return await self._sessions.hand_over(self.upgrading)

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; return its mistakes, with which nothing has changed, or nothing."""
        return await self._reloading.reload()

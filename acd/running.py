"""The running call centre: every part joined to every other. The only file that knows them all.

What a part does is said in the part. Here is who is told what: the engine's facts go to the records, the live figures
and the log; its effects to the servers; and a few facts come back to the bridge (a seat is free, a call is back in its
line, the fallback's members have changed).
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

from acd.asterisk_conf.members import fallback_members
from acd.callbacks.places import PlaceKeys
from acd.callbacks.policies import callback_policies, channels, ways_out
from acd.callbacks.shell import Callbacks, Surroundings
from acd.callbacks.store import RequestStore
from acd.clock import Clock
from acd.control.centre import Health, ServerHealth
from acd.control.events import EventLog
from acd.control.history import RecordedHistory
from acd.fact_log import log_fact
from acd.meters.counted import Counted
from acd.meters.gauged import Gauged
from acd.numbers import number_rule
from acd.phrases import ConfiguredPhrases
from acd.publish.commands import Commands
from acd.publish.publisher import Publisher
from acd.recovery import break_found, missing_facts
from acd.runner import EngineRunner
from acd.seats import Seat, SeatFile
from acd.server import AsteriskServer
from acd.staff import Staff
from acd.standard import standard_of
from acd.stuck import StuckFinder
from acd.tape import TapeWriter
from ami_bridge.agi_server import AgiServer, AgiSession
from ami_bridge.caller_session import CallerSessions, LineSound
from ami_bridge.client import AmiClient
from ami_bridge.desks import Desks, Telephone
from ami_bridge.dial_codes import DialCodes
from ami_bridge.ended import EndedCall
from ami_bridge.fallback_mirror import FallbackMirror
from ami_bridge.outgoing import OutgoingCalls
from ami_bridge.perform import Performer
from ami_bridge.resync import Found
from callback.facts import CallbackFact
from callback.ids import parse_attempt_call
from callback.inputs import CallbackAsked, LiveAttempt
from config.errors import ConfigErrors
from config.load import load_config
from config.model import Config
from config.to_policy import to_policy
from metrics.facts import DifferenceMended
from metrics.live import LiveFigures, LiveSnapshot
from metrics.records.counting import Scope, count_by_line
from metrics.records.database import open_engine
from metrics.records.queries import OpenCall, is_recorded, open_calls
from metrics.records.recorder import Recorder
from queue_engine.effects import Effect, OfferCall, WithdrawOffer
from queue_engine.engine import QueueEngine
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallDied,
    CallEnded,
    CallMoved,
    CallReturned,
    Fact,
)
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import AgentLoggedIn, AgentPaused, Input, PoliciesLoaded
from queue_engine.snapshot import EngineSnapshot

log = structlog.get_logger(__name__)

NOT_AT_WORK: Final = frozenset({AgentState.LOGGED_OUT, AgentState.PAUSED})
RESTART: Final = "restart"
RECONCILE_EVERY_S: Final = 30.0


class RunningCentre:
    """One site's centre, from the composition of its parts to their end."""

    def __init__(
        self, config: Config, config_path: Path, loop: asyncio.AbstractEventLoop, tape: Path | None = None
    ) -> None:
        self._config = config
        self._config_path = config_path
        self._clock = Clock(loop.time)
        self.started_at = self._clock.now()
        self.draining = False
        self.broken: asyncio.Future[Exception] = loop.create_future()
        """Done when the engine has raised: the daemon has to end and be started anew."""
        self._agi_listening = False
        self._before: dict[CallId, OpenCall] = {}
        """What the records knew of open calls when we started."""
        self._records_read = False
        self._paused: dict[AgentId, str] = {}
        self._at_work: set[AgentId] = set()
        self._left: set[AgentId] = set()
        """Who logged out by himself: no restart logs him in again."""
        self._ringing: set[AgentId] = set()
        """Whose telephones rang when the drain began."""
        self._rung_out = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        # An offer's number is never used twice, not even across restarts: it begins with the time of the start.
        first_offer = int(self.started_at * 1000) * 1000
        self._tape = TapeWriter(tape, first_offer) if tape else None
        self._runner = EngineRunner(QueueEngine(first_offer), self._clock, loop, self._tape)
        self.recorder = Recorder(config.database.url, uuid.uuid4().hex, config.database.spool)
        self._live = LiveFigures(
            standard_of(config), ZoneInfo(config.site.time_zone), [QueueName(line.name) for line in config.lines]
        )
        self._metrics = CollectorRegistry()
        ProcessCollector(registry=self._metrics)
        self._counted = Counted(self._live.standard, self._metrics)
        self._publisher = self._make_publisher()
        self.meters = (self._metrics, Gauged(self, self._publisher.health if self._publisher else lambda: None))
        self.events = EventLog(self.recorder.run, lambda: self.recorder.recorded, RecordedHistory(config.database.url))
        self._records = open_engine(config.database.url)
        self._desks = Desks(self._telephones(), self._runner.post)
        self._outgoing: dict[str, OutgoingCalls] = {}
        self._found_attempts: dict[str, list[LiveAttempt]] = {}
        """What each server held of outgoing calls when its link came up."""
        self._seat_file = SeatFile(config.database.spool.with_suffix(".seats.json"))
        self._servers = {server.name: self._make_server(server.name) for server in config.servers}
        for server in self._servers.values():
            server.on_unseen = partial(self._ended_unseen, server)
        boards = {name: server.board for name, server in self._servers.items()}
        self._performer = Performer(
            boards,
            self._desks,
            self._runner.post,
            lambda server, channel: self._servers[server].hang_up(channel),
            ConfiguredPhrases(lambda: self._config),
        )
        self._numbers = number_rule()
        self._callbacks = self._make_callbacks(loop)
        self._outgoing.update((name, self._make_outgoing(server)) for name, server in self._servers.items())
        callers = CallerSessions(boards, self._sound, self._runner.post, self._known_before, self._prune)
        staff = Staff(lambda: self._config, self._clock.now)
        codes = DialCodes(self._server_of, self._desks, staff, self._runner.post, self._callbacks)
        self._agi = AgiServer({"call": callers.serve, "operator": codes.serve}, allowed_peers=self._agi_peers(config))
        self._agi_wanted = asyncio.Event()
        self._agi_up = asyncio.Event()
        self._runner.connect(
            self._perform,
            self.recorder.record,
            self.events.take,
            self._live.see,
            self._counted.see,
            self._take_note,
            log_fact,
            self._callbacks.observe,
            self._publish,
            failed=self._engine_failed,
            stepped=self._counted.stepped,
        )

    # -- composition -----------------------------------------------------------------------------------------------

    def _make_server(self, name: str) -> AsteriskServer:
        settings = self._config.server(name)

        def mirror(client: Callable[[], AmiClient]) -> FallbackMirror:
            return FallbackMirror(
                name,
                client,
                lambda: [t.name for t in self._telephones() if t.server == name],
                self._desks.agent_at,
                self._lines_of,
                lambda agent: agent in self._at_work,
            )

        return AsteriskServer(
            settings,
            self._desks,
            self._runner.post,
            self._clock.now,
            self._known_before,
            self._synchronised,
            mirror,
            lambda: [(m.queue, m.interface.removeprefix("PJSIP/")) for m in fallback_members(self._config, settings)],
        )

    def _make_callbacks(self, loop: asyncio.AbstractEventLoop) -> Callbacks:
        places = PlaceKeys(
            lambda: self._config, self._numbers, self._clock.now, self._runner.snapshot, self._performer.say
        )
        around = Surroundings(
            post=self._runner.post,
            tell=self._record,
            desks=self._desks,
            outgoing=self._outgoing,
            release=self._performer.send_to,
            asked=lambda fact: places.pressed(fact, self._callbacks),
            lines_of=self._lines_of,
        )
        store = RequestStore(self._config.database.spool.with_suffix(".callbacks"), self._records, self._clock)
        return Callbacks(self._numbers, self._clock, loop, store, around)

    def _make_outgoing(self, server: AsteriskServer) -> OutgoingCalls:
        outgoing = OutgoingCalls(server.board, lambda: server.client, server.hang_up, self._callbacks.handle)
        server.first_told = outgoing.on_event
        return outgoing

    def _configure_callbacks(self) -> None:
        policies = callback_policies(self._config, self._numbers, self._clock.now())
        self._callbacks.configure(policies, ways_out(self._config), channels(self._config))

    def _make_publisher(self) -> Publisher | None:
        if self._config.mqtt is None:
            return None
        commands = Commands(self, self._add_callback)
        return Publisher(self._config.mqtt, self, self._event_id, commands)

    def _event_id(self) -> str:
        return f"{self.recorder.run}/{self.recorder.recorded}"

    def _add_callback(self, queue: QueueName, number: str, by: str) -> str | None:
        refused = self._callbacks.refusal(queue, number)
        if refused is None:
            self._callbacks.handle(CallbackAsked(queue, number, by))
        return None if refused is None else refused.value

    def _publish(self, fact: Fact | CallbackFact) -> None:
        if self._publisher is not None:
            self._publisher.see(fact)

    def _record(self, fact: Fact | CallbackFact) -> None:
        """Tell a fact that is not the engine's of this moment to everybody who hears the engine's."""
        self.recorder.record(fact)
        self.events.take(fact)
        self._live.see(fact)
        self._counted.see(fact)
        self._publish(fact)
        log_fact(fact)

    def _telephones(self) -> list[Telephone]:
        first = self._config.servers[0].name
        return [Telephone(t.server or first, t.name) for t in self._config.telephones]

    def _lines_of(self, agent: AgentId) -> tuple[QueueName, ...]:
        operator = next((o for o in self._config.operators if o.number == agent), None)
        return tuple(QueueName(line) for line in self._config.lines_of(operator)) if operator else ()

    @staticmethod
    def _agi_peers(config: Config) -> list[str]:
        hosts = {server.host for server in config.servers}
        return ["127.0.0.0/8", "::1/128", *(h for h in hosts if h.replace(".", "").isdigit())]

    def _sound(self, queue: QueueName) -> LineSound:
        line = next((line for line in self._config.lines if line.name == queue), None)
        return LineSound(line.greeting or "", line.music) if line else LineSound()

    def _server_of(self, agi: AgiSession) -> str:
        # Operators' sessions name the server as their fourth argument.
        return agi.args[3] if len(agi.args) > 3 else self._config.servers[0].name

    def _prune(self) -> str | None:
        return next((b for server in self._servers.values() if (b := server.pruner.next())), None)

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Bring everything up: records first, then the operators' seats, then the links."""
        self._tasks = tasks
        if await self.recorder.start():
            await self._read_open_calls()
        await self._callbacks.restore(callback_policies(self._config, self._numbers, self._clock.now()))
        self._configure_callbacks()
        self._runner.post(PoliciesLoaded(*to_policy(self._config)))
        self._take_seats()
        for server in self._servers.values():
            tasks.create_task(server.client.run(), name=f"ami-{server.name}")
            tasks.create_task(server.keep_mirror(), name=f"fallback-mirror-{server.name}")
        tasks.create_task(self._listen(), name="agi-listen")
        tasks.create_task(self._callbacks.keep(), name="callbacks-keep")
        if self._publisher is not None:
            tasks.create_task(self._publisher.run(), name="mqtt")
        tasks.create_task(self._reconcile(), name="reconciliation")

    async def _read_open_calls(self) -> None:
        now = self._clock.now()
        try:
            found = await open_calls(self._records)
            async with self._records.connect() as connection:
                today = Scope(*self._live.day(now))
                self._live.load(now, await count_by_line(connection, today, self._live.standard), found)
        except Exception as error:  # noqa: BLE001 - whatever the database says, calls go first
            log.error("records.open_calls_unread", reason=str(error))
            return
        self._before = {call.call: call for call in found}
        self._records_read = True

    def _take_seats(self) -> None:
        for seat in self._seat_file.read():
            telephone = Telephone(seat.server, seat.telephone)
            if not seat.telephone:
                self._left.add(AgentId(seat.agent))
            elif self._desks.knows(telephone) and any(o.number == seat.agent for o in self._config.operators):
                self._desks.sit(AgentId(seat.agent), telephone, RESTART)
                if seat.paused_for is not None:
                    self._runner.post(AgentPaused(AgentId(seat.agent), seat.paused_for, RESTART))
        self._log_in_automatic()

    def _log_in_automatic(self) -> None:
        for operator in self._config.operators:
            agent = AgentId(operator.number)
            if operator.auto_login and agent not in self._left and self._desks.telephone_of(agent) is None:
                self._sit_at_own(agent, "auto_login")

    def _sit_at_own(self, agent: AgentId, by: str) -> bool:
        operator = next((o for o in self._config.operators if o.number == agent), None)
        own = next((t for t in self._telephones() if operator and t.name == operator.own_telephone), None)
        if own is None:
            return False
        self._desks.sit(agent, own, by)
        return True

    async def _listen(self) -> None:
        """Take callers up as soon as a server is in line with us: before that we do not know who is free."""
        await self._agi_wanted.wait()
        listen = self._config.agi.listen
        await self._agi.start(listen.host, listen.port)
        self._agi_listening = True
        self._agi_up.set()
        log.info("agi.listening", address=str(listen))

    async def drain(self, limit_s: float) -> None:
        """Take up no more calls and let telephones that ring be answered, for so long at most."""
        self.draining = self._callbacks.draining = True
        if self._agi_listening:
            self._agi.stop_listening()
        self._ringing = {agent.agent for agent in self.snapshot().agents if agent.state is AgentState.RINGING}
        if self._ringing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._rung_out.wait(), limit_s)

    async def stop(self) -> bool:
        """Let go of everything; True when all facts are in the database."""
        self._runner.stop()
        self._callbacks.stop()
        if self._tape is not None:
            self._tape.close()
        if self._agi_listening:
            await self._agi.close()
        await self._records.dispose()
        return await self.recorder.close()

    # -- what comes out of the engine ------------------------------------------------------------------------------

    def _engine_failed(self, error: Exception) -> None:
        if not self.broken.done():
            self.broken.set_result(error)

    def _perform(self, effect: Effect) -> None:
        if self.draining and isinstance(effect, OfferCall):
            return  # whoever comes after us offers it
        if isinstance(effect, WithdrawOffer) and any(o.withdraw(effect.offer) for o in self._outgoing.values()):
            return
        self._performer.perform(effect)

    def _take_note(self, fact: Fact) -> None:
        """Tell the bridge what it must know of what has become true."""
        match fact:
            case CallReturned():
                self._performer.back_in_line(fact.call)
            case CallMoved():
                self._performer.moved(fact.call, fact.to)
            case AgentStateChanged():
                self._agent_changed(fact)
            case _:
                pass

    def _agent_changed(self, fact: AgentStateChanged) -> None:
        agent, after = fact.agent, fact.after
        if after is AgentState.PAUSED:
            self._paused[agent] = fact.reason
        elif fact.before is AgentState.PAUSED:
            self._paused.pop(agent, None)
        if fact.before is AgentState.RINGING and agent in self._ringing:
            self._ringing.discard(agent)
            if not self._ringing:
                self._rung_out.set()
        if after is AgentState.LOGGED_OUT:
            self._desks.vacate(agent)
            self._left.add(agent)
        elif fact.before is AgentState.LOGGED_OUT:
            self._left.discard(agent)
        was, now = agent in self._at_work, after not in NOT_AT_WORK
        if after not in NOT_AT_WORK:
            self._at_work.add(agent)
        else:
            self._at_work.discard(agent)
        if was != now or AgentState.PAUSED in {fact.before, after}:
            self._seat_file.write(self._seats())
            for server in self._servers.values():
                server.mirror_soon()

    def _seats(self) -> tuple[Seat, ...]:
        seated = [
            Seat(agent, telephone.server, telephone.name, self._paused.get(agent))
            for agent, telephone in sorted(self._desks.seats().items())
        ]
        return (*seated, *(Seat(agent, "", "") for agent in sorted(self._left)))

    # -- recovery --------------------------------------------------------------------------------------------------

    def _known_before(self, call: CallId, stage: str) -> bool:
        """Tell whether the call was accepted by a run before this one: by the records, or by its stage without them."""
        return call in self._before if self._records_read else stage not in {"", "new", "greeting"}

    def _ended_unseen(self, server: AsteriskServer, ended: EndedCall) -> None:
        """A caller hung up before his call came to us: he was accepted all the same (D1)."""
        if self._tasks is not None:
            found = Found({ended.call: ended}, (), {})
            self._tasks.create_task(self._record_missing(server, found, of_before=False), name="unseen-end")

    def _synchronised(self, server: AsteriskServer, found: Found) -> None:
        self._found_attempts[server.name] = self._outgoing[server.name].resynchronise(found.present)
        self._agi_wanted.set()
        if self._tasks is not None:
            self._tasks.create_task(self._recover(server, found), name=f"recovery-{server.name}")

    async def _recover(self, server: AsteriskServer, found: Found) -> None:
        """Take back the calls that wait in the fallback; learn what became of those that ended without us."""
        await self._agi_up.wait()
        server.take_back(found.in_fallback)
        await self._record_missing(server, found)
        found_attempts = self._found_attempts.items()
        if self._attempts_known():
            held = [a for name, live in found_attempts for a in live if self._outgoing[name].holds(a.call)]
            self._callbacks.resynchronised(held)

    async def _record_missing(self, server: AsteriskServer, found: Found, *, of_before: bool = True) -> None:
        """Record what became of calls that ended while nobody of us was there, and let the book judge their ends."""
        ended = found.ended
        # A call-back may be on any server that calls out: its end is judged once all of them have been read.
        ours = (f"{server.name}-", "callback-") if self._attempts_known() else (f"{server.name}-",)
        mine = [c for c in self._before.values() if of_before and c.call.startswith(ours)]
        if not mine and not ended:
            return
        try:
            await self.recorder.settled()
            recorded = await is_recorded(self._records, list(ended))
        except Exception as error:  # noqa: BLE001 - the entries stay in Asterisk and are read again next time
            log.error("recovery.failed", server=server.name, reason=str(error))
            return
        facts = missing_facts(
            ended.values(),
            mine,
            alive=lambda call: self._is_held(server, call),
            recorded=recorded.__contains__,
            agent_at=lambda name: self._agent_of(Telephone(server.name, name)),
            now=self._clock.now(),
        )
        for fact in facts:
            self._record(fact)
            if isinstance(fact, CallEnded | CallAbandoned | CallDied):
                self._callbacks.handle(break_found(fact))
        for call in mine:
            if not self._is_held(server, call.call):
                del self._before[call.call]
        server.pruner.saw_entries(ended.values())
        log.info("recovery.done", server=server.name, ended=len(ended), open_before=len(mine), facts=len(facts))

    async def _reconcile(self) -> None:
        """Every half a minute: compare what we believe with Asterisk, and the engine with the bridge."""
        boards = {name: server.board for name, server in self._servers.items()}
        stuck = StuckFinder(
            rings=lambda offer: any(board.legs.offer(offer) for board in boards.values()),
            talks=lambda call: any((leg := b.legs.call(call)) and leg.talk for b in boards.values()),
            lives=lambda call: any(board.legs.call(call) for board in boards.values()),
        )
        while True:
            await asyncio.sleep(RECONCILE_EVERY_S)
            for server in self._servers.values():
                for found in await server.reconcile():
                    self._mended(server.name, found.what, found.call, found.agent, found.detail)
            if all(server.link.up for server in self._servers.values()):
                for one in stuck.look(self.snapshot()):
                    self._runner.post(one.mend)
                    self._mended("", one.what, one.call, one.agent, "engine")

    def _mended(self, server: str, what: str, call: CallId | None, agent: AgentId | None, detail: str) -> None:
        self.recorder.record(DifferenceMended(self._clock.now(), server, what, call, agent, detail))
        log.warning("difference.mended", server=server, what=what, call=call, agent=agent, detail=detail)

    def _attempts_known(self) -> bool:
        """Tell whether every server that calls out has said which call-backs it holds."""
        return self._found_attempts.keys() >= {way.server for way in ways_out(self._config).values()}

    def _is_held(self, server: AsteriskServer, call: CallId) -> bool:
        servers = self._servers.values() if parse_attempt_call(call) is not None else (server,)
        return any(s.board.legs.call(call) is not None or self._outgoing[s.name].holds(call) for s in servers)

    def _agent_of(self, telephone: Telephone) -> AgentId:
        owner = next((o.number for o in self._config.operators if o.own_telephone == telephone.name), None)
        return self._desks.agent_at(telephone) or AgentId(owner or telephone.name)

    # -- acd.control.centre.Centre ---------------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    def now(self) -> Instant:
        """The engine's instant."""
        return self._clock.now()

    def snapshot(self) -> EngineSnapshot:
        """Return who waits, who is free and who talks to whom."""
        return self._runner.snapshot()

    def live(self) -> LiveSnapshot:
        """Return the figures of this moment and of today."""
        return self._live.snapshot(self._clock.now())

    @property
    def callbacks(self) -> Callbacks:
        """Who is owed a call-back."""
        return self._callbacks

    def telephone_of(self, agent: AgentId) -> str | None:
        """Return the name of the telephone where the operator sits."""
        telephone = self._desks.telephone_of(agent)
        return telephone.name if telephone else None

    def health(self) -> Health:
        """Return how the parts around the engine are doing."""
        records = self.recorder.health()
        return Health(
            started_at=self.started_at,
            draining=self.draining,
            servers=tuple(
                ServerHealth(s.name, s.link.up, s.link.since, s.link.reason, s.link.version)
                for s in self._servers.values()
            ),
            agi_listening=self._agi_listening and not self.draining,
            agi_sessions=self._agi.sessions,
            database_up=records.database,
            spooled=records.spooled_bytes,
        )

    def post(self, item: Input) -> None:
        """Hand an input to the engine; a log-in takes the operator's own telephone."""
        if isinstance(item, AgentLoggedIn):
            if self._desks.telephone_of(item.agent) is None:
                self._sit_at_own(item.agent, item.by)
            return
        self._runner.post(item)

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; return its mistakes, with which nothing has changed, or nothing."""
        try:
            config = await asyncio.to_thread(load_config, self._config_path)
        except ConfigErrors as errors:
            return [str(mistake) for mistake in errors.mistakes]
        if {s.name for s in config.servers} != set(self._servers):
            return ["the list of Asterisk servers changes by a restart only"]
        self._config = config
        self._live.standard = standard_of(config)
        self._desks.replace(self._telephones())
        self._runner.post(PoliciesLoaded(*to_policy(config)))
        self._configure_callbacks()
        self._log_in_automatic()
        for server in self._servers.values():
            server.mirror_soon()
        log.info("config.reloaded", lines=len(config.lines), operators=len(config.operators))
        return []

"""What happened while we were not there: open calls of the run before, ends that Asterisk wrote down without us.

The shell around `acd/recovery.py`, which says what follows from what. Asks the records once at the start and again
whenever a server's link comes up; tells the facts that are missing and lets the book of call-backs judge their ends.

While the records cannot be asked it is tried again and again, and Asterisk's entries stay where they are: whoever hung
up meanwhile is recorded once the database is back, by us or by the daemon that comes after us.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.callbacks.joined import CallingBack
from acd.clock import Clock
from acd.recovery import break_found, missing_facts
from acd.server import AsteriskServer
from ami_bridge.desks import Telephone
from ami_bridge.ended import EndedCall
from ami_bridge.resync import Found
from callback.ids import parse_attempt_call
from metrics.live import LiveFigures
from metrics.records.counting import Scope, count_by_line
from metrics.records.queries import OpenCall, is_recorded, open_calls
from metrics.records.recorder import Recorder
from queue_engine.facts import CallAbandoned, CallDied, CallEnded, Fact
from queue_engine.ids import AgentId, CallId

log = structlog.get_logger(__name__)

RETRY_S: Final = 2.0
"""Between two attempts to ask the records. Calls wait for nothing of it."""


class CatchingUp:
    """Closes the gap that a restart, ours or Asterisk's, or a broken link has left."""

    def __init__(
        self,
        servers: Mapping[str, AsteriskServer],
        recorder: Recorder,
        records: AsyncEngine,
        live: LiveFigures,
        calling_back: CallingBack,
        clock: Clock,
        agent_of: Callable[[Telephone], AgentId],
        tell: Callable[[Fact], None],
    ) -> None:
        self._servers = servers
        self._recorder = recorder
        self._records = records
        self._live = live
        self._calling_back = calling_back
        self._clock = clock
        self._agent_of = agent_of
        self._tell = tell
        self._before: dict[CallId, OpenCall] = {}
        """What the records knew of open calls when we started, or when they could first be asked."""
        self._taken_over: set[CallId] = set()
        """Calls from before us that a switchboard has held: whatever ends them from then on, the engine tells it."""
        self._records_read = False
        self._started_at = clock.now()
        self._asking = asyncio.Lock()
        """One at a time: what one has told, the next must find recorded."""
        self._unseen: dict[str, dict[CallId, EndedCall]] = {}
        """Ends that no switchboard has seen and that are not recorded yet, by server."""
        self._recoveries: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.synchronised_once = asyncio.Event()
        """Set when the first server is in line with us: callers may come."""
        self.callers_served = asyncio.Event()
        """To be set when callers' sessions are taken up: only then is anybody fetched back from the fallback."""

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Take up work in a task group; read what the records know, unless they are away."""
        self._tasks = tasks
        if not await self._recorder.start():
            return
        now = self._clock.now()
        try:
            found = await self._read_open_calls()
            async with self._records.connect() as connection:
                today = Scope(*self._live.day(now))
                self._live.load(now, await count_by_line(connection, today, self._live.standard), found)
        except Exception as error:  # noqa: BLE001 - whatever the database says, calls go first
            log.error("records.open_calls_unread", reason=str(error))

    async def _read_open_calls(self) -> list[OpenCall]:
        """Learn which calls of runs before ours have no end in the records."""
        found = await open_calls(self._records)
        if self._tasks is not None and self.synchronised_once.is_set():  # late: calls of ours are among them
            found = [call for call in found if call.entered_at < self._started_at]
        self._before = {call.call: call for call in found}
        self._records_read = True
        return found

    def known_before(self, call: CallId, stage: str) -> bool:
        """Tell whether the call was accepted by a run before this one: by the records, or by its stage without them."""
        return call in self._before if self._records_read else stage not in {"", "new", "greeting"}

    def watch(self, server: AsteriskServer) -> None:
        """Be told by a server of calls that ended before they came to us."""
        server.on_unseen = partial(self._ended_unseen, server)

    def _ended_unseen(self, server: AsteriskServer, ended: EndedCall) -> None:
        """A caller hung up before his call came to us: he was accepted all the same (D1)."""
        waiting = self._unseen.setdefault(server.name, {})
        waiting[ended.call] = ended
        if self._tasks is not None and len(waiting) == 1:
            self._tasks.create_task(self._record_unseen(server, waiting), name=f"unseen-ends-{server.name}")

    async def _record_unseen(self, server: AsteriskServer, waiting: dict[CallId, EndedCall]) -> None:
        """Record the ends that came in, and those that come in meanwhile, until none is left."""
        while waiting:
            now = dict(waiting)
            await self._record_in_the_end(server, Found(now, (), {}), of_before=False)
            for call in now:
                del waiting[call]

    def synchronised(self, server: AsteriskServer, found: Found) -> None:
        """A server's link is up and its switchboard in line with it: learn what we have missed."""
        self._calling_back.resynchronise(server.name, found.present, found.read_at)
        # Now and not when the records have answered: a talk may end in between, and would be taken for one that died.
        self._taken_over |= {call for call in (*self._before, *found.ended) if self._is_held(server, call)}
        self.synchronised_once.set()
        if self._tasks is not None:
            before = self._recoveries.pop(server.name, None)
            if before is not None:
                before.cancel()  # what it waited to record stands in what has just been read
            self._recoveries[server.name] = self._tasks.create_task(
                self._recover(server, found), name=f"recovery-{server.name}"
            )

    async def _recover(self, server: AsteriskServer, found: Found) -> None:
        """Fetch the calls that wait without us; learn what became of those that ended without us."""
        await self.callers_served.wait()
        await server.take_back_who_waits(found.in_fallback)
        recorded = await self._record_missing(server, found)
        self._calling_back.resume()
        if not recorded:
            await self._record_in_the_end(server, found)

    async def _record_in_the_end(self, server: AsteriskServer, found: Found, *, of_before: bool = True) -> None:
        """Record what became of calls that ended without us, however long the records are away."""
        while True:
            if await self._record_missing(server, found, of_before=of_before):
                return
            await asyncio.sleep(RETRY_S)

    async def _record_missing(self, server: AsteriskServer, found: Found, *, of_before: bool = True) -> bool:
        """Record what became of calls that ended while nobody of us was there, and let the book judge their ends.

        Returns False where the records cannot be asked now; nothing was told then.
        """
        server.pruner.hold(found.ended.values())
        async with self._asking:
            return await self._ask_and_tell(server, found, of_before=of_before)

    async def _ask_and_tell(self, server: AsteriskServer, found: Found, *, of_before: bool) -> bool:
        ended = found.ended
        # What is held now and ends while the records are asked, the engine tells.
        held = {leg.call for each in self._servers.values() for leg in each.board.legs}
        try:
            if not await self._recorder.settled():
                log.warning("recovery.waits", server=server.name, ended=len(ended))
                return False
            if of_before and not self._records_read:
                await self._read_open_calls()
            recorded = await is_recorded(self._records, list(ended))
        except Exception as error:  # noqa: BLE001 - whatever the database says: it is asked again
            log.warning("recovery.waits", server=server.name, ended=len(ended), reason=str(error).partition("\n")[0])
            return False
        # A call-back may be on any server that calls out: its end is judged once all of them have been read.
        known = self._calling_back.attempts_known()
        ours = (f"{server.name}-", "callback-") if known else (f"{server.name}-",)
        mine = [c for c in self._before.values() if of_before and c.call.startswith(ours)]
        facts = missing_facts(
            ended.values(),
            mine,
            alive=lambda call: call in held or call in self._taken_over or self._is_held(server, call),
            recorded=recorded.__contains__,
            agent_at=lambda name: self._agent_of(Telephone(server.name, name)),
            now=self._clock.now(),
        )
        for fact in facts:
            self._tell(fact)
            if isinstance(fact, CallEnded | CallAbandoned | CallDied):
                self._calling_back.callbacks.handle(break_found(fact))
        for call in mine:
            if not self._is_held(server, call.call):
                del self._before[call.call]
        server.pruner.saw_entries(ended.values())
        if mine or ended:
            log.info("recovery.done", server=server.name, ended=len(ended), open_before=len(mine), facts=len(facts))
        return True

    def _is_held(self, server: AsteriskServer, call: CallId) -> bool:
        servers = self._servers.values() if parse_attempt_call(call) is not None else (server,)
        return any(s.board.legs.call(call) is not None or self._calling_back.holds(s.name, call) for s in servers)

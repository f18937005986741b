"""The only writer of the engine: one inbox, one input after the other, one timer.

`post` may be called from anywhere in the loop's thread, also from within a sink or an effect: what is posted while an
input is handled waits in the inbox, so there is no re-entrance and, with no `await` between reading and changing
state, no lock.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import structlog

from acd.clock import Clock
from acd.tape import TapeWriter
from queue_engine.effects import Effect
from queue_engine.engine import QueueEngine, Step
from queue_engine.facts import Fact
from queue_engine.ids import Instant
from queue_engine.inputs import Input
from queue_engine.snapshot import AgentView, EngineCounts, EngineSnapshot

log = structlog.get_logger(__name__)

FactSink = Callable[[Fact], None]


@dataclass(frozen=True, slots=True)
class Only:
    """A sink that is told facts of some kinds alone: most sinks have no use for most facts of a call."""

    sink: FactSink
    kinds: frozenset[type]


class EngineRunner:
    """Feeds the engine and delivers what comes out of it."""

    def __init__(
        self, engine: QueueEngine, clock: Clock, loop: asyncio.AbstractEventLoop, tape: TapeWriter | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._loop = loop
        self._tape = tape
        self._inbox: deque[Input] = deque()
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: Instant | None = None
        self._perform: Callable[[Effect], None] | None = None
        self._failed: Callable[[Exception], None] | None = None
        self._sinks: list[FactSink | Only] = []
        self._hearers: dict[type, tuple[FactSink, ...]] = {}
        """By kind of fact, as they come up: who is told of it."""
        self._stepped: Callable[[float], None] | None = None
        self._told: Callable[[], None] | None = None

    def connect(
        self,
        perform: Callable[[Effect], None],
        *sinks: FactSink | Only,
        failed: Callable[[Exception], None],
        stepped: Callable[[float], None] | None = None,
        told: Callable[[], None] | None = None,
    ) -> None:
        """Say who carries out effects and who is told facts, in this order, before the first input.

        `stepped` is told how long the engine took for an input, in seconds. `told` is called when all facts of a step
        have been told, before anything of the next step is done.

        `failed` is told when the engine raises: a bug of ours, after which its state cannot be trusted. Whoever is told
        must end the daemon; Asterisk keeps the calls for the next one.
        """
        self._perform = perform
        self._failed = failed
        self._stepped = stepped
        self._told = told
        self._sinks.extend(sinks)

    def post(self, happened: Input) -> None:
        """Take in an input and handle it, now or as soon as the one in work is done."""
        self._inbox.append(happened)
        if not self._draining:
            self._drain()

    def snapshot(self) -> EngineSnapshot:
        """Return the engine's state as a value."""
        return self._engine.snapshot()

    def counts(self) -> EngineCounts:
        """Return how many there are of what, which is cheap."""
        return self._engine.counts()

    def agents(self) -> tuple[AgentView, ...]:
        """Return the engine's operators; cheap also while thousands wait."""
        return self._engine.agents()

    def stop(self) -> None:
        """Let no timer fire any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drain(self) -> None:
        self._draining = True
        try:
            while self._inbox:
                event, now = self._inbox.popleft(), self._clock.now()
                if self._tape is not None:
                    self._tape.took(event, now)
                began = perf_counter()
                step = self._engine.handle(event, now)
                if self._stepped is not None:
                    self._stepped(perf_counter() - began)
                self._deliver(step)
            self._arm()
        except Exception as error:  # noqa: BLE001 - a bug of ours: whoever is told ends the daemon
            self._give_up(error)
        finally:
            self._draining = False

    def _tick(self, due: Instant) -> None:
        self._timer = None
        self._draining = True
        try:
            wanted = self._engine.next_deadline()
            if wanted is not None and wanted <= due:  # else what it was armed for has been settled otherwise
                # A loop may wake a hair early; the deadline it was armed for has passed all the same.
                now = max(self._clock.now(), due)
                if self._tape is not None:
                    self._tape.ticked(now)
                self._deliver(self._engine.advance(now))
        except Exception as error:  # noqa: BLE001 - a bug of ours: whoever is told ends the daemon
            self._give_up(error)
        finally:
            self._draining = False
        self._drain()

    def _give_up(self, error: Exception) -> None:
        log.exception("engine.failed")
        if self._failed is None:
            raise error
        self._failed(error)

    def _arm(self) -> None:
        due = self._engine.next_deadline()
        if due is None:
            return
        if self._timer is not None:
            # A timer that comes too early looks again; one less to set for each call that is answered in time.
            if self._armed_for is not None and self._armed_for <= due:
                return
            self._timer.cancel()
        self._armed_for = due
        self._timer = self._loop.call_at(self._clock.loop_time(due), self._tick, due)

    def _deliver(self, step: Step) -> None:
        # Effects first: a caller's telephone rings before anybody writes it down.
        if self._perform is not None:
            for effect in step.effects:
                try:
                    self._perform(effect)
                except Exception:
                    log.exception("effect.failed", effect=type(effect).__name__)
        if not step.facts:
            return
        for fact in step.facts:
            for sink in self._hearers.get(type(fact)) or self._hearers_of(type(fact)):
                try:
                    sink(fact)
                except Exception:
                    log.exception("sink.failed", fact=type(fact).__name__)
        if self._told is not None:
            self._told()

    def _hearers_of(self, kind: type) -> tuple[FactSink, ...]:
        told = (sink for sink in self._sinks if not isinstance(sink, Only) or kind in sink.kinds)
        hearers = tuple(sink.sink if isinstance(sink, Only) else sink for sink in told)
        self._hearers[kind] = hearers
        return hearers

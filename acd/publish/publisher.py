"""Keeps the MQTT broker told, in a task of its own: connects, tells the state, then what happens, takes commands.

The engine only ever leaves a note in the outbox; a broker that is slow or away costs it nothing. The link is made anew,
sooner at first, then every half a minute; after each connection all states are told again, as the broker may have lost
them. Events that were on their way when a link broke are told again: at least once, with the same id.
"""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import acd
from acd.control.centre import Centre
from acd.control.scripts import show_scripts
from acd.publish.commands import Commands
from acd.publish.events import EVENTS, MESSAGE_EVENTS, TRANSFER_EVENTS, payload_of, topic_of
from acd.publish.health import BrokerHealth
from acd.publish.missed import Missed, ToldFile
from acd.publish.outbox import Maker, Outbox, Told, Waiting
from acd.publish.payloads import AgentState, LineState, Payload, ScriptState, Status
from acd.standard import standard_of
from config.mqtt import Mqtt
from metrics.live import LiveLine
from metrics.norms import Standard
from metrics.service_facts import LineSwitched
from queue_engine.facts import AgentStateChanged
from queue_engine.ids import AgentId, Instant, QueueName
from queue_engine.snapshot import AgentView

log = structlog.get_logger(__name__)

WINDOW: Final = 200
"""Messages on their way at once."""
REST_S: Final = 0.1
"""Between two rounds, so that the states of a busy line are told ten times a second and not more."""
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 30.0


class Publisher:
    """The way to one broker."""

    def __init__(
        self,
        settings: Mqtt,
        centre: Centre,
        event_id: Callable[[], str],
        commands: Commands,
        told: ToldFile,
        missed: Missed,
    ) -> None:
        """Make the way; nothing is connected yet.

        Args:
            settings: Where the broker is.
            centre: What states are made from.
            event_id: The place in the records of the fact that is being told.
            commands: Carries out what is asked.
            told: How far the broker was told.
            missed: What it was not told before this start.
        """
        self._told = told
        self._missed = missed
        self._settings = settings
        self._centre = centre
        self._event_id = event_id
        self._commands = commands
        self._outbox = Outbox(settings.outbox)
        self._root = f"acd/{centre.config.site.name}/v1"
        self._up = False
        self._reason = "not yet connected"
        self._looked: _Look

    def see(self, fact: object) -> None:
        """Take note of a fact that was just recorded."""
        kind = type(fact)
        topic = topic_of(fact)
        if topic is not None:
            number = self._event_id()
            self.tell(number, topic, lambda: _json(payload_of(number, fact)), self._told.write)
        if kind is AgentStateChanged:
            self._agent(fact.agent)  # type: ignore[attr-defined]  # the line above says what it is
        elif kind is LineSwitched:
            self._line(fact.queue)  # type: ignore[attr-defined]  # as above
        elif kind in MESSAGE_EVENTS:
            for line in self._centre.config.lines:
                self._line(QueueName(line.name))
        elif kind in EVENTS or (kind in TRANSFER_EVENTS and hasattr(fact, "queue")):
            self._line(fact.queue)  # type: ignore[attr-defined]  # all of them have one
            if (to := getattr(fact, "to", None)) is not None:
                self._line(to)

    def tell(self, number: str, topic: str, make: Maker, told: Told) -> None:
        """Tell an event of this id at a topic below the root, once the broker has what came before.

        Args:
            number: The event's id.
            topic: Below the root.
            make: Makes the message when it is sent.
            told: Notes that the broker was told so far.
        """
        self._outbox.put_event(Waiting(number, f"{self._root}/{topic}", make, told))

    def health(self) -> BrokerHealth:
        """Return how the way to the broker is doing."""
        return BrokerHealth(self._up, len(self._outbox), self._outbox.dropped, self._reason)

    async def run(self) -> None:
        """Keep the broker told until cancelled; then say good-bye."""
        self._outbox.hold()
        catching_up = asyncio.create_task(self._catch_up(), name="mqtt-catch-up")
        try:
            await self._keep_told()
        finally:
            catching_up.cancel()

    async def _catch_up(self) -> None:
        """Put what the broker was not told before this start before everything else."""
        waiting: list[Waiting] = []
        try:
            found, left_out = await self._missed.since(self._told.read(), self._settings.outbox)
            for number, fact in found:
                topic = topic_of(fact)
                if topic is not None:
                    make = partial(self._made, number, fact)
                    waiting.append(Waiting(number, f"{self._root}/{topic}", make, self._told.write))
            self._outbox.dropped += left_out
            log.info("mqtt.caught_up", events=len(waiting), left_out=left_out)
        except Exception as fault:  # noqa: BLE001 - whatever the records say, what happens now is told
            log.error("mqtt.not_caught_up", reason=str(fault))
        finally:
            self._outbox.release(waiting)

    @staticmethod
    def _made(number: str, fact: object) -> bytes:
        return _json(payload_of(number, fact))

    async def _keep_told(self) -> None:
        failures = 0
        while True:
            try:
                await self._session()
            except* Exception as group:
                error = _first(group)
                if not isinstance(error, aiomqtt.MqttError | OSError):
                    log.error("mqtt.failed", exc_info=error)
                failures = 1 if self._up else failures + 1
                self._down(str(error) or type(error).__name__)
            wait_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(failures - 1, 10))
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnections, no secret

    async def _session(self) -> None:
        settings = self._settings
        gone = _json(self._status("offline"))
        client = aiomqtt.Client(
            settings.host,
            settings.port,
            protocol=aiomqtt.ProtocolVersion.V5,
            identifier=f"acd-{self._centre.config.site.name}",
            username=settings.user,
            password=None if settings.secret is None else settings.secret.reveal(),
            tls_context=self._tls(),
            will=aiomqtt.Will(f"{self._root}/status", gone, qos=1, retain=True),
            keepalive=settings.keepalive_s,
            timeout=10.0,
            max_concurrent_outgoing_calls=WINDOW + 10,
            max_inflight_messages=WINDOW,
        )
        async with client:
            try:
                await self._serve(client)
            except asyncio.CancelledError:
                # A stop in order takes the will back: what it would have told is told here.
                with contextlib.suppress(aiomqtt.MqttError, OSError, TimeoutError):
                    await client.publish(f"{self._root}/status", gone, qos=1, retain=True, timeout=2.0)
                self._down("stopped")
                raise

    async def _serve(self, client: aiomqtt.Client) -> None:
        _still_wanted()
        self._outbox.put_back()
        await client.publish(f"{self._root}/status", _json(self._status("online")), qos=1, retain=True)
        _still_wanted()
        self._tell_all()
        self._up, self._reason = True, ""
        log.info("mqtt.connected", address=f"{self._settings.host}:{self._settings.port}")
        # No TaskGroup: 3.11's leaves its parent marked as cancelled when a child fails, see `_still_wanted`.
        tasks = [asyncio.create_task(self._send(client)), asyncio.create_task(self._listen(client))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            await self._outbox.filled()
            states, events = self._outbox.take(WINDOW)
            if states:
                self._looked = _Look.at(self._centre)
            sent: list[Awaitable[None]] = [client.publish(topic, make(), qos=1, retain=True) for topic, make in states]
            sent += [client.publish(event.topic, event.make(), qos=1) for event in events]
            for result in await asyncio.gather(*sent, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result
            self._outbox.confirm()
            if len(events) < WINDOW:
                await asyncio.sleep(REST_S)

    async def _listen(self, client: aiomqtt.Client) -> None:
        if self._settings.commands:
            await client.subscribe(f"{self._root}/commands", qos=1)
            _still_wanted()
        async for message in client.messages:
            if message.retain:
                continue  # a command is for now, not for whoever comes later
            answer = await self._commands.take(message.payload)
            _still_wanted()
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
            asked = message.properties
            correlation = getattr(asked, "CorrelationData", None)
            if correlation is not None:
                properties.CorrelationData = correlation
            wanted = str(getattr(asked, "ResponseTopic", ""))
            # An answer goes below our own root only: nobody has the daemon write elsewhere.
            own = wanted.startswith(f"{self._root}/answers/") and not set(wanted) & set("+#")
            topic = wanted if own else f"{self._root}/answers/{answer.id or 'unknown'}"
            await client.publish(topic, _json(answer), qos=1, properties=properties)
            _still_wanted()

    def _tls(self) -> ssl.SSLContext | None:
        settings = self._settings
        if not settings.tls:
            return None
        context = ssl.create_default_context(cafile=None if settings.ca is None else str(settings.ca))
        if settings.certificate is not None:
            context.load_cert_chain(settings.certificate, settings.key)
        return context

    def _down(self, reason: str) -> None:
        if self._up or self._reason != reason:
            log.warning("mqtt.away", reason=reason)
        self._up, self._reason = False, reason

    # -- states ----------------------------------------------------------------------------------------------------

    def _status(self, state: str) -> Status:
        started_at = self._centre.health().started_at
        return Status.model_validate({"state": state, "version": acd.__version__, "since": started_at})

    def retell(self) -> None:
        """The configuration has changed: everything that is retained is told again."""
        self._tell_all()

    def _tell_all(self) -> None:
        for line in self._centre.config.lines:
            self._line(QueueName(line.name))
            self._outbox.put_state(f"{self._root}/scripts/{line.name}", partial(self._script_state, line.name))
        for view in self._centre.agents():
            self._agent(view.agent)

    def _line(self, queue: QueueName) -> None:
        self._outbox.put_state(f"{self._root}/lines/{queue}", partial(self._line_state, queue))

    def _agent(self, agent: AgentId) -> None:
        self._outbox.put_state(f"{self._root}/agents/{agent}", partial(self._agent_state, agent))

    def _line_state(self, queue: QueueName) -> bytes:
        looked = self._looked
        line, norms = looked.lines.get(queue), looked.standard.of(queue)
        return _json(
            LineState(
                at=looked.instant,
                line=queue,
                title=looked.titles.get(queue, queue),
                waiting=line.waiting if line else 0,
                talking=line.talking if line else 0,
                oldest_entered_at=line.oldest_entered_at if line else None,
                target_wait_s=norms.target_wait_s,
                max_wait_s=norms.max_wait_s,
                accepted_today=line.today.accepted if line else 0,
                answered_today=line.today.answered if line else 0,
                abandoned_today=line.today.abandoned if line else 0,
                in_norm_today=line.in_norm if line else None,
                open=self._centre.hours.standing(queue).open,
                messages=len(self._centre.messages.open([queue])),
            )
        )

    def _script_state(self, line: str) -> bytes:
        scripts = show_scripts(self._centre.config, (line,))
        if not scripts:
            return b""
        said = scripts[0]
        return _json(ScriptState(line=line, script=said.script, title=said.title, text=said.text, source=said.source))

    def _agent_state(self, agent: AgentId) -> bytes:
        view = self._looked.agents.get(agent)
        if view is None:
            return b""  # an empty retained message takes the old one away
        line = None if view.call is None else self._looked.line_of.get(view.call)
        return _json(
            AgentState(
                agent=agent,
                name=self._looked.names.get(agent, agent),
                state=view.state.value,
                since=view.since,
                reason=view.reason,
                call=view.call,
                line=line,
                script=None if line is None else self._looked.scripts.get(line),
            )
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What the states of one round are made from: looked at once, however many have changed."""

    instant: Instant
    lines: Mapping[str, LiveLine]
    agents: Mapping[str, AgentView]
    titles: Mapping[str, str]
    names: Mapping[str, str]
    line_of: Mapping[str, str]
    """The line of each call."""
    scripts: Mapping[str, str | None]
    """Name of the script of each line."""
    standard: Standard

    @classmethod
    def at(cls, centre: Centre) -> "_Look":
        config = centre.config
        live, snapshot = centre.live(), centre.snapshot()
        return cls(
            live.at,
            {line.queue: line for line in live.lines},
            {view.agent: view for view in snapshot.agents},
            {line.name: line.title or line.name for line in config.lines},
            {operator.number: operator.title for operator in config.operators},
            {call.call: line.queue for line in snapshot.lines for call in (*line.waiting, *line.talking)},
            {line.name: line.script for line in config.lines},
            standard_of(config),
        )


def _still_wanted() -> None:
    """End a task that was cancelled while it waited for the broker.

    Python 3.11's `asyncio.wait_for`, with which aiomqtt waits, loses a cancellation that comes together with what is
    waited for (python/cpython#86296). A task that nobody can cancel would hold up the daemon's stop.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _json(payload: Payload) -> bytes:
    return payload.model_dump_json().encode()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

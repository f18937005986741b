"""The way to the broker, against a real Mosquitto on loopback: states, events, commands, restarts, passwords, TLS."""

import asyncio
import contextlib
import gc
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator

import aiomqtt
import orjson
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import SecretStr

from acd.control.errors import StoreAway
from acd.control.events import Event
from acd.control.store.database import ControlDatabase
from acd.control.store.trail import Trail
from acd.publish.commands import Commands
from acd.publish.events import topic_of
from acd.publish.health import BrokerHealth
from acd.publish.missed import After, ToldFile
from acd.publish.payloads import RecordingEvent, TransferEvent
from acd.publish.publisher import Publisher
from callback.inputs import CallbackAsked, CallbackClosed
from callback.kinds import Origin
from config.kinds import Secret
from metrics.facts import (
    CallTakenOver,
    CallTransferred,
    Consent,
    OutsideResult,
    OutsideTransferEnded,
    RecordingDestroyed,
    RecordingKept,
    RecordingPaused,
    RecordingSuspended,
    TakeoverEnded,
    TransferRefused,
    TransferTarget,
    TransferWay,
)
from metrics.records.codec import encode
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import CallerHungUp
from tests.acd.publish.broker import MOSQUITTO, Broker, listening, publishing
from tests.acd.stage import CALLER, HOST, LINE, NOON, Stage

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto"),
    # paho frees its sockets when the collector comes by
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture
async def broker(tmp_path, unused_tcp_port_at) -> AsyncIterator[Broker]:
    """Return a running broker."""
    home = tmp_path / "broker"
    home.mkdir()
    broker = Broker(home, unused_tcp_port_at(HOST))
    await broker.start()
    yield broker
    await broker.stop()


async def outcome(publisher: Publisher) -> BrokerHealth:
    """Return how the first try to connect ended."""
    while publisher.health().reason == "not yet connected":  # noqa: ASYNC110 - the product has no use for an event
        await asyncio.sleep(0)
    return publisher.health()


async def test_states_are_kept_and_calls_are_told_without_numbers(stage, broker):
    """Whoever subscribes late gets the last states; a call's events come in order; the number is masked everywhere."""
    async with listening(broker) as ear, publishing(stage, broker.port):
        assert (await ear.topic("/status"))["state"] == "online"
        await ear.topic("/agents/102")
        stage.log_in()
        call = stage.call()
        stage.answer()
        told = await ear.topic(f"/calls/{call}/answered")
        line = next(values for topic, values in reversed(ear.heard) if topic.endswith(f"/lines/{LINE}"))
        assert (line["talking"], line["waiting"]) == (1, 0)
        screen = next(values for topic, values in reversed(ear.heard) if topic.endswith("/agents/101"))
        script = next(values for topic, values in ear.heard if topic.endswith(f"/scripts/{LINE}"))
        assert (screen["line"], screen["script"]) == (LINE, script["script"])
        assert "анонимное" in script["text"]
    events = [topic.rpartition("/")[2] for topic, _ in ear.heard if "/calls/" in topic]
    assert events == ["accepted", "offered", "answered"]
    assert (told["agent"], told["line"], told["waited_s"]) == ("101", LINE, 0.0)
    assert CALLER[1:] not in str(ear.heard)
    assert next(v for topic, v in ear.heard if topic.endswith("/accepted"))["caller"] == "***67"
    async with listening(broker, "acd/stage/v1/agents/101") as late:
        assert (await late.topic("/101"))["state"] == "talking"


async def test_restart_of_the_broker_loses_nothing(stage, broker):
    """What happens while the broker is away is told when it is back, once and in order, and states are told anew."""
    async with publishing(stage, broker.port) as publisher:
        async with listening(broker) as ear:
            await ear.topic("/status")
            await ear.topic("/agents/102")
        await broker.stop()
        for number in range(50):
            stage.call(name=f"main-{number}.1")
            stage.post(CallerHungUp(CallId(f"main-{number}.1")))
        await broker.start()
        async with listening(broker) as ear:
            await ear.topic("/main-49.1/abandoned")
            assert any(topic.endswith(LINE) for topic, _ in ear.heard)
        events = [values["id"] for topic, values in ear.heard if "/calls/" in topic]
        assert len(dict.fromkeys(events)) == 100
        assert list(dict.fromkeys(events)) == sorted(set(events), key=lambda each: int(str(each).split("/")[1]))
        assert publisher.health().dropped == 0
        assert publisher.health().up


async def test_restarts_of_the_broker_under_load_lose_nothing(stage, broker):
    """Calls come and go all the while, the broker goes away twice: each event is heard, in order."""
    heard: list[str] = []
    over = asyncio.Event()

    async def load() -> None:
        number = 0
        while not over.is_set():
            number += 1
            stage.call(name=f"main-{number}.1")
            stage.post(CallerHungUp(CallId(f"main-{number}.1")))
            await asyncio.sleep(0.002)
        stage.call(name="main-last.1")

    async with publishing(stage, broker.port) as publisher:
        loading = asyncio.create_task(load())
        for _ in range(2):
            async with listening(broker) as ear:
                for _ in range(50):
                    await ear.until(lambda topic, _: "/calls/" in topic)
                await broker.stop()
                with contextlib.suppress(aiomqtt.MqttError):
                    await ear.topic("/never")  # what came until the broker was gone is acknowledged already
                heard += [str(values["id"]) for topic, values in ear.heard if "/calls/" in topic]
            missed = len(stage.facts) + 50
            while len(stage.facts) < missed:  # noqa: ASYNC110 - a list tells nobody
                await asyncio.sleep(0.01)
            await broker.start()
        async with listening(broker) as ear:
            over.set()
            await loading
            await ear.topic("/main-last.1/accepted")
            heard += [str(values["id"]) for topic, values in ear.heard if "/calls/" in topic]
        assert publisher.health().dropped == 0
    once = list(dict.fromkeys(int(each.rpartition("/")[2]) for each in heard))
    assert once == sorted(once)
    told = {n for n, fact in enumerate(stage.facts, start=1) if topic_of(fact) is not None and n >= once[0]}
    assert set(once) == told


def records_of(stage: Stage, run: str) -> After:
    """Return the records of a run: the stage's facts, from after a place on."""

    async def after(wanted: str, seq: int) -> AsyncGenerator[Event, None]:
        assert wanted == run
        for number, fact in enumerate(list(stage.facts)[seq:], start=seq + 1):
            yield Event(run, number, type(fact).__name__, orjson.loads(encode(fact)))

    return after


async def test_what_the_broker_missed_before_a_restart_of_the_daemon_is_told(stage, broker):
    """It was away, we were started anew, it came back: the old run's events come first, each once."""
    async with publishing(stage, broker.port):
        async with listening(broker) as ear:
            stage.call(name="main-1.1")
            await ear.topic("/main-1.1/accepted")
        told = ToldFile(stage.config_path.parent / "acd.mqtt")
        while told.read() != "run-1/1":  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
        await broker.stop()
        for number in range(2, 12):
            stage.call(name=f"main-{number}.1")
            stage.post(CallerHungUp(CallId(f"main-{number}.1")))
    before = len(stage.facts)
    again = Stage(stage.config_path)
    await broker.start()
    async with (
        listening(broker, name="second ear") as ear,
        publishing(again, broker.port, run="run-2", records=records_of(stage, "run-1")),
    ):
        again.call(name="main-99.1")
        await ear.topic("/main-99.1/accepted")
    ids = [values["id"] for topic, values in ear.heard if "/calls/" in topic]
    assert ids[-1] == f"run-2/{len(again.facts)}"
    assert [number for number in ids if number.startswith("run-1/")] == [
        f"run-1/{n}" for n in range(before - 19, before + 1)
    ]


async def test_more_was_missed_than_the_outbox_holds(stage, broker):
    """The last ones are told, the others are counted as dropped."""
    ToldFile(stage.config_path.parent / "acd.mqtt").write("run-1/0")
    for number in range(75):
        stage.call(name=f"main-{number}.1")
        stage.post(CallerHungUp(CallId(f"main-{number}.1")))
    again = Stage(stage.config_path)
    records = records_of(stage, "run-1")
    async with listening(broker) as ear:
        async with publishing(again, broker.port, run="run-2", records=records, outbox=100) as publisher:
            await ear.topic("/main-74.1/abandoned")
            assert publisher.health().dropped == 50


async def test_records_that_cannot_be_read_hold_nothing_up(stage, broker):
    """What happens now is told all the same."""

    async def away(run: str, seq: int) -> AsyncGenerator[Event, None]:
        raise StoreAway("gone")
        yield

    ToldFile(stage.config_path.parent / "acd.mqtt").write("run-0/7")
    async with listening(broker) as ear, publishing(stage, broker.port, records=away):
        stage.call(name="main-1.1")
        assert (await ear.topic("/main-1.1/accepted"))["id"] == f"run-1/{len(stage.facts)}"


async def test_call_backs_are_told_without_numbers(stage, broker):
    """Whoever is owed one, from the wish to the end, below a topic of its own."""
    async with listening(broker) as ear, publishing(stage, broker.port) as publisher:
        await ear.topic("/agents/102")
        row = stage.callbacks.ask(CallbackAsked(QueueName(LINE), CALLER, "web", Origin.WEB))
        stage.callbacks.handle(CallbackClosed(row.request, "chief"))
        for fact in stage.callbacks.facts:
            publisher.see(fact)
        owed = await ear.topic(f"/callbacks/{row.request}/owed")
        done = await ear.topic(f"/callbacks/{row.request}/done")
    assert (owed["request"], owed["line"], owed["number"], owed["reason"]) == (row.request, LINE, "***67", "web")
    assert done["event"] == "done"
    assert CALLER[1:] not in str(ear.heard)


async def test_full_outbox_drops_the_oldest_and_counts(stage, unused_tcp_port_at):
    """A broker that never comes costs the oldest events, and their number is told."""
    async with publishing(stage, unused_tcp_port_at(HOST), outbox=100) as publisher:
        for number in range(75):
            stage.call(name=f"main-{number}.1")
            stage.post(CallerHungUp(CallId(f"main-{number}.1")))
        health = publisher.health()
        assert (health.up, health.dropped) == (False, 50)


async def test_last_will_tells_that_the_daemon_is_gone(stage, broker):
    """A link that is cut is told by the broker itself; a stop in order says good-bye."""
    wires: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, further = await asyncio.open_connection(HOST, broker.port)
        wires.extend((writer, further))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while chunk := await source.read(4096):
                sink.write(chunk)

        await asyncio.gather(pump(reader, further), pump(there, writer), return_exceptions=True)

    wire = await asyncio.start_server(pass_on, HOST, 0)
    async with listening(broker, "acd/stage/v1/status") as ear:
        async with publishing(stage, wire.sockets[0].getsockname()[1]):
            assert (await ear.topic("/status"))["state"] == "online"
            for each in wires:
                each.transport.abort()
            assert (await ear.topic("/status"))["state"] == "offline"
            assert (await ear.topic("/status"))["state"] == "online"
        assert (await ear.topic("/status"))["state"] == "offline"
    for each in wires:
        each.close()
    wire.close()


async def test_every_command_stands_in_the_trail(stage):
    """Done, refused or not understood, with the asker's id and without a number; one that comes again is not noted."""
    database = ControlDatabase(stage.config.database.url.replace("sqlite:", "sqlite+aiosqlite:"))
    trail = Trail(database)
    commands = Commands(stage, lambda _line, _number, _by: None, trail)
    stage.log_in()
    pause = b'{"command": "pause", "id": "a1", "agent": "101", "reason": "lunch"}'
    add = b'{"command": "add_callback", "id": "a2", "line": "%s", "number": "%s"}' % (LINE.encode(), CALLER.encode())
    for content in (pause, pause, add, b'{"command": "resume", "id": "a3", "agent": "999"}', b"{"):
        await commands.take(content)
    told = [(e.who, e.action, e.object, e.detail, e.outcome) for _, e in await trail.entries()]
    await database.close()
    assert told[:3] == [
        ("mqtt", "mqtt pause", "agent 101", "command a1", "done"),
        ("mqtt", "mqtt add_callback", f"line {LINE}", "command a2", "done"),
        ("mqtt", "mqtt resume", "agent 999", "command a3", "agent_unknown"),
    ]
    assert (told[3][1], told[3][4]) == ("mqtt command", "command_wrong")
    assert CALLER not in str(told)


async def test_commands_are_checked_done_once_and_answered(stage, broker):
    """Pause, resume and call-back are done; what is wrong is refused with a reason; the same id is not done again."""
    stage.log_in()

    def state() -> AgentState:
        return next(a.state for a in stage.snapshot().agents if a.agent == "101")

    async with listening(broker) as ear, publishing(stage, broker.port):
        await ear.topic("/agents/102")

        async def ask(content: str, number: str, properties: Properties | None = None) -> dict[str, object]:
            await ear.client.publish("acd/stage/v1/commands", content, qos=1, properties=properties)
            return await ear.topic(f"/answers/{number}")

        pause = '{"command": "pause", "id": "a1", "agent": "101", "reason": "lunch"}'
        assert (await ask(pause, "a1"))["ok"] is True
        assert state() is AgentState.PAUSED
        assert (await ask('{"command": "resume", "id": "a2", "agent": "101"}', "a2"))["code"] == "done"
        assert (await ask(pause, "a1"))["ok"] is True
        assert state() is AgentState.READY
        assert (await ask('{"command": "resume", "id": "a3", "agent": "999"}', "a3"))["code"] == "agent_unknown"
        order = '{"command": "add_callback", "id": "%s", "line": "%s", "number": "%s"}'
        assert (await ask(order % ("a4", LINE, CALLER), "a4"))["code"] == "done"
        assert (await ask(order % ("a5", LINE, "1"), "a5"))["code"] == "number_refused"
        assert (await ask(order % ("a6", "nowhere", CALLER), "a6"))["code"] == "line_unknown"
        for wrong in ("", "{", "[]", '{"command": "hang_up", "id": "a"}', "x" * 5000, '{"command":"pause","id":"#/+"}'):
            assert (await ask(wrong, "unknown"))["code"] == "command_wrong"
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = "acd/stage/v1/answers/web/7"
        assert (await ask('{"command": "resume", "id": "a7", "agent": "101"}', "web/7", properties))["id"] == "a7"
        properties.ResponseTopic = "somebody/elses"
        assert (await ask('{"command": "resume", "id": "a8", "agent": "101"}', "a8", properties))["ok"] is True


async def test_wrong_password_is_told_and_tried_again(stage, broker):
    """A broker that does not let us in is an outage with a reason, not an end."""
    async with publishing(stage, broker.port, secret=Secret(SecretStr("wrong"))) as publisher:
        told = await outcome(publisher)
        assert not told.up
        assert "authori" in told.reason.lower()


async def test_link_is_encrypted(stage, tmp_path, unused_tcp_port_at):
    """With TLS the broker must show a certificate signed by the authority of the configuration."""
    home = tmp_path / "tls"
    home.mkdir()
    name = ("-subj", "/CN=broker", "-addext", f"subjectAltName=IP:{HOST}")
    out = ("-keyout", str(home / "key.pem"), "-out", str(home / "cert.pem"))
    made = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name, *out, stderr=subprocess.DEVNULL
    )
    assert await made.wait() == 0
    broker = Broker(
        home, unused_tcp_port_at(HOST), f"certfile {home}/cert.pem", f"keyfile {home}/key.pem",
    )  # fmt: skip
    await broker.start()
    try:
        async with publishing(stage, broker.port, tls=True, ca=home / "cert.pem") as publisher:
            assert (await outcome(publisher)).up
        async with publishing(stage, broker.port, tls=True) as stranger:
            told = await outcome(stranger)
            assert not told.up
            assert "certificate" in told.reason.lower()
    finally:
        await broker.stop()
        gc.collect()  # while paho's sockets are forgiven


async def test_transfers_and_recordings_are_told(stage, broker):
    """Handed on, taken over, recorded: below topics of their own, in one order with the calls, without numbers."""
    async with listening(broker) as ear, publishing(stage, broker.port) as publisher:
        await ear.topic("/agents/102")
        call = stage.call()
        for fact in (
            CallTransferred(
                NOON, call, QueueName(LINE), AgentId("101"), TransferWay.BLIND, TransferTarget.DESTINATION, "hot-line",
                CallId(f"{call}-1"), "101", Consent.KEY,
            ),
            OutsideTransferEnded(NOON + 60, CallId(f"{call}-1"), OutsideResult.ANSWERED, 6.5, 53.5),
            TransferRefused(NOON + 61, call, AgentId("101"), "103", "agent_absent", "101"),
            CallTakenOver(NOON + 62, call, QueueName(LINE), AgentId("101"), "op900", "Senior"),
            TakeoverEnded(NOON + 90, call, 28.0, "Senior"),
            RecordingPaused(NOON + 30, call, "101"),
            RecordingKept(
                NOON + 63, f"1_{call}_op101", call, "op101", NOON, 60.0, "day/file.wav", 960_044, "00ff", 1, "",
                Instant(NOON + 86_400),
            ),
            RecordingDestroyed(NOON + 86_500, f"1_{call}_op101", "kept_long_enough", "system"),
            RecordingSuspended(NOON + 86_501, "main", 1_000_000),
        ):  # fmt: skip
            stage.facts.append(fact)
            publisher.see(fact)
        await ear.topic("/recordings/main/suspended")
    told = {topic.removeprefix("acd/stage/v1/"): values for topic, values in ear.heard}
    events = [topic for topic in told if topic.partition("/")[0] in {"transfers", "recordings"}]
    assert events == [
        f"transfers/{call}/handed_on",
        f"transfers/{call}-1/outside_ended",
        f"transfers/{call}/refused",
        f"transfers/{call}/taken_over",
        f"transfers/{call}/takeover_ended",
        f"recordings/{call}/paused",
        f"recordings/{call}/kept",
        f"recordings/{call}/destroyed",
        "recordings/main/suspended",
    ]
    handed_on = TransferEvent.model_validate(told[f"transfers/{call}/handed_on"])
    assert (handed_on.way, handed_on.target_kind, handed_on.target) == ("blind", "destination", "hot-line")
    assert (handed_on.next_call, handed_on.consent, handed_on.agent) == (f"{call}-1", "key", "101")
    outside = told[f"transfers/{call}-1/outside_ended"]
    assert (outside["result"], outside["rang_s"], outside["talked_s"]) == ("answered", 6.5, 53.5)
    taken = told[f"transfers/{call}/taken_over"]
    assert (taken["target"], taken["by"], taken["agent"]) == ("op900", "Senior", "101")
    kept = RecordingEvent.model_validate(told[f"recordings/{call}/kept"])
    assert (kept.duration_s, kept.keep_until, kept.size) == (60.0, NOON + 86_400, 960_044)
    destroyed = told[f"recordings/{call}/destroyed"]
    assert (destroyed["call"], destroyed["reason"], destroyed["by"]) == (call, "kept_long_enough", "system")
    ids = [told[topic]["id"] for topic in events]
    assert ids == sorted(ids, key=lambda each: int(str(each).split("/")[1]))

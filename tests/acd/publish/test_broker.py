"""The way to the broker, against a real Mosquitto on loopback: states, events, commands, restarts, passwords, TLS."""

import asyncio
import gc
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import SecretStr

from acd.publish.commands import Commands
from acd.publish.health import BrokerHealth
from acd.publish.publisher import Publisher
from config.kinds import Secret
from config.mqtt import Mqtt
from queue_engine.facts import AgentState
from queue_engine.ids import CallId
from queue_engine.inputs import CallerHungUp
from tests.acd.publish.broker import MOSQUITTO, PASSWORD, USER, Broker, listening
from tests.acd.stage import CALLER, HOST, LINE, Stage

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


@asynccontextmanager
async def publishing(stage: Stage, port: int, **changes: object) -> AsyncIterator[Publisher]:
    """Join a publisher to the stage."""
    settings = Mqtt.model_validate(
        {
            "host": HOST,
            "port": port,
            "tls": False,
            "user": USER,
            "secret": Secret(SecretStr(PASSWORD)),
            "commands": True,
        }
        | changes
    )
    commands = Commands(stage, lambda _line, number, _by: None if number.startswith("+7") else "invalid")
    publisher = Publisher(settings, stage, lambda: f"run-1/{len(stage.facts)}", commands)
    stage.sinks.append(publisher.see)
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gc.collect()  # while paho's sockets are forgiven


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
        line = next(values for topic, values in reversed(ear.heard) if topic.endswith(LINE))
        assert (line["talking"], line["waiting"]) == (1, 0)
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

"""A real Mosquitto of the tests' own, and a subscriber that stays known to it over a restart."""

import asyncio
import gc
import shutil
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import orjson
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import SecretStr

from acd.control.events import Event, UnknownPlace
from acd.control.store.trail import Trail
from acd.publish.commands import Commands
from acd.publish.missed import After, Missed, ToldFile
from acd.publish.publisher import Publisher
from config.kinds import Secret
from config.mqtt import Mqtt
from tests.acd.stage import HOST, Stage

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
USER, PASSWORD = "acd", "broker-secret"


class Broker:
    """One Mosquitto on loopback, with passwords, which keeps sessions over its restart."""

    def __init__(self, home: Path, port: int, *more: str) -> None:
        self.port = port
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        passwords = home / "passwords"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), USER, PASSWORD], check=True, capture_output=True)
        settings = (
            f"listener {port} {HOST}", "allow_anonymous false", f"password_file {passwords}", "user root",
            "persistence true", f"persistence_location {home}/", "log_dest stderr", "max_queued_messages 10000",
        )  # fmt: skip
        (home / "mosquitto.conf").write_text("\n".join([*settings, *more, ""]))

    async def start(self) -> None:
        """Start it and wait until it listens."""
        assert MOSQUITTO is not None
        self._process = await asyncio.create_subprocess_exec(
            MOSQUITTO, "-c", str(self._home / "mosquitto.conf"), stderr=asyncio.subprocess.PIPE
        )
        assert self._process.stderr is not None
        told = b""
        while b" running" not in told:
            told = await self._process.stderr.readline()
            assert told, "Mosquitto has ended"

    async def stop(self) -> None:
        """End it; it writes its sessions first."""
        if self._process is not None:
            self._process.terminate()
            await self._process.communicate()
            self._process = None


class Ear:
    """Hears everything below a topic."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.heard: list[tuple[str, dict[str, object]]] = []

    async def until(self, true: Callable[[str, dict[str, object]], bool]) -> dict[str, object]:
        """Return the first message from now on of which it is so."""
        async for message in self.client.messages:
            if message.topic.matches("+/+/+/commands"):
                continue  # our own question
            content = orjson.loads(message.payload) if message.payload else {}
            self.heard.append((str(message.topic), content))
            if true(str(message.topic), content):
                return content
        raise AssertionError

    async def topic(self, end: str) -> dict[str, object]:
        """Return the next message of a topic that ends so."""
        return await self.until(lambda topic, _: topic.endswith(end))


@asynccontextmanager
async def listening(broker: Broker, topic: str = "acd/stage/v1/#", *, name: str = "ear") -> AsyncIterator[Ear]:
    """Subscribe, in a session that outlives the connection.

    What a session was sent and has not confirmed when it was left is sent to it again. Who counts what comes now takes
    another name.
    """
    lasting = Properties(PacketTypes.CONNECT)
    lasting.SessionExpiryInterval = 3600
    client = aiomqtt.Client(
        HOST, broker.port, username=USER, password=PASSWORD, identifier=name,
        protocol=aiomqtt.ProtocolVersion.V5, clean_start=False, properties=lasting,
    )  # fmt: skip
    async with client:
        await client.subscribe(topic, qos=1)
        yield Ear(client)


async def settled() -> bool:
    """Nothing has to be waited for."""
    return True


async def no_records(run: str, seq: int) -> AsyncGenerator[Event, None]:
    """Hold nothing of any run."""
    raise UnknownPlace
    yield


@asynccontextmanager
async def publishing(
    stage: Stage, port: int, *, run: str = "run-1", records: After = no_records, **changes: object
) -> AsyncIterator[Publisher]:
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
    commands = Commands(stage, lambda _line, number, _by: None if number.startswith("+7") else "invalid", Trail(None))
    told = ToldFile(stage.config_path.parent / "acd.mqtt")
    missed = Missed(run, settled, records)
    publisher = Publisher(settings, stage, lambda: f"{run}/{len(stage.facts)}", commands, told, missed)
    stage.sinks.append(publisher.see)
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gc.collect()  # while paho's sockets are forgiven

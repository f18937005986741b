"""What a caller writes into his number stays a number: on a real Asterisk none of it becomes an event or a command."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller
from metrics.records.tables import facts

pytestmark = pytest.mark.asterisk

LIMIT_S = 10.0


class Listener:
    """A second login of the daemon's own AMI user: it is sent what the daemon is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def until(self, ending: str) -> list[str]:
        """Return all messages up to the first that holds a text."""
        messages: list[str] = []
        async with asyncio.timeout(LIMIT_S):
            while not messages or ending not in messages[-1]:
                messages.append((await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace"))
        return messages

    def ask(self, text: str) -> None:
        """Send an action."""
        self._writer.write(text.encode() + b"\r\n\r\n")


@asynccontextmanager
async def listening(centre: LabCentre) -> AsyncIterator[Listener]:
    """Log in beside the daemon for the length of the block."""
    server = centre.config.servers[0]
    reader, writer = await asyncio.open_connection(server.host, server.ami_port)
    try:
        await reader.readline()
        listener = Listener(reader, writer)
        listener.ask(f"Action: Login\r\nUsername: {server.ami_user}\r\nSecret: {server.ami_secret.reveal()}")
        await listener.until("Event: FullyBooted")
        yield listener
    finally:
        writer.close()
        await writer.wait_closed()


def unique_ids(messages: list[str]) -> set[str]:
    """Return the channels that events speak of."""
    headers = [line for message in messages for line in message.split("\r\n")]
    return {line.removeprefix("Uniqueid: ") for line in headers if line.startswith("Uniqueid: ")}


FORGED = [
    "123%0D%0A%0D%0AEvent%3A%20Hangup%0D%0AUniqueid%3A%20forged",
    "123%0D%0AUniqueid%3A%20forged",
    "123%0D%0ACallerIDName%3A%20x%0D%0AUniqueid%3A%20forged",
    "123%0AUniqueid%3A%20forged",
]


@pytest.mark.parametrize("user", FORGED, ids=["event", "header", "shape", "bare-line-feed"])
async def test_caller_cannot_forge_events(centre, user):
    """Asterisk decodes line breaks in a number and does not escape them; no event made up so arrives, the call does."""
    quick = Answering(ring_ms=50, talk_ms=1500)
    caller = Caller("7927000001", user=user)
    async with listening(centre) as listener:
        async with centre.telephones([quick]), centre.callers([caller]) as calling:
            counts = await calling.finish(30)
        rows = await centre.settled(1)
        listener.ask("Action: Ping")
        messages = await listener.until("Ping: Pong")
    assert counts.served == 1
    assert [row["outcome"] for row in rows] == ["answered"]
    assert any(message.startswith("Event: Hangup") for message in messages)
    assert "forged" not in unique_ids(messages)


@pytest.mark.parametrize(
    ("user", "left"),
    [
        ("$%7BEPOCH%7D,1%22&%7C'", "EPOCH1"),
        ("%E2%80%AE%F0%9F%9A%91abc", "abc"),
        ("123%0D%0ASET%20VARIABLE%20X%201", "123SETVARIABLEX1"),
    ],
    ids=["expression", "four-byte", "agi-command"],
)
async def test_number_is_recorded_with_nothing_in_it_but_a_number(centre, user, left):
    """Digits and Latin letters are left; no dialplan expression, separator or line break."""
    quick = Answering(ring_ms=50, talk_ms=1500)
    caller = Caller("7927000001", user=user, display='"${EPOCH} & , | 🚑 Иванов"')
    async with centre.telephones([quick]), centre.callers([caller]) as calling:
        counts = await calling.finish(30)
    (row,) = await centre.settled(1)
    assert counts.served == 1
    assert row["caller"] == left
    assert {fact["call"] for fact in await centre.rows(facts) if fact["call"]} == {row["call"]}

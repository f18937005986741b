"""SIPp's telephones against an Asterisk that is slow: what a test rests on must not give calls up by itself."""

import asyncio
import re
from typing import cast

import pytest

from acd.lab.addresses import HeldSlice
from acd.lab.plans import Answering
from acd.lab.sipp import Telephones

pytestmark = pytest.mark.asterisk


class SlowAsterisk(asyncio.DatagramProtocol):
    """The other end of one call, message by message."""

    def __init__(self, held: HeldSlice) -> None:
        self._here, self._there = held.slice.asterisk, held.slice.telephones
        self._messages: asyncio.Queue[str] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep a message for whoever awaits it."""
        self._messages.put_nowait(data.decode())

    def send(self, method: str, tag: str = "") -> None:
        """Send a request of the call; twice the same is what a retransmission is."""
        lines = (
            f"{method} sip:op101@{self._there} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._here};rport;branch=z9hG4bK-{method}",
            f"From: <sip:79020000001@{self._here}>;tag=here",
            f"To: <sip:op101@{self._there}>{tag}",
            f"Contact: <sip:asterisk@{self._here}>",
            "Call-ID: slow",
            f"CSeq: 7 {method}",
            "Content-Length: 0",
        )
        self._transport.sendto("\r\n".join((*lines, "", "")).encode(), (self._there.address, self._there.port))

    async def message(self, start: str) -> str:
        """Wait for a message that starts so and return it; others are passed over."""
        async with asyncio.timeout(30):
            while not (message := await self._messages.get()).startswith(start):
                pass
        return message


async def test_an_invite_that_is_sent_again_after_the_answer_ends_no_call(tmp_path):
    """Asterisk under load sends its INVITE once more: the telephone talks and hangs up all the same."""
    with HeldSlice.take() as held:
        loop = asyncio.get_running_loop()
        here = held.slice.asterisk
        transport, asterisk = await loop.create_datagram_endpoint(
            lambda: SlowAsterisk(held), local_addr=(here.address, here.port)
        )
        async with Telephones(tmp_path, held.slice.telephones, [Answering(ring_ms=0, talk_ms=10)]):
            asterisk.send("INVITE")
            await asterisk.message("SIP/2.0 200")
            asterisk.send("INVITE")
            answer = await asterisk.message("SIP/2.0 200")  # which SIPp sends again in its own time
            tag = re.search(r"^To: <[^>]*>(;tag=\S+)", answer, re.MULTILINE)
            assert tag is not None
            asterisk.send("ACK", tag[1])
            assert "Call-ID: slow" in await asterisk.message("BYE ")
        transport.close()

"""The lab's callers where Asterisk does what it seldom does."""

import asyncio

import pytest

from acd.lab.addresses import HeldSlice
from acd.lab.plans import Caller
from acd.lab.sipp import Callers

pytestmark = pytest.mark.asterisk

ECHOED = ("Via", "From", "To", "Call-ID", "CSeq")


class Dying(asyncio.DatagramProtocol):
    """An Asterisk that says 100 and is never heard of again."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        """Keep the socket."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Try, for ever."""
        lines = data.decode().split("\r\n")
        if lines[0].startswith("INVITE"):
            echoed = [line for line in lines if line.partition(":")[0] in ECHOED]
            answer = ["SIP/2.0 100 Trying", *echoed, "Content-Length: 0", "", ""]
            self._transport.sendto("\r\n".join(answer).encode(), addr)


async def test_caller_whose_invite_is_never_answered_gives_up(tmp_path):
    """SIPp itself would wait for ever, and a trial in which Asterisk is killed would have no end."""
    with HeldSlice.take() as held:
        net = held.slice
        loop = asyncio.get_running_loop()
        address = (net.asterisk.address, net.asterisk.port)
        transport, _ = await loop.create_datagram_endpoint(Dying, local_addr=address)
        caller = Caller("79270000001")
        try:
            async with Callers(tmp_path, net.trunk, net.asterisk, [caller], final_within_ms=500) as calling:
                counts = await calling.finish(20)
        finally:
            transport.close()
    assert (counts.placed, counts.connected, counts.refused) == (1, 0, 1)

"""One Asterisk server as the daemon has it: who is fetched back, and who is left where he is."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.server import AsteriskServer
from ami_bridge.desks import Desks, Telephone
from ami_bridge.fallback_mirror import FallbackMirror
from ami_bridge.legs import CallLeg
from config.telephony import Asterisk
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Input
from tests.ami_bridge.fake_asterisk import HOST, FakeAsterisk, FakeLink, Received, listing, ping

LINE = QueueName("122")


class Link:
    """A server whose Asterisk is scripted; before it answers a Ping it sends what has happened before."""

    def __init__(self) -> None:
        self.asterisk = FakeAsterisk(
            {name: listing() for name in ("DeviceStateList", "Status", "DBGetTree", "QueueStatus")}
            | {"Ping": self._ping}
        )
        self.happened: list[tuple[str, ...]] = []
        self.inputs: list[Input] = []
        self.synchronised = asyncio.Event()

    def _ping(self, link: FakeLink, action: Received) -> None:
        happened, self.happened = self.happened, []
        for name, *lines in happened:
            link.event(name, *lines)
        ping(link, action)

    def server(self) -> AsteriskServer:
        """Return the server, not connected yet."""
        desks = Desks([Telephone("main", "op101")], self.inputs.append)
        settings = Asterisk(name="main", host=HOST, ami_port=self.asterisk.port, ami_secret="x")  # type: ignore[arg-type]
        return AsteriskServer(
            settings,
            desks,
            self.inputs.append,
            lambda: Instant(1010.0),
            lambda _call, _stage: True,
            lambda _server, _found: self.synchronised.set(),
            lambda client: FallbackMirror("main", client, lambda: (), desks.agent_at, lambda _: (), lambda _: True),
            list,
        )


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    """Return a link whose Asterisk listens."""
    made = Link()
    async with made.asterisk:
        yield made


def waiting(server: AsteriskServer, number: str) -> CallLeg:
    """Return a caller who was found in Asterisk's own Queue()."""
    call = CallId(f"main-{number}")
    leg = server.board.visits.find_or_add(call, LINE, "79270000001", Instant(1000.0), f"PJSIP/trunk-{number}", number)
    server.board.visits.introduce(leg)
    return leg


async def test_caller_whom_the_fallback_has_put_through_meanwhile_is_not_fetched(link: Link):
    """His talk began while we were busy: a Redirect would end it in its first second."""
    server = link.server()
    running = asyncio.create_task(server.client.run())
    try:
        await link.synchronised.wait()
        waits, talks = waiting(server, "100.1"), waiting(server, "200.1")
        telephone = ("Channel: PJSIP/op101-00000002", "Uniqueid: 200.2")
        link.happened = [
            ("Newchannel", *telephone, "Linkedid: 200.1"),
            ("BridgeEnter", *telephone, "BridgeUniqueid: b1"),
            ("BridgeEnter", "Channel: PJSIP/trunk-200.1", "Uniqueid: 200.1", "BridgeUniqueid: b1"),
        ]
        await server.take_back_who_waits((waits, talks))
        await link.asterisk.until(lambda: "Redirect" in link.asterisk.names())
        await server.board.caught_up()
        redirected = [action["Channel"] for action in link.asterisk.received if action.name == "Redirect"]
        assert redirected == ["PJSIP/trunk-100.1"]
        assert talks.talk is not None
        assert talks.talk.agent == AgentId("op101")
    finally:
        running.cancel()
        await asyncio.wait({running})

"""One Asterisk server as the daemon has it: who is fetched back, and who is left where he is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import acd.server
from acd.server import AsteriskServer
from ami_bridge.desks import Desks, Telephone
from ami_bridge.fallback_mirror import FallbackMirror
from ami_bridge.legs import CallLeg
from config.telephony import Asterisk
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Input
from tests.ami_bridge.fake_asterisk import HOST, Answer, FakeAsterisk, FakeLink, Received, listing, ping

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

    @property
    def redirected(self) -> list[str]:
        """The channels that were sent elsewhere."""
        return [action["Channel"] for action in self.asterisk.received if action.name == "Redirect"]

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


@asynccontextmanager
async def connected(link: Link) -> AsyncIterator[AsteriskServer]:
    """Return the server once it is in line with its Asterisk."""
    server = link.server()
    running = asyncio.create_task(server.client.run())
    try:
        await link.synchronised.wait()
        yield server
    finally:
        running.cancel()
        await asyncio.wait({running})


def waiting(server: AsteriskServer, number: str) -> CallLeg:
    """Return a caller who was found in Asterisk's own Queue()."""
    call = CallId(f"main-{number}")
    leg = server.board.visits.find_or_add(call, LINE, "79270000001", Instant(1000.0), f"PJSIP/trunk-{number}", number)
    server.board.visits.introduce(leg)
    return leg


async def test_caller_whom_the_fallback_has_put_through_meanwhile_is_not_fetched(link: Link):
    """His talk began while we were busy: a Redirect would end it in its first second."""
    async with connected(link) as server:
        waits, talks = waiting(server, "100.1"), waiting(server, "200.1")
        telephone = ("Channel: PJSIP/op101-00000002", "Uniqueid: 200.2")
        link.happened = [
            ("Newchannel", *telephone, "Linkedid: 200.1"),
            ("BridgeEnter", *telephone, "BridgeUniqueid: b1"),
            ("BridgeEnter", "Channel: PJSIP/trunk-200.1", "Uniqueid: 200.1", "BridgeUniqueid: b1"),
        ]
        await server.take_back_who_waits((waits, talks))
        await server.board.caught_up()
        assert link.redirected == ["PJSIP/trunk-100.1"]
        assert talks.talk is not None
        assert talks.talk.agent == AgentId("op101")


def doing(*applications: str) -> Answer:
    """Answer a Status with what the channel does, one after the other, the last for ever."""
    left = list(applications)

    def answer(link: FakeLink, action: Received) -> None:
        ours = f"ActionID: {action['ActionID']}"
        link.respond(action, "Success", "EventList: start")
        link.send("Event: Status", ours, "Uniqueid: 100.1", f"Application: {left.pop(0) if left[1:] else left[0]}")
        link.send("Event: StatusComplete", "EventList: Complete", "Items: 1", ours)

    return answer


async def test_caller_whose_session_is_lost_is_fetched_once_the_dialplan_has_gone_on(link: Link):
    """At first it has not noticed; by itself it would open its next session within a second."""
    async with connected(link) as server:
        call = waiting(server, "100.1")
        call.unheld = True
        link.asterisk.script["Status"] = doing("AGI", "AGI", "Wait")
        server.board.fetch(call)
        await link.asterisk.until(lambda: bool(link.redirected))
        assert link.redirected == ["PJSIP/trunk-100.1"]


async def test_caller_whom_a_dial_rings_without_us_is_let_be(link: Link, monkeypatch):
    """Nor is one who opens a session: he would be taken out of it again."""
    monkeypatch.setattr(acd.server, "FETCHING_S", 0.0)
    async with connected(link) as server:
        call = waiting(server, "100.1")
        call.unheld = True
        link.asterisk.script["Status"] = doing("Dial")
        asked = len(link.asterisk.received)
        server.board.fetch(call)
        await link.asterisk.until(lambda: len(link.asterisk.received) == asked + acd.server.FETCHING_TRIES)
        await server.board.caught_up()
        assert link.redirected == []


async def test_caller_who_has_come_meanwhile_is_not_fetched(link: Link):
    """His session is there: `wake` is set, and nothing is to be done."""
    async with connected(link) as server:
        call = waiting(server, "100.1")
        call.unheld = True

        def comes(told: FakeLink, action: Received) -> None:
            call.unheld, call.wake = False, lambda: None
            doing("Wait")(told, action)

        link.asterisk.script["Status"] = comes
        server.board.fetch(call)
        await link.asterisk.until(lambda: call.wake is not None)
        await server.board.caught_up()
        assert link.redirected == []

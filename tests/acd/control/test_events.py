"""The stream of events: in order, from where a reader left off, and only what is his to see."""

import asyncio
import http.client
from contextlib import aclosing

import pytest

from acd.control.access import Identity, Role
from acd.control.errors import StoreAway
from acd.control.events import Event, EventLog, Gap, Heartbeat, UnknownPlace
from acd.control.history import RecordedHistory
from metrics.records.recorder import Recorder
from queue_engine.facts import TargetWaitPassed
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from tests.acd.stage import CALLER, HOST, NOON, Stage, Tokens, read_stream, served
from tests.ami_bridge.fake_asterisk import until_true

SUPERVISOR = Identity("chief", Role.SUPERVISOR)
WALLBOARD = Identity("wall", Role.READ_ONLY)


def fact(number: int) -> TargetWaitPassed:
    """Return a fact that names its number."""
    return TargetWaitPassed(Instant(NOON + number), CallId(f"main-{number}"), QueueName("122"))


class Log:
    """An event log of run `now`, with facts numbered from 1."""

    def __init__(self, history=None, kept=100) -> None:
        self.seq = 0
        self.log = EventLog("now", lambda: self.seq, history, kept=kept)

    def happen(self, count: int = 1) -> None:
        """So many facts become true."""
        for _ in range(count):
            self.seq += 1
            self.log.take(fact(self.seq))

    async def read(self, after: str | None, count: int) -> list[str]:
        """Return the ids of so many events, `gap` for a gap."""
        told: list[str] = []
        async with aclosing(self.log.follow(after)) as events:
            while len(told) < count:
                each = await anext(events)
                told.append(each.id if isinstance(each, Event) else type(each).__name__.lower())
        return told


class Past:
    """A history from a list."""

    def __init__(self, events: list[tuple[str, int]], fault: Exception | None = None) -> None:
        self.events = events
        self.fault = fault

    async def after(self, run: str, seq: int):
        """Yield what stands after the place."""
        if self.fault is not None:
            raise self.fault
        if (run, seq) not in self.events:
            raise UnknownPlace
        for each_run, each_seq in self.events[self.events.index((run, seq)) + 1 :]:
            yield Event(each_run, each_seq, "X", {})


async def test_reader_goes_on_after_the_last_event_seen():
    """What memory has is told again from there, in order, without the one that was seen."""
    log = Log()
    log.happen(5)
    assert await log.read("now/3", 2) == ["now/4", "now/5"]


async def test_new_reader_gets_what_is_to_come():
    """Without a place nothing old is told."""
    log = Log()
    log.happen(3)
    reading = asyncio.create_task(log.read(None, 2))
    await asyncio.sleep(0)
    log.happen(2)
    assert await reading == ["now/4", "now/5"]


async def test_what_memory_has_forgotten_comes_from_the_records():
    """The records tell up to where memory begins, nothing twice, nothing left out."""
    log = Log(Past([("old", 8), ("old", 9), *(("now", seq) for seq in range(1, 6))]), kept=3)
    log.happen(6)
    assert await log.read("old/8", 7) == ["old/9", "now/1", "now/2", "now/3", "now/4", "now/5", "now/6"]
    assert await log.read("now/2", 4) == ["now/3", "now/4", "now/5", "now/6"]


async def test_events_that_neither_memory_nor_records_have_are_a_gap():
    """The records are behind and memory has forgotten: the reader is told to read the state anew."""
    log = Log(Past([("old", 9), ("now", 1)]), kept=2)
    log.happen(6)
    assert await log.read("old/9", 4) == ["now/1", "gap", "now/5", "now/6"]


@pytest.mark.parametrize("fault", [UnknownPlace(), StoreAway("away")])
@pytest.mark.parametrize("place", ["other/7", "nonsense", "now/x", "/", "now/-3"])
async def test_place_that_is_unknown_is_a_gap_and_then_the_present(fault, place):
    """Whatever a reader sends, it gets a gap and what happens from now on."""
    log = Log(Past([], fault))
    log.happen(2)
    reading = asyncio.create_task(log.read(place, 2))
    for _ in range(5):
        await asyncio.sleep(0)
    log.happen()
    assert await reading == ["gap", "now/3"]


async def test_silence_has_a_heartbeat(monkeypatch):
    """A reader learns that the stream lives."""
    monkeypatch.setattr("acd.control.events.HEARTBEAT_S", 0.01)
    async with aclosing(Log().log.follow()) as events:
        assert isinstance(await anext(events), Heartbeat)


async def test_closing_ends_every_reader():
    """Readers that wait and readers that come later both end."""
    log = Log()
    waiting = asyncio.create_task(anext(aiter(log.log.follow()), None))
    await asyncio.sleep(0)
    log.log.close()
    assert await waiting is None
    assert [each async for each in log.log.follow()] == []


async def test_two_readers_each_get_everything():
    """One that reads slowly does not keep the other from its events."""
    log = Log()
    readers = [asyncio.create_task(log.read(None, 3)) for _ in range(2)]
    await asyncio.sleep(0)
    for _ in range(3):
        log.happen()
        await asyncio.sleep(0)
    assert await asyncio.gather(*readers) == [["now/1", "now/2", "now/3"]] * 2


async def test_stream_goes_on_over_a_restart_of_the_daemon(tmp_path):
    """What was recorded by the run before is read from its records, and then the new run's events follow."""
    url, spool = f"sqlite:///{tmp_path}/acd.db", tmp_path / "spool"
    before = Recorder(url, "before", spool)
    assert await before.start()
    for number in range(1, 4):
        before.record(fact(number))
    assert await before.close()
    after = Recorder(url, "after", spool)
    assert await after.start()
    log = EventLog(after.run, lambda: after.recorded, RecordedHistory(url))
    try:
        for number in range(4, 6):
            after.record(fact(number))
            log.take(fact(number))
        seen = []
        async with aclosing(log.follow(f"{before.run}/1")) as events:
            while len(seen) < 4:
                each = await anext(events)
                assert not isinstance(each, Gap)
                seen.append(each.values()["call"])
    finally:
        await after.close()
    assert seen == ["main-2", "main-3", "main-4", "main-5"]


@pytest.mark.parametrize(
    ("asker", "callers"),
    [
        (SUPERVISOR, {CALLER}),
        (WALLBOARD, {"***67"}),
    ],
)
async def test_events_are_followed_over_http(stage: Stage, asker, callers):
    """Ids, kinds and fields arrive as server-sent events, numbers masked for those who need not see them."""
    tokens = Tokens()
    stage.log_in()
    stage.call()
    stage.answer()
    async with served(stage, tokens) as server:
        status, events = await asyncio.to_thread(read_stream, HOST, server.port, tokens.make(asker), "run-1/1", 3)
    assert status == 200
    assert [event[0] for event in events] == ["run-1/2", "run-1/3", "run-1/4"]
    assert events[0][1] == "CallAccepted"
    assert {event[2]["caller"] for event in events if "caller" in event[2]} == callers


async def test_operator_follows_what_names_him_alone(stage: Stage):
    """Another operator's changes and calls that he has no part in do not reach him."""
    tokens = Tokens()
    stage.log_in("102")
    stage.call()
    stage.answer()
    stage.log_in("101")
    anna = tokens.make(Identity("anna", Role.OPERATOR, AgentId("101")))
    async with served(stage, tokens) as server:
        _, events = await asyncio.to_thread(read_stream, HOST, server.port, anna, "run-1/0", 1)
    assert [(kind, fields["agent"]) for _, kind, fields in events] == [("AgentStateChanged", "101")]


async def test_stream_needs_a_token(stage: Stage):
    """Nobody follows without one."""
    async with served(stage, Tokens()) as server:
        assert (await asyncio.to_thread(read_stream, HOST, server.port, "x", None, 1))[0] == 401


async def test_server_closes_under_its_readers(stage: Stage):
    """A reader that waits does not hold up the daemon's stop."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        token = tokens.make(SUPERVISOR)
        reading = asyncio.create_task(asyncio.to_thread(read_until_end, server.port, token))
        await until_true(lambda: stage.events._pulse._waiters)
    assert (await reading).startswith(b"retry: 1000\n\n")


def read_until_end(port: int, token: str) -> bytes:
    """Follow the stream until the server ends it."""
    link = http.client.HTTPConnection(HOST, port, timeout=10)
    link.request("GET", "/v1/events", headers={"Authorization": f"Bearer {token}"})
    content = link.getresponse().read()
    link.close()
    return content

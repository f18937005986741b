"""What ended between the comparison with Asterisk and the records' answer is told once, by the engine."""

import asyncio
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from acd.catching_up import CatchingUp
from acd.clock import Clock
from ami_bridge.resync import Found
from metrics.live import LiveFigures
from metrics.norms import Standard
from metrics.records.database import open_engine, upgrade
from queue_engine.facts import CallAccepted, CallDied
from queue_engine.ids import CallId, Instant, QueueName
from tests.metrics.storing import store

HELD, GONE = CallId("main-1.1"), CallId("main-1.2")
LINE = QueueName("122")


class Recorder:
    """Answers when the test lets it, as a database under load does."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def start(self) -> bool:
        """The database is there."""
        return True

    async def settled(self) -> None:
        """Wait for the test."""
        self.asked.set()
        await self.may_answer.wait()


@pytest.fixture
async def records(tmp_path, in_thread):
    """Two calls that the run before has accepted and whose end it did not see."""
    url = f"sqlite:///{tmp_path}/acd.db"
    await in_thread(upgrade, url)
    engine = open_engine(url)
    at = Instant(1_795_251_600.0)
    await store(engine, [CallAccepted(at, call, LINE, "+79271234567", at, 0) for call in (HELD, GONE)])
    yield engine
    await engine.dispose()


async def test_talk_that_ends_while_the_records_are_asked_has_not_died(records):
    """Asterisk held one of the two calls: only the other is gone, though both are by the time the records answer."""
    legs = {HELD: object()}
    server = SimpleNamespace(
        name="main",
        board=SimpleNamespace(legs=SimpleNamespace(call=legs.get)),
        take_back=lambda _calls: None,
        pruner=SimpleNamespace(saw_entries=lambda _entries: None),
    )
    calling_back = SimpleNamespace(
        resynchronise=lambda _server, _present: None,
        attempts_known=lambda: True,
        holds=lambda _server, _call: False,
        resume=lambda: None,
        callbacks=SimpleNamespace(handle=lambda _told: None),
    )
    recorder, told = Recorder(), []
    loop = asyncio.get_running_loop()
    live = LiveFigures(Standard(), ZoneInfo("Europe/Saratov"), [LINE])
    catching_up = CatchingUp(
        {"main": server}, recorder, records, live, calling_back, Clock(loop.time), lambda t: t.name, told.append
    )
    async with asyncio.TaskGroup() as tasks:
        await catching_up.start(tasks)
        catching_up.callers_served.set()
        catching_up.synchronised(server, Found({}, (), {}))
        await recorder.asked.wait()
        legs.clear()
        recorder.may_answer.set()
    assert [(type(fact), fact.call) for fact in told] == [(CallDied, GONE)]

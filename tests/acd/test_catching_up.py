"""What ended without us is told once: not twice by a talk that ends meanwhile, nor never by records that are away."""

import asyncio
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acd import catching_up
from acd.catching_up import CatchingUp
from acd.clock import Clock
from acd.recovery import missing_facts
from ami_bridge.ended import EndedCall, Pruner
from ami_bridge.resync import Found
from ami_bridge.server_clock import ServerClock
from metrics.live import LiveFigures
from metrics.norms import Standard
from metrics.records.database import open_engine, upgrade
from metrics.records.queries import OpenCall
from queue_engine.facts import CallAbandoned, CallAccepted, CallAnswered, CallDied, CallEnded
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from tests.metrics.storing import store

HELD, GONE = CallId("main-1.1"), CallId("main-1.2")
LINE = QueueName("122")
NUMBER = "+79271234567"
AT = Instant(1_795_251_600.0)


class Recorder:
    """Answers when the test lets it, as a database under load does; or says that the database is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def start(self) -> bool:
        """Tell whether the database is there."""
        return not self.away

    async def settled(self) -> bool:
        """Wait for the test."""
        self.asked.set()
        await self.may_answer.wait()
        return not self.away


class Legs(dict):
    """Calls that a switchboard holds."""

    def __iter__(self):
        return iter([SimpleNamespace(call=call) for call in self.keys()])

    def call(self, call):
        """Return one."""
        return self.get(call)


class Stage:
    """One server, its switchboard and its journal, and what was told."""

    def __init__(self, records, recorder: Recorder, *held: CallId) -> None:
        self.legs = Legs(dict.fromkeys(held, True))
        self.pruner = Pruner(lambda: Instant(AT + 3600), ServerClock("main"))
        self.server = SimpleNamespace(
            name="main",
            board=SimpleNamespace(legs=self.legs),
            take_back_who_waits=self._take_back,
            pruner=self.pruner,
            on_unseen=None,
        )
        self.resumed = asyncio.Event()
        self.told: list[Any] = []
        calling_back = SimpleNamespace(
            resynchronise=lambda _server, _present, _read_at: None,
            attempts_known=lambda: True,
            holds=lambda _server, _call: False,
            resume=self.resumed.set,
            callbacks=SimpleNamespace(handle=lambda _told: None),
        )
        clock = Clock(asyncio.get_running_loop().time)
        live = LiveFigures(Standard(), ZoneInfo("Europe/Saratov"), [LINE])
        self.catching_up = CatchingUp(
            {"main": self.server}, recorder, records, live, calling_back, clock, lambda t: t.name, self.told.append
        )
        self.catching_up.watch(self.server)
        self.catching_up.callers_served.set()

    async def _take_back(self, _calls: object) -> None:
        """Let them be where they are."""

    @property
    def ends(self) -> list[tuple[type, CallId]]:
        """What was told of which call."""
        return [(type(fact), fact.call) for fact in self.told]


@pytest.fixture
async def records(tmp_path, in_thread):
    """Two calls that the run before has accepted and whose end it did not see."""
    url = f"sqlite:///{tmp_path}/acd.db"
    await in_thread(upgrade, url)
    engine = open_engine(url)
    await store(engine, [CallAccepted(AT, call, LINE, NUMBER, AT, 0) for call in (HELD, GONE)])
    yield engine
    await engine.dispose()


def hung_up(call: CallId) -> EndedCall:
    """Return the journal's entry of a caller who waited for nine seconds."""
    return EndedCall(call, LINE, NUMBER, AT, Instant(AT + 9), None, "", 16, "", "waiting")


def prunable(pruner: Pruner) -> list[str]:
    """Return all minutes that may go now."""
    return list(iter(pruner.next, None))


async def test_talk_that_ends_while_the_records_are_asked_has_not_died(records):
    """Asterisk held one of the two calls: only the other is gone, though both are by the time the records answer."""
    recorder = Recorder()
    stage = Stage(records, recorder, HELD)
    async with asyncio.TaskGroup() as tasks:
        await stage.catching_up.start(tasks)
        stage.catching_up.synchronised(stage.server, Found({}, (), {}))
        await recorder.asked.wait()
        stage.legs.clear()
        recorder.may_answer.set()
    assert stage.ends == [(CallDied, GONE)]


async def test_what_ended_while_the_database_was_away_is_told_when_it_is_back(records, monkeypatch):
    """Started without records: the open call that Asterisk has no more and the one in its journal get their ends."""
    monkeypatch.setattr(catching_up, "RETRY_S", 0.0)
    recorder = Recorder(away=True)
    recorder.may_answer.set()
    stage = Stage(records, recorder)
    stage.pruner.saw_end()
    async with asyncio.TaskGroup() as tasks:
        await stage.catching_up.start(tasks)
        stage.catching_up.synchronised(stage.server, Found({HELD: hung_up(HELD)}, (), {}))
        await stage.resumed.wait()
        assert stage.told == []
        recorder.away = False
    assert stage.ends == [(CallAbandoned, HELD), (CallDied, GONE)]


async def test_entry_of_an_unseen_end_stays_until_it_is_recorded(records, monkeypatch):
    """Its minute is not pruned while the database is away, nor is any told twice when it is back."""
    monkeypatch.setattr(catching_up, "RETRY_S", 0.0)
    recorder = Recorder()
    recorder.may_answer.set()
    stage = Stage(records, recorder, HELD, GONE)
    minute = int((AT + 9) // 60)
    async with asyncio.TaskGroup() as tasks:
        await stage.catching_up.start(tasks)
        recorder.away = True
        recorder.asked.clear()
        for new in (CallId("main-1.3"), CallId("main-1.4")):
            stage.server.on_unseen(hung_up(new))
        await recorder.asked.wait()
        stage.pruner.saw_entries([hung_up(CallId("main-1.5"))])
        assert prunable(stage.pruner) == []
        recorder.away = False
    assert [fact.call for fact in stage.told if isinstance(fact, CallAbandoned)] == ["main-1.3", "main-1.4"]
    assert prunable(stage.pruner) == [str(minute - 1), str(minute)]


async def test_resynchronisation_takes_over_from_one_that_still_waits(records, monkeypatch):
    """A link that comes and goes while the database is away leaves one attempt behind and not one for each time."""
    monkeypatch.setattr(catching_up, "RETRY_S", 0.0)
    recorder = Recorder(away=True)
    recorder.may_answer.set()
    stage = Stage(records, recorder)
    async with asyncio.TaskGroup() as tasks:
        await stage.catching_up.start(tasks)
        for _ in range(5):
            stage.resumed.clear()
            stage.catching_up.synchronised(stage.server, Found({HELD: hung_up(HELD)}, (), {}))
            await stage.resumed.wait()
        waiting = [task for task in asyncio.all_tasks() if task.get_name() == "recovery-main"]
        assert len([task for task in waiting if not task.cancelling()]) == 1
        recorder.away = False
    assert stage.ends == [(CallAbandoned, HELD), (CallDied, GONE)]


@pytest.mark.parametrize(("entered", "answered", "ended"), [(3600.0, 3601.0, 5.0), (3600.0, 3.0, 5.0), (0.0, 3.0, 5.0)])
def test_call_during_which_the_clock_was_set_begins_before_it_ends(entered, answered, ended):
    """Its end was noted by another clock than its entry: told in the order of the instants it had no beginning."""
    at = Instant(AT + ended)
    talked_s = max(0.0, ended - answered)
    entry = EndedCall(GONE, LINE, NUMBER, Instant(AT + entered), at, talked_s, "op101", 16, "served", "waiting")
    facts = missing_facts(
        [hung_up(HELD), entry],
        [],
        alive=lambda _: False,
        recorded=lambda _: False,
        agent_at=AgentId,
        now=Instant(AT + 9),
    )
    his = [fact for fact in facts if fact.call == GONE]
    assert [type(fact) for fact in his] == [CallAccepted, CallAnswered, CallEnded]
    assert his[-1].waited_s >= 0.0
    assert his[-1].talked_s >= 0.0


def test_known_call_ends_no_sooner_than_it_began():
    """What the records have of it stays; its end is noted by a clock that was set back."""
    known = OpenCall(GONE, LINE, NUMBER, Instant(AT + 100), 0, Instant(AT + 110), AgentId("101"))
    [end] = missing_facts(
        [EndedCall(GONE, LINE, NUMBER, AT, Instant(AT + 5), 1.0, "op101", 16, "served", "waiting")],
        [known],
        alive=lambda _: False,
        recorded=lambda _: True,
        agent_at=AgentId,
        now=Instant(AT + 200),
    )
    assert (end.at, end.talked_s) == (Instant(AT + 110), 0.0)

"""The operator of a caller's last talk, from the records and from what has happened since."""

import asyncio
from pathlib import Path

import pytest

from acd.last_operators import LAST_DAYS_S, LastOperators
from metrics.records.database import open_engine
from metrics.records.recorder import Recorder
from queue_engine.facts import CallAccepted, CallAnswered, CallEnded
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Party

LINE = QueueName("122")
NOW = 1_800_000_000.0


def ended(caller: str, agent: str, at: float) -> CallEnded:
    """A talk that is over."""
    call = CallId(f"{caller}-{at}")
    return CallEnded(Instant(at), call, LINE, caller, AgentId(agent), Party.CALLER, 16, 5.0, 60.0)


def talk(caller: str, agent: str, at: float) -> list[CallAccepted | CallAnswered | CallEnded]:
    """All that is recorded of a talk that ended at an instant."""
    end = ended(caller, agent, at)
    begin = Instant(at - 65)
    return [
        CallAccepted(begin, end.call, LINE, caller, begin, 0),
        CallAnswered(Instant(at - 60), end.call, LINE, None, end.agent, 5.0),
        end,
    ]


@pytest.fixture
async def last(tmp_path: Path):
    """What was learned from records: one caller talked to two operators, one long ago, one withheld the number."""
    url = f"sqlite:///{tmp_path / 'records.db'}"
    recorder = Recorder(url, "run", tmp_path / "spool")
    await recorder.start()
    for fact in (
        *talk("7901", "101", NOW - 5000),
        *talk("7901", "102", NOW - 3000),
        *talk("7902", "103", NOW - LAST_DAYS_S - 1),
        *talk("", "104", NOW - 10),
    ):
        recorder.record(fact)
    await recorder.close()
    engine = open_engine(url)
    found = LastOperators(engine, lambda: Instant(NOW))
    await found.start()
    yield found
    await engine.dispose()


async def test_the_last_talk_of_the_records_counts(last):
    """Of two operators the later; whose talk is too long ago, or whose number is withheld, has none."""
    assert [last.of(caller) for caller in ("7901", "7902", "", "7999")] == ["102", None, None, None]


async def test_a_talk_of_this_run_goes_before_the_records(last):
    """Whoever has just talked to somebody else is his from now on; what is older than a week is forgotten."""
    last.see(ended("7901", "105", NOW))
    last.see(ended("", "106", NOW))
    assert (last.of("7901"), last.of("")) == ("105", None)
    last.see(ended("7903", "101", NOW + LAST_DAYS_S + 1))
    assert list(last._last) == ["7903"]


async def test_without_records_the_centre_starts_all_the_same(tmp_path: Path):
    """A database that cannot be read costs the memory of the run before, nothing else."""
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    found = LastOperators(engine, lambda: Instant(NOW))
    await asyncio.wait_for(found.start(), 30)
    found.see(ended("7901", "101", NOW))
    assert found.of("7901") == "101"
    await engine.dispose()

"""Facts to committed rows: once and only once, whatever happens to the daemon, the database and the disk."""

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, text

from acd.lab.cable import Cable
from acd.lab.sipp import Endpoint
from metrics.records.database import open_engine, upgrade
from metrics.records.queries import is_recorded, last_instant, last_offer, open_calls
from metrics.records.rebuild import rebuild
from metrics.records.recorder import Recorder
from metrics.records.rows import OfferResult
from metrics.records.tables import agent_states, calls, facts, offers
from queue_engine.facts import AbandonStage, AgentState, AgentStateChanged, CallAbandoned, CallAccepted, CallOffered
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from tests.metrics.stories import START, story
from tests.postgres import Cluster, postgres_is_installed, postgres_server


async def rows(url: str, table: Table) -> list[dict[str, Any]]:
    """Return all rows of a table, in the order of its key."""
    engine = open_engine(url)
    async with engine.connect() as connection:
        found = [dict(row) for row in (await connection.execute(select(table).order_by(*table.primary_key))).mappings()]
    await engine.dispose()
    return found


async def recorded(url: str) -> list[tuple[str, int]]:
    """Return run and number of every fact, in the order of the records."""
    return [(row["run"], row["seq"]) for row in await rows(url, facts)]


def an_accepted_call(number: int) -> CallAccepted:
    """Return the fact of a call's acceptance."""
    at = Instant(START + number)
    return CallAccepted(at, CallId(f"pbx-{number}"), QueueName("122"), "+79170000001", at, 0)


async def test_what_is_recorded_is_committed_once_in_order(url: str, tmp_path: Path) -> None:
    """Everything recorded stands in the database after `settled`, and the spool is empty after `close`."""
    recorder = Recorder(url, "run", tmp_path / "spool")
    assert await recorder.start()
    told = story(Random(1), calls=40)
    for fact in told:
        recorder.record(fact)
    assert await recorder.settled()
    assert recorder.healthy
    assert recorder.spooled == 0
    assert await recorder.close()
    assert await recorded(url) == [(recorder.run, seq) for seq in range(1, len(told) + 1)]
    assert list((tmp_path / "spool").iterdir()) == []


async def test_facts_that_are_noted_stand_in_the_spool_together(url: str, tmp_path: Path) -> None:
    """Nothing of what was noted is written before `write`, then all of it is, in order; each has its number at once."""
    recorder = Recorder(url, "run", tmp_path / "spool")
    told = story(Random(2), calls=3)
    for number, fact in enumerate(told, start=1):
        recorder.note(fact)
        assert recorder.recorded == number
    assert recorder.spooled == 0
    recorder.write()
    assert recorder.spooled > 0
    assert await recorder.start()
    assert await recorder.close()
    assert await recorded(url) == [(recorder.run, seq) for seq in range(1, len(told) + 1)]


async def test_rebuilt_tables_equal_those_made_live_over_restarts(url: str, tmp_path: Path) -> None:
    """Whatever was derived batch by batch, by several runs with cold memories, a rebuild derives again the same."""
    rng = Random(7)
    for run in range(3):
        recorder = Recorder(url, f"run{run}", tmp_path / "spool", batch_wait_s=0)
        assert await recorder.start()
        told = story(rng, calls=30, start=START + 1800 * run, first=run * 25 + 1)
        while told:
            cut = rng.randrange(1, 40)
            for fact in told[:cut]:
                recorder.record(fact)
            del told[:cut]
            if rng.random() < 0.5:
                assert await recorder.settled()
        assert await recorder.close()
    derived = (calls, offers, agent_states)
    live = [await rows(url, table) for table in derived]
    assert all(live)
    engine = open_engine(url)
    seen: list[tuple[int, int]] = []
    count = await rebuild(engine, lambda done, of: seen.append((done, of)))
    await engine.dispose()
    assert [await rows(url, table) for table in derived] == live
    assert seen[-1] == (count, count)


async def test_a_database_that_is_away_costs_nothing_but_time(tmp_path: Path) -> None:
    """Facts wait in the spool while the database cannot be opened, and are committed once when it can."""
    folder = tmp_path / "not_yet"
    url = f"sqlite:///{folder / 'records.db'}"
    recorder = Recorder(url, "run", tmp_path / "spool")
    assert not await recorder.start()
    for number in range(100):
        recorder.record(an_accepted_call(number))
    health = recorder.health()
    assert not health.healthy
    assert "folder" in health.error
    assert health.spooled_bytes > 0
    folder.mkdir()
    while not await recorder.settled():
        pass
    assert recorder.healthy
    await recorder.close()
    assert await recorded(url) == [(recorder.run, seq) for seq in range(1, 101)]


async def test_the_next_run_takes_in_what_the_last_one_left(tmp_path: Path) -> None:
    """A daemon that ends while the database is away loses nothing; the next one commits it first."""
    folder = tmp_path / "later"
    url = f"sqlite:///{folder / 'records.db'}"
    first = Recorder(url, "run", tmp_path / "spool")
    assert not await first.start()
    first.record(an_accepted_call(1))
    assert not await first.close()
    folder.mkdir()
    second = Recorder(url, "run", tmp_path / "spool")
    assert await second.start()
    second.record(an_accepted_call(2))
    assert await second.close()
    assert await recorded(url) == [(first.run, 1), (second.run, 1)]


_VICTIM = """
import asyncio, sys
from pathlib import Path
from metrics.records.recorder import Recorder
from tests.metrics.test_records import an_accepted_call

async def main():
    recorder = Recorder(sys.argv[1], "victim", Path(sys.argv[2]), batch_wait_s=0.005)
    await recorder.start()
    number = int(sys.argv[3])
    while True:
        for _ in range(20):
            recorder.record(an_accepted_call(number))
            number += 1
        print(number - 1, flush=True)
        await asyncio.sleep(0)

asyncio.run(main())
"""


def _killed_after(url: str, spool: Path, first: int, reports: int) -> int:
    """Run a recorder in a process of its own, kill -9 it amid its work; return the last number it said was recorded."""
    process = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, url, str(spool), str(first)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    last = first - 1
    for _ in range(reports):
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    for line in process.stdout.read().split():
        last = int(line)
    process.stdout.close()
    process.wait()
    return last


async def test_kill_9_of_the_daemon_neither_loses_nor_doubles_a_fact(url: str, tmp_path: Path) -> None:
    """Whatever a killed daemon had recorded stands in the database once, after the next start."""
    spool, said = tmp_path / "spool", dict[int, int]()
    for first, reports in ((0, 30), (100_000, 7)):
        said[first] = await asyncio.to_thread(_killed_after, url, spool, first, reports)
    recorder = Recorder(url, "after", spool)
    assert await recorder.start(wait_s=60)
    await recorder.close()
    known = [int(str(row["call"]).removeprefix("pbx-")) for row in await rows(url, facts)]
    for first, last in said.items():
        of_run = [number for number in known if first <= number < first + 100_000]
        assert of_run == list(range(first, first + len(of_run)))
        assert of_run[-1] >= last


@pytest.fixture
def mortal() -> Iterator[Cluster]:
    """A PostgreSQL of the test's own, to be killed."""
    if not postgres_is_installed():
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres_server() as cluster:
        yield cluster


@pytest.mark.postgres
async def test_postgresql_killed_and_started_under_load_has_everything_once(mortal: Cluster, tmp_path: Path) -> None:
    """A database that dies amid commits, of unknown outcome, ends up with every fact once."""
    url = mortal.fresh()
    recorder = Recorder(url, "run", tmp_path / "spool", batch_wait_s=0.001)
    assert await recorder.start()
    number = 0
    for _ in range(2):
        for _ in range(30):
            for _ in range(10):
                recorder.record(an_accepted_call(number))
                number += 1
            await asyncio.sleep(0)
        await asyncio.to_thread(mortal.stop)
        for _ in range(50):
            recorder.record(an_accepted_call(number))
            number += 1
        assert not await recorder.settled()
        await asyncio.to_thread(mortal.start)
    while not await recorder.settled():
        pass
    await recorder.close()
    assert await recorded(url) == [(recorder.run, seq) for seq in range(1, number + 1)]


@pytest.mark.postgres
async def test_postgresql_that_falls_silent_is_given_up_and_tried_again(
    postgres_cluster: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    """A connection that stands and says nothing is no database: facts wait in the spool."""
    there = Endpoint("127.0.0.1", postgres_cluster.port)
    here = Endpoint("127.62.9.1", postgres_cluster.port)
    async with Cable(here, there) as cable:
        seen = postgres_url.replace(str(there), str(here))
        recorder = Recorder(seen, "run", tmp_path / "spool", batch_wait_s=0.001, answer_s=0.5)
        assert await recorder.start()
        cable.hold()
        recorder.record(an_accepted_call(1))
        assert not await recorder.settled(wait_s=60)
        assert not recorder.health().database
        await cable.mend()
        while not await recorder.settled():
            pass
        assert recorder.healthy
        await recorder.close()
    assert await recorded(postgres_url) == [(recorder.run, 1)]


@dataclass(frozen=True, slots=True)
class Poisoned:
    """A fact of an unknown kind whose instant no database column takes."""

    at: str
    call: str


async def test_facts_that_cannot_be_written_are_counted_and_stop_nothing(sqlite_url: str, tmp_path: Path) -> None:
    """What is no fact at all is counted as lost and shown; the rest is recorded; nothing is raised."""
    recorder = Recorder(sqlite_url, "run", tmp_path / "spool")
    await recorder.start()
    recorder.record(object())
    recorder.record(Poisoned("soon", "pbx-1"))
    recorder.record(an_accepted_call(1))
    assert await recorder.settled()
    health = recorder.health()
    assert (health.lost, health.healthy) == (1, False)
    assert "object" in health.error
    await recorder.close()
    assert [row["kind"] for row in await rows(sqlite_url, facts)] == ["Poisoned", "CallAccepted"]


async def test_a_fact_that_the_database_refuses_is_put_aside(url: str, tmp_path: Path) -> None:
    """One line that breaks a rule of the database is put aside for people; those around it are committed."""
    await asyncio.to_thread(upgrade, url)
    await _forbid_caller(url, "evil")
    recorder = Recorder(url, "run", tmp_path / "spool")
    assert await recorder.start()
    for number, caller in enumerate(["good", "evil", "fair"]):
        at = Instant(START)
        recorder.record(CallAccepted(at, CallId(f"pbx-{number}"), QueueName("122"), caller, at, 0))
    assert await recorder.settled()
    assert recorder.health().rejected == 1
    await recorder.close()
    assert {row["caller"] for row in await rows(url, calls)} == {"good", "fair"}
    assert b"evil" in (tmp_path / "spool" / "rejected.spool").read_bytes()


@pytest.mark.parametrize(("waited_s", "cause"), [(1.0, 2**63 + 1), (1.0, ["a", "list"]), ("long", 16)])
async def test_a_value_that_nobody_can_take_is_put_aside(url: str, tmp_path: Path, waited_s: Any, cause: Any) -> None:
    """Whatever a fact says, those before and after it are committed."""
    recorder = Recorder(url, "run", tmp_path / "spool")
    assert await recorder.start()
    at = Instant(START)
    recorder.record(an_accepted_call(1))
    recorder.record(CallAbandoned(at, CallId("pbx-1"), QueueName("122"), "+7", AbandonStage.WAITING, waited_s, cause))
    recorder.record(an_accepted_call(3))
    assert await recorder.settled()
    assert (recorder.health().rejected, recorder.health().database) == (1, True)
    await recorder.close()
    assert [row["call"] for row in await rows(url, calls)] == ["pbx-1", "pbx-3"]


async def _forbid_caller(url: str, caller: str) -> None:
    """Give the database a rule of its own, as an administrator might."""
    engine = open_engine(url)
    async with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            await connection.execute(
                text(
                    f"CREATE TRIGGER no BEFORE INSERT ON calls WHEN NEW.caller = '{caller}' "
                    "BEGIN SELECT RAISE(ABORT, 'forbidden'); END"
                )
            )
        else:
            await connection.execute(text(f"ALTER TABLE calls ADD CONSTRAINT no CHECK (caller <> '{caller}')"))
    await engine.dispose()


@pytest.fixture
def full_disk() -> Iterator[None]:
    """While this holds, no file of this process can grow beyond 64 KiB: what a full disk does, for real."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.usefixtures("full_disk")
async def test_a_full_disk_is_shown_and_what_memory_held_is_committed_later(tmp_path: Path) -> None:
    """Spool and database cannot grow: facts are held, health says so; with room again all are there, once, in order."""
    url = f"sqlite:///{tmp_path / 'records.db'}"
    recorder = Recorder(url, "run", tmp_path / "spool")
    await recorder.start()
    for number in range(2000):
        recorder.record(an_accepted_call(number))
    health = recorder.health()
    assert not health.healthy
    assert health.held > 0
    assert health.lost == 0
    assert "spool" in health.error
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    while not await recorder.settled():
        pass
    recorder.record(an_accepted_call(2000))
    while not await recorder.settled():
        pass
    assert recorder.healthy
    await recorder.close()
    assert await recorded(url) == [(recorder.run, seq) for seq in range(1, 2002)]


async def test_a_locked_sqlite_file_costs_nothing_but_time(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the file, say a backup: facts wait in the spool, health says why, all are there after."""
    monkeypatch.setattr("metrics.records.database.BUSY_TIMEOUT_MS", 10)
    recorder = Recorder(sqlite_url, "run", tmp_path / "spool")
    assert await recorder.start()
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(50):
            recorder.record(an_accepted_call(number))
        assert not await recorder.settled()
        health = recorder.health()
        assert (health.database, health.held, health.lost) == (False, 0, 0)
        assert "locked" in health.error
        assert health.spooled_bytes > 0
        other.execute("ROLLBACK")
    while not await recorder.settled():
        pass
    assert recorder.healthy
    await recorder.close()
    assert await recorded(sqlite_url) == [(recorder.run, seq) for seq in range(1, 51)]


async def test_a_run_that_begins_closes_what_the_one_before_left_open(sqlite_url: str, tmp_path: Path) -> None:
    """Operators' states and offers that a killed daemon left open end at the last moment it is known to have lived."""
    call, line, agent = CallId("pbx-1"), QueueName("122"), AgentId("101")
    first = Recorder(sqlite_url, "a", tmp_path / "spool")
    await first.start()
    first.record(AgentStateChanged(Instant(START), agent, AgentState.LOGGED_OUT, AgentState.READY, "", "101", 0.0))
    first.record(an_accepted_call(1))
    first.record(CallOffered(Instant(START + 5), call, line, OfferId(7), agent, 4.0))
    await first.close()
    second = Recorder(sqlite_url, "b", tmp_path / "spool")
    await second.start()
    later = Instant(START + 900)
    second.record(AgentStateChanged(later, agent, AgentState.LOGGED_OUT, AgentState.READY, "", "101", 3.0))
    await second.close()
    states = await rows(sqlite_url, agent_states)
    assert [(row["started_at"], row["ended_at"]) for row in states] == [(START, START + 5), (later, None)]
    (offer,) = await rows(sqlite_url, offers)
    assert (offer["result"], offer["ended_at"]) == (OfferResult.LOST, START + 5)


async def test_the_daemon_finds_what_it_left(url: str, tmp_path: Path) -> None:
    """At the start the records tell which calls are open, which are known, and where offers and time stood."""
    recorder = Recorder(url, "run", tmp_path / "spool")
    await recorder.start()
    for number in (2, 1):
        recorder.record(an_accepted_call(number))
    recorder.record(
        CallOffered(Instant(START + 9), CallId("pbx-1"), QueueName("122"), OfferId(41), AgentId("101"), 8.0)
    )
    await recorder.close()
    engine = open_engine(url)
    found = await open_calls(engine)
    assert [(call.call, call.entered_at, call.agent) for call in found] == [
        ("pbx-1", START + 1, None),
        ("pbx-2", START + 2, None),
    ]
    assert await is_recorded(engine, [CallId("pbx-1"), CallId("pbx-9")]) == {"pbx-1"}
    assert await last_offer(engine) == 41
    assert await last_instant(engine) == START + 9
    await engine.dispose()


async def test_facts_can_never_stand_twice(url: str) -> None:
    """The database itself refuses a second fact of the same run and number."""
    await asyncio.to_thread(upgrade, url)
    engine = open_engine(url)
    row = {"run": "r", "seq": 1, "at": 0.0, "kind": "k", "version": 1, "payload": "{}"}
    async with engine.begin() as connection:
        await connection.execute(insert(facts), [row])
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with engine.begin() as connection:
            await connection.execute(insert(facts), [row])
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(facts)) == 1
    await engine.dispose()


def test_a_spool_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    """The recorder makes the folder of its spool, with all above it."""
    spool = tmp_path / "var" / "spool"
    recorder = Recorder(f"sqlite:///{tmp_path / 'records.db'}", "run", spool)
    recorder.record(an_accepted_call(1))
    assert len(list(spool.iterdir())) == 1
    shutil.rmtree(spool)

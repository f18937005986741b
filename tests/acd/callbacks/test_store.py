"""The requests' file and table: nothing that was stored is lost, whatever dies or is away."""

import asyncio

import pytest

from acd.callbacks.store import RequestStore
from acd.clock import Clock
from acd.lab.process import until
from callback.states import RequestState
from metrics.records.database import open_engine, upgrade
from metrics.records.requests import read_requests
from tests.metrics.test_requests import a_request


class Kept:
    """A store that can be dropped as a crash drops it, and made anew."""

    def __init__(self, folder) -> None:
        self.url = f"sqlite:///{folder}/acd.db"
        self.file = folder / "acd.callbacks"
        self.engine = open_engine(self.url)

    def store(self) -> RequestStore:
        """Return a store as a start of the daemon makes it."""
        return RequestStore(self.file, self.engine, Clock(asyncio.get_running_loop().time))


@pytest.fixture
async def kept(tmp_path):
    """Return a file and a database with the newest schema."""
    made = Kept(tmp_path)
    await asyncio.to_thread(upgrade, made.url)
    yield made
    await made.engine.dispose()


async def in_table(kept: Kept, count: int) -> list:
    """Wait until the table has so many rows."""
    async with asyncio.timeout(10):
        while len(rows := (await read_requests(kept.engine)).rows) < count:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)
    return list(rows)


async def test_what_was_stored_before_a_crash_is_there_after_it(kept):
    """The file has it at once; no database is needed for that."""
    store = kept.store()
    await store.read()
    store.open()
    store.put([a_request(1), a_request(2)])
    store.put([a_request(1, RequestState.IN_LINE)])
    rows, highest = await kept.store().read()
    assert {row.request: row.state for row in rows} == {1: RequestState.IN_LINE, 2: RequestState.OWED}
    assert highest == 2
    store.close()


async def test_rows_come_into_the_table_and_the_file_is_emptied(kept):
    """The file holds only what the table lacks."""
    store = kept.store()
    await store.read()
    store.open()
    keeping = asyncio.create_task(store.keep())
    store.put([a_request(1), a_request(2)])
    assert [row.request for row in await in_table(kept, 2)] == [1, 2]
    await until(lambda: not kept.file.read_bytes())
    keeping.cancel()
    assert await store.find(a_request(2).request) == a_request(2)
    store.close()


async def test_a_line_cut_short_by_a_crash_costs_only_itself(kept):
    """What stands before it is read."""
    store = kept.store()
    await store.read()
    store.open()
    store.put([a_request(1)])
    with kept.file.open("ab") as file:
        file.write(b'{"request": 2, "que')
    rows, _ = await kept.store().read()
    assert [row.request for row in rows] == [1]
    store.close()


async def test_without_the_table_no_id_is_given_twice(tmp_path):
    """Who cannot look what was given goes on above everything that could have been."""
    kept = Kept(tmp_path)
    kept.file.write_bytes(b"")
    store = kept.store()
    rows, highest = await store.read()
    assert rows == ()
    assert highest > 1_000_000_000
    await kept.engine.dispose()


async def test_file_that_cannot_be_written_anew_stops_nothing(kept):
    """A disk that refuses, here a folder in the file's place, costs neither the task nor a row; then the file is empty.

    What it held is older than the table by then, and must not be read over it after the next start.
    """
    store = kept.store()
    await store.read()
    store.open()
    kept.file.with_suffix(".new").mkdir()
    keeping = asyncio.create_task(store.keep())
    store.put([a_request(1)])
    await in_table(kept, 1)
    await until(lambda: not kept.file.read_bytes())
    store.put([a_request(2)])
    assert [row.request for row in await in_table(kept, 2)] == [1, 2]
    assert not keeping.done()
    keeping.cancel()
    store.close()


async def test_daemon_starts_where_the_file_cannot_be_written(kept):
    """Without the file a request lives in memory and in the table."""
    kept.file.with_suffix(".new").mkdir()
    store = kept.store()
    await store.read()
    store.open()
    keeping = asyncio.create_task(store.keep())
    store.put([a_request(1)])
    assert [row.request for row in await in_table(kept, 1)] == [1]
    keeping.cancel()
    store.close()

"""What the database counts equals what is counted call by call, on SQLite and on PostgreSQL."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import astuple
from random import Random

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.counts import CallCounts, counts_of
from metrics.distribution import distribution
from metrics.norms import Norms, Standard
from metrics.records.counting import SLOT_S, Scope, count_by_agent, count_by_line_and_slot
from metrics.records.database import open_engine, upgrade
from metrics.records.measuring import TALKS, WAITS, measure
from metrics.records.rows import CallRow, Outcome
from metrics.records.store import upserts
from metrics.records.tables import calls
from tests.metrics.stories import START, call_rows, story

STANDARD = Standard(lines={"1300": Norms(target_wait_s=20.25, max_wait_s=90.0, short_abandon_s=4.9)})
"""One line with norms of its own, so that a mix-up of lines shows."""


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """An empty database with the newest schema."""
    await asyncio.to_thread(upgrade, url)
    made = open_engine(url)
    yield made
    await made.dispose()


def by_hand(rows: list[CallRow], scope: Scope) -> dict[tuple[str, int], CallCounts]:
    """Count call by call, grouped by line and quarter of an hour."""
    found: dict[tuple[str, int], CallCounts] = defaultdict(CallCounts)
    for row in rows:
        if scope.start <= row.entered_at < scope.end and scope.line in {None, row.queue}:
            found[row.queue, int(row.entered_at // SLOT_S)] += counts_of(row, STANDARD.of(row.queue))
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_the_database_counts_as_we_do(engine: AsyncEngine, seed: int) -> None:
    """Every field of every group equals a count call by call, for part of the time and one line or all."""
    rows = call_rows(story(Random(seed), calls=150, span_s=4 * 3600))
    async with engine.begin() as connection:
        await connection.run_sync(upserts(engine)[calls.name].write, rows)
    for scope in (
        Scope(START, START + 4 * 3600),
        Scope(START + 1000, START + 9000, "1300"),
        Scope(START + 9e6, START + 9e7),
    ):
        async with engine.connect() as connection:
            found = await count_by_line_and_slot(connection, scope, STANDARD)
            by_agent = await count_by_agent(connection, scope, STANDARD)
            waits = await measure(connection, scope, WAITS)
            talks = await measure(connection, scope, TALKS)
        expected = by_hand(rows, scope)
        assert found.keys() == expected.keys()
        for key, counts in expected.items():
            assert astuple(found[key]) == pytest.approx(astuple(counts))
        inside = [r for r in rows if scope.start <= r.entered_at < scope.end and scope.line in {None, r.queue}]
        answered = [r for r in inside if r.outcome == Outcome.ANSWERED]
        assert astuple(waits) == pytest.approx(
            astuple(distribution(r.waited_s for r in answered if r.waited_s is not None))
        )
        for agent, counts in by_agent.items():
            own = sum((counts_of(r, STANDARD.of(r.queue)) for r in answered if r.agent == agent), CallCounts())
            for name in ("answered", "answered_in_norm", "talks", "talked_s", "marked", "questioned_s"):
                assert getattr(counts, name) == pytest.approx(getattr(own, name))
        ended = [r.talked_s for r in answered if r.ended_at is not None and r.talked_s is not None]
        assert astuple(talks) == pytest.approx(astuple(distribution(ended)))

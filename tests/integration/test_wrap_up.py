"""The work after a call: kept to its length, never short, ended by a code."""

import pytest

from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from metrics.records.tables import agent_states
from tests.integration.office import dial, until_operator

pytestmark = pytest.mark.asterisk

WRAP_UP_S = 3.0


@pytest.fixture
def site() -> Site:
    """One operator with three seconds of wrap-up."""
    return Site(operators=1, wrap_up_s=WRAP_UP_S)


async def stays(centre):
    """Return how long each wrap-up of the operator was, s."""
    rows = [row for row in await centre.rows(agent_states) if row["state"] == "wrap_up" and row["ended_at"] is not None]
    return [row["ended_at"] - row["started_at"] for row in sorted(rows, key=lambda row: row["started_at"])]


async def test_wrap_up_is_never_short_and_ends_by_its_code(centre):
    """The second caller waits for the end of the wrap-up to the tick; `*14` gives the third at once."""
    telephones = centre.telephones([Answering(ring_ms=50, talk_ms=1200)])
    callers = [Caller("79274440001"), Caller("79274440002", at_ms=200), Caller("79274440003", at_ms=400)]
    async with telephones, centre.callers(callers) as calling:
        first, second, _ = await centre.recorded(lambda rows: len(rows) == 3 and rows[1]["ended_at"] is not None, 30)
        assert second["answered_at"] - first["ended_at"] >= WRAP_UP_S
        assert second["answered_at"] - first["ended_at"] < WRAP_UP_S + 1
        await until_operator(centre, "101", state="wrap_up")
        await dial(centre, "op101", "*14")
        assert (await calling.finish(30)).served == 3
    rows = await centre.settled(3)
    assert [row["misses"] for row in rows] == [0, 0, 0]
    whole, cut = (await stays(centre))[:2]
    assert WRAP_UP_S <= whole < WRAP_UP_S + 0.05
    assert cut < WRAP_UP_S

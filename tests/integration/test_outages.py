"""Database and broker away while calls go on over a real Asterisk."""

import pytest

from tests.acd.publish.broker import MOSQUITTO
from tests.bench.bench_outage import run
from tests.postgres import postgres_is_installed

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]


@pytest.mark.usefixtures("program")
@pytest.mark.skipif(not postgres_is_installed(), reason="PostgreSQL is not installed")
@pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed")
async def test_database_and_broker_are_killed_under_load_and_nothing_is_missing_or_double(tmp_path):
    """Calls of before, meanwhile and after: one true record and every fact once; every end told; health says it all."""
    seen = await run(tmp_path, 6.0, 2.0, operators=8, around_s=3.0)
    assert len(seen.wire) == seen.placed == 24
    assert seen.missing() == set()
    assert len(seen.rows) == seen.placed
    assert seen.gaps() == 0
    assert {row["call"] for row in seen.rows} <= set(seen.events)
    assert (seen.health["status"], seen.health["database_up"]) == ("degraded", False)
    assert seen.health["spooled_bytes"] > 0
    assert seen.health["records_error"].startswith("database:")
    assert seen.health_after["status"] == "ok"
    assert (seen.health_after["facts_held"], seen.health_after["facts_lost"]) == (0, 0)
    assert seen.waits_s(away=True)

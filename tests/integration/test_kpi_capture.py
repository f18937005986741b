"""The indicators of a real run equal those read from its packets alone: the same calls, the same counts, the waits."""

import pytest

from acd.lab.plans import Answering, Caller
from acd.lab.site import Site
from tests.bench.bench_kpi import OUTCOME_COUNTS, TIMES, WAITS_WITHIN_S, run

pytestmark = pytest.mark.asterisk

TALK_MS = 3500


async def test_the_indicators_are_those_of_the_packets(program, tmp_path):
    """Two operators serve three pairs of callers, one gives up, two are sent away at the maximum wait.

    The norms lie in the middle between the waits that this makes, so a slow machine changes no indicator.
    """
    site = Site(operators=2, target_wait_s=5.0, max_wait_s=9.0)
    callers = [Caller(f"7900{index:07}", at_ms=100 * index) for index in range(8)]
    callers.append(Caller("79009999999", at_ms=900, patience_ms=2000))
    trial = await run(site, callers, [Answering(ring_ms=200, talk_ms=TALK_MS)], tmp_path)
    assert len(trial.wire) == len(callers)
    assert trial.outcomes() == {}
    assert trial.operators() == {}
    counted = {name: trial.of_records[name].value for name in OUTCOME_COUNTS}
    assert counted == pytest.approx({name: trial.of_wire[name] for name in OUTCOME_COUNTS})
    assert (counted["answered"], counted["abandoned"], counted["overflowed"]) == (6, 1, 2)
    assert counted["K1"] == pytest.approx(4 / 9)
    assert counted["K2"] == pytest.approx(3 / 9)
    apart = sorted([*trial.waits().values(), *trial.talks().values()])
    # The middle one, for the kernel may keep a process from running for longer: `make bench-kpi` holds each to it.
    assert apart[len(apart) // 2] <= WAITS_WITHIN_S
    assert all(trial.of_records[name].value == pytest.approx(trial.of_wire[name], abs=1.0) for name in TIMES)

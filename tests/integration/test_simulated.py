"""The same traffic on a real Asterisk and in virtual time: the simulator waits as long as people do."""

import random

import pytest

from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, arriving, drawn, lognormal
from acd.lab.site import Site
from acd.simulate.recorded import read_tape
from acd.simulate.replaying import Replay
from config.load import load_config
from metrics.records.rows import Outcome
from tests.bench.bench_engine import figure

pytestmark = pytest.mark.asterisk

OPERATORS = 4
CALLERS = 28
WITHIN_MS = 8_000
CLOSE_S = 0.05
SEED = 122


def traffic() -> tuple[list[Caller], list[Answering]]:
    """Return the demonstration's kind of traffic, where everybody is answered: more calls than operators can take."""
    source = random.Random(SEED)
    callers = arriving([Caller(f"7901{index:07}") for index in range(CALLERS)], source, WITHIN_MS)
    talks = drawn(CALLERS, lambda _: Answering(ring_ms=200, talk_ms=max(1500, lognormal(source, 2500, most_ms=8000))))
    return callers, talks


async def test_simulated_callers_wait_as_long_as_real_ones(program, tmp_path, capsys):
    """Same arrivals, talks and telephones: mean, longest and every rank of the waits agree within 50 ms."""
    centre = LabCentre(Site(operators=OPERATORS), program=program, home=tmp_path / "centre")
    tape = tmp_path / "tape"
    centre.run_options = ("--record", str(tape))
    callers, talks = traffic()
    async with centre:
        await centre.until(lambda status: status.ready == OPERATORS)
        async with centre.telephones(talks), centre.callers(callers) as calling:
            counts = await calling.finish(90)
        assert counts.served == CALLERS
        await centre.settled(CALLERS)
        await centre.stop_daemon()
    day = read_tape(tape)
    config = load_config(centre.config_path)
    outcome = Replay(day, config, frozenset(each.number for each in config.operators)).run(0)
    real = sorted(row.waited_s or 0.0 for row in day.rows)
    simulated = sorted(outcome.waits)
    assert [row.outcome for row in day.rows] == [Outcome.ANSWERED] * CALLERS
    assert len(simulated) == CALLERS
    mean_s = abs(sum(simulated) - sum(real)) / CALLERS
    ranks_s = sorted(abs(there - here) for there, here in zip(simulated, real, strict=True))
    with capsys.disabled():
        print(f"\nwaits of {CALLERS} calls: mean {sum(real) / CALLERS:.3f} s, longest {real[-1]:.3f} s")  # noqa: T201 - a figure
        held = [
            figure("simulated_to_real_mean_wait", mean_s * 1000, "ms", "<=", CLOSE_S * 1000),
            figure("simulated_to_real_median_rank", ranks_s[CALLERS // 2] * 1000, "ms", "<=", CLOSE_S * 1000),
            figure("simulated_to_real_longest", abs(simulated[-1] - real[-1]) * 1000, "ms", "<=", CLOSE_S * 1000),
        ]
    assert all(held)
    assert real[-1] > 2.0, "nobody waited: there is nothing to compare"

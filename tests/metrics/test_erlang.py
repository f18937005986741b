"""Closed formulas against published values, against each other and against sums over states."""

import math

import pytest

from metrics.erlang import (
    Load,
    constant_handling_wait_s,
    erlang_a,
    erlang_b,
    erlang_c,
    erlang_c_limited,
    fewest_operators,
    poisson_at_most,
)


def by_states(load: Load, patience_s: float, states: int) -> tuple[float, float]:
    """Return mean wait and unanswered share of M/M/c+M, from the probabilities of so many states."""
    weights = [1.0]
    for count in range(1, states):
        leaving = min(count, load.operators) / load.handling_s + max(0, count - load.operators) / patience_s
        weights.append(weights[-1] * load.rate / leaving)
    waiting = sum((count - load.operators) * w for count, w in enumerate(weights) if count > load.operators)
    mean_wait_s = waiting / sum(weights) / load.rate
    return mean_wait_s, mean_wait_s / patience_s


def test_losses_are_those_of_the_tables():
    """Erlang B at 10 operators and 5 Erlang, and at 1 and 1, as every table has them."""
    assert erlang_b(10, 5.0) == pytest.approx(0.018385, abs=1e-6)
    assert erlang_b(1, 1.0) == 0.5


def test_waits_are_those_of_the_tables():
    """One operator: the formulas of M/M/1; with a load of 1 and more nobody is ever served in time."""
    found = erlang_c(Load(0.005, 100.0, 1), 60.0)
    assert (found.waiting_share, found.mean_wait_s) == pytest.approx((0.5, 100.0))
    assert found.in_norm_share == pytest.approx(1 - 0.5 * math.exp(-0.3))
    assert erlang_c(Load(0.01, 100.0, 1), 60.0).mean_wait_s == math.inf


@pytest.mark.parametrize(("rate", "operators", "patience_s"), [(0.05, 4, 60.0), (0.066, 10, 120.0), (0.8, 100, 200.0)])
def test_impatience_agrees_with_the_sum_over_states(rate, operators, patience_s):
    """Erlang A by its integral is Erlang A by its states, below, at and far above capacity."""
    load = Load(rate, 180.0, operators)
    found = erlang_a(load, patience_s, 60.0)
    assert (found.mean_wait_s, found.unanswered_share) == pytest.approx(by_states(load, patience_s, 900), rel=1e-6)


def test_endless_patience_and_endless_places_are_erlang_c():
    """The richer formulas meet the simple one at their borders."""
    load = Load(0.05, 180.0, 10)
    plain = erlang_c(load, 60.0)
    patient, roomy = erlang_a(load, 1e9, 60.0), erlang_c_limited(load, 500, 60.0)
    assert patient.in_norm_share == pytest.approx(plain.in_norm_share, rel=1e-5)
    assert (roomy.in_norm_share, roomy.mean_wait_s) == pytest.approx((plain.in_norm_share, plain.mean_wait_s))


def test_without_places_the_losses_are_erlang_b():
    """Nobody may wait: everybody let in is served at once."""
    found = erlang_c_limited(Load(0.05, 180.0, 10), 0, 60.0)
    assert found.unanswered_share == pytest.approx(erlang_b(10, 9.0))
    assert (found.mean_wait_s, found.in_norm_share) == pytest.approx((0.0, 1 - erlang_b(10, 9.0)))


def test_constant_talks_of_one_operator_wait_half_as_long():
    """M/D/1 waits half of M/M/1 (Pollaczek-Khinchine)."""
    load = Load(0.005, 100.0, 1)
    assert constant_handling_wait_s(load) == pytest.approx(erlang_c(load, 60.0).mean_wait_s / 2)
    assert constant_handling_wait_s(Load(0.01, 100.0, 1)) == math.inf


def test_sums_of_poisson():
    """Below 0 nothing, without a mean everything, else the sum of its terms."""
    assert (poisson_at_most(-1, 3.0), poisson_at_most(0, 0.0)) == (0.0, 1.0)
    assert poisson_at_most(3, 2.0) == pytest.approx(math.exp(-2) * (1 + 2 + 2 + 4 / 3))


def test_fewest_operators_are_the_fewest():
    """One fewer breaks a norm; impatience needs fewer; nobody calls, nobody is needed."""
    wanted = {"within_s": 60.0, "in_norm": 0.9, "unanswered": 0.05}
    for patience_s in (None, 200.0):
        fewest = fewest_operators(0.2, 180.0, patience_s, **wanted)
        loads = [Load(0.2, 180.0, count) for count in (fewest, fewest - 1)]
        found = [erlang_c(load, 60.0) if patience_s is None else erlang_a(load, patience_s, 60.0) for load in loads]
        kept = [each.in_norm_share >= 0.9 and each.unanswered_share <= 0.05 for each in found]
        assert kept == [True, False]
    assert fewest_operators(0.2, 180.0, 200.0, **wanted) < fewest_operators(0.2, 180.0, None, **wanted)
    assert fewest_operators(0.0, 180.0, None, **wanted) == 0


def test_a_load_of_nothing_is_no_load():
    """Nobody calls or nobody serves: no formula holds."""
    with pytest.raises(ValueError, match="above 0"):
        Load(0.0, 180.0, 1)

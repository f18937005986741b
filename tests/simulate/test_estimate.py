"""Confidence intervals contain the truth as often as they say."""

import math
from random import Random

import pytest

from acd.simulate.estimate import Estimate, mean, ratio, student


@pytest.mark.parametrize(
    ("confidence", "freedom", "t"),
    [(0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 5, 2.571), (0.95, 9, 2.262), (0.99, 19, 2.861), (0.95, 1000, 1.962)],
)
def test_quantiles_are_those_of_the_tables(confidence, freedom, t):
    """Student's t as every table has it."""
    assert student(confidence, freedom) == pytest.approx(t, rel=2e-3)


def test_intervals_cover_as_promised():
    """Of 2 000 intervals of 95 % around the mean of ten normal draws, 95 % contain the mean."""
    rng = Random(7)
    covered = sum(mean([rng.gauss(5.0, 2.0) for _ in range(10)]).holds(5.0) for _ in range(2000))
    assert 1880 <= covered <= 1920


def test_a_share_weighs_days_by_their_calls():
    """A busy day counts for more than a quiet one, and equal shares leave no doubt."""
    assert ratio([90, 1], [100, 10]).value == pytest.approx(91 / 110)
    assert ratio([90, 9], [100, 10]).half_width == pytest.approx(0.0, abs=1e-12)
    assert ratio([0.0], [0.0]) is None


def test_one_replication_says_nothing_of_its_error():
    """A single run has a value and no bounds; none has nothing."""
    assert mean([3.0]) == Estimate(3.0, math.inf)
    assert ratio([1], [2]) == Estimate(0.5, math.inf)
    assert mean([]) is None

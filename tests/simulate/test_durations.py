"""Distributions draw what they promise, and fits find what was drawn."""

import math
from random import Random
from statistics import fmean, pstdev

import pytest

from acd.simulate.durations import (
    QUANTILES,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    distance,
    fit_empirical,
    fit_gamma,
    fit_lognormal,
    fit_patience,
)

DRAWS = 40_000


def drawn(distribution, seed: int = 1) -> list[float]:
    """Return many draws."""
    draw = distribution.drawer(Random(seed))
    return [draw() for _ in range(DRAWS)]


@pytest.mark.parametrize(
    ("distribution", "cv"),
    [
        (Constant(mean_s=90.0), 0.0),
        (Exponential(kind="exponential", mean_s=90.0), 1.0),
        (Lognormal(kind="lognormal", mean_s=90.0, cv=0.8), 0.8),
        (Gamma(kind="gamma", mean_s=90.0, cv=0.5), 0.5),
        (Empirical(kind="empirical", values_s=(60.0, 90.0, 120.0)), 60 / math.sqrt(12) / 90),
    ],
)
def test_mean_and_spread_are_as_asked(distribution, cv):
    """The mean in seconds and the standard deviation in terms of it."""
    values = drawn(distribution)
    assert fmean(values) == pytest.approx(90.0, rel=0.02)
    assert distribution.mean_s == pytest.approx(90.0)
    assert pstdev(values) / 90.0 == pytest.approx(cv, abs=0.03)


def test_fits_find_what_was_drawn():
    """Mean and spread come back from draws; the fit lies close, a wrong one far."""
    lognormal = drawn(Lognormal(kind="lognormal", mean_s=150.0, cv=0.9))
    gamma = drawn(Gamma(kind="gamma", mean_s=150.0, cv=0.6))
    found = fit_lognormal(lognormal)
    assert (found.mean_s, found.cv) == pytest.approx((150.0, 0.9), rel=0.03)
    other = fit_gamma(gamma)
    assert (other.mean_s, other.cv) == pytest.approx((150.0, 0.6), rel=0.03)
    assert distance(lognormal, found) < 0.02 < distance(lognormal, Exponential(kind="exponential", mean_s=150.0))


def test_empirical_fit_keeps_the_shape():
    """Many values are thinned out evenly over their order; few are kept as they are."""
    values = drawn(Gamma(kind="gamma", mean_s=150.0, cv=0.6))
    found = fit_empirical(values)
    assert len(found.values_s) == QUANTILES
    assert (min(found.values_s), max(found.values_s)) == (min(values), max(values))
    assert found.mean_s == pytest.approx(fmean(values), rel=0.02)
    assert fit_empirical([3.0, 1.0]).values_s == (1.0, 3.0)
    assert Empirical(kind="empirical", values_s=(5.0,)).drawer(Random(1))() == 5.0


def test_patience_is_found_although_most_are_answered_first():
    """Callers of mean patience 200 s who are answered after 60 s at the latest: the answered ones count as well."""
    patience = drawn(Exponential(kind="exponential", mean_s=200.0))
    answered_after = drawn(Exponential(kind="exponential", mean_s=30.0), seed=2)
    pairs = list(zip(patience, answered_after, strict=True))
    left = [own for own, answer in pairs if own < answer]
    served = [answer for own, answer in pairs if answer <= own]
    assert fit_patience(left, served).mean_s == pytest.approx(200.0, rel=0.05)
    assert fit_patience([], served) is None


def test_nothing_cannot_be_fitted():
    """No values, or nothing but zeros, are no distribution."""
    with pytest.raises(ValueError, match="no values"):
        fit_lognormal([])
    with pytest.raises(ValueError, match="zero"):
        fit_gamma([0.0, 0.0])

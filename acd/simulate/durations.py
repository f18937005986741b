"""How long things take at random: talks, work after them, patience, the way back to the telephone.

Each distribution is a table of the scenario; its `drawer` returns a function of no arguments that draws seconds from a
generator. Fits take seconds that really occurred.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Annotated, Final, Literal

from pydantic import Field

from config.kinds import Table

Drawer = Callable[[], float]

Positive = Annotated[float, Field(gt=0, le=1e7)]

QUANTILES: Final = 500
"""A fitted empirical distribution keeps so many values at most."""


class Constant(Table):
    """Always the same."""

    kind: Literal["constant"] = "constant"
    mean_s: Annotated[float, Field(ge=0, le=1e7)]

    def drawer(self, rng: Random) -> Drawer:
        """Return the function that draws seconds."""
        value = self.mean_s
        return lambda: value


class Exponential(Table):
    """No memory: what is left is distributed as the whole was."""

    kind: Literal["exponential"]
    mean_s: Positive

    def drawer(self, rng: Random) -> Drawer:
        """Return the function that draws seconds."""
        random, log, mean_s = rng.random, math.log, self.mean_s
        return lambda: -log(1.0 - random()) * mean_s


class Lognormal(Table):
    """Talks, as a rule: many of middling length, some very long. `cv` is standard deviation / mean."""

    kind: Literal["lognormal"]
    mean_s: Positive
    cv: Annotated[float, Field(gt=0, le=20)] = 0.9

    def drawer(self, rng: Random) -> Drawer:
        """Return the function that draws seconds."""
        variance = math.log1p(self.cv**2)
        mu, sigma, draw = math.log(self.mean_s) - variance / 2, math.sqrt(variance), rng.lognormvariate
        return lambda: draw(mu, sigma)


class Gamma(Table):
    """`cv` is standard deviation / mean; 1 is exponential."""

    kind: Literal["gamma"]
    mean_s: Positive
    cv: Annotated[float, Field(gt=0, le=20)] = 0.7

    def drawer(self, rng: Random) -> Drawer:
        """Return the function that draws seconds."""
        shape = self.cv**-2
        scale, draw = self.mean_s / shape, rng.gammavariate
        return lambda: draw(shape, scale)


class Empirical(Table):
    """Values that occurred, each as likely as another; between two neighbours anything."""

    kind: Literal["empirical"]
    values_s: tuple[Annotated[float, Field(ge=0, le=1e7)], ...] = Field(min_length=1, max_length=100_000)

    @property
    def mean_s(self) -> float:
        """Mean, seconds."""
        ordered = sorted(self.values_s)
        if len(ordered) == 1:
            return ordered[0]
        return sum((low + high) / 2 for low, high in pairwise(ordered)) / (len(ordered) - 1)

    def drawer(self, rng: Random) -> Drawer:
        """Return the function that draws seconds."""
        ordered, random = sorted(self.values_s), rng.random
        last = len(ordered) - 1

        def draw() -> float:
            place = random() * last
            index = int(place)
            low = ordered[index]
            return low + (ordered[min(index + 1, last)] - low) * (place - index)

        return draw


Duration = Annotated[Constant | Exponential | Lognormal | Gamma | Empirical, Field(discriminator="kind")]


def fit_lognormal(values_s: Sequence[float]) -> Lognormal:
    """Return the lognormal distribution of the greatest likelihood; zeros count as a tenth of a second.

    Raises:
        ValueError: There are no values.
    """
    logs = [math.log(max(value, 0.1)) for value in _some(values_s)]
    mu = sum(logs) / len(logs)
    variance = sum((log - mu) ** 2 for log in logs) / len(logs)
    return Lognormal(
        kind="lognormal",
        mean_s=min(1e7, math.exp(mu + variance / 2)),
        cv=min(20.0, max(0.01, math.sqrt(math.expm1(min(variance, 6.0))))),
    )


def fit_gamma(values_s: Sequence[float]) -> Gamma:
    """Return the gamma distribution with the values' mean and standard deviation.

    Raises:
        ValueError: There are no values, or all are zero.
    """
    values = _some(values_s)
    mean_s = sum(values) / len(values)
    deviation = math.sqrt(sum((value - mean_s) ** 2 for value in values) / len(values))
    if mean_s <= 0:
        raise ValueError("all values are zero")
    return Gamma(kind="gamma", mean_s=mean_s, cv=min(20.0, max(0.01, deviation / mean_s)))


def fit_empirical(values_s: Sequence[float]) -> Empirical:
    """Return the values themselves, or `QUANTILES` of them, evenly spread over the order.

    Raises:
        ValueError: There are no values.
    """
    ordered = sorted(_some(values_s))
    if len(ordered) > QUANTILES:
        last = len(ordered) - 1
        ordered = [ordered[round(index * last / (QUANTILES - 1))] for index in range(QUANTILES)]
    return Empirical(kind="empirical", values_s=tuple(ordered))


def fit_patience(abandoned_s: Sequence[float], answered_s: Sequence[float]) -> Exponential | None:
    """Return the patience of callers, exponential; None where nobody has left, for then nothing limits it.

    The greatest likelihood where an answered call tells only that its caller was more patient than his wait: all
    seconds waited, by whomever, per caller who left.
    """
    if not abandoned_s:
        return None
    waited_s = sum(abandoned_s) + sum(answered_s)
    return Exponential(kind="exponential", mean_s=min(1e7, max(0.1, waited_s / len(abandoned_s))))


def distance(values_s: Sequence[float], fitted: Lognormal | Gamma | Exponential | Empirical) -> float:
    """Return how far a fit is from the values: the largest difference of the two distribution functions, 0 to 1.

    The fitted one is drawn from, 20 000 times with a fixed seed (Kolmogorov's statistic of two samples).
    """
    ordered = sorted(_some(values_s))
    draw = fitted.drawer(Random(20_000))  # noqa: S311 - a simulation, no secret
    drawn = sorted(draw() for _ in range(20_000))
    return max(
        abs((index + 1) / len(drawn) - bisect_left(ordered, value) / len(ordered)) for index, value in enumerate(drawn)
    )


def _some(values_s: Sequence[float]) -> Sequence[float]:
    if not values_s:
        raise ValueError("there are no values to fit")
    return values_s

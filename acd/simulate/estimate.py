"""What replications say of a figure: its mean and how far it may be from the truth.

Replications are independent, so Student's t holds for their mean. A share is a ratio of two sums that both vary (calls
answered in time, calls accepted); its interval is that of the ratio estimator (Cochran, Sampling Techniques, ch. 6).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its confidence interval."""

    value: float
    half_width: float
    """Infinite after a single replication."""

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.value - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.value + self.half_width

    def holds(self, truth: float) -> bool:
        """Tell whether the interval contains a value."""
        return self.low <= truth <= self.high


def mean(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate | None:
    """Return the estimate of what each replication has measured once; None without any."""
    if not values:
        return None
    if len(values) == 1:
        return Estimate(values[0], math.inf)
    return Estimate(fmean(values), student(confidence, len(values) - 1) * stdev(values) / math.sqrt(len(values)))


def ratio(parts: Sequence[float], wholes: Sequence[float], confidence: float = CONFIDENCE) -> Estimate | None:
    """Return the estimate of sum(parts) / sum(wholes), one of each per replication; None where there is no whole."""
    total = sum(wholes)
    if not total:
        return None
    value = sum(parts) / total
    count = len(parts)
    if count == 1:
        return Estimate(value, math.inf)
    squares = sum((part - value * whole) ** 2 for part, whole in zip(parts, wholes, strict=True))
    deviation = math.sqrt(squares / (count - 1) / count) / (total / count)
    return Estimate(value, student(confidence, count - 1) * deviation)


@cache
def student(confidence: float, freedom: int) -> float:
    """Return Student's t for a two-sided interval: 2.262 for 0.95 and 9 degrees of freedom.

    Exact for 1 and 2 degrees; above, the expansion around the normal quantile (Abramowitz and Stegun 26.7.5), within
    1 % from 3 degrees and 0.1 % from 6 on for 0.95.
    """
    tail = (1 + confidence) / 2
    if freedom == 1:
        return math.tan(math.pi * (tail - 0.5))
    if freedom == 2:
        return (2 * tail - 1) * math.sqrt(2 / (4 * tail * (1 - tail)))
    z = NormalDist().inv_cdf(tail)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / float(freedom**power) for power, term in enumerate(terms))

"""Mean and percentiles of seconds. The percentile is the nearest rank: a value that really occurred, never between two.

The p-th percentile of n sorted values is value number ceil(p/100 * n), counted from 1 (ISO 3534-1 calls it a sample
quantile; the same as `percentile_disc` of PostgreSQL).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

PERCENTS: Final = (50, 90, 95, 99)
"""The percentiles that are reported."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How long something took, over `count` times. Seconds; None where nothing was measured."""

    count: int = 0
    mean_s: float | None = None
    p50_s: float | None = None
    p90_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    max_s: float | None = None


def rank(percent: int, count: int) -> int:
    """Return which of `count` sorted values, counted from 1, is the percentile."""
    return max(1, -(-percent * count // 100))


def distribution(values: Iterable[float]) -> Distribution:
    """Return the distribution of values that are at hand. `records/counting.py` does the same in the database."""
    ordered = sorted(values)
    if not ordered:
        return Distribution()
    p50, p90, p95, p99 = (ordered[rank(percent, len(ordered)) - 1] for percent in PERCENTS)
    return Distribution(len(ordered), sum(ordered) / len(ordered), p50, p90, p95, p99, ordered[-1])

"""Counters and histograms for what happens several times in every call: plain numbers, made into metrics when asked.

`prometheus_client`'s own take a lock for each bucket and sum and look their labels up by name; at a dozen of them per
call that was a tenth of the daemon's processor time. These belong to the loop's thread, which counts and is scraped.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_NO_BORDER: Final = float("inf")


class Tally(Collector):
    """A counter with labels."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self._told = (name, text, tuple(labels))
        self._counts: dict[tuple[str, ...], int] = {}

    def count(self, *labels: str) -> None:
        """Count one, by the values of the labels."""
        self._counts[labels] = self._counts.get(labels, 0) + 1

    def describe(self) -> Iterator[Metric]:
        """Yield what will be told, so that a registry refuses a second one of the name."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """Yield the counts."""
        name, text, labels = self._told
        family = CounterMetricFamily(name, text, labels=labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family


class Spread(Collector):
    """A histogram with labels: how many values were at most as large as each border."""

    def __init__(self, name: str, text: str, labels: Sequence[str], borders: Sequence[float]) -> None:
        """Take the borders in order; the last bucket, without a border, is added."""
        self._told = (name, text, tuple(labels))
        self._borders = (*borders, _NO_BORDER)
        self._seen: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        if not labels:
            self._begin(())

    def see(self, value: float, *labels: str) -> None:
        """Count a value, by the values of the labels."""
        seen = self._seen.get(labels) or self._begin(labels)
        seen[bisect_left(self._borders, value)] += 1
        self._sums[labels] += value

    def _begin(self, labels: tuple[str, ...]) -> list[int]:
        self._sums[labels] = 0.0
        return self._seen.setdefault(labels, [0] * len(self._borders))

    def describe(self) -> Iterator[Metric]:
        """Yield what will be told, so that a registry refuses a second one of the name."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """Yield the buckets."""
        name, text, labels = self._told
        family = HistogramMetricFamily(name, text, labels=labels)
        for values, seen in self._seen.items():
            so_far, buckets = 0, []
            for border, count in zip(self._borders, seen, strict=True):
                so_far += count
                buckets.append(("+Inf" if border == _NO_BORDER else repr(border), so_far))
            family.add_metric(values, buckets, self._sums[values])
        yield family

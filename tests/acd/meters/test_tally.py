"""Counters and histograms of our own: what they tell is what `prometheus_client`'s would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from acd.meters.tally import Spread, Tally

LINES = st.sampled_from(["122", "0707", 'a "quoted" one'])


def told(registry: CollectorRegistry) -> list[str]:
    """Return the samples as they are scraped, but for the times of creation, which ours do not tell."""
    return sorted(
        line for line in generate_latest(registry).decode().splitlines() if "_created" not in line and line[0] != "#"
    )


@given(st.lists(LINES))
def test_tally_counts_as_the_library_does(lines):
    """Whatever is counted, the samples are the same."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tally, counter = Tally("acd_x", "X", ["line"]), Counter("acd_x", "X", ["line"], registry=theirs)
    ours.register(tally)
    for line in lines:
        tally.count(line)
        counter.labels(line).inc()
    assert told(ours) == told(theirs)


@given(st.lists(st.tuples(LINES, st.sampled_from([0.0, 0.5, 1.0, 1.5, 10.0, 60.0, 61.0, 1e9]))))
def test_spread_counts_as_the_library_does(seen):
    """Whatever is seen, a value on a border too, buckets and sums are the same."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    borders = (0.00005, 1.0, 10.0, 60.0)
    spread = Spread("acd_x", "X", ["line"], borders)
    ours.register(spread)
    histogram = Histogram("acd_x", "X", ["line"], buckets=borders, registry=theirs)
    for line, value in seen:
        spread.see(value, line)
        histogram.labels(line).observe(value)
    assert told(ours) == told(theirs)


def test_spread_without_labels_tells_zeros_before_it_has_seen_anything():
    """A dashboard finds the metric from the start, as with the library's."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    ours.register(Spread("acd_x", "X", [], (1.0,)))
    Histogram("acd_x", "X", buckets=(1.0,), registry=theirs)
    assert told(ours) == told(theirs)


def test_one_name_is_one_metric():
    """Two of a name in one registry are refused, as the library's are."""
    registry = CollectorRegistry()
    registry.register(Tally("acd_x", "X", []))
    with pytest.raises(ValueError, match="acd_x"):
        registry.register(Tally("acd_x", "X", []))

"""The formulas against a table worked out by hand from SAR 5.1 and 5.2."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.counts import CallCounts, counts_of
from metrics.distribution import Distribution, distribution
from metrics.kpi import Bound, Kpi, Unit, kpi, over_maximum, service_level, unanswered_share
from metrics.norms import Norms, OverMaximumRule, Rules, ServiceLevelRule, TalkTimeRule, UnansweredRule
from metrics.records.rows import CallRow, Outcome


def call(
    outcome: str | None, waited_s: float | None, talked_s: float | None = None, mark_s: float | None = None
) -> CallRow:
    """Return a call of this fate; a call without the length of its talk still talks."""
    ended = outcome is not None and (outcome != Outcome.ANSWERED or talked_s is not None)
    return CallRow(
        "c",
        "122",
        "122",
        "",
        0.0,
        outcome=outcome,
        waited_s=waited_s,
        ended_at=9.0 if ended else None,
        talked_s=talked_s,
        questioned_s=mark_s,
    )


BY_HAND = (
    call("answered", 10.0, 400.0, 150.0),  # questioned 150, advised 250
    call("answered", 60.0, 500.0, 210.0),  # at the norm to the second: kept; questioned 210, advised 290
    call("answered", 60.1, 100.0),  # a tenth late, no mark
    call("answered", 130.0, 100.0),  # over the maximum and answered
    call("answered", 5.0),  # still talking
    call("abandoned", 3.0),  # short
    call("abandoned", 50.0),  # within the norm
    call("abandoned", 121.0),  # over the maximum
    call("overflowed", 120.4),  # left at the maximum, as it should
    call("died", 20.0),
    call("refused", None),  # counts nowhere
    call("closed", 0.5),  # outside the hours: counts nowhere else
    call(None, None),  # still waiting, counts nowhere
)
"""Ten accepted calls: 5 answered, 3 of them within 60 s; 3 abandoned; 1 overflowed; 1 died."""

NORMS = Norms()
COUNTS = sum((counts_of(one, NORMS) for one in BY_HAND), CallCounts())


def test_a_call_that_is_passed_on_waits_in_sum_and_on_each_line() -> None:
    """Three visits of two callers, 30 s, 50 s and 10 s: each visit is held to the norm; a whole call waited 45 s."""
    rows = [call("overflowed", 30.0), call("answered", 50.0)._replace(visit=2), call("answered", 10.0)]
    counts = sum((counts_of(row, Norms()) for row in rows), CallCounts())
    figures = {figure.name: figure.value for figure in kpi(counts, Norms())}
    assert (figures["accepted"], figures["passed_on"], figures["K1"]) == (3, 1, 2 / 3)
    assert figures["waited_in_sum"] == pytest.approx(45.0)


def test_volumes_of_the_table_by_hand() -> None:
    """Each call is counted where the table says."""
    assert (COUNTS.accepted, COUNTS.answered, COUNTS.answered_in_norm) == (10, 5, 3)
    assert (COUNTS.abandoned, COUNTS.abandoned_in_norm, COUNTS.abandoned_short) == (3, 2, 1)
    assert (COUNTS.overflowed, COUNTS.died, COUNTS.refused, COUNTS.open, COUNTS.talking) == (1, 1, 1, 1, 1)
    assert COUNTS.closed == 1
    assert (COUNTS.talks, COUNTS.marked, COUNTS.talked_s) == (4, 2, 1100.0)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ServiceLevelRule.OF_ALL_ACCEPTED, 3 / 10),
        (ServiceLevelRule.SHORT_ABANDONS_LEFT_OUT, 3 / 9),
        (ServiceLevelRule.EARLY_ABANDONS_LEFT_OUT, 3 / 8),
        (ServiceLevelRule.EARLY_ABANDONS_COUNT_AS_MET, 5 / 10),
        (ServiceLevelRule.ANSWERED_ONLY, 3 / 5),
    ],
)
def test_k1_in_each_reading(rule: ServiceLevelRule, expected: float) -> None:
    """The share connected within the norm, as each rule counts it by hand."""
    assert service_level(COUNTS, rule) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (UnansweredRule.OF_ALL_ACCEPTED, 5 / 10),
        (UnansweredRule.SHORT_ABANDONS_LEFT_OUT, 4 / 9),
        (UnansweredRule.AFTER_NORMATIVE_WAIT, 2 / 10),
        (UnansweredRule.WITHIN_NORMATIVE_WAIT, 3 / 10),
    ],
)
def test_k2_in_each_reading(rule: UnansweredRule, expected: float) -> None:
    """The share left unanswered, as each rule counts it by hand."""
    assert unanswered_share(COUNTS, rule) == pytest.approx(expected)


@pytest.mark.parametrize(("rule", "expected"), [(OverMaximumRule.EVERY_CALL, 2), (OverMaximumRule.ANSWERED_ONLY, 1)])
def test_k7_in_each_reading(rule: OverMaximumRule, expected: int) -> None:
    """A call that leaves at the maximum is no violation, one that leaves much later is."""
    assert over_maximum(COUNTS, rule) == expected
    late = counts_of(call("overflowed", 121.5), NORMS)
    assert over_maximum(COUNTS + late, rule) == expected + (rule is OverMaximumRule.EVERY_CALL)


def test_the_figures_are_judged_against_their_norms() -> None:
    """K1 fails, K2 fails, K3 keeps 180 s exactly, K4 keeps 300 s, K7 fails; each says its rule."""
    figures = {figure.name: figure for figure in kpi(COUNTS, NORMS)}
    judged = {name: (figures[name].value, figures[name].passed) for name in ("K1", "K2", "K3", "K4", "K7")}
    assert judged == {
        "K1": (0.3, False),
        "K2": (0.5, False),
        "K3": (180.0, True),
        "K4": (270.0, True),
        "K7": (2, False),
    }
    assert figures["K1"].rule == "of_all_accepted"
    assert figures["talks_unmarked"].value == 2


def test_the_default_reading_is_the_strictest() -> None:
    """No other rule gives a worse K1, K2 or K7 on the table by hand, save one that asks for nobody but the answered."""
    rules = Rules()
    assert all(
        (service_level(COUNTS, rules.service_level) or 0) <= (service_level(COUNTS, rule) or 0)
        for rule in ServiceLevelRule
    )
    assert all(
        (unanswered_share(COUNTS, rules.unanswered) or 0) >= (unanswered_share(COUNTS, rule) or 0)
        for rule in UnansweredRule
    )
    assert all(over_maximum(COUNTS, rules.over_maximum) >= over_maximum(COUNTS, rule) for rule in OverMaximumRule)


def test_nothing_measured_is_neither_kept_nor_broken() -> None:
    """On a day without calls shares and means are None and have no verdict; K7 is a true 0 and keeps its norm."""
    figures = {figure.name: figure for figure in kpi(CallCounts(), NORMS, waits=Distribution())}
    assert [figures[name].value for name in ("K1", "K2", "K3", "K4", "waited_p90")] == [None] * 5
    assert [figures[name].passed for name in ("K1", "K2", "K3", "K4")] == [None] * 4
    assert figures["K7"].passed is True


def test_talk_times_can_be_shown_without_judging() -> None:
    """A profile may read the 180 and 300 s as descriptions, not limits."""
    figures = {f.name: f for f in kpi(COUNTS, NORMS, Rules(talk_time=TalkTimeRule.SHOWN_ONLY))}
    assert figures["K3"].passed is None
    assert figures["K3"].value == 180.0


def test_a_norm_can_be_kept_exactly() -> None:
    """At least 90 % is kept by 90 %, at most 5 % by 5 %."""
    assert Kpi("K1", 0.9, Unit.SHARE, 0.9, Bound.AT_LEAST).passed is True
    assert Kpi("K2", 0.05, Unit.SHARE, 0.05, Bound.AT_MOST).passed is True
    assert Kpi("K1", 0.9 - 1e-9, Unit.SHARE, 0.9, Bound.AT_LEAST).passed is False


def test_a_mark_after_the_end_of_the_talk_is_its_end() -> None:
    """A key pressed late does not make advising negative."""
    counts = counts_of(call("answered", 1.0, 100.0, 130.0), NORMS)
    assert (counts.questioned_s, counts.advised_s) == (100.0, 0.0)


@given(st.lists(st.floats(0, 1e4), min_size=1))
def test_percentiles_are_values_that_occurred(values: list[float]) -> None:
    """Nearest rank: at least p % of the values are at or below the percentile, fewer are below it."""
    found = distribution(values)
    for percent, value in ((50, found.p50_s), (90, found.p90_s), (95, found.p95_s), (99, found.p99_s)):
        assert value in values
        assert sum(v <= value for v in values) * 100 >= percent * len(values)
        assert sum(v < value for v in values) * 100 < percent * len(values)
    assert found.max_s == max(values)


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 200)), max_size=6))
def test_counts_add_up_in_any_order(parts: list[tuple[int, float]]) -> None:
    """Adding is associative and has a zero, so days add up to months."""
    counts = [replace(CallCounts(), accepted=n, longest_wait_s=s) for n, s in parts]
    total = sum(counts, CallCounts())
    assert total.accepted == sum(n for n, _ in parts)
    assert total.longest_wait_s == max((s for _, s in parts), default=0.0)
    assert sum(reversed(counts), CallCounts()) == total

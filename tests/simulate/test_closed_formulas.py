"""The engine in virtual time against the closed formulas of waiting lines, within the simulation's own intervals."""

import math

import pytest

from acd.simulate import estimate
from acd.simulate.durations import Constant, Exponential
from acd.simulate.tally import Outcome
from metrics.erlang import LineFigures, Load, constant_handling_wait_s, erlang_a, erlang_c, erlang_c_limited
from tests.simulate.lines import simple_world

TALK_S = 100.0
WITHIN_S = 20.0
RUNS = 12
CALLS = 1200
"""Per run at least, without those that warm the line up."""
CONFIDENCE = 0.999
"""Some 90 comparisons: one in a thousand lies outside by chance, and the seeds are fixed."""


def runs(operators: int, load: float, *, constant: bool = False, **line: float | int) -> list[Outcome]:
    """Return replications of a line, warmed up for as long as three runs of the longest memory."""
    rate = load * operators / TALK_S
    warm_up_s = 40 * TALK_S
    talk = Constant(mean_s=TALK_S) if constant else Exponential(kind="exponential", mean_s=TALK_S)
    outcomes = []
    for seed in range(RUNS):
        world = simple_world(
            rate,
            talk,
            operators,
            seconds=warm_up_s + max(CALLS, 150 * operators) / rate,
            seed=seed,
            warm_up_s=warm_up_s,
            within_s=WITHIN_S,
            **line,
        )
        outcomes.append(world.run())
    return outcomes


def share(outcomes: list[Outcome], part: str, whole: str = "accepted") -> estimate.Estimate:
    """Return the estimate of one count's share of another."""
    totals = [outcome.total for outcome in outcomes]
    parts, wholes = ([getattr(total, name) for total in totals] for name in (part, whole))
    return estimate.ratio(parts, wholes, CONFIDENCE)


def assert_agrees(outcomes: list[Outcome], formula: LineFigures) -> None:
    """Share in time and share unanswered lie within the intervals."""
    assert share(outcomes, "answered_in_norm").holds(formula.in_norm_share)
    lost = [outcome.total.accepted - outcome.total.answered for outcome in outcomes]
    accepted = [outcome.total.accepted for outcome in outcomes]
    unanswered = estimate.ratio(lost, accepted, CONFIDENCE)
    assert unanswered.holds(formula.unanswered_share) or math.isclose(unanswered.value, formula.unanswered_share)


@pytest.mark.parametrize(
    ("operators", "load"), [(1, 0.5), (2, 0.6), (3, 0.75), (5, 0.8), (10, 0.85), (25, 0.88), (40, 0.88)]
)
def test_everlasting_patience_is_erlang_c(operators, load):
    """M/M/c: mean wait and share in time are those of Erlang C."""
    outcomes = runs(operators, load)
    formula = erlang_c(Load(load * operators / TALK_S, TALK_S, operators), WITHIN_S)
    assert share(outcomes, "waited_s").holds(formula.mean_wait_s)
    assert_agrees(outcomes, formula)


@pytest.mark.parametrize(
    ("operators", "load", "patience_s"),
    [
        (1, 0.9, 50.0),
        (3, 1.1, 60.0),
        (5, 0.9, 200.0),
        (10, 1.0, 100.0),
        (10, 1.3, 300.0),
        (25, 1.05, 120.0),
        (40, 1.1, 90.0),
    ],
)
def test_exponential_patience_is_erlang_a(operators, load, patience_s):
    """M/M/c+M: mean wait, share in time and abandonment are those of Erlang A, also in overload."""
    outcomes = runs(operators, load, patience_s=patience_s)
    formula = erlang_a(Load(load * operators / TALK_S, TALK_S, operators), patience_s, WITHIN_S)
    assert share(outcomes, "waited_s").holds(formula.mean_wait_s)
    assert_agrees(outcomes, formula)


@pytest.mark.parametrize(
    ("operators", "load", "places"),
    [(1, 0.8, 1), (2, 1.2, 4), (5, 0.9, 3), (10, 1.1, 10), (25, 1.0, 5), (40, 1.05, 20)],
)
def test_limited_places_are_the_formula_with_losses(operators, load, places):
    """M/M/c/K: mean wait of those let in, share in time and share turned away; a rule of the line turns them away."""
    outcomes = runs(operators, load, places=places)
    formula = erlang_c_limited(Load(load * operators / TALK_S, TALK_S, operators), places, WITHIN_S)
    assert share(outcomes, "answered_waited_s", "answered").holds(formula.mean_wait_s)
    assert_agrees(outcomes, formula)


@pytest.mark.parametrize(("operators", "load"), [(1, 0.6), (2, 0.7), (5, 0.8), (10, 0.85), (25, 0.9)])
def test_constant_talks_are_the_formula_of_crommelin(operators, load):
    """M/D/c: the mean wait is shorter than that of M/M/c, and just so much shorter."""
    outcomes = runs(operators, load, constant=True)
    formula_s = constant_handling_wait_s(Load(load * operators / TALK_S, TALK_S, operators))
    assert share(outcomes, "waited_s").holds(formula_s)

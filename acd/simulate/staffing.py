"""The fewest operators for each quarter of an hour that keep the norms: a search with the real engine.

A quarter keeps its norms if, of the calls that enter in it, K1 and K2 stand on the right side of their norms with the
confidence asked for (one-sided bound over the replications), and no more calls than K7 allows wait over the maximum on
average: none at all, where it allows none.

What a quarter needs depends on what the one before left behind, so the search goes through the day in order: each
quarter gets the fewest operators that keep its own norms and those of the quarter before it, all earlier ones fixed and
the later ones as Erlang guesses. Callers are the same in every trial (common random numbers), so that one more operator
is all that differs. At the end the whole plan runs over callers that the search has not seen, and a quarter that breaks
a norm there gets one more operator, until none does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from acd.simulate.report import by_slot, jackknife
from acd.simulate.study import Study, Workers, replications
from acd.simulate.tally import Outcome
from acd.standard import standard_of
from metrics.counts import CallCounts
from metrics.erlang import fewest_operators
from metrics.kpi import over_maximum, service_level, unanswered_share
from metrics.norms import Standard
from metrics.records.counting import SLOT_S
from queue_engine.ids import QueueName

LOOK_BACK = 4
"""A trial begins so many quarters before the one that it tries: a line forgets within an hour."""

AT_MOST_TIMES = 3
"""More than so many times the operators of Erlang C, and 20, are not tried: it is not their number that breaks the
norm then, but a greeting, impatience or misses."""

MENDED_AT_MOST = 12
"""So often the last look may add operators; what is broken then is told."""

MENDED_BY = 4
"""A quarter is mended by so many operators at most: what that does not mend, more of them will not."""

CONFIRMED_AGAIN = 10_007
"""Added to the seed for the callers of the last look."""


@dataclass(frozen=True, slots=True)
class QuarterPlan:
    """One quarter of an hour of the plan."""

    begin: float
    """Seconds since the epoch."""
    calls: float
    """Expected."""
    operators: int
    erlang_a: int | None
    """What the formulas say; Erlang A is None where patience knows no end."""
    erlang_c: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How the whole plan does with callers that the search has not seen."""

    slots: dict[int, list[CallCounts]]
    """By quarter of an hour since the epoch, of each run."""
    broken: tuple[float, ...]
    """Beginnings of the quarters that do not keep their norms for certain."""
    runs: int


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for."""

    study: Study
    runs: int = 20
    confidence: float = 0.9
    workers: Workers = field(default_factory=lambda: Workers(1))


def guess(study: Study) -> list[QuarterPlan]:
    """Return what the formulas say for each quarter, all lines of the scenario together, as a spreadsheet would.

    The norms are those of the first line that is called; wrap-up counts as handling.
    """
    lines = study.lines()
    wrap_ups = {line.name: line.wrap_up_s for line in study.config.lines}
    norms = standard_of(study.config).of(lines[0][0])
    columns = [study.quarters(traffic) for _, traffic in lines]
    handled = [
        traffic.talk.mean_s
        + (traffic.wrap_up.mean_s if traffic.wrap_up else wrap_ups[str(name)])
        + study.scenario.telephones.answer.mean_s
        for name, traffic in lines
    ]
    patient = [traffic.patience.mean_s if traffic.patience else None for _, traffic in lines]
    found = []
    for spans in zip(*columns, strict=True):
        begin, end, _ = spans[0]
        calls = sum(expected for *_, expected in spans)
        rate = calls / (end - begin)
        handling_s = sum(e * h for (*_, e), h in zip(spans, handled, strict=True)) / calls if calls else 0.0
        patience_s = _mean_patience([e for *_, e in spans], patient)
        need = partial(
            fewest_operators,
            rate,
            handling_s,
            within_s=norms.target_wait_s,
            in_norm=norms.in_norm_share,
            unanswered=norms.unanswered_share,
        )
        by_a = need(patience_s=patience_s) if patience_s is not None else None
        by_c = need(patience_s=None)
        found.append(QuarterPlan(begin, calls, by_a if by_a is not None else by_c, by_a, by_c))
    return found


def _mean_patience(weights: Sequence[float], patient: Sequence[float | None]) -> float | None:
    known = [
        (weight, patience_s) for weight, patience_s in zip(weights, patient, strict=True) if patience_s is not None
    ]
    total = sum(weight for weight, _ in known)
    if len(known) < len(weights) or not total:
        return None if len(known) < len(weights) else known[0][1]
    return sum(weight * patience_s for weight, patience_s in known) / total


def keeps(counts: Sequence[CallCounts], standard: Standard, line: QueueName | None, confidence: float) -> bool:
    """Tell whether calls keep K1, K2 and K7 with a confidence, 0 to 1; a quarter without calls keeps them."""
    norms = standard.default if line is None else standard.of(line)
    rules = standard.rules
    two_sided = 2 * confidence - 1
    in_norm = jackknife(counts, lambda each: service_level(each, rules.service_level), two_sided)
    if in_norm is None:
        return True
    unanswered = jackknife(counts, lambda each: unanswered_share(each, rules.unanswered), two_sided)
    over = sum(over_maximum(each, rules.over_maximum) for each in counts) / len(counts)
    return (
        in_norm.low >= norms.in_norm_share
        and unanswered is not None
        and unanswered.high <= norms.unanswered_share
        and over <= norms.over_maximum_calls
    )


def plan(
    search: Search, told: Callable[[int, int], None] = lambda _done, _of: None
) -> tuple[list[QuarterPlan], Confirmed]:
    """Return the plan, and how it does with callers that the search has not seen; `told(done, of)` counts steps.

    Raises:
        UnknownLine: The configuration has no such line.
    """
    quarters_ = guess(search.study)
    numbers = [each.operators for each in quarters_]
    steps = len(numbers) + 1
    for place in range(len(numbers)):
        _mend_before(search, quarters_, numbers, place)
        numbers[place] = _fewest(search, quarters_, numbers, place)
        told(place + 1, steps)
    searched = [*numbers]
    for _ in range(MENDED_AT_MOST):
        planned = [replace(each, operators=count) for each, count in zip(quarters_, numbers, strict=True)]
        confirmed = confirm(search, planned)
        if not confirmed.broken:
            break
        for place, each in enumerate(quarters_):
            numbers[place] += each.begin in confirmed.broken and numbers[place] < searched[place] + MENDED_BY
    told(steps, steps)
    return planned, confirmed


def _mend_before(search: Search, quarters_: Sequence[QuarterPlan], numbers: list[int], place: int) -> None:
    """Give the quarter before more operators where no number of them in this one can mend what it left."""
    if not place:
        return
    searched = numbers[place - 1]
    for more in range(MENDED_BY + 1):
        numbers[place - 1] = searched + more
        tried = [*numbers]
        tried[place] = _most(quarters_[place])
        if place - 1 not in _trial(search, quarters_, tried, place):
            return
    numbers[place - 1] = searched  # it is not their number, or the runs are too few to say


def _most(quarter: QuarterPlan) -> int:
    return AT_MOST_TIMES * quarter.erlang_c + 20


def _fewest(search: Search, quarters_: Sequence[QuarterPlan], numbers: Sequence[int], place: int) -> int:
    """Return the fewest operators of one quarter, by doubling steps from the guess and then halving them."""

    def holds(count: int) -> bool:
        tried = [*numbers]
        tried[place] = count
        return not _trial(search, quarters_, tried, place)

    if quarters_[place].calls <= 0 and holds(0):
        return 0
    low, high, step = -1, max(1, numbers[place]), 1
    most = _most(quarters_[place])
    if holds(high):
        while high - step > low and holds(high - step):
            high -= step
            step *= 2
        low = max(low, high - step)
    else:
        while not holds(high):
            if high == most:
                return max(1, numbers[place])
            low, high = high, min(most, high + step)
            step *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high


def _trial(search: Search, quarters_: Sequence[QuarterPlan], numbers: Sequence[int], place: int) -> list[int]:
    """Return which of the quarter and the one before break their norms, by their places."""
    first = max(0, place - LOOK_BACK)
    last = min(len(quarters_), place + 2)
    begin = quarters_[first].begin
    end = quarters_[last].begin if last < len(quarters_) else search.study.ends
    at_work = tuple((quarters_[at].begin, numbers[at]) for at in range(first, last))
    study = replace(search.study, numbers=at_work, within=(begin, end))
    outcomes = list(replications(study, search.runs, search.workers))
    looked_at = [at for at in (place - 1, place) if at >= 0]
    slots = _broken(outcomes, [int(quarters_[at].begin // SLOT_S) for at in looked_at], search)
    return [at for at in looked_at if int(quarters_[at].begin // SLOT_S) in slots]


def _broken(outcomes: Sequence[Outcome], wanted: Sequence[int], search: Search) -> list[int]:
    """Return those of the quarters in which some line does not keep its norms."""
    standard = standard_of(search.study.config)
    broken = []
    for slot in wanted:
        for line, _ in search.study.lines():
            counts = [outcome.by_slot.get((line, slot), CallCounts()) for outcome in outcomes]
            if not keeps(counts, standard, line, search.confidence):
                broken.append(slot)
                break
    return broken


def confirm(search: Search, planned: Sequence[QuarterPlan]) -> Confirmed:
    """Return how the plan does over the whole span, with callers that the search has not seen."""
    study = replace(
        search.study,
        seed=search.study.seed + CONFIRMED_AGAIN,
        numbers=tuple((each.begin, each.operators) for each in planned),
    )
    outcomes = list(replications(study, search.runs, search.workers))
    broken = _broken(outcomes, [int(each.begin // SLOT_S) for each in planned], search)
    return Confirmed(by_slot(outcomes), tuple(slot * SLOT_S for slot in broken), search.runs)

"""Closed formulas of waiting lines: what a planner's spreadsheet knows, to stand beside the simulation and to judge it.

Arrivals are Poisson with `rate` calls per second, `operators` serve one call each, `handling_s` is the mean time that a
call takes an operator. Offered load a = rate * handling_s, in Erlang. Nothing here knows of levels, shared operators,
shifts or call-backs.

Sources: A. K. Erlang (1917) for B and C; Crommelin (1932) for constant handling times; Palm (1957), in the form of
Zeltyn and Mandelbaum, "Call centers with impatient customers" (2005), for Erlang A.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_STEPS: Final = 2000
"""Intervals of Simpson's rule: more change no shown digit."""

_NEGLIGIBLE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Load:
    """A line in steady state."""

    rate: float
    """Calls per second."""
    handling_s: float
    operators: int

    def __post_init__(self) -> None:
        if not (self.rate > 0 and self.handling_s > 0 and self.operators >= 1):
            raise ValueError("rate and handling_s must be above 0, operators at least 1")

    @property
    def erlangs(self) -> float:
        """Offered load, Erlang."""
        return self.rate * self.handling_s

    @property
    def occupancy(self) -> float:
        """Share of the operators' time that all calls would take, 1 and more where they are too few."""
        return self.erlangs / self.operators


@dataclass(frozen=True, slots=True)
class LineFigures:
    """What a formula says of a line."""

    waiting_share: float
    """Share of calls that have to wait at all."""
    mean_wait_s: float
    """Mean time until the answer or until the caller leaves, over all calls that were let in; infinite in overload."""
    in_norm_share: float
    """Share of all calls answered within the time asked about."""
    unanswered_share: float
    """Share of all calls that are never answered: left, or not let in."""


def erlang_b(operators: int, erlangs: float) -> float:
    """Return the share of calls that find all operators busy where nobody waits. Ratio, 0 to 1."""
    blocked = 1.0
    for number in range(1, operators + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    return blocked


def erlang_c(load: Load, within_s: float) -> LineFigures:
    """Return the figures of M/M/c: everybody waits for ever. In overload nobody is ever answered in time."""
    if load.occupancy >= 1:
        return LineFigures(1.0, math.inf, 0.0, 0.0)
    blocked = erlang_b(load.operators, load.erlangs)
    waiting = blocked / (1 - load.occupancy * (1 - blocked))
    leaving_rate = load.operators / load.handling_s - load.rate
    return LineFigures(waiting, waiting / leaving_rate, 1 - waiting * math.exp(-leaving_rate * within_s), 0.0)


def erlang_c_limited(load: Load, places: int, within_s: float) -> LineFigures:
    """Return the figures of M/M/c/K with K = operators + `places`: a caller who finds all places taken is sent away."""
    operators, erlangs, occupancy = load.operators, load.erlangs, load.occupancy
    # Probabilities relative to that of "all operators busy, nobody waits"; below it their sum is 1/B - 1.
    waiting = [occupancy**count for count in range(places + 1)]
    total = 1 / erlang_b(operators, erlangs) - 1 + sum(waiting)
    turned_away = waiting[places] / total
    let_in = 1 - turned_away
    mean_wait_s = sum(count * share for count, share in enumerate(waiting)) / total / (load.rate * let_in)
    late = 0.0
    finishing = operators / load.handling_s * within_s
    for ahead in range(places):
        # Late if at most `ahead` of the busy operators finish within the time, counting refilled places.
        late += waiting[ahead] / total * poisson_at_most(ahead, finishing)
    return LineFigures(sum(waiting[:places]) / total, mean_wait_s, let_in - late, turned_away)


def erlang_a(load: Load, patience_s: float, within_s: float) -> LineFigures:
    """Return the figures of M/M/c+M: each caller who waits leaves after an exponential time of mean `patience_s`.

    With V the wait that an infinitely patient caller would have, its density is, for x > 0,

        v(x) = rate * p(c-1) * exp(rate * H(x) - c * x / handling_s),   H(x) = patience_s * (1 - exp(-x / patience_s))

    and a caller is answered after x if V = x and his patience is longer.
    """
    serving_rate = load.operators / load.handling_s

    def exponent(x: float) -> float:
        return load.rate * patience_s * -math.expm1(-x / patience_s) - serving_rate * x

    # The exponent is concave: it peaks where rate * exp(-x / patience) = serving_rate.
    peak_x = patience_s * math.log(load.rate / serving_rate) if load.rate > serving_rate else 0.0
    peak = exponent(peak_x)
    end = max(peak_x, within_s, 1e-9)
    while exponent(end) - peak > math.log(_NEGLIGIBLE):
        end *= 2
    begin = peak_x
    while begin > 0 and exponent(begin) - peak > math.log(_NEGLIGIBLE):
        begin = begin / 2 if begin > 1e-6 * peak_x else 0.0

    def density(x: float) -> float:
        return load.rate * math.exp(exponent(x) - peak)

    def answered(x: float) -> float:
        return density(x) * math.exp(-x / patience_s)

    at_once = math.exp(-peak) / erlang_b(load.operators - 1, load.erlangs)
    total = at_once + _integral(density, begin, end)
    served = (at_once + _integral(answered, begin, end)) / total
    in_norm = (at_once + (_integral(answered, begin, within_s) if within_s > begin else 0.0)) / total
    return LineFigures(1 - at_once / total, (1 - served) * patience_s, in_norm, 1 - served)


def fewest_operators(
    rate: float, handling_s: float, patience_s: float | None, *, within_s: float, in_norm: float, unanswered: float
) -> int:
    """Return the fewest operators with which the formula keeps both shares; 0 where nobody calls.

    Args:
        rate: Calls per second.
        handling_s: Mean time that a call takes an operator.
        patience_s: Mean patience for Erlang A; None for Erlang C.
        within_s: The normative wait.
        in_norm: Share of calls to be answered within it, at least.
        unanswered: Share of calls that may be left unanswered, at most.
    """
    if rate <= 0:
        return 0
    operators = max(1, math.floor(rate * handling_s / 2))
    while True:
        load = Load(rate, handling_s, operators)
        found = erlang_c(load, within_s) if patience_s is None else erlang_a(load, patience_s, within_s)
        if found.in_norm_share >= in_norm and found.unanswered_share <= unanswered:
            return operators
        operators += 1


def constant_handling_wait_s(load: Load) -> float:
    """Return the mean wait of M/D/c, seconds: every call takes exactly `handling_s`. Infinite in overload.

    Crommelin: W / handling_s = sum over i >= 1 of P(N_i >= i c) - c/a P(N_i >= i c + 1), with N_i Poisson of mean i a.
    """
    if load.occupancy >= 1:
        return math.inf
    total = 0.0
    for turn in range(1, 1_000_000):
        mean, needed = turn * load.erlangs, turn * load.operators
        term = (1 - poisson_at_most(needed - 1, mean)) - (1 - poisson_at_most(needed, mean)) / load.occupancy
        total += term
        if turn > 5 and abs(term) < _NEGLIGIBLE * max(total, 1e-6):
            break
    return total * load.handling_s


def poisson_at_most(count: int, mean: float) -> float:
    """Return the probability that a Poisson variable of this mean is at most `count`."""
    if count < 0:
        return 0.0
    if mean <= 0:
        return 1.0
    largest = count if count < mean else int(mean)
    top = math.exp(largest * math.log(mean) - mean - math.lgamma(largest + 1))
    total, term = top, top
    for number in range(largest, 0, -1):
        term *= number / mean
        total += term
        if term < total * 1e-17:
            break
    term = top
    for number in range(largest + 1, count + 1):
        term *= mean / number
        total += term
        if term < total * 1e-17:
            break
    return min(1.0, total)


def _integral(function: Callable[[float], float], begin: float, end: float) -> float:
    """Return the integral by Simpson's rule."""
    width = (end - begin) / _STEPS
    inner = sum((4 if step % 2 else 2) * function(begin + step * width) for step in range(1, _STEPS))
    return width / 3 * (function(begin) + inner + function(end))

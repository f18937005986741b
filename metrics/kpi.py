"""The indicators of SAR section 5, from counts. Each formula names its rule; its docstring cites the paragraph.

Shares are ratios from 0 to 1, times are seconds. None means that nothing was there to be measured; it neither keeps a
norm nor breaks it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from metrics.counts import CallCounts
from metrics.distribution import Distribution
from metrics.norms import Norms, OverMaximumRule, Rules, ServiceLevelRule, TalkTimeRule, UnansweredRule


class Unit(StrEnum):
    """What a value is measured in."""

    SHARE = "share"
    SECONDS = "seconds"
    COUNT = "count"
    HOURS = "hours"


class Bound(StrEnum):
    """On which side of its norm a value must lie."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure with all that is needed to judge it."""

    name: str
    """`K1`...`K7` for the indicators of the regulation, else a word: `waited_p90`. Labels are the report's business."""
    value: float | None
    unit: Unit
    norm: float | None = None
    bound: Bound | None = None
    rule: str = ""
    """Name of the reading; empty where there is only one."""

    @property
    def passed(self) -> bool | None:
        """Whether the norm is kept; None where there is no norm or nothing was measured."""
        if self.value is None or self.norm is None or self.bound is None:
            return None
        return self.value >= self.norm if self.bound is Bound.AT_LEAST else self.value <= self.norm


def service_level(counts: CallCounts, rule: ServiceLevelRule) -> float | None:
    """Return K1, the share of accepted calls connected within the normative wait. Ratio, 0 to 1.

    SAR 5.2, second line: "доля принятых звонков с нормативным временем соединения с оператором", norm at least 90 %.
    With N accepted, A answered, B abandoned, and a, b those of them within the normative wait, s the short abandons:

        OF_ALL_ACCEPTED              a / N          strictest; overflowed and dead calls count against it
        SHORT_ABANDONS_LEFT_OUT      a / (N - s)
        EARLY_ABANDONS_LEFT_OUT      a / (N - b)
        EARLY_ABANDONS_COUNT_AS_MET  (a + b) / N    Asterisk `ServicelevelPerf2`
        ANSWERED_ONLY                a / A          Asterisk `ServicelevelPerf`

    Asterisk's names: apps/app_queue.c, manager_queues_status().
    """
    met, of = counts.answered_in_norm, counts.accepted
    match rule:
        case ServiceLevelRule.OF_ALL_ACCEPTED:
            pass
        case ServiceLevelRule.SHORT_ABANDONS_LEFT_OUT:
            of -= counts.abandoned_short
        case ServiceLevelRule.EARLY_ABANDONS_LEFT_OUT:
            of -= counts.abandoned_in_norm
        case ServiceLevelRule.EARLY_ABANDONS_COUNT_AS_MET:
            met += counts.abandoned_in_norm
        case ServiceLevelRule.ANSWERED_ONLY:
            of = counts.answered
        case _:
            assert_never(rule)
    return met / of if of else None


def unanswered_share(counts: CallCounts, rule: UnansweredRule) -> float | None:
    """Return K2, the share of calls that operators left unanswered. Ratio, 0 to 1.

    SAR 5.2, third line: "доля не отвеченных звонков операторами Колл-центра с нормативным временем ожидания
    соединения", norm at most 5 %. With N accepted, U = N - answered, s short abandons, u those of U that had waited
    longer than the normative wait:

        OF_ALL_ACCEPTED          U / N                strictest
        SHORT_ABANDONS_LEFT_OUT  (U - s) / (N - s)
        AFTER_NORMATIVE_WAIT     u / N                left unanswered although the normative wait was over
        WITHIN_NORMATIVE_WAIT    (U - u) / N          the sentence word for word: unanswered, with a normative wait
    """
    unanswered, of = counts.accepted - counts.answered, counts.accepted
    match rule:
        case UnansweredRule.OF_ALL_ACCEPTED:
            pass
        case UnansweredRule.SHORT_ABANDONS_LEFT_OUT:
            unanswered -= counts.abandoned_short
            of -= counts.abandoned_short
        case UnansweredRule.AFTER_NORMATIVE_WAIT:
            unanswered = counts.unanswered_after_norm
        case UnansweredRule.WITHIN_NORMATIVE_WAIT:
            unanswered -= counts.unanswered_after_norm
        case _:
            assert_never(rule)
    return unanswered / of if of else None


def questioning_time(counts: CallCounts) -> float | None:
    """Return K3, the mean time of questioning, seconds, over talks with a mark. SAR 5.2, fourth line: 180 s."""
    return counts.questioned_s / counts.marked if counts.marked else None


def advising_time(counts: CallCounts) -> float | None:
    """Return K4, the mean time of advising the caller, seconds, over talks with a mark. SAR 5.2, fifth line: 300 s.

    Advising is the talk from the mark to its end.
    """
    return counts.advised_s / counts.marked if counts.marked else None


def over_maximum(counts: CallCounts, rule: OverMaximumRule) -> int:
    """Return K7, the number of calls that waited longer than the maximum. SAR 5.1, second sentence: 120 s.

    EVERY_CALL     strictest: answered, abandoned or dead after it, or overflowed `Norms.leaving_s` after it
    ANSWERED_ONLY  connected with an operator after it: the sentence word for word
    """
    match rule:
        case OverMaximumRule.EVERY_CALL:
            return counts.over_maximum
        case OverMaximumRule.ANSWERED_ONLY:
            return counts.answered_over_maximum
        case _:
            assert_never(rule)


def mean_wait(counts: CallCounts) -> float | None:
    """Return the mean wait of answered calls until the answer (ASA), seconds."""
    return counts.answered_waited_s / counts.answered if counts.answered else None


def mean_wait_in_sum(counts: CallCounts) -> float | None:
    """Return the mean wait of a whole call, seconds: those of all its visits together, answered or not.

    A caller who is passed on waits on each line anew; K1, K2 and K7 take each of these waits by itself.
    """
    whole = counts.accepted - counts.passed_on
    return counts.waited_s / whole if whole else None


def mean_talk(counts: CallCounts) -> float | None:
    """Return the mean length of ended talks, seconds."""
    return counts.talked_s / counts.talks if counts.talks else None


def kpi(
    counts: CallCounts,
    norms: Norms,
    rules: Rules | None = None,
    *,
    waits: Distribution | None = None,
    talks: Distribution | None = None,
) -> tuple[Kpi, ...]:
    """Return the indicators of the calls counted, K1, K2, K3, K4 and K7, then volumes, then waits and talks.

    Args:
        counts: The calls.
        norms: What they are held to.
        rules: How the indicators are read; the strictest by default.
        waits: Waits of the answered calls; left out if None.
        talks: Lengths of the ended talks; left out if None.
    """
    rules = rules or Rules()
    bound = Bound.AT_MOST if rules.talk_time is TalkTimeRule.AT_MOST else None
    figures = [
        Kpi(
            "K1",
            service_level(counts, rules.service_level),
            Unit.SHARE,
            norms.in_norm_share,
            Bound.AT_LEAST,
            rules.service_level,
        ),
        Kpi(
            "K2",
            unanswered_share(counts, rules.unanswered),
            Unit.SHARE,
            norms.unanswered_share,
            Bound.AT_MOST,
            rules.unanswered,
        ),
        Kpi("K3", questioning_time(counts), Unit.SECONDS, norms.questioning_s, bound, rules.talk_time),
        Kpi("K4", advising_time(counts), Unit.SECONDS, norms.advising_s, bound, rules.talk_time),
        Kpi(
            "K7",
            over_maximum(counts, rules.over_maximum),
            Unit.COUNT,
            norms.over_maximum_calls,
            Bound.AT_MOST,
            rules.over_maximum,
        ),
        *(
            Kpi(name, getattr(counts, name), Unit.COUNT)
            for name in (
                "accepted",
                "passed_on",
                "answered",
                "answered_in_norm",
                "abandoned",
                "abandoned_short",
                "overflowed",
                "died",
                "refused",
                "closed",
                "open",
                "missed_offers",
            )
        ),
        *([Kpi("waited_in_sum", mean_wait_in_sum(counts), Unit.SECONDS)] if counts.passed_on else []),
        Kpi("talks_marked", counts.marked, Unit.COUNT),
        Kpi("talks_unmarked", counts.talks - counts.marked, Unit.COUNT),
    ]
    for name, times in (("waited", waits), ("talked", talks)):
        if times is not None:
            figures += [
                Kpi(f"{name}_mean", times.mean_s, Unit.SECONDS),
                Kpi(f"{name}_p50", times.p50_s, Unit.SECONDS),
                Kpi(f"{name}_p90", times.p90_s, Unit.SECONDS),
                Kpi(f"{name}_p95", times.p95_s, Unit.SECONDS),
                Kpi(f"{name}_p99", times.p99_s, Unit.SECONDS),
                Kpi(f"{name}_max", times.max_s, Unit.SECONDS),
            ]
    return tuple(figures)

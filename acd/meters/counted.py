"""What is counted fact by fact: calls by outcome, offers by result, waits and talks in histograms, the engine's steps.

The norms are borders of the buckets, so that a share within the norm can be computed exactly from them. They are those
of the start: a norm that a reload changes becomes a border with the next start.
"""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from metrics.norms import Norms, Standard
from metrics.records.codec import RecordedFact
from queue_engine.facts import (
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallOverflowed,
    CallRefused,
    CallReturned,
    OfferMissed,
    OfferWithdrawn,
)
from queue_engine.policy import JoinCondition

WAIT_S: Final = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)
TALK_S: Final = (10.0, 30.0, 60.0, 120.0, 180.0, 240.0, 300.0, 420.0, 600.0, 900.0, 1800.0)
STEP_S: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25)


def borders(usual: Iterable[float], norms: Iterable[float]) -> tuple[float, ...]:
    """Return the usual borders and the norms, in order, none twice."""
    return tuple(sorted({*usual, *norms}))


class Counted:
    """Counts facts into a registry of Prometheus."""

    def __init__(self, standard: Standard, registry: CollectorRegistry) -> None:
        norms: list[Norms] = [standard.default, *standard.lines.values()]
        waits = [border for each in norms for border in (each.target_wait_s, each.max_wait_s)]
        talks = [border for each in norms for border in (each.questioning_s, each.advising_s)]
        self._accepted = Counter("acd_calls_accepted", "Calls taken into a line", ["line"], registry=registry)
        self._ended = Counter("acd_calls", "Calls that have ended, by outcome", ["line", "outcome"], registry=registry)
        self._returned = Counter(
            "acd_calls_returned", "Talks that were none: back to their old place", ["line"], registry=registry
        )
        self._offers = Counter("acd_offers", "Offers that have ended, by result", ["line", "result"], registry=registry)
        self._waits = Histogram(
            "acd_wait_seconds",
            "Wait from the entry until an operator answered or the call left, by which of them",
            ["line", "outcome"],
            buckets=borders(WAIT_S, waits),
            registry=registry,
        )
        self._talks = Histogram(
            "acd_talk_seconds", "Length of talks", ["line"], buckets=borders(TALK_S, talks), registry=registry
        )
        self._steps = Histogram(
            "acd_engine_step_seconds", "Time that the engine takes for one input", buckets=STEP_S, registry=registry
        )

    def stepped(self, seconds: float) -> None:
        """Count a step of the engine."""
        self._steps.observe(seconds)

    def see(self, fact: RecordedFact) -> None:  # noqa: C901, PLR0912 - one case per kind
        """Count a fact."""
        match fact:
            case CallAccepted():
                self._accepted.labels(fact.queue).inc()
            case CallAnswered():
                self._waits.labels(fact.queue, "answered").observe(fact.waited_s)
                if fact.offer is not None:
                    self._offers.labels(fact.queue, "answered").inc()
            case OfferMissed():
                self._offers.labels(fact.queue, fact.failure.value).inc()
            case OfferWithdrawn():
                self._offers.labels(fact.queue, "withdrawn").inc()
            case CallReturned():
                self._returned.labels(fact.queue).inc()
            case CallEnded():
                self._ended.labels(fact.queue, "answered").inc()
                self._talks.labels(fact.queue).observe(fact.talked_s)
            case CallAbandoned():
                self._left(fact, "abandoned")
            case CallOverflowed() if fact.reason == JoinCondition.CLOSED:
                self._ended.labels(fact.queue, "closed").inc()
            case CallOverflowed():
                self._left(fact, "overflowed")
            case CallDied():
                self._left(fact, "died")
            case CallRefused():
                self._ended.labels(fact.queue, "refused").inc()
            case _:  # the other kinds are counted nowhere here
                pass

    def _left(self, fact: CallAbandoned | CallOverflowed | CallDied, outcome: str) -> None:
        self._ended.labels(fact.queue, outcome).inc()
        self._waits.labels(fact.queue, outcome).observe(fact.waited_s)

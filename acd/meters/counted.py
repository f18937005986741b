"""What is counted fact by fact: calls by outcome, offers by result, waits and talks in histograms, call-backs, steps.

The norms are borders of the buckets, so that a share within the norm can be computed exactly from them. They are those
of the start: a norm that a reload changes becomes a border with the next start.
"""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector

from acd.meters.tally import Spread, Tally
from callback.facts import (
    CallbackAttemptStarted,
    CallbackDone,
    CallbackGivenUp,
    CallbackHeld,
    CallbackImpossible,
    CallbackLate,
    CallbackMerged,
)
from metrics.norms import Norms, Standard
from metrics.records.codec import RecordedFact
from queue_engine.facts import (
    AgentStateChanged,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallOffered,
    CallOverflowed,
    CallRefused,
    CallReturned,
    OfferMissed,
    OfferWithdrawn,
    QuestioningEnded,
)
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.policy import JoinCondition

WAIT_S: Final = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)
TALK_S: Final = (10.0, 30.0, 60.0, 120.0, 180.0, 240.0, 300.0, 420.0, 600.0, 900.0, 1800.0)
STEP_S: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25)


def borders(usual: Iterable[float], norms: Iterable[float]) -> tuple[float, ...]:
    """Return the usual borders and the norms, in order, none twice."""
    return tuple(sorted({*usual, *norms}))


def process_registry() -> CollectorRegistry:
    """Return a registry of figures that begins with those of the process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class Counted:
    """Counts facts into a registry of Prometheus."""

    def __init__(self, standard: Standard, registry: CollectorRegistry) -> None:
        norms: list[Norms] = [standard.default, *standard.lines.values()]
        waits = [border for each in norms for border in (each.target_wait_s, each.max_wait_s)]
        talks = [border for each in norms for border in (each.questioning_s, each.advising_s)]
        self._accepted = Tally("acd_calls_accepted", "Calls taken into a line", ["line"])
        self._ended = Tally("acd_calls", "Calls that have ended, by outcome", ["line", "outcome"])
        self._returned = Tally("acd_calls_returned", "Talks that were none: back to their old place", ["line"])
        self._offers = Tally("acd_offers", "Offers that have ended, by result", ["line", "result"])
        self._waits = Spread(
            "acd_wait_seconds",
            "Wait from the entry until an operator answered or the call left, by which of them",
            ["line", "outcome"],
            borders(WAIT_S, waits),
        )
        self._talks = Spread("acd_talk_seconds", "Length of talks", ["line"], borders(TALK_S, talks))
        self._questionings = Spread(
            "acd_questioning_seconds",
            "From the answer to the operator's mark (K3)",
            ["line"],
            borders(TALK_S, (each.questioning_s for each in norms)),
        )
        self._advisings = Spread(
            "acd_advising_seconds",
            "From the operator's mark to the end of the talk (K4)",
            ["line"],
            borders(TALK_S, (each.advising_s for each in norms)),
        )
        self._attempts = Tally("acd_callback_attempts", "Attempts of call-backs, by their limit", ["line", "in_time"])
        self._late = Tally("acd_callbacks_late", "Call-backs without an attempt at their limit", ["line"])
        self._held = Tally("acd_callbacks_held", "Call-backs that are due and wait, by reason", ["line", "reason"])
        self._impossible = Tally("acd_callbacks_impossible", "Call-backs refused, by reason", ["line", "reason"])
        self._called_back = Tally("acd_callbacks_ended", "Call-backs that have ended, by result", ["line", "result"])
        self._answered: dict[CallId, tuple[QueueName, Instant]] = {}
        """When the talks began that go on."""
        self._marked: dict[CallId, Instant] = {}
        """When questioning ended in them."""
        self._steps = Spread("acd_engine_step_seconds", "Time that the engine takes for one input", [], STEP_S)
        each: Tally | Spread
        for each in (
            self._accepted,
            self._ended,
            self._returned,
            self._offers,
            self._waits,
            self._talks,
            self._questionings,
            self._advisings,
            self._attempts,
            self._late,
            self._held,
            self._impossible,
            self._called_back,
            self._steps,
        ):
            registry.register(each)

    def stepped(self, seconds: float) -> None:
        """Count a step of the engine."""
        self._steps.see(seconds)

    def see(self, fact: RecordedFact) -> None:  # noqa: C901, PLR0912 - one case per kind
        """Count a fact."""
        match fact:
            case AgentStateChanged() | CallOffered():
                pass  # the most frequent ones, counted nowhere here
            case CallAccepted():
                self._accepted.count(fact.queue)
            case CallAnswered():
                self._waits.see(fact.waited_s, fact.queue, "answered")
                self._answered[fact.call] = (fact.queue, fact.at)
                if fact.offer is not None:
                    self._offers.count(fact.queue, "answered")
            case OfferMissed():
                self._offers.count(fact.queue, fact.failure.value)
            case OfferWithdrawn():
                self._offers.count(fact.queue, "withdrawn")
            case CallReturned():
                self._returned.count(fact.queue)
                self._forget(fact.call)
            case QuestioningEnded():
                self._marked.setdefault(fact.call, fact.at)
            case CallEnded():
                self._ended.count(fact.queue, "answered")
                self._talks.see(fact.talked_s, fact.queue)
                self._divide(fact)
            case CallAbandoned():
                self._left(fact, "abandoned")
            case CallOverflowed() if fact.reason == JoinCondition.CLOSED:
                self._ended.count(fact.queue, "closed")
            case CallOverflowed():
                self._left(fact, "overflowed")
            case CallDied():
                self._left(fact, "died")
            case CallRefused():
                self._ended.count(fact.queue, "refused")
            case CallbackAttemptStarted():
                self._attempts.count(fact.queue, "yes" if fact.within_limit else "no")
            case CallbackHeld():
                self._held.count(fact.queue, fact.reason.value)
            case CallbackImpossible():
                self._impossible.count(fact.queue, fact.reason.value)
            case CallbackLate():
                self._late.count(fact.queue)
            case CallbackDone() | CallbackMerged() | CallbackGivenUp():
                self._called_back.count(fact.queue, _RESULTS[type(fact)])
            case _:  # the other kinds are counted nowhere here
                pass

    def _left(self, fact: CallAbandoned | CallOverflowed | CallDied, outcome: str) -> None:
        self._ended.count(fact.queue, outcome)
        self._waits.see(fact.waited_s, fact.queue, outcome)

    def _divide(self, ended: CallEnded) -> None:
        """Count questioning and advising of a talk with a mark; one without is in neither, as in K3 and K4."""
        began, marked_at = self._answered.get(ended.call), self._marked.get(ended.call)
        self._forget(ended.call)
        if began is not None and marked_at is not None:
            self._questionings.see(max(0.0, marked_at - began[1]), began[0])
            self._advisings.see(max(0.0, ended.at - marked_at), began[0])

    def _forget(self, call: CallId) -> None:
        self._answered.pop(call, None)
        self._marked.pop(call, None)


_RESULTS: Final = {CallbackDone: "done", CallbackMerged: "called_himself", CallbackGivenUp: "given_up"}

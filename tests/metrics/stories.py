"""Plausible days of a contact centre as facts: what the engine would say, without the engine.

Everything comes from one `Random`, which a test seeds or Hypothesis drives.
"""

from collections.abc import Iterable
from random import Random

from metrics.records.codec import RecordedFact
from metrics.records.derive import Derivation, PlacedFact
from metrics.records.rows import CallRow
from queue_engine.facts import (
    AbandonStage,
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallMoved,
    CallOffered,
    CallOverflowed,
    CallPrioritised,
    CallRecovered,
    CallRefused,
    CallReturned,
    OfferMissed,
    OfferWithdrawn,
    QuestioningEnded,
    TargetWaitPassed,
)
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party, RingFailure

LINES = (QueueName("122"), QueueName("1300"))
AGENTS = tuple(AgentId(str(number)) for number in range(101, 106))
START = 1_790_000_000.0
"""Some instant in September 2026."""

WAITS_S = (0.0, 0.5, 4.9, 5.0, 20.25, 60.0, 60.1, 90.0, 120.0, 120.5, 121.0, 121.5, 150.0)
"""Waits on, before and behind every border that a norm draws."""


def story(
    rng: Random, calls: int = 10, start: float = START, span_s: float = 3600.0, first: int = 1
) -> list[RecordedFact]:
    """Return the facts of `calls` calls and of the operators' states, in the order of their instants."""
    facts: list[RecordedFact] = []
    for number in range(first, first + calls):
        facts += _call(rng, number, start + rng.uniform(0, span_s))
    for agent in AGENTS:
        facts += _shift(rng, agent, start, span_s)
    return sorted(facts, key=lambda fact: fact.at)


def _call(rng: Random, number: int, entered: float) -> list[RecordedFact]:
    call, line = CallId(f"pbx-1.{number}" + rng.choice(("", "", "", "-1"))), rng.choice(LINES)
    caller = rng.choice(("", "+79170000001", "+79170000002", "+79170000003", f"+7917{number:07}"))
    at = Instant(entered)
    offers = iter(range(number * 10, number * 10 + 10))
    if rng.random() < 0.05:
        return [CallRefused(at, call, line, caller, at, "unknown line")]
    facts: list[RecordedFact] = [CallAccepted(at, call, line, caller, at, rng.randrange(2))]
    for _ in range(rng.randrange(3)):
        facts += _miss(rng, call, line, OfferId(next(offers)), at)
    if rng.random() < 0.2:
        other = LINES[1 - LINES.index(line)]
        facts += [CallMoved(at, call, line, other, "overflow", "system"), CallPrioritised(at, call, other, 0, 2, "101")]
        line = other
    if rng.random() < 0.1:
        facts.append(CallRecovered(at, call, line, caller, at))
    waited_s = rng.choice(WAITS_S)
    end = Instant(entered + waited_s)
    if waited_s > 60:
        facts.append(TargetWaitPassed(Instant(entered + 60), call, line))
    match rng.randrange(8):
        case 0:
            facts.append(CallAbandoned(end, call, line, caller, rng.choice(list(AbandonStage)), waited_s, 16))
        case 1:
            facts.append(CallOverflowed(end, call, line, "voicemail", "max_wait", waited_s))
        case 2:
            facts.append(CallDied(end, call, line, caller, "Asterisk restarted", waited_s))
        case 3:
            pass  # still waiting
        case _:
            facts += _talk(rng, call, line, caller, end, waited_s, OfferId(next(offers)))
    return facts


def _miss(rng: Random, call: CallId, line: QueueName, offer: OfferId, at: Instant) -> list[RecordedFact]:
    agent = rng.choice(AGENTS)
    offered = CallOffered(at, call, line, offer, agent, 0.0)
    match rng.randrange(3):
        case 0:
            return [offered, OfferMissed(at, call, line, offer, agent, rng.choice(list(RingFailure)), 0.0)]
        case 1:
            return [offered, OfferWithdrawn(at, call, line, offer, agent, "operator logged out", 0.0)]
        case _:
            return [offered]  # nobody saw its end


def _talk(
    rng: Random, call: CallId, line: QueueName, caller: str, at: Instant, waited_s: float, offer: OfferId
) -> list[RecordedFact]:
    agent = rng.choice(AGENTS)
    found = rng.random() < 0.1
    facts: list[RecordedFact] = [] if found else [CallOffered(at, call, line, offer, agent, waited_s)]
    facts.append(CallAnswered(at, call, line, None if found else offer, agent, waited_s))
    if rng.random() < 0.1:
        back = Instant(at + 0.5)
        facts.append(CallReturned(back, call, line, agent, 0.5))
        if rng.random() < 0.5:
            facts.append(CallAbandoned(back, call, line, caller, AbandonStage.WAITING, waited_s + 0.5, 16))
            return facts
        at, waited_s = back, waited_s + 0.5
        facts.append(CallAnswered(at, call, line, None, agent, waited_s))
    talked_s = rng.choice((0.0, 1.0, 30.5, 200.0, 600.0))
    if rng.random() < 0.4:
        facts.append(QuestioningEnded(Instant(at + min(talked_s, rng.choice((0.0, 10.0, 170.0)))), call, agent))
    if rng.random() < 0.9:
        facts.append(
            CallEnded(
                Instant(at + talked_s), call, line, caller, agent, rng.choice(list(Party)), 16, waited_s, talked_s
            )
        )
    return facts


def _shift(rng: Random, agent: AgentId, start: float, span_s: float) -> list[RecordedFact]:
    facts: list[RecordedFact] = []
    at, state = start + rng.uniform(0, 60), AgentState.LOGGED_OUT
    before_s = 0.0
    while at < start + span_s:
        following = rng.choice([s for s in AgentState if s is not state])
        reason = rng.choice(("lunch", "training")) if following is AgentState.PAUSED else ""
        facts.append(AgentStateChanged(Instant(at), agent, state, following, reason, "system", before_s))
        before_s = rng.choice((0.0, 30.0, 300.0, 1200.0))
        at, state = at + before_s, following
        if before_s == 0.0:
            break
    return facts


def call_rows(facts: Iterable[RecordedFact]) -> list[CallRow]:
    """Return the rows of the calls after the facts, derived in memory."""
    derivation = Derivation()
    batch = [PlacedFact("run", seq, fact) for seq, fact in enumerate(facts, 1)]
    derivation.supply(derivation.needs(batch), {})
    return [row for row in derivation.apply(batch).get("calls", []) if isinstance(row, CallRow)]

"""What a fact changes in the derived tables: one pure function per table, and the batch that puts them together.

The live writer and the rebuild both go through `Batch`, so they cannot disagree. The functions are total: facts may
miss (a disk was full) or repeat, and a row is then made from what is known.

Across a restart of the daemon: its new run knows nothing of offers and operators' states that the old run left open.
The first fact of another run closes them at the last fact that was recorded before it, the last moment anybody knew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from metrics.facts import QuestioningEnded
from metrics.records.codec import RecordedFact, UnknownFact
from metrics.records.rows import CallRow, OfferResult, OfferRow, Outcome, StateRow
from queue_engine.facts import (
    AgentState,
    AgentStateChanged,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallOffered,
    CallOverflowed,
    CallRecovered,
    CallRefused,
    CallReturned,
    OfferMissed,
    OfferWithdrawn,
    TargetWaitPassed,
)


@dataclass(frozen=True, slots=True)
class PlacedFact:
    """A fact with its place in the records."""

    run: str
    seq: int
    fact: RecordedFact | UnknownFact


@dataclass(frozen=True, slots=True)
class Place:
    """The last fact taken in: its run and its instant."""

    run: str
    at: float


def call_after(call: CallRow | None, fact: RecordedFact) -> CallRow | None:  # noqa: C901, PLR0911, PLR0912 - one case per kind
    """Return the row of the fact's call after it; `call` itself where the fact changes nothing in it."""
    match fact:
        case CallAccepted():
            if call is None:
                return CallRow(fact.call, fact.queue, fact.queue, fact.caller, fact.entered_at, fact.priority)
            return call
        case CallRecovered():
            row = call or CallRow(fact.call, fact.queue, fact.queue, fact.caller, fact.entered_at)
            return replace(row, recovered=True, last_queue=fact.queue)
        case CallRefused():
            row = call or CallRow(fact.call, fact.queue, fact.queue, fact.caller, fact.entered_at)
            return replace(row, ended_at=fact.at, outcome=Outcome.REFUSED, reason=fact.reason)
        case CallOffered():
            row = call or _row(fact, "", fact.waited_s)
            return replace(row, offers=row.offers + 1, last_queue=fact.queue)
        case OfferMissed():
            return None if call is None else replace(call, misses=call.misses + 1)
        case CallAnswered():
            row = call or _row(fact, "", fact.waited_s)
            return replace(
                row,
                # A talk that was found after a restart began before the fact: its wait says when.
                answered_at=fact.at if fact.offer is not None else row.entered_at + fact.waited_s,
                outcome=Outcome.ANSWERED,
                waited_s=fact.waited_s,
                agent=fact.agent,
                last_queue=fact.queue,
                ended_at=None,
                questioned_s=None,
            )
        case CallReturned():
            row = call or _row(fact, "", fact.talked_s)
            return replace(
                row,
                returns=row.returns + 1,
                answered_at=None,
                outcome=None,
                waited_s=None,
                agent=None,
                questioned_s=None,
            )
        case QuestioningEnded():
            if call is None or call.answered_at is None or call.ended_at is not None or call.questioned_s is not None:
                return call
            return replace(call, questioned_s=max(0.0, fact.at - call.answered_at))
        case CallEnded():
            row = call or _row(fact, fact.caller, fact.waited_s + fact.talked_s)
            return replace(
                row,
                answered_at=row.answered_at if row.answered_at is not None else fact.at - fact.talked_s,
                ended_at=fact.at,
                outcome=Outcome.ANSWERED,
                waited_s=fact.waited_s,
                talked_s=fact.talked_s,
                agent=fact.agent,
                ended_by=fact.by,
                cause=fact.cause,
                last_queue=fact.queue,
            )
        case CallAbandoned():
            row = call or _row(fact, fact.caller, fact.waited_s)
            return replace(
                _unserved(row, fact.at, Outcome.ABANDONED, fact.waited_s), stage=fact.stage, cause=fact.cause
            )
        case CallOverflowed():
            row = call or _row(fact, "", fact.waited_s)
            return replace(
                _unserved(row, fact.at, Outcome.OVERFLOWED, fact.waited_s),
                destination=fact.destination,
                reason=fact.reason,
            )
        case CallDied():
            row = call or _row(fact, fact.caller, fact.waited_s)
            return replace(_unserved(row, fact.at, Outcome.DIED, fact.waited_s), reason=fact.reason)
        case TargetWaitPassed():
            return None if call is None else replace(call, target_passed=True)
        case OfferWithdrawn() | AgentStateChanged():
            return call
        case _:  # facts of kinds that concern no call's row
            return call


def _row(
    fact: CallOffered | CallAnswered | CallReturned | CallEnded | CallAbandoned | CallOverflowed | CallDied,
    caller: str,
    since_entry_s: float,
) -> CallRow:
    """A row for a call whose acceptance is not in the records."""
    return CallRow(fact.call, fact.queue, fact.queue, caller, fact.at - since_entry_s)


def _unserved(row: CallRow, at: float, outcome: Outcome, waited_s: float) -> CallRow:
    return replace(row, ended_at=at, outcome=outcome, waited_s=waited_s, answered_at=None, agent=None)


def offer_after(offer: OfferRow | None, fact: RecordedFact) -> OfferRow | None:
    """Return the row of the fact's offer after it; `offer` itself where the fact changes nothing in it."""
    match fact:
        case CallOffered():
            return offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at, fact.waited_s)
        case OfferMissed():
            row = offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at - fact.rang_s, 0.0)
            return replace(row, ended_at=fact.at, result=OfferResult.MISSED, failure=fact.failure, rang_s=fact.rang_s)
        case OfferWithdrawn():
            row = offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at - fact.rang_s, 0.0)
            return replace(row, ended_at=fact.at, result=OfferResult.WITHDRAWN, reason=fact.reason, rang_s=fact.rang_s)
        case CallAnswered() if fact.offer is not None:
            row = offer or OfferRow(fact.offer, fact.call, fact.queue, fact.agent, fact.at, fact.waited_s)
            return replace(
                row, ended_at=fact.at, result=OfferResult.ANSWERED, rang_s=max(0.0, fact.at - row.offered_at)
            )
        case _:  # every other kind concerns no offer
            return offer


def states_after(open_state: StateRow | None, run: str, seq: int, fact: AgentStateChanged) -> tuple[StateRow, ...]:
    """Return the rows that change: the stay that has ended, where one was open, and the one that begins.

    An operator who was in a state before the records knew of it gets that stay too, from the fact's own `before_s`,
    named by the negative number of the fact.
    """
    begins = StateRow(run, seq, fact.agent, fact.after, fact.reason, fact.by, fact.at, fact.call)
    if open_state is not None:
        return replace(open_state, ended_at=max(fact.at, open_state.started_at)), begins
    if fact.before is AgentState.LOGGED_OUT or fact.before_s <= 0:
        return (begins,)
    started_at = fact.at - fact.before_s
    return StateRow(run, -seq, fact.agent, fact.before, "", "", started_at, ended_at=fact.at), begins


@dataclass(slots=True)
class Needs:
    """The rows that must be at hand before facts can be applied."""

    calls: set[str] = field(default_factory=set)
    offers: set[int] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    all_open: bool = False
    """A run begins: everything that the one before left open is needed."""


@dataclass(slots=True)
class Changes:
    """Rows to be written."""

    calls: list[CallRow]
    offers: list[OfferRow]
    states: list[StateRow]


_KEPT_AT_MOST: Final = 20_000
"""Open rows kept between batches; beyond this they are read again when needed."""


class Derivation:
    """Rows that may still change, kept between batches so that a batch rarely has to read.

    Use: `needs`, then `supply` what was read, then `apply`, then write what it returns; `settle` after the commit or
    `forget` after a failure.
    """

    def __init__(self, place: Place | None = None) -> None:
        self._place = place
        self._calls: dict[str, CallRow | None] = {}
        self._offers: dict[int, OfferRow | None] = {}
        self._states: dict[str, StateRow | None] = {}

    def needs(self, batch: Iterable[PlacedFact]) -> Needs:
        """Return what must be supplied before `apply(batch)`."""
        needs = Needs()
        run = self._place.run if self._place else None
        for placed in batch:
            fact = placed.fact
            if run is not None and placed.run != run:
                needs.all_open = True
            run = placed.run
            if isinstance(fact, UnknownFact):
                continue
            if isinstance(fact, AgentStateChanged):
                if fact.agent not in self._states:
                    needs.agents.add(fact.agent)
                continue
            if fact.call not in self._calls:
                needs.calls.add(fact.call)
            offer = getattr(fact, "offer", None)
            if offer is not None and offer not in self._offers:
                needs.offers.add(offer)
        return needs

    def supply(
        self,
        needs: Needs,
        calls: Iterable[CallRow] = (),
        offers: Iterable[OfferRow] = (),
        states: Iterable[StateRow] = (),
    ) -> None:
        """Take in the rows read for `needs`; what was needed and not read does not exist."""
        self._calls.update(dict.fromkeys(needs.calls))
        self._offers.update(dict.fromkeys(needs.offers))
        self._states.update(dict.fromkeys(needs.agents))
        for call in calls:
            self._calls[call.call] = self._calls.get(call.call) or call
        for offer in offers:
            self._offers[offer.offer] = self._offers.get(offer.offer) or offer
        for state in states:
            self._states[state.agent] = self._states.get(state.agent) or state

    def apply(self, batch: Iterable[PlacedFact]) -> Changes:
        """Apply the facts in order and return the rows that have changed, each once, as they are at the end."""
        calls: dict[str, CallRow] = {}
        offers: dict[int, OfferRow] = {}
        states: dict[tuple[str, int], StateRow] = {}
        for placed in batch:
            fact = placed.fact
            if self._place is not None and placed.run != self._place.run:
                self._close_what_is_open(self._place.at, offers, states)
            self._place = Place(placed.run, fact.at)
            if isinstance(fact, UnknownFact):
                continue
            if isinstance(fact, AgentStateChanged):
                rows = states_after(self._states.get(fact.agent), placed.run, placed.seq, fact)
                states.update({(row.run, row.seq): row for row in rows})
                self._states[fact.agent] = rows[-1]
                continue
            before = self._calls.get(fact.call)
            call = call_after(before, fact)
            if call is not None and call is not before:
                calls[fact.call] = self._calls[fact.call] = call
            self._apply_to_offer(fact, offers)
        return Changes(list(calls.values()), list(offers.values()), list(states.values()))

    def settle(self) -> None:
        """The changes are committed: keep only what may still change."""
        self._calls = {k: v for k, v in self._calls.items() if v is not None and v.ended_at is None}
        self._offers = {k: v for k, v in self._offers.items() if v is not None and v.ended_at is None}
        if max(len(self._calls), len(self._offers), len(self._states)) > _KEPT_AT_MOST:
            self.forget(self._place)

    def forget(self, place: Place | None) -> None:
        """Drop everything kept; go on after `place`, the last fact that is committed."""
        self._place = place
        self._calls.clear()
        self._offers.clear()
        self._states.clear()

    def _apply_to_offer(self, fact: RecordedFact, changed: dict[int, OfferRow]) -> None:
        number = getattr(fact, "offer", None)
        if number is None:
            return
        before = self._offers.get(number)
        offer = offer_after(before, fact)
        if offer is not None and offer is not before:
            changed[number] = self._offers[number] = offer

    def _close_what_is_open(
        self, at: float, offers: dict[int, OfferRow], states: dict[tuple[str, int], StateRow]
    ) -> None:
        for offer in [o for o in self._offers.values() if o is not None and o.ended_at is None]:
            ended_at = max(at, offer.offered_at)
            closed = replace(offer, ended_at=ended_at, result=OfferResult.LOST, rang_s=ended_at - offer.offered_at)
            offers[offer.offer] = self._offers[offer.offer] = closed
        for state in [s for s in self._states.values() if s is not None]:
            states[state.run, state.seq] = replace(state, ended_at=max(at, state.started_at))
        self._states = dict.fromkeys(self._states)


def row_values(rows: Iterable[CallRow | OfferRow | StateRow]) -> list[Mapping[str, object]]:
    """Return the rows as parameters of an insert."""
    return [{name: getattr(row, name) for name in row.__slots__} for row in rows]

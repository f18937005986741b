"""The batch that puts the derivations together: which rows it needs, and which rows it changes.

The live writer and the rebuild both go through `Derivation`, so they cannot disagree.

Across a restart of the daemon: its new run knows nothing of offers and operators' states that the old run left open.
The first fact of another run closes them at the last fact that was recorded before it, the last moment anybody knew.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, get_args

from sqlalchemy import Table

from callback.facts import (
    BreakJoined,
    CallbackAttemptFailed,
    CallbackAttemptStarted,
    CallbackConnected,
    CallbackFact,
    CallbackImpossible,
    CallbackLate,
    CallbackOwed,
    CallbackRang,
    CallbackReached,
    CallBroke,
)
from metrics.facts import (
    CallTakenOver,
    CallTransferred,
    OutsideTransferEnded,
    RecordingDestroyed,
    RecordingKept,
    TakeoverEnded,
    TalkFact,
)
from metrics.records import tables
from metrics.records.codec import RecordedFact, UnknownFact
from metrics.records.derive_callbacks import attempt_after, break_after, request_after
from metrics.records.derive_calls import call_after, offer_after, states_after
from metrics.records.derive_messages import message_after
from metrics.records.derive_surveys import survey_after
from metrics.records.derive_talks import FOLLOWED, next_call_of, recording_after, transfer_after
from metrics.records.rows import (
    REPEAT_WITHIN_S,
    AttemptRow,
    BreakRow,
    CallKind,
    CallRow,
    MessageRow,
    OfferResult,
    OfferRow,
    Outcome,
    RecordingRow,
    RequestRow,
    StateRow,
    SurveyRow,
    TransferRow,
)
from metrics.service_facts import MessageFact, SurveyTaken
from queue_engine.facts import AgentStateChanged, CallAbandoned, CallAccepted, CallDied, CallEnded, CallRecovered

Row = (
    CallRow
    | OfferRow
    | StateRow
    | BreakRow
    | RequestRow
    | AttemptRow
    | TransferRow
    | RecordingRow
    | MessageRow
    | SurveyRow
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


@dataclass(frozen=True, slots=True)
class Rule:
    """How a table is derived: which row a fact concerns, and what that row is after it."""

    table: Table
    row: type[Row]
    key: str
    """The column that names a row."""
    named_by: Callable[[type], str | Callable[[Any], Any] | None]
    """The field of facts of this kind that names the row, or what tells its name; None where the kind has no row."""
    after: Callable[[Any, Any], Any]
    more_is_expected: Callable[[Any, float], bool] = lambda row, _now: row.ended_at is None
    """Whether facts of this row are likely to come soon. It is read again for those that come all the same."""


AWAITED_S: Final = 3600.0
"""After a break that nobody was called back for by then, as it has joined another one's call-back, nothing comes."""


def _attempt_is_expected(broken: BreakRow, now: float) -> bool:
    return broken.first_attempt_at is None and broken.impossible is None and now - broken.broken_at < AWAITED_S


_OF_MESSAGES: Final = frozenset(get_args(MessageFact))
_OF_NO_CALL: Final = frozenset(get_args(CallbackFact) + get_args(TalkFact)) | _OF_MESSAGES | {SurveyTaken}
_OF_ATTEMPTS: Final = frozenset(
    {CallbackAttemptStarted, CallbackRang, CallbackConnected, CallbackReached, CallbackAttemptFailed}
)
_OF_BREAKS: Final = frozenset({CallbackOwed, CallbackImpossible, BreakJoined, CallbackLate, CallbackAttemptStarted})

_OF_TRANSFERS: Final = frozenset({CallTransferred, OutsideTransferEnded, CallTakenOver, TakeoverEnded, *FOLLOWED})


def _if_it_has(field_name: str, kind: type) -> str | None:
    return field_name if field_name in kind.__slots__ else None  # type: ignore[attr-defined]  # all facts have slots


def _broken_call(kind: type) -> str | None:
    if kind is CallBroke:
        return "call"
    return "broken_call" if kind in _OF_BREAKS else None


RULES: Final = (
    Rule(tables.calls, CallRow, "call", lambda kind: None if kind in _OF_NO_CALL else "call", call_after),
    Rule(tables.offers, OfferRow, "offer", lambda kind: _if_it_has("offer", kind), offer_after),
    Rule(tables.breaks, BreakRow, "call", _broken_call, break_after, _attempt_is_expected),
    Rule(tables.call_backs, RequestRow, "request", lambda kind: _if_it_has("request", kind), request_after),
    Rule(
        tables.call_back_attempts,
        AttemptRow,
        "call",
        lambda kind: "call" if kind in _OF_ATTEMPTS else None,
        attempt_after,
    ),
    Rule(
        tables.transfers,
        TransferRow,
        "next_call",
        lambda kind: next_call_of if kind in _OF_TRANSFERS else None,
        transfer_after,
    ),
    Rule(
        tables.recordings,
        RecordingRow,
        "recording",
        lambda kind: "recording" if kind in {RecordingKept, RecordingDestroyed} else None,
        recording_after,
    ),
    Rule(
        tables.voice_messages,
        MessageRow,
        "call",
        lambda kind: "call" if kind in _OF_MESSAGES else None,
        message_after,
        lambda _message, _now: False,  # hours later somebody listens to it
    ),
    Rule(tables.surveys, SurveyRow, "call", lambda kind: "call" if kind is SurveyTaken else None, survey_after),
)
"""Every derived table except the operators' states, whose facts change two rows each."""


def _rules_for(kind: type) -> tuple[tuple[Rule, Callable[[Any], Any]], ...]:
    named = ((rule, rule.named_by(kind)) for rule in RULES)
    return tuple(
        (rule, attrgetter(name) if isinstance(name, str) else name) for rule, name in named if name is not None
    )


_RULES_BY_KIND: Final = {kind: _rules_for(kind) for kind in get_args(RecordedFact) if kind is not AgentStateChanged}
"""The rules that facts of a kind go through, each with what reads the row's key off the fact."""


_CALLS: Final = RULES[0]
_OFFERS: Final = RULES[1]

DERIVED: Final[Mapping[Table, type[Row]]] = {rule.table: rule.row for rule in RULES} | {tables.agent_states: StateRow}
"""All derived tables, each with the type of its rows."""


def counts_for_number(call: CallRow | None) -> bool:
    """Tell whether the call is one of its number's calls: the next one within 24 hours is a repeat of it.

    A caller who is passed on to another line has not called again: only first visits count. Once a call counts it
    always does, and with the same number and entry. `store.py` asks the database the same.
    """
    return (
        call is not None
        and call.visit == 1
        and call.caller != ""
        and call.kind == CallKind.INCOMING
        and call.outcome != Outcome.REFUSED
    )


@dataclass(slots=True)
class Needs:
    """The rows that must be at hand before facts can be applied."""

    keys: dict[str, set[Any]] = field(default_factory=lambda: {rule.table.name: set() for rule in RULES})
    """By table."""
    agents: set[str] = field(default_factory=set)
    """Operators whose open stay in a state is needed."""
    callers: set[str] = field(default_factory=set)
    """Numbers whose last call is needed, if it entered from `callers_since` on."""
    callers_since: float = math.inf
    all_open: bool = False
    """A run begins: every offer and every stay that the one before left open is needed."""


_KEPT_AT_MOST: Final = 20_000
"""Rows of one table kept between batches; beyond this they are read again when needed."""


class Derivation:
    """Rows that may still change, kept between batches so that a batch rarely has to read.

    Use: `needs`, then `supply` what was read, then `apply`, then write what it returns; `settle` after the commit.
    After a failure begin with a new one.
    """

    def __init__(self, place: Place | None = None) -> None:
        self._place = place
        self._rows: dict[str, dict[Any, Any]] = {rule.table.name: {} for rule in RULES}
        self._states: dict[str, StateRow | None] = {}
        self._last_calls: dict[str, float] = {}

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
            self._note_caller(needs, fact)
            for rule, key_of in _RULES_BY_KIND[type(fact)]:
                key = key_of(fact)
                if key is not None and key not in self._rows[rule.table.name]:
                    needs.keys[rule.table.name].add(key)
        return needs

    def supply(
        self,
        needs: Needs,
        rows: Mapping[str, Iterable[Any]],
        states: Iterable[StateRow] = (),
        last_calls: Mapping[str, float] | None = None,
    ) -> None:
        """Take in the rows read for `needs`, by table; what was needed and not read does not exist.

        `last_calls` tells by number when its last call entered.
        """
        self._last_calls = dict.fromkeys(needs.callers, -math.inf) | dict(last_calls or {})
        for rule in RULES:
            kept = self._rows[rule.table.name]
            kept.update(dict.fromkeys(needs.keys[rule.table.name]))
            for row in rows.get(rule.table.name, ()):
                key = getattr(row, rule.key)
                kept[key] = kept.get(key) or row
        self._states.update(dict.fromkeys(needs.agents))
        for state in states:
            self._states[state.agent] = self._states.get(state.agent) or state

    def apply(self, batch: Iterable[PlacedFact]) -> dict[str, list[Row]]:
        """Apply the facts in order; return the rows that have changed, by table, each once, as they are at the end."""
        changed: dict[str, dict[Any, Row]] = {table.name: {} for table in DERIVED}
        states = changed[tables.agent_states.name]
        for placed in batch:
            fact = placed.fact
            if self._place is not None and placed.run != self._place.run:
                self._close_what_is_open(self._place.at, changed)
            self._place = Place(placed.run, fact.at)
            if isinstance(fact, UnknownFact):
                continue
            if isinstance(fact, AgentStateChanged):
                rows = states_after(self._states.get(fact.agent), placed.run, placed.seq, fact)
                states.update({(row.run, row.seq): row for row in rows})
                self._states[fact.agent] = rows[-1]
                continue
            for rule, key_of in _RULES_BY_KIND[type(fact)]:
                key = key_of(fact)
                if key is None:
                    continue
                kept = self._rows[rule.table.name]
                before = kept.get(key)
                after = rule.after(before, fact)
                if rule is _CALLS and not counts_for_number(before) and counts_for_number(after):
                    after = self._with_previous(after)
                if after is not before:
                    changed[rule.table.name][key] = kept[key] = after
        return {name: list(rows.values()) for name, rows in changed.items() if rows}

    def settle(self) -> None:
        """The changes are committed: keep only what is likely to change soon."""
        now = -math.inf if self._place is None else self._place.at
        for rule in RULES:
            kept = self._rows[rule.table.name]
            open_rows = {k: v for k, v in kept.items() if v is not None and rule.more_is_expected(v, now)}
            self._rows[rule.table.name] = open_rows if len(open_rows) <= _KEPT_AT_MOST else {}
        if len(self._states) > _KEPT_AT_MOST:
            self._states.clear()

    def _note_caller(self, needs: Needs, fact: RecordedFact) -> None:
        """Ask for the last call of the fact's number if the call may begin to count with this fact."""
        match fact:
            case CallAccepted() | CallRecovered():
                entered_at: float = fact.entered_at
            case CallEnded():
                entered_at = fact.at - (fact.waited_s + fact.talked_s)
            case CallAbandoned() | CallDied():
                entered_at = fact.at - fact.waited_s
            case _:  # no other fact makes a row that has a number
                return
        known = self._rows[_CALLS.table.name].get(fact.call)
        if fact.caller and not counts_for_number(known):
            needs.callers.add(fact.caller)
            needs.callers_since = min(needs.callers_since, entered_at - REPEAT_WITHIN_S)

    def _with_previous(self, call: CallRow) -> CallRow:
        """Return a call that begins to count with the number's call before it, and remember it as the last one.

        The call before it is the one that entered last of all that count so far, by the order of the facts: the same
        whichever of them stand in the database and whichever in this batch.
        """
        last = self._last_calls[call.caller]
        self._last_calls[call.caller] = max(last, call.entered_at)
        return call._replace(previous_at=last) if 0 <= call.entered_at - last <= REPEAT_WITHIN_S else call

    def _close_what_is_open(self, at: float, changed: Mapping[str, dict[Any, Row]]) -> None:
        kept = self._rows[_OFFERS.table.name]
        for offer in [o for o in kept.values() if o is not None and o.ended_at is None]:
            ended_at = max(at, offer.offered_at)
            closed = offer._replace(ended_at=ended_at, result=OfferResult.LOST, rang_s=ended_at - offer.offered_at)
            changed[_OFFERS.table.name][offer.offer] = kept[offer.offer] = closed
        for state in [s for s in self._states.values() if s is not None]:
            closed_state = state._replace(ended_at=max(at, state.started_at))
            changed[tables.agent_states.name][state.run, state.seq] = closed_state
        self._states = dict.fromkeys(self._states)

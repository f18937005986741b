"""The derivation is total and does not depend on how facts are cut into batches."""

from collections.abc import Sequence
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callback.facts import CallbackAttemptStarted, CallbackFact, CallBroke
from callback.ids import RequestId
from callback.kinds import BreakKind, Leg
from metrics.facts import TalkFact
from metrics.records.codec import VERSION, RecordedFact, encode
from metrics.records.derive import AWAITED_S, DERIVED, Derivation, Needs, PlacedFact, counts_for_number
from metrics.records.derive_calls import call_after, visit_of
from metrics.records.rows import REPEAT_WITHIN_S, CallRow, Outcome
from queue_engine.facts import (
    AbandonStage,
    AgentStateChanged,
    CallAbandoned,
    CallAccepted,
    CallRefused,
    Fact,
    OfferMissed,
)
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party, RingFailure
from tests.metrics.stories import call_rows
from tests.metrics.storing import as_lines

_NAMES = {
    "call": st.sampled_from(["c1", "c2", "pbx-1.2-1", "callback-1-1"]),
    "agent": st.sampled_from(["101", "102"]),
    "queue": st.sampled_from(["122", "1300"]),
    "caller": st.sampled_from(["", "+7917"]),
    "request": st.integers(1, 2),
    "at": st.integers(0, 50).map(float),
    "entered_at": st.integers(0, 50).map(float),
    "broken_at": st.integers(0, 50).map(float),
    "broken_call": st.sampled_from([None, "c1", "c2"]),
    "waited_s": st.sampled_from([0.0, 5.0, 61.0]),
    "talked_s": st.sampled_from([0.0, 30.0]),
    "rang_s": st.sampled_from([0.0, 3.0]),
    "before_s": st.sampled_from([0.0, 7.0]),
}


def _some(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Return facts of a kind over few names, so that they meet."""
    chosen: dict[str, st.SearchStrategy[Any]] = {name: s for name, s in _NAMES.items() if name in kind.__slots__}
    if "offer" in kind.__slots__:
        chosen["offer"] = st.integers(1, 2) if kind.__name__ != "CallAnswered" else st.sampled_from([None, 1, 2])
    for name in kind.__slots__:
        if name in {"reason", "by"} and kind.__annotations__[name] is str:
            chosen[name] = st.just("r")
    return st.builds(kind, **chosen)


any_fact = st.one_of([_some(kind) for kind in (*get_args(Fact), *get_args(CallbackFact), *get_args(TalkFact))])
any_runs = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.lists(any_fact, max_size=8)), max_size=4)


def _placed(runs: Sequence[tuple[str, list[RecordedFact]]]) -> list[PlacedFact]:
    numbers: dict[str, int] = {}
    placed = []
    for run, facts in runs:
        for fact in facts:
            numbers[run] = numbers.get(run, 0) + 1
            placed.append(PlacedFact(run, numbers[run], fact))
    return placed


class _Tables:
    """The derived tables in memory, read as the store reads them from the database."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Any, Any]] = {table.name: {} for table in DERIVED}

    def supply(self, derivation: Derivation, needs: Needs) -> None:
        found = {
            name: [row for key, row in self.rows[name].items() if key in keys] for name, keys in needs.keys.items()
        }
        open_states = [row for row in self.rows["agent_states"].values() if row.ended_at is None]
        states = [row for row in open_states if row.agent in needs.agents or needs.all_open]
        if needs.all_open:
            found["offers"] += [row for row in self.rows["offers"].values() if row.ended_at is None]
        last_calls: dict[str, float] = {}
        for row in self.rows["calls"].values():
            if counts_for_number(row) and row.caller in needs.callers and row.entered_at >= needs.callers_since:
                last_calls[row.caller] = max(row.entered_at, last_calls.get(row.caller, row.entered_at))
        derivation.supply(needs, found, states, last_calls)

    def take(self, derivation: Derivation, batch: list[PlacedFact]) -> None:
        self.supply(derivation, derivation.needs(batch))
        keys = {table.name: [column.name for column in table.primary_key] for table in DERIVED}
        for name, rows in derivation.apply(batch).items():
            for row in rows:
                self.rows[name][self._key(row, keys[name])] = row
        derivation.settle()

    @staticmethod
    def _key(row: Any, names: list[str]) -> Any:
        key = tuple(getattr(row, name) for name in names)
        return key[0] if len(key) == 1 else key


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(runs=any_runs, cut=st.integers(1, 7))
def test_any_facts_in_any_order_and_any_batches_give_the_same_rows(
    runs: list[tuple[str, list[RecordedFact]]], cut: int
) -> None:
    """Nothing raises; one by one with a warm memory, in batches, and all at once give equal tables."""
    placed = _placed(runs)
    singly, batched, at_once = _Tables(), _Tables(), _Tables()
    warm, cold = Derivation(), Derivation()
    for fact in placed:
        singly.take(warm, [fact])
    for start in range(0, len(placed), cut):
        batched.take(cold, placed[start : start + cut])
    at_once.take(Derivation(), placed)
    assert singly.rows == at_once.rows
    assert batched.rows == at_once.rows


def test_a_break_is_kept_until_nothing_is_expected_of_it() -> None:
    """From its attempt on, or after an hour, it is read again if anything comes: memory does not grow with breaks."""

    def broke(number: int, at: float) -> CallBroke:
        call, line, instant = CallId(f"main-{number}"), QueueName("122"), Instant(at)
        return CallBroke(
            instant, call, line, "+7917", BreakKind.LEFT_LINE, Party.CALLER, 16, None, 5.0, None, instant
        )  # fmt: skip

    def attempt(number: int, at: float) -> CallbackAttemptStarted:
        broken, queue, line = CallId(f"main-{number}"), RequestId(number), QueueName("122")
        return CallbackAttemptStarted(
            Instant(at), queue, line, CallId(f"callback-{number}-1"), "+7917", 1, 1, broken, Instant(at - 5), 5.0, 15.0,
            True, Leg.OPERATOR, None,
        )  # fmt: skip

    kept, tables = Derivation(), _Tables()

    def is_kept(number: int) -> bool:
        placed = PlacedFact("a", 100, attempt(number, 0.0))
        return f"main-{number}" not in kept.needs([placed]).keys["breaks"]

    tables.take(kept, _placed([("a", [broke(1, 1000.0), broke(2, 1000.0)])]))
    assert (is_kept(1), is_kept(2)) == (True, True)
    tables.take(kept, _placed([("a", [attempt(1, 1005.0)])]))
    assert (is_kept(1), is_kept(2)) == (False, True)
    tables.take(kept, _placed([("a", [broke(3, 1000.0 + AWAITED_S)])]))
    assert (is_kept(2), is_kept(3)) == (False, True)


def test_a_line_of_the_spool_holds_the_fact_whole() -> None:
    """What the store reads from a line is what was told."""
    fact = OfferMissed(Instant(1.0), CallId("c"), QueueName("q"), OfferId(1), AgentId("101"), RingFailure.BUSY, 2.0)
    (line,) = as_lines([fact])
    assert (line.kind, line.version, line.values) == ("OfferMissed", VERSION, encode(fact).decode())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(runs=any_runs)
def test_the_call_before_is_the_last_that_counted_by_the_order_of_the_facts(
    runs: list[tuple[str, list[RecordedFact]]],
) -> None:
    """Read fact by fact and call by call, without batches and databases, every call has the same call before it."""
    placed = _placed(runs)
    calls: dict[str, CallRow] = {}
    entries: dict[str, float] = {}
    before: dict[str, float] = {}
    for fact in (one.fact for one in placed):
        call = getattr(fact, "call", None)
        if call is None or isinstance(fact, (AgentStateChanged, *get_args(CallbackFact))):
            continue
        counted = counts_for_number(calls.get(call))
        row = call_after(calls.get(call), fact)
        if row is None:
            continue
        calls[call] = row
        if counts_for_number(row) and not counted:
            if 0 <= row.entered_at - entries.get(row.caller, row.entered_at + 1) <= REPEAT_WITHIN_S:
                before[call] = entries[row.caller]
            entries[row.caller] = max(row.entered_at, entries.get(row.caller, row.entered_at))
    derived = _Tables()
    derived.take(Derivation(), placed)
    assert {key: row.previous_at for key, row in derived.rows["calls"].items() if row.previous_at is not None} == before


def _a_call(*facts: RecordedFact) -> CallRow:
    """Return the row of one call after its facts."""
    row = None
    for fact in facts:
        row = call_after(row, fact)
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("call", "visit"),
    [
        ("pbx-1795318430.200", 1),
        ("pbx-1795318430.200-1", 2),
        ("pbx-1795318430.200-12", 13),
        ("my-pbx-2-1795318430.200", 1),
        ("callback-17-2", 1),
        ("pbx-7", 1),
        ("", 1),
    ],
)
def test_a_call_tells_which_visit_it_is(call: str, visit: int) -> None:
    """The dialplan numbers further visits; a server's name and a call-back may hold hyphens and numbers too."""
    assert visit_of(call) == visit


def test_a_caller_who_is_passed_on_has_not_called_again() -> None:
    """Neither is the further visit a repeat, nor does the next call come after it."""
    first = CallAccepted(_ENTERED, CallId("s-1.2"), QueueName("122"), "+7917", _ENTERED, 0)
    further = CallAccepted(_LATER, CallId("s-1.2-1"), QueueName("1300"), "+7917", _LATER, 0)
    again = CallAccepted(Instant(500.0), CallId("s-1.9"), QueueName("122"), "+7917", Instant(500.0), 0)
    rows = {row.call: row for row in call_rows([first, further, again])}
    assert [rows[call].visit for call in ("s-1.2", "s-1.2-1", "s-1.9")] == [1, 2, 1]
    assert [rows[call].previous_at for call in ("s-1.2", "s-1.2-1", "s-1.9")] == [None, None, _ENTERED]


_ENTERED, _LATER = Instant(100.0), Instant(130.0)
_ACCEPTED = CallAccepted(_ENTERED, CallId("c"), QueueName("122"), "+7917", _ENTERED, 0)
_REFUSED = CallRefused(_LATER, CallId("c"), QueueName("gone"), "+7917", _ENTERED, "unknown_line")


def test_an_accepted_call_whose_line_is_gone_after_a_restart_ends_as_dead() -> None:
    """It was accepted, so it counts against the service: nobody answered it."""
    row = _a_call(_ACCEPTED, _REFUSED)
    assert (row.outcome, row.ended_at, row.waited_s, row.reason) == (Outcome.DIED, _LATER, 30.0, "unknown_line")


def test_a_refused_call_that_is_accepted_after_all_begins_anew() -> None:
    """It waits in its line like any other, and nothing of the refusal is left."""
    assert _a_call(_REFUSED, _ACCEPTED) == _a_call(_ACCEPTED)


def test_a_refused_call_stays_refused_whatever_else_is_heard_of_it() -> None:
    """Only an acceptance gives it another life."""
    gone = CallAbandoned(_LATER, CallId("c"), QueueName("gone"), "+7917", AbandonStage.WAITING, 30.0, 16)
    assert _a_call(_REFUSED, gone) == _a_call(_REFUSED)

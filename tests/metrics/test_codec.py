"""Facts survive being written and read, and nothing that cannot be read does harm."""

from typing import get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback.facts import CallbackFact
from metrics.facts import TalkFact
from metrics.records.codec import KINDS, VERSION, RecordedFact, UnknownFact, decode, encode
from metrics.service_facts import MessageFact, SurveyTaken
from queue_engine.facts import CallAccepted, CallRefused, Fact
from queue_engine.ids import CallId, Instant, QueueName

KIND_CLASSES = (*get_args(Fact), *get_args(CallbackFact), *get_args(TalkFact), *get_args(MessageFact), SurveyTaken)

a_finite_float = st.floats(allow_nan=False, allow_infinity=False)
any_fact = st.one_of([st.builds(kind) for kind in KIND_CLASSES])


def read_back(fact: RecordedFact) -> RecordedFact | UnknownFact:
    """Write the fact and read it again."""
    return decode(type(fact).__name__, VERSION, orjson.loads(encode(fact)))


def without_odd_values(fact: RecordedFact) -> bool:
    """Tell whether the fact holds only what JSON and databases hold unchanged."""
    values = [getattr(fact, name) for name in fact.__slots__]
    values += [part for v in values if isinstance(v, tuple) for part in v]
    texts = all("\0" not in v and v.isprintable() for v in values if isinstance(v, str))
    return texts and all(v == v and abs(v) < 1e300 for v in values if isinstance(v, (int, float)))


@given(any_fact.filter(without_odd_values))
def test_every_kind_of_fact_reads_back_as_it_was(fact: RecordedFact) -> None:
    """Writing and reading is the identity for every kind the engine has."""
    if all(not isinstance(v, int) or abs(v) < 2**63 for v in (getattr(fact, n) for n in fact.__slots__)):
        assert read_back(fact) == fact


@given(any_fact)
def test_whatever_a_fact_holds_becomes_one_line_that_databases_take(fact: RecordedFact) -> None:
    """No NUL, no half of a surrogate pair, no raw line feed or tab gets through."""
    line = encode(fact)
    assert b"\n" not in line
    assert b"\t" not in line
    assert b"\\u0000" not in line
    assert isinstance(orjson.loads(line), dict)


def test_all_kinds_are_known() -> None:
    """The catalogue of kinds is complete."""
    assert {kind.__name__ for kind in KIND_CLASSES} == KINDS


def test_a_kind_of_tomorrow_is_kept_and_changes_nothing() -> None:
    """A fact of an unknown kind reads as unknown, with its instant."""
    assert decode("CallSang", VERSION, {"at": 5.0, "tune": "x"}) == UnknownFact(5.0, "CallSang", VERSION)


@pytest.mark.parametrize(
    ("kind", "version", "values"),
    [
        ("CallAccepted", VERSION + 1, {"at": 5.0}),
        ("CallAccepted", VERSION, {"at": 5.0}),
        ("CallAbandoned", VERSION, {"at": 5.0, "call": "c", "queue": "q", "caller": "", "stage": "asleep"}),
    ],
)
def test_what_this_version_cannot_read_is_unknown(kind: str, version: int, values: dict[str, object]) -> None:
    """Another version, a missing field, a value out of an enumeration: unknown, no error."""
    assert isinstance(decode(kind, version, values), UnknownFact)


def test_a_field_of_tomorrow_is_left_out() -> None:
    """A payload with more fields than we know is read for those that we know."""
    fact = CallAccepted(Instant(1.0), CallId("c"), QueueName("q"), "1", Instant(1.0), 0)
    values = orjson.loads(encode(fact)) | {"mood": "good"}
    assert decode("CallAccepted", VERSION, values) == fact


def test_nul_and_broken_unicode_are_made_harmless() -> None:
    """What a telephone network may send as a name does not stop the records."""
    fact = CallRefused(Instant(1.0), CallId("c"), QueueName("q"), "a\0b\ud800", Instant(1.0), "r")
    read = read_back(fact)
    assert isinstance(read, CallRefused)
    assert read.caller == "ab?"

"""Facts to JSON and back, by the fields of their dataclasses.

A kind that this version does not know, or a payload that lacks what this version needs, reads as `UnknownFact`: it
stays in the records and nothing derived changes. The version is that of the whole format; a change of a kind's
meaning raises it and `decode` then learns to read both.
"""

import dataclasses
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin, get_type_hints

import orjson

from callback.facts import CallbackFact
from metrics.facts import TalkFact
from metrics.service_facts import MessageFact, SurveyTaken
from queue_engine.facts import Fact

VERSION: Final = 1

RecordedFact = Fact | CallbackFact | TalkFact | MessageFact | SurveyTaken
"""Every kind that the records understand."""


@dataclass(frozen=True, slots=True)
class UnknownFact:
    """A recorded fact of a kind or a version that this program does not understand."""

    at: float
    kind: str
    version: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one kind is read: its class, the fields it has and must have."""

    kind: Callable[..., RecordedFact]
    fields: frozenset[str]
    required: frozenset[str]
    made: tuple[tuple[str, Callable[[Any], Any]], ...]
    """What makes the values of some fields from those of JSON."""


def _shape(kind: type[Any]) -> _Shape:
    hints = get_type_hints(kind)
    fields = dataclasses.fields(kind)
    return _Shape(
        kind=kind,
        fields=frozenset(f.name for f in fields),
        required=frozenset(
            f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ),
        made=tuple((f.name, make) for f in fields if (make := _maker(hints[f.name])) is not None),
    )


def _maker(hint: Any) -> Callable[[Any], Any] | None:
    """Return what makes a value of the annotated type from JSON's; None where JSON's is already one."""
    if get_origin(hint) is tuple:
        return tuple
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        # Looked up: calling the class does the same and was a tenth of all work on a fact.
        return {member.value: member for member in hint}.__getitem__
    return None


_SHAPES: Final[Mapping[str, _Shape]] = {kind.__name__: _shape(kind) for kind in get_args(RecordedFact)}

KINDS: Final = frozenset(_SHAPES)
"""The names of all kinds that can be read."""


def encode(fact: object) -> bytes:
    r"""Return the fact (any dataclass) as one line of JSON.

    Text that no database could hold is made harmless: NUL is left out (PostgreSQL refuses it), halves of surrogate
    pairs become `?`. Raises TypeError for what is no dataclass of plain values.
    """
    global _last  # noqa: PLW0603 - see there
    if fact is _last[0]:
        return _last[1]
    data = _encode(fact)
    _last = (fact, data)
    return data


_last: tuple[object, bytes] = (None, b"null")
"""The last fact and its line: the records, the log and whoever follows ask for the same one after the other."""


def _encode(fact: object) -> bytes:
    try:
        data = orjson.dumps(fact)
    except TypeError:  # orjson.JSONEncodeError is one: a lone surrogate, an integer above 64 bits
        return orjson.dumps(_harmless(_fields_of(fact)))
    return data if b"\\u0000" not in data else orjson.dumps(_harmless(orjson.loads(data)))


def decode(kind: str, version: int, values: dict[str, Any]) -> RecordedFact | UnknownFact:
    """Return the fact that was recorded as `values`, or `UnknownFact`. Never raises."""
    shape = _SHAPES.get(kind)
    if shape is None or version != VERSION or not shape.required <= values.keys():
        return UnknownFact(_instant(values), kind, version)
    known = values if values.keys() <= shape.fields else {k: v for k, v in values.items() if k in shape.fields}
    try:
        made = {name: make(known[name]) for name, make in shape.made if name in known}
    except (KeyError, TypeError):
        return UnknownFact(_instant(values), kind, version)
    return shape.kind(**(known | made)) if made else shape.kind(**known)


def _instant(values: Mapping[str, Any]) -> float:
    at = values.get("at", 0.0)
    return float(at) if isinstance(at, (int, float)) else 0.0


def _fields_of(fact: object) -> dict[str, Any]:
    if isinstance(fact, type) or not dataclasses.is_dataclass(fact):
        raise TypeError(f"{fact!r} is no fact")
    return {f.name: getattr(fact, f.name) for f in dataclasses.fields(fact)}


def _harmless(value: Any) -> Any:
    match value:
        case enum.Enum():
            return _harmless(value.value)
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case int() if not isinstance(value, bool):
            return max(-(2**63), min(value, 2**63 - 1))
        case dict():
            return {str(k): _harmless(v) for k, v in value.items()}
        case list() | tuple():
            return [_harmless(v) for v in value]
        case _:
            return value

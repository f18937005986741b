"""One line of log per fact: the fact's name and its fields. Who sees numbers is decided in `acd.logs`."""

import dataclasses
import re
from operator import attrgetter
from typing import Any, Final

from acd.logs import FastLog
from callback.facts import CallbackFact
from metrics.facts import TalkFact
from metrics.service_facts import ServiceFact
from queue_engine.facts import Fact

log = FastLog("acd.facts")

_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")
_SHAPES: Final[dict[type, tuple[str, tuple[str, ...], Any]]] = {}


def _shape(kind: type) -> tuple[str, tuple[str, ...], Any]:
    words = _WORDS.split(kind.__name__)
    fields = tuple(field.name for field in dataclasses.fields(kind))
    return f"{words[0].lower()}.{'_'.join(words[1:]).lower()}", fields, attrgetter(*fields)


def log_fact(fact: Fact | CallbackFact | ServiceFact | TalkFact) -> None:
    """Log one fact: `CallAnswered` becomes `call.answered` with the fields of the fact."""
    kind = type(fact)
    shape = _SHAPES.get(kind)
    if shape is None:
        shape = _SHAPES[kind] = _shape(kind)
    name, fields, values = shape
    log.info(name, fact.at, dict(zip(fields, values(fact), strict=True)))

"""One line of log per fact: the fact's name and its fields. Who sees numbers is decided in `acd.logs`."""

import dataclasses
import re
from typing import Final

from acd.logs import NUMBER_KEYS, FastLog
from callback.facts import CallbackFact
from metrics.facts import TalkFact
from metrics.records.codec import encode
from metrics.service_facts import ServiceFact
from queue_engine.facts import Fact

log = FastLog("acd.facts")

_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")
_SHAPES: Final[dict[type, tuple[str, bool]]] = {}
"""By kind: the name of its event, and whether a field of it is somebody's number or name."""


def _shape(kind: type) -> tuple[str, bool]:
    words = _WORDS.split(kind.__name__)
    fields = {field.name for field in dataclasses.fields(kind)}
    return f"{words[0].lower()}.{'_'.join(words[1:]).lower()}", not fields.isdisjoint(NUMBER_KEYS)


def log_fact(fact: Fact | CallbackFact | ServiceFact | TalkFact) -> None:
    """Log one fact: `CallAnswered` becomes `call.answered` with the fields of the fact."""
    kind = type(fact)
    name, numbers = _SHAPES.get(kind) or _SHAPES.setdefault(kind, _shape(kind))
    log.info(name, fact.at, encode(fact), numbers=numbers)

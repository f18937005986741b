"""One line of log per fact: the fact's name and its fields. Who sees numbers is decided in `acd.logs`."""

import dataclasses
import re

import structlog

from queue_engine.facts import Fact

log = structlog.get_logger("acd.facts")

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")
_EVENTS: dict[type, tuple[str, tuple[str, ...]]] = {}


def _event(kind: type) -> tuple[str, tuple[str, ...]]:
    words = _WORDS.split(kind.__name__)
    name = f"{words[0].lower()}.{'_'.join(words[1:]).lower()}"
    return name, tuple(field.name for field in dataclasses.fields(kind))


def log_fact(fact: Fact) -> None:
    """Log one fact: `CallAnswered` becomes `call.answered` with the fields of the fact."""
    kind = type(fact)
    known = _EVENTS.get(kind)
    if known is None:
        known = _EVENTS[kind] = _event(kind)
    name, fields = known
    log.info(name, **{field: getattr(fact, field) for field in fields})

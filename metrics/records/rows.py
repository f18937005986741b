"""The rows of the derived tables as values: field for field the columns of `tables.py`."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How an accepted call ended. Every call has exactly one, once it has ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"
    DIED = "died"
    REFUSED = "refused"
    """Never accepted: the line is unknown to the configuration. Counted apart."""


class OfferResult(StrEnum):
    """How an offer ended."""

    ANSWERED = "answered"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"
    LOST = "lost"
    """The daemon went away while the telephone rang; nobody saw the end."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """One visit of one caller."""

    call: str
    queue: str
    """The line on which the call came in."""
    last_queue: str
    caller: str
    entered_at: float
    priority: int = 0
    answered_at: float | None = None
    ended_at: float | None = None
    outcome: str | None = None
    """None while the call waits; `answered` from the answer on; see `Outcome`."""
    stage: str | None = None
    """For an abandoned call, what the caller was hearing."""
    waited_s: float | None = None
    """From `entered_at` to the answer or to the end of waiting. None while the call waits."""
    talked_s: float | None = None
    questioned_s: float | None = None
    """From the answer to the operator's mark that questioning is over; None without a mark."""
    agent: str | None = None
    ended_by: str | None = None
    cause: int | None = None
    offers: int = 0
    misses: int = 0
    returns: int = 0
    """How often an answered call came back to the line because the operator's side dropped it at once."""
    destination: str | None = None
    reason: str | None = None
    recovered: bool = False
    target_passed: bool = False


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One attempt to give one call to one operator."""

    offer: int
    call: str
    queue: str
    agent: str
    offered_at: float
    waited_s: float
    ended_at: float | None = None
    result: str | None = None
    failure: str | None = None
    reason: str | None = None
    rang_s: float | None = None


@dataclass(frozen=True, slots=True)
class StateRow:
    """One stay of one operator in one state."""

    run: str
    seq: int
    agent: str
    state: str
    reason: str
    by: str
    started_at: float
    call: str | None = None
    ended_at: float | None = None

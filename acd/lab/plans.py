"""What callers and telephones of the lab do, call by call: plain values, drawn from a seed where chance is wanted.

All times are milliseconds, since SIPp counts in them.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum


class Kind(IntEnum):
    """What a telephone does with a call; the numbers are those of scenarios/telephone.xml.j2."""

    ANSWER = 1
    REFUSE = 2
    """603 Decline."""
    BUSY = 3
    """486 Busy Here, at once."""
    SILENT = 4
    """Rings and is not picked up."""
    DEAF = 5
    """Gives no SIP answer at all, as a telephone without power."""
    TRANSFER = 6
    """Answers, and at the end of the talk transfers the caller blindly (REFER)."""
    AFTER_CANCEL = 7
    """Rings, and answers when it is told to stop: its 200 OK comes after the CANCEL."""
    TWICE = 8
    """Answers two times: its 200 OK comes twice over."""


@dataclass(frozen=True, slots=True)
class Answering:
    """How a telephone treats one call."""

    kind: Kind = Kind.ANSWER
    ring_ms: int = 200
    """How long it rings before it is answered or refused."""
    talk_ms: int = 10_000
    """How long after the answer the operator hangs up, unless the caller does it first."""
    transfer_to: str = ""
    """What is dialled for the caller by a `TRANSFER`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One call to a line."""

    number: str
    """User of the From header; digits."""
    dialled: str = "122"
    patience_ms: int = 120_000
    """How long after the answer of Asterisk the caller hangs up, whatever is happening then."""
    at_ms: int = 0
    """When the call is placed, counted from the start of the SIPp that places it."""
    display: str | None = None
    """The From header's display name, as it stands on the wire; may be hostile. None for none."""
    user: str | None = None
    """The From header's user as it stands on the wire where that is not the number."""

    def from_header(self, address: str) -> str:
        """Return the From header without its tag."""
        uri = f"<sip:{self.number if self.user is None else self.user}@{address}>"
        return uri if self.display is None else f"{self.display} {uri}"


def exponential(random_source: random.Random, mean_ms: float, least_ms: int = 200, most_ms: int = 600_000) -> int:
    """Return one exponentially distributed duration, cut to the given range."""
    return max(least_ms, min(most_ms, round(random_source.expovariate(1 / mean_ms))))


def lognormal(random_source: random.Random, median_ms: float, sigma: float = 0.5, most_ms: int = 600_000) -> int:
    """Return one lognormally distributed duration: talk times are known to be near that shape."""
    return min(most_ms, round(median_ms * random_source.lognormvariate(0.0, sigma)))


def arriving(callers: Sequence[Caller], random_source: random.Random, within_ms: int) -> list[Caller]:
    """Spread callers over a time as a Poisson process does: uniform instants, in order."""
    instants = sorted(random_source.randrange(within_ms) for _ in callers)
    return [replace(caller, at_ms=at_ms) for caller, at_ms in zip(callers, instants, strict=True)]


def drawn(count: int, make: Callable[[int], Answering]) -> list[Answering]:
    """Return a plan of `count` calls."""
    return [make(index) for index in range(count)]

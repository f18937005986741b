"""Who calls, when, and how they behave: the streams of callers of a run.

All that is random about a call but its redials is drawn when it comes, from generators of its line and its quarter of
an hour, so that two runs with the same seed see the same callers in a quarter whatever came before it and whoever works
(common random numbers).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from acd.simulate.durations import Drawer
from acd.simulate.scenario import Traffic
from acd.simulate.tally import Sums
from queue_engine.ids import CallId, QueueName

_NO_CALL: Final = CallId("")


class Caller:
    """One call, from its coming to its end."""

    __slots__ = (
        "answer_s",
        "at",
        "breaks",
        "call",
        "habits",
        "number",
        "patience_s",
        "queue",
        "sums",
        "talk_s",
        "talking",
        "tries",
        "wrap_up_s",
    )

    def __init__(
        self,
        at: float,
        queue: QueueName,
        number: str,
        talk_s: float,
        *,
        wrap_up_s: float = -1.0,
        patience_s: float = math.inf,
        breaks: bool = False,
        habits: "Habits | None" = None,
        tries: int = 0,
        answer_s: float = -1.0,
    ) -> None:
        self.at = at
        self.queue = queue
        self.number = number
        self.talk_s = talk_s
        self.wrap_up_s = wrap_up_s
        """Negative: the configuration's."""
        self.patience_s = patience_s
        self.breaks = breaks
        """The talk will break off before its time."""
        self.habits = habits
        self.tries = tries
        """How often the caller has called in vain before."""
        self.answer_s = answer_s
        """How soon an operator picks up for this call, where that is known; negative: it is drawn."""
        self.call = _NO_CALL
        self.sums: Sums | None = None
        self.talking = False


@dataclass(frozen=True, slots=True)
class Habits:
    """How the callers of a line behave beyond their first call."""

    greeting_s: float
    redial_share: float
    redial_times: int
    redial_after: Drawer
    again: Callable[[float, Caller], Caller]
    """Makes the next call of somebody who was not spoken to, at an instant."""


CallerStream = Iterator[Caller]
"""Callers in the order in which they come."""


def stream(
    traffic: Traffic,
    queue: QueueName,
    quarters: Sequence[tuple[float, float, float]],
    generators: Callable[[str], Random],
    numbers: Iterator[str],
) -> CallerStream:
    """Yield the callers of a line: Poisson, with a rate of its own in each quarter of an hour.

    Args:
        traffic: What they are like.
        queue: The line.
        quarters: Begin, end (seconds since the epoch) and expected calls of each span.
        generators: Makes the generator of a purpose.
        numbers: Telephone numbers, each a new person.
    """
    redial = traffic.redial

    def maker(purpose: str) -> Callable[[float, str, int], Caller]:
        talk = traffic.talk.drawer(generators(f"{purpose} talk"))
        wrap_up = traffic.wrap_up.drawer(generators(f"{purpose} wrap-up")) if traffic.wrap_up else None
        patience = traffic.patience.drawer(generators(f"{purpose} patience")) if traffic.patience else None
        broken, broken_share = generators(f"{purpose} broken").random, traffic.broken_share

        def make(at: float, number: str, tries: int) -> Caller:
            talk_s = talk()
            breaks = broken_share > 0 and broken() < broken_share
            if breaks:
                talk_s *= broken()
            return Caller(
                at,
                queue,
                number,
                talk_s,
                wrap_up_s=-1.0 if wrap_up is None else wrap_up(),
                patience_s=math.inf if patience is None else patience(),
                breaks=breaks,
                habits=habits,
                tries=tries,
            )

        return make

    again = maker("again")
    habits = Habits(
        traffic.greeting_s,
        redial.share if redial else 0.0,
        redial.times if redial else 0,
        redial.after.drawer(generators("redial")) if redial else lambda: 0.0,
        lambda at, before: again(at, before.number, before.tries + 1),
    )
    log = math.log
    for begin, end, expected in quarters:
        if expected <= 0:
            continue
        random, caller = generators(f"{begin:.0f} coming").random, maker(f"{begin:.0f}")
        mean_gap = (end - begin) / expected
        at = begin - log(1.0 - random()) * mean_gap
        while at < end:
            yield caller(at, next(numbers), 0)
            at -= log(1.0 - random()) * mean_gap

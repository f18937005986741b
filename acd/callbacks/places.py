"""The virtual place in line: a caller who waits presses a key, hears his number, presses again, is called in his turn.

What the key is, the line's configuration says; the engine tells of each press. Whether the number may be called is
asked of the book before anything is offered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from acd.numbers import normaliser
from callback.ids import RequestId
from callback.inputs import CallbackInput, PlaceExchanged
from callback.kinds import ImpossibleReason
from callback.numbers import NumberRule
from config.model import Config
from queue_engine.facts import CallbackAsked
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.snapshot import EngineSnapshot

log = structlog.get_logger(__name__)

CONFIRM_WITHIN_S: Final = 30.0
"""So long after his number was said a second press confirms it."""
DIGIT_SOUND: Final = "digits/{digit}"
BOOKED: Final = "callback-booked"
"""Destination of the dialplan where a caller is told that he will be called, and hung up."""


class Book(Protocol):
    """What is asked of the book of call-backs."""

    def refusal(self, queue: QueueName, shown: str) -> ImpossibleReason | None:
        """Return why this number may not be called back for this line; None if it may."""

    def handle(self, told: CallbackInput) -> None:
        """Tell the book."""


@dataclass(slots=True)
class PlaceKeys:
    """Who has pressed the key once and has not confirmed."""

    config: Callable[[], Config]
    rule: NumberRule
    now: Callable[[], Instant]
    snapshot: Callable[[], EngineSnapshot]
    say: Callable[[CallId, tuple[str, ...]], None]
    _asked: dict[CallId, Instant] = field(default_factory=dict)

    def pressed(self, fact: CallbackAsked, book: Book) -> None:
        """Say the number back on the first press, exchange the place on the second."""
        settings = next((line.callback for line in self.config().lines if line.name == fact.queue), None)
        refused = book.refusal(fact.queue, fact.caller)
        number = normaliser(self.rule)(fact.caller)
        if settings is None or refused is not None or number is None:
            log.info("callbacks.place_refused", call=fact.call, reason=refused)
            if settings is not None:
                self.say(fact.call, (settings.say_refused,))
            return
        now = self.now()
        self._asked = {call: at for call, at in self._asked.items() if now - at <= CONFIRM_WITHIN_S}
        if settings.confirm and fact.call not in self._asked:
            self._asked[fact.call] = now
            digits = (DIGIT_SOUND.format(digit=digit) for digit in number.removeprefix("+"))
            self.say(fact.call, (*settings.say_confirm, *digits))
            return
        self._asked.pop(fact.call, None)
        waiting = next((c for line in self.snapshot().lines for c in line.waiting if c.call == fact.call), None)
        target = next(line.target_wait_s for line in self.config().lines if line.name == fact.queue)
        entered_at = now if waiting is None else waiting.entered_at
        book.handle(PlaceExchanged(fact.call, fact.queue, number, Instant(entered_at + target)))


def request_id(text: str) -> RequestId | None:
    """Return the request that a person names; None for what is no number."""
    return RequestId(int(text)) if text.isascii() and text.isdigit() and len(text) <= 18 else None

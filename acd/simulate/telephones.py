"""Operators' telephones in virtual time: which ring, and when and how each offer ends."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from acd.simulate.durations import Constant
from acd.simulate.scenario import Telephones
from queue_engine.effects import OfferCall
from queue_engine.ids import OfferId
from queue_engine.inputs import Input, OfferAnswered, OfferFailed, RingFailure

DEVICE_S: Final = 0.05
"""How soon a telephone says that it is busy or cannot be reached."""

_NO_ANSWER: Final = RingFailure.NO_ANSWER


class Ringing:
    """The telephones that ring."""

    __slots__ = ("_answer_after", "_at_once", "_faults", "_habits", "_offers", "_plan", "_post", "_random")

    def __init__(
        self,
        habits: Telephones,
        rng: Random,
        post: Callable[[Input], None],
        plan: Callable[[float, Callable[[Any], None], Any], None],
    ) -> None:
        self._habits = habits
        self._faults = habits.no_answer_share + habits.busy_share + habits.unreachable_share
        self._random = rng.random
        self._answer_after = habits.answer.drawer(rng)
        self._post, self._plan = post, plan
        self._offers: set[OfferId] = set()
        self._at_once = isinstance(habits.answer, Constant) and habits.answer.mean_s <= 0 and not self._faults

    def ring(self, effect: OfferCall, now: float, known_s: float = -1.0) -> None:
        """Telephones ring; each new one is answered, or not, in its own time, or in the one known of this call."""
        if self._at_once:
            for ring in effect.rings:
                self._post(OfferAnswered(ring.offer))
            return
        offers = self._offers
        for ring in effect.rings:
            offer = ring.offer
            if offer in offers:
                continue
            failure = self._fault() if self._faults else None
            after_s = known_s if known_s >= 0 else self._answer_after()
            offers.add(offer)
            if failure is None and after_s < effect.ring_s:
                self._plan(now + after_s, self._picks_up, offer)
            elif failure is None or failure is _NO_ANSWER:
                self._plan(now + effect.ring_s, self._fails, (offer, _NO_ANSWER))
            else:
                self._plan(now + DEVICE_S, self._fails, (offer, failure))

    def stop(self, offer: OfferId) -> None:
        """The telephone rings no more for this offer."""
        self._offers.discard(offer)

    def _fault(self) -> RingFailure | None:
        drawn, habits = self._random(), self._habits
        if drawn >= self._faults:
            return None
        if drawn < habits.no_answer_share:
            return RingFailure.NO_ANSWER
        return RingFailure.BUSY if drawn < habits.no_answer_share + habits.busy_share else RingFailure.UNREACHABLE

    def _picks_up(self, offer: OfferId) -> None:
        if offer in self._offers:
            self._offers.discard(offer)
            self._post(OfferAnswered(offer))

    def _fails(self, pair: tuple[OfferId, RingFailure]) -> None:
        if pair[0] in self._offers:
            self._offers.discard(pair[0])
            self._post(OfferFailed(*pair))

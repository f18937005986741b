"""PINs that are dialled: compared in a time that tells nothing, and locked for a while after too many wrong ones."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from config.kinds import Secret
from queue_engine.ids import Instant

WRONG_PINS: Final = 5
LOCKED_S: Final = 300.0


@dataclass(slots=True)
class _Failures:
    count: int = 0
    locked_until: float = 0.0


class Pins:
    """Knows who has dialled wrong PINs lately."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._failures: dict[str, _Failures] = {}

    def right(self, whose: str, expected: Secret | None, pin: str) -> bool:
        """Tell whether this is the PIN that is expected; after five wrong ones not even that is right for five minutes.

        Args:
            whose: Under what name failures are counted.
            expected: The PIN; None for somebody who has none.
            pin: What was dialled.
        """
        failures = self._failures.setdefault(whose, _Failures())
        if self._now() < failures.locked_until:
            return False
        if expected is not None and hmac.compare_digest(expected.reveal().encode(), pin.encode()):
            del self._failures[whose]
            return True
        failures.count += 1
        if failures.count >= WRONG_PINS:
            failures.count = 0
            failures.locked_until = self._now() + LOCKED_S
        return False

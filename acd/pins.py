"""PINs that are dialled: compared in a time that tells nothing, and locked for a while after too many wrong ones.

A PIN's file may hold the PIN, or its argon2 hash (`acd tokens pin` makes it): who reads that file cannot dial it.
"""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from config.kinds import Secret
from queue_engine.ids import Instant

WRONG_PINS: Final = 5
LOCKED_S: Final = 300.0
REMEMBERED: Final = 10_000
"""Names with failures that are kept, the newest: whoever dials numbers at random does not fill our memory."""
_HASHER: Final = PasswordHasher()
_HASHED: Final = "$argon2"


def hashed(pin: str) -> str:
    """Return what may stand in a PIN's file instead of the PIN."""
    return _HASHER.hash(pin)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    locked_until: float = 0.0


class Pins:
    """Knows who has dialled wrong PINs lately."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._failures: dict[str, _Failures] = {}

    async def right(self, whose: str, expected: Secret | None, pin: str) -> bool:
        """Tell whether this is the PIN that is expected; after five wrong ones not even that is right for five minutes.

        Args:
            whose: Under what name failures are counted.
            expected: The PIN or its hash; None for somebody who has none.
            pin: What was dialled.
        """
        failures = self._failures.setdefault(whose, _Failures())
        if len(self._failures) > REMEMBERED:
            del self._failures[next(iter(self._failures))]
        if self._now() < failures.locked_until:
            return False
        # Counted before it is looked at, so that many at once have no more tries than one after the other.
        failures.count += 1
        if failures.count >= WRONG_PINS:
            failures.count = 0
            failures.locked_until = self._now() + LOCKED_S
        if expected is None or not await _fits(expected.reveal(), pin):
            return False
        self._failures.pop(whose, None)
        return True


async def _fits(expected: str, pin: str) -> bool:
    if not expected.startswith(_HASHED):
        return hmac.compare_digest(expected.encode(), pin.encode())
    try:
        # Tens of milliseconds of work, by design: the calls do not wait for it.
        return await asyncio.to_thread(_HASHER.verify, expected, pin)
    except (VerificationError, InvalidHashError):
        return False

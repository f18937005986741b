"""How late the event loop is, and what is left undone when it is: reports first, the live screen next, calls never.

Distribution, records and what people do by the control API share one loop. When there is more than it can do it falls
behind, and every timer and every event of Asterisk is late by as much. So what only tells is refused (503 `busy`) until
the loop has caught up, in this order; whoever asked asks again.
"""

import asyncio
from enum import Enum
from typing import Final

EVERY_S: Final = 0.1
REMEMBERED_S: Final = 2.0
"""A lag is counted for so long after it was seen: what was given up begins again once it is over for good."""


class Gives(Enum):
    """What an answer is worth when the loop is late; the value is the lag from which it is refused, s."""

    REPORT = 0.25
    """Figures of the past: they are the same in a minute."""
    VIEW = 1.0
    """The live screen: late figures are wrong figures."""
    WORK = float("inf")
    """What somebody does, and whether the daemon is well."""


class Pressure:
    """The lag of the loop that `run` runs on."""

    def __init__(self) -> None:
        self._worst_s = 0.0
        self._seen_at = float("-inf")

    def saw(self, lag_s: float, now: float) -> None:
        """Take a sample."""
        if lag_s >= self._worst_s or now - self._seen_at > REMEMBERED_S:
            self._worst_s, self._seen_at = lag_s, now

    @property
    def lag_s(self) -> float:
        """The longest lag of the last seconds."""
        return self._worst_s

    async def run(self) -> None:
        """Look ten times a second how late we are. Runs until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            now = loop.time()
            self.saw(now - due, now)

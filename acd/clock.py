"""The only place that reads a clock.

Wall time is anchored to the loop's monotonic time once, at start: a step of the system's clock bends no wait. What the
records call a time is therefore the wall time of the daemon's start plus what has passed since.
"""

import time
from collections.abc import Callable

from queue_engine.ids import Instant


class Clock:
    """Wall time that never steps."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._offset = time.time() - monotonic()  # noqa: TID251  (the one reading of wall time)

    def now(self) -> Instant:
        """Return the current instant, seconds since the epoch."""
        return Instant(self._monotonic() + self._offset)

    def loop_time(self, at: Instant) -> float:
        """Return the loop's time at which `at` is."""
        return at - self._offset


def wall_time() -> Instant:
    """Return the system's wall time, for those who run without a loop (command line, reports)."""
    return Instant(time.time())  # noqa: TID251  (the one place for it)

"""How far one Asterisk's wall clock is from ours, and what its times are in ours.

Asterisk writes wall times of its own into channel variables and into the journal of ended calls: when a call entered,
when a talk began. Ours is anchored once, at the daemon's start. Where the two part (one machine's clock is set, or
Asterisk runs on another machine) a caller who has just come would seem to have waited for an hour, and would be sent
away at the maximum wait. So every sample of Asterisk's clock is kept here, and times of Asterisk are read through it.
"""

import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from ami_bridge.client import AmiClient
from queue_engine.ids import Instant

log = structlog.get_logger(__name__)

AGREE_S: Final = 0.5
"""Clocks that differ by less than this are the same clock, read at different moments."""
SET_S: Final = 300.0
"""Nobody waits for so long beyond the longest wait of his line: the clock was set. The dialplan says the same."""
DELAY_S: Final = 15.0
"""A session comes to us at most so long after it was opened: a daemon that hangs is ended after ten seconds."""


class ServerClock:
    """What we know of one server's clock."""

    def __init__(self, server: str) -> None:
        self._server = server
        self.ahead_s = 0.0
        """How far Asterisk's clock is ahead of ours, in seconds; 0 while the two agree."""
        self._before: list[tuple[Instant, float]] = []
        """How far it was ahead until it was set, and when we learned of that; of the last `DELAY_S`."""

    def saw(self, theirs: float, sent_at: Instant, received_at: Instant) -> None:
        """Take a sample: Asterisk's time, read at some moment between two of ours."""
        ahead_s = theirs - (sent_at + received_at) / 2
        blur_s = (received_at - sent_at) / 2 + AGREE_S
        if abs(ahead_s - self.ahead_s) <= blur_s:
            return
        before_s, self.ahead_s = self.ahead_s, 0.0 if abs(ahead_s) <= blur_s else ahead_s
        self._before = [*self._lately(received_at), (received_at, before_s)]
        log.warning("clock.differs", server=self._server, ahead_s=round(self.ahead_s, 3), before_s=round(before_s, 3))

    def ours(self, theirs: float) -> Instant:
        """Return the instant of ours at which Asterisk's clock showed this."""
        return Instant(theirs - self.ahead_s)

    def theirs(self, ours: Instant) -> float:
        """Return what Asterisk's clock shows at this instant of ours."""
        return ours + self.ahead_s

    def is_off(self, entered: float, opened: float, now: Instant) -> bool:
        """Tell whether a session shows that Asterisk's clock was set; arguments as those of `entry`."""
        latest = now - (opened - entered)
        return not -AGREE_S <= latest - self.ours(entered) <= DELAY_S

    def entry(self, entered: float, opened: float | None, now: Instant, longest_s: float = float("inf")) -> Instant:
        """Return when a call entered, by our clock; look at Asterisk's if the two have parted.

        Where Asterisk's clock was set between a call's entry and its session, the one was noted by the clock as it was
        before and the other by the clock as it is: read by the new one alone, a caller of this second would have waited
        for an hour.

        Args:
            entered: When it did by Asterisk's clock.
            opened: When it opened its session with us, which came just now, by Asterisk's clock; None if it has not
                told.
            now: Our instant.
            longest_s: How long anybody waits in his line; see `found`.
        """
        if opened is not None and self.is_off(entered, opened, now) and not self._is_late(opened, now):
            self.saw(opened, now, now)
        at = self.ours(entered)
        if not _has_just_come(at, now):
            for _, ahead_s in reversed(self._lately(now)):
                if _has_just_come(before := Instant(entered - ahead_s), now):
                    return before
        return at if now - at <= longest_s + SET_S else now

    def found(self, entered: float, now: Instant, longest_s: float) -> Instant:
        """Return when a call entered that is found waiting, by our clock.

        Where Asterisk's clock was set since it entered, it is read by the clock as it was, if we have seen that one.
        Nobody may have: a daemon before us, or none. Then the call has been in the line for longer than anybody is, or
        comes from the future, and would be sent away at once; its wait counts anew, as the dialplan has it too.

        Args:
            entered: When it did, by some clock of Asterisk's.
            now: Our instant.
            longest_s: How long anybody waits in its line.
        """
        clocks = (self.ahead_s, *(ahead_s for _, ahead_s in self._lately(now)))
        read = [Instant(entered - ahead_s) for ahead_s in clocks]
        return max((at for at in read if -AGREE_S <= now - at <= longest_s + SET_S), default=now)

    def _is_late(self, opened: float, now: Instant) -> bool:
        """Tell whether a session was opened by a clock of before, and stood until now: it shows none that is new."""
        return any(AGREE_S < now - (opened - ahead_s) <= DELAY_S for _, ahead_s in self._lately(now))

    def _lately(self, now: Instant) -> list[tuple[Instant, float]]:
        return [(learned_at, ahead_s) for learned_at, ahead_s in self._before if now - learned_at <= DELAY_S]


def _has_just_come(at: Instant, now: Instant) -> bool:
    return -AGREE_S <= now - at <= DELAY_S


async def read_clock(client: AmiClient, clock: ServerClock, now: Callable[[], Instant]) -> None:
    """Take a sample over AMI: a Pong carries Asterisk's time (`Timestamp`, action_ping in manager.c).

    Raises:
        AmiError: Asterisk did not answer.
    """
    sent_at = now()
    pong = await client.action("Ping")
    with contextlib.suppress(ValueError):
        clock.saw(float(pong.get("Timestamp") or ""), sent_at, now())

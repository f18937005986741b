"""Opens and closes the lines: at the instants that their hours name, and when somebody does it by hand.

The engine has no clock and no calendar: it is told. Asterisk is told as well, for the time when the daemon is away:
each line's state and the next instants at which it changes, which the dialplan reads (`acd-hours`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import structlog

from acd.kept import KeptRows
from config.checks_services import SERVE
from config.lines import Line
from config.model import Config
from config.worktime import WorkTime
from metrics.service_facts import LineSwitched
from queue_engine.ids import Instant, QueueName
from queue_engine.inputs import Input, LineOpened

log = structlog.get_logger(__name__)

BY_HOURS: Final = "hours"
"""The actor of what the hours do."""
AHEAD_DAYS: Final = 21
"""So far ahead Asterisk is told: longer than the longest holidays."""
CHANGES_TOLD: Final = 40
"""Changes in what Asterisk is told: 41 instants stay below the 1024 bytes of an AMI line."""
FOR_EVER: Final = ":9999999999"
LONGEST_SLEEP_S: Final = 3600.0
"""A timer that was set for days is set anew each hour: the system's clock may have been put right meanwhile."""


class Timer(Protocol):
    """Something that will be done."""

    def cancel(self) -> None:
        """It is not to be done any more."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A line that somebody has opened or closed by hand."""

    queue: str
    open: bool
    by: str
    reason: str
    at: float
    until: float | None = None
    """When it ends by itself; None: when somebody takes it back."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line stands."""

    queue: QueueName
    open: bool
    by: str
    """`hours`, or who switched it by hand."""
    reason: str
    since: Instant | None
    """Of a switch by hand: when it was made."""
    next_change_at: Instant | None
    """When it opens or closes next by itself; None when it does not within three weeks."""


class LineHours:
    """All lines of one centre."""

    def __init__(
        self,
        config: Callable[[], Config],
        now: Callable[[], Instant],
        call_at: Callable[[Instant, Callable[[], None]], Timer],
        post: Callable[[Input], None],
        tell: Callable[[LineSwitched], None],
        path: Path,
    ) -> None:
        """Make the keeper; nothing is told before `start`.

        Args:
            config: The configuration in force.
            now: The daemon's clock.
            call_at: Has something done at an instant.
            post: Takes inputs of the engine.
            tell: Is told what has become true.
            path: Where switches by hand are kept.
        """
        self._config = config
        self._now = now
        self._call_at = call_at
        self._post = post
        self._tell = tell
        self._kept = KeptRows(path, Switch, "line_switches")
        self._switches: dict[QueueName, Switch] = {}
        self._work: dict[QueueName, WorkTime | None] = {}
        self._open: dict[QueueName, bool] = {}
        self._timer: Timer | None = None
        self._mirrors: list[Callable[[QueueName, str], None]] = []

    def mirror(self, told: Callable[[QueueName, str], None]) -> None:
        """Add somebody who is told each line's plan whenever it changes."""
        self._mirrors.append(told)

    def tell_all(self, told: Callable[[QueueName, str], None]) -> None:
        """Tell somebody every line's plan: a server whose link has come up."""
        for queue in self._work:
            told(queue, self.plan(queue))

    def start(self) -> None:
        """Read the switches that a run before this one left, and tell the engine how every line stands."""
        self._switches = {QueueName(switch.queue): switch for switch in self._kept.read()}
        self.configure()

    def configure(self) -> None:
        """Take the configuration in force; the engine's lines may be new, so all of them are told."""
        self._work = {QueueName(line.name): self._config().working_time(line) for line in self._config().lines}
        self._switches = {queue: switch for queue, switch in self._switches.items() if queue in self._work}
        self._open = {queue: is_open for queue, is_open in self._open.items() if queue in self._work}
        self._look(tell_all=True)

    def stop(self) -> None:
        """Let no timer fire any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def switch(self, queue: QueueName, *, is_open: bool, reason: str, by: str, until: Instant | None = None) -> None:
        """Open or close a line by hand, against its hours if need be.

        What the hours say anyway needs no switch: it is taken back. A line that is opened against its hours stays so
        until they open it, unless `until` is given; one that is closed, until somebody opens it.
        """
        now = self._now()
        if is_open == self._by_hours(queue, now) and until is None and is_open:
            self._switches.pop(queue, None)
        else:
            if is_open and until is None:
                until = next(iter(self._changes(queue, now)), None)
            self._switches[queue] = Switch(queue, is_open, by, reason, now, until)
        self._keep()
        if self._open.get(queue) is is_open:
            self._tell(LineSwitched(now, queue, is_open, by, reason, until))
        self._look(by=by, reason=reason)

    def by_hours(self, queue: QueueName, by: str) -> None:
        """Take a switch by hand back: the hours decide again."""
        if self._switches.pop(queue, None) is not None:
            self._keep()
            self._look(by=by, reason="switch taken back")

    def standing(self, queue: QueueName) -> Standing:
        """Return how a line stands; one that is not configured is open."""
        now = self._now()
        switch = self._switches.get(queue)
        is_open, changes = self._plan(queue, now)
        return Standing(
            queue,
            is_open,
            BY_HOURS if switch is None else switch.by,
            "" if switch is None else switch.reason,
            None if switch is None else Instant(switch.at),
            changes[0] if changes else None,
        )

    def plan(self, queue: QueueName) -> str:
        """Return what Asterisk is told: `1` or `0` for open or closed now, then the instants at which that changes.

        The last instant ends what is known: after it the dialplan takes the line for open. A line that never changes
        has the end of its plan in the far future.
        """
        is_open, changes = self._plan(queue, self._now())
        told = changes[:CHANGES_TOLD]
        return f"{int(is_open)}{''.join(f':{at:.0f}' for at in told) or FOR_EVER}"

    def _by_hours(self, queue: QueueName, at: Instant) -> bool:
        work = self._work.get(queue)
        return work is None or work.is_open(at)

    def _changes(self, queue: QueueName, after: Instant) -> list[Instant]:
        work = self._work.get(queue)
        return [] if work is None else list(islice(work.changes(after, AHEAD_DAYS), CHANGES_TOLD))

    def _plan(self, queue: QueueName, now: Instant) -> tuple[bool, list[Instant]]:
        """Return how a line stands and when that changes, a switch by hand considered."""
        switch = self._switches.get(queue)
        if switch is None:
            return self._by_hours(queue, now), self._changes(queue, now)
        if switch.until is None:
            return switch.open, []
        until = Instant(switch.until)
        after = self._changes(queue, until)
        return switch.open, [until, *after] if self._by_hours(queue, until) is not switch.open else after

    def _expire(self, now: Instant) -> None:
        over = [q for q, switch in self._switches.items() if switch.until is not None and switch.until <= now]
        for queue in over:
            del self._switches[queue]
        if over:
            self._keep()

    def _look(self, *, by: str = BY_HOURS, reason: str = "", tell_all: bool = False) -> None:
        """Compare every line with what was told last, tell what differs, and wait for the next change."""
        now = self._now()
        self._expire(now)
        nearest: Instant | None = None
        lines = {QueueName(line.name): line for line in self._config().lines}
        for queue in self._work:
            is_open, changes = self._plan(queue, now)
            before = self._open.get(queue)
            self._open[queue] = is_open
            if before is not is_open or tell_all:
                self._post(LineOpened(queue, is_open, "" if is_open else _sent_away(lines[queue])))
            if before is not None and before is not is_open:
                self._tell(LineSwitched(now, queue, is_open, by, reason, self._until(queue)))
            for told in self._mirrors:
                told(queue, self.plan(queue))
            due = changes[0] if changes else self._until(queue)
            nearest = min(filter(None, (nearest, due, self._until(queue))), default=None)
        self._arm(now, nearest)

    def _until(self, queue: QueueName) -> Instant | None:
        switch = self._switches.get(queue)
        return None if switch is None or switch.until is None else Instant(switch.until)

    def _arm(self, now: Instant, nearest: Instant | None) -> None:
        self.stop()
        if nearest is not None:
            due = Instant(min(nearest, now + LONGEST_SLEEP_S))
            self._timer = self._call_at(due, self._look)

    def _keep(self) -> None:
        self._kept.write(tuple(self._switches.values()))


def _sent_away(line: Line) -> str:
    """Return where callers go who wait when the line closes; empty where they are served."""
    return "" if line.at_close == SERVE else line.at_close

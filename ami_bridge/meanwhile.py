"""What has happened to channels that a list of all of them does not show.

The list shows them as they were when Asterisk wrote it, and more is asked before it is made use of. Events come in
between, of channels that nobody knows yet: one that has ended may be in the list still, and one that has entered a
bridge stands there without it. And a caller of whom his session has said that he is gone, as no events came in, has a
channel for a moment longer.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from queue_engine.ids import Instant


@dataclass(slots=True)
class Look:
    """What has happened since one look began; channels by their Uniqueid."""

    ended: set[str] = field(default_factory=set)
    entered: dict[str, tuple[str, Instant]] = field(default_factory=dict)
    """The bridge that each was the last to enter, and when."""


class Meanwhile:
    """Remembers for those who look, each from when his own look began."""

    def __init__(self) -> None:
        self._looks: list[Look] = []
        self._said_to_be_gone: set[str] = set()

    @contextmanager
    def since_now(self) -> Iterator[Look]:
        """Give what takes up all that happens in the block, and keeps it afterwards. Looks may overlap."""
        look = Look(set(self._said_to_be_gone))
        self._looks.append(look)
        try:
            yield look
        finally:
            self._looks = [other for other in self._looks if other is not look]

    def ended(self, uniqueid: str) -> None:
        """A channel has ended."""
        self._said_to_be_gone.discard(uniqueid)
        for look in self._looks:
            look.ended.add(uniqueid)

    def entered(self, uniqueid: str, bridge: str, now: Instant) -> None:
        """A channel has entered a bridge."""
        for look in self._looks:
            look.entered[uniqueid] = (bridge, now)

    def said_to_be_gone(self, uniqueid: str) -> None:
        """A caller's session has told that he is gone; no event will."""
        self._said_to_be_gone.add(uniqueid)

    def is_there(self, uniqueid: str) -> None:
        """He is not: he has opened another session."""
        self._said_to_be_gone.discard(uniqueid)

    def listed(self, present: Container[str]) -> None:
        """A list of all was read: whoever is not in it any more need not be remembered."""
        self._said_to_be_gone = {uniqueid for uniqueid in self._said_to_be_gone if uniqueid in present}

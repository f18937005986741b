"""What happens to channels while somebody reads the list of all.

The list shows them as they were when Asterisk wrote it, and more is asked before it is made use of. Events come in
between, of channels that nobody knows yet: one that has ended may be in the list still, and one that has entered a
bridge stands there without it.
"""

from collections.abc import Iterator
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

    @contextmanager
    def since_now(self) -> Iterator[Look]:
        """Give what takes up all that happens in the block, and keeps it afterwards. Looks may overlap."""
        look = Look()
        self._looks.append(look)
        try:
            yield look
        finally:
            self._looks = [other for other in self._looks if other is not look]

    def ended(self, uniqueid: str) -> None:
        """A channel has ended."""
        for look in self._looks:
            look.ended.add(uniqueid)

    def entered(self, uniqueid: str, bridge: str, now: Instant) -> None:
        """A channel has entered a bridge."""
        for look in self._looks:
            look.entered[uniqueid] = (bridge, now)

"""Callers whom Asterisk has taken in and who have not come to us yet: between their channel and their session.

That takes the half second of `Answer()` at most. Who needs longer was refused by our port, or Asterisk died with him;
neither may cost him his place or his record.
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from ami_bridge.message import AmiMessage
from queue_engine.ids import Instant

TRUNKS: Final = "acd-incoming"
"""The context in which every call from a trunk begins."""
LATE_S: Final = 0.6
"""Answer() waits for speech for up to 0.5 s (tried); who needs longer has been refused."""
LATE_IN_TROUBLE_S: Final = 0.1
"""While sessions break, a telephone that sends speech at once, and so was refused at once, is looked for as well."""
TROUBLE_S: Final = 5.0
"""So long after a session has broken the next caller may still find the port shut."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A channel from a trunk."""

    channel: str
    uniqueid: str
    dialled: str
    caller: str
    at: Instant


class Arrivals:
    """Those on one server."""

    def __init__(self) -> None:
        self._coming: dict[str, Arrival] = {}
        self._trouble_until = Instant(0.0)

    def __len__(self) -> int:
        return len(self._coming)

    def uniqueids(self) -> set[str]:
        """Return their channels' Uniqueids."""
        return set(self._coming)

    def saw(self, message: AmiMessage, now: Instant) -> None:
        """There is a new channel; one from a trunk is a caller who is coming."""
        if message.get("Context") == TRUNKS:
            uniqueid, caller = message["Uniqueid"], message.get("CallerIDNum") or ""
            caller = "" if caller == "<unknown>" else caller
            dialled = message.get("Exten") or ""
            self._coming[uniqueid] = Arrival(message["Channel"], uniqueid, dialled, caller, now)

    def over(self, uniqueid: str) -> None:
        """He has come to us, or is gone."""
        self._coming.pop(uniqueid, None)

    def session_broke(self, now: Instant) -> None:
        """A session has ended without its caller: who comes now may be refused."""
        self._trouble_until = Instant(now + TROUBLE_S)

    def is_anybody_late(self, now: Instant, uniqueid: str) -> bool:
        """Tell whether somebody should have come to us before the channel that comes now."""
        oldest = next(iter(self._coming.values()), None)
        if oldest is None or oldest.uniqueid == uniqueid:
            return False
        return now - oldest.at > (LATE_IN_TROUBLE_S if now < self._trouble_until else LATE_S)

    def vanished(self, present: Container[str]) -> list[Arrival]:
        """Return and forget those whose channels are no more."""
        gone = [arrival for uniqueid, arrival in self._coming.items() if uniqueid not in present]
        for arrival in gone:
            del self._coming[arrival.uniqueid]
        return gone

"""Callers whose session is lost while an operator is kept for them.

A lost session comes back by itself within a second, with the dialplan's next try. That is soon enough for whoever
waits; it is not for a caller for whom an operator is kept and whose telephone does not ring meanwhile, while the next
in line is rung elsewhere. He is fetched at once, and once more when our port lets somebody in again that was shut.
"""

from collections.abc import Callable

from ami_bridge.legs import CallLeg
from queue_engine.ids import CallId


class Unheld:
    """Those of one server."""

    def __init__(self, fetch: Callable[[CallLeg], None]) -> None:
        self._fetch = fetch
        self._fetched: dict[CallId, CallLeg] = {}
        """Who was fetched and has not come yet."""

    def is_to_ring(self, call: CallLeg) -> None:
        """An operator is kept for this caller: if no session holds him, he is fetched."""
        if call.unheld:
            self._fetched[call.call] = call
            self._fetch(call)

    def came(self, call: CallLeg) -> None:
        """A session holds this caller again: our port is open, so who was fetched in vain is fetched once more."""
        call.unheld = False
        others, self._fetched = self._fetched, {}
        for other in others.values():
            if other.unheld and other.is_to_ring:
                self._fetch(other)

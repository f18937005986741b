"""Which channels have ended while somebody reads the list of all: the list may have them still."""

from collections.abc import Iterator, Set
from contextlib import contextmanager


class HungUp:
    """Remembers ends for those who look, each from when his own look began."""

    def __init__(self) -> None:
        self._looks: dict[int, set[str]] = {}
        self._looked = 0

    @contextmanager
    def since_now(self) -> Iterator[Set[str]]:
        """Give a set that takes up the Uniqueid of every channel that ends in the block. Looks may overlap."""
        self._looked += 1
        mine, look = self._looks.setdefault(self._looked, set()), self._looked
        try:
            yield mine
        finally:
            del self._looks[look]

    def add(self, uniqueid: str) -> None:
        """A channel has ended."""
        for look in self._looks.values():
            look.add(uniqueid)

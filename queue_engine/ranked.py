"""An ordered collection that knows positions: the shape of a waiting line and of a rank of free operators.

Entries are tuples that differ before their last element, so they order themselves. They are kept in a list of short
sorted lists. Adding at the end and taking from the front, which is what a line does nearly always, cost a comparison
and a short memory move; any other place is found by two binary searches. Positions cost a sum over the short lists.
The structure is that of a B+ tree of depth two; what it does to the leaves happens in C.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

Entry = TypeVar("Entry", bound=tuple[object, ...])

_BLOCK: Final = 512


class Ranked(Generic[Entry]):
    """Entries in ascending order."""

    __slots__ = ("_blocks", "_lasts", "_len", "head")

    def __init__(self) -> None:
        self._blocks: list[list[Entry]] = []
        self._lasts: list[Entry] = []
        self._len = 0
        self.head: Entry | None = None
        """The entry that is first; None when there is none. To be read only."""

    def __len__(self) -> int:
        return self._len

    def __iter__(self) -> Iterator[Entry]:
        for block in self._blocks:
            yield from block

    def add(self, entry: Entry) -> None:
        """Put the entry in its place."""
        self._len += 1
        lasts = self._lasts
        if not lasts:
            self._blocks.append([entry])
            lasts.append(entry)
            self.head = entry
            return
        if entry > lasts[-1]:
            at = len(lasts) - 1
            block = self._blocks[at]
            block.append(entry)
            lasts[at] = entry
        else:
            at = bisect_left(lasts, entry)
            block = self._blocks[at]
            insort(block, entry)
            self.head = self._blocks[0][0]
        if len(block) > 2 * _BLOCK:
            self._blocks.insert(at + 1, block[_BLOCK:])
            del block[_BLOCK:]
            lasts.insert(at, block[-1])

    def remove(self, entry: Entry) -> None:
        """Take the entry out.

        Raises:
            KeyError: It is not there: a bug of the caller.
        """
        blocks, lasts = self._blocks, self._lasts
        if entry is self.head:
            at = index = 0
            block = blocks[0]
        else:
            at = bisect_left(lasts, entry)
            if at == len(blocks):
                raise KeyError(entry)
            block = blocks[at]
            index = bisect_left(block, entry)
            if block[index] != entry:
                raise KeyError(entry)
        del block[index]
        self._len -= 1
        if not block:
            del blocks[at], lasts[at]
        elif index == len(block):
            lasts[at] = block[-1]
        self.head = blocks[0][0] if blocks else None

    def position(self, entry: Entry) -> int:
        """Return how many entries are before this one, whether it is in the collection or not."""
        at = bisect_left(self._lasts, entry)
        before = sum(map(len, self._blocks[:at]))
        return before + bisect_left(self._blocks[at], entry) if at < len(self._blocks) else before

    def at(self, index: int) -> Entry:
        """Return the entry at this position.

        Raises:
            IndexError: There are not so many.
        """
        for block in self._blocks:
            if index < len(block):
                return block[index]
            index -= len(block)
        raise IndexError(index)

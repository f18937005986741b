"""Running numbers of cards: one row per service and year (UDM 7.2), told to the caller and typed on keys (KEM 5.7).

Written `122-2026-000123`; on telephone keys `2026` and the running number, leading zeros or not: `2026123`. The
running number itself is drawn by the store in the transaction that writes the card, so it has no gaps.
"""

import re
from dataclasses import dataclass
from typing import Final

from acd.journal.errors import NumberMistyped

_WRITTEN: Final = re.compile(r"(?:([a-z0-9]+)-)?(\d{4})-(\d{1,9})", re.IGNORECASE)
_KEYS: Final = re.compile(r"(20\d\d)(\d{1,9})")


@dataclass(frozen=True, slots=True, order=True)
class CardNumber:
    """Of one card in one service."""

    prefix: str
    """The service's, as its profile names it: `122`."""
    year: int
    """In the site's time zone."""
    running: int
    """From 1."""

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}-{self.running:06d}"

    @property
    def keys(self) -> str:
        """What to press on a telephone."""
        return f"{self.year}{self.running}"


def parse_number(text: str, prefix: str) -> CardNumber:
    """Return the number that was written, with or without its prefix, or pressed on a telephone.

    Raises:
        NumberMistyped: It is none, or it carries another service's prefix.
    """
    tidy = text.strip().replace(" ", "").rstrip("#").replace("–", "-").replace("—", "-")
    if found := _WRITTEN.fullmatch(tidy):
        if found[1] is not None and found[1].lower() != prefix.lower():
            raise NumberMistyped(text)
        number = CardNumber(prefix, int(found[2]), int(found[3]))
    elif found := _KEYS.fullmatch(tidy):
        number = CardNumber(prefix, int(found[1]), int(found[2]))
    else:
        raise NumberMistyped(text)
    if number.running == 0:
        raise NumberMistyped(text)
    return number

"""Who was logged in where, kept in a file so that a restart of the daemon logs nobody out.

It is a file and not a table because operators must be at their desks again at once, also while the database is away.
"""

from dataclasses import dataclass
from pathlib import Path

from acd.kept import KeptRows


@dataclass(frozen=True, slots=True)
class Seat:
    """One operator at a telephone, or (with no telephone) one who logged out where a telephone would log him in."""

    agent: str
    server: str
    telephone: str
    paused_for: str | None = None
    """The reason of the pause; None when not paused."""


class SeatFile(KeptRows[Seat]):
    """The seats of one daemon."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, Seat, "seats")

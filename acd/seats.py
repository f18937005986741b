"""Who was logged in where, kept in a file so that a restart of the daemon logs nobody out.

A small JSON file beside the database, replaced as a whole at each log-in, log-out and pause. It is a file and not a
table because operators must be at their desks again at once, also while the database is away.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seat:
    """One operator at a telephone, or (with no telephone) one who logged out where a telephone would log him in."""

    agent: str
    server: str
    telephone: str
    paused_for: str | None = None
    """The reason of the pause; None when not paused."""


class SeatFile:
    """The file and what was last written to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: tuple[Seat, ...] = ()

    def read(self) -> tuple[Seat, ...]:
        """Return the seats; none when there is no file, or none that can be read (that is logged)."""
        try:
            self._written = tuple(Seat(**row) for row in orjson.loads(self._path.read_bytes()))
        except FileNotFoundError:
            self._written = ()
        except (OSError, orjson.JSONDecodeError, TypeError) as error:
            log.warning("seats.unreadable", reason=str(error))
            self._written = ()
        return self._written

    def write(self, seats: tuple[Seat, ...]) -> None:
        """Replace the file, unless it says so already. A failure is logged: the seats in memory go on."""
        if seats == self._written:
            return
        beside = self._path.with_suffix(".new")
        try:
            with beside.open("wb") as file:
                file.write(orjson.dumps([asdict(seat) for seat in seats], option=orjson.OPT_INDENT_2))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            log.warning("seats.not_written", reason=str(error))
            return
        self._written = seats

"""Small lists that must survive a restart also while the database is away: a JSON file, replaced as a whole.

A file that cannot be read counts as empty, one that cannot be written leaves what is in memory to go on; both are
logged.

What the kernel has taken survives the death of the daemon, so nobody waits for the disk: a thread asks it, for the sake
of the power supply, to have written what was replaced. On a busy disk that takes from milliseconds to seconds, in which
the event loop would serve no call.
"""

import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
import structlog

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class KeptRows(Generic[_T]):
    """The file and what was last written to it."""

    def __init__(self, path: Path, kind: type[_T], name: str) -> None:
        """Make a list of rows of a dataclass.

        Args:
            path: The file.
            kind: Class of the rows.
            name: What the log calls them.
        """
        self._path = path
        self._kind = kind
        self._name = name
        self._written: tuple[_T, ...] = ()
        self._to_sync = threading.Event()
        """A thread that will still look has been asked to."""
        self._syncing = threading.Lock()

    def read(self) -> tuple[_T, ...]:
        """Return the rows; none when there is no file, or none that can be read (that is logged)."""
        try:
            self._written = tuple(self._kind(**row) for row in orjson.loads(self._path.read_bytes()))
        except FileNotFoundError:
            self._written = ()
        except (OSError, orjson.JSONDecodeError, TypeError) as error:
            log.warning(f"{self._name}.unreadable", reason=str(error))
            self._written = ()
        return self._written

    def write(self, rows: tuple[_T, ...]) -> None:
        """Replace the file, unless it says so already. A failure is logged: what is in memory goes on."""
        if rows == self._written:
            return
        beside = self._path.with_suffix(".new")
        fields: list[Any] = [asdict(row) for row in rows]  # type: ignore[call-overload]  # the class is a dataclass
        try:
            with beside.open("wb") as file:
                file.write(orjson.dumps(fields, option=orjson.OPT_INDENT_2))
            beside.replace(self._path)
        except OSError as error:
            log.warning(f"{self._name}.not_written", reason=str(error))
            return
        self._written = rows
        self._sync_soon()

    def _sync_soon(self) -> None:
        """Have the disk write what was replaced, by a thread: one is at it and one waits, at most."""
        if not self._to_sync.is_set():
            self._to_sync.set()
            threading.Thread(target=self._sync, name=f"{self._name}-sync", daemon=True).start()

    def _sync(self) -> None:
        with self._syncing:
            self._to_sync.clear()
            try:
                for path in (self._path, self._path.parent):
                    descriptor = os.open(path, os.O_RDONLY)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
            except OSError as error:
                log.warning(f"{self._name}.not_synced", reason=str(error))

r"""The write-ahead file of facts: a fact is in it before anybody else hears of it.

Each fact is one line, `run TAB seq TAB kind TAB version TAB json LF`, written by one `write(2)` with those that became
true together; JSON holds no raw tab or line feed. What the kernel has taken survives the death of the daemon, so
nothing is flushed per fact; `sync` is for the power supply, and is called per batch while the database is away.

The file is a row of segments, `00000001.spool` and so on. The writer of the records reads them from the front, each
line once, and removes a segment when everything in it is committed. A line that was torn by a power failure is put
aside in `rejected.spool`, for people.
"""

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SEGMENT_BYTES: Final = 4 * 1024 * 1024
"""A segment is closed at this size: some 20 000 facts."""

_SUFFIX: Final = ".spool"
_REJECTED: Final = "rejected.spool"


@dataclass(frozen=True, slots=True)
class Line:
    """One fact as it stands in the spool. `values` is its JSON."""

    run: str
    seq: int
    kind: str
    version: int
    values: str


def format_line(run: str, seq: int, kind: str, version: int, values: bytes) -> bytes:
    """Return the line for a fact whose JSON is `values`."""
    return b"%s\t%d\t%s\t%d\t%s\n" % (run.encode(), seq, kind.encode(), version, values)


def parse_line(line: bytes) -> Line | None:
    """Return the fact of a line (without its line feed), or None where the line is damaged."""
    parts = line.split(b"\t", 4)
    if len(parts) != 5 or not parts[4].startswith(b"{") or not parts[4].endswith(b"}"):
        return None
    try:
        return Line(parts[0].decode(), int(parts[1]), parts[2].decode(), int(parts[3]), parts[4].decode())
    except ValueError:
        return None


class SpoolWriter:
    """Appends lines. Used by one thread; raises OSError, having left no half a line behind."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._number = max((_number(path) for path in _segments(folder)), default=0)
        self._file = -1
        self._length = 0

    def append(self, lines: bytes) -> None:
        """Write one line or several, whole, or raise OSError (disk full, read-only) with the file as before."""
        if self._file < 0 or self._length >= SEGMENT_BYTES:
            self._next_segment()
        if os.write(self._file, lines) != len(lines):
            os.ftruncate(self._file, self._length)
            raise OSError(errno.ENOSPC, "no room for a whole line")
        self._length += len(lines)

    def sync(self) -> None:
        """Have the disk confirm what was written."""
        if self._file >= 0:
            os.fsync(self._file)

    def close(self) -> None:
        """Close the segment."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _next_segment(self) -> None:
        path = self._folder / f"{self._number + 1:08d}{_SUFFIX}"
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self.close()
        self._file, self._length, self._number = opened, 0, self._number + 1


class SpoolReader:
    """Reads lines from the front of the spool while another thread appends to its end.

    `read` looks ahead, `commit` makes that the new front; without `commit` the next `read` returns the same lines.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._front: Path | None = None
        self._offset = 0
        self._ahead: tuple[Path | None, int] = (None, 0)
        self._finished: list[Path] = []
        self._damaged: list[bytes] = []
        self.rejected = 0
        """Damaged or refused lines put aside."""
        self.at_end = False
        """What `read` returned last was all: whatever stands behind it was written after the call."""

    def read(self, most_bytes: int) -> list[Line]:
        """Return the next whole lines, at most about `most_bytes` of them; none at the end of the spool."""
        self._finished, self._damaged = [], []
        path, offset = self._front or next(iter(_segments(self._folder)), None), self._offset
        data = b""
        while path is not None:
            data = _whole_lines(path, offset, most_bytes)
            following = None if data else next((p for p in _segments(self._folder) if p.name > path.name), None)
            if following is None:
                break
            # The next segment is opened after the last line of this one was written: look once more for that line.
            data = _whole_lines(path, offset, most_bytes)
            if data:
                break
            self._damaged.extend(_torn_end(path, offset))
            self._finished.append(path)
            path, offset = following, 0
        self._ahead = path, offset + len(data)
        self.at_end = len(data) < most_bytes and not any(p.name > path.name for p in _segments(self._folder) if path)
        return self._parsed(data)

    def commit(self) -> None:
        """What `read` returned last is in the database: go on behind it, remove the segments that are through."""
        for raw in self._damaged:
            self._put_aside(raw)
        for path in self._finished:
            path.unlink(missing_ok=True)
        self._front, self._offset = self._ahead
        self._finished, self._damaged = [], []

    def reject(self, line: Line) -> None:
        """Put a line aside that the database will never take."""
        self._put_aside(format_line(line.run, line.seq, line.kind, line.version, line.values.encode()).rstrip(b"\n"))

    def remove_what_is_read(self) -> None:
        """Remove the front segment if it is read to its end; for when nobody appends any more."""
        if self._front is not None and self._front.exists() and self._front.stat().st_size == self._offset:
            self._front.unlink()
            self._front, self._offset = None, 0

    def unread_bytes(self) -> int:
        """Return how much stands in the spool that is not committed."""
        total = 0
        for path in _segments(self._folder):
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size - (self._offset if path == self._front else 0)
        return total

    def _parsed(self, data: bytes) -> list[Line]:
        lines = []
        for raw in data.split(b"\n")[:-1]:
            line = parse_line(raw)
            if line is None:
                self._damaged.append(raw)
            else:
                lines.append(line)
        return lines

    def _put_aside(self, raw: bytes) -> None:
        self.rejected += 1
        with (self._folder / _REJECTED).open("ab") as file:
            file.write(raw + b"\n")


def _whole_lines(path: Path, offset: int, most_bytes: int) -> bytes:
    """Return whole lines from `offset`; a line longer than `most_bytes` is still read whole."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(most_bytes)
        if len(data) == most_bytes and not data.endswith(b"\n"):
            data += file.readline()
    return data[: data.rfind(b"\n") + 1]


def _torn_end(path: Path, offset: int) -> list[bytes]:
    """Return what stands behind the last line feed of a segment that is through."""
    with path.open("rb") as file:
        file.seek(offset)
        rest = file.read()
    return [rest] if rest else []


def _segments(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"[0-9]*{_SUFFIX}") if path.stem.isdigit())


def _number(path: Path) -> int:
    return int(path.stem)

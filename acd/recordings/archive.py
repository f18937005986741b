"""The folder of recordings: what Asterisk has written becomes a kept file, and a kept file is read or destroyed.

Below the folder: `incoming/`, where Asterisk writes, and one folder per day (of the site's time) with the kept files,
`<recording>.wav` or, sealed, `<recording>.wav.sealed`. A kept file appears under its name only when it is whole and on
the disk; the file of Asterisk goes after that. A crash at any point leaves one of the two, and the same work done
again gives the same result.

Everything here blocks and is for a thread of its own.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from acd.recordings import sealed, sound
from acd.recordings.errors import NoSound, StillThere
from acd.recordings.names import Talk

INCOMING: Final = "incoming"
SEALED: Final = ".sealed"
FOLDER_MODE: Final = 0o750
FILE_MODE: Final = 0o640
_CHUNK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a recording."""

    path: str
    """Below the folder of recordings."""
    duration_s: float
    size: int
    """Bytes of the plain sound file."""
    sha256: str
    channels: int
    key: str


class Archive:
    """One folder of recordings."""

    def __init__(self, folder: Path, zone: ZoneInfo, keys: sealed.Keys) -> None:
        self.folder = folder
        self.incoming = folder / INCOMING
        self._zone = zone
        self._keys = keys

    def incoming_files(self) -> dict[str, float]:
        """Return what stands in `incoming` with the instant of its last change; nothing where there is no folder."""
        found = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self.incoming) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    found[entry.name] = entry.stat().st_mtime
        return found

    def is_closed(self, names: Iterable[str]) -> bool:
        """Tell whether Asterisk has closed all of these files."""
        return all(sound.is_closed(self.incoming / name) for name in names)

    def keep(self, talk: Talk, legs: Mapping[str, str]) -> Kept:
        """Put the sound of a talk in its place; the files in `incoming` stay until `drop` takes them away.

        Raises:
            NoSound: There is none in them.
            OSError: The disk is full, or the folder may not be written.
        """
        paths = {leg: self.incoming / name for leg, name in legs.items()}
        # Asterisk receives from the operator's telephone (`in`) and sends it the caller (`out`): the caller is left.
        pair = paths.get("out"), paths.get("in")
        if pair[0] is not None and pair[1] is not None:
            channels, data = 2, 2 * max(sound.sound_bytes(path) for path in paths.values())
            parts = sound.stereo(pair[0], pair[1])
        else:
            path = next(iter(paths.values()))
            channels, data = 1, sound.sound_bytes(path)
            parts = sound.mono(path)
        if not data:
            raise NoSound
        day = self.folder / datetime.fromtimestamp(talk.started_at, self._zone).date().isoformat()
        day.mkdir(mode=FOLDER_MODE, exist_ok=True)
        key = self._keys.current
        target = day / f"{talk.recording}.wav{SEALED if key is not None else ''}"
        digest = self._write(target, parts, key)
        return Kept(
            str(target.relative_to(self.folder)),
            sound.duration_s(channels, data),
            data + sound.HEADER.size,
            digest,
            channels,
            "" if key is None else key.id.hex(),
        )

    def _write(self, target: Path, parts: Iterable[bytes], key: sealed.SealingKey | None) -> str:
        """Write the parts to a file, whole or not at all; return the SHA-256 of what was in them."""
        digest = hashlib.sha256()

        def watched() -> Iterator[bytes]:
            for part in parts:
                digest.update(part)
                yield part

        half = target.with_name(f".{target.name}.part")
        try:
            with open(half, "wb", opener=_private) as out:
                if key is None:
                    out.writelines(watched())
                else:
                    sealed.seal(watched(), key, out)
                out.flush()
                os.fsync(out.fileno())
            half.replace(target)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        return digest.hexdigest()

    def drop(self, legs: Mapping[str, str]) -> None:
        """Take away what Asterisk has written: it is kept."""
        for name in legs.values():
            (self.incoming / name).unlink(missing_ok=True)

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        """Yield so many bytes of the plain sound from this one on.

        Raises:
            KeyMissing, SealBroken: A sealed file cannot be opened.
            OSError: It is not there, or may not be read.
        """
        file = self._inside(path)
        if file.name.endswith(SEALED):
            yield from sealed.unseal(file, self._keys, start, length)
            return
        with file.open("rb") as plain:
            plain.seek(start)
            while length > 0 and (part := plain.read(min(_CHUNK, length))):
                length -= len(part)
                yield part

    def destroy(self, path: str) -> None:
        """Destroy a kept file and look that it is gone. One that is not there is gone already.

        Raises:
            StillThere: It is there all the same.
            OSError: It may not be removed.
        """
        file = self._inside(path)
        file.unlink(missing_ok=True)
        if file.parent.is_dir():
            _sync_folder(file.parent)
            with contextlib.suppress(OSError):  # others of that day are there
                file.parent.rmdir()
        if os.path.lexists(file):
            raise StillThere(path)

    def kept_before(self, day: str) -> list[str]:
        """Return the paths of all kept files of days before this one (`2026-11-21`), whatever the records say."""
        found: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            for folder in sorted(self.folder.iterdir()):
                if folder.name != INCOMING and folder.name < day and folder.is_dir():
                    found += [str(file.relative_to(self.folder)) for file in sorted(folder.iterdir())]
        return found

    def day_of(self, at: float) -> str:
        """Return the day, of the site's time, of an instant."""
        return datetime.fromtimestamp(at, self._zone).date().isoformat()

    def _inside(self, path: str) -> Path:
        """Return a path below the folder as it is on the disk.

        Raises:
            FileNotFoundError: It leads out of the folder, which only damaged records can ask for.
        """
        file = self.folder / path
        if ".." in Path(path).parts or not file.is_relative_to(self.folder):
            raise FileNotFoundError(path)
        return file


def free_bytes(folder: Path) -> int:
    """Return how much room there is on the disk of a folder for whoever is not root.

    Raises:
        OSError: There is no such folder.
    """
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

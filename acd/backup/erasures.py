"""Who was erased, for as long as there are backups from before it: so that a restored one does not bring him back.

`acd privacy erase` notes the number here, sealed with the backups' key, in a file of its own; `acd backup restore`
erases everybody again who was erased after the backup was made; and a note goes once every backup that is left is
younger.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from acd.backup.errors import BackupDamaged, BackupFolder
from acd.backup.vault import private_file
from acd.recordings.errors import RecordingError
from acd.recordings.sealed import Keys, SealingKey, seal, unseal_whole

FOLDER: Final = "erased"
SUFFIX: Final = ".erasure"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person who was erased."""

    at: float
    """Epoch seconds."""
    number: str


def note(folder: Path, key: SealingKey, erasure: Erasure) -> Path:
    """Write a note and return its file.

    Raises:
        BackupFolder: It cannot be written; then nobody is to be erased.
    """
    name = f"{int(erasure.at * 1000)}{SUFFIX}"
    path = folder / FOLDER / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise BackupFolder(path.parent, fault.strerror or fault) from fault
    with private_file(path) as out:
        seal([orjson.dumps([erasure.at, erasure.number])], key, out, name.encode())
    return path


def erased_since(folder: Path, keys: Keys, since: float) -> list[Erasure]:
    """Return who was erased after an instant, the first one first.

    Raises:
        BackupDamaged: A note was changed or does not open with these keys.
    """
    found: list[Erasure] = []
    for path in _notes(folder):
        try:
            with path.open("rb") as file:
                at, number = orjson.loads(b"".join(unseal_whole(file, path.name, keys, path.name.encode())))
        except (OSError, RecordingError, ValueError) as fault:
            raise BackupDamaged(path, fault) from fault
        if at > since:
            found.append(Erasure(at, number))
    return sorted(found, key=lambda erasure: erasure.at)


def forget_before(folder: Path, oldest: float) -> None:
    """Remove the notes of those who were erased before the oldest backup that is left was made."""
    for path in _notes(folder):
        if int(path.stem) < oldest * 1000:
            with contextlib.suppress(OSError):  # looked for again next time
                path.unlink(missing_ok=True)


def _notes(folder: Path) -> Iterator[Path]:
    return (path for path in sorted((folder / FOLDER).glob(f"*{SUFFIX}")) if path.stem.isdigit())

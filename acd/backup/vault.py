"""One sealed file that holds many: how a backup looks on the disk.

A backup is a tar stream, sealed as a whole (`acd/recordings/sealed.py`): its chunks can neither be changed, left out,
put in another order, nor cut off at the end. The first member says what the backup is of, the last one lists all others
with size and SHA-256, so that a backup that was not written to its end has no list and is refused even by whoever holds
the key.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

import orjson

from acd.backup.errors import BackupDamaged, BackupFolder
from acd.recordings.errors import RecordingError
from acd.recordings.sealed import Keys, Seal, SealingKey, unseal_whole

PURPOSE: Final = b"backup"
SUFFIX: Final = ".acdbackup"
FILE_MODE: Final = 0o600
MANIFEST: Final = "manifest.json"
CONTENTS: Final = "contents.json"
FORMAT: Final = 1
BOUND: Final = b"backup"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of."""

    format: int
    site: str
    made_at: float
    """Epoch seconds: everything in it is as of then, or a moment later."""
    version: str
    """Of the product."""
    schemas: Mapping[str, str]
    """Revision of the database's tables, by the name of the table that keeps it."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup, as its list has it."""

    size: int
    sha256: str


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file for its owner alone, which appears under its name whole or not at all.

    Raises:
        BackupFolder: It cannot be written.
    """
    half = path.with_name(f".{path.name}.part")
    try:
        with open(half, "wb", opener=lambda name, flags: os.open(name, flags, FILE_MODE)) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        half.replace(path)
    except OSError as fault:
        half.unlink(missing_ok=True)
        raise BackupFolder(path, fault.strerror or fault) from fault
    except BaseException:
        half.unlink(missing_ok=True)
        raise


class Packer:
    """Puts members into a backup, one after the other."""

    def __init__(self, tar: tarfile.TarFile, made_at: float) -> None:
        self._tar = tar
        self._made_at = made_at
        self._members: dict[str, Member] = {}

    def add(self, name: str, content: bytes) -> None:
        """Put in a member that is in memory."""
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(content), FILE_MODE, int(self._made_at)
        self._tar.addfile(member, io.BytesIO(content))
        self._members[name] = Member(len(content), hashlib.sha256(content).hexdigest())

    def list_all(self) -> bytes:
        """Return the list of what is in it."""
        return orjson.dumps({name: asdict(member) for name, member in self._members.items()})


@contextmanager
def packing(path: Path, key: SealingKey, manifest: Manifest) -> Iterator[Packer]:
    """Give a packer for a new backup. Its file appears when all has gone well, and is for its owner alone.

    Raises:
        BackupFolder: The file cannot be written.
    """
    with private_file(path) as out:
        sealing = Seal(key, out, BOUND)
        with tarfile.open(fileobj=cast("IO[bytes]", sealing), mode="w|", format=tarfile.PAX_FORMAT) as tar:
            packer = Packer(tar, manifest.made_at)
            packer.add(MANIFEST, orjson.dumps(asdict(manifest)))
            yield packer
            packer.add(CONTENTS, packer.list_all())
        sealing.finish()


class _Opened:
    """The plain stream of a sealed file, as a file that can only be read on."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._held) < size:
            part = next(self._parts, None)
            if part is None:
                break
            self._held += part
        size = len(self._held) if size < 0 else size
        taken, self._held = self._held[:size], self._held[size:]
        return taken


def unpacked(path: Path, keys: Keys) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member, in their order; the manifest first.

    What is yielded was checked chunk by chunk; that nothing is missing at the end is known when it has ended. So
    whoever changes something by a backup lets `examine` go through it first.

    Raises:
        BackupDamaged: It is none, was changed, cut short, is not complete, or does not open with these keys.
    """
    try:
        with path.open("rb") as file:
            stream = _Opened(unseal_whole(file, path.name, keys, BOUND))
            found: dict[str, Member] = {}
            listed: bytes | None = None
            with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as tar:
                for member in tar:
                    held = tar.extractfile(member)
                    content = b"" if held is None else held.read()
                    if member.name == CONTENTS:
                        listed = content
                        continue
                    found[member.name] = Member(len(content), hashlib.sha256(content).hexdigest())
                    yield member.name, content
            while stream.read(1 << 20):
                pass  # the padding of the archive, and with it the mark of the end
    except (OSError, RecordingError, tarfile.TarError) as fault:
        raise BackupDamaged(path, fault) from fault
    if listed is None or {name: asdict(member) for name, member in found.items()} != orjson.loads(listed):
        raise BackupDamaged(path, "its list and what it holds differ")


def manifest_of(path: Path, name: str, content: bytes) -> Manifest:
    """Return what a backup's first member says.

    Raises:
        BackupDamaged: It is no manifest, or of a format that is not known here.
    """
    told: dict[str, Any] = orjson.loads(content) if name == MANIFEST else {}
    if told.get("format") != FORMAT:
        raise BackupDamaged(path, f"it is of format {told.get('format')}")
    return Manifest(**told)


def examine(path: Path, keys: Keys) -> tuple[Manifest, Mapping[str, int]]:
    """Read a backup from end to end; return its manifest and the sizes of its members.

    Raises:
        BackupDamaged: See `unpacked`.
    """
    manifest: Manifest | None = None
    sizes: dict[str, int] = {}
    for name, content in unpacked(path, keys):
        if manifest is None:
            manifest = manifest_of(path, name, content)
        sizes[name] = len(content)
    if manifest is None:
        raise BackupDamaged(path, "it is empty")
    return manifest, sizes

"""Recordings and voice messages beside the backups: a sealed copy of each, made once.

There are far more of them than of anything else, and none ever changes; so they are not in the backups themselves. What
the records name and the site has is copied; what the records call destroyed, or name no more, goes here too, so that no
sound outlives its time in a backup (S1). That a file is missing at the site takes nothing away here: that is what
backups are for.

Each copy is bound to its name: put in the place of another it does not open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.backup.errors import BackupDamaged, BackupFolder
from acd.backup.vault import SUFFIX, private_file
from acd.recordings.errors import RecordingError
from acd.recordings.sealed import Keys, SealingKey, seal, unseal_whole
from config.model import Config
from metrics.records.tables import recordings, voice_messages

RECORDINGS: Final = "recordings"
MESSAGES: Final = "messages"
FOLDER_MODE: Final = 0o700
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Sound:
    """A file that the records name and that is not destroyed."""

    kind: str
    """`recordings` or `messages`."""
    path: str
    """Below the folder of its kind."""

    @property
    def name(self) -> str:
        """What it is called among the copies."""
        return f"{self.kind}/{self.path}"


@dataclass(slots=True)
class Copied:
    """What came of copying."""

    new: int = 0
    there: int = 0
    gone: int = 0
    """Copies that were destroyed, since the records do not name the sound any more."""
    missing: int = 0
    """Named by the records, and neither at the site nor copied before."""


async def sounds_of(link: AsyncConnection, tables: Sequence[str]) -> list[Sound]:
    """Return every sound that the records name and that is not destroyed."""
    found: list[Sound] = []
    for kind, table, column in (
        (RECORDINGS, recordings, recordings.c.path),
        (MESSAGES, voice_messages, voice_messages.c.file),
    ):
        if table.name in tables:
            named = await link.execute(select(column).where(table.c.destroyed_at.is_(None)).order_by(column))
            found += [Sound(kind, path) for path in named.scalars() if _is_inside(path)]
    return found


def folder_of(config: Config, kind: str) -> Path | None:
    """Return where the site has sounds of a kind; None where it keeps none."""
    if kind == MESSAGES:
        return config.messages.directory
    return None if config.recordings is None else config.recordings.folder


def copy(config: Config, folder: Path, key: SealingKey, sounds: Sequence[Sound]) -> Copied:
    """Copy what is new, destroy the copies of what is not named any more. Blocks.

    Raises:
        BackupFolder: The folder cannot be written.
    """
    told = Copied()
    for sound in sounds:
        target = copy_of(folder, sound)
        source = folder_of(config, sound.kind)
        if target.exists():
            told.there += 1
        elif source is not None and _seal(source / sound.path, target, sound, key):
            told.new += 1
        else:
            told.missing += 1
    named = {copy_of(folder, sound) for sound in sounds}
    for path in copies_in(folder):
        if path not in named:
            _destroy(path)
            told.gone += 1
    return told


def copy_of(folder: Path, sound: Sound) -> Path:
    """Return where the copy of a sound is."""
    return folder / f"{sound.name}{SUFFIX}"


def copies_in(folder: Path) -> Iterator[Path]:
    """Yield every copy that is there."""
    for kind in (RECORDINGS, MESSAGES):
        yield from sorted((folder / kind).rglob(f"*{SUFFIX}"))


def opened(folder: Path, path: Path, keys: Keys) -> Iterator[bytes]:
    """Yield what a copy holds.

    Raises:
        BackupDamaged: It was changed, cut short, put in another's place, or does not open with these keys.
    """
    name = path.relative_to(folder).as_posix().removesuffix(SUFFIX)
    try:
        with path.open("rb") as file:
            yield from unseal_whole(file, path.name, keys, name.encode())
    except (OSError, RecordingError) as fault:
        raise BackupDamaged(path, fault) from fault


def put_back(config: Config, folder: Path, keys: Keys, sounds: Sequence[Sound]) -> Copied:
    """Write every copy to where the site keeps it, unless it is there already. Blocks.

    Raises:
        BackupDamaged: See `opened`.
        BackupFolder: The site's folder cannot be written.
    """
    told = Copied()
    for sound in sounds:
        path, target_folder = copy_of(folder, sound), folder_of(config, sound.kind)
        if target_folder is None or not path.exists():
            told.missing += 1
        elif (target := target_folder / sound.path).exists():
            told.there += 1
        else:
            _make_folder(target.parent)
            with private_file(target) as out:
                for part in opened(folder, path, keys):
                    out.write(part)
            told.new += 1
    return told


def destroy(folder: Path, sounds: Sequence[Sound]) -> int:
    """Destroy the copies of these; return how many there were."""
    there = [path for path in (copy_of(folder, sound) for sound in sounds) if path.exists()]
    for path in there:
        _destroy(path)
    return len(there)


def _seal(source: Path, target: Path, sound: Sound, key: SealingKey) -> bool:
    """Copy one; False where it is not there, which a sound that was just destroyed is."""
    try:
        file = source.open("rb")
    except OSError:
        return False
    with file:
        _make_folder(target.parent)
        with private_file(target) as out:
            seal(iter(lambda: file.read(_CHUNK), b""), key, out, sound.name.encode())
    return True


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as fault:
        raise BackupFolder(path, fault.strerror or fault) from fault


def _destroy(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as fault:
        raise BackupFolder(path, fault.strerror or fault) from fault


def _is_inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts

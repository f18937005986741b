"""A site's backups as a whole: making one, listing, looking through, putting one back.

The order in which things are copied while the daemon runs keeps them consistent: first the spool, then the database as
of one moment, then the sounds that this database names. A fact that leaves the spool meanwhile is in the database; one
that is in both is known to the recorder by its run and number.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

import acd
from acd.backup import erasures, sounds
from acd.backup.errors import BackupDamaged, BackupFolder, NotEmpty
from acd.backup.files import PROMPTS, STATE, configuration_files, prompt_files, state_files, state_target
from acd.backup.rows import Loader, bring_up_to_date, migrate, parts_of, schemas_of
from acd.backup.sounds import Copied
from acd.backup.vault import (
    FORMAT,
    PURPOSE,
    SUFFIX,
    Manifest,
    Packer,
    examine,
    manifest_of,
    packing,
    private_file,
    unpacked,
)
from acd.privacy import whole
from acd.privacy.person import Person
from acd.privacy.tables import tables_of
from acd.recordings.sealed import Keys, SealingKey
from acd.records_file import check_records_file
from config.backup import Backup
from config.model import Config
from metrics.errors import RecordsUnusable
from metrics.records.database import begin_reading, open_engine

TABLES: Final = "tables"
STAMP: Final = "%Y%m%dT%H%M%SZ"
DAY_S: Final = 86_400.0
KEPT_AT_LEAST: Final = 3
"""So many backups stay however old they are: a site whose backups have stopped must not lose the last ones by age."""


@dataclass(slots=True)
class Made:
    """What a backup has become."""

    path: Path
    rows: Mapping[str, int] = field(default_factory=dict)
    sounds: Copied = field(default_factory=Copied)
    removed: Sequence[Path] = ()
    """Older backups that went."""


@dataclass(slots=True)
class Restored:
    """What was put back."""

    manifest: Manifest
    rows: Mapping[str, int] = field(default_factory=dict)
    sounds: Copied = field(default_factory=Copied)
    files: int = 0
    erased_again: int = 0
    """Persons who were erased after the backup was made."""


def keys_of(settings: Backup | None, texts: Iterable[str] = ()) -> Keys:
    """Return the keys that backups are read with: those of the configuration, and further ones.

    Raises:
        KeyWrong: One of the texts is no key.
    """
    further = [SealingKey(text, PURPOSE) for text in texts]
    if settings is None:
        return Keys(None, further)
    old = [SealingKey(key.reveal(), PURPOSE) for key in settings.old_keys]
    return Keys(SealingKey(settings.key.reveal(), PURPOSE), [*old, *further])


def backups_in(folder: Path) -> list[Path]:
    """Return the backups of a folder, the oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file() and not path.name.startswith("."))


def made_at(path: Path) -> float:
    """Return when a backup was made, by its name; for one that was given another, when it was written."""
    stamp = path.name.removesuffix(SUFFIX).rpartition("-")[2]
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return path.stat().st_mtime


# -- making ------------------------------------------------------------------------------------------------------------


async def create(config: Config, config_path: Path, settings: Backup, now: float, output: Path | None = None) -> Made:
    """Make a backup of the site, copy new sounds, let go of what is too old.

    Args:
        config: The site.
        config_path: Its file.
        settings: Where to, and with which key.
        now: Epoch seconds.
        output: The backup's file, where it is not to have a name by its time in the folder; old ones stay then.

    Raises:
        BackupFolder: The folder cannot be written.
        RecordsUnusable: The database cannot be read.
    """
    key = SealingKey(settings.key.reveal(), PURPOSE)
    stamp = datetime.fromtimestamp(now, UTC).strftime(STAMP)
    path = output or settings.folder / f"{config.site.name}-{stamp}{SUFFIX}"
    check_records_file(config.database.url, must_exist=True)
    engine = open_engine(config.database.url)
    try:
        state = {name: _read(file) for name, file in state_files(config).items()}
        tables = await tables_of(engine)
        async with engine.connect() as link:
            await begin_reading(link)
            manifest = Manifest(FORMAT, config.site.name, now, acd.__version__, await schemas_of(link))
            with packing(path, key, manifest) as packer:
                rows: dict[str, int] = {}
                for table in tables:
                    number = 0
                    async for part in parts_of(link, table):
                        number += 1
                        packer.add(f"{TABLES}/{table.name}/{number:06}.jsonl", part)
                        rows[table.name] = rows.get(table.name, 0) + part.count(b"\n") - 1
                _add(packer, state)
                _add(packer, {name: _read(file) for name, file in configuration_files(config, config_path).items()})
                _add(packer, {name: _read(file) for name, file in prompt_files(config).items()})
            named = await sounds.sounds_of(link, [table.name for table in tables])
    except (SQLAlchemyError, OSError) as fault:
        raise RecordsUnusable(engine.url.render_as_string(hide_password=True), str(fault).partition("\n")[0]) from fault
    finally:
        await engine.dispose()
    copied = await asyncio.to_thread(sounds.copy, config, settings.folder, key, named)
    return Made(path, rows, copied, () if output is not None else _let_go(settings, now))


def _read(file: Path) -> bytes | None:
    """Return what a file holds; None for one that has just gone."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise BackupFolder(file, fault.strerror or fault) from fault


def _add(packer: Packer, files: Mapping[str, bytes | None]) -> None:
    for name, content in files.items():
        if content is not None:
            packer.add(name, content)


def _let_go(settings: Backup, now: float) -> list[Path]:
    """Remove backups that are too old, and notes of erasures that no backup needs any more."""
    there = backups_in(settings.folder)
    old = [path for path in there[:-KEPT_AT_LEAST] if made_at(path) < now - settings.keep_days * DAY_S]
    for path in old:
        path.unlink(missing_ok=True)
    erasures.forget_before(settings.folder, min((made_at(path) for path in there if path not in old), default=now))
    return old


# -- looking through ---------------------------------------------------------------------------------------------------


def verify(path: Path, keys: Keys) -> tuple[Manifest, Mapping[str, int]]:
    """Read a backup from end to end; return its manifest and how many bytes of each kind it holds.

    Raises:
        BackupDamaged: Something in it is not as it was written.
    """
    manifest, sizes = examine(path, keys)
    kinds: dict[str, int] = {}
    for name, size in sizes.items():
        kind = name.partition("/")[0]
        kinds[kind] = kinds.get(kind, 0) + size
    return manifest, kinds


def verify_sounds(folder: Path, keys: Keys) -> Iterator[BackupDamaged | None]:
    """Read every copy of a sound; yield what is wrong with it, None where it is whole."""
    for path in sounds.copies_in(folder):
        try:
            for _ in sounds.opened(folder, path, keys):
                pass
        except BackupDamaged as damage:
            yield damage
        else:
            yield None


# -- putting back ------------------------------------------------------------------------------------------------------


def restore(config: Config, path: Path, keys: Keys) -> Restored:
    """Put a backup back where the configuration says, database and all. Not for use inside a running event loop.

    The whole backup is looked through first, and nothing is put over what is there. The database takes its rows in
    one transaction; files that are there and the same are no hindrance, so that it may be begun again when cut short.

    Raises:
        BackupDamaged: Something in it is not as it was written; nothing was changed.
        NotEmpty: The database has rows, or a file that is there says something else.
        NewerSchema: A newer version has made it.
        BackupFolder: A folder of the site cannot be written.
        RecordsUnusable, StoreAway: The database cannot be used.
    """
    manifest, _ = examine(path, keys)
    files = _files_to_put(config, path, keys)
    folder = path.parent
    again = erasures.erased_since(folder, keys, manifest.made_at)
    migrate(config.database.url, manifest.schemas)
    restored = Restored(manifest)
    restored.files = _put_files(files)
    asyncio.run(_load(config, path, keys, restored))
    bring_up_to_date(config.database.url, manifest.schemas)
    for erasure in again:
        asyncio.run(_erase_again(config, folder, Person(erasure.number)))
    restored.erased_again = len(again)
    return restored


def _files_to_put(config: Config, path: Path, keys: Keys) -> dict[Path, bytes]:
    """Return state and prompts by where they belong; a prompt that the site has already stays as it is.

    Raises:
        NotEmpty: One is there and says something else.
    """
    found: dict[Path, bytes] = {}
    for name, content in unpacked(path, keys):
        if name.startswith(f"{STATE}/"):
            target = state_target(config, name)
        elif name.startswith(f"{PROMPTS}/"):
            target = config.voice.directory / name.removeprefix(f"{PROMPTS}/")
            if target.exists():
                continue
        else:
            continue
        with suppress(FileNotFoundError):
            if target.read_bytes() != content:
                raise NotEmpty(target)
        found[target] = content
    spool = config.database.spool
    others = [file for file in spool.glob("*.spool") if file not in found] if spool.is_dir() else []
    if others:
        raise NotEmpty(others[0])
    return found


def _put_files(files: Mapping[Path, bytes]) -> int:
    for target, content in files.items():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise BackupFolder(target.parent, fault.strerror or fault) from fault
        with private_file(target) as out:
            out.write(content)
    return len(files)


async def _load(config: Config, path: Path, keys: Keys, restored: Restored) -> None:
    """Put the rows back in one transaction, and the sounds that they name before it is committed."""
    engine = open_engine(config.database.url)
    try:
        async with engine.begin() as link:
            loader = await Loader.on(link)
            if not await loader.is_empty():
                raise NotEmpty(engine.url.render_as_string(hide_password=True))
            for name, content in unpacked(path, keys):
                if name.startswith(f"{TABLES}/"):
                    await loader.load(name.split("/")[1], content)
            await loader.number_on()
            restored.rows = loader.rows
            named = await sounds.sounds_of(link, list(loader.rows))
            restored.sounds = await asyncio.to_thread(sounds.put_back, config, path.parent, keys, named)
    except (SQLAlchemyError, OSError) as fault:
        raise RecordsUnusable(engine.url.render_as_string(hide_password=True), str(fault).partition("\n")[0]) from fault
    finally:
        await engine.dispose()


async def _erase_again(config: Config, folder: Path, person: Person) -> None:
    """Erase a person from what was restored: rows, recordings, and their copies."""
    found = await whole.find(config, person, _silent)
    engine = open_engine(config.database.url)
    try:
        paths = await whole.recording_paths(engine, found.recordings)
    finally:
        await engine.dispose()
    for sound in (his := [sounds.Sound(sounds.RECORDINGS, name) for name in paths]):
        target = sounds.folder_of(config, sound.kind)
        if target is not None:
            (target / sound.path).unlink(missing_ok=True)
    sounds.destroy(folder, his)
    await whole.forget(config, person, _silent)


def _silent(_table: str) -> None:
    """Nobody follows the progress."""


def configuration_in(path: Path, keys: Keys) -> dict[str, bytes]:
    """Return the files of the configuration in a backup, by their paths; the whole backup is looked through.

    Raises:
        BackupDamaged: Something in it is not as it was written.
    """
    found: dict[str, bytes] = {}
    first = True
    for name, content in unpacked(path, keys):
        if first:
            manifest_of(path, name, content)
            first = False
        if name.startswith("configuration/"):
            below = name.removeprefix("configuration/")
            if ".." in Path(below).parts or Path(below).is_absolute():
                raise BackupDamaged(path, f"a file would lie outside: {below}")
            found[below] = content
    return found

"""The files of a site that go into a backup: its configuration with all that it names, the daemon's state, prompts."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from config.model import Config
from metrics.records.database import async_url

CONFIGURATION: Final = "configuration"
ELSEWHERE: Final = "elsewhere"
"""Below `configuration`: files that do not lie beside the configuration, by their whole path."""
STATE: Final = "state"
PROMPTS: Final = "prompts"
LARGEST: Final = 16 * 1024 * 1024
"""A file of the configuration is small; what is larger is none."""
STATES: Final = (".seats.json", ".lines.json", ".callbacks", ".mqtt")
"""What the daemon keeps beside its spool, by the ending in place of the spool's."""


def configuration_files(config: Config, path: Path) -> dict[str, Path]:
    """Return the configuration's file and every file that it names, by the name that each has in a backup.

    The key of the backups is not among them: a backup with its key inside would protect nothing.
    """
    directory = path.absolute().parent
    also = () if config.backup is None else config.backup.also
    left_out = _backup_keys(path) | _of_the_daemon(config)
    found: dict[str, Path] = {}
    for file in (path.absolute(), *(each.absolute() for each in also)):
        for named in (file, *_named_in(file)):
            if named.resolve() not in left_out and _is_small_file(named):
                found[_name_of(named, directory)] = named
    return found


def state_files(config: Config) -> dict[str, Path]:
    """Return what the daemon keeps in files, its spool first."""
    spool = config.database.spool
    found = {f"{STATE}/spool/{file.name}": file for file in sorted(spool.glob("*.spool"))} if spool.is_dir() else {}
    for ending in STATES:
        file = spool.with_suffix(ending)
        if file.is_file():
            found[f"{STATE}/{ending}"] = file
    return found


def state_target(config: Config, name: str) -> Path:
    """Return where a file of the state belongs at this site."""
    spool = config.database.spool
    below = name.removeprefix(f"{STATE}/")
    if below.startswith("spool/"):
        return spool / Path(below).name
    return spool.with_suffix(below)


def prompt_files(config: Config) -> dict[str, Path]:
    """Return the prompts, which people may have spoken."""
    folder = config.voice.directory
    return {
        f"{PROMPTS}/{file.relative_to(folder).as_posix()}": file
        for file in sorted(folder.rglob("*"))
        if _is_small_file(file)
    }


def _named_in(path: Path) -> Iterator[Path]:
    """Yield the files that a TOML file names, whatever the key: relative ones start beside it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return
    for value in _texts(tables):
        if value and "\0" not in value and len(value) < 1000 and _is_small_file(path.parent / value):
            yield (path.parent / value).absolute()


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for below in value.values():
                yield from _texts(below)
        case list():
            for below in value:
                yield from _texts(below)


def _backup_keys(path: Path) -> set[Path]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("backup", {})
    except (OSError, ValueError):
        return set()
    keys = [table.get("key"), *table.get("old_keys", [])]
    return {(path.parent / key["file"]).resolve() for key in keys if isinstance(key, dict) and "file" in key}


def _of_the_daemon(config: Config) -> set[Path]:
    url = async_url(config.database.url)
    files = {config.database.spool.resolve()}
    if url.get_backend_name() == "sqlite" and url.database:
        files.add(Path(url.database).resolve())
    return files


def _is_small_file(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= LARGEST
    except (OSError, ValueError):
        return False


def _name_of(file: Path, directory: Path) -> str:
    if file.is_relative_to(directory):
        return f"{CONFIGURATION}/{file.relative_to(directory).as_posix()}"
    return f"{CONFIGURATION}/{ELSEWHERE}{file.as_posix()}"

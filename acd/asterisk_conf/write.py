"""Rendered files against a directory: what would change, and changing just that.

A file that is already right is not touched, so a second run changes nothing. Files are replaced in one step; those
that hold secrets are readable to their owner and the directory's group alone.
"""

import difflib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from acd.asterisk_conf.music import waiting_music
from acd.asterisk_conf.render import INCLUDED

MUSIC: Final = Path("acd-music/waiting.wav")
"""What callers hear on a fresh Asterisk until the site has chosen its own music; replace it as you like."""

SECRET_FILES: Final = frozenset({"acd-manager.conf", "acd-pjsip.conf"})

_SECRET_LINE: Final = re.compile(r"^([ +-]?(?:secret|password) = ).*$", re.MULTILINE)


class Mode(StrEnum):
    """How the files come into an Asterisk."""

    INCLUDE = "include"
    """As `acd-*.conf` for `#include` in the files of an existing Asterisk or FreePBX."""
    WHOLE = "whole"
    """As the whole directory of a fresh Asterisk."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is not as it should be."""

    name: str
    new: bool
    diff: str
    """Unified diff from what is there to what should be, secrets blotted out."""


def diff(files: Mapping[str, str], directory: Path, mode: Mode) -> tuple[FileChange, ...]:
    """Return what `write` would change, changing nothing.

    Raises:
        OSError: A file that is there cannot be read.
    """
    changes = (_change(directory / name, text) for name, text in _chosen(files, mode).items())
    return tuple(change for change in changes if change is not None)


def write(files: Mapping[str, str], directory: Path, mode: Mode) -> tuple[FileChange, ...]:
    """Make the files in a directory what they should be; return what was changed.

    The directory is made if it is not there. Files that are not ours are left alone.

    Raises:
        OSError: The directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    changes = diff(files, directory, mode)
    for change in changes:
        _replace(directory / change.name, files[change.name])
    if mode is Mode.WHOLE:
        _put_music(directory / MUSIC)
    return changes


def _put_music(path: Path) -> None:
    """Put the music there if the class has none: a file of the site's own in that directory is left alone."""
    path.parent.mkdir(exist_ok=True)
    if not any(path.parent.iterdir()):
        path.write_bytes(waiting_music())


def _chosen(files: Mapping[str, str], mode: Mode) -> dict[str, str]:
    return {name: text for name, text in files.items() if mode is Mode.WHOLE or name in INCLUDED}


def _change(path: Path, text: str) -> FileChange | None:
    try:
        before = path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        before = None
    if before == text:
        return None
    lines = difflib.unified_diff(
        _blotted(before or "").splitlines(keepends=True),
        _blotted(text).splitlines(keepends=True),
        fromfile=str(path) if before is not None else "/dev/null",
        tofile=str(path),
    )
    told = "".join(lines) or f"{path}: only a secret differs\n"
    return FileChange(path.name, new=before is None, diff=told)


def _blotted(text: str) -> str:
    return _SECRET_LINE.sub(r"\1********", text)


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o640 if path.name in SECRET_FILES else 0o644)
            os.fchown(file.fileno(), -1, path.parent.stat().st_gid)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

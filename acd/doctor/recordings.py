"""Checks of recorded talks: the folder and its rights, the room on its disk, lines that a regulation wants recorded."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from acd.doctor.finding import Finding, error, ok, warning
from acd.recordings.archive import INCOMING, free_bytes
from acd.texts import Text
from config.model import Config

NAME = "recordings"
MEGABYTE = 1024 * 1024


def recordings(config: Config) -> Sequence[Finding]:
    """See whether talks can be recorded, are closed to others, and are recorded where the regulation wants it."""
    found = _wanted(config)
    settings = config.recordings
    if settings is None:
        return found
    folder = settings.folder
    incoming = folder / INCOMING
    try:
        modes = [(path, stat.S_IMODE(path.stat().st_mode)) for path in (folder, incoming)]
        free_mb = free_bytes(folder) // MEGABYTE
    except OSError as fault:
        advice = _NO_FOLDER_ADVICE
        return [*found, error(NAME, "", _NO_FOLDER, advice, path=fault.filename or folder, reason=fault.strerror)]
    open_to_all = [path for path, mode in modes if mode & stat.S_IRWXO]
    closed_to_us = [path for path, _ in modes if not os.access(path, os.R_OK | os.W_OK | os.X_OK)]
    found += [warning(NAME, "", _OPEN, _OPEN_ADVICE, path=path) for path in open_to_all[:1]]
    found += [error(NAME, "", _CLOSED, _NO_FOLDER_ADVICE, path=path) for path in closed_to_us]
    found += _unread(incoming)
    if free_mb < settings.min_free_mb:
        found.append(error(NAME, "", _FULL, _FULL_ADVICE, path=folder, free_mb=free_mb, least_mb=settings.min_free_mb))
    if not any(each.check == NAME for each in found):
        found.append(ok(NAME, "", _WELL, path=folder, free_mb=free_mb))
    return found


def _wanted(config: Config) -> list[Finding]:
    """Name the lines whose profile says how talks are recorded, and that record none."""
    silent = []
    for line in config.lines:
        profile = config.profile_of(line)
        if profile is not None and profile.recording and line.recording is None:
            silent.append(warning(NAME, line.name, _SILENT, _SILENT_ADVICE, profile=profile.name))
    return silent


def _unread(incoming: Path) -> list[Finding]:
    """Asterisk's files have to be readable to the daemon: its user is another one."""
    for path in sorted(incoming.glob("*.wav"))[:20]:
        if not os.access(path, os.R_OK):
            return [error(NAME, "", _UNREADABLE, _NO_FOLDER_ADVICE, path=path)]
    return []


_NO_FOLDER = Text(
    "The folder of recordings {path} cannot be used: {reason}", "Папка записей {path} недоступна: {reason}"
)
_NO_FOLDER_ADVICE = Text(
    "Asterisk and the daemon share it by a group: chown asterisk:acd, chmod 2770, and `incoming` in it likewise",
    "Asterisk и служба делят её через группу: chown asterisk:acd, chmod 2770, так же и `incoming` в ней",
)
_OPEN = Text("{path} is open to everybody on this machine", "{path} открыта всем на этой машине")
_OPEN_ADVICE = Text("chmod o-rwx {path}", "chmod o-rwx {path}")
_CLOSED = Text("This user may not write {path}", "Этому пользователю нельзя писать в {path}")
_UNREADABLE = Text("This user may not read {path}", "Этому пользователю нельзя читать {path}")
_FULL = Text(
    "Only {free_mb} MB are free in {path}: below {least_mb} MB no talk is recorded",
    "В {path} свободно лишь {free_mb} МБ: ниже {least_mb} МБ разговоры не записываются",
)
_FULL_ADVICE = Text(
    "Make room, or lower recording.min_free_mb or keep_days",
    "Освободите место либо уменьшите recording.min_free_mb или keep_days",
)
_WELL = Text("Recordings in {path}, {free_mb} MB free", "Записи в {path}, свободно {free_mb} МБ")
_SILENT = Text(
    "Line {subject} records nothing, while its profile {profile} says how talks are recorded",
    "Линия {subject} ничего не записывает, хотя её профиль {profile} говорит о записи разговоров",
)
_SILENT_ADVICE = Text("Add [line.recording] and [recording]", "Добавьте [line.recording] и [recording]")

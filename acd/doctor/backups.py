"""Check of the backups: there is a young one, in a folder that nobody else reads."""

import os
import stat
from collections.abc import Sequence
from typing import Final

from acd.doctor.finding import Finding, error, ok, warning
from acd.texts import Text
from config.model import Config

NAME: Final = "backups"
YOUNG_S: Final = 2 * 86_400.0
"""The timer makes one a day; a second one that fails is noticed."""


def backups(config: Config, now: float) -> Sequence[Finding]:
    """See whether backups can be written and are being made; a site without them has nothing to check."""
    from acd.backup.site import backups_in, made_at  # noqa: PLC0415 - the database's libraries take long

    if config.backup is None:
        return []
    folder = config.backup.folder
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as fault:
        return [error(NAME, "", _CLOSED, _CLOSED_ADVICE, path=folder, reason=fault.strerror or fault)]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return [error(NAME, "", _CLOSED, _CLOSED_ADVICE, path=folder, reason="EACCES")]
    found: list[Finding] = []
    if mode & stat.S_IRWXO:
        found.append(warning(NAME, "", _OPEN, _OPEN_ADVICE, path=folder))
    there = backups_in(folder)
    if not there or now - max(map(made_at, there)) > YOUNG_S:
        found.append(warning(NAME, "", _OLD, _OLD_ADVICE, path=folder))
    return found or [ok(NAME, "", _WELL, count=len(there), path=folder)]


_WELL: Final = Text("Backups: {count} in {path}, the newest is young", "Резервных копий: {count} в {path}, есть свежая")
_CLOSED: Final = Text("The folder of backups {path} is of no use: {reason}", "Папка копий {path} недоступна: {reason}")
_CLOSED_ADVICE: Final = Text(
    "Make it, of the daemon's user and with mode 0700", "Создайте её: владелец — пользователь службы, права 0700"
)
_OPEN: Final = Text("{path} is open to everybody on this machine", "{path} открыта всем на этой машине")
_OPEN_ADVICE: Final = Text("chmod o-rwx FOLDER", "chmod o-rwx ПАПКА")
_OLD: Final = Text("No backup of the last two days in {path}", "В {path} нет копии за последние двое суток")
_OLD_ADVICE: Final = Text(
    "systemctl enable --now acd-backup.timer; what failed: journalctl -u acd-backup",
    "systemctl enable --now acd-backup.timer; что не удалось: journalctl -u acd-backup",
)

"""The folders that a site needs, and whose they are.

systemd-tmpfiles will not make them: a folder of one service in a folder of another is an unsafe transition to it
(tmpfiles.d(5)). So `scripts/install-service` does, by what is told here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.model import Config

SERVICE: Final = "acd"
"""User and group that the daemon runs as (packaging/acd.sysusers)."""
ASTERISK: Final = "asterisk"
"""User that Asterisk runs as; it is in the daemon's group."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder; its group is the daemon's, so that each of the two reads what the other has written."""

    path: Path
    owner: str
    mode: int
    """With the group's bit, which makes every file in it the group's."""


def folders(config: Config) -> list[Folder]:
    """Return every folder once, an outer one before those in it."""
    own = [config.database.spool.parent, config.voice.directory]
    if config.backup is not None:
        own.append(config.backup.folder)
    shared = [config.messages.directory]
    if config.recordings is not None:
        shared += [config.recordings.folder, config.recordings.folder / "incoming"]
    found = {path: Folder(path, SERVICE, 0o2750) for path in own}
    found |= {path: Folder(path, ASTERISK, 0o2770) for path in shared}
    return [found[path] for path in sorted(found)]

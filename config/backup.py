"""Backups: where they lie, what they are encrypted with, how long they are kept."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.kinds import FilePath, SecretValue, Table
from config.messages import mistake
from config.recording import is_key


class Backup(Table):
    """The site's backups. Without this table there are none."""

    folder: FilePath
    """Holds the backups, and the copies of recordings and voice messages; best on another machine's disk."""
    key: SecretValue
    """32 bytes in base64: everything in the folder is encrypted with it. Keep a copy where the backups are not."""
    old_keys: tuple[SecretValue, ...] = ()
    """Keys that older backups are still read with."""
    keep_days: Annotated[float, Field(gt=0, le=36_500)] = 30.0
    """Backups older than this go when a new one is made, but for the newest few."""
    also: tuple[FilePath, ...] = ()
    """Further files of the site's configuration, say the journal's settings; with the files that they name."""

    @model_validator(mode="after")
    def _keys_are_keys(self) -> Self:
        for at, key in (("key", self.key), *(("old_keys", old) for old in self.old_keys)):
            if not is_key(key):
                raise mistake("acd_recording_key", at=at)
        return self

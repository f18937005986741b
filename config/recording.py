"""Recorded talks: which lines record, where the recordings lie, how long they are kept."""

import base64
import binascii
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import Field, model_validator

from config.kinds import FilePath, Secret, SecretValue, Sound, Table
from config.messages import mistake

KEY_BYTES = 32


class Recordings(Table):
    """Where all recordings of the site lie."""

    folder: FilePath
    """Asterisk writes into `incoming` below it; the daemon keeps the recordings by day beside that."""
    asterisk_folder: PurePosixPath | None = None
    """`incoming` as Asterisk sees it, where that is another path than ours."""
    whom_asked: bool = False
    """Whom an operator asks by key or API in a recorded talk is recorded from his answer on, and not only from when the
    caller is joined to him: what the two speak is on record then although the daemon is away."""
    stereo: bool = False
    """The caller left, the operator right, in place of both mixed."""
    key: SecretValue | None = None
    """32 bytes in base64: recordings are encrypted with it. None: they are not."""
    old_keys: tuple[SecretValue, ...] = ()
    """Keys that older recordings are still read with."""
    min_free_mb: Annotated[int, Field(ge=1, le=10_000_000)] = 1024
    """With less room than this on the disk no talk is recorded any more; with less than half, none goes on."""

    @model_validator(mode="after")
    def _keys_are_keys(self) -> Self:
        for at, key in (("key", self.key), *(("old_keys", old) for old in self.old_keys)):
            if key is not None and not is_key(key):
                raise mistake("acd_recording_key", at=at)
        return self

    @property
    def incoming(self) -> PurePosixPath:
        """The folder that Asterisk writes into, as Asterisk sees it."""
        return self.asterisk_folder or PurePosixPath(self.folder.absolute()) / "incoming"


class LineRecording(Table):
    """How the talks of one line are recorded."""

    keep_days: Annotated[float, Field(gt=0, le=36_500)] = 30.0
    """So long after a talk its recording is destroyed."""
    notice: Sound | None = None
    """Tells the caller that talks are recorded, after the greeting. None: the greeting says so itself."""
    may_pause: bool = True
    """The operator may pause the recording of a talk, by key or through the API."""


def is_key(secret: Secret) -> bool:
    """Tell whether a secret is a key of 32 bytes in base64."""
    try:
        return len(base64.b64decode(secret.reveal(), validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False

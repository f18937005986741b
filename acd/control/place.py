"""Where the control API's own files are: beside the spool, in the directory that is the daemon's to write."""

from pathlib import Path

from config.model import Config


def token_path(config: Config) -> Path:
    """Return the file of the administrator's token."""
    return config.database.spool.absolute().parent / "control.token"

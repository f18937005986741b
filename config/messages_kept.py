"""Voice messages that callers leave: where they are kept and for how long."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from config.kinds import FilePath, Level, Table

DEFAULT_DIRECTORY: Final = Path("/var/spool/asterisk/acd-messages")


class Messages(Table):
    """All voice messages of the site."""

    directory: FilePath = DEFAULT_DIRECTORY
    """Asterisk writes them there, by day; the daemon reads and destroys them, under the same path."""
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """So long after it was processed a message is kept, then destroyed. One that nobody has processed stays."""
    level: Level = 1
    """Operators up to this level of a line process its messages."""

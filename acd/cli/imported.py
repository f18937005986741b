"""Contacts out of a file, for every command that takes one; what is wrong with the file is told in plain words."""

from pathlib import Path
from typing import Final

from acd.campaigns.importing import REASONS, FileRefused, read_contacts
from acd.campaigns.model import NewContact
from acd.cli.exits import CommandFailed, ExitCode

AT_ONCE: Final = 50
"""Contacts of one request: with the longest details they fit into the largest body."""


def contacts_of(file: Path) -> list[NewContact]:
    """Return the contacts of a file.

    Raises:
        CommandFailed: It cannot be read, is too large, or has no column of numbers.
    """
    try:
        return read_contacts(file)
    except FileRefused as fault:
        raise CommandFailed(ExitCode.WRONG, REASONS[fault.reason], None, path=file, **fault.values) from fault

"""Contacts out of a file, for every command that takes one; what is wrong with the file is told in plain words."""

from pathlib import Path
from typing import Final

from acd.campaigns.importing import FileRefused, read_contacts
from acd.campaigns.model import NewContact
from acd.cli.exits import CommandFailed, ExitCode
from acd.texts import Text

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
        raise CommandFailed(ExitCode.WRONG, _REASONS[fault.reason], None, path=file, **fault.values) from fault


_REASONS: Final = {
    "unreadable": Text("{path} cannot be read: {told}", "{path}: файл не читается: {told}"),
    "too_large": Text("{path} is too large: at most {limit} MiB", "{path}: файл велик, не больше {limit} МиБ"),
    "too_many_rows": Text("{path} has more than {limit} rows", "{path}: больше {limit} строк"),
    "empty": Text("{path} has no rows", "{path}: в файле нет строк"),
    "no_number_column": Text(
        "{path} has no column of numbers; it is called one of: {known}",
        "{path}: нет столбца с номерами; он называется одним из слов: {known}",
    ),
}

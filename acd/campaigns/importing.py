"""Contacts out of a file: CSV, or a spreadsheet (xlsx, xls, ods), with limits that no file can make us exceed.

The first row names the columns. Which of them are the number and the person's name is told by their names in Russian
and English; all others are kept as details. A file without a row of names has the number in its first column and the
name in the second.
"""

import csv
import io
import struct
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from acd.campaigns.model import LARGEST_DETAILS, NewContact
from acd.texts import Text

LARGEST_FILE: Final = 20 * 1024 * 1024
LARGEST_UNPACKED: Final = 200 * 1024 * 1024
"""Bytes that a spreadsheet, which is a zip archive, may unpack to."""
MOST_ROWS: Final = 200_000
MOST_COLUMNS: Final = 50
LONGEST: Final = 1000
"""Characters of one value."""
NUMBER_COLUMNS: Final = frozenset({"number", "phone", "telephone", "tel", "телефон", "номер", "номер телефона", "тел"})
NAME_COLUMNS: Final = frozenset({"name", "fio", "фио", "ф.и.о.", "имя", "пациент", "абонент"})
SPREADSHEETS: Final = frozenset({".xlsx", ".xls", ".ods"})

REASONS: Final = {
    "unreadable": Text("{path} cannot be read: {told}", "{path}: файл не читается: {told}"),
    "too_large": Text("{path} is too large: at most {limit} MiB", "{path}: файл велик, не больше {limit} МиБ"),
    "too_many_rows": Text("{path} has more than {limit} rows", "{path}: больше {limit} строк"),
    "empty": Text("{path} has no rows", "{path}: в файле нет строк"),
    "no_number_column": Text(
        "{path} has no column of numbers; it is called one of: {known}",
        "{path}: нет столбца с номерами; он называется одним из слов: {known}",
    ),
}
"""What is said of a file that was refused, by `FileRefused.reason`; `path` is its name."""

_NO_ARCHIVE: Final = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, OSError)
"""What `zipfile` raises for archives that are broken, encrypted, or of a version to come."""


class FileRefused(Exception):
    """A file that is none of ours to read, and why."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        """`unreadable`, `too_large`, `too_many_rows`, `no_number_column`, `empty`."""
        self.values = values


def read_contacts(path: Path) -> list[NewContact]:
    """Return the contacts of a file, in its order; rows without a number are left out.

    Raises:
        FileRefused: It cannot be read, is too large, or has no column of numbers.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise FileRefused("too_large", limit=LARGEST_FILE // 2**20)
        content = path.read_bytes()
    except OSError as fault:
        raise FileRefused("unreadable", told=fault.strerror or str(fault)) from fault
    return contacts_in(path.name, content)


def contacts_in(name: str, content: bytes) -> list[NewContact]:
    """Return the contacts of a file's content; its name tells a spreadsheet from a CSV.

    Raises:
        FileRefused: It is too large, cannot be read, or has no column of numbers.
    """
    if len(content) > LARGEST_FILE:
        raise FileRefused("too_large", limit=LARGEST_FILE // 2**20)
    rows = _spreadsheet(content) if Path(name).suffix.lower() in SPREADSHEETS else _csv(content)
    kept = list(islice((row for row in rows if any(row)), MOST_ROWS + 1))
    if len(kept) > MOST_ROWS:
        raise FileRefused("too_many_rows", limit=MOST_ROWS)
    if not kept:
        raise FileRefused("empty")
    return list(_contacts(kept))


def _csv(content: bytes) -> Iterator[list[str]]:
    """Yield the rows of a CSV in UTF-8 or, as spreadsheets on Russian Windows write it, CP1251."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1251", "replace")
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    except csv.Error as fault:
        raise FileRefused("unreadable", told=str(fault)) from fault


def _spreadsheet(content: bytes) -> Iterator[list[str]]:
    """Yield the rows of the first sheet."""
    if content[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
        except _NO_ARCHIVE as fault:
            raise FileRefused("unreadable", told=str(fault)) from fault
        if unpacked > LARGEST_UNPACKED:
            raise FileRefused("too_large", limit=LARGEST_UNPACKED // 2**20)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        for row in sheet.iter_rows():
            yield [_text(value) for value in row]
    except (CalamineError, OSError) as fault:
        raise FileRefused("unreadable", told=str(fault)) from fault


def _text(value: object) -> str:
    """Return a cell as people see it: Excel keeps telephone numbers as numbers."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _contacts(rows: Sequence[Sequence[str]]) -> Iterator[NewContact]:
    titles = [cell.strip() for cell in rows[0]]
    head = [title.lower() for title in titles]
    number = next((index for index, cell in enumerate(head) if cell in NUMBER_COLUMNS), None)
    if number is None and any(character.isdigit() for character in rows[0][0]):
        titles, number, name = [], 0, 1
    elif number is None:
        raise FileRefused("no_number_column", known=", ".join(sorted(NUMBER_COLUMNS)))
    else:
        name = next((index for index, cell in enumerate(head) if cell in NAME_COLUMNS), -1)
        rows = rows[1:]
    for row in rows:
        yield from _contact(row, titles, number, name)


def _contact(row: Sequence[str], titles: Sequence[str], number: int, name: int) -> Iterable[NewContact]:
    cells = [cell.strip()[:LONGEST] for cell in row[:MOST_COLUMNS]]
    told = cells[number] if number < len(cells) else ""
    if not told:
        return
    details, room = [], LARGEST_DETAILS
    for index, (title, cell) in enumerate(zip(titles, cells, strict=False)):
        if cell and title and index not in {number, name} and len(title) + len(cell) <= room:
            details.append((title, cell))
            room -= len(title) + len(cell)
    yield NewContact(told[:40], cells[name][:200] if 0 <= name < len(cells) else "", tuple(details))

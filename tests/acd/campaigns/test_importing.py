"""Contacts out of files: what people export, and what nobody should be able to make us read."""

import io
import zipfile

import pytest
import xlsxwriter

from acd.campaigns import importing
from acd.campaigns.importing import FileRefused, read_contacts
from acd.campaigns.model import NewContact

ROWS = (("ФИО", "Телефон", "Клиника"), ("Анна", "8 (927) 123-45-67", "№ 3"), ("Борис", "+79271234568", ""))
READ = [
    NewContact("8 (927) 123-45-67", "Анна", (("Клиника", "№ 3"),)),
    NewContact("+79271234568", "Борис"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_as_spreadsheets_write_it(tmp_path, encoding, delimiter):
    """Whatever its encoding and its delimiter; columns are known by their names."""
    path = tmp_path / "list.csv"
    path.write_bytes("\r\n".join(delimiter.join(row) for row in ROWS).encode(encoding))
    assert read_contacts(path) == READ


def test_a_workbook_with_numbers_as_numbers(tmp_path):
    """Excel keeps what looks like a number as one, and it is no `7.9271234567e10`."""
    path = tmp_path / "list.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for index, row in enumerate((("Номер", "Имя", "Год"), (79271234567, "Анна", 1950))):
        sheet.write_row(index, 0, row)
    book.close()
    assert read_contacts(path) == [NewContact("79271234567", "Анна", (("Год", "1950"),))]


def test_a_file_without_a_row_of_names(tmp_path):
    """The number comes first, the name second, and no contact is lost for a head."""
    path = tmp_path / "list.csv"
    path.write_text("89271234567;Анна\n\n;nobody\n89271234568\n", encoding="utf-8")
    assert read_contacts(path) == [NewContact("89271234567", "Анна"), NewContact("89271234568")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"name;clinic\nAnna;3\n", "no_number_column"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"\n;;\n", "empty"),
        ("a.xlsx", b"PK no archive", "unreadable"),
        ("a.xls", b"no workbook", "unreadable"),
    ],
)
def test_what_is_no_list_is_refused_with_its_reason(tmp_path, name, content, reason):
    """The command says in words what is wrong with the file."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refused:
        read_contacts(path)
    assert refused.value.reason == reason


def test_an_archive_of_a_version_to_come_is_refused(tmp_path):
    """What Python's own reader of archives does not know is the file's fault, not ours."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("xl/workbook.xml", b"")
    content = bytearray(archive.getvalue())
    content[content.index(b"PK\x01\x02") + 6] = 181  # the version that is needed to unpack it
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match="unreadable"):
        read_contacts(path)


def test_a_missing_file_is_told(tmp_path):
    """By the system's words."""
    with pytest.raises(FileRefused, match="unreadable"):
        read_contacts(tmp_path / "none.csv")


def test_limits_of_size(tmp_path, monkeypatch):
    """Rows, bytes, and what an archive would unpack to."""
    path = tmp_path / "a.csv"
    path.write_text("1234567\n" * 11, encoding="utf-8")
    monkeypatch.setattr(importing, "MOST_ROWS", 10)
    with pytest.raises(FileRefused, match="too_many_rows"):
        read_contacts(path)
    monkeypatch.setattr(importing, "LARGEST_FILE", 10)
    with pytest.raises(FileRefused, match="too_large"):
        read_contacts(path)
    monkeypatch.setattr(importing, "LARGEST_FILE", 10_000_000)
    monkeypatch.setattr(importing, "LARGEST_UNPACKED", 1_000_000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 2_000_000)
    (tmp_path / "bomb.xlsx").write_bytes(bomb.getvalue())
    with pytest.raises(FileRefused, match="too_large"):
        read_contacts(tmp_path / "bomb.xlsx")

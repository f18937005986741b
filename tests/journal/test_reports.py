"""The analysis of a period, on both databases, and its files."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from acd.journal.cards import Channel, move, open_card
from acd.journal.limits import Urgency
from acd.journal.reports import report
from acd.journal.roles import Person, Role
from acd.journal.states import CardTrigger
from acd.journal.store.cards import Cards, Entry
from acd.journal.store.catalogues import Catalogues
from acd.journal.store.people import People
from acd.journal.web.admin import _periods
from acd.journal.web.export import csv_of, xlsx_of
from tests.journal.conftest import rules_of
from tests.journal.test_cards import FILLED, MONDAY
from tests.journal.website import BASE, site_on

KEM = rules_of("kemerovo-support")
ZONE = KEM.work.zone
DAY = 86400.0
MIDNIGHT = MONDAY - 10 * 3600
"""Of that Monday."""
READER = Person("a", "А", Role.ADMINISTRATOR, "kemerovo-support")


@pytest.fixture
async def filled(engine):
    """Four cards: finished in time, finished late, open and late, and of another month."""
    cards, catalogues = Cards(engine), Catalogues(engine)
    await catalogues.add_reason("kemerovo-support", "=Запись к врачу")

    async def add(opened_at, finished_at=None, **given):
        card = open_card(KEM, opened_at, Channel.TELEPHONE, urgency=Urgency.VERY_HIGH, **given)
        card = await cards.add(card, Entry(opened_at, "s"))
        if finished_at is not None:
            after = move(card, CardTrigger.REGISTER, FILLED, KEM, opened_at)
            after = move(after, CardTrigger.FINISH, {"measures": "x"}, KEM, finished_at)
            await cards.save(card, after, Entry(finished_at, "anna"))

    await add(MONDAY, MONDAY + 3600, caller="1", responsible="anna")
    await add(MONDAY, MONDAY + 3 * DAY, caller="1", responsible="boris")
    await add(MONDAY, caller="2")
    await add(MONDAY - 30 * DAY, caller="1")


async def test_a_month_from_every_side(engine, filled):
    """Counts, time against the limit and repeats are those of the cards opened in the period."""
    found = await report(engine, "kemerovo-support", MIDNIGHT - DAY, MIDNIGHT + 2 * DAY, MONDAY + 5 * DAY, ZONE)
    assert (found.total.cards, found.total.finished, found.total.within, found.total.beyond) == (3, 2, 1, 2)
    assert found.total.mean_resolve_s == pytest.approx((3600 + 3 * DAY) / 2)
    assert [(part.label, part.cards) for part in found.by_reason] == [("=Запись к врачу", 2), ("", 1)]
    assert {part.label: part.cards for part in found.by_state} == {"finished": 2, "new": 1}
    assert {part.label: part.beyond for part in found.by_responsible} == {"anna": 0, "boris": 1, "": 1}
    assert [part.label for part in found.by_channel] == ["telephone"]
    assert [(part.label, part.cards) for part in found.by_urgency] == [("very_high", 3)]
    assert [(part.label, part.cards, part.beyond) for part in found.by_time] == [
        ("2026-11-15", 0, 0), ("2026-11-16", 3, 2), ("2026-11-17", 0, 0)
    ]  # fmt: skip
    assert found.repeats == 1


async def test_levels_are_those_of_the_responsible_people(engine, filled):
    """K8: per operator by name, per level over all its operators, with the mean of all their cards."""
    people = People(engine)
    for login, name in (("anna", "Анна"), ("boris", "Борис")):
        await people.put(Person(login, name, Role.OPERATOR_2, "kemerovo-support"), "no-hash")
    found = await report(engine, "kemerovo-support", MIDNIGHT, MIDNIGHT + DAY, MONDAY + 5 * DAY, ZONE)
    assert [(part.label, part.cards, part.finished) for part in found.by_level] == [("operator_2", 2, 2), ("", 1, 0)]
    assert found.by_level[0].mean_resolve_s == pytest.approx((3600 + 3 * DAY) / 2)
    assert {part.label for part in found.by_responsible} == {"Анна", "Борис", ""}


async def test_a_long_period_is_shown_by_months(engine, filled):
    """A quarter has three, also those in which nobody appealed."""
    found = await report(engine, "kemerovo-support", MIDNIGHT - 46 * DAY, MIDNIGHT + 46 * DAY, MONDAY + 5 * DAY, ZONE)
    assert [(part.label, part.cards) for part in found.by_time] == [
        ("2026-10", 1), ("2026-11", 3), ("2026-12", 0)
    ]  # fmt: skip


async def test_days_follow_the_wall_when_the_clock_changes(engine):
    """In a zone with summer time a card at 23:30 is of that day, before the change and after it."""
    zone = ZoneInfo("Europe/Berlin")
    begin, end = (datetime(2026, 10, day, tzinfo=zone).timestamp() for day in (24, 28))
    for day in (24, 25, 26, 27):
        for hour in (0, 23):
            at = datetime(2026, 10, day, hour, 30, tzinfo=zone).timestamp()
            await Cards(engine).add(open_card(KEM, at, Channel.EMAIL), Entry(at, "s"))
    found = await report(engine, "kemerovo-support", begin, end, end, zone)
    assert [(part.label, part.cards) for part in found.by_time] == [
        (f"2026-10-{day}", 2) for day in (24, 25, 26, 27)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("today", "last_quarter"),
    [
        (date(2026, 1, 15), (date(2025, 10, 1), date(2025, 12, 31))),
        (date(2026, 5, 31), (date(2026, 1, 1), date(2026, 3, 31))),
        (date(2026, 12, 31), (date(2026, 7, 1), date(2026, 9, 30))),
    ],
)
def test_the_periods_of_the_regulations(today, last_quarter):
    """UDM 8.2: months and quarters, on whatever day the report is made."""
    periods = {title: (first, last) for title, first, last in _periods(today)}
    assert periods["last_quarter"] == last_quarter
    assert periods["this_month"] == (today.replace(day=1), today)
    assert periods["last_month"][1] == today.replace(day=1) - timedelta(days=1)


async def test_a_period_without_cards(engine):
    """Nothing is divided by nothing."""
    found = await report(engine, "kemerovo-support", 0, 1, 1, ZONE)
    assert (found.total.cards, found.total.mean_resolve_s, found.repeats) == (0, None, 0)


async def test_the_files_say_what_the_screen_says(engine, filled):
    """CSV for a spreadsheet in Russia, a workbook with charts; no name becomes a formula."""
    found = await report(engine, "kemerovo-support", MIDNIGHT - DAY, MIDNIGHT + 2 * DAY, MONDAY + 5 * DAY, ZONE)
    text = csv_of(found, READER).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert ["По причинам", "'=Запись к врачу", "2", "1", "1", "36.5"] in rows
    assert ["Повторных с одного номера", "", "1"] in rows
    with zipfile.ZipFile(io.BytesIO(xlsx_of(found, replace(READER, language="en")))) as book:
        names = book.namelist()
        assert sum("charts/chart" in name for name in names) == 8
        assert "By reason" in book.read("xl/workbook.xml").decode()
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()


async def test_reports_on_the_page(sqlite):
    """The page and its files of one period; a date that is none is refused; the export leaves its trail."""
    site = await site_on(sqlite)
    rules = site.desk.journal.rules
    await site.desk.journal.cards.add(open_card(rules, MONDAY, Channel.PAPER), Entry(MONDAY, "s"))
    client = await site.client(Role.ADMINISTRATOR)
    page = await client.get(f"{BASE}/reports?from=2026-11-01&to=2026-11-30")
    assert "на бумаге" in page.text
    assert (await client.get(f"{BASE}/reports")).status_code == 200
    assert (await client.get(f"{BASE}/reports?from=2026-13-01&to=x")).status_code == 400
    answer = await client.get(f"{BASE}/reports.csv?from=2026-11-01&to=2026-11-30")
    assert answer.headers["content-disposition"] == 'attachment; filename="report-2026-11-01-2026-11-30.csv"'
    assert (await client.get(f"{BASE}/reports.xlsx")).content.startswith(b"PK")
    actions = [entry.action for entry in await site.desk.journal.trail.read(actor="administrator")]
    assert actions == ["export", "export"]

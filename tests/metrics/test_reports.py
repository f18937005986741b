"""Every report in every format shows the same numbers, in both languages, and no text becomes a formula."""

import asyncio
import csv
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import orjson
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.errors import ReportError
from metrics.kpi import Bound, Kpi, Unit
from metrics.norms import Norms, Standard
from metrics.records.codec import RecordedFact
from metrics.records.database import open_engine, upgrade
from metrics.records.tables import campaign_contacts, campaigns
from metrics.reports import show, texts
from metrics.reports.build import Order, kpi_report, make_report, shown_number
from metrics.reports.cells import harmless
from metrics.reports.gather import Person
from metrics.reports.model import TOTAL, Cell, Column, Figure, Kind, Report, ReportKind, Table, rounded
from metrics.reports.periods import Interval, Period, days, month, quarter
from metrics.reports.render import Format, render
from metrics.reports.texts import Language
from metrics.reports.words import WORDS
from metrics.service_facts import SurveyTaken
from queue_engine.facts import AbandonStage, CallAbandoned, CallAccepted
from queue_engine.ids import CallId, Instant, QueueName
from tests.metrics.stories import START, story
from tests.metrics.storing import store

ZONE = ZoneInfo("Europe/Saratov")
MADE_AT = datetime(2026, 9, 30, 12, 0, tzinfo=ZONE)
PEOPLE = {"101": Person("Иванова А. А.", "1"), "102": Person("=HYPERLINK(1)", "2")}
PERIODS: dict[ReportKind, Period] = {
    ReportKind.KPI: days(date(2026, 9, 21), date(2026, 9, 23), ZONE),
    ReportKind.DAILY: days(date(2026, 9, 21), date(2026, 9, 21), ZONE),
    ReportKind.MONTHLY: month(2026, 9, ZONE),
    ReportKind.QUARTERLY: quarter(2026, 3, ZONE),
    ReportKind.OPERATORS: days(date(2026, 9, 21), date(2026, 9, 23), ZONE),
    ReportKind.CALLS: days(date(2026, 9, 21), date(2026, 9, 23), ZONE),
    ReportKind.OUTGOING: days(date(2026, 9, 21), date(2026, 9, 23), ZONE),
    ReportKind.SURVEYS: days(date(2026, 9, 21), date(2026, 9, 23), ZONE),
}
"""The reports of the records, each with the period it is made for here."""
EVIL = '=cmd|"/c calc"!A1'


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    """Three days of calls, one of them with a number that wants to be a formula."""
    await asyncio.to_thread(upgrade, sqlite_url)
    made = open_engine(sqlite_url)
    at = Instant(START)
    evil: list[RecordedFact] = [
        CallAccepted(at, CallId("evil"), QueueName("122"), EVIL, at, 0),
        CallAbandoned(Instant(at + 70), CallId("evil"), QueueName("122"), EVIL, AbandonStage.WAITING, 70.0, 16),
    ]
    asked = SurveyTaken(
        Instant(at + 130), CallId("evil"), QueueName("122"), EVIL, "+79271234567", at, "mark=5&solved=1"
    )
    days_told = story(Random(5), calls=120, span_s=2 * 86400) + evil
    await store(made, [*sorted(days_told, key=lambda fact: fact.at), asked])
    await _fill_lists(made)
    yield made
    await made.dispose()


async def _fill_lists(engine: AsyncEngine) -> None:
    """Put one call list into the records: two contacts reached, one busy, with a name that wants to be a formula."""
    of_list = {"name": EVIL, "line": "122", "state": "running", "settings": "{}", "created_at": START, "created_by": ""}
    contact = {"campaign": 1, "name": "", "details": "{}", "next_at": START, "request": 1, "agent": "", "call": ""}
    contact |= {"outcome_by": "", "note": "", "changed_at": START + 60.0, "state": "closed", "attempts": 2}
    ended = (("reached", "told"), ("reached", "told"), ("busy", ""))
    rows = [
        {**contact, "number": f"+7927000000{index}", "result": result, "outcome": outcome}
        for index, (result, outcome) in enumerate(ended)
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(campaigns).values(of_list))
        await connection.execute(insert(campaign_contacts), rows)


async def made(engine: AsyncEngine, kind: ReportKind) -> Report:
    """Return the report of this kind."""
    order = Order(kind, PERIODS[kind], MADE_AT, by=Interval.DAY, service="ГУЗ «СОЦОЗМП»", people=PEOPLE)
    return await make_report(engine, order, Standard())


def tables(report: Report) -> list[Table]:
    """Return the tables of the report."""
    return [part for part in report.parts if isinstance(part, Table)]


def lines(table: Table) -> list[tuple[Cell, ...]]:
    """Return the rows of a table with the row of sums."""
    return [*table.rows, *([table.total] if table.total else [])]


def value_of(cell: Cell) -> float | None:
    """Return the number in a cell; None where there is none."""
    if isinstance(cell, Figure):
        return cell.value
    return cell if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def is_numeric(column: Column) -> bool:
    """Tell whether the column holds numbers, not instants."""
    return show.is_number(column.kind)


def digits(text: str, language: Language) -> float:
    """Return the number that a person reads: the first in the text, by the rules of the language."""
    plain = text.replace("\u00a0", "").replace(",", "." if language == "ru" else "")
    found = re.search(r"-?\d+(\.\d+)?", plain)
    assert found, text
    return float(found.group())


def is_share(cell: Cell, column: Column) -> bool:
    """Tell whether the number is shown as a percentage."""
    return column.kind is Kind.SHARE or (isinstance(cell, Figure) and cell.unit is Unit.SHARE)


class _HtmlTables(HTMLParser):
    """Collects the cells of the tables of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self._cell = []

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell))
            self._cell = None


_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets(book: bytes) -> list[list[dict[int, Any]]]:
    """Return the cells of each sheet of a workbook: rows of column number to text or number."""
    found = []
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        names = sorted(
            (n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")),
            key=lambda n: int(re.sub(r"\D", "", n)),
        )
        for name in names:
            rows = []
            for row in ElementTree.fromstring(archive.read(name)).iter(f"{_MAIN}row"):
                cells: dict[int, Any] = {}
                for cell in row.iter(f"{_MAIN}c"):
                    assert cell.find(f"{_MAIN}f") is None, "a cell is a formula"
                    column = 0
                    for letter in re.sub(r"\d", "", cell.get("r", "")):
                        column = column * 26 + ord(letter) - ord("A") + 1
                    text = cell.find(f"{_MAIN}is/{_MAIN}t")
                    number = cell.find(f"{_MAIN}v")
                    if text is not None:
                        cells[column - 1] = text.text or ""
                    elif number is not None:
                        cells[column - 1] = float(number.text or "nan")
                rows.append(cells)
            found.append(rows)
    return found


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("kind", PERIODS)
async def test_numbers_are_equal_in_all_formats(engine: AsyncEngine, kind: ReportKind, language: Language) -> None:
    """Each number read back from JSON, CSV, XLSX, HTML, terminal and PDF is the number of the report."""
    report = await made(engine, kind)
    assert any(table.rows for table in tables(report))
    _check_json(report, orjson.loads(render(report, Format.JSON, language)))
    _check_csv(report, render(report, Format.CSV, language).decode("utf-8-sig"), language)
    _check_xlsx(report, sheets(render(report, Format.XLSX, language)))
    _check_html(report, render(report, Format.HTML, language).decode(), language)
    assert render(report, Format.TABLE, language)
    assert render(report, Format.PDF, language).startswith(b"%PDF-")


def _check_json(report: Report, read: dict[str, Any]) -> None:
    for table, found in zip(tables(report), read["tables"], strict=True):
        for row, record in zip(lines(table), [*found["rows"], *filter(None, [found.get("total")])], strict=True):
            for cell, column in zip(row, table.columns, strict=True):
                if is_numeric(column) and cell is not None:
                    shown = record[column.name]
                    assert (shown["value"] if isinstance(cell, Figure) else shown) == value_of(cell)


def _check_csv(report: Report, text: str, language: Language) -> None:
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if language == "ru" else ","))
    at = 0
    for table in tables(report):
        name = texts.say(texts.TABLES, table.name, language)
        at = next(index for index in range(at, len(rows)) if rows[index] == [name]) + 2
        for row, read in zip(lines(table), rows[at:], strict=False):
            fields = iter(read)
            for cell, column in zip(row, table.columns, strict=True):
                field = next(fields)
                if column.kind is Kind.FIGURE:
                    next(fields)
                value = value_of(cell)
                if is_numeric(column) and value is not None:
                    scale = 100 if is_share(cell, column) else 1
                    assert float(field.replace(",", ".")) == pytest.approx(value * scale)


def _check_xlsx(report: Report, found: list[list[dict[int, Any]]]) -> None:
    by_size = [
        (table, rows)
        for table in tables(report)
        for rows in found
        if len(rows) == len(lines(table)) + 1 and len(rows[0]) == len(table.columns)
    ]
    for table in tables(report):
        candidates = [rows for one, rows in by_size if one is table]
        assert any(_same(table, rows) for rows in candidates), table.name


def _same(table: Table, rows: list[dict[int, Any]]) -> bool:
    return all(
        rows[number].get(index) == value_of(cell)
        for number, row in enumerate(lines(table), 1)
        for index, (cell, column) in enumerate(zip(row, table.columns, strict=True))
        if is_numeric(column) and cell != TOTAL
    )


def _check_html(report: Report, page: str, language: Language) -> None:
    reader = _HtmlTables()
    reader.feed(page)
    filled = [table for table in tables(report) if table.rows]
    for table, found in zip(filled, reader.tables, strict=True):
        for row, read in zip(lines(table), found[1:], strict=True):
            for cell, column, text in zip(row, table.columns, read, strict=True):
                value = value_of(cell)
                if is_numeric(column) and value is not None:
                    scale = 100 if is_share(cell, column) else 1
                    assert digits(text, language) == pytest.approx(value * scale)


@pytest.mark.parametrize("kind", [ReportKind.MONTHLY, ReportKind.OPERATORS])
async def test_the_pdf_says_what_the_report_says(engine: AsyncEngine, kind: ReportKind, tmp_path: Path) -> None:
    """Every number and word of the tables can be read in the PDF, Russian letters included."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    report = await made(engine, kind)
    path = tmp_path / "report.pdf"
    path.write_bytes(render(report, Format.PDF, "ru"))
    text = await asyncio.to_thread(_text_of_pdf, path)
    assert ("Отчётзамесяц" if kind is ReportKind.MONTHLY else "Работаоператоров") in text
    for table in tables(report):
        for row in lines(table):
            for cell, column in zip(row, table.columns, strict=True):
                if is_numeric(column) and value_of(cell) is not None:
                    assert "".join(show.cell(cell, column, report.period, "ru").split()) in text


def _text_of_pdf(path: Path) -> str:
    """Return what can be read in the file, without any space."""
    read = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, timeout=60)
    return "".join(read.stdout.decode().split())


@pytest.mark.parametrize("format_", [Format.CSV, Format.XLSX, Format.HTML])
async def test_no_text_becomes_a_formula(engine: AsyncEngine, format_: Format) -> None:
    """A caller's number or an operator's name that begins like a formula stays text in every spreadsheet."""
    report = await made(engine, ReportKind.CALLS)
    written = render(report, format_, "ru")
    if format_ is Format.XLSX:
        assert any(EVIL in cells.values() for rows in sheets(written) for cells in rows)
    elif format_ is Format.CSV:
        fields = [field for row in csv.reader(io.StringIO(written.decode("utf-8-sig")), delimiter=";") for field in row]
        assert f"'{EVIL}" in fields
        assert not [field for field in fields if field.startswith(("=", "@", "-")) or re.match(r"\+\D", field)]
    else:
        assert "=cmd|&#34;/c calc&#34;!A1" in written.decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-5", "'-5"), ("+79170000001", "+79170000001"), ("a=b", "a=b")],
)
def test_what_is_harmless_stays_as_it_is(text: str, expected: str) -> None:
    """Only what a spreadsheet would compute is marked; telephone numbers keep their plus."""
    assert harmless(text) == expected


def test_every_text_exists_in_both_languages_and_takes_the_same_values() -> None:
    """No catalogue has an empty text, and both languages have places for the same values."""
    catalogues = (texts.TITLES, texts.TABLES, texts.CHARTS, texts.COLUMNS, texts.FIGURES, WORDS, texts.NOTES)
    for catalogue in catalogues:
        for text in catalogue.values():
            assert text.en
            assert text.ru
            assert text.en.count("{}") == text.ru.count("{}")


@pytest.mark.parametrize("kind", PERIODS)
async def test_every_name_in_a_report_has_words(engine: AsyncEngine, kind: ReportKind) -> None:
    """Tables, columns, figures, rules and outcomes are all in the catalogues."""
    report = await made(engine, kind)
    for table in tables(report):
        assert table.name in texts.TABLES
        for index, column in enumerate(table.columns):
            known = column.name in {*texts.COLUMNS, *WORDS, *texts.FIGURES} or column.name.isdigit()
            assert known, column.name
            for row in table.rows:
                if column.kind in {Kind.WORD, Kind.NAME} and row[index] is not None and table.name != "pauses":
                    assert str(row[index]) in {*WORDS, *texts.FIGURES, *texts.TITLES}, row[index]


async def test_violations_are_counted_and_their_calls_listed(engine: AsyncEngine) -> None:
    """The calls not connected in norm are as many as K1 says, and stand in the list, the longest wait first."""
    report = await made(engine, ReportKind.MONTHLY)
    volumes = {row[0]: value_of(row[1]) for row in report.table("volumes").rows}
    violations = report.table("violations")
    assert violations.total is not None
    assert violations.total[1] == (volumes["accepted"] or 0) - (volumes["answered_in_norm"] or 0)
    waits = [row[3] for row in report.table("violating_calls").rows]
    assert waits == sorted(waits, key=lambda wait: -float(str(wait)))


async def test_call_lists_are_told_with_their_results(engine: AsyncEngine) -> None:
    """How many contacts, how many reached, what came of the talks."""
    report = await made(engine, ReportKind.OUTGOING)
    assert report.table("campaigns").rows == ((EVIL, "122", "running", 3, 6, 2, 0, 0, 3),)
    assert report.table("campaign_results").rows == ((EVIL, "busy", 1), (EVIL, "reached", 2))
    assert report.table("campaign_outcomes").rows == ((EVIL, "told", 2),)


async def test_surveys_are_told_with_their_answers(engine: AsyncEngine) -> None:
    """Who was asked, which keys were pressed, and what there is to tell of another line: nothing."""
    report = await made(engine, ReportKind.SURVEYS)
    assert report.table("surveys").rows == ((EVIL, "122", 1, 1, 1.0, 130.0),)
    assert report.table("survey_answers").rows == ((EVIL, "mark", "5", 1, 1.0), (EVIL, "solved", "1", 1, 1.0))
    order = Order(ReportKind.SURVEYS, PERIODS[ReportKind.SURVEYS], MADE_AT, "1300")
    assert not tables(await make_report(engine, order, Standard()))


async def test_a_line_is_held_to_its_own_norms(engine: AsyncEngine) -> None:
    """A report of one line shows that line's norms and calls only."""
    standard = Standard(lines={"1300": Norms(in_norm_share=0.8)})
    report = await kpi_report(engine, PERIODS[ReportKind.KPI], standard, made_at=MADE_AT, line="1300")
    k1 = report.table("indicators").rows[0]
    assert isinstance(k1[3], Figure)
    assert k1[3].value == 0.8
    both = await kpi_report(engine, PERIODS[ReportKind.KPI], standard, made_at=MADE_AT)
    accepted = [value_of(r.table("volumes").rows[0][1]) for r in (report, both)]
    assert 0 < (accepted[0] or 0) < (accepted[1] or 0)


async def test_an_empty_period_makes_every_report(engine: AsyncEngine) -> None:
    """A month in which nothing happened is a report too, in every format."""
    for kind in PERIODS:
        order = Order(kind, month(2020, 2, ZONE), MADE_AT)
        report = await make_report(engine, order, Standard())
        for format_ in Format:
            assert render(report, format_, "ru")


async def test_a_list_says_when_it_is_cut_off(engine: AsyncEngine) -> None:
    """More calls than the limit: the first ones, and a note of how many there are."""
    order = Order(ReportKind.CALLS, PERIODS[ReportKind.CALLS], MADE_AT, limit=7, masked=True)
    report = await make_report(engine, order, Standard())
    assert len(report.table("list_of_calls").rows) == 7
    assert "7" in render(report, Format.TABLE, "en").decode().splitlines()[-1]
    with pytest.raises(ReportError):
        await make_report(engine, Order(ReportKind.CALLS, PERIODS[ReportKind.CALLS], MADE_AT, limit=0), Standard())


@pytest.mark.parametrize(
    ("number", "masked", "expected"),
    [("+79171234567", True, "+7917***4567"), ("112", True, "***"), ("", False, None), ("112", False, "112")],
)
def test_numbers_are_masked_for_those_who_need_not_see_them(number: str, *, masked: bool, expected: str | None) -> None:
    """Masked numbers keep their ends only; withheld ones are nothing."""
    assert shown_number(number, masked=masked) == expected


@pytest.mark.parametrize(
    ("kpi", "shown"),
    [
        (Kpi("K1", 0.89996, Unit.SHARE, 0.9, Bound.AT_LEAST), 0.8999),
        (Kpi("K1", 0.90004, Unit.SHARE, 0.9, Bound.AT_LEAST), 0.9),
        (Kpi("K2", 0.05001, Unit.SHARE, 0.05, Bound.AT_MOST), 0.0501),
        (Kpi("K3", 180.04, Unit.SECONDS, 180.0, Bound.AT_MOST), 180.1),
        (Kpi("accepted", 7, Unit.COUNT), 7),
    ],
)
def test_a_rounded_figure_never_contradicts_its_verdict(kpi: Kpi, shown: float) -> None:
    """A norm that is missed by a hair is not shown as kept."""
    assert rounded(kpi).value == shown

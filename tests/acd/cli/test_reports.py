"""`acd report` and `acd records` over records that a recorder has really written."""

import asyncio
import csv
import io
import json
import zipfile
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd import reporting
from acd.cli.main import run
from metrics.errors import ReportError
from metrics.records.recorder import Recorder
from queue_engine.inputs import CallerHungUp
from tests.acd.stage import CALLER, NOON, Stage

DAY = "2026-11-21"


@pytest.fixture
async def recorded(stage: Stage) -> Stage:
    """Return a stage with a day behind it: one call answered, one abandoned, on the 21st of November at noon."""
    recorder = Recorder(stage.config.database.url, "story", stage.config.database.spool)
    assert await recorder.start()
    stage.sinks.append(recorder.record)
    stage.log_in()
    answered = stage.call(name="main-1.1")
    stage.at += 5
    stage.answer()
    stage.call("+79270000000", name="main-1.2")
    stage.at += 30
    stage.post(CallerHungUp("main-1.2"))
    stage.post(CallerHungUp(answered))
    assert await recorder.close()
    return stage


@pytest.fixture
def report(capfdbinary):
    """Make a report of a stage; return exit code, output, complaints."""

    async def call(stage: Stage, *arguments: str) -> tuple[int, bytes, str]:
        code = await asyncio.to_thread(run, ["--lang", "en", "--config", str(stage.config_path), *arguments])
        told = capfdbinary.readouterr()
        return code, told.out, told.err.decode()

    return call


async def test_indicators_count_what_was_recorded(recorded, report):
    """Two calls accepted, one of them connected within the norm, one lost."""
    code, out, _ = await report(recorded, "report", "kpi", "--from", DAY, "--by", "hour", "--format", "json")
    assert code == 0
    told = {
        row["figure"]: row["value"] for table in json.loads(out)["tables"] for row in table["rows"] if "figure" in row
    }
    assert [told[name]["value"] for name in ("accepted", "answered", "abandoned")] == [2, 1, 1]
    assert told["K1"]["value"] == 0.5


@pytest.mark.parametrize(
    "order",
    [
        ["kpi", "--from", DAY],
        ["monthly", "2026-11"],
        ["quarterly", "2026-4"],
        ["operators", "--from", DAY, "--to", DAY],
        ["calls", "--from", DAY],
    ],
    ids=lambda order: order[0],
)
async def test_every_report_can_be_made(recorded, report, order):
    """Each kind is printed as a table, its service in the head."""
    code, out, complaint = await report(recorded, "report", *order)
    assert (code, complaint) == (0, "")
    assert "Сцена" in out.decode()


@pytest.mark.parametrize(
    ("format_", "begins"),
    [
        ("table", b""),
        ("json", b"{"),
        ("csv", b"\xef\xbb\xbf"),
        ("xlsx", b"PK"),
        ("html", b"<!DOCTYPE"),
        ("pdf", b"%PDF"),
    ],
)
async def test_report_is_written_in_every_format(recorded, report, tmp_path, format_, begins):
    """To a file, and it begins as a file of its kind does."""
    file = tmp_path / f"report.{format_}"
    code, out, complaint = await report(recorded, "report", "daily", DAY, "--format", format_, "--output", str(file))
    assert (code, out, complaint) == (0, b"", "")
    assert file.read_bytes().lower().startswith(begins.lower())


async def test_binary_report_comes_whole_through_a_pipe(recorded, report):
    """Not a byte is added to a spreadsheet."""
    _, out, _ = await report(recorded, "report", "daily", DAY, "--format", "xlsx")
    assert zipfile.ZipFile(io.BytesIO(out)).testzip() is None


async def test_numbers_of_callers_are_masked_unless_asked_for_and_noted(recorded, report):
    """The list of calls shows numbers only to who takes responsibility for it in the trail."""
    _, out, _ = await report(recorded, "report", "calls", "--from", DAY, "--format", "csv")
    assert CALLER.removeprefix("+").encode() not in out
    assert len(list(csv.reader(out.decode("utf-8-sig").splitlines()))) > 2
    _, out, _ = await report(recorded, "report", "calls", "--from", DAY, "--numbers", "--format", "csv")
    assert CALLER.removeprefix("+").encode() in out
    _, out, _ = await report(recorded, "audit", "--json")
    (entry,) = json.loads(out)
    assert (entry["entry"]["action"], entry["entry"]["object"]) == ("look", "report calls")


async def test_records_are_rebuilt_from_the_facts(recorded, report):
    """The figures are the same afterwards."""
    before = (await report(recorded, "report", "kpi", "--from", DAY, "--format", "csv"))[1]
    code, out, _ = await report(recorded, "records", "rebuild")
    assert code == 0
    assert out == f"Rebuilt from {len(recorded.facts)} facts.\n".encode()
    after = (await report(recorded, "report", "kpi", "--from", DAY, "--format", "csv"))[1]
    assert [row for row in after.splitlines() if b"Made" not in row] == [
        row for row in before.splitlines() if b"Made" not in row
    ]


@pytest.mark.parametrize(
    "order", [["daily", "21.11.2026"], ["monthly", "2026-13"], ["quarterly", "2026-5"], ["quarterly", "x-1"]]
)
async def test_wrong_period_is_told(recorded, report, order):
    """Exit code 2 and what was expected."""
    code, _, complaint = await report(recorded, "report", *order)
    assert code == 2
    assert order[1] in complaint


async def test_report_that_cannot_be_written_is_told(recorded, report, tmp_path):
    """A folder instead of a file."""
    code, _, complaint = await report(recorded, "report", "kpi", "--output", str(tmp_path))
    assert code == 2
    assert str(tmp_path) in complaint


@pytest.mark.parametrize(
    ("period_of", "typed", "first", "last"),
    [
        (reporting.day_period, None, "2026-11-21", "2026-11-21"),
        (reporting.day_period, "2026-02-28", "2026-02-28", "2026-02-28"),
        (reporting.month_period, None, "2026-10-01", "2026-10-31"),
        (reporting.month_period, "2024-02", "2024-02-01", "2024-02-29"),
        (reporting.quarter_period, None, "2026-07-01", "2026-09-30"),
        (reporting.quarter_period, "2026-4", "2026-10-01", "2026-12-31"),
    ],
)
def test_period_is_the_one_typed_or_the_last_one_over(stage_now, period_of, typed, first, last):
    """A month and a quarter without a name are the last complete ones, a day is today."""
    period = period_of(typed, stage_now)
    assert (period.first().date().isoformat(), period.last_day().isoformat()) == (first, last)


@pytest.mark.parametrize("typed", ["2026", "november", "2026-00"])
def test_month_that_is_none_is_refused(stage_now, typed):
    """A month is typed as year and number."""
    with pytest.raises(ReportError):
        reporting.month_period(typed, stage_now)


@pytest.fixture
def stage_now():
    """Return noon of the 21st of November 2026 in Moscow."""
    return datetime.fromtimestamp(NOON, ZoneInfo("Europe/Moscow"))

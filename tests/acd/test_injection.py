"""What others have written against every place where it could be an order: the table of docs/security.md."""

import asyncio
import csv
import io
import json
import logging
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import structlog
from rich.console import Console
from rich.markup import escape
from sqlalchemy import inspect, select

from acd.asterisk_conf.render import render as render_asterisk
from acd.cli.session import Session
from acd.fact_log import log_fact
from acd.journal.cards import Channel, open_card
from acd.journal.store.cards import Cards, Entry
from acd.journal.store.database import open_journal
from acd.journal.store.database import upgrade as upgrade_journal
from acd.journal.store.tables import card as journal_card
from acd.logs import set_up_logs
from config.load import load_config
from metrics.facts import RecordingDestroyed
from metrics.norms import Standard
from metrics.records.codec import RecordedFact
from metrics.records.database import open_engine, upgrade
from metrics.records.tables import facts
from metrics.reports.build import Order, make_report
from metrics.reports.gather import Person
from metrics.reports.model import ReportKind
from metrics.reports.periods import days
from metrics.reports.render import Format, render
from metrics.service_facts import VoiceMessageDone
from queue_engine.facts import AbandonStage, AgentState, AgentStateChanged, CallAbandoned, CallAccepted
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from tests.acd.stage import write_site
from tests.journal.conftest import rules_of
from tests.metrics.storing import store

ZONE = ZoneInfo("Europe/Saratov")
AT = Instant(1_790_000_000.0)
LINE, CALL = QueueName("122"), CallId("a-1.1")
HOSTILE = (
    "'); DROP TABLE calls; --",
    "=cmd|' /C calc'!A1",
    "@SUM(1+1)*cmd",
    "<script>alert(1)</script>\"'>",
    "\x1b]0;owned\x07\x1b[2J\x9b1A",
    'one\r\nAction: Originate\n{"event":"forged"}',
    "${SHELL(id)}`id`",
    "\u202egpj.exe\u2066",
)

PATHS: dict[str, Callable[[str], RecordedFact]] = {
    "caller's number and name": lambda text: CallAccepted(AT, CALL, LINE, text, AT, 0),
    "dialled digits, pressed or typed": lambda text: CallAbandoned(AT, CALL, LINE, text, AbandonStage.WAITING, 1.0, 16),
    "reason of a pause, by API or MQTT": lambda text: AgentStateChanged(
        AT, AgentId("101"), AgentState.READY, AgentState.PAUSED, text, text, 1.0
    ),
    "note to a voice message": lambda text: VoiceMessageDone(AT, CALL, text, text),
    "reason of a destruction": lambda text: RecordingDestroyed(AT, "r1", text, text),
}
"""Every kind of text from outside that a fact carries."""


def texts_in(value: object) -> list[str]:
    """Return all texts of a value of JSON."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in items for text in texts_in(item)]


@pytest.mark.parametrize("path", PATHS)
async def test_sql_takes_it_as_a_value(path, tmp_path):
    """The fact comes back as it was told, and every table is still there."""
    url = f"sqlite:///{tmp_path}/acd.db"
    await asyncio.to_thread(upgrade, url)
    engine = open_engine(url)
    async with engine.connect() as link:
        before = await link.run_sync(lambda sync: inspect(sync).get_table_names())
    for number, text in enumerate(HOSTILE):
        await store(engine, [PATHS[path](text)], run=f"run-{number}")
    async with engine.connect() as link:
        assert await link.run_sync(lambda sync: inspect(sync).get_table_names()) == before
        payloads = [json.loads(row) for row in (await link.execute(select(facts.c.payload))).scalars()]
    await engine.dispose()
    assert all(text in texts_in(payload) for text, payload in zip(HOSTILE, payloads, strict=True))


@pytest.fixture
def log_file(tmp_path):
    """Set the log up on a file, as a service has it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with (tmp_path / "log").open("w+", encoding="utf-8") as stream:
        set_up_logs(stream=stream)
        try:
            yield tmp_path / "log"
        finally:
            set_up_logs(stream=io.StringIO())
            root.handlers[:] = handlers
            root.setLevel(level)
            structlog.reset_defaults()


@pytest.mark.parametrize("path", PATHS)
def test_log_stays_one_object_a_line(path, log_file):
    """Neither a second line nor a second event comes of it, nor anything that a terminal obeys."""
    for text in HOSTILE:
        log_fact(PATHS[path](text))
    written = log_file.read_bytes().splitlines()
    assert len(written) == len(HOSTILE)
    assert len({json.loads(line)["event"] for line in written}) == 1
    assert not any(re.search(rb"[\x00-\x1f\x7f]", line) for line in written)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_terminal_shows_it_and_obeys_nothing(text, terminal, capsys, tmp_path):
    """In a table and in a line, on a terminal and in a pipe: no escape, no line of its own, no turned direction."""
    shown = io.StringIO()
    session = Session(tmp_path, "en", Console(file=shown, force_terminal=terminal, width=200, color_system=None))
    session.print_table(["Note"], [[text]])
    session.print_line(escape(text))
    told = shown.getvalue() + capsys.readouterr().out
    left = re.sub(r"\x1b\[[0-9;]*m", "", told)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", left)


@pytest.fixture
async def reports(tmp_path):
    """The list of calls and the operators' report of a day whose callers and operators are hostile."""
    url = f"sqlite:///{tmp_path}/acd.db"
    await asyncio.to_thread(upgrade, url)
    engine = open_engine(url)
    told: list[RecordedFact] = []
    for number, text in enumerate(HOSTILE):
        at, call = Instant(AT + number), CallId(f"a-{number}")
        told += [
            CallAccepted(at, call, LINE, text, at, 0),
            CallAbandoned(Instant(at + 90), call, LINE, text, AbandonStage.WAITING, 90.0, 16),
            AgentStateChanged(at, AgentId(f"{101 + number}"), AgentState.READY, AgentState.PAUSED, text, text, 1.0),
        ]
    await store(engine, sorted(told, key=lambda fact: fact.at))
    people = {f"{101 + number}": Person(text, "1") for number, text in enumerate(HOSTILE)}
    day = datetime.fromtimestamp(AT, ZONE).date()
    made = [
        await make_report(
            engine,
            Order(kind, days(day, day, ZONE), datetime(2026, 9, 30, tzinfo=ZONE), service=HOSTILE[3], people=people),
            Standard(),
        )
        for kind in (ReportKind.CALLS, ReportKind.OPERATORS)
    ]
    await engine.dispose()
    return made


async def test_no_cell_of_a_spreadsheet_is_a_formula(reports):
    """Callers' numbers and operators' names stay text, in CSV by a mark and in XLSX by their type."""
    for report in reports:
        written = render(report, Format.CSV, "ru").decode("utf-8-sig")
        fields = [field for row in csv.reader(io.StringIO(written), delimiter=";") for field in row]
        assert any("cmd" in field for field in fields)
        assert not [
            field for field in fields if field.startswith(("=", "@", "-", "\t", "\r")) or re.match(r"\+\D", field)
        ]
        with zipfile.ZipFile(io.BytesIO(render(report, Format.XLSX, "ru"))) as book:
            sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
        assert sheets
        assert not [sheet for sheet in sheets if "<f>" in sheet and "cmd" in sheet.partition("<f>")[2]]


async def test_no_tag_comes_into_a_page(reports):
    """Service, callers and operators' names are text in the report as HTML."""
    for report in reports:
        page = render(report, Format.HTML, "ru").decode()
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page


async def test_letter_and_form_are_values_to_the_journal(tmp_path):
    """Subject and words of an appeal by letter or form come back as written; every table is still there."""
    url = f"sqlite:///{tmp_path}/acd.db"
    await asyncio.to_thread(upgrade, url)
    await asyncio.to_thread(upgrade_journal, url)
    engine = open_journal(url)
    async with engine.connect() as link:
        before = await link.run_sync(lambda sync: inspect(sync).get_table_names())
    cards = Cards(engine)
    for text in HOSTILE:
        card = open_card(rules_of("kemerovo-support"), AT, Channel.EMAIL)
        stored = await cards.add(card, Entry(AT, "mail", note=text))
        await cards.save(stored, replace(stored, contact_name=text, description=text), Entry(AT, "mail", note=text))
    async with engine.connect() as link:
        assert await link.run_sync(lambda sync: inspect(sync).get_table_names()) == before
        kept = (await link.execute(select(journal_card.c.description).order_by(journal_card.c.id))).scalars().all()
    await engine.dispose()
    assert tuple(kept) == HOSTILE


def test_dialplan_reads_no_header_and_no_diversion(tmp_path):
    """What a SIP message says beside number and name reaches nothing of ours: nothing of the dialplan asks for it."""
    config = load_config(write_site(tmp_path))
    plan = render_asterisk(config, config.servers[0])["acd-extensions.conf"]
    assert "CALLERID(num)" in plan
    assert not re.search(r"SIP_HEADER|REDIRECTING\(|rdnis|DIVERSION|CHANNEL\(useragent|SIPURI", plan, re.IGNORECASE)

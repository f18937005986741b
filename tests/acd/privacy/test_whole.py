"""A person is found in every table and file of the database, and gone from all of them afterwards."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.control.access import Identity, Role
from acd.control.store.database import ControlDatabase
from acd.control.store.trail import Trail
from acd.journal.cards import Channel, open_card
from acd.journal.roles import Person as JournalPerson
from acd.journal.roles import Role as JournalRole
from acd.journal.store import tables as journal_tables
from acd.journal.store.cards import Cards, Entry
from acd.journal.store.database import open_journal
from acd.journal.store.database import upgrade as upgrade_journal
from acd.journal.store.lists import CardFilter, Lists
from acd.privacy.person import ERASED, Person
from acd.privacy.whole import find, forget
from config.load import load_config
from config.model import Config
from metrics.records.database import open_engine, upgrade
from metrics.records.rebuild import rebuild
from metrics.records.tables import calls, campaign_contacts, do_not_call, facts
from metrics.service_facts import SurveyTaken
from queue_engine.facts import AbandonStage, CallAbandoned, CallAccepted
from queue_engine.ids import CallId, Instant, QueueName
from tests.acd.stage import write_site
from tests.journal.conftest import rules_of
from tests.metrics.storing import store

HIS, OTHER = "+79271234567", "+79271234568"
LINE = QueueName("122")
NOW = Instant(1_795_251_600.0)
SERVICE = "kemerovo-support"


def silent(_table: str) -> None:
    """Nobody follows the progress."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A site whose database has the calls and the card of one person, and those of another."""
    path = write_site(tmp_path)
    if request.param == "postgresql":
        text = path.read_text(encoding="utf-8")
        ours = f"sqlite:///{tmp_path}/acd.db"
        path.write_text(text.replace(ours, request.getfixturevalue("postgres_url")), encoding="utf-8")
    config = load_config(path)
    await asyncio.to_thread(upgrade_journal, config.database.url)
    await fill(config.database.url)
    return config


async def fill(url: str) -> None:
    """Two calls of his and one of the other's, a card with his name, an entry of the trail with his number."""
    await asyncio.to_thread(upgrade, url)
    engine = open_engine(url)
    told = [
        fact
        for call, caller in (("c1", HIS), ("c2", HIS), ("c3", OTHER))
        for fact in (
            CallAccepted(NOW, CallId(call), LINE, caller, NOW, 0),
            CallAbandoned(Instant(NOW + 9), CallId(call), LINE, caller, AbandonStage.WAITING, 9.0, 16),
        )
    ]
    asked = [SurveyTaken(NOW, CallId(c), LINE, "mark", n, NOW, "mark=5") for c, n in (("c2", HIS), ("c3", OTHER))]
    await store(engine, told + asked)
    await fill_lists(engine)
    await engine.dispose()
    journal = open_journal(url)
    cards = Cards(journal)
    rules = rules_of(SERVICE)
    for caller, name, phone in ((HIS, "Пётр Петров", "8 (927) 123-45-67"), (OTHER, "Иван Иванов", OTHER)):
        card = open_card(rules, NOW, Channel.TELEPHONE, caller=caller)
        stored = await cards.add(card, Entry(NOW, "anna"))
        filled = replace(stored, contact_name=name, contact_phone=phone, description=f"Болит, {name} {phone}")
        await cards.save(stored, filled, Entry(NOW, "anna", note=f"звонил {name}"))
    await journal.dispose()
    control = ControlDatabase(url)
    root = Identity("root", Role.ADMINISTRATOR)
    await Trail(control).acted(root, "127.0.0.1", "POST /v1/callbacks", "", NOW, detail=f'{{"number":"{HIS}"}}')
    await control.close()


async def fill_lists(engine: AsyncEngine) -> None:
    """A contact of a call list and a bar for each of the two."""
    contact = {
        "campaign": 1,
        "state": "waiting",
        "attempts": 0,
        "next_at": NOW,
        "request": 0,
        "result": "",
        "agent": "",
    }
    contact |= {"call": "", "outcome": "", "outcome_by": "", "changed_at": NOW}
    told = ((HIS, "Пётр Петров"), (OTHER, "Иван Иванов"))
    bar = {"scope": "lists", "reason": "", "added_at": NOW, "added_by": "chief"}
    async with engine.begin() as link:
        for number, name in told:
            row = contact | {
                "number": number,
                "name": name,
                "details": f'{{"ФИО":"{name}"}}',
                "note": f"говорил {name}",
            }
            await link.execute(insert(campaign_contacts).values(row))
            await link.execute(insert(do_not_call).values(bar | {"number": number}))


async def test_everything_is_found(config: Config) -> None:
    """Facts, calls, card, its history and the trail: his, and nothing of the other's."""
    found = await find(config, Person(HIS), silent)
    counted = {name: len(rows) for name, rows in found.tables.items()}
    of_calls = {"facts": 5, "calls": 2, "surveys": 1, "campaign_contacts": 1, "do_not_call": 1}
    assert counted == of_calls | {"journal_card": 1, "journal_history": 2, "control_audit": 1}
    assert "Иван" not in str(found.tables)


async def test_nothing_is_left_of_him_and_the_other_is_untouched(config: Config, tmp_path: Path) -> None:
    """No table has the number, name or words of his; nor has any byte of an SQLite database's files."""
    person = Person(HIS)
    assert bool(traces_in(tmp_path)) == config.database.url.startswith("sqlite")
    before = await find(config, Person(OTHER), silent)
    changed = await forget(config, person, silent)
    assert changed["facts"] == 5
    assert (await find(config, Person(HIS), silent)).rows == 0
    assert (await find(config, Person(OTHER), silent)) == before
    assert traces_in(tmp_path) == []
    assert (await read_cards(config.database.url, "Петров")) == 0
    assert (await read_cards(config.database.url, "Иванов")) == 1


def traces_in(home: Path) -> list[tuple[str, str]]:
    """Return what of him stands in which file of the database."""
    traces = ("9271234567", "123-45-67", "Петров", "петров")
    return [(file.name, t) for file in home.glob("acd.db*") for t in traces if t.encode() in file.read_bytes()]


async def read_cards(url: str, question: str) -> int:
    """Return how many cards a search finds."""
    engine = open_journal(url)
    found = await Lists(engine).page(
        JournalPerson("anna", "Анна", JournalRole.ADMINISTRATOR, SERVICE), CardFilter(text=question)
    )
    await engine.dispose()
    return len(found)


async def test_statistics_stay_and_a_rebuild_gives_the_same(config: Config) -> None:
    """His two calls are still two calls of one caller, also once the records are derived from the facts again."""
    person = Person(HIS)
    (await forget(config, person, silent))
    once = await callers(config.database.url)
    assert once == {person.pseudonym: 2, OTHER: 1}
    assert person.pseudonym.startswith(ERASED)
    (await rebuilt(config.database.url))
    assert (await callers(config.database.url)) == once


async def callers(url: str) -> dict[str, int]:
    """Return the callers and their calls."""
    engine = open_engine(url)
    async with engine.connect() as link:
        rows = (await link.execute(select(calls.c.caller, func.count()).group_by(calls.c.caller))).all()
        assert await link.scalar(select(func.count()).select_from(facts)) == 8
    await engine.dispose()
    return {row[0]: row[1] for row in rows}


async def rebuilt(url: str) -> None:
    """Derive everything again."""
    engine = open_engine(url)
    await rebuild(engine)
    await engine.dispose()


async def test_card_stays_as_a_case_that_was_dealt_with(config: Config) -> None:
    """Its number, state and dates are what they were."""

    async def read() -> list[tuple[int, str, float, str]]:
        engine = open_journal(config.database.url)
        card = journal_tables.card
        async with engine.connect() as link:
            wanted = select(card.c.running, card.c.state, card.c.opened_at, card.c.contact_name).order_by(card.c.id)
            rows = (await link.execute(wanted)).all()
        await engine.dispose()
        return [tuple(row) for row in rows]

    before = await read()
    (await forget(config, Person(HIS), silent))
    after = await read()
    assert [row[:3] for row in after] == [row[:3] for row in before]
    assert [row[3] for row in after] == ["", "Иван Иванов"]

"""How fast the journal is with many cards: `python -m tests.bench.bench_journal [--cards N] [--only DATABASE]`.

A year of a busy region: names, streets, complaints in Russian words drawn with a fixed seed, so that some words are in
half of the cards, some in one in a thousand and some in a single one; 0.5 % of the cards are open. The database is
filled through the tables with the journal's own row writer, then the desk's own queries are timed through `Lists`,
`Cards`: each ten times with other words or pages. The slowest but one has to hold the bar, the slowest (usually the
first, with no statement prepared and nothing in the cache) is shown beside it. PostgreSQL is a cluster of its own.

Prints one line per figure: `figure NAME VALUE UNIT bar OP LIMIT pass|fail`; exits with 1 if one fails.
"""

import argparse
import asyncio
import math
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.cards import Card, Channel, Rules, edit, move, open_card
from acd.journal.numbers import CardNumber
from acd.journal.profiles import PROFILES
from acd.journal.roles import Person, Role
from acd.journal.states import CardState, CardTrigger
from acd.journal.store import tables
from acd.journal.store.cards import Cards, Entry, row_of
from acd.journal.store.database import open_journal, upgrade
from acd.journal.store.lists import CardFilter, Lists
from config.production_calendar import ProductionCalendar
from config.worktime import WorkTime
from queue_engine.ids import Instant
from tests.postgres import postgres_server

BAR_MS = 100.0
"""The journal's search and lists, with a million cards."""
CHUNK = 5000
SERVICE = "kemerovo-support"
YEAR_S = 365 * 86400.0
BEGIN = Instant(1_767_225_600.0)  # 1 January 2026, UTC
ROUNDS = 10

COMMON = ("запись", "врачу", "поликлиника", "жалоба", "приём", "ожидание", "участок", "терапевт", "анализ", "бюро")
STEMS = ("кардиолог", "невролог", "прививк", "рецепт", "льгот", "квот", "операци", "травм", "рентген", "томограф")
STEMS += ("инвалидн", "протез", "санатор", "беремен", "детск", "аптек", "вызов", "скор", "лаборант", "больничн")
USUAL = [stem + ending for stem in STEMS for ending in ("а", "ом", "у", "ами", "ы")]
SYLLABLES = [
    "ба",
    "ве",
    "ги",
    "до",
    "жу",
    "за",
    "ко",
    "ли",
    "ми",
    "но",
    "па",
    "ра",
    "си",
    "ту",
    "фе",
    "ха",
    "цы",
    "ча",
    "ши",
    "ща",
    "эл",
    "юл",
    "яр",
]


@dataclass(frozen=True, slots=True)
class Words:
    """Draws texts."""

    draw: random.Random

    def rare(self) -> str:
        """Return a word that is in few cards: a surname."""
        return "".join(self.draw.choice(SYLLABLES) for _ in range(4)) + "ов"

    def description(self) -> str:
        """Return what somebody complains of: 30 words."""
        return " ".join(
            self.draw.choice(COMMON) if self.draw.random() < 0.5 else self.draw.choice(USUAL) for _ in range(29)
        ) + f" {self.rare()}"  # fmt: skip


def cards_of(count: int, rules: Rules) -> Iterator[Card]:
    """Yield the cards of a year, the oldest first."""
    words = Words(random.Random(7))
    open_from = count - count // 200
    plain = open_card(rules, BEGIN, Channel.TELEPHONE)
    for number in range(1, count + 1):
        at = Instant(BEGIN + YEAR_S * number / count)
        phone = f"+79{words.draw.randrange(10**9):09d}"
        done = number < open_from
        yield replace(
            plain,
            id=number,
            running=number,
            state=CardState.CLOSED if done else CardState.IN_WORK,
            opened_at=at,
            registered_at=at + 60,
            finished_at=at + 3600 if done else None,
            closed_at=at + 86400 if done else None,
            caller=phone,
            contact_name=f"{words.rare().title()} Иван Петрович",
            contact_phone=phone,
            reason_id=1 + words.draw.randrange(20),
            responsible=f"operator{words.draw.randrange(60)}",
            description=words.description(),
            measures="Разъяснено, записан на приём" if done else "",
        )


async def fill(engine: AsyncEngine, count: int, rules: Rules) -> None:
    """Store the cards, with more memory for building SQLite's full-text index than a daemon would give it."""
    async with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            await connection.execute(
                text("INSERT INTO journal_card_fts (journal_card_fts, rank) VALUES ('hashsize', 67108864)")
            )
        await connection.execute(
            insert(tables.reason), [{"service": SERVICE, "title": f"Причина {n}"} for n in range(1, 21)]
        )
        await connection.execute(insert(tables.counter).values(service=SERVICE, year=2026, last=count))
    rows: list[dict[str, object]] = []
    for card in cards_of(count, rules):
        rows.append(row_of(card))
        if len(rows) == CHUNK or card.id == count:
            async with engine.begin() as connection:
                await connection.execute(insert(tables.card), rows)
            rows = []
    async with engine.connect() as connection:
        autonomous = await connection.execution_options(isolation_level="AUTOCOMMIT")
        if engine.dialect.name == "postgresql":
            await autonomous.execute(text(f"SELECT setval(pg_get_serial_sequence('journal_card', 'id'), {count})"))
            await autonomous.execute(text("VACUUM ANALYZE"))
        else:
            await autonomous.execute(text("INSERT INTO journal_card_fts (journal_card_fts) VALUES ('optimize')"))
            await autonomous.execute(text("ANALYZE"))


Query = Callable[[int], Awaitable[object]]


def queries(engine: AsyncEngine, count: int, rules: Rules) -> dict[str, Query]:
    """Return the desk's queries by name; each takes the number of its round."""
    lists, cards = Lists(engine), Cards(engine)
    who = Person("operator7", "О", Role.ADMINISTRATOR, SERVICE)
    some = list(cards_of(min(count, 200), rules))

    def page(wanted: Callable[[int], CardFilter]) -> Query:
        return lambda n: lists.page(who, wanted(n))

    async def save(n: int) -> None:
        card = await cards.get(count - n)
        await cards.save(card, edit(card, {"description": f"{card.description} {n}"}, rules), Entry(BEGIN, "a"))

    async def finish(n: int) -> None:
        card = await cards.get(count - 20 - n)
        after = move(card, CardTrigger.FINISH, {"measures": "Сделано"}, rules, Instant(BEGIN + YEAR_S))
        await cards.save(card, after, Entry(BEGIN, "a", CardTrigger.FINISH))

    async def add(n: int) -> None:
        fresh = open_card(rules, Instant(BEGIN + n), Channel.TELEPHONE, description="Новое обращение")
        await cards.add(fresh, Entry(BEGIN, "a"))

    return {
        "list_newest": page(lambda n: CardFilter()),
        "list_page_deep": page(lambda n: CardFilter(before_id=count // 2 - n)),
        "list_state": page(lambda n: CardFilter(states=frozenset({CardState.IN_WORK}))),
        "list_open": page(lambda n: CardFilter(open_only=True)),
        "list_breached": page(lambda n: CardFilter(breached_only=True)),
        "list_mine": page(lambda n: CardFilter(responsible=f"operator{n}")),
        "list_mine_open": page(lambda n: CardFilter(responsible=f"operator{n}", open_only=True)),
        "list_caller": page(lambda n: CardFilter(caller=some[n].caller)),
        "list_reason": page(lambda n: CardFilter(reason_id=n + 1)),
        "open_by_state": lambda n: lists.open_by_state(SERVICE),
        "search_common_word": page(lambda n: CardFilter(text=COMMON[n])),
        "search_usual_word": page(lambda n: CardFilter(text=USUAL[n * 7])),
        "search_two_words": page(lambda n: CardFilter(text=f"{COMMON[n]} {USUAL[n * 7]}")),
        "search_four_words": page(lambda n: CardFilter(text=" ".join(USUAL[n + 11 * k] for k in range(4)))),
        "search_rare_word": page(lambda n: CardFilter(text=some[n].contact_name.split()[0])),
        "search_common_and_rare": page(lambda n: CardFilter(text=f"{COMMON[n]} {some[n].contact_name.split()[0]}")),
        "search_telephone": page(lambda n: CardFilter(text=some[n].caller)),
        "search_nothing_found": page(lambda n: CardFilter(text=f"{COMMON[n]} щщщщщ{n}")),
        "search_common_open": page(lambda n: CardFilter(text=COMMON[n], open_only=True)),
        "by_number": lambda n: cards.by_number(SERVICE, CardNumber("kem", 2026, count // 2 + n)),
        "alarms_due": lambda n: cards.alarms_due(SERVICE, Instant(BEGIN + YEAR_S), 100),
        "save": save,
        "finish": finish,
        "open_card": add,
    }


async def measure(name: str, url: str, count: int) -> bool:
    """Fill one database, time the queries, print the figures; return whether all hold."""
    profile = PROFILES[SERVICE]
    rules = Rules(profile, WorkTime(ProductionCalendar(), profile.schedule, ZoneInfo(profile.zone)))
    engine = open_journal(url)
    holds = True
    try:
        begun = time.perf_counter()
        await fill(engine, count, rules)
        figure(f"{name}_fill", count / (time.perf_counter() - begun), "cards/s", "-", math.nan)
        for query, run in queries(engine, count, rules).items():
            taken = []
            for n in range(ROUNDS):
                begun = time.perf_counter()
                await run(n)
                taken.append((time.perf_counter() - begun) * 1000)
            holds &= figure(f"{name}_{query}", sorted(taken)[-2], "ms", "<", BAR_MS)
            figure(f"{name}_{query}_worst", max(taken), "ms", "-", math.nan)
    finally:
        await engine.dispose()
    return holds


def figure(name: str, value: float, unit: str, op: str, limit: float) -> bool:
    """Print one figure with its bar; return whether it holds. Without a bar: `-`."""
    if op == "-":
        sys.stdout.write(f"figure {name} {value:.6g} {unit} bar - - -\n")
        return True
    holds = value < limit
    sys.stdout.write(f"figure {name} {value:.6g} {unit} bar {op} {limit:g} {'pass' if holds else 'fail'}\n")
    sys.stdout.flush()
    return holds


def main() -> int:
    """Measure what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    asked = parser.parse_args()
    holds = True
    if asked.only != "postgresql":
        with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder:
            url = f"sqlite:///{Path(folder) / 'journal.sqlite'}"
            upgrade(url)
            holds &= asyncio.run(measure("sqlite", url, asked.cards))
    if asked.only != "sqlite":
        with postgres_server(("-c", "shared_buffers=512MB", "-c", "maintenance_work_mem=256MB")) as cluster:
            url = cluster.url("postgres")
            upgrade(url)
            holds &= asyncio.run(measure("postgresql", url, asked.cards))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

"""How fast the journal is with many cards: `python -m tests.bench.bench_journal [--cards N] [--only DATABASE]`.

The cards are those of `journal_cards.py`. The desk's own queries are timed through `Lists` and `Cards`: each ten times
with other words or pages. The slowest but one has to hold the bar, the slowest (usually the first, with no statement
prepared and nothing in the cache) is shown beside it. "nothing" is what the machine takes for an empty question just
then, and the load average says how busy it is with other things: on an idle machine both are near zero.

PostgreSQL is a cluster of its own, in the temporary folder, as
the file of SQLite is: TMPDIR says where, and both are removed at the end.

Progress is told on standard error. Prints one line per figure:
`figure NAME VALUE UNIT bar OP LIMIT pass|fail`; exits with 1 if one fails.
"""

import argparse
import asyncio
import math
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.cards import Channel, Rules, edit, move, open_card
from acd.journal.numbers import CardNumber
from acd.journal.profiles import PROFILES
from acd.journal.roles import Person, Role
from acd.journal.states import CardState, CardTrigger
from acd.journal.store.cards import Cards, Entry
from acd.journal.store.database import open_journal, upgrade
from acd.journal.store.lists import CardFilter, Lists
from config.production_calendar import ProductionCalendar
from config.worktime import WorkTime
from queue_engine.ids import Instant
from tests.bench.journal_cards import BEGIN, COMMON, SERVICE, USUAL, YEAR_S, cards_of, check_room, fill
from tests.postgres import HASTY, postgres_server

BAR_MS = 100.0
"""The journal's search and lists, with a million cards."""
ROUNDS = 10
LEAST_CARDS = 10_000


Query = Callable[[int], Awaitable[object]]


def queries(engine: AsyncEngine, count: int, rules: Rules) -> dict[str, Query]:
    """Return the desk's queries by name; each takes the number of its round."""
    lists, cards = Lists(engine), Cards(engine)
    who = Person("operator7", "О", Role.ADMINISTRATOR, SERVICE)
    some = [made.card for made in cards_of(min(count, 200), rules)]

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

    async def nothing() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    return {
        "nothing": lambda _: nothing(),
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


async def size_of(engine: AsyncEngine) -> float:
    """Return what the database takes on disk, MB."""
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            pages = await connection.scalar(
                text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            )
        else:
            pages = await connection.scalar(text("SELECT pg_database_size(current_database())"))
    return float(pages or 0) / 1e6


def tell(name: str) -> Callable[[str], None]:
    """Return what shows on standard error how far the filling is."""

    def told(how_far: str) -> None:
        line = f"{name}: {how_far}" if how_far else ""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{line}")
        elif line:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    return told


async def measure(name: str, url: str, count: int) -> bool:
    """Fill one database, time the queries, print the figures; return whether all hold."""
    profile = PROFILES[SERVICE]
    rules = Rules(profile, WorkTime(ProductionCalendar(), profile.schedule, ZoneInfo(profile.zone)))
    engine = open_journal(url)
    holds = True
    try:
        begun = time.perf_counter()
        told = tell(name)
        await fill(engine, count, rules, told)
        filled_s = time.perf_counter() - begun
        told("")
        figure(f"{name}_fill", count / filled_s, "cards/s", "-", math.nan)
        figure(f"{name}_size", await size_of(engine), "MB", "-", math.nan)
        figure(f"{name}_load", os.getloadavg()[0], "processes", "-", math.nan)
        for query, run in queries(engine, count, rules).items():
            told(query)
            taken = []
            for n in range(ROUNDS):
                begun = time.perf_counter()
                await run(n)
                taken.append((time.perf_counter() - begun) * 1000)
            told("")
            op, limit = ("-", math.nan) if query == "nothing" else ("<", BAR_MS)
            holds &= figure(f"{name}_{query}", sorted(taken)[-2], "ms", op, limit)
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
    if asked.cards < LEAST_CARDS:
        parser.error(f"fewer than {LEAST_CARDS} cards say nothing")
    check_room(Path(tempfile.gettempdir()), asked.cards)
    holds = True
    if asked.only != "postgresql":
        with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder:
            url = f"sqlite:///{Path(folder) / 'journal.sqlite'}"
            upgrade(url)
            holds &= asyncio.run(measure("sqlite", url, asked.cards))
    if asked.only != "sqlite":
        with postgres_server((*HASTY, "-c", "shared_buffers=512MB", "-c", "maintenance_work_mem=512MB")) as cluster:
            url = cluster.url("postgres")
            upgrade(url)
            holds &= asyncio.run(measure("postgresql", url, asked.cards))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

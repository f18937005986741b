"""A year of a busy region's cards, and the quickest way of each database to take them in.

Names, streets and complaints in Russian words drawn with a fixed seed, so that some words are in half of the cards,
some in one in a thousand and some in a single one; 0.5 % of the cards are open. The rows are those that the journal
itself would write (a sample is compared with its own row writer), only made faster: texts come from a pool whose words
are known. Filled by COPY or one prepared statement, with the secondary and full-text indexes built once, at the end.
"""

import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.journal.cards import Card, Channel, Rules, open_card
from acd.journal.search import words
from acd.journal.states import CardState
from acd.journal.store import tables
from acd.journal.store.cards import row_of
from queue_engine.ids import Instant

SERVICE = "kemerovo-support"
YEAR_S = 365 * 86400.0
BEGIN = Instant(1_767_225_600.0)  # 1 January 2026, UTC
CHUNK = 20_000
BYTES_PER_CARD = 8_000
"""Of disk while a database is filled, with room to spare: rows, both copies of the words, indexes and their sorting."""

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
POOL = 5000
MEASURES = "Разъяснено, записан на приём"


@dataclass(frozen=True, slots=True)
class Texts:
    """Draws texts."""

    draw: random.Random

    def rare(self) -> str:
        """Return a word that is in few cards: a surname."""
        return "".join(self.draw.choices(SYLLABLES, k=4)) + "ов"

    def complaint(self) -> str:
        """Return what somebody complains of: 29 words."""
        return " ".join(self.draw.choice(COMMON if self.draw.random() < 0.5 else USUAL) for _ in range(29))


@dataclass(frozen=True, slots=True)
class Made:
    """A card with the words by which it is found."""

    card: Card
    search: str


def cards_of(count: int, rules: Rules) -> Iterator[Made]:
    """Yield the cards of a year, the oldest first."""
    texts = Texts(random.Random(7))
    complaints = [texts.complaint() for _ in range(POOL)]
    pool = [(complaint, words(complaint)) for complaint in complaints]
    done_words = words(MEASURES)
    open_from = count - count // 200
    plain = open_card(rules, BEGIN, Channel.TELEPHONE)
    for number in range(1, count + 1):
        at = Instant(BEGIN + YEAR_S * number / count)
        phone = f"+79{texts.draw.randrange(10**9):09d}"
        surname, name = texts.rare(), texts.rare()
        complaint, complaint_words = pool[texts.draw.randrange(POOL)]
        done = number < open_from
        card = replace(
            plain,
            id=number,
            running=number,
            state=CardState.CLOSED if done else CardState.IN_WORK,
            opened_at=at,
            registered_at=at + 60,
            finished_at=at + 3600 if done else None,
            closed_at=at + 86400 if done else None,
            caller=phone,
            contact_name=f"{name.title()} Иван Петрович",
            contact_phone=phone,
            reason_id=1 + texts.draw.randrange(20),
            responsible=f"operator{texts.draw.randrange(60)}",
            description=f"{complaint} {surname}",
            measures=MEASURES if done else "",
        )
        named = f"{card.prefix} {card.year} {number:06d} {name} иван петрович {phone[1:]}"
        found = f"{named} {complaint_words} {surname}" + (f" {done_words}" if done else "")
        yield Made(card, " ".join(dict.fromkeys(found.split(" "))))


def rows_of(count: int, rules: Rules) -> Iterator[tuple[str, ...] | tuple[Any, ...]]:
    """Yield the names of the columns, then a row per card.

    Raises:
        RuntimeError: The journal's own row writer makes another row.
    """
    first = next(cards_of(1, rules)).card
    columns = tuple(row_of(first))
    yield columns
    for made in cards_of(count, rules):
        card = made.card
        if card.id % 1000 == 1 or card.state is CardState.IN_WORK:
            row = row_of(card)
            if row["search"] != made.search:
                raise RuntimeError(f"the words of card {card.id} are not those of the journal: {row['search']}")
        else:  # closed cards differ in these alone
            row |= {name: getattr(card, name) for name in _VARYING}
            row["search"] = made.search
        yield tuple(row[name] for name in columns)


_VARYING = (
    "id", "running", "opened_at", "registered_at", "finished_at", "closed_at", "caller", "contact_name",
    "contact_phone", "reason_id", "responsible", "description",
)  # fmt: skip


def check_room(folder: Path, count: int) -> None:
    """End the program with a sentence if the disk has not room for so many cards."""
    free = shutil.disk_usage(folder).free
    if free < count * BYTES_PER_CARD:
        needed = count * BYTES_PER_CARD / 1e9
        sys.exit(f"{folder} has {free / 1e9:.1f} GB free, {count} cards need up to {needed:.1f} GB: try --cards")


async def fill(engine: AsyncEngine, count: int, rules: Rules, told: Callable[[str], None]) -> None:
    """Store the cards, with the rows that they refer to; `told` hears how far it is."""
    async with engine.begin() as connection:
        await connection.execute(
            insert(tables.reason), [{"service": SERVICE, "title": f"Причина {n}"} for n in range(1, 21)]
        )
        await connection.execute(insert(tables.counter).values(service=SERVICE, year=2026, last=count))
    if engine.dialect.name == "sqlite":
        _fill_sqlite(str(engine.url.database), count, rules, told)
    else:
        async with engine.connect() as connection:
            autonomous = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await _fill_postgresql(autonomous, count, rules, told)


def _fill_sqlite(path: str, count: int, rules: Rules, told: Callable[[str], None]) -> None:
    """Without the trigger that feeds the full-text index and without the secondary indexes, which come afterwards."""
    connection = sqlite3.connect(path, isolation_level=None)
    execute = connection.execute
    execute("PRAGMA synchronous=OFF")
    execute("PRAGMA cache_size=-200000")
    later = execute(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'journal_card' AND sql IS NOT NULL "
        "AND type IN ('index', 'trigger')"
    ).fetchall()
    for kind, name, _ in later:
        execute(f"DROP {kind} {name}")
    rows = rows_of(count, rules)
    columns = next(rows)
    sql = f"INSERT INTO journal_card ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    begun = time.perf_counter()
    for stored in range(0, count, CHUNK):
        execute("BEGIN")
        connection.executemany(sql, islice(rows, CHUNK))
        execute("COMMIT")
        told(_progress(stored + CHUNK, count, begun))
    told("full-text index")
    # More memory than a daemon would give it, for as long as it is built.
    execute("INSERT INTO journal_card_fts (journal_card_fts, rank) VALUES ('hashsize', 134217728)")
    execute("INSERT INTO journal_card_fts (journal_card_fts) VALUES ('rebuild')")
    execute("INSERT INTO journal_card_fts (journal_card_fts, rank) VALUES ('hashsize', 1048576)")
    for _, name, made in later:
        told(name)
        execute(made)
    execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _fill_postgresql(connection: AsyncConnection, count: int, rules: Rules, told: Callable[[str], None]) -> None:
    """By COPY; the indexes that are no constraints come afterwards."""
    found = await connection.execute(
        text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'journal_card' "
            "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
    )
    later = found.all()
    for name, _ in later:
        await connection.execute(text(f"DROP INDEX {name}"))
    driver: Any = (await connection.get_raw_connection()).driver_connection
    rows = rows_of(count, rules)
    columns = next(rows)
    begun = time.perf_counter()
    for stored in range(0, count, CHUNK):
        await driver.copy_records_to_table("journal_card", records=list(islice(rows, CHUNK)), columns=columns)
        told(_progress(stored + CHUNK, count, begun))
    for name, made in later:
        told(name)
        await connection.execute(text(made))
    await connection.execute(text(f"SELECT setval(pg_get_serial_sequence('journal_card', 'id'), {count})"))
    told("VACUUM ANALYZE")
    await connection.execute(text("VACUUM ANALYZE"))


def _progress(stored: int, count: int, begun: float) -> str:
    taken = time.perf_counter() - begun
    done = min(stored, count)
    return f"{done} of {count} cards, {done / taken:.0f} cards/s, {taken * (count - done) / done:.0f} s to go"

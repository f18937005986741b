"""The journal as a list: filters, full-text search, pages by position, counts of what is open.

Pages go by the id of the last card seen, never by an offset, so the thousandth page costs what the first does.

A search on SQLite walks the full-text index from its newest entry and stops after a page, however common the words are.
PostgreSQL's GIN has no order: it suits rare words, while for common ones it is far cheaper to read the newest cards and
look at their words. Its planner cannot tell the two apart (it has no statistics of rare words, and does not know what
looking into a tsvector costs: a rare name among a million cards took 26 s). So the newest cards are looked through
first, at most `LOOKED_THROUGH` of them, and only what does not fill a page so is asked of the index: it is rare then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Result,
    RowMapping,
    Select,
    Table,
    TextClause,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.journal.cards import BREACHES, FIELD_NAMES, Card
from acd.journal.roles import SCOPE, Person, Scope
from acd.journal.search import beginnings, fts5, needles, tsquery
from acd.journal.states import CardState, Holder
from acd.journal.store import tables
from acd.journal.store.cards import card_of

PAGE: Final = 50
LOOKED_THROUGH: Final = 5_000
"""Cards whose words are compared one by one, some 3 us each. A word of which these hold less than a page is in about
1 % of all cards at the most: so many of a million the index brings within 100 ms."""


@dataclass(frozen=True, slots=True)
class CardFilter:
    """What to list; an empty field does not narrow the list."""

    states: frozenset[CardState] = frozenset()
    open_only: bool = False
    breached_only: bool = False
    responsible: str = ""
    organisation_id: int | None = None
    reason_id: int | None = None
    caller: str = ""
    text: str = ""
    """Words to search for."""
    before_id: int | None = None
    """For the next page: the last id of the page before."""


class Lists:
    """Reading the journal."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, person: Person, wanted: CardFilter, limit: int = PAGE) -> list[Card]:
        """Return the newest cards that match and that the person may see."""
        card = tables.card
        listed = self._listed(person, wanted)
        async with self._engine.connect() as connection:
            if self._engine.dialect.name == "postgresql" and beginnings(wanted.text):
                rows = await _search_postgresql(connection, listed, wanted.text, limit)
            else:
                statement = with_words(listed, self._engine.dialect.name, card, wanted.text).limit(limit)
                rows = (await connection.execute(statement)).mappings().all()
            return [card_of(row) for row in rows]

    async def open_by_state(self, service: str) -> dict[CardState, int]:
        """Return how many open cards there are in each state."""
        card = tables.card
        statement = (
            select(card.c.state, func.count()).where(card.c.service == service, card.c.open).group_by(card.c.state)
        )
        async with self._engine.connect() as connection:
            return {CardState(state): count for state, count in await connection.execute(statement)}

    def _listed(self, person: Person, wanted: CardFilter) -> Select[Any]:
        """Return the list without its words and without its order."""
        card = tables.card
        columns = [card.c[name] for name in FIELD_NAMES]
        statement = select(*columns).where(card.c.service == person.service, *_conditions(wanted))
        return _in_scope(statement, person)


async def _search_postgresql(
    connection: AsyncConnection, listed: Select[Any], question: str, limit: int
) -> Sequence[RowMapping]:
    card = tables.card
    newest = listed.add_columns(card.c.search).order_by(card.c.id.desc()).limit(LOOKED_THROUGH).subquery()
    padded = func.concat(" ", newest.c.search, " ")
    looked = select(*(newest.c[name] for name in FIELD_NAMES)).where(
        *(func.strpos(padded, needle) > 0 for needle in needles(question))
    )
    looked = looked.order_by(newest.c.id.desc()).limit(limit)
    rows: Sequence[RowMapping] = (await connection.execute(looked)).mappings().all()
    if len(rows) == limit:
        return rows
    all_of_them = select(func.count()).select_from(listed.with_only_columns(card.c.id).limit(LOOKED_THROUGH).subquery())
    if (await connection.scalar(all_of_them) or 0) < LOOKED_THROUGH:
        return rows
    # Until the end of this transaction: the planner would rather read everything in the order of ids than trust GIN.
    await connection.execute(text("SET LOCAL enable_seqscan = off"))
    await connection.execute(text("SET LOCAL enable_indexscan = off"))
    rare = listed.where(_matches(card)).params(words=tsquery(question)).order_by(card.c.id.desc()).limit(limit)
    result: Result[Any] = await connection.execute(rare)
    return result.mappings().all()


def _matches(searched: Table) -> TextClause:
    return text(f"{searched.name}.search_words @@ CAST(CAST(:words AS text) AS tsquery)")


def _conditions(wanted: CardFilter) -> list[ColumnElement[bool]]:
    card = tables.card
    given: list[tuple[object, ColumnElement[bool]]] = [
        (wanted.states, card.c.state.in_(sorted(wanted.states))),
        (wanted.open_only or wanted.breached_only, card.c.open),
        (wanted.breached_only, or_(*(card.c.announced.contains(alarm) for alarm in BREACHES))),
        (wanted.responsible, card.c.responsible == wanted.responsible),
        (wanted.organisation_id, card.c.organisation_id == wanted.organisation_id),
        (wanted.reason_id, card.c.reason_id == wanted.reason_id),
        (wanted.caller, card.c.caller == wanted.caller),
        (wanted.before_id, card.c.id < (wanted.before_id or 0)),
    ]
    return [condition for value, condition in given if value]


def _in_scope(statement: Select[Any], person: Person) -> Select[Any]:
    """Narrow the list to what the person may see: the same rule as `Person.sees`."""
    card = tables.card
    match SCOPE[person.role]:
        case Scope.SERVICE:
            return statement
        case Scope.HELD_BY_INSURER:
            return statement.where(
                card.c.holder == Holder.INSURER, card.c.organisation_id == (person.organisation or 0)
            )
        case Scope.ONE_CARD:
            return statement.where(card.c.id == (person.card or 0))


def with_words(statement: Select[Any], dialect: str, searched: Table, question: str) -> Select[Any]:
    """Narrow a list of a searched table to the rows whose `search` holds the words, the newest first."""
    if not beginnings(question):
        return statement.order_by(searched.c.id.desc())
    if dialect == "sqlite":
        index = table(f"{searched.name}_fts", column("rowid", Integer))
        # The index has to lead: asked row by row, FTS5 would work out the whole search for each. "+ 0" takes that way
        # from SQLite's planner, and the order by the index's own rowid lets it stop after a page.
        statement = statement.join_from(index, searched, searched.c.id == index.c.rowid + 0)
        found = literal_column(index.name).op("MATCH")(fts5(question))
        return statement.where(found).order_by(index.c.rowid.desc())
    return statement.where(_matches(searched)).params(words=tsquery(question)).order_by(searched.c.id.desc())

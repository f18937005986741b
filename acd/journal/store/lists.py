"""The journal as a list: filters, full-text search, pages by position, counts of what is open.

Pages go by the id of the last card seen, never by an offset, so the thousandth page costs what the first does.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.cards import BREACHES, FIELD_NAMES, Card
from acd.journal.roles import SCOPE, Person, Scope
from acd.journal.search import beginnings, fts5, tsquery
from acd.journal.states import CardState, Holder
from acd.journal.store import tables
from acd.journal.store.cards import card_of
from queue_engine.ids import Instant

PAGE: Final = 50


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
    opened_from: Instant | None = None
    opened_to: Instant | None = None
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
        statement = self._statement(person, wanted).order_by(tables.card.c.id.desc()).limit(limit)
        async with self._engine.connect() as connection:
            rows = await connection.execute(statement)
            return [card_of(row) for row in rows.mappings()]

    async def open_by_state(self, service: str) -> dict[CardState, int]:
        """Return how many open cards there are in each state."""
        table = tables.card
        statement = (
            select(table.c.state, func.count()).where(table.c.service == service, table.c.open).group_by(table.c.state)
        )
        async with self._engine.connect() as connection:
            return {CardState(state): count for state, count in await connection.execute(statement)}

    def _statement(self, person: Person, wanted: CardFilter) -> Select[Any]:
        table = tables.card
        columns = [table.c[name] for name in FIELD_NAMES]
        statement = select(*columns).where(table.c.service == person.service, *_conditions(wanted))
        statement = _in_scope(statement, person)
        if beginnings(wanted.text):
            statement = with_words(statement, self._engine.dialect.name, "journal_card", wanted.text)
        return statement


def _conditions(wanted: CardFilter) -> list[ColumnElement[bool]]:
    table = tables.card
    given: list[tuple[object, ColumnElement[bool]]] = [
        (wanted.states, table.c.state.in_(sorted(wanted.states))),
        (wanted.open_only or wanted.breached_only, table.c.open),
        (wanted.breached_only, or_(*(table.c.announced.contains(alarm) for alarm in BREACHES))),
        (wanted.responsible, table.c.responsible == wanted.responsible),
        (wanted.organisation_id, table.c.organisation_id == wanted.organisation_id),
        (wanted.reason_id, table.c.reason_id == wanted.reason_id),
        (wanted.caller, table.c.caller == wanted.caller),
        (wanted.opened_from, table.c.opened_at >= (wanted.opened_from or 0)),
        (wanted.opened_to, table.c.opened_at < (wanted.opened_to or 0)),
        (wanted.before_id, table.c.id < (wanted.before_id or 0)),
    ]
    return [condition for value, condition in given if value]


def _in_scope(statement: Select[Any], person: Person) -> Select[Any]:
    """Narrow the list to what the person may see: the same rule as `Person.sees`."""
    table = tables.card
    match SCOPE[person.role]:
        case Scope.SERVICE:
            return statement
        case Scope.HELD_BY_INSURER:
            return statement.where(
                table.c.holder == Holder.INSURER, table.c.organisation_id == (person.organisation or 0)
            )
        case Scope.ONE_CARD:
            return statement.where(table.c.id == (person.card or 0))


def with_words(statement: Select[Any], dialect: str, table: str, question: str) -> Select[Any]:
    """Narrow a list of a searched table to the rows whose `search` holds the words."""
    if dialect == "sqlite":
        index = text(f"{table}_fts")
        found = literal_column(f"{table}_fts").op("MATCH")(fts5(question))
        return statement.select_from(tables.metadata.tables[table]).join(
            index, literal_column(f"{table}_fts.rowid") == tables.metadata.tables[table].c.id
        ).where(found)  # fmt: skip
    return statement.where(text(f"{table}.search_words @@ CAST(CAST(:words AS text) AS tsquery)")).params(
        words=tsquery(question)
    )

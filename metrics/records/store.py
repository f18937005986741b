"""Puts batches of facts into the database, with the rows derived from them, each batch in one transaction.

Exactly once: the facts of a run come in the order of their numbers, so the highest number of a run that is committed
says which are new. It is read again after every failure, since the outcome of a failed commit is unknown.
"""

from collections.abc import Mapping, Sequence, Set
from operator import attrgetter
from typing import Any, Final

import orjson
from sqlalchemy import BindParameter, Connection, RowMapping, Select, Table, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.codec import decode
from metrics.records.database import sync_sqlite
from metrics.records.derive import DERIVED, RULES, Derivation, Needs, Place, PlacedFact, Row
from metrics.records.rows import CallKind, OfferRow, Outcome, StateRow
from metrics.records.spool import Line
from metrics.records.tables import agent_states, calls, facts, offers

_IDS_PER_QUERY: Final = 500
"""Keys asked for in one query: SQLite takes 32 766 parameters, PostgreSQL 32 767."""


class FactStore:
    """One writer's view of the database. Used by one task.

    All of a batch is synchronous work: SQLite's in the writer's own thread, without the thread that aiosqlite would put
    between, PostgreSQL's under one `run_sync`. At a few calls a second it is the number of statements and not of rows
    that costs, and each hop between threads costs more than the statement.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sqlite = sync_sqlite(engine) if engine.dialect.name == "sqlite" else None
        self._derivation: Derivation | None = None
        self._committed: dict[str, int] = {}
        self._append = Bulk(facts, [column.name for column in facts.c if column.name != "id"], engine)
        self._upserts = upserts(engine)

    async def write(self, lines: Sequence[Line]) -> int:
        """Commit the facts that are not yet in the database, in order; return how many were new.

        Raises whatever the database raises; nothing of the batch is then known to be committed, and the same lines
        must be given again.
        """
        try:
            if self._sqlite is not None:
                with self._sqlite.begin() as connection:
                    written = self._write(connection, lines)
            else:
                async with self._engine.begin() as asynchronous:
                    written = await asynchronous.run_sync(self._write, lines)
        except BaseException:
            self._derivation = None
            self._committed.clear()
            raise
        if self._derivation is not None:
            self._derivation.settle()
        return written

    def close(self) -> None:
        """Let go of the connection that is not the engine's."""
        if self._sqlite is not None:
            self._sqlite.dispose()

    def _write(self, connection: Connection, lines: Sequence[Line]) -> int:
        derivation = self._derivation
        if derivation is None:
            derivation = self._derivation = Derivation(last_place(connection))
        for run in {line.run for line in lines} - self._committed.keys():
            highest = connection.scalar(select(func.max(facts.c.seq)).where(facts.c.run == run))
            self._committed[run] = highest or 0
        new: list[Line] = []
        for line in lines:
            if line.seq > self._committed[line.run]:
                self._committed[line.run] = line.seq
                new.append(line)
        if not new:
            return 0
        parsed = [orjson.loads(line.values) for line in new]
        batch = [
            PlacedFact(line.run, line.seq, decode(line.kind, line.version, values))
            for line, values in zip(new, parsed, strict=True)
        ]
        self._append.write(connection, [_fact_row(line, v) for line, v in zip(new, parsed, strict=True)])
        derive_into(connection, derivation, batch, self._upserts)
        return len(new)


class Bulk:
    """Inserts rows of one table, given as tuples; replaces those that are there, where `replace` says so.

    The rows go to the driver as they are: making a dictionary per row and taking it apart again, as SQLAlchemy does,
    was the largest cost of a fact. PostgreSQL gets a batch as one statement over arrays, a column each; row by row it
    spends more time on the messages than on the rows.
    """

    def __init__(self, table: Table, columns: Sequence[str], engine: AsyncEngine, *, replace: bool = False) -> None:
        self.columns: Final = tuple(columns)
        self._in_arrays = engine.dialect.name == "postgresql"
        quoted = engine.dialect.identifier_preparer.quote
        names = ", ".join(quoted(name) for name in columns)
        if self._in_arrays:
            types = (table.c[name].type.compile(engine.dialect) for name in columns)
            arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, 1))
            source = f"SELECT * FROM unnest({arrays})"  # noqa: S608 - names and types of our own tables
        else:
            source = f"VALUES ({', '.join('?' * len(self.columns))})"
        self._sql = f"INSERT INTO {quoted(table.name)} ({names}) {source}"
        if replace:
            keys = [column.name for column in table.primary_key]
            sets = (f"{quoted(name)} = excluded.{quoted(name)}" for name in columns if name not in keys)
            self._sql += f" ON CONFLICT ({', '.join(map(quoted, keys))}) DO UPDATE SET {', '.join(sets)}"

    def write(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Write the rows, each a value per column of `columns`; no key twice."""
        if self._in_arrays:
            connection.exec_driver_sql(self._sql, tuple(list(column) for column in zip(*rows, strict=True)))
        else:
            connection.exec_driver_sql(self._sql, list(rows))


class Upsert:
    """Inserts rows of a derived table or replaces them."""

    def __init__(self, table: Table, engine: AsyncEngine) -> None:
        columns = [column.name for column in table.c]
        self._bulk = Bulk(table, columns, engine, replace=True)
        self._values_of = attrgetter(*columns)

    def write(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write the rows."""
        self._bulk.write(connection, [self._values_of(row) for row in rows])


def upserts(engine: AsyncEngine) -> dict[str, Upsert]:
    """Return what writes each derived table, by its name."""
    return {table.name: Upsert(table, engine) for table in DERIVED}


def _fact_row(line: Line, values: Mapping[str, Any]) -> tuple[object, ...]:
    """Return a fact in the order of the columns of `facts`, without its id."""
    return (
        line.run,
        line.seq,
        _number(values.get("at")),
        line.kind,
        line.version,
        _text(values.get("call")),
        _text(values.get("queue")),
        _text(values.get("agent")),
        line.values,
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def derive_into(
    connection: Connection,
    derivation: Derivation,
    batch: Sequence[PlacedFact],
    upserts: Mapping[str, Upsert],
) -> None:
    """Apply the facts and write the derived rows that they change."""
    needs = derivation.needs(batch)
    _supply(connection, derivation, needs)
    for table, rows in derivation.apply(batch).items():
        upserts[table].write(connection, rows)


def last_place(connection: Connection) -> Place | None:
    """Return run and instant of the last fact recorded; None where there is none."""
    newest = select(facts.c.run, facts.c.at).order_by(facts.c.id.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else Place(row.run, row.at)


# Made once: to make a statement costs more than to run it.
_WANTED: Final[BindParameter[Any]] = bindparam("wanted", expanding=True)
_BY_KEY: Final = {rule.table.name: select(rule.table).where(rule.table.c[rule.key].in_(_WANTED)) for rule in RULES}
_OPEN_OFFERS: Final = select(offers).where(offers.c.ended_at.is_(None))
_OPEN_STATES: Final = select(agent_states).where(agent_states.c.ended_at.is_(None))
_OPEN_STATES_OF: Final = _OPEN_STATES.where(agent_states.c.agent.in_(_WANTED))
_LAST_CALLS: Final = (
    select(calls.c.caller, func.max(calls.c.entered_at).label("at"))
    .where(
        calls.c.caller.in_(_WANTED),
        calls.c.entered_at >= bindparam("since"),
        calls.c.kind == CallKind.INCOMING,
        or_(calls.c.outcome.is_(None), calls.c.outcome != Outcome.REFUSED),
    )
    .group_by(calls.c.caller)
)


def _supply(connection: Connection, derivation: Derivation, needs: Needs) -> None:
    found: dict[str, list[Any]] = {}
    for rule in RULES:
        rows = _rows_of(connection, _BY_KEY[rule.table.name], needs.keys[rule.table.name])
        found[rule.table.name] = [rule.row(**row) for row in rows]
    states = _rows_of(connection, _OPEN_STATES_OF, needs.agents)
    if needs.all_open:
        found[offers.name] += [OfferRow(**row) for row in connection.execute(_OPEN_OFFERS).mappings()]
        states += connection.execute(_OPEN_STATES).mappings()
    last_calls = _rows_of(connection, _LAST_CALLS, needs.callers, since=needs.callers_since)
    derivation.supply(
        needs, found, [StateRow(**row) for row in states], {row["caller"]: row["at"] for row in last_calls}
    )


def _rows_of(connection: Connection, query: Select[Any], wanted: Set[Any], **values: object) -> list[RowMapping]:
    found: list[RowMapping] = []
    keys = sorted(wanted)
    for start in range(0, len(keys), _IDS_PER_QUERY):
        part = {"wanted": keys[start : start + _IDS_PER_QUERY], **values}
        found += connection.execute(query, part).mappings()
    return found

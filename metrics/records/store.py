"""Puts batches of facts into the database, with the rows derived from them, each batch in one transaction.

Exactly once: the facts of a run come in the order of their numbers, so the highest number of a run that is committed
says which are new. It is read again after every failure, since the outcome of a failed commit is unknown.
"""

from collections.abc import Mapping, Sequence, Set
from operator import attrgetter
from typing import Any, Final

import orjson
from sqlalchemy import Column, RowMapping, Select, Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from metrics.records.codec import decode
from metrics.records.derive import DERIVED, RULES, Derivation, Needs, Place, PlacedFact, Row
from metrics.records.rows import CallKind, OfferRow, Outcome, StateRow
from metrics.records.spool import Line
from metrics.records.tables import agent_states, calls, facts, offers

_IDS_PER_QUERY: Final = 500
"""Keys asked for in one query: SQLite takes 32 766 parameters, PostgreSQL 32 767."""


class FactStore:
    """One writer's view of the database. Used by one task."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
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
            async with self._engine.begin() as connection:
                written = await self._write(connection, lines)
        except BaseException:
            self._derivation = None
            self._committed.clear()
            raise
        if self._derivation is not None:
            self._derivation.settle()
        return written

    async def _write(self, connection: AsyncConnection, lines: Sequence[Line]) -> int:
        derivation = self._derivation
        if derivation is None:
            derivation = self._derivation = Derivation(await last_place(connection))
        for run in {line.run for line in lines} - self._committed.keys():
            highest = await connection.scalar(select(func.max(facts.c.seq)).where(facts.c.run == run))
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
        await self._append.write(connection, [_fact_row(line, v) for line, v in zip(new, parsed, strict=True)])
        await derive_into(connection, derivation, batch, self._upserts)
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

    async def write(self, connection: AsyncConnection, rows: Sequence[tuple[object, ...]]) -> None:
        """Write the rows, each a value per column of `columns`; no key twice."""
        if self._in_arrays:
            await connection.exec_driver_sql(self._sql, tuple(list(column) for column in zip(*rows, strict=True)))
        else:
            await connection.exec_driver_sql(self._sql, list(rows))


class Upsert:
    """Inserts rows of a derived table or replaces them."""

    def __init__(self, table: Table, engine: AsyncEngine) -> None:
        columns = [column.name for column in table.c]
        self._bulk = Bulk(table, columns, engine, replace=True)
        self._values_of = attrgetter(*columns)

    async def write(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        """Write the rows."""
        await self._bulk.write(connection, [self._values_of(row) for row in rows])


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


async def derive_into(
    connection: AsyncConnection,
    derivation: Derivation,
    batch: Sequence[PlacedFact],
    upserts: Mapping[str, Upsert],
) -> None:
    """Apply the facts and write the derived rows that they change."""
    needs = derivation.needs(batch)
    await _supply(connection, derivation, needs)
    for table, rows in derivation.apply(batch).items():
        await upserts[table].write(connection, rows)


async def last_place(connection: AsyncConnection) -> Place | None:
    """Return run and instant of the last fact recorded; None where there is none."""
    newest = select(facts.c.run, facts.c.at).order_by(facts.c.id.desc()).limit(1)
    row = (await connection.execute(newest)).first()
    return None if row is None else Place(row.run, row.at)


async def _supply(connection: AsyncConnection, derivation: Derivation, needs: Needs) -> None:
    found: dict[str, list[Any]] = {}
    for rule in RULES:
        rows = await _rows_of(connection, select(rule.table), rule.table.c[rule.key], needs.keys[rule.table.name])
        found[rule.table.name] = [rule.row(**row) for row in rows]
    open_states = select(agent_states).where(agent_states.c.ended_at.is_(None))
    states = await _rows_of(connection, open_states, agent_states.c.agent, needs.agents)
    if needs.all_open:
        open_offers = await connection.execute(select(offers).where(offers.c.ended_at.is_(None)))
        found[offers.name] += [OfferRow(**row) for row in open_offers.mappings()]
        states += (await connection.execute(open_states)).mappings()
    recent = select(calls.c.caller, func.max(calls.c.entered_at).label("at")).where(
        calls.c.entered_at >= needs.callers_since,
        calls.c.kind == CallKind.INCOMING,
        or_(calls.c.outcome.is_(None), calls.c.outcome != Outcome.REFUSED),
    )
    last_calls = await _rows_of(connection, recent.group_by(calls.c.caller), calls.c.caller, needs.callers)
    derivation.supply(
        needs, found, [StateRow(**row) for row in states], {row["caller"]: row["at"] for row in last_calls}
    )


async def _rows_of(
    connection: AsyncConnection, query: Select[Any], key: Column[Any], wanted: Set[Any]
) -> list[RowMapping]:
    found: list[RowMapping] = []
    keys = sorted(wanted)
    for start in range(0, len(keys), _IDS_PER_QUERY):
        part = query.where(key.in_(keys[start : start + _IDS_PER_QUERY]))
        found += (await connection.execute(part)).mappings()
    return found

"""Puts batches of facts into the database, with the rows derived from them, each batch in one transaction.

Exactly once: the facts of a run come in the order of their numbers, so the highest number of a run that is committed
says which are new. It is read again after every failure, since the outcome of a failed commit is unknown.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.bulk import Bulk, Lookup
from metrics.records.codec import decode
from metrics.records.database import sync_sqlite
from metrics.records.derive import DERIVED, RULES, Derivation, Needs, Place, PlacedFact
from metrics.records.rows import CallKind, OfferRow, Outcome, StateRow
from metrics.records.spool import Line
from metrics.records.tables import agent_states, calls, facts, offers


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
        self._lookups = Lookups(engine)
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
        derive_into(connection, derivation, batch, self._lookups, self._upserts)
        return len(new)


def upserts(engine: AsyncEngine) -> dict[str, Bulk]:
    """Return what inserts or replaces the rows of each derived table, by its name."""
    return {table.name: Bulk(table, row._fields, engine, replace=True) for table, row in DERIVED.items()}


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


_OPEN_OFFERS: Final = select(*(offers.c[name] for name in OfferRow._fields)).where(offers.c.ended_at.is_(None))
_OPEN_STATES: Final = select(*(agent_states.c[name] for name in StateRow._fields)).where(
    agent_states.c.ended_at.is_(None)
)


class Lookups:
    """Reads from the database what a derivation needs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._by_key: Final = [(rule, Lookup(rule.table, rule.row._fields, rule.key, engine)) for rule in RULES]
        self._open_states: Final = Lookup(agent_states, StateRow._fields, "agent", engine, also="AND ended_at IS NULL")
        # The same calls as `derive.counts_for_number` names.
        self._last_calls: Final = Lookup(
            calls,
            ("caller", "max(entered_at)"),
            "caller",
            engine,
            also=f"AND entered_at >= {{more}} AND kind = '{CallKind.INCOMING}' AND visit = 1"
            f" AND (outcome IS NULL OR outcome <> '{Outcome.REFUSED}') GROUP BY caller",
        )

    def supply(self, connection: Connection, derivation: Derivation, needs: Needs) -> None:
        """Give the derivation all that it needs and the database has."""
        found: dict[str, list[Any]] = {
            rule.table.name: [rule.row._make(row) for row in lookup.read(connection, needs.keys[rule.table.name])]
            for rule, lookup in self._by_key
        }
        states = list(self._open_states.read(connection, needs.agents))
        if needs.all_open:
            found[offers.name] += [OfferRow._make(row) for row in connection.execute(_OPEN_OFFERS)]
            states += connection.execute(_OPEN_STATES).all()
        last_calls = dict(self._last_calls.read(connection, needs.callers, needs.callers_since))
        derivation.supply(needs, found, [StateRow._make(row) for row in states], last_calls)


def derive_into(
    connection: Connection,
    derivation: Derivation,
    batch: Sequence[PlacedFact],
    lookups: Lookups,
    upserts: Mapping[str, Bulk],
) -> None:
    """Apply the facts and write the derived rows that they change."""
    lookups.supply(connection, derivation, derivation.needs(batch))
    for table, rows in derivation.apply(batch).items():
        upserts[table].write(connection, rows)


def last_place(connection: Connection) -> Place | None:
    """Return run and instant of the last fact recorded; None where there is none."""
    newest = select(facts.c.run, facts.c.at).order_by(facts.c.id.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else Place(row.run, row.at)

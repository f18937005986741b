"""Reads and writes rows of the records' tables in bulk, past SQLAlchemy's own making of statements and rows.

At a few calls a second the number of statements costs, not that of rows: what SQLAlchemy does per statement and per
row was the largest part of a fact. So the SQL is made once, and rows are tuples on their way in and out. PostgreSQL has
keys and rows as arrays, a column each, where it would otherwise spend more time on the messages than on the rows;
SQLite gets keys as JSON, so that the text of a query is the same however many are asked for.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Table
from sqlalchemy.ext.asyncio import AsyncEngine


class Bulk:
    """Inserts rows of one table, given as tuples; replaces those that are there, where `replace` says so."""

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


class Lookup:
    """Reads what one table says of the keys asked for.

    Args:
        table: The table.
        columns: What is read, in the order of the tuples returned: columns of the table or expressions of SQL.
        key: The column that holds the key.
        engine: The database.
        also: What else must hold, and any grouping, as SQL; `{more}` stands for a second value given to `read`.
    """

    def __init__(self, table: Table, columns: Sequence[str], key: str, engine: AsyncEngine, *, also: str = "") -> None:
        self._in_arrays = engine.dialect.name == "postgresql"
        quoted = engine.dialect.identifier_preparer.quote
        names = ", ".join(quoted(name) if name in table.c else name for name in columns)
        if self._in_arrays:
            asked = f"= ANY($1::{table.c[key].type.compile(engine.dialect)}[])"
        else:
            asked = "IN (SELECT value FROM json_each(?))"
        also = also.replace("{more}", "$2" if self._in_arrays else "?")
        self._sql = f"SELECT {names} FROM {quoted(table.name)} WHERE {quoted(key)} {asked} {also}"  # noqa: S608 - as above

    def read(self, connection: Connection, keys: Collection[Any], *more: object) -> Sequence[Any]:
        """Return the tuples found for the keys; SQLite's truth values are 0 and 1."""
        if not keys:
            return ()
        asked = sorted(keys)  # in one order, so that two readers of the same keys do the same
        value = asked if self._in_arrays else orjson.dumps(asked).decode()
        return connection.exec_driver_sql(self._sql, (value, *more)).all()

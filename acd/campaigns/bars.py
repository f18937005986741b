"""The do-not-call list: kept in the records, told to the book of call-backs, which alone dials out.

A small file beside the spool repeats it, for a start while the database is away: nobody is called for that reason who
does not want to be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.kept import KeptRows
from acd.numbers import normaliser
from callback.inputs import CallbackInput, NumberBarred, NumberFreed, NumbersLoaded
from callback.kinds import BarScope
from callback.numbers import NumberRule
from metrics.records.tables import do_not_call
from queue_engine.ids import Instant

log = structlog.get_logger(__name__)

_B: Final = do_not_call.c


class NotANumber(Exception):
    """What was given is no telephone number that could be called."""


class BarRow(NamedTuple):
    """One number that is not called."""

    number: str
    scope: str
    reason: str
    added_at: float
    added_by: str


@dataclass(frozen=True, slots=True)
class _Kept:
    number: str
    scope: str


class Bars:
    """The list of one centre."""

    def __init__(
        self,
        path: Path,
        records: AsyncEngine,
        rule: NumberRule,
        now: Callable[[], Instant],
        tell: Callable[[CallbackInput], None],
    ) -> None:
        self._records = records
        self._normalised = normaliser(rule)
        self._now = now
        self._tell = tell
        self._file = KeptRows(path, _Kept, "do_not_call")
        self._scopes: dict[str, BarScope] = {}

    async def start(self) -> None:
        """Tell the book the whole list, from the records or, while they are away, from the file."""
        try:
            self._scopes = {row.number: BarScope(row.scope) for row in await self.all()}
        except (SQLAlchemyError, OSError) as error:
            self._scopes = {row.number: BarScope(row.scope) for row in self._file.read()}
            log.warning("do_not_call.records_away", reason=str(error), numbers=len(self._scopes))
        else:
            self._file.read()
            self._write()
        self._tell(NumbersLoaded(tuple(self._scopes.items())))

    async def all(self) -> list[BarRow]:
        """Return the list, oldest first.

        Raises:
            SQLAlchemyError, OSError: The records are away.
        """
        wanted = select(_B.number, _B.scope, _B.reason, _B.added_at, _B.added_by).order_by(_B.id)
        async with self._records.connect() as link:
            return [BarRow(**row) for row in (await link.execute(wanted)).mappings()]

    async def add(self, typed: str, scope: BarScope, reason: str, by: str) -> str:
        """Bar a number, or change how; return it as it is kept. A bar of everything is not narrowed by one of lists.

        Raises:
            NotANumber: It is none.
            SQLAlchemyError, OSError: The records are away: nothing has changed.
        """
        number = self._number(typed)
        if self._scopes.get(number) is BarScope.ALL:
            scope = BarScope.ALL
        values = {"scope": scope.value, "reason": reason, "added_at": self._now(), "added_by": by}
        insert = postgresql.insert if self._records.dialect.name == "postgresql" else sqlite.insert
        written = insert(do_not_call).values(number=number, **values)
        async with self._records.begin() as link:
            await link.execute(written.on_conflict_do_update(index_elements=["number"], set_=values))
        self._scopes[number] = scope
        self._write()
        self._tell(NumberBarred(number, scope, by))
        return number

    async def remove(self, typed: str) -> bool:
        """Let a number be called again; False if it was not on the list.

        Raises:
            NotANumber: It is none.
            SQLAlchemyError, OSError: The records are away: nothing has changed.
        """
        number = self._number(typed)
        async with self._records.begin() as link:
            found = (await link.execute(delete(do_not_call).where(_B.number == number))).rowcount
        known = self._scopes.pop(number, None) is not None
        self._write()
        self._tell(NumberFreed(number))
        return bool(found) or known

    def _number(self, typed: str) -> str:
        number = self._normalised(typed)
        if number is None:
            raise NotANumber(typed)
        return number

    def _write(self) -> None:
        self._file.write(tuple(_Kept(number, scope.value) for number, scope in self._scopes.items()))

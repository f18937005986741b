"""The requests for call-backs as rows: how one is written as JSON and read back, and the table that holds them.

The facts tell what became of a request; these rows are what the book goes on with after a restart, so they are written
as they are and read back as they were. A row that this program cannot read is left out and named by `read_requests`.
"""

import dataclasses
import enum
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from callback.ids import RequestId
from callback.kinds import GiveUpReason
from callback.request import Attempt, ListCall, Request
from callback.states import RequestState
from metrics.records.tables import call_back_requests
from queue_engine.ids import Instant

KEPT_S: Final = 86_400.0
"""So long an ended request is kept: its attempts count against the limits of a day."""


@dataclass(frozen=True, slots=True)
class StoredRequests:
    """What the table holds."""

    rows: tuple[Request, ...]
    """In the order of their ids."""
    highest: RequestId
    """No new request may have this id or a lower one; 0 where none was ever stored."""
    unreadable: tuple[RequestId, ...]


def encode_request(request: Request) -> bytes:
    """Return the row as one line of JSON."""
    return orjson.dumps(request)


def decode_request(values: Mapping[str, Any]) -> Request:
    """Return the row that was written so; what later versions have added has its default.

    Raises:
        ValueError, TypeError: It is no such row.
    """
    known = {field.name for field in dataclasses.fields(Request)}
    made = {name: _MAKERS[name](value) for name, value in values.items() if name in known}
    if made.get("state") is RequestState.GIVEN_UP and made.get("reason") is not None:
        made["reason"] = GiveUpReason(made["reason"])  # some reasons of both kinds have one name
    return Request(**made)


def _part(kind: type[Attempt] | type[ListCall]) -> Callable[[Any], Any]:
    """Return what makes a part of a row, itself one of fields."""

    def made(values: Any) -> Any:
        makers = _makers(kind)
        return kind(**{name: makers[name](value) for name, value in values.items() if name in makers})

    return made


def _maker(hint: Any) -> Callable[[Any], Any]:
    """Return what makes a value of the annotated type from JSON's."""
    if get_origin(hint) in (Union, types.UnionType):
        makers = [_maker(part) for part in get_args(hint) if part is not type(None)]
        return lambda value: None if value is None else _first(makers, value)
    if get_origin(hint) is tuple:
        inner = _maker(get_args(hint)[0])
        return lambda values: tuple(inner(value) for value in values)
    if hint in {Attempt, ListCall}:
        return _part(hint)
    return hint if isinstance(hint, type) and issubclass(hint, enum.Enum) else _as_it_is


def _first(makers: Sequence[Callable[[Any], Any]], value: Any) -> Any:
    for make in makers[:-1]:
        try:
            return make(value)
        except ValueError:
            continue
    return makers[-1](value)


def _as_it_is(value: Any) -> Any:
    return value


def _makers(kind: type[Any]) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(kind)
    return {field.name: _maker(hints[field.name]) for field in dataclasses.fields(kind)}


_MAKERS: Final = _makers(Request)


async def save_requests(engine: AsyncEngine, rows: Iterable[Request], now: Instant) -> None:
    """Write rows, each in the place of the one with its id, and drop those that ended long ago.

    Raises:
        SQLAlchemyError, OSError: The database is away.
    """
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    async with engine.begin() as connection:
        for row in rows:
            values = {
                "request": row.request,
                "queue": row.queue,
                "state": row.state.value,
                "ended_at": row.ended_at,
                "row": encode_request(row).decode(),
            }
            written = insert(call_back_requests).values(values)
            await connection.execute(written.on_conflict_do_update(index_elements=["request"], set_=values))
        highest = select(func.max(call_back_requests.c.request)).scalar_subquery()
        await connection.execute(
            delete(call_back_requests).where(
                call_back_requests.c.ended_at < now - KEPT_S, call_back_requests.c.request < highest
            )
        )


async def read_requests(engine: AsyncEngine) -> StoredRequests:
    """Return all rows.

    Raises:
        SQLAlchemyError, OSError: The database is away.
    """
    async with engine.connect() as connection:
        found = (await connection.execute(select(call_back_requests).order_by(call_back_requests.c.request))).all()
    rows, unreadable = [], []
    for each in found:
        try:
            rows.append(decode_request(orjson.loads(each.row)))
        except (ValueError, TypeError, KeyError, AttributeError):
            unreadable.append(RequestId(each.request))
    return StoredRequests(tuple(rows), RequestId(max((each.request for each in found), default=0)), tuple(unreadable))


async def read_request(engine: AsyncEngine, request: RequestId) -> Request | None:
    """Return one row, None if it is not there.

    Raises:
        SQLAlchemyError, OSError: The database is away.
        ValueError, TypeError: The row is unreadable.
    """
    wanted = select(call_back_requests.c.row).where(call_back_requests.c.request == request)
    async with engine.connect() as connection:
        text = await connection.scalar(wanted)
    return None if text is None else decode_request(orjson.loads(text))

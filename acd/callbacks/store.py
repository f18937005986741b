"""Where the requests for call-backs are kept: a file at once, the database as soon as it takes them.

Rows are stored before anything is done about them, and nothing that must start within seconds may wait for a database.
So each step's rows are first written to a small file beside the spool (one `write(2)`: the death of the daemon loses
nothing); a task brings them into the table and empties the file. After a restart the file is read over the table.
"""

import asyncio
import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.clock import Clock
from callback.ids import RequestId
from callback.request import Request
from metrics.records.requests import decode_request, encode_request, read_request, read_requests, save_requests

log = structlog.get_logger(__name__)

GATHER_S: Final = 0.2
"""How long rows gather before they are brought into the table."""
RETRY_S: Final = 2.0
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of the file above which it is written anew with the newest row of each request."""


class RequestStore:
    """The rows of one daemon."""

    def __init__(self, path: Path, engine: AsyncEngine, clock: Clock) -> None:
        self._path = path
        self._engine = engine
        self._clock = clock
        self._file = -1
        self._written = 0
        self._waiting: dict[RequestId, Request] = {}
        """Rows that the table does not have yet."""
        self._wanted = asyncio.Event()

    async def read(self) -> tuple[tuple[Request, ...], RequestId]:
        """Return all rows that are kept and the highest id that was ever given; what is unreadable is logged.

        A database that is away costs what only it has: the file has what was changed last.
        """
        rows: dict[RequestId, Request] = {}
        highest = RequestId(0)
        try:
            stored = await read_requests(self._engine)
        except Exception as error:  # noqa: BLE001 - whatever the database says, the file is read and calls go on
            log.error("callbacks.table_unread", reason=str(error))
            highest = RequestId(int(self._clock.now()))  # above all that were ever counted, one a second at most
        else:
            rows = {row.request: row for row in stored.rows}
            highest = stored.highest
            if stored.unreadable:
                log.error("callbacks.rows_unreadable", requests=stored.unreadable)
        self._waiting = {row.request: row for row in _read_file(self._path)}
        rows |= self._waiting
        return tuple(rows.values()), RequestId(max([highest, *rows]))

    async def find(self, request: RequestId) -> Request | None:
        """Return a row that the table has, or will have; None if neither, or the database is away."""
        if request in self._waiting:
            return self._waiting[request]
        try:
            return await read_request(self._engine, request)
        except Exception as error:  # noqa: BLE001 - whatever the database says, the question is answered
            log.warning("callbacks.table_away", reason=str(error))
            return None

    def open(self) -> None:
        """Begin the file anew with what the table lacks. A disk that refuses is logged: the calls go first."""
        self._rewrite()
        if self._waiting:
            self._wanted.set()

    def put(self, rows: Iterable[Request]) -> None:
        """Store rows before what follows from them is done. A disk that refuses is logged: the calls go first."""
        lines = []
        for row in rows:
            self._waiting[row.request] = row
            lines.append(encode_request(row) + b"\n")
        if not lines:
            return
        self._wanted.set()
        if self._file < 0:
            return
        try:
            self._append(b"".join(lines))
        except OSError as error:
            log.error("callbacks.not_written", reason=str(error))

    async def keep(self) -> None:
        """Bring rows into the table as they come. Runs until cancelled."""
        away = False
        while True:
            await self._wanted.wait()
            await asyncio.sleep(GATHER_S)
            self._wanted.clear()
            taken = dict(self._waiting)
            try:
                await save_requests(self._engine, taken.values(), self._clock.now())
            except Exception as error:  # noqa: BLE001 - whatever the database does, the file has the rows
                if not away:
                    log.warning("callbacks.table_away", reason=str(error))
                away = True
                self._wanted.set()
                await asyncio.sleep(RETRY_S)
                if self._written > LARGEST:
                    self._rewrite()
                continue
            away = False
            self._waiting = {name: row for name, row in self._waiting.items() if taken.get(name) is not row}
            self._rewrite()

    def close(self) -> None:
        """Close the file, which keeps what the table lacks."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, text: bytes) -> None:
        _write_whole(self._file, text, self._written)
        self._written += len(text)

    def _rewrite(self) -> None:
        """Write the file anew with what the table lacks; the old one is replaced as a whole.

        On a full disk the old one stays, and is emptied when the table has everything: its rows are older than those.
        """
        beside = self._path.with_suffix(".new")
        text = b"".join(encode_request(row) + b"\n" for row in self._waiting.values())
        try:
            fresh = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                _write_whole(fresh, text, 0)
                beside.replace(self._path)
            except BaseException:
                os.close(fresh)
                raise
        except OSError as error:
            log.error("callbacks.not_rewritten", reason=str(error))
            if not self._waiting and self._file >= 0:
                os.ftruncate(self._file, 0)
                self._written = 0
            return
        self.close()
        self._file, self._written = fresh, len(text)


def _write_whole(handle: int, text: bytes, length: int) -> None:
    """Append to a file of this length, or raise OSError with it as before: half a line would spoil the next one."""
    if os.write(handle, text) != len(text):
        os.ftruncate(handle, length)
        raise OSError(errno.ENOSPC, "no room for whole lines")


def _read_file(path: Path) -> list[Request]:
    """Return the rows of the file, the newest of each request; a line that was cut short by a crash is left out."""
    rows: dict[RequestId, Request] = {}
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        log.error("callbacks.file_unread", reason=str(error))
        return []
    for line in lines:
        if line:
            try:
                row = decode_request(orjson.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                log.warning("callbacks.line_unreadable", reason=str(error))
                continue
            rows[row.request] = row
    return list(rows.values())

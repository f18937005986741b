"""Takes facts from the daemon and sees to it that each reaches the database once and only once.

The way of a fact: `record` writes it into the spool (one `write(2)`, so the death of the daemon loses nothing; facts
that become true together are noted and written by one) and wakes the writer; the writer, a thread with an event loop of
its own, reads the spool from the front, commits what it finds in batches and removes what is committed. A database that
is away therefore costs disk, never memory, and is no special case: nor is a restart, which finds the spool of the run
before. Whatever the database does, the daemon's own event loop does not wait for it.

Only a spool that cannot be written (disk full) puts facts into memory, up to `HELD_AT_MOST`; the writer commits them
from there. Beyond that facts are lost, counted and shown.
"""

import asyncio
import contextlib
import secrets
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.codec import VERSION, encode
from metrics.records.database import ANSWER_S, async_url, open_engine, upgrade
from metrics.records.spool import Line, SpoolReader, SpoolWriter, format_line, parse_line
from metrics.records.store import FactStore

HELD_AT_MOST: Final = 50_000
"""Facts kept in memory while the spool cannot be written: about 25 MB."""

BATCH_WAIT_S: Final = 0.15
"""From one round of the writer to the next: so long facts gather before they are committed.

The time that committing takes is part of it, and a round takes no more than stood in the spool when it came to its end.
If it went on with what is written meanwhile, its transactions would become smaller and smaller, and dearer by the fact.
"""

BATCH_BYTES: Final = 128 * 1024
"""Most that one transaction takes from the spool: some 500 facts."""

RETRY_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses after one failure, two, three...; the last one repeats."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecorderHealth:
    """How the records are doing, for `acd status` and the metrics."""

    healthy: bool
    """The last batch was committed, and nothing is held in memory, lost or put aside."""
    database: bool
    """The database took the last batch."""
    spooled_bytes: int
    """What stands in the spool and is not committed."""
    held: int
    """Facts in memory because the spool cannot be written."""
    lost: int
    """Facts lost because memory was full too. Anything but 0 is a disaster."""
    rejected: int
    """Lines put aside in `rejected.spool`: damaged, or refused by the database for what they say."""
    recorded: int
    """Facts taken since the start."""
    committed: int
    """Number of the last of them that is in the database."""
    error: str
    """The last trouble in words; empty when healthy."""


class Recorder:
    """Records facts. `record` and `health` belong to the daemon's thread; the database to the recorder's own.

    Args:
        url: The database, see `database.open_engine`.
        run_id: Name of this start of the daemon. A random part is added, since facts of two starts under one name could
            not be told apart.
        spool_path: Folder of the spool; made if missing. One recorder at a time uses it.
        batch_wait_s: See `BATCH_WAIT_S`.
        answer_s: How long the database may take for a statement.

    Raises:
        RecordsUnusable: `url` is no URL of a database that we know.
        OSError: The folder of the spool cannot be made or read.
    """

    def __init__(
        self,
        url: str,
        run_id: str,
        spool_path: Path,
        *,
        batch_wait_s: float = BATCH_WAIT_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        async_url(url)
        self._url = url
        self.run: Final = f"{' '.join(run_id.split())}-{secrets.token_hex(4)}"
        self._spool = SpoolWriter(spool_path)
        self._reader = SpoolReader(spool_path)
        self._batch_wait_s = batch_wait_s
        self._answer_s = answer_s
        self._noted: list[bytes] = []
        """Lines of facts that were noted and do not stand in the spool yet."""
        self._held: deque[bytes] = deque()
        self._seq = 0
        self.committed = 0
        """Number of the last fact of this run that is in the database."""
        self._lost = 0
        self._spool_error = ""
        self._database_error = ""
        self._database_ok = False
        self._closing = False
        self._awake = False
        self._answered = threading.Condition()
        self._asked = 0
        self._caught_up = 0
        self._failed = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._thread: threading.Thread | None = None

    def record(self, fact: object) -> None:
        """Take a fact. Returns at once and never raises, whatever the fact, the disk or the database."""
        self.note(fact)
        self.write()

    def note(self, fact: object) -> None:
        """Take a fact that `write` is to put into the spool, together with others that became true with it."""
        self._seq += 1
        try:
            values = encode(fact)
        except Exception as error:  # noqa: BLE001 - the promise is never to raise; what cannot be written is counted
            self._lost += 1
            self._spool_error = f"fact of kind {type(fact).__name__} cannot be written: {error}"
            return
        self._noted.append(format_line(self.run, self._seq, type(fact).__name__, VERSION, values))

    def write(self) -> None:
        """Put what was noted into the spool, by one `write(2)`. Returns at once and never raises."""
        if not self._noted:
            return
        lines, self._noted = self._noted, []
        if self._held:
            self._hold(lines)
        else:
            try:
                self._spool.append(b"".join(lines))
            except OSError as error:
                self._spool_error = f"spool: {error}"
                self._hold(lines)
        if not self._awake:
            self._awake = True
            self._call_writer()

    def health(self) -> RecorderHealth:
        """Return how the records are doing. Looks at the spool's folder; for use once a second, not per fact."""
        error = self._spool_error if self._held or self._lost else self._database_error
        return RecorderHealth(
            healthy=self._database_ok and not (self._held or self._lost or self._reader.rejected),
            database=self._database_ok,
            spooled_bytes=self._reader.unread_bytes(),
            held=len(self._held),
            lost=self._lost,
            rejected=self._reader.rejected,
            recorded=self._seq,
            committed=self.committed,
            error=error,
        )

    @property
    def healthy(self) -> bool:
        """Whether all is well, see `RecorderHealth`."""
        return self.health().healthy

    @property
    def recorded(self) -> int:
        """Facts taken since the start: with `run`, the place of the last one in the records."""
        return self._seq

    @property
    def spooled(self) -> int:
        """Bytes in the spool that are not committed."""
        return self._reader.unread_bytes()

    async def start(self, *, wait_s: float = 10.0) -> bool:
        """Start the writer and wait until what earlier runs left in the spool is committed.

        Returns False where that has failed (the database is away) or taken longer than `wait_s`: recording works all
        the same, and the writer goes on trying.
        """
        started = threading.Event()
        self._thread = threading.Thread(target=self._run_writer, args=(started,), name="recorder", daemon=True)
        self._thread.start()
        await asyncio.to_thread(started.wait)
        return await self.settled(wait_s=wait_s)

    async def settled(self, *, wait_s: float = 10.0) -> bool:
        """Wait until everything recorded so far is committed.

        Returns False as soon as an attempt has failed, or after `wait_s`.
        """
        self._asked += 1
        ticket = self._asked
        self._call_writer()
        return await asyncio.to_thread(self._wait_for, ticket, wait_s)

    async def close(self, *, wait_s: float = 5.0) -> bool:
        """Commit what is left and stop; False where the database did not take it all, which the spool then keeps."""
        done = await self.settled(wait_s=wait_s) if self._thread is not None else False
        self._closing = True
        self._call_writer()
        self._call_writer(self._hurry)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, wait_s)
            self._thread = None
        self._spool.close()
        if done:
            self._reader.remove_what_is_read()
        return done

    def _hold(self, lines: list[bytes]) -> None:
        room = HELD_AT_MOST - len(self._held)
        self._held.extend(lines[:room])
        self._lost += len(lines[room:])

    def _call_writer(self, event: asyncio.Event | None = None) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the writer's loop has just been closed
                self._loop.call_soon_threadsafe((event or self._wake).set)

    def _wait_for(self, ticket: int, wait_s: float) -> bool:
        with self._answered:
            self._answered.wait_for(lambda: max(self._caught_up, self._failed) >= ticket, wait_s)
            return self._caught_up >= ticket

    # Everything below runs in the writer's thread.

    def _run_writer(self, started: threading.Event) -> None:
        asyncio.run(self._write_until_closed(started))

    async def _write_until_closed(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        started.set()
        failures = 0
        engine: AsyncEngine | None = None
        store: FactStore | None = None
        while True:
            ticket = self._asked
            began = self._loop.time()
            try:
                if engine is None or store is None:
                    engine = engine or open_engine(self._url, answer_s=self._answer_s)
                    await asyncio.to_thread(upgrade, self._url)
                    store = FactStore(engine)
                await self._commit_all(store)
            except Exception as error:  # noqa: BLE001 - whatever the database does, the writer lives and tries again
                failures += 1
                self._database_failed(error, failures, ticket)
            else:
                if failures:
                    log.info("records.database_back", failures=failures)
                failures = 0
            if self._closing:
                break
            await self._pause(failures, began + self._batch_wait_s)
        if store is not None:
            store.close()
        if engine is not None:
            await engine.dispose()

    async def _pause(self, failures: int, next_round: float) -> None:
        """Sleep until there is something to do and the next round is due; after failures, until the next attempt is."""
        if failures:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), RETRY_S[min(failures, len(RETRY_S)) - 1])
        else:
            behind = self._wake.is_set()
            await self._wake.wait()
            rest_s = next_round - asyncio.get_running_loop().time()
            if rest_s <= 0 and not behind:
                rest_s = self._batch_wait_s  # after a quiet time, too, facts that belong together are let gather
            if self._asked == self._caught_up and rest_s > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), rest_s)
        self._wake.clear()

    def _database_failed(self, error: Exception, failures: int, ticket: int) -> None:
        self._database_ok = False
        self._database_error = f"database: {str(error).strip().splitlines()[0] if str(error) else type(error).__name__}"
        if failures == 1:
            log.warning("records.database_away", error=self._database_error)
        with contextlib.suppress(OSError):  # a disk that refuses is seen by `record`
            self._spool.sync()
        with self._answered:
            self._failed = ticket
            self._answered.notify_all()

    async def _commit_all(self, store: FactStore) -> None:
        """Commit what stands in the spool and is held in memory, batch by batch, until its end has been read once."""
        while True:
            # All is noted before reading: a fact written after our look at the spool wakes us again, and what is held
            # by now comes after all that stands in the spool.
            ticket = self._asked
            self._awake = False
            waiting = list(self._held)
            lines = self._reader.read(BATCH_BYTES)
            await self._commit(store, lines)
            self._reader.commit()
            self._note_committed(lines)
            if lines and (waiting or not self._reader.at_end):
                continue
            held = [line for raw in waiting if (line := parse_line(raw[:-1])) is not None]
            await self._commit(store, held)
            self._note_committed(held)
            for _ in waiting:
                self._held.popleft()
            if not waiting:
                break
        self._database_ok = True
        self._database_error = ""
        with self._answered:
            self._caught_up = ticket
            self._answered.notify_all()

    def _note_committed(self, lines: list[Line]) -> None:
        if lines and lines[-1].run == self.run:
            self.committed = lines[-1].seq

    async def _commit(self, store: FactStore, lines: list[Line]) -> None:
        """Commit the lines; put aside the single ones that the database refuses for what they say."""
        if not lines:
            return
        try:
            await store.write(lines)
        except (StatementError, OverflowError, TypeError, ValueError) as error:
            if not _is_refusal(error):
                raise
            if len(lines) > 1:
                middle = len(lines) // 2
                await self._commit(store, lines[:middle])
                await self._commit(store, lines[middle:])
                return
            log.warning(
                "records.fact_refused", run=lines[0].run, seq=lines[0].seq, error=str(getattr(error, "orig", error))
            )
            self._reader.reject(lines[0])


def _is_refusal(error: Exception) -> bool:
    """Tell a database that refuses what a fact says from one that cannot work now.

    SQLSTATE classes 22 and 23 are data exception and constraint violation (PostgreSQL manual, appendix A). Python's
    driver of SQLite refuses values itself: whole numbers above 64 bits by an error that is no database's, values of
    types that it does not know as a mistake in binding them.
    """
    if isinstance(error, DataError | IntegrityError) or not isinstance(error, DBAPIError):
        return True
    if "binding parameter" in str(error.orig):
        return True
    return str(getattr(error.orig, "sqlstate", "") or "")[:2] in {"22", "23"}

"""Keeps and destroys recordings while the daemon runs: after each talk, after a crash, when their time is over.

A talk's end wakes it; every `ROUND_S` it looks by itself, so a file that nobody told of (Asterisk's fallback, a daemon
killed in mid-talk, an Asterisk that died) is kept all the same. A file is taken when no channel of its talk is up any
more and Asterisk has closed it, or has not touched it for `SETTLED_S`.

Destruction follows the records: what they say must go is removed, looked for, and told as a fact once it is gone. Once
a day also files are destroyed that are older than anything may be and that no record knows.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.recordings.archive import Archive
from acd.recordings.disk import DiskGuard
from acd.recordings.errors import NoSound, RecordingError
from acd.recordings.names import Talk, by_talk
from config.model import Config
from metrics.facts import RecordingDestroyed, RecordingFailed, RecordingKept, TalkFact
from metrics.records.recordings import due_recordings, next_due, unknown_paths
from queue_engine.facts import CallEnded, CallReturned
from queue_engine.ids import CallId, Instant
from queue_engine.inputs import SYSTEM_ACTOR

log = structlog.get_logger(__name__)

ROUND_S: Final = 10.0
PAUSE_S: Final = 0.5
"""Between two looks at the folder at least, however many talks end."""
SETTLED_S: Final = 5.0
"""A file that was not closed and not written for so long has nobody who writes it any more."""
DAY_S: Final = 86_400.0
LOOK_FOR_DUE_S: Final = 600.0
DESTROYED_AT_ONCE: Final = 200
KEPT_LONG_ENOUGH: Final = "kept_long_enough"
NO_RECORD: Final = "no_record"


class Keeper:
    """The recordings of one running centre."""

    HEARS: ClassVar[frozenset[type]] = frozenset({CallEnded, CallReturned})
    """The kinds of facts that `observe` does something with."""

    def __init__(
        self,
        archive: Archive,
        guard: DiskGuard,
        config: Callable[[], Config],
        records: AsyncEngine,
        now: Callable[[], Instant],
        is_up: Callable[[CallId, str], bool | None],
        began_at: Callable[[Talk], Instant],
        tell: Callable[[TalkFact], None],
    ) -> None:
        """Take what it works with.

        Args:
            archive: The folder.
            guard: Watches the disk.
            config: The configuration in force.
            records: The database.
            now: The time.
            is_up: Whether a channel of this call's telephone is up; None when nobody knows now.
            began_at: When a talk began by our clock, of which its name tells by Asterisk's.
            tell: Takes the facts.
        """
        self.archive = archive
        self._guard = guard
        self._config = config
        self._records = records
        self._now = now
        self._is_up = is_up
        self._began_at = began_at
        self._tell = tell
        self._started_at = now()
        self._wanted = asyncio.Event()
        self._troubles: set[tuple[str, str]] = set()
        """Told once, although the attempt is made again."""
        self._touched: dict[Talk, tuple[float, Instant]] = {}
        """When files that should be closed and are not were last written, and since when that is so."""
        self._gone: set[str] = set()
        """Destroyed, while the records may not say so yet."""
        self._due_at: float = 0.0
        self._swept_at: float = 0.0

    def observe(self, fact: object) -> None:
        """A talk that has ended is looked for at once."""
        if isinstance(fact, CallEnded | CallReturned):
            self._wanted.set()

    async def run(self) -> None:
        """Keep and destroy until cancelled. Nothing that disk or database do ends it."""
        while True:
            self._wanted.clear()
            again_s = ROUND_S
            try:
                await self._guard.look(self._now())
                if await self._keep_what_has_ended():
                    again_s = 1.0
                await self._destroy_what_is_due()
            except (OSError, SQLAlchemyError) as error:
                log.warning("recordings.not_looked_after", reason=str(error).partition("\n")[0])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), min(again_s, max(PAUSE_S, self._due_at - self._now())))
            await asyncio.sleep(PAUSE_S)

    # -- keeping ---------------------------------------------------------------------------------------------------

    async def _keep_what_has_ended(self) -> bool:
        """Keep every recording whose talk is over; return whether some wait for Asterisk to close them."""
        files = await asyncio.to_thread(self.archive.incoming_files)
        waiting = False
        for talk, legs in by_talk(files).items():
            up = self._is_up(talk.call, talk.telephone)
            if up:
                continue
            closed = await asyncio.to_thread(self.archive.is_closed, legs.values())
            touched = max(files[name] for name in legs.values())
            if closed or (up is False and self._is_settled(talk, touched)):
                await self._keep(talk, legs)
            else:
                waiting = True
        return waiting

    def _is_settled(self, talk: Talk, touched: float) -> bool:
        """Tell whether nobody has written the file for a while, which Asterisk will then not close any more.

        The clocks of the file system and of this machine may differ: it counts since when the time has not changed.
        """
        before, since = self._touched.get(talk, (0.0, self._now()))
        if before != touched:
            since = self._now()
        self._touched[talk] = touched, since
        return self._now() - since >= SETTLED_S

    async def _keep(self, talk: Talk, legs: Mapping[str, str]) -> None:
        try:
            kept = await asyncio.to_thread(self.archive.keep, talk, legs)
        except NoSound as silent:
            self._failed(talk.recording, str(silent))
            await asyncio.to_thread(self.archive.drop, legs)
            return
        except OSError as error:
            self._failed(talk.recording, error.strerror or str(error))
            return
        started_at = self._began_at(talk)
        ended_at = Instant(started_at + kept.duration_s)
        self._tell(
            RecordingKept(
                self._now(),
                talk.recording,
                talk.call,
                talk.telephone,
                started_at,
                kept.duration_s,
                kept.path,
                kept.size,
                kept.sha256,
                kept.channels,
                kept.key,
                keep_until := Instant(ended_at + self._keep_days(talk.line) * DAY_S),
                found=started_at < self._started_at,
            )
        )
        self._due_at = min(self._due_at, keep_until)
        self._touched.pop(talk, None)
        await asyncio.to_thread(self.archive.drop, legs)

    def _keep_days(self, line: str) -> float:
        """Return how long recordings of a line are kept; the longest of all for a line that is gone."""
        by_line = {each.name: each.recording.keep_days for each in self._config().lines if each.recording is not None}
        return by_line.get(line) or max(by_line.values(), default=30.0)

    def _failed(self, recording: str, reason: str) -> None:
        if (recording, reason) not in self._troubles:
            self._troubles.add((recording, reason))
            self._tell(RecordingFailed(self._now(), recording, reason))

    # -- destroying ------------------------------------------------------------------------------------------------

    async def destroy(self, recording: str, path: str, reason: str, by: str) -> bool:
        """Destroy a recording now; return whether it is gone."""
        try:
            await asyncio.to_thread(self.archive.destroy, path)
        except (OSError, RecordingError) as error:
            self._failed(recording, str(error))
            return False
        self._gone.add(recording)
        self._tell(RecordingDestroyed(self._now(), recording, reason, by))
        return True

    async def _destroy_what_is_due(self) -> None:
        now = self._now()
        if now >= self._due_at:
            due = [
                row
                for row in await due_recordings(self._records, now, DESTROYED_AT_ONCE)
                if row.recording not in self._gone
            ]
            for row in due:
                await self.destroy(row.recording, row.path, KEPT_LONG_ENOUGH, SYSTEM_ACTOR)
            if not due:
                self._gone.clear()
                following = await next_due(self._records)
                self._due_at = min(now + LOOK_FOR_DUE_S, now + LOOK_FOR_DUE_S if following is None else following)
        if now - self._swept_at >= DAY_S:
            await self._sweep(now)
            self._swept_at = now

    async def _sweep(self, now: Instant) -> None:
        """Destroy what lies there for longer than anything may and stands in no record."""
        longest = max((line.recording.keep_days for line in self._config().lines if line.recording), default=None)
        if longest is None:
            return
        day = self.archive.day_of(now - (longest + 2) * DAY_S)
        old = await asyncio.to_thread(partial(self.archive.kept_before, day))
        for path in await unknown_paths(self._records, old):
            await self.destroy(path, path, NO_RECORD, SYSTEM_ACTOR)

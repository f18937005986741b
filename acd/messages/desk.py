"""Voice messages: learnt of from Asterisk's journal, kept in memory until processed, destroyed when their time is over.

The dialplan records alone, with or without us. That a message was left stands in its call's entry in the journal of
ended calls: looked up when the call of a caller who was sent to the secretary ends, and read with all others whenever a
link comes up. A message that comes twice changes nothing.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.server import AsteriskServer
from ami_bridge.ended import EndedCall
from config.lines import VoiceMessage
from config.model import Config
from metrics.records.derive_messages import message_after
from metrics.records.messages import find_message, known_messages, messages_to_destroy, open_messages, recent_messages
from metrics.records.rows import MessageRow
from metrics.service_facts import (
    MessageFact,
    VoiceMessageDestroyed,
    VoiceMessageDone,
    VoiceMessageHeard,
    VoiceMessageLeft,
)
from queue_engine.facts import CallOverflowed
from queue_engine.ids import AgentId, CallId, Instant

log = structlog.get_logger(__name__)

DESTROY_EVERY_S: Final = 3600.0
DAY_S: Final = 86_400.0
WAV_HEADER_BYTES: Final = 44
WAV_BYTES_PER_S: Final = 16_000
"""Asterisk's `wav`: 8 kHz, 16 bits, mono."""
KEPT_LONG_ENOUGH: Final = "kept_long_enough"
RULE: Final = "rule"
"""The actor of what a rule of the configuration asks for."""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What became of an order to destroy a message's sound."""

    row: MessageRow | None
    """None where the file could not be destroyed."""
    reason: str = ""


class MessageDesk:
    """All voice messages of one centre."""

    def __init__(
        self,
        config: Callable[[], Config],
        now: Callable[[], Instant],
        records: AsyncEngine,
        tell: Callable[[MessageFact], None],
    ) -> None:
        self._config = config
        self._now = now
        self._records = records
        self._tell = tell
        self._open: dict[CallId, MessageRow] = {}
        self._awaited: dict[str, CallId] = {}
        """Callers who may be leaving a message, by their channel's part of the call's id."""
        self._asking: set[asyncio.Task[None]] = set()

    # -- learning of them ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read what is open; records that are away are read when messages are asked for one by one."""
        try:
            self._open |= {CallId(row.call): row for row in await open_messages(self._records)}
        except Exception as error:  # noqa: BLE001 - whatever the database says, calls go first
            log.error("messages.unread", reason=str(error))

    def see(self, fact: object) -> None:
        """Notice callers who are sent to the secretary."""
        if isinstance(fact, CallOverflowed) and any(
            isinstance(d, VoiceMessage) and d.name == fact.destination for d in self._config().destinations
        ):
            self._awaited[_channel_of(fact.call)] = fact.call

    def hung_up(self, server: AsteriskServer, uniqueid: str) -> None:
        """A channel has ended: if it is such a caller's, look up whether a message was left."""
        call = self._awaited.pop(f"{server.name}-{uniqueid}", None)
        if call is not None:
            task = asyncio.ensure_future(self._ask(server, call))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, server: AsteriskServer, call: CallId) -> None:
        ended = await server.ended_entry(call)
        if ended is not None:
            await self._take(server.name, ended)

    async def learn(self, server: str, ended: Mapping[CallId, EndedCall]) -> None:
        """Take in what a server's journal tells of messages that were left while nobody looked."""
        calls = [call for call, entry in ended.items() if entry.message is not None and call not in self._open]
        if not calls:
            return
        try:
            known = await known_messages(self._records, calls)
        except Exception as error:  # noqa: BLE001 - told twice is no harm, told never is
            log.warning("messages.records_away", reason=str(error))
            known = set()
        for call in calls:
            if call not in known:
                await self._take(server, ended[call])

    async def _take(self, server: str, ended: EndedCall) -> None:
        left = ended.message
        if left is None or ended.call in self._open:
            return
        path = self._path(left.file)
        if path is None:
            log.warning("message.path_refused", call=ended.call)
            return
        length_s = await asyncio.to_thread(_length_s, path)
        if length_s is None:
            length_s = left.ended_at - left.began_at  # on another machine's disk, or gone
        if length_s < self._least_s(ended.destination):
            await asyncio.to_thread(path.unlink, missing_ok=True)
            log.info("message.empty", call=ended.call, length_s=round(length_s, 1))
            return
        self._note(
            VoiceMessageLeft(
                left.ended_at, ended.call, ended.queue, ended.caller, server, left.file, round(length_s, 1)
            )
        )

    def _least_s(self, destination: str) -> float:
        named = (d for d in self._config().destinations if isinstance(d, VoiceMessage) and d.name == destination)
        return next((d.min_s for d in named), 0.0)

    # -- working on them -------------------------------------------------------------------------------------------

    def open(self, lines: Iterable[str] | None = None) -> list[MessageRow]:
        """Return those that nobody has processed, oldest first; of these lines only, if any are given."""
        wanted = None if lines is None else set(lines)
        rows = (row for row in self._open.values() if wanted is None or row.queue in wanted)
        return sorted(rows, key=lambda row: (row.left_at, row.call))

    async def recent(self, days: float) -> list[MessageRow]:
        """Return all of the last days, processed or not, oldest first.

        Raises:
            SQLAlchemyError, OSError: The records are away.
        """
        return await recent_messages(self._records, Instant(self._now() - days * DAY_S))

    async def find(self, call: CallId) -> MessageRow | None:
        """Return one; None if there is none, or the records are away."""
        if call in self._open:
            return self._open[call]
        try:
            return await find_message(self._records, call)
        except Exception as error:  # noqa: BLE001 - whatever the database says, the question is answered
            log.warning("messages.records_away", reason=str(error))
            return None

    def lines_of(self, agent: AgentId) -> tuple[str, ...]:
        """Return the lines whose messages an operator processes: those that he serves, at the level that does it."""
        config = self._config()
        operator = next((o for o in config.operators if o.number == agent), None)
        if operator is None:
            return ()
        return tuple(n for n in config.lines_of(operator) if operator.levels.get(n, 1) <= config.messages.level)

    def heard(self, row: MessageRow, by: str) -> MessageRow:
        """Somebody listens to a message."""
        return self._note(VoiceMessageHeard(self._now(), CallId(row.call), by), row)

    def done(self, row: MessageRow, by: str, note: str = "") -> MessageRow:
        """Somebody has processed a message."""
        return self._note(VoiceMessageDone(self._now(), CallId(row.call), by, note), row)

    def sound_of(self, row: MessageRow) -> Path | None:
        """Return the file of a message's sound; None when it is not there."""
        path = self._path(row.file)
        return path if path is not None and row.destroyed_at is None and path.is_file() else None

    def next_for(self, agent: AgentId, after: CallId | None = None) -> tuple[CallId, str] | None:
        """Return the oldest message that an operator may process, later than `after`, and its sound for Asterisk."""
        rows = self.open(self.lines_of(agent))
        names = [row.call for row in rows]
        rows = rows[names.index(after) + 1 :] if after in names else rows
        found = next(((row, path) for row in rows if (path := self.sound_of(row)) is not None), None)
        return None if found is None else (CallId(found[0].call), str(found[1].with_suffix("")))

    def heard_by_telephone(self, call: CallId, by: str) -> None:
        """An operator listens to a message at his telephone."""
        if call in self._open:
            self.heard(self._open[call], by)

    def done_by_telephone(self, call: CallId, by: str) -> None:
        """An operator has processed a message and says so by a key."""
        if call in self._open:
            self.done(self._open[call], by)

    # -- destroying them -------------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Every hour destroy what was processed and kept for long enough. Runs until cancelled."""
        while True:
            await self.destroy_due()
            await asyncio.sleep(DESTROY_EVERY_S)

    async def destroy_due(self) -> int:
        """Destroy what is due by the rule; return how many were."""
        before = Instant(self._now() - self._config().messages.keep_days * DAY_S)
        try:
            due = await messages_to_destroy(self._records, before)
        except Exception as error:  # noqa: BLE001 - the next hour will do
            log.warning("messages.records_away", reason=str(error))
            return 0
        results = [await self.destroy(row, RULE, KEPT_LONG_ENOUGH) for row in due]
        return sum(result.row is not None for result in results)

    async def destroy(self, row: MessageRow, by: str, reason: str) -> Destroyed:
        """Destroy a message's sound, look whether it is gone, and record that with the sound's hash."""
        path = self._path(row.file)
        if path is None:
            return Destroyed(None, "path")
        try:
            sha256 = await asyncio.to_thread(_destroy, path)
        except OSError as error:
            log.error("message.not_destroyed", call=row.call, reason=str(error))
            return Destroyed(None, error.strerror or str(error))
        told = reason if sha256 else "missing"
        fact = VoiceMessageDestroyed(self._now(), CallId(row.call), by, told, sha256)
        return Destroyed(self._note(fact, row), told)

    # -- its own affairs -------------------------------------------------------------------------------------------

    def _path(self, file: str) -> Path | None:
        """Return where a file is; None for a name that leads out of the folder."""
        folder = self._config().messages.directory
        path = (folder / file).resolve()
        return path if path.is_relative_to(folder.resolve()) else None

    def _note(self, fact: MessageFact, before: MessageRow | None = None) -> MessageRow:
        """Tell a fact, and keep the row as it is after it while it is open."""
        self._tell(fact)
        row = message_after(before, fact)
        if row is None:
            raise LookupError(fact.call)  # only a message's first fact comes without its row
        if row.done_at is None and row.destroyed_at is None:
            self._open[CallId(row.call)] = row
        else:
            self._open.pop(CallId(row.call), None)
        return row


def _channel_of(call: CallId) -> str:
    """Return the part of a call's id that names its channel: `<server>-<Uniqueid>`, without the number of a visit."""
    before, _, visit = call.rpartition("-")
    return before if visit.isdigit() and "." in before else call


def _length_s(path: Path) -> float | None:
    try:
        return max(0, path.stat().st_size - WAV_HEADER_BYTES) / WAV_BYTES_PER_S
    except OSError:
        return None


def _destroy(path: Path) -> str:
    """Remove the file for good and return the hash of what it held; empty when there was none.

    Raises:
        OSError: It cannot be removed, or is there still.
    """
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
    path.unlink()
    if path.exists():
        raise FileExistsError(path)
    return sha256

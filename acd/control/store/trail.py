"""The audit trail: who looked at whose number, who did what, and what was refused (S2; SAR 3.5, 4.4).

An entry is in the log at once and in the database right after; where the database is away, the log is the trail.
A screen that asks every second looks at a call once: a look is noted again after `LOOK_AGAIN_S`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import structlog
from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError

from acd.control.access import Identity
from acd.control.errors import StoreAway
from acd.control.store.database import ControlDatabase, first_line
from acd.control.store.tables import control_audit
from queue_engine.ids import CallId, Instant

log = structlog.get_logger(__name__)

LOOK_AGAIN_S: Final = 600.0
LOOKS_AT_MOST: Final = 20_000
"""So many looks are remembered at once; more than that, and some are noted twice."""
DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did."""

    at: Instant
    who: str
    role: str
    address: str
    action: str
    object: str
    detail: str
    outcome: str


class Trail:
    """Writes and reads the trail."""

    def __init__(self, database: ControlDatabase | None) -> None:
        """Take the database; None keeps the trail in the log alone."""
        self._database = database
        self._looks: dict[tuple[str, CallId], Instant] = {}

    @property
    def database(self) -> ControlDatabase | None:
        """Where the trail is; None for the log alone."""
        return self._database

    async def looked(self, who: Identity, address: str, calls: Iterable[CallId], now: Instant) -> None:
        """Note that somebody was shown the numbers of these calls."""
        fresh = [call for call in calls if now - self._looks.get((who.name, call), Instant(-1e12)) >= LOOK_AGAIN_S]
        if not fresh:
            return
        if len(self._looks) > LOOKS_AT_MOST:
            self._looks.clear()
        self._looks.update(((who.name, call), now) for call in fresh)
        await self._write([Entry(now, who.name, who.role, address, "look", f"call {call}", "", DONE) for call in fresh])

    async def acted(
        self,
        who: Identity,
        address: str,
        action: str,
        object_: str,
        now: Instant,
        *,
        detail: str = "",
        outcome: str = DONE,
    ) -> None:
        """Note that somebody did something, or tried to."""
        await self._write([Entry(now, who.name, who.role, address, action, object_, detail, outcome)])

    async def entries(self, *, after: int = 0, limit: int = 100) -> list[tuple[int, Entry]]:
        """Return entries with their numbers, those above `after` in order.

        Raises:
            StoreAway: The database cannot be read, or there is none.
        """
        if self._database is None:
            raise StoreAway("there is none")
        engine = await self._database.engine()
        wanted = select(control_audit).where(control_audit.c.id > after).order_by(control_audit.c.id).limit(limit)
        try:
            async with engine.connect() as link:
                rows = (await link.execute(wanted)).mappings().all()
        except (SQLAlchemyError, OSError) as fault:
            raise StoreAway(first_line(fault)) from fault
        names = Entry.__dataclass_fields__
        return [(row["id"], Entry(**{name: row[name] for name in names})) for row in rows]

    async def _write(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            log.info("audit", **{name: value for name, value in asdict(entry).items() if name != "at" and value})
        if self._database is None:
            return
        try:
            engine = await self._database.engine()
            async with engine.begin() as link:
                await link.execute(insert(control_audit), [_storable(entry) for entry in entries])
        except (StoreAway, SQLAlchemyError, OSError) as fault:
            log.warning("audit.unwritten", entries=len(entries), reason=first_line(fault))


def _storable(entry: Entry) -> dict[str, object]:
    """Return the entry's row. PostgreSQL stores no NUL, and nobody may keep himself out of the trail by sending one."""
    return {n: v.replace("\0", "\\0") if isinstance(v, str) else v for n, v in asdict(entry).items()}

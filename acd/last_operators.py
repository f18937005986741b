"""Who last talked to whom, for lines whose callers wait for their own operator (`last_agent_wait_s`).

Read from the records once at the start and kept in memory from then on: no call is routed from the database. A caller
is known by the number that the network shows; one who withholds it has no operator of his own.
"""

from collections.abc import Callable
from typing import ClassVar, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics.records.queries import last_talks
from queue_engine.facts import CallEnded, Fact
from queue_engine.ids import AgentId, Instant

LAST_DAYS_S: Final = 7 * 86_400.0
"""So long after a talk the caller is still given to the same operator first."""

log = structlog.get_logger(__name__)


class LastOperators:
    """The operator of each caller's last talk."""

    HEARS: ClassVar[frozenset[type]] = frozenset({CallEnded})
    """The kinds of facts that `see` does something with."""

    def __init__(self, records: AsyncEngine, now: Callable[[], Instant]) -> None:
        self._records = records
        self._now = now
        self._last: dict[str, tuple[float, AgentId]] = {}
        """By caller's number, the oldest first: when the talk ended, and with whom."""

    async def start(self) -> None:
        """Learn from the records; without them the operators of this run alone are known."""
        try:
            talks = await last_talks(self._records, Instant(self._now() - LAST_DAYS_S))
        except (SQLAlchemyError, OSError) as error:
            log.error("last_operators.unread", reason=str(error))
            return
        self._last = {talk.caller: (talk.ended_at, talk.agent) for talk in talks} | self._last

    def see(self, fact: Fact) -> None:
        """Hear the engine: a talk has ended."""
        if isinstance(fact, CallEnded) and fact.caller:
            self._last.pop(fact.caller, None)
            self._last[fact.caller] = (fact.at, fact.agent)
            oldest = next(iter(self._last))
            if self._last[oldest][0] < fact.at - LAST_DAYS_S:
                del self._last[oldest]

    def of(self, caller: str) -> AgentId | None:
        """Return the operator whom this caller talked to last; None for nobody, or if it is too long ago."""
        found = self._last.get(caller)
        return None if found is None or found[0] < self._now() - LAST_DAYS_S else found[1]

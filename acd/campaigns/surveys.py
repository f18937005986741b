"""Answers to surveys as the dialplan tells them: at once, or out of its journal after we were away; each once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ami_bridge.surveys import Taken
from metrics.records.tables import surveys
from metrics.service_facts import SurveyTaken
from queue_engine.ids import CallId

log = structlog.get_logger(__name__)

REMEMBERED: Final = 10_000
AT_ONCE: Final = 500
"""Calls of one question: SQLite takes a limited number of values."""


class SurveyDesk:
    """Tells of surveys that are over."""

    def __init__(self, records: AsyncEngine, tell: Callable[[SurveyTaken], None]) -> None:
        self._records = records
        self._tell = tell
        self._told: dict[CallId, None] = {}

    def taken(self, taken: Taken) -> None:
        """Somebody was asked just now."""
        if taken.call in self._told:
            return
        self._told[taken.call] = None
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        self._tell(
            SurveyTaken(
                taken.ended_at, taken.call, taken.queue, taken.survey, taken.caller, taken.began_at, taken.answers
            )
        )

    async def learn(self, found: Sequence[Taken]) -> None:
        """Take in what a server's journal tells of surveys that nobody of us heard of."""
        missing = [taken for taken in found if taken.call not in self._told]
        if not missing:
            return
        try:
            known = await self._known(taken.call for taken in missing)
        except (SQLAlchemyError, OSError) as error:
            log.warning("surveys.records_away", reason=str(error))
            known = set()  # told twice is no harm, told never is
        for taken in missing:
            if taken.call not in known:
                self.taken(taken)

    async def _known(self, calls: Iterable[CallId]) -> set[CallId]:
        wanted = list(calls)
        known: set[CallId] = set()
        async with self._records.connect() as link:
            for first in range(0, len(wanted), AT_ONCE):
                part = select(surveys.c.call).where(surveys.c.call.in_(wanted[first : first + AT_ONCE]))
                known.update(CallId(call) for call in (await link.execute(part)).scalars())
        return known

"""Limits as they fall due: breaches announced ahead and when they happen, promised answers, closing for good.

Each alarm of a card is announced once: that it was, is stored with the card in the transaction that stores the letters.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from acd.journal.cards import Alarm, Card, move, next_alarm
from acd.journal.errors import EditConflict
from acd.journal.facts import AlarmRaised
from acd.journal.service import Journal, Publish
from acd.journal.states import CardTrigger
from acd.journal.store.cards import Entry
from queue_engine.ids import Instant

CLOCK: Final = "clock"
"""The actor of what falls due."""
BATCH: Final = 100
_FIRES: Final = {Alarm.PROMISE: CardTrigger.PROMISE_DUE, Alarm.REOPENING_OVER: CardTrigger.REOPENING_OVER}

log: Final = structlog.get_logger(__name__)


class Watch:
    """Watches the limits of one service's cards."""

    def __init__(self, journal: Journal, *, publish: Publish, supervisors: Sequence[str]) -> None:
        self._journal = journal
        self._publish = publish
        self._supervisors = tuple(supervisors)

    async def look(self, now: Instant) -> int:
        """Handle what has fallen due by `now`; return how many alarms that were.

        A card that somebody saves at the same moment is left for the next look.
        """
        handled = 0
        while due := await self._journal.cards.alarms_due(self._journal.service, now, BATCH):
            done = 0
            for card in due:
                try:
                    done += await self._handle(card, now)
                except EditConflict:
                    log.info("alarm.postponed", card=card.id)
            handled += done
            if done == 0:
                break
        return handled

    async def _handle(self, card: Card, now: Instant) -> int:
        found = next_alarm(card)
        if found is None:
            return 0
        due_at, alarm = found
        entry = Entry(now, CLOCK, alarm)
        told = replace(card, announced=card.announced | {alarm})
        if (trigger := _FIRES.get(alarm)) is not None:
            after = move(told, trigger, {}, self._journal.rules, now)
            await self._journal.store_move(card, after, trigger, entry)
        else:
            letters = [self._journal.letters.alarm(card, alarm, due_at, to) for to in self._supervisors]
            await self._journal.cards.save(card, told, entry, messages=letters)
        self._publish(AlarmRaised(now, card.service, card.id, str(card.number), alarm, due_at))
        return 1

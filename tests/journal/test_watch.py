"""Limits as they fall due."""

import pytest

from acd.journal.cards import Alarm, Channel, edit, open_card
from acd.journal.facts import AlarmRaised
from acd.journal.limits import Urgency
from acd.journal.states import CardState, CardTrigger
from acd.journal.store.cards import Entry
from acd.journal.watch import Watch
from tests.journal.desk import SUPERVISOR_MAIL, service_on
from tests.journal.test_cards import MONDAY
from tests.journal.test_service import moved, opened

HOUR = 3600.0


@pytest.fixture
async def kemerovo(sqlite):
    """The journal of a service with limits for everything."""
    return await service_on(sqlite, "kemerovo-support")


def watch_over(service, **more):
    """Return a watch that publishes into the service's list of facts."""
    return Watch(service.journal, publish=service.facts.append, supervisors=[SUPERVISOR_MAIL], **more)


def alarms(service):
    """Return what was announced, in order."""
    return [fact.alarm for fact in service.facts if isinstance(fact, AlarmRaised)]


async def test_a_breach_is_announced_ahead_and_when_it_happens_each_once(kemerovo):
    """KEM 5.8, very high urgency: 30 minutes to register, told after 24 and after 30; a letter each."""
    card = await opened(kemerovo, urgency=Urgency.VERY_HIGH)
    watch = watch_over(kemerovo)
    assert await watch.look(MONDAY + 1439) == 0
    assert await watch.look(MONDAY + 1440) == 1
    stored = await kemerovo.journal.cards.get(card.id)
    assert (stored.warned, stored.breached) == (True, False)
    assert await watch.look(MONDAY + 1799) == 0
    assert await watch.look(MONDAY + 1800) == 1
    assert alarms(kemerovo) == [Alarm.REGISTER_AHEAD, Alarm.REGISTER_BREACH]
    letters = [one.message for one in await kemerovo.outbox.due(MONDAY + 1800, 10)]
    assert [(one.kind, one.recipient) for one in letters] == [("ahead", SUPERVISOR_MAIL), ("breach", SUPERVISOR_MAIL)]
    assert "время регистрации" in letters[1].body
    stored = await kemerovo.journal.cards.get(card.id)
    assert (stored.warned, stored.breached) == (False, True)


async def test_after_a_night_without_the_daemon_all_is_announced_in_order(kemerovo):
    """Nothing that fell due meanwhile is lost."""
    await opened(kemerovo, urgency=Urgency.VERY_HIGH)
    assert await watch_over(kemerovo).look(MONDAY + 30 * HOUR) == 4
    assert alarms(kemerovo) == [
        Alarm.REGISTER_AHEAD, Alarm.REGISTER_BREACH, Alarm.RESOLVE_AHEAD, Alarm.RESOLVE_BREACH
    ]  # fmt: skip


async def test_a_registered_card_breaks_no_registration(kemerovo):
    """A limit that was kept is announced to nobody."""
    await moved(kemerovo, await opened(kemerovo), CardTrigger.REGISTER)
    await watch_over(kemerovo).look(MONDAY + 12 * HOUR)
    assert alarms(kemerovo) == []


async def test_a_finished_card_closes_for_good_by_itself(kemerovo):
    """KEM 5.11: after the third working day; the clock is the actor in the history."""
    card = await moved(kemerovo, await opened(kemerovo), CardTrigger.REGISTER)
    done = await moved(kemerovo, card, CardTrigger.FINISH, measures="Исправлено")
    watch = watch_over(kemerovo)
    assert await watch.look(done.reopen_until - 1) == 0
    assert await watch.look(done.reopen_until) == 1
    closed = await kemerovo.journal.cards.get(card.id)
    assert closed.state is CardState.CLOSED
    assert (await kemerovo.journal.cards.history(card.id))[-1].actor == "clock"
    assert await kemerovo.journal.cards.earliest_alarm("kemerovo-support") is None


async def test_a_promised_answer_comes_back_into_work(kemerovo):
    """UDM 5.9: at the promised time the card is in work again and the promise is announced."""
    card = await moved(kemerovo, await opened(kemerovo), CardTrigger.REGISTER)
    await moved(kemerovo, card, CardTrigger.DEFER, promised_at=MONDAY + HOUR)
    assert await watch_over(kemerovo).look(MONDAY + HOUR) == 1
    assert alarms(kemerovo) == [Alarm.PROMISE]
    assert (await kemerovo.journal.cards.get(card.id)).state is CardState.IN_WORK


async def test_a_card_that_is_saved_meanwhile_is_left_for_the_next_look(kemerovo):
    """The clock overwrites nobody: it loses against a person and tries again."""
    card = await opened(kemerovo, urgency=Urgency.VERY_HIGH)
    due = MONDAY + 1440
    cards = kemerovo.journal.cards
    stale = await cards.alarms_due(kemerovo.journal.service, due, 1)
    await cards.save(card, edit(card, {"description": "новое"}, kemerovo.journal.rules), Entry(due, "anna"))

    class BehindTheTimes:
        """The store, whose first list of alarms was read just before the person saved."""

        def __init__(self):
            self.lists = [stale]

        def __getattr__(self, name):
            return getattr(cards, name)

        async def alarms_due(self, service, now, limit):
            return self.lists.pop() if self.lists else await cards.alarms_due(service, now, limit)

    kemerovo.journal.cards = BehindTheTimes()
    watch = watch_over(kemerovo)
    assert await watch.look(due) == 0
    assert await watch.look(due) == 1
    assert (await cards.get(card.id)).description == "новое"


async def test_a_hundred_at_once_are_all_handled(kemerovo):
    """More than one batch: the look ends when nothing is due any more."""
    rules = kemerovo.journal.rules
    for _ in range(130):
        fresh = open_card(rules, MONDAY, Channel.EMAIL, urgency=Urgency.VERY_HIGH)
        await kemerovo.journal.cards.add(fresh, Entry(MONDAY, "system"))
    assert await watch_over(kemerovo).look(MONDAY + 1440) == 130

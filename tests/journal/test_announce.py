"""What becomes of the cards, told to a real Mosquitto: states and limits, each at least once, over restarts."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import insert

from acd.journal.announce import Announcer
from acd.journal.cards import Alarm, Channel
from acd.journal.limits import Urgency
from acd.journal.roles import Role
from acd.journal.service import Seen
from acd.journal.states import CardTrigger, Holder
from acd.journal.store import tables
from acd.journal.watch import Watch
from acd.publish.missed import ToldFile
from acd.publish.payloads import AppealEvent
from queue_engine.ids import Instant
from tests.acd.conftest import unused_tcp_port_at  # noqa: F401 - fixtures are found by name
from tests.acd.publish.broker import MOSQUITTO, Broker, listening, publishing
from tests.acd.stage import HOST, Stage, write_site
from tests.journal.desk import SUPERVISOR_MAIL, service_on
from tests.journal.test_cards import MONDAY

NAME = "Петров Пётр Петрович"
PHONE = "+79161234567"


class Heard:
    """A broker that keeps what it is told."""

    def __init__(self):
        self.events = []

    def tell(self, number, topic, make, told):
        """Take an event, and note at once that it was told."""
        self.events.append((number, topic, AppealEvent.model_validate_json(make())))
        told(number)


def filled(service):
    """Return what registration needs."""
    return {"reason_id": service.reason, "description": "Жалоба", "contact_name": NAME, "contact_phone": PHONE}


@asynccontextmanager
async def announcing(announcer):
    """Let it run."""
    task = asyncio.create_task(announcer.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # paho frees its sockets when the collector comes by
async def test_states_and_limits_of_a_card_are_told_to_the_broker(
    sqlite,
    tmp_path,
    unused_tcp_port_at,  # noqa: F811 - the fixture
):
    """J4, J7: opened, registered, handed to a clinic, its limit ahead and broken, the result; no contact in any."""
    service = await service_on(sqlite, "sakhalin-1300")
    journal, admin = service.journal, service.person(Role.ADMINISTRATOR)
    watch = Watch(journal, publish=service.facts.append, supervisors=[SUPERVISOR_MAIL])
    home = tmp_path / "broker"
    home.mkdir()
    broker = Broker(home, unused_tcp_port_at(HOST))
    await broker.start()
    stage = Stage(write_site(tmp_path))
    told = ToldFile(tmp_path / "acd.appeals")
    try:
        async with listening(broker, "acd/stage/v1/appeals/#") as ear, publishing(stage, broker.port) as publisher:
            announcer = Announcer(sqlite, journal.service, publisher, told)
            journal._publish = lambda fact: announcer.look()
            await announcer._begin()
            async with announcing(announcer):
                card = await journal.open_by_hand(admin, Channel.PAPER, filled(service), MONDAY)
                card = await journal.edit(admin, Seen(card.id, 1), {"urgency": Urgency.HIGH}, MONDAY)
                card = await journal.move(admin, Seen(card.id, 2), CardTrigger.REGISTER, {}, MONDAY)
                to = {"holder": Holder.CLINIC, "organisation_id": service.clinic}
                card = await journal.move(admin, Seen(card.id, 3), CardTrigger.HAND_OVER, to, MONDAY)
                await watch.look(card.feedback_warn_at)
                await watch.look(card.feedback_due_at)
                late = Instant(card.feedback_due_at + 60)
                card = await journal.cards.get(card.id)
                measures = {"measures": "Пациент принят"}
                official = service.person(Role.OFFICIAL, card=card.id)
                await journal.move(official, Seen(card.id, card.version), CardTrigger.ENTER_RESULT, measures, late)
                while (last := await ear.topic("/moved"))["state"] != "finished":
                    pass
                while told.read() != last["id"]:  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(0.01)
    finally:
        await broker.stop()
        await stage.records.dispose()
    events = [AppealEvent.model_validate(values) for _, values in ear.heard]
    assert [topic.removeprefix("acd/stage/v1/appeals/1300-2026-000001/") for topic, _ in ear.heard] == [
        event.event for event in events
    ]
    assert [(one.event, one.before, one.state, one.trigger, one.limit) for one in events] == [
        ("opened", None, "new", None, None),
        ("edited", "new", "new", None, None),
        ("moved", "new", "in_work", "register", None),
        ("moved", "in_work", "handed_over", "hand_over", None),
        ("ahead", "handed_over", "handed_over", None, "feedback"),
        ("breach", "handed_over", "handed_over", None, "feedback"),
        ("moved", "handed_over", "finished", "enter_result", None),
    ]
    assert {(one.appeal, one.service, one.channel) for one in events} == {
        ("1300-2026-000001", "sakhalin-1300", "paper")
    }
    assert [one.holder for one in events][2:5] == ["centre", "clinic", "clinic"]
    assert [one.due_at for one in events if one.limit] == [card.feedback_due_at] * 2
    assert [one.by for one in events] == ["administrator"] * 4 + ["clock", "clock", "official"]
    assert events[1].urgency == "high"
    assert NAME not in str(ear.heard)
    assert PHONE[1:] not in str(ear.heard)


async def test_what_was_not_told_before_a_restart_is_told_after_it(sqlite, tmp_path):
    """A journal that is new begins with the next change; the next start goes on after the last one that was told."""
    service = await service_on(sqlite, "kemerovo-support")
    journal, admin = service.journal, service.person(Role.ADMINISTRATOR)
    told = ToldFile(tmp_path / "acd.appeals")
    await journal.open_by_hand(admin, Channel.PAPER, {}, MONDAY)
    heard = Heard()
    first = Announcer(sqlite, journal.service, heard, told)
    begun = await first._begin()
    await first.catch_up(begun)
    assert heard.events == []
    await journal.open_by_hand(admin, Channel.PAPER, {}, MONDAY)
    await first.catch_up(begun)
    await first.catch_up(begun)
    assert [topic for _, topic, _ in heard.events] == ["appeals/kem-2026-000002/opened"]
    await journal.open_by_hand(admin, Channel.EMAIL, {}, MONDAY)
    second = Announcer(sqlite, journal.service, heard, told)
    await second.catch_up(await second._begin())
    assert [topic for _, topic, _ in heard.events[1:]] == ["appeals/kem-2026-000003/opened"]
    told.write("journal/1000000")
    assert await Announcer(sqlite, journal.service, heard, told)._begin() == 3


async def test_a_change_that_is_stored_after_a_later_one_is_told_too(sqlite, tmp_path):
    """Two transactions at once: the one with the earlier number ends last."""
    service = await service_on(sqlite, "kemerovo-support")
    journal, admin = service.journal, service.person(Role.ADMINISTRATOR)
    heard = Heard()
    announcer = Announcer(sqlite, journal.service, heard, ToldFile(tmp_path / "acd.appeals"))
    card = await journal.open_by_hand(admin, Channel.PAPER, {}, MONDAY)

    async def stored(number, version, trigger):
        row = {"card_id": card.id, "version": version, "at": MONDAY, "actor": "anna", "trigger": trigger, "note": ""}
        async with sqlite.begin() as connection:
            await connection.execute(insert(tables.history).values(id=number, before={}, after={}, **row))

    await stored(9, 3, Alarm.RESOLVE_BREACH)
    await announcer.catch_up(0)
    await stored(8, 2, Alarm.RESOLVE_AHEAD)
    await announcer.catch_up(0)
    assert [(number, event.event) for number, _, event in heard.events] == [
        ("journal/1", "opened"), ("journal/9", "breach"), ("journal/8", "ahead")
    ]  # fmt: skip

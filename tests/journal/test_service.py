"""What people do with cards, and what follows from it."""

import re

import pytest

from acd.journal.cards import Channel
from acd.journal.errors import CardIncomplete, CardNotFound, EditConflict, Forbidden, NumberMistyped, TransitionRefused
from acd.journal.facts import CardChanged, CardOpened
from acd.journal.roles import Role
from acd.journal.service import LINK_S, Seen
from acd.journal.states import CardState, CardTrigger, Holder
from tests.journal.desk import service_on
from tests.journal.test_cards import MONDAY

T = CardTrigger


@pytest.fixture
async def sakhalin(sqlite):
    """The journal of a service that hands over to clinics."""
    return await service_on(sqlite, "sakhalin-1300")


def filled(service, **more):
    """Return the fields that registration needs."""
    return {
        "reason_id": service.reason,
        "description": "Не могу записаться",
        "contact_name": "Петров П. П.",
        "contact_phone": "+79161234567",
        "contact_email": "petrov@example.org",
        **more,
    }


async def opened(service, **more):
    """Return a card opened by hand by an operator."""
    who = service.person(Role.OPERATOR_1)
    return await service.journal.open_by_hand(who, Channel.PAPER, filled(service, **more), MONDAY)


def seen(card):
    """Return the card as just seen."""
    return Seen(card.id, card.version)


async def moved(service, card, trigger, role=Role.OPERATOR_2, at=MONDAY + 60, **changes):
    """Move the card as somebody of this role."""
    return await service.journal.move(service.person(role), seen(card), trigger, changes, at)


async def test_an_appeal_from_the_first_word_to_the_clinics_answer(sakhalin):
    """Opened, registered, handed over, answered by the official through the link; everybody concerned is written to."""
    card = await moved(sakhalin, await opened(sakhalin), T.REGISTER)
    card = await moved(sakhalin, card, T.HAND_OVER, holder=Holder.CLINIC, organisation_id=sakhalin.clinic)
    letters = [one.message for one in await sakhalin.outbox.due(MONDAY + 60, 10)]
    assert [(one.kind, one.recipient) for one in letters] == [
        ("registered", "petrov@example.org"),
        ("handed_over", "clinic@example.org"),
    ]
    assert letters[0].subject == "Обращение 1300-2026-000001 зарегистрировано"
    assert "на клавишах телефона: 20261" in letters[0].body
    secret = re.search(r"https://desk.example.org/journal/result#(\S+)", letters[1].body)[1]
    official = await sakhalin.journal.by_link(secret, MONDAY + 120)
    assert (official.role, official.name, official.card) == (Role.OFFICIAL, "Смирнова О. И.", card.id)
    read = await sakhalin.journal.read(official, card.id, MONDAY + 120)
    done = await sakhalin.journal.move(official, seen(read), T.ENTER_RESULT, {"measures": "Записан"}, MONDAY + 180)
    assert done.state is CardState.FINISHED
    last = (await sakhalin.outbox.due(MONDAY + 180, 10))[-1].message
    assert (last.kind, last.recipient) == ("finished", "petrov@example.org")
    assert "Записан" in last.body
    assert isinstance(sakhalin.facts[0], CardOpened)
    assert [fact.after for fact in sakhalin.facts if isinstance(fact, CardChanged)] == [
        CardState.IN_WORK, CardState.HANDED_OVER, CardState.FINISHED
    ]  # fmt: skip


async def test_a_link_opens_one_card_for_a_month(sakhalin):
    """Another card, a wrong secret and an old link open nothing."""
    other = await opened(sakhalin)
    card = await moved(sakhalin, await opened(sakhalin), T.REGISTER)
    await moved(sakhalin, card, T.HAND_OVER, holder=Holder.CLINIC, organisation_id=sakhalin.clinic)
    body = (await sakhalin.outbox.due(MONDAY + 60, 10))[-1].message.body
    secret = re.search(r"#(\S+)", body)[1]
    official = await sakhalin.journal.by_link(secret, MONDAY + 60)
    with pytest.raises(CardNotFound):
        await sakhalin.journal.read(official, other.id, MONDAY + 60)
    with pytest.raises(Forbidden):
        await sakhalin.journal.edit(official, seen(card), {"description": "x"}, MONDAY + 60)
    assert await sakhalin.journal.by_link(secret + "x", MONDAY + 60) is None
    assert await sakhalin.journal.by_link(secret, MONDAY + 61 + LINK_S) is None


async def test_nothing_of_a_change_by_another_is_overwritten(sakhalin):
    """Who saw an older version is told the difference, edit or move; what is equal already is no conflict."""
    card = await opened(sakhalin)
    who = sakhalin.person(Role.OPERATOR_1)
    await sakhalin.journal.edit(who, seen(card), {"description": "от Анны"}, MONDAY)
    for deed in (
        sakhalin.journal.edit(who, seen(card), {"description": "от Бориса"}, MONDAY),
        sakhalin.journal.move(who, seen(card), T.REGISTER, {"description": "от Бориса"}, MONDAY),
    ):
        with pytest.raises(EditConflict) as conflict:
            await deed
        assert conflict.value.theirs == {"description": "от Анны"}
        assert conflict.value.yours == {"description": "от Бориса"}
    same = await sakhalin.journal.edit(who, seen(card), {"description": "от Анны"}, MONDAY)
    assert same.version == 2


async def test_who_may_not_is_told_so_and_changes_nothing(sakhalin):
    """Rights are checked before anything happens; what the clock does nobody may."""
    card = await moved(sakhalin, await opened(sakhalin), T.REGISTER)
    with pytest.raises(Forbidden, match="operator_1 has no right defer"):
        await moved(sakhalin, card, T.DEFER, role=Role.OPERATOR_1, promised_at=MONDAY + 86400)
    with pytest.raises(Forbidden):
        await moved(sakhalin, card, T.REOPENING_OVER, role=Role.ADMINISTRATOR)
    insurer = sakhalin.person(Role.INSURER, organisation=sakhalin.insurer)
    with pytest.raises(CardNotFound):
        await sakhalin.journal.read(insurer, card.id, MONDAY)
    with pytest.raises(Forbidden):
        await sakhalin.journal.open_by_hand(insurer, Channel.PAPER, {}, MONDAY)
    with pytest.raises(CardIncomplete):
        await moved(sakhalin, card, T.FINISH)
    assert await sakhalin.journal.cards.get(card.id) == card


async def test_a_second_handing_over_without_any_difference_is_seen_as_one(sakhalin):
    """Pressing the button twice changes the card once; an official's late answer is stale."""
    card = await moved(sakhalin, await opened(sakhalin), T.REGISTER)
    done = await moved(sakhalin, card, T.FINISH, measures="Сделано")
    with pytest.raises((EditConflict, TransitionRefused)):
        await moved(sakhalin, card, T.FINISH, measures="Сделано")
    official = sakhalin.person(Role.OFFICIAL, card=card.id)
    late = await sakhalin.journal.move(official, seen(done), T.ENTER_RESULT, {"measures": "x"}, MONDAY)
    assert late == done


async def test_a_look_leaves_a_trail(sakhalin):
    """S2: who looked at which card and when."""
    card = await opened(sakhalin)
    await sakhalin.journal.read(sakhalin.person(Role.OPERATOR_2), card.id, MONDAY + 5)
    await sakhalin.journal.find(sakhalin.person(Role.ADMINISTRATOR), "2026-1", MONDAY + 6)
    trail = await sakhalin.journal.trail.read(card=card.id)
    assert [(entry.actor, entry.action, entry.at) for entry in trail] == [
        ("administrator", "read", MONDAY + 6), ("operator_2", "read", MONDAY + 5)
    ]  # fmt: skip
    assert len(await sakhalin.journal.trail.read(actor="operator_2")) == 1


async def test_whoever_knows_the_number_learns_the_state_and_no_more(sakhalin):
    """KEM 5.7, by keys or in writing; a wrong number is no number or no card."""
    card = await opened(sakhalin)
    told = await sakhalin.journal.tell(card.number.keys)
    assert (told.number, told.state, told.due_at) == (card.number, CardState.NEW, None)
    with pytest.raises(CardNotFound):
        await sakhalin.journal.tell("20262")
    with pytest.raises(NumberMistyped):
        await sakhalin.journal.tell("12")


async def test_without_an_address_nobody_is_written_to(sakhalin):
    """An anonymous caller gets no letter."""
    await moved(sakhalin, await opened(sakhalin, contact_email="", anonymous=True), T.REGISTER)
    assert await sakhalin.outbox.due(MONDAY + 60, 10) == []


async def test_a_site_writes_its_own_letters(sqlite, tmp_path):
    """A template in the site's folder goes before ours; the others stay."""
    (tmp_path / "ru").mkdir()
    (tmp_path / "ru" / "registered.txt").write_text("Номер {{ number }}\nТекст\n", encoding="utf-8")
    made = await service_on(sqlite, "kemerovo-support")
    made.journal.letters = type(made.journal.letters)(made.journal.rules.work, "ru", tmp_path)
    card = await moved(made, await opened(made), T.REGISTER)
    await moved(made, card, T.REJECT, rejection="Не наш вопрос")
    subjects = [one.message.subject for one in await made.outbox.due(MONDAY + 60, 10)]
    assert subjects == ["Номер kem-2026-000001", "Обращение kem-2026-000001 отклонено"]


async def test_letters_exist_in_english(sqlite):
    """Every letter has its English text with the same values."""
    made = await service_on(sqlite, "sakhalin-1300", "en")
    card = await moved(made, await opened(made), T.REGISTER)
    card = await moved(made, card, T.HAND_OVER, holder=Holder.CLINIC, organisation_id=made.clinic)
    await moved(made, card, T.FINISH, measures="Done")
    subjects = [one.message.subject for one in await made.outbox.due(MONDAY + 60, 10)]
    assert subjects == [
        "Appeal 1300-2026-000001 is registered",
        "Appeal 1300-2026-000001 is handed over to you",
        "Appeal 1300-2026-000001 is finished",
    ]

"""Cards in the database, on SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from acd.journal.cards import Alarm, Channel, edit, move, next_alarm, open_card
from acd.journal.errors import CardNotFound, EditConflict
from acd.journal.numbers import CardNumber
from acd.journal.roles import Person, Role
from acd.journal.states import CardState, CardTrigger, Holder
from acd.journal.store import lists, tables
from acd.journal.store.cards import Cards, Entry, NewLink
from acd.journal.store.database import VERSION_TABLE, downgrade, upgrade
from acd.journal.store.lists import CardFilter, Lists
from acd.journal.store.outbox import Message, Outbox
from acd.journal.store.talks import Talk, begin_talk, card_of_calls, end_talk
from metrics.errors import RecordsUnusable
from metrics.records.database import open_engine
from tests.journal.conftest import rules_of
from tests.journal.test_cards import FILLED, MONDAY

KEM = rules_of("kemerovo-support")
NOW = MONDAY
OPERATOR = Person("anna", "Анна", Role.OPERATOR_2, "kemerovo-support")


@pytest.fixture
async def catalogue(engine):
    """One reason, one insurer and one clinic, numbered 1, 1 and 2."""
    async with engine.begin() as connection:
        await connection.execute(tables.reason.insert().values(service="kemerovo-support", title="Запись"))
        for kind in ("insurer", "clinic"):
            await connection.execute(
                tables.organisation.insert().values(service="kemerovo-support", kind=kind, name=f"{kind} 1")
            )


def fresh(**given):
    """Return a card that is not stored yet."""
    return open_card(KEM, NOW, Channel.TELEPHONE, **given)


async def test_the_schema_that_migrations_make_is_the_one_the_code_uses(engine):
    """No column or index is in one of the two alone."""

    def compare(connection):
        names = set(tables.metadata.tables)
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": VERSION_TABLE,
                "include_name": lambda name, kind, _: kind != "table" or name in names,
                "include_object": lambda _, name, kind, *__: not (name or "").endswith("search_words"),
            },
        )
        return compare_metadata(context, tables.metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []


def test_the_schema_goes_down_and_up_again(database_url):
    """A downgrade leaves nothing of the journal, and an upgrade can follow."""
    upgrade(database_url)
    downgrade(database_url)
    upgrade(database_url)
    with pytest.raises(RecordsUnusable, match="unknown schema"):
        upgrade(database_url, "9999")


async def test_a_downgrade_leaves_nothing(migrated_url):
    """Not a table, not a trigger, not an index remains; only the version table, empty."""
    await asyncio.to_thread(downgrade, migrated_url)
    engine = open_engine(migrated_url)
    async with engine.connect() as connection:
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    assert left == [VERSION_TABLE]


async def test_a_step_that_fails_leaves_the_schema_as_it_was(database_url):
    """Half a schema would be in the way of every later attempt; here a table of the same name is, in its last step."""
    engine = open_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE journal_callback (id INTEGER)"))
    with pytest.raises(RecordsUnusable, match="journal_callback"):
        await asyncio.to_thread(upgrade, database_url)
    async with engine.connect() as connection:
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    assert left == ["journal_callback"]


def test_a_database_that_cannot_be_reached_is_named():
    """The error says which database and why."""
    with pytest.raises(RecordsUnusable):
        upgrade("postgresql://postgres@127.0.0.1:1/none")


async def test_a_card_comes_back_as_it_was_stored(engine, catalogue):
    """All fields, stored and read, are equal; the number begins at 1."""
    cards = Cards(engine)
    stored = await cards.add(fresh(line="kem", caller="+73842000001"), Entry(NOW, "system"))
    assert stored.number == CardNumber("kem", 2026, 1)
    assert await cards.get(stored.id) == stored
    assert await cards.by_number("kemerovo-support", stored.number) == stored
    after = move(stored, CardTrigger.REGISTER, FILLED, KEM, NOW + 60)
    saved = await cards.save(stored, after, Entry(NOW + 60, "anna", CardTrigger.REGISTER))
    assert saved == replace(after, version=2)
    assert await cards.get(stored.id) == saved


async def test_a_card_that_is_not_there(engine):
    """Neither an id nor a number finds what does not exist."""
    cards = Cards(engine)
    with pytest.raises(CardNotFound):
        await cards.get(7)
    with pytest.raises(CardNotFound, match="kem-2026-000007"):
        await cards.by_number("kemerovo-support", CardNumber("kem", 2026, 7))
    assert await cards.by_call("none") is None
    assert await cards.earliest_alarm("kemerovo-support") is None


async def test_numbers_run_without_gaps_per_service_and_year(engine):
    """However many cards are opened at once, their numbers are 1 to N, in each service and year anew."""
    cards = Cards(engine)
    together = [cards.add(fresh(), Entry(NOW, "system")) for _ in range(20)]
    numbers = sorted(card.running for card in await asyncio.gather(*together))
    assert numbers == list(range(1, 21))
    assert (await cards.add(replace(fresh(), year=2027), Entry(NOW, "system"))).running == 1
    assert (await cards.add(replace(fresh(), service="other"), Entry(NOW, "system"))).running == 1


async def test_a_transaction_that_fails_takes_its_number_back(engine):
    """A card that could not be stored leaves no gap."""
    cards = Cards(engine)
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key|violates"):
        await cards.add(fresh(reason_id=99), Entry(NOW, "system"))
    assert (await cards.add(fresh(), Entry(NOW, "system"))).running == 1


async def test_two_people_editing_one_card_lose_nothing_silently(engine):
    """The second to save is told what the first stored and what he wanted; nothing of his is stored."""
    cards = Cards(engine)
    seen = await cards.add(fresh(), Entry(NOW, "system"))
    annas = edit(seen, {"description": "от Анны", "contact_name": "Петров"}, KEM)
    boris = edit(seen, {"description": "от Бориса"}, KEM)
    await cards.save(seen, annas, Entry(NOW + 1, "anna"))
    with pytest.raises(EditConflict) as conflict:
        await cards.save(seen, boris, Entry(NOW + 2, "boris"))
    assert conflict.value.theirs == {"description": "от Анны", "contact_name": "Петров"}
    assert conflict.value.yours == {"description": "от Бориса", "contact_name": ""}
    assert (await cards.get(seen.id)).description == "от Анны"
    assert [entry.actor for entry in await cards.history(seen.id)] == ["system", "anna"]


async def test_of_many_saving_at_once_exactly_one_wins(engine):
    """The lock is the database's, not the process's."""
    cards = Cards(engine)
    seen = await cards.add(fresh(), Entry(NOW, "system"))
    saves = [cards.save(seen, edit(seen, {"description": f"{n}"}, KEM), Entry(NOW, f"{n}")) for n in range(8)]
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert sum(isinstance(result, EditConflict) for result in results) == 7


async def test_history_holds_what_changed(engine, catalogue):
    """Every change is kept with who, when, what it was and what it became."""
    cards = Cards(engine)
    seen = await cards.add(fresh(), Entry(NOW, "system"))
    after = edit(seen, {"description": "стало"}, KEM)
    await cards.save(seen, after, Entry(NOW + 5, "anna", note="уточнение"))
    first, second = await cards.history(seen.id)
    assert first.before == {}
    assert first.after["running"] == 1
    assert (second.version, second.at, second.actor, second.note) == (2, NOW + 5, "anna", "уточнение")
    assert (second.before, second.after) == ({"description": ""}, {"description": "стало"})


async def test_talks_belong_to_the_card_of_their_call(engine):
    """A call answered twice is two talks of one card; the same fact twice is one talk."""
    cards = Cards(engine)
    card = await cards.add(fresh(), Entry(NOW, "system"), talk=Talk("c1", "101", NOW))
    async with engine.begin() as connection:
        assert not await begin_talk(connection, card.id, Talk("c1", "101", NOW))
        assert not await begin_talk(connection, card.id, Talk("c1", "101", NOW + 9))  # found by a restarted daemon
        assert await begin_talk(connection, card.id, Talk("c1", "102", NOW + 30))
        assert await end_talk(connection, "c1", "102", 61.5) == card.id
        assert not await begin_talk(connection, card.id, Talk("c1", "102", NOW + 30))
        assert await end_talk(connection, "c2", "102", 1.0) is None
        assert await card_of_calls(connection, card.service, ["c0", "c1"]) == card.id
        assert await card_of_calls(connection, "another", ["c1"]) is None
    assert await cards.talks(card.id) == [Talk("c1", "101", NOW), Talk("c1", "102", NOW + 30, 61.5)]
    assert await cards.by_call("c1") == card


async def test_alarms_are_found_when_due_and_not_after_they_are_told(engine):
    """The store knows the next alarm of each card."""
    cards = Cards(engine)
    card = await cards.add(fresh(), Entry(NOW, "system"))
    due_at, alarm = next_alarm(card)
    assert alarm is Alarm.REGISTER_AHEAD
    assert await cards.earliest_alarm("kemerovo-support") == due_at
    assert await cards.alarms_due("kemerovo-support", due_at - 1, 10) == []
    assert await cards.alarms_due("kemerovo-support", due_at, 10) == [card]
    told = await cards.save(card, replace(card, announced=frozenset({alarm})), Entry(due_at, "system"))
    assert await cards.alarms_due("kemerovo-support", due_at, 10) == []
    assert (await cards.get(card.id)).announced == told.announced == {alarm}


async def test_a_message_and_a_link_are_stored_with_the_change_or_not_at_all(engine, catalogue):
    """What is announced has happened, and what has happened is announced."""
    cards, outbox = Cards(engine), Outbox(engine)
    async with engine.begin() as connection:
        await connection.execute(
            tables.official.insert().values(organisation_id=1, name="Ольга", email="olga@example.org")
        )
    seen = await cards.add(fresh(), Entry(NOW, "system"), messages=[Message("k0", "opened", "a@example.org", "s", "b")])
    after = edit(seen, {"description": "x"}, KEM)
    message = Message("k1", "handed_over", "olga@example.org", "Тема", "Текст")
    link = NewLink("d1", 1, NOW + 100)
    await cards.save(seen, after, Entry(NOW + 1, "anna"), messages=[message, message], links=[link])
    with pytest.raises(EditConflict):
        await cards.save(seen, after, Entry(NOW + 1, "anna"), messages=[replace(message, key="k2")])
    waiting = await outbox.due(NOW + 1, 10)
    assert [one.message for one in waiting] == [
        Message("k0", "opened", "a@example.org", "s", "b", seen.id), replace(message, card_id=seen.id)
    ]  # fmt: skip
    assert await cards.link("d1", NOW + 99) == (seen.id, 1)
    assert await cards.link("d1", NOW + 100) is None


async def test_a_message_is_tried_again_and_given_up(engine):
    """A failed attempt comes back later, a sent one never, a hopeless one is listed with its error."""
    cards, outbox = Cards(engine), Outbox(engine)
    messages = [Message(key, "opened", "a@example.org", "s", "b") for key in ("k1", "k2")]
    await cards.add(fresh(), Entry(NOW, "system"), messages=messages)
    first, second = await outbox.due(NOW, 10)
    await outbox.sent(first.id, NOW)
    await outbox.failed(second.id, NOW, "450 later", NOW + 60)
    assert await outbox.due(NOW + 59, 10) == []
    assert await outbox.next_due() == NOW + 60
    (again,) = await outbox.due(NOW + 60, 10)
    assert (again.message.key, again.attempts) == ("k2", 1)
    await outbox.failed(again.id, NOW + 60, "550 no such user", None)
    assert await outbox.next_due() is None
    assert [(message.key, error) for message, error in await outbox.given_up(10)] == [("k2", "550 no such user")]


@pytest.fixture
async def journal(engine, catalogue):
    """Four cards, numbered 1 to 4: new, in work, at insurer 1, finished."""
    cards = Cards(engine)
    made = []
    texts = ("Запись к врачу", "Жалоба на поликлинику", "Полис ёлкиной", "Справка о прививке")
    for text_ in texts:
        card = await cards.add(fresh(caller="+79161234567"), Entry(NOW, "system"))
        if made:
            after = move(card, CardTrigger.REGISTER, {**FILLED, "description": text_}, KEM, NOW)
            card = await cards.save(card, after, Entry(NOW, "anna"))
        made.append(card)
    held = replace(made[2], state=CardState.HANDED_OVER, holder=Holder.INSURER, organisation_id=1, responsible="boris")
    await cards.save(made[2], held, Entry(NOW, "anna"))
    done = move(made[3], CardTrigger.FINISH, {"measures": "Выдана"}, KEM, NOW + 60)
    done = replace(done, announced=frozenset({Alarm.RESOLVE_BREACH}))
    await cards.save(made[3], done, Entry(NOW, "anna"))
    return Lists(engine)


WANTED = (
    (CardFilter(), [4, 3, 2, 1]),
    (CardFilter(before_id=3), [2, 1]),
    (CardFilter(states=frozenset({CardState.NEW, CardState.FINISHED})), [4, 1]),
    (CardFilter(open_only=True), [3, 2, 1]),
    (CardFilter(breached_only=True), []),
    (CardFilter(responsible="boris"), [3]),
    (CardFilter(organisation_id=1), [3]),
    (CardFilter(reason_id=1), [4, 3, 2]),
    (CardFilter(caller="+79161234567"), [4, 3, 2, 1]),
    (CardFilter(text="поликлиника"), [2]),
    (CardFilter(text="елкина"), [3]),
    (CardFilter(text="8 916 123-45-67"), [4, 3, 2, 1]),
    (CardFilter(text="8 916 123-45-67 выдана"), [4]),
    (CardFilter(text="kem-2026-000002"), [2]),
    (CardFilter(text="Не открывается"), []),
    (CardFilter(text="!!"), [4, 3, 2, 1]),
)


@pytest.mark.parametrize("looked_through", [1, 3, lists.LOOKED_THROUGH])
async def test_lists(journal, monkeypatch, looked_through):
    """Every filter narrows the journal to what it names, the newest first, whether looking or the index finds it."""
    monkeypatch.setattr(lists, "LOOKED_THROUGH", looked_through)
    for wanted, numbers in WANTED:
        found = await journal.page(OPERATOR, wanted)
        assert [card.running for card in found] == numbers, wanted
        assert [card.running for card in await journal.page(OPERATOR, wanted, 1)] == numbers[:1], wanted


async def test_search_follows_every_change(engine, journal):
    """A text that was replaced is no longer found."""
    cards = Cards(engine)
    (card,) = await journal.page(OPERATOR, CardFilter(text="поликлиника"))
    await cards.save(card, edit(card, {"description": "Жалоба на стационар"}, KEM), Entry(NOW, "anna"))
    assert await journal.page(OPERATOR, CardFilter(text="поликлиника")) == []
    assert len(await journal.page(OPERATOR, CardFilter(text="стационар"))) == 1


SEEN_BY = (
    (replace(OPERATOR, service="saratov-122"), []),
    (replace(OPERATOR, role=Role.INSURER, organisation=1), [3]),
    (replace(OPERATOR, role=Role.INSURER, organisation=2), []),
    (replace(OPERATOR, role=Role.INSURER), []),
    (replace(OPERATOR, role=Role.OFFICIAL, card=2), [2]),
)


async def test_a_list_holds_only_what_the_person_may_see(journal):
    """The list's scope is that of `Person.sees`, card by card."""
    everything = await journal.page(OPERATOR, CardFilter())
    for person, numbers in SEEN_BY:
        found = await journal.page(person, CardFilter())
        seen = [c for c in everything if person.sees(c.id, c.service, c.holder, c.organisation_id)]
        assert found == seen
        assert [card.running for card in found] == numbers


async def test_open_cards_are_counted_by_state(journal):
    """Only what is open counts."""
    counts = await journal.open_by_state("kemerovo-support")
    assert counts == {CardState.NEW: 1, CardState.IN_WORK: 1, CardState.HANDED_OVER: 1}


async def test_the_index_agrees_with_the_table(engine, journal):
    """SQLite's own check of the full-text index finds nothing wrong."""
    if engine.dialect.name == "sqlite":
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO journal_card_fts (journal_card_fts) VALUES ('integrity-check')"))

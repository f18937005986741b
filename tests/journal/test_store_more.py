"""People, catalogues, knowledge and the trail in the database, on SQLite and PostgreSQL."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from acd.journal.cards import Channel, open_card
from acd.journal.roles import Person, Role
from acd.journal.states import Holder
from acd.journal.store.cards import Cards, Entry
from acd.journal.store.catalogues import Catalogues, Official, Organisation, Reason
from acd.journal.store.knowledge import ArticleKind, ArticleState, Knowledge, Proposal
from acd.journal.store.people import People, digest_of, hash_password, password_fits
from acd.journal.store.trail import MARKS, Assessment, Trail, TrailEntry
from tests.journal.conftest import rules_of
from tests.journal.test_cards import MONDAY

SERVICE = "saratov-122"
ANNA = Person("anna", "Анна", Role.OPERATOR_1, SERVICE, agent="101")


async def test_people_are_kept_and_changed(engine):
    """Somebody put twice is one person with the later values; who is dismissed has neither password nor session."""
    people = People(engine)
    await people.put(ANNA, "hash 1")
    await people.put(replace(ANNA, name="Анна Б.", role=Role.OPERATOR_2), "hash 2")
    assert await people.all(SERVICE) == [(replace(ANNA, name="Анна Б.", role=Role.OPERATOR_2), True)]
    assert await people.password_of("anna") == "hash 2"
    assert (await people.by_agent(SERVICE, "101")).login == "anna"
    assert await people.by_agent("other", "101") is None
    assert (await people.service_of("anna"), await people.service_of("boris")) == (SERVICE, None)
    await people.begin_session("secret", "anna", "token", MONDAY + 10)
    session = await people.session("secret", MONDAY)
    assert (session.person.login, session.form_token) == ("anna", "token")
    assert await people.session("secret", MONDAY + 10) is None
    assert await people.session(digest_of("secret"), MONDAY) is None
    await people.set_active("other", "anna", active=False)
    assert await people.session("secret", MONDAY) is not None
    await people.set_active(SERVICE, "anna", active=False)
    assert await people.session("secret", MONDAY) is None
    assert await people.password_of("anna") is None
    assert await people.by_agent(SERVICE, "101") is None


async def test_sessions_end(engine):
    """By logging out, and by their time."""
    people = People(engine)
    await people.put(ANNA, "hash")
    for secret, until in (("a", MONDAY + 10), ("b", MONDAY + 20)):
        await people.begin_session(secret, "anna", "token", until)
    await people.forget_expired(MONDAY + 15)
    assert await people.session("a", MONDAY) is None
    await people.end_session("b")
    assert await people.session("b", MONDAY) is None
    await people.set_language("anna", "en")
    assert (await people.all(SERVICE))[0][0].language == "en"


def test_passwords():
    """Only the right one of somebody fits; nobody has a password."""
    stored = hash_password("correct horse")
    assert "correct" not in stored
    assert password_fits(stored, "correct horse")
    assert not password_fits(stored, "wrong")
    assert not password_fits(None, "nobody's password")


async def test_catalogues_belong_to_a_service(engine):
    """Each service sees its own; nothing is deleted, a name comes once."""
    store = Catalogues(engine)
    clinic = await store.add_organisation(SERVICE, Holder.CLINIC, "Больница № 2")
    official = await store.add_official(clinic, "Иванов", "i@example.org", "+7")
    reason = await store.add_reason(SERVICE, "Жалоба")
    await store.add_reason("other", "Жалоба")
    with pytest.raises(IntegrityError):
        await store.add_reason(SERVICE, "Жалоба")
    for table, row in (("organisation", clinic), ("official", official), ("reason", reason)):
        await store.set_active("other", table, row, active=False)
    assert await store.organisations(SERVICE) == [Organisation(clinic, Holder.CLINIC, "Больница № 2")]
    assert await store.officials(SERVICE) == [Official(official, clinic, "Иванов", "i@example.org", "+7")]
    assert await store.reasons(SERVICE) == [Reason(reason, "Жалоба")]
    for table, row in (("organisation", clinic), ("official", official), ("reason", reason)):
        await store.set_active(SERVICE, table, row, active=False)
    assert not (await store.organisations(SERVICE))[0].active
    assert not (await store.officials(SERVICE))[0].active
    assert not (await store.reasons(SERVICE))[0].active


async def test_knowledge_is_found_by_words_and_replaced_at_once(engine):
    """Only what is approved is found and shown; a replacement takes the old one's place in the same transaction."""
    store = Knowledge(engine)
    script = Proposal(ArticleKind.SCRIPT, "Приветствие", "Здравствуйте, линия 122", "122")
    first = await store.propose(SERVICE, script, "anna", MONDAY)
    answer = Proposal(ArticleKind.QUESTION, "Полис", "Как получить полис: обратитесь в страховую")
    second = await store.propose(SERVICE, answer, "anna", MONDAY)
    assert [one.id for one in await store.proposals(SERVICE)] == [second, first]
    assert await store.search(SERVICE, "") == []
    for article in (first, second):
        assert await store.decide(SERVICE, article, approve=True, by="boris", at=MONDAY)
    assert not await store.decide(SERVICE, first, approve=False, by="boris", at=MONDAY)
    assert not await store.decide("other", second, approve=False, by="boris", at=MONDAY)
    assert [one.id for one in await store.search(SERVICE, "полиса страховая")] == [second]
    assert [one.id for one in await store.search(SERVICE, "")] == [second, first]
    assert [one.title for one in await store.scripts(SERVICE, "122")] == ["Приветствие"]
    assert await store.scripts(SERVICE, "other") == []
    newer = await store.propose(SERVICE, replace(script, body="Добрый день", replaces=first), "anna", MONDAY)
    await store.decide(SERVICE, newer, approve=True, by="boris", at=MONDAY)
    (shown,) = await store.scripts(SERVICE, "122")
    assert (shown.id, shown.state, shown.decided_by, shown.replaces) == (newer, ArticleState.APPROVED, "boris", first)


async def test_the_trail_grows_and_is_read_by_card_and_by_person(engine):
    """S2: who, what, when; the latest first."""
    trail = Trail(engine)
    await trail.note(TrailEntry(MONDAY, "anna", "read", 7))
    await trail.note(TrailEntry(MONDAY + 1, "boris", "export", detail="report.csv"))
    assert await trail.read() == [
        TrailEntry(MONDAY + 1, "boris", "export", detail="report.csv"), TrailEntry(MONDAY, "anna", "read", 7)
    ]  # fmt: skip
    assert len(await trail.read(card=7)) == len(await trail.read(actor="boris")) == len(await trail.read(limit=1)) == 1


async def test_assessments_are_kept(engine):
    """S4: the marks come back, the score is their share of the best; marks that are none are refused."""
    rules = rules_of(SERVICE)
    card = await Cards(engine).add(open_card(rules, MONDAY, Channel.PAPER), Entry(MONDAY, "s"))
    marks = dict.fromkeys(MARKS, 4)
    assessment = Assessment(card.id, "anna", "boris", MONDAY, marks, "Хорошо", "c1")
    trail = Trail(engine)
    await trail.assess(assessment)
    assert await trail.assessments(agent="anna") == await trail.assessments(card=card.id) == [assessment]
    assert assessment.score == pytest.approx(0.8)
    for wrong in ({**marks, "card": 6}, {"card": 5}, {**marks, "charm": 5}):
        with pytest.raises(ValueError, match="marks must be"):
            Assessment(card.id, "anna", "boris", MONDAY, wrong)

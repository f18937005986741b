"""What the office keeps at the desk, without a browser: knowledge, catalogues, people, assessments, the trail."""

from acd.journal.roles import Person, Role
from acd.journal.store.talks import Talk, begin_talk
from tests.journal.website import BASE, PASSWORD, opened, post


async def test_knowledge_is_proposed_approved_and_shown_with_the_call(site):
    """J9, D9: an operator proposes, an administrator approves, the card of the line shows it; a new one replaces it."""
    operator, admin = await site.client(Role.OPERATOR_1), await site.client(Role.ADMINISTRATOR)
    line = site.desk.journal.service
    fields = {"kind": "script", "title": "Приветствие", "body": "Здравствуйте! Служба 1300.", "line": line}
    assert (await post(operator, "/knowledge", **fields)).status_code == 303
    card = await opened(site, line=line)
    assert "Служба 1300" not in (await operator.get(f"{BASE}/cards/{card.id}")).text
    assert "Служба 1300" in (await admin.get(f"{BASE}/knowledge")).text
    assert (await post(operator, "/knowledge/1", do="approve")).status_code == 403
    await post(admin, "/knowledge/1", do="approve")
    assert "Служба 1300" in (await operator.get(f"{BASE}/cards/{card.id}")).text
    assert "Служба 1300" in (await operator.get(f"{BASE}/knowledge?text=служба")).text
    await post(operator, "/knowledge", **{**fields, "body": "Добрый день!", "replaces": "1"})
    await post(admin, "/knowledge/2", do="approve")
    page = (await operator.get(f"{BASE}/cards/{card.id}")).text
    assert "Добрый день!" in page
    assert "Служба 1300" not in page
    await post(operator, "/knowledge", **fields)
    await post(admin, "/knowledge/3", do="decline")
    assert "Служба 1300" not in (await operator.get(f"{BASE}/knowledge")).text


async def test_catalogues_are_kept(site):
    """Reasons, organisations and officials are added and taken out of use; twice the same is refused."""
    admin = await site.client(Role.ADMINISTRATOR)
    assert (await post(admin, "/catalogues", do="reason", name="Жалоба")).status_code == 303
    assert (await post(admin, "/catalogues", do="reason", name="Жалоба")).status_code == 409
    await post(admin, "/catalogues", do="organisation", kind="ministry", name="Министерство")
    fields = {"do": "official", "organisation_id": "3", "name": "Иванов", "email": "ivanov@example.org"}
    assert (await post(admin, "/catalogues", **fields)).status_code == 303
    assert (await post(admin, "/catalogues", **{**fields, "organisation_id": "9"})).status_code == 400
    assert (await post(admin, "/catalogues", **{**fields, "email": "ivanov"})).status_code == 400
    for table in ("reason", "organisation", "official"):
        assert (await post(admin, "/catalogues", do="active", table=table, row="2", value="0")).status_code == 303
    assert (await post(admin, "/catalogues", do="active", table="card", row="2", value="0")).status_code == 400
    store, service = site.desk.journal.catalogues, site.desk.journal.service
    assert [(one.title, one.active) for one in await store.reasons(service)] == [
        ("Жалоба", False), ("Запись к врачу", True)
    ]  # fmt: skip
    assert [one.active for one in await store.organisations(service)] == [True, True, False]
    trail = await site.desk.journal.trail.read(actor="administrator")
    assert trail[0].action == "catalogue"


async def test_people_are_admitted_and_dismissed(site):
    """A new login works, a short password is refused, withdrawn access ends at once, no login has the links role."""
    admin = await site.client(Role.ADMINISTRATOR)
    fields = {"login": "Vera", "name": "Вера", "role": "operator_1", "agent": "104", "do": "put"}
    assert (await post(admin, "/people", **fields, password="short")).status_code == 422
    assert (await post(admin, "/people", **fields, password=PASSWORD)).status_code == 303
    vera = await site.client("vera")
    assert (await vera.get(f"{BASE}/journal")).status_code == 200
    await post(admin, "/people", login="vera", do="dismiss")
    assert (await vera.get(f"{BASE}/journal")).status_code == 303
    await post(admin, "/people", login="vera", do="admit")
    await site.client("vera")
    official = {**fields, "role": "official", "password": PASSWORD}
    assert (await post(admin, "/people", **official)).status_code == 400
    foreign = Person("foreign", "Ч", Role.OPERATOR_1, "saratov-122")
    await site.desk.people.put(foreign, "hash")
    assert (await post(admin, "/people", **{**fields, "login": "foreign"}, password=PASSWORD)).status_code == 422
    assert "Вера" in (await admin.get(f"{BASE}/people")).text


async def test_work_is_assessed_and_the_operator_sees_it(site):
    """S4: five marks make a score; the operator sees his own, a mark out of range is refused."""
    card = await opened(site, responsible="operator_1")
    admin, operator = await site.client(Role.ADMINISTRATOR), await site.client(Role.OPERATOR_1)
    marks = {"greeting": "5", "politeness": "5", "script": "4", "answer": "3", "card": "3", "comment": "Хорошо"}
    assert (await post(admin, f"/cards/{card.id}/assess", **marks)).status_code == 303
    assert (await post(admin, f"/cards/{card.id}/assess", **{**marks, "card": "6"})).status_code == 400
    page = (await operator.get(f"{BASE}/")).text
    assert "80 %" in page
    assert "Хорошо" in page


async def test_a_talk_is_assessed_as_the_operators_who_talked(site):
    """S4: of a card's talks one is chosen; whose it was gets the marks, another call is none of the card's."""
    card = await opened(site, responsible="operator_1")
    async with site.desk.engine.begin() as connection:
        for call, agent in (("c1", "101"), ("c1-1", "102"), ("c1-2", "199")):
            await begin_talk(connection, card.id, Talk(call, agent, card.opened_at))
    admin = await site.client(Role.ADMINISTRATOR)
    page = (await admin.get(f"{BASE}/cards/{card.id}")).text
    assert '<option value="c1-1">' in page
    marks = dict.fromkeys(("greeting", "politeness", "script", "answer", "card"), "4")
    for call, told in (("c1-1", 303), ("c1-2", 303), ("other", 400), ("", 303)):
        assert (await post(admin, f"/cards/{card.id}/assess", call=call, **marks)).status_code == told
    found = await site.desk.journal.trail.assessments(card=card.id)
    assert [(one.call, one.agent) for one in found] == [("", "operator_1"), ("c1-2", "199"), ("c1-1", "operator_2")]


async def test_the_trail_is_shown(site):
    """S2: the administrator sees who looked at a card."""
    card = await opened(site)
    operator, admin = await site.client(Role.OPERATOR_1), await site.client(Role.ADMINISTRATOR)
    await operator.get(f"{BASE}/cards/{card.id}")
    assert "<td>operator_1</td><td>просмотр</td>" in (await admin.get(f"{BASE}/trail?card={card.number}")).text
    assert f">{card.number}</a>" in (await admin.get(f"{BASE}/trail?actor=operator_1")).text
    assert (await admin.get(f"{BASE}/trail?card=x")).status_code == 404

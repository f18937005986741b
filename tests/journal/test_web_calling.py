"""Call lists at the desk, without a browser: an operator works his contacts, a supervisor keeps the lists."""

import io
import re

import pytest
from python_calamine import CalamineWorkbook

from acd.campaigns.model import NewContact, OutcomeCode, Settings
from acd.journal.roles import Role
from acd.journal.web import campaigns
from callback.effects import EnqueueCallback
from callback.inputs import CallerDialled
from callback.kinds import BarScope
from callback.lists import Pacing
from queue_engine.facts import CallAnswered, CallEnded, CallOffered
from queue_engine.ids import Instant
from queue_engine.inputs import Party
from tests.acd.campaigns.test_desk import ROUND_THE_CLOCK
from tests.journal.test_cards import MONDAY
from tests.journal.website import BASE, form_token, opened, post, with_records

FIRST, SECOND = "+79271230001", "+79271230002"
NOON = Instant(MONDAY + 6 * 3600.0)
INLINE = {"x-desk-inline": "1"}
FILE = "ФИО;Телефон;Клиника\nАнна <b>;8 927 123-00-01;№ 3\n=cmd();12;\nБорис;+79271230002;\nАнна;+79271230001;\n"


@pytest.fixture
async def calling(site):
    """A desk whose centre keeps its call lists; it is noon in Moscow, when the line's call-backs are made."""
    site.floor.at = NOON
    return await with_records(site)


async def make(site, *contacts, name="remind", pacing=Pacing.PREVIEW, **settings):
    """Make a list with these contacts and let it run."""
    desk = site.floor.campaigning.desk
    how = Settings(hours=ROUND_THE_CLOCK, title="Напоминания", pacing=pacing, **settings)
    made = await desk.add(name, site.desk.journal.service, how, "chief")
    await desk.fill(made, contacts)
    return await desk.change_state(made, "running", "chief")


async def contact(site, number=FIRST):
    """Return a contact as the records have it."""
    store = site.floor.campaigning.desk.store
    return next(one for one in await store.page(await store.find("remind"), 0, 100) if one.number == number)


def talks(site, call="callback-1-1", agent="101"):
    """The operator is kept for the request, the number is dialled and answers."""
    floor, line = site.floor, site.desk.journal.service
    floor.callbacks.observe(CallOffered(floor.at, call, line, 9, agent, 0.0))
    floor.callbacks.handle(CallerDialled(call))
    floor.callbacks.observe(CallAnswered(floor.at, call, line, 9, agent, 1.0))


def hangs_up(site, call="callback-1-1", agent="101"):
    """The talk is over, and the time for saying what it was."""
    floor, line = site.floor, site.desk.journal.service
    floor.callbacks.observe(CallEnded(floor.at, call, line, FIRST, agent, Party.AGENT, 16, 1.0, 60.0))
    floor.at = Instant(floor.at + 31.0)
    floor.callbacks.enter(floor.callbacks.book.advance(floor.at))


async def trail_of(site, *actions):
    """Return these deeds of the trail as (who, what, about what), the first first."""
    entries = await site.desk.journal.trail.read()
    return [(one.actor, one.action, one.detail) for one in reversed(entries) if one.action in actions]


async def test_an_operator_looks_at_a_contact_and_has_him_called(calling):
    """Preview: number, name, what is known of him and the script; his request is booked for this operator alone."""
    await make(calling, NewContact(FIRST, "Анна", (("Клиника", "№ 3"),)), script="Здравствуйте! Напоминаем.")
    client = await calling.client(Role.OPERATOR_1)
    page = (await client.get(f"{BASE}/calling")).text
    assert "Контакта перед Вами нет" in page
    assert FIRST not in page
    calling.floor.log_in("101")
    given = await post(client, "/calling/next", campaign="remind")
    page = (await client.get(given.headers["location"])).text
    for told in (FIRST, "Анна", "Клиника", "№ 3", "Здравствуйте! Напоминаем.", "Позвонить"):
        assert told in page
    found = await contact(calling)
    colleague = await calling.client(Role.OPERATOR_2)
    assert FIRST not in (await colleague.get(f"{BASE}/calling")).text
    assert (await colleague.get(f"{BASE}/contacts/{found.id}")).status_code == 404
    assert (await post(colleague, f"/contacts/{found.id}/call")).status_code == 404
    assert (await post(colleague, f"/contacts/{found.id}/outcome", outcome="told")).status_code == 404
    assert "Сейчас зазвонит Ваш телефон" in (await post(client, f"/contacts/{found.id}/call")).text
    (wish,) = [effect for effect in calling.floor.callbacks.effects if isinstance(effect, EnqueueCallback)]
    assert (wish.number, wish.agent) == (FIRST, "101")
    again = await post(client, f"/contacts/{found.id}/call")
    assert again.status_code == 422
    assert "Контакт уже не у Вас" in again.text
    told = ("contact", "contact_call")
    remind = f"remind {found.id}"
    assert await trail_of(calling, *told) == [("operator_1", "contact", remind), ("operator_1", "contact_call", remind)]


async def test_a_contact_called_by_pacing_is_on_the_strip_and_on_his_card(calling):
    """Whom the operator talks to: on the strip from the ringing on, on the card with what can be said of the talk."""
    codes = (OutcomeCode(code="came", title="Придёт"), OutcomeCode(code="later", title="Позже", then="again"))
    await make(calling, NewContact(FIRST, "Вера"), pacing=Pacing.OPERATORS, outcomes=codes)
    for number in ("101", "102"):
        calling.floor.log_in(number)
    await calling.floor.campaigning.desk.look_through()
    client = await calling.client(Role.OPERATOR_1)
    assert "Вера" not in (await client.get(f"{BASE}/phone")).text
    talks(calling)
    await calling.floor.campaigning.desk.look_through()
    strip = (await client.get(f"{BASE}/phone", headers=INLINE)).text
    assert "Обзвон «Напоминания»: Вера" in strip
    found = await contact(calling)
    assert f'href="{BASE}/contacts/{found.id}"' in strip
    card = await opened(calling)
    async with calling.desk.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE journal_talk SET call = 'callback-1-1'")
    page = await client.get(f"{BASE}/cards/{card.id}")
    for told in (FIRST, "Вера", "Придёт", "Позже (с повторным звонком)", 'name="outcome"'):
        assert told in page.text
    others = (await (await calling.client(Role.OPERATOR_2)).get(f"{BASE}/cards/{card.id}")).text
    assert "Обзвон «Напоминания»" in others
    assert "***01" in others
    assert 'name="outcome"' not in others
    assert "Вера" not in others
    at = {"form_token": form_token(page), "outcome": "later", "note": "после обеда", "at": "2026-11-16T21:30"}
    part = await client.post(f"{BASE}/contacts/{found.id}/outcome", data=at, headers=INLINE)
    assert part.headers["x-desk-part"] == "contact.html"
    assert "Итог сохранён" in part.text
    assert "<html" not in part.text
    hangs_up(calling)
    await calling.floor.campaigning.desk.look_through()
    after = await contact(calling)
    assert (after.state, after.outcome, after.outcome_by, after.note) == (
        "waiting",
        "later",
        "operator_1",
        "после обеда",
    )
    assert after.next_at == NOON + 90 * 60
    assert "Вера" not in (await client.get(f"{BASE}/phone")).text


async def test_an_outcome_may_be_said_later(calling):
    """A talk without one stays before its operator; what does not go is said, and nothing has changed."""
    await make(calling, NewContact(FIRST, "Анна"), pacing=Pacing.OPERATORS)
    calling.floor.log_in("101")
    await calling.floor.campaigning.desk.look_through()
    talks(calling)
    await calling.floor.campaigning.desk.look_through()
    hangs_up(calling)
    await calling.floor.campaigning.desk.look_through()
    client = await calling.client(Role.OPERATOR_1)
    page = (await client.get(f"{BASE}/calling")).text
    assert "Разговоры без итога" in page
    found = await contact(calling)
    path = f"/contacts/{found.id}"
    assert f'href="{BASE}{path}"' in page
    assert "дозвонились" in (await client.get(BASE + path)).text
    wrong = await post(client, f"{path}/outcome", outcome="told", at="2026-11-17T10:00")
    assert (wrong.status_code, "просит перезвонить" in wrong.text) == (422, True)
    wrong = await post(client, f"{path}/outcome", outcome="no-such")
    assert (wrong.status_code, "нет такого итога" in wrong.text) == (422, True)
    assert (await post(client, f"{path}/outcome", outcome="call_again", at="завтра")).status_code == 400
    assert (await contact(calling)).outcome == ""
    said = await post(client, f"{path}/outcome", outcome="do_not_call", note="x" * 2000)
    assert "Просил не звонить" not in said.text  # the usual outcomes are told in the reader's words
    assert "просил не звонить" in said.text
    after = await contact(calling)
    assert (after.outcome, len(after.note)) == ("do_not_call", 1000)
    assert [(row.number, row.scope) for row in await calling.floor.campaigning.bars.all()] == [(FIRST, "lists")]
    assert "Разговоры без итога" not in (await client.get(f"{BASE}/calling")).text


async def test_the_next_contact_is_given_by_lists_of_his_lines_alone(calling):
    """A list that rests, of other pacing, or unknown gives none; one with nobody left says so."""
    client = await calling.client(Role.OPERATOR_1)
    await make(calling, name="paced", pacing=Pacing.OPERATORS)
    empty = await make(calling, name="empty")
    page = (await client.get(f"{BASE}/calling")).text
    assert re.findall(r'name="campaign" value="(\w+)"', page) == ["empty"]
    for name, told in (("paced", "Этот обзвон не идёт"), ("none", "Такого обзвона нет")):
        answer = await post(client, "/calling/next", campaign=name)
        assert (answer.status_code, told in answer.text) == (422, True)
    answer = await post(client, "/calling/next", campaign="empty")
    assert "сейчас звонить некому" in (await client.get(answer.headers["location"])).text
    await calling.floor.campaigning.desk.change_state(empty, "paused", "chief")
    assert "Сейчас нет обзвонов" in (await client.get(f"{BASE}/calling")).text
    assert "Этот обзвон не идёт" in (await post(client, "/calling/next", campaign="empty")).text
    admin = await calling.client(Role.ADMINISTRATOR)
    assert (await admin.get(f"{BASE}/calling")).status_code == 400  # without a telephone
    assert 'href="/desk/calling"' not in (await admin.get(f"{BASE}/campaigns")).text


async def upload(client, path, content, name="list.csv"):
    """Send a file as the page's form does."""
    token = form_token(await client.get(f"{BASE}/campaigns"))
    files = {"file": (name, content)} if name else {"file": ("", b"", "application/octet-stream")}
    return await client.post(BASE + path, data={"form_token": token}, files=files)


async def test_a_supervisor_keeps_a_list_from_its_file_to_its_results(calling):
    """Made, filled by upload, let run, looked at, taken away, ended for good; all of it in the trail."""
    client, line = await calling.client(Role.ADMINISTRATOR), calling.desk.journal.service
    assert "Обзвонов ещё нет" in (await client.get(f"{BASE}/campaigns")).text
    made = await post(
        client, "/campaigns", name="remind", title="Напоминания", line=line, pacing="preview", attempts="2",
        keep_free="1", at_once="5", hours="mon-sun 00:00-24:00", script="Здравствуйте!",
        outcomes="came=Придёт\nlater=Позже=again\n",
    )  # fmt: skip
    assert made.headers["location"] == f"{BASE}/campaigns/remind"
    settings = (await calling.floor.campaigning.desk.store.find("remind")).settings
    assert (settings.attempts, settings.keep_free, settings.at_once) == (2, 1, 5)
    assert (settings.hours, settings.script) == (("mon-sun 00:00-24:00",), "Здравствуйте!")
    assert [(code.code, code.then) for code in settings.outcomes] == [("came", "done"), ("later", "again")]
    filled = await upload(client, "/campaigns/remind/contacts", FILE.encode("cp1251"))
    page = (await client.get(filled.headers["location"])).text
    assert "Добавлено: 2; уже в списке: 1; звонить нельзя: 1." in page
    assert "Анна &lt;b&gt;" in page
    assert (await post(client, "/campaigns/remind", do="run")).status_code == 303
    page = (await client.get(f"{BASE}/campaigns")).text
    assert "идёт" in page
    assert re.findall(r'class="number">(\d+)<', page) == ["3", "2", "0", "0", "1"]
    out = await client.get(f"{BASE}/campaigns/remind/results.csv")
    rows = out.content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("№;Номер;Имя")
    assert [row.split(";")[1:3] for row in rows[1:]] == [[FIRST, "Анна <b>"], [SECOND, "Борис"], ["12", "'=cmd()"]]
    assert rows[1].endswith("Клиника: № 3")
    book = CalamineWorkbook.from_filelike(
        io.BytesIO((await client.get(f"{BASE}/campaigns/remind/results.xlsx")).content)
    )
    assert [row[2] for row in book.get_sheet_by_index(0).to_python()] == ["Имя", "Анна <b>", "Борис", "=cmd()"]
    unsure = await post(client, "/campaigns/remind", do="stop")
    assert (unsure.status_code, "подтвердите" in unsure.text) == (422, True)
    await post(client, "/campaigns/remind", do="pause")
    await post(client, "/campaigns/remind", do="stop", sure="on")
    assert (await calling.floor.campaigning.desk.store.find("remind")).state == "stopped"
    for answer in (
        await post(client, "/campaigns/remind", do="run"),
        await upload(client, "/campaigns/remind/contacts", FILE.encode()),
    ):
        assert (answer.status_code, "завершён насовсем" in answer.text) == (422, True)
    assert 'type="file"' not in (await client.get(f"{BASE}/campaigns/remind")).text
    assert [told for _, _, told in await trail_of(calling, "call_list", "export")] == [
        "remind made", "remind list.csv: added=2 repeated=1 impossible=1", "remind running", "remind.csv",
        "remind.xlsx", "remind paused", "remind stopped",
    ]  # fmt: skip


async def test_what_is_wrong_with_a_list_is_told_with_all_that_was_typed(calling):
    """Fields that cannot be so are named; a name that is taken, a line that calls nobody, a survey that is none."""
    client, line = await calling.client(Role.ADMINISTRATOR), calling.desk.journal.service
    await make(calling)
    wrong = {"name": "Имя", "title": "Название", "line": line, "attempts": "99", "hours": "когда-нибудь"}
    answer = await post(client, "/campaigns", **wrong, outcomes="без кода")
    assert answer.status_code == 422
    for told in ("Короткое имя", "Попыток на контакт", "Часы, по одному", "Итоги, по одному", 'value="Название"'):
        assert told in answer.text.partition("Исправьте:")[2]
    for fields, told in (
        ({"name": "remind", "line": line}, "таким именем уже есть"),
        ({"name": "other", "line": "none"}, "не звонит"),
        ({"name": "other", "line": line, "pacing": "menu"}, "Опрос выбирается"),
        ({"name": "other", "line": line, "pacing": "menu", "survey": "none"}, "Такого опроса нет"),
    ):
        answer = await post(client, "/campaigns", **fields)
        assert (answer.status_code, told in answer.text) == (422, True)
    assert (await client.get(f"{BASE}/campaigns/none")).status_code == 404
    assert (await post(client, "/campaigns/remind", do="fly")).status_code == 400
    assert (await client.get(f"{BASE}/campaigns/remind?after=x")).status_code == 400


async def test_a_file_that_cannot_be_read_is_refused_in_words(calling):
    """None, empty, without numbers, no spreadsheet; a form without the session's token does nothing."""
    await make(calling)
    client = await calling.client(Role.ADMINISTRATOR)
    for content, name, told in (
        (b"", "", "Выберите файл"),
        (b"", "list.csv", "list.csv: в файле нет строк"),
        ("ФИО\nАнна\n".encode(), "list.csv", "нет столбца с номерами"),
        (b"PK none", "list.xlsx", "list.xlsx: файл не читается"),
    ):
        answer = await upload(client, "/campaigns/remind/contacts", content, name)
        assert (answer.status_code, told in answer.text) == (422, True)
    foreign = await client.post(f"{BASE}/campaigns/remind/contacts", files={"file": ("list.csv", FILE.encode())})
    assert foreign.status_code == 400
    operator = await calling.client(Role.OPERATOR_1)
    token = form_token(await operator.get(f"{BASE}/journal"))
    files = {"file": ("list.csv", FILE.encode())}
    answer = await operator.post(f"{BASE}/campaigns/remind/contacts", data={"form_token": token}, files=files)
    assert answer.status_code == 403
    store = calling.floor.campaigning.desk.store
    assert await store.page(await store.find("remind"), 0, 10) == []


async def test_a_long_list_is_read_page_by_page(calling, monkeypatch):
    """More contacts than one page and one reading hold: none is missing, none is there twice."""
    monkeypatch.setattr(campaigns, "PAGE", 3)
    monkeypatch.setattr(campaigns, "READ_AT_ONCE", 2)
    monkeypatch.setattr(campaigns, "ADDED_AT_ONCE", 2)
    await make(calling)
    client = await calling.client(Role.ADMINISTRATOR)
    numbers = [f"+7927123{at:04}" for at in range(7)]
    await upload(client, "/campaigns/remind/contacts", "\n".join(["Телефон", *numbers]).encode())
    seen, address = [], f"{BASE}/campaigns/remind"
    while address:
        page = (await client.get(address)).text
        seen += re.findall(r'<td class="nowrap">(\+\d+)</td>', page)
        more = re.search(r'name="after" value="(\d+)"', page)
        address = f"{BASE}/campaigns/remind?after={more[1]}" if more else ""
    assert seen == numbers
    out = (await client.get(f"{BASE}/campaigns/remind/results.csv")).content.decode("utf-8-sig")
    assert [row.split(";")[1] for row in out.splitlines()] == ["Номер", *numbers]
    monkeypatch.setattr(campaigns, "IN_A_WORKBOOK", 6)
    assert (await client.get(f"{BASE}/campaigns/remind/results.xlsx")).status_code == 400


async def test_a_supervisor_says_whom_not_to_call(calling):
    """Put on the list with a reason, found by its digits, taken off; what is no number is told."""
    client, bars = await calling.client(Role.ADMINISTRATOR), calling.floor.campaigning.bars
    done = await post(client, "/do-not-call", do="add", number="8 (927) 123-00-01", scope="all", reason="просил")
    page = (await client.get(done.headers["location"])).text
    assert f"На {FIRST} больше не звоним." in page
    assert "никакие" in page
    await bars.add(SECOND, BarScope.LISTS, "", "chief")
    rows = re.findall(r'<td class="nowrap">(\+\d+)</td>', (await client.get(f"{BASE}/do-not-call")).text)
    assert rows == [SECOND, FIRST]
    for text, expected in (("8927 123-00-02", [SECOND]), ("0001", [FIRST]), ("Анна", []), ("555", [])):
        page = (await client.get(f"{BASE}/do-not-call", params={"text": text})).text
        assert re.findall(r'<td class="nowrap">(\+\d+)</td>', page) == expected
    for fields, told in (
        ({"do": "add", "number": "x", "scope": "all"}, "Это не номер телефона"),
        ({"do": "remove", "number": "+79271239999"}, "Этого номера нет в списке"),
    ):
        answer = await post(client, "/do-not-call", **fields)
        assert (answer.status_code, told in answer.text) == (422, True)
    assert (await post(client, "/do-not-call", do="add", number=FIRST, scope="some")).status_code == 400
    done = await post(client, "/do-not-call", do="remove", number=FIRST)
    assert f"На {FIRST} снова можно звонить." in (await client.get(done.headers["location"])).text
    assert [row.number for row in await bars.all()] == [SECOND]
    assert [told for _, _, told in await trail_of(calling, "do_not_call")] == [f"add {FIRST}", f"remove {FIRST}"]


async def test_a_database_that_is_away_is_told_and_no_other_page_suffers(site):
    """Call lists are in the records; the desk, the strip and the journal go on without them."""
    client = await site.client(Role.OPERATOR_1)
    answer = await client.get(f"{BASE}/calling")
    assert (answer.status_code, "База данных не отвечает" in answer.text) == (503, True)
    assert (await client.get(f"{BASE}/journal")).status_code == 200
    assert (await client.get(f"{BASE}/phone")).status_code == 200

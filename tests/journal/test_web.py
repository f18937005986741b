"""The desk's pages as a browser sees them, without a browser."""

import inspect
import re

import pytest

from acd import transferring
from acd.journal.cards import Channel, open_card
from acd.journal.roles import MATRIX, Person, Role
from acd.journal.service import Seen
from acd.journal.states import CardState, CardTrigger, Holder
from acd.journal.store.cards import Entry
from acd.journal.store.people import hash_password
from acd.journal.store.talks import Talk, card_of_callback
from acd.journal.web.access import COOKIE, LOCKED_S, SESSION_S
from acd.journal.web.app import DOORS
from acd.journal.web.words import AGENT_STATES, WORDS
from queue_engine.facts import AgentState, QuestioningEnded
from queue_engine.inputs import AgentBecameReachable, CallArrived, CallerHungUp
from tests.journal.test_cards import MONDAY
from tests.journal.website import BASE, PASSWORD, form_token, post, site_on

T = CardTrigger
FORM = {
    "description": "Не могу записаться <b>к врачу</b>",
    "contact_name": "Петров П. П.",
    "contact_phone": "+79161234567",
    "contact_email": "petrov@example.org",
}


@pytest.fixture
async def site(sqlite):
    """A desk with a login per role."""
    return await site_on(sqlite)


async def opened(site, **given):
    """Return a new card by a call."""
    card = open_card(site.desk.journal.rules, MONDAY, Channel.TELEPHONE, caller="+79161234567", **given)
    return await site.desk.journal.cards.add(card, Entry(MONDAY, "system"), talk=Talk("c1", "101", MONDAY, 61.0))


async def in_work(site):
    """Return a registered card."""
    card = await opened(site)
    admin = Person("administrator", "А", Role.ADMINISTRATOR, site.desk.journal.service)
    changes = {**FORM, "reason_id": site.reason}
    return await site.desk.journal.move(admin, Seen(card.id, 1), T.REGISTER, changes, MONDAY)


def test_every_word_exists_in_both_languages():
    """Nothing is shown in one language only; operators' states all have a name."""
    for text in [*WORDS.values(), *AGENT_STATES.values()]:
        assert text.en
        assert text.ru
    assert set(AGENT_STATES) == set(AgentState)


@pytest.mark.parametrize("role", Role)
async def test_each_door_opens_for_those_with_its_right_alone(site, role):
    """The role matrix, door by door; also nobody without a login gets in."""
    stranger = await site.client()
    client = await site.client(role)
    token = form_token(await client.get(f"{BASE}/journal"))
    for door in DOORS:
        if door.path.endswith("events"):
            continue  # an endless stream: its guard is the same function, its contents are tested in the browser
        path = re.sub(r"\{\w+:int\}", "99", door.path)
        answer = await stranger.request(door.method, BASE + path)
        assert answer.headers["location"] == f"{BASE}/login"
        answer = await client.request(door.method, BASE + path, data={"form_token": token})
        allowed = door.right is None or door.right in MATRIX[role]
        if allowed:
            assert answer.status_code in {200, 303, 400, 404, 422}, door
        else:
            assert answer.status_code == 403, door
        if door.path == "/language":
            await client.post(BASE + path, data={"form_token": token})
    await client.aclose()
    await stranger.aclose()


async def test_a_wrong_password_five_times_locks_the_name_for_a_while(site):
    """Guessing is braked, also for names that do not exist; afterwards one gets in."""
    client = await site.client()
    for name in ("administrator", "nobody"):
        for _ in range(5):
            answer = await client.post(f"{BASE}/login", data={"login": name, "password": "x"})
            assert answer.status_code == 401
        answer = await client.post(f"{BASE}/login", data={"login": name, "password": PASSWORD})
        assert answer.status_code == 429
    site.floor.at += LOCKED_S + 1
    answer = await client.post(f"{BASE}/login", data={"login": "administrator", "password": PASSWORD})
    assert answer.status_code == 303


async def test_the_cookie_is_for_this_site_alone_and_ends(site):
    """Secure, HttpOnly, SameSite=Strict; dead after a shift, after logging out and once access is withdrawn."""
    client = await site.client()
    answer = await client.post(f"{BASE}/login", data={"login": "operator_1", "password": PASSWORD})
    flags = answer.headers["set-cookie"].lower()
    assert all(flag in flags for flag in ("httponly", "secure", "samesite=strict", f"path={BASE}"))
    assert (await client.get(f"{BASE}/journal")).status_code == 200
    secret = client.cookies[COOKIE]
    await post(client, "/logout")
    client.cookies.set(COOKIE, secret, domain="desk.example.org", path=BASE)
    assert (await client.get(f"{BASE}/journal")).status_code == 303
    client = await site.client(Role.OPERATOR_2)
    await site.desk.people.set_active(site.desk.journal.service, "operator_2", active=False)
    assert (await client.get(f"{BASE}/journal")).status_code == 303
    client = await site.client(Role.OPERATOR_1)
    site.floor.at += SESSION_S + 1
    assert (await client.get(f"{BASE}/journal")).status_code == 303


async def test_a_form_of_another_site_does_nothing(site):
    """Without the session's token a POST is refused, whatever it asks for."""
    card = await opened(site)
    client = await site.client(Role.OPERATOR_1)
    for token in ("", "x"):
        fields = {"form_token": token, "version": "1", "do": "save", "description": "чужое"}
        answer = await client.post(f"{BASE}/cards/{card.id}", data=fields)
        assert answer.status_code == 400
    assert (await site.desk.journal.cards.get(card.id)).description == ""


async def test_somebody_of_another_service_sees_nothing(site):
    """A session of one service is none at another's desk."""
    foreign = Person("foreign", "Ч", Role.ADMINISTRATOR, "saratov-122")
    await site.desk.people.put(foreign, hash_password(PASSWORD))
    client = await site.client("foreign")
    assert (await client.get(f"{BASE}/journal")).status_code == 403


async def test_pages_carry_their_protection(site):
    """Nothing from elsewhere, nothing cached, texts escaped."""
    await in_work(site)
    client = await site.client(Role.OPERATOR_1)
    page = await client.get(f"{BASE}/journal")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "&lt;b&gt;к врачу" in page.text
    assert "<b>к врачу" not in page.text
    assert "style=" not in page.text
    assert " onclick" not in page.text


async def test_a_card_from_the_call_to_its_end(site):
    """Registered, handed over, taken back, deferred, finished: with the buttons that the page shows at each step."""
    card = await opened(site)
    client = await site.client(Role.OPERATOR_2)
    path = f"/cards/{card.id}"

    async def press(button, **fields):
        page = await client.get(BASE + path)
        assert f'value="{button}"' in page.text
        version = re.search(r'name="version" value="(\d+)"', page.text)[1]
        answer = await post(client, path, do=button, version=version, **fields)
        assert answer.status_code == 303, answer.text
        return await site.desk.journal.cards.get(card.id)

    assert (await press("register", reason_id=str(site.reason), **FORM)).state is CardState.IN_WORK
    handed = await press("hand_over", holder="clinic", organisation_id=str(site.clinic), note="по месту жительства")
    assert (handed.state, handed.holder) == (CardState.HANDED_OVER, Holder.CLINIC)
    assert (await press("take_back")).state is CardState.IN_WORK
    deferred = await press("defer", promised_at="2026-11-20T09:00")
    assert deferred.promised_at > MONDAY
    assert (await press("resume")).state is CardState.IN_WORK
    done = await press("finish", measures="Записан на 1 декабря")
    assert done.state is CardState.FINISHED
    page = await client.get(BASE + path)
    assert "по месту жительства" in page.text
    assert "Записан на 1 декабря" in page.text
    assert 'value="reopen"' not in page.text  # this service's regulation knows no reopening


async def test_what_is_missing_is_said_and_what_was_typed_is_kept(site):
    """A refused move stores nothing and loses nothing."""
    card = await opened(site)
    client = await site.client(Role.OPERATOR_1)
    answer = await post(client, f"/cards/{card.id}", do="register", version="1", description="Уже набрано")
    assert answer.status_code == 422
    assert 'href="#reason_id"' in answer.text
    assert "Уже набрано</textarea>" in answer.text
    assert (await site.desk.journal.cards.get(card.id)).version == 1


async def test_two_people_on_one_card_see_each_others_text(site):
    """The second is shown both texts, keeps his own in the form, and can save over the first knowingly."""
    card = await opened(site)
    anna, boris = await site.client(Role.OPERATOR_1), await site.client(Role.OPERATOR_2)
    await post(anna, f"/cards/{card.id}", do="save", version="1", description="от Анны")
    answer = await post(boris, f"/cards/{card.id}", do="save", version="1", description="от Бориса")
    assert answer.status_code == 409
    assert "<td>от Анны</td><td>от Бориса</td>" in answer.text
    assert "от Бориса</textarea>" in answer.text
    assert 'name="version" value="2"' in answer.text
    assert (await site.desk.journal.cards.get(card.id)).description == "от Анны"
    answer = await post(boris, f"/cards/{card.id}", do="save", version="2", description="от Бориса")
    assert answer.status_code == 303
    assert (await site.desk.journal.cards.get(card.id)).description == "от Бориса"


async def test_a_button_that_is_no_longer_possible_says_so(site):
    """Finishing what a colleague has finished meanwhile is refused on the page."""
    card = await in_work(site)
    client = await site.client(Role.OPERATOR_1)
    await post(client, f"/cards/{card.id}", do="finish", version=str(card.version), measures="x")
    answer = await post(client, f"/cards/{card.id}", do="finish", version=str(card.version), measures="y")
    assert answer.status_code == 422
    assert "В этом состоянии это невозможно" in answer.text


async def test_a_card_by_hand(site):
    """J2: paper, in person, a voice message; registered at once if all is there."""
    client = await site.client(Role.OPERATOR_1)
    fields = {"channel": "voice_message", "anonymous_shown": "1", **FORM, "reason_id": str(site.reason)}
    answer = await post(client, "/cards/new", do="register", **fields)
    card = await site.desk.journal.cards.get(int(answer.headers["location"].split("/")[-1].split("?")[0]))
    assert (card.channel, card.state, card.responsible) == (Channel.VOICE_MESSAGE, CardState.IN_WORK, "operator_1")
    answer = await post(client, "/cards/new", do="register", anonymous="on", anonymous_shown="1")
    assert answer.status_code == 422
    answer = await post(client, "/cards/new", do="save", anonymous="on", anonymous_shown="1", channel="paper")
    assert (await site.desk.journal.cards.get(3)).anonymous


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/cards/1", {"version": "x", "do": "save"}),
        ("/cards/1", {"version": "1", "do": "explode"}),
        ("/cards/1", {"version": "1", "do": "save", "urgency": "endless"}),
        ("/cards/1", {"version": "1", "do": "save", "reason_id": "x"}),
        ("/cards/1", {"version": "1", "do": "defer", "promised_at": "tomorrow"}),
        ("/cards/1", {"version": "1", "do": "save", "description": "x" * 300_000}),
        ("/state", {"do": "fly"}),
        ("/knowledge", {"kind": "script"}),
        ("/knowledge", {"kind": "spell", "title": "a", "body": "b"}),
    ],
)
async def test_a_form_that_no_page_sends_is_refused(site, path, fields):
    """Values that are none end in a page that says so, never in an error of ours."""
    await opened(site)
    client = await site.client(Role.OPERATOR_2)
    assert (await post(client, path, **fields)).status_code == 400


async def test_the_journal_is_searched_and_turned_over(site):
    """Words, states, own cards, number; the next page follows the last card of this one."""
    for _ in range(51):
        await opened_plain(site)
    last = await in_work(site)
    client = await site.client(Role.OPERATOR_1)
    first = await client.get(f"{BASE}/journal")
    assert 'name="before" value="3"' in first.text
    assert (await client.get(f"{BASE}/journal?before=3")).text.count('<tr class="white">') == 2
    assert (await client.get(f"{BASE}/journal?text=запись+записаться")).text.count("<tr class=") == 1
    assert (await client.get(f"{BASE}/journal?state=in_work")).text.count("<tr class=") == 1
    assert (await client.get(f"{BASE}/journal?mine=1&open=1&breached=1")).text.count("<tr class=") == 0
    assert (await client.get(f"{BASE}/journal?state=odd")).status_code == 400
    answer = await client.get(f"{BASE}/find?text=1300-2026-000052")
    assert answer.headers["location"] == f"{BASE}/cards/{last.id}"
    assert (await client.get(f"{BASE}/find?text=2026-999")).status_code == 404
    assert "text=" in (await client.get(f"{BASE}/find?text=Петров")).headers["location"]


async def opened_plain(site):
    """Store a new card without a talk."""
    fresh = open_card(site.desk.journal.rules, MONDAY, Channel.EMAIL)
    await site.desk.journal.cards.add(fresh, Entry(MONDAY, "system"))


async def test_an_operator_works_his_telephone_from_the_desk(site):
    """On the line, pause with its reason, back, off the line: by the engine, with the operator as the actor."""
    site.floor.post(AgentBecameReachable("101"))
    client = await site.client(Role.OPERATOR_1)

    async def press(do, **fields):
        answer = await post(client, "/state", do=do, **fields)
        assert answer.status_code == 303
        return (await client.get(f"{BASE}/")).text

    assert "свободен" in await press("login")
    assert "пауза: Обед" in await press("pause", reason="lunch")
    assert (await post(client, "/state", do="pause", reason="обед")).status_code == 400  # no reason of this site
    assert "свободен" in await press("resume")
    assert "не на линии" in await press("logout")
    admin = await site.client(Role.ADMINISTRATOR)
    assert (await post(admin, "/state", do="login")).status_code == 400


async def talk(site, call="c1"):
    """Operator 101 logs in and answers a call."""
    site.floor.post(AgentBecameReachable("101"))
    site.floor.log_in()
    site.floor.post(CallArrived(call, site.desk.journal.service, "+79161234567", site.floor.at))
    site.floor.answer()


async def test_the_strip_of_the_telephone_is_drawn_by_itself(site):
    """Asked by the page's script, a deed answers with the strip alone: what is typed into a card stays."""
    site.floor.post(AgentBecameReachable("101"))
    client = await site.client(Role.OPERATOR_1)
    token = form_token(await client.get(f"{BASE}/"))
    inline = {"x-desk-inline": "1"}
    part = await client.post(f"{BASE}/state", data={"form_token": token, "do": "login"}, headers=inline)
    assert part.headers["x-desk-part"] == "phone.html"
    assert 'data-state="ready"' in part.text
    assert "<html" not in part.text
    assert 'data-state="ready"' in (await client.get(f"{BASE}/phone", headers=inline)).text
    assert 'id="phone"' not in (await (await site.client(Role.ADMINISTRATOR)).get(f"{BASE}/journal")).text


async def test_an_operator_sits_down_at_any_free_telephone(site):
    """Hot desks: his own is offered first; one that is taken, or none at all, is refused with the reason."""
    for number in ("101", "102"):
        site.floor.post(AgentBecameReachable(number))
    client = await site.client(Role.OPERATOR_1)
    page = await client.get(f"{BASE}/")
    assert '<option value="op101" selected>' in page.text
    site.floor.log_in_at("102", "op103", "test", oust=False)
    fields, inline = {"form_token": form_token(page), "do": "login"}, {"x-desk-inline": "1"}

    async def sit(telephone):
        return (await client.post(f"{BASE}/state", data={**fields, "telephone": telephone}, headers=inline)).text

    assert "работает другой оператор" in await sit("op103")
    assert "Выберите телефон" in await sit("")
    assert 'data-state="ready"' in await sit("op102")
    assert site.floor.seats["op102"] == "101"


async def test_an_operator_says_that_his_talk_broke(site):
    """C1: the caller is owed a call-back; without a talk the desk says so."""
    client = await site.client(Role.OPERATOR_1)
    token = form_token(await client.get(f"{BASE}/"))
    fields = {"form_token": token, "do": "unfinished"}
    answer = await client.post(f"{BASE}/state", data=fields, headers={"x-desk-inline": "1"})
    assert "Недавнего разговора нет" in answer.text
    await talk(site)
    site.floor.at += 60
    site.floor.post(CallerHungUp("c1"))
    answer = await client.post(f"{BASE}/state", data=fields, headers={"x-desk-inline": "1"})
    assert "Абоненту перезвонят" in answer.text
    (owed,) = site.floor.callbacks.snapshot().rows
    assert (owed.number, owed.by) == ("+79161234567", "operator_1")


async def test_an_operator_hands_his_caller_on_from_the_desk(site):
    """D3, D4: to a colleague, a line or outside; what cannot be is said, and the talk goes on."""
    client = await site.client(Role.OPERATOR_1)
    token = form_token(await client.get(f"{BASE}/"))
    inline = {"x-desk-inline": "1"}
    fields = {"form_token": token, "do": "transfer", "to": "102"}
    assert "Нет разговора" in (await client.post(f"{BASE}/state", data=fields, headers=inline)).text
    await talk(site)
    assert '<option value="102">' in (await client.get(f"{BASE}/phone")).text
    assert "Туда передать нельзя" in (await client.post(f"{BASE}/state", data=fields, headers=inline)).text
    asked = []

    async def transfer(*what, agreed):
        asked.append((*what, agreed))

    site.floor.transfers.transfer = transfer
    done = await client.post(f"{BASE}/state", data={**fields, "agreed": "on"}, headers=inline)
    assert "Абонент передаётся" in done.text
    assert asked == [("c1", "102", "operator_1", True)]
    assert ("transfer", "c1 102") in [(one.action, one.detail) for one in await site.desk.journal.trail.read()]


def test_every_refusal_of_a_transfer_has_its_words():
    """Whatever `acd.transferring` answers can be said at the desk."""
    source = inspect.getsource(transferring)
    codes = set(re.findall(r'TransferImpossible\(\s*"(\w+)"', source))
    assert codes
    assert {f"transfer_{code}" for code in codes} <= set(WORDS)


async def test_the_end_of_questioning_is_marked_from_the_desk(site):
    """K3, K4: the mark divides the talk, by the operator's own button."""
    client = await site.client(Role.OPERATOR_1)
    await talk(site)
    site.floor.at += 40
    page = await post(client, "/state", do="questioned")
    assert page.status_code == 303
    (mark,) = [fact for fact in site.floor.facts if isinstance(fact, QuestioningEnded)]
    assert (mark.call, mark.agent, mark.at) == ("c1", "101", site.floor.at)


async def test_a_call_back_is_booked_for_a_card(site):
    """UDM 5.9: at the promised time, by whoever promised; what cannot be called is refused with the reason."""
    card = await opened(site, line=site.desk.journal.service, contact_phone="+79161234567")
    client = await site.client(Role.OPERATOR_1)
    path = f"/cards/{card.id}/callback"
    answer = await post(client, path, number="+79161234567", at="2026-11-16T15:30", mine="on")
    assert answer.headers["location"].endswith("callback=booked")
    (booked,) = site.floor.callbacks.snapshot().rows
    assert (booked.number, booked.agent, booked.by) == ("+79161234567", "101", "operator_1")
    async with site.desk.engine.connect() as connection:
        assert await card_of_callback(connection, site.desk.journal.service, booked.request) == card.id
        assert await card_of_callback(connection, "another", booked.request) is None
    assert ("callback", card.id) in [(one.action, one.card) for one in await site.desk.journal.trail.read()]
    token = form_token(await client.get(f"{BASE}/journal"))
    fields = {"form_token": token, "number": "112", "at": ""}
    refused = await client.post(BASE + path, data=fields, headers={"x-desk-inline": "1"})
    assert refused.status_code == 422
    assert "Это не номер телефона" in refused.text
    assert (await post(client, path, number="", at="")).status_code == 400


async def test_the_wallboard_shows_the_lines(site):
    """Each line and the total, with today's shares."""
    site.floor.post(CallArrived("c1", site.desk.journal.service, "+79161234567", site.floor.at))
    client = await site.client(Role.ADMINISTRATOR)
    page = (await client.get(f"{BASE}/wallboard")).text
    assert '<th scope="row">122</th>' in page  # the line's title
    assert "Все линии" in page


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


async def test_the_trail_is_shown(site):
    """S2: the administrator sees who looked at a card."""
    card = await opened(site)
    operator, admin = await site.client(Role.OPERATOR_1), await site.client(Role.ADMINISTRATOR)
    await operator.get(f"{BASE}/cards/{card.id}")
    assert "<td>operator_1</td><td>read</td>" in (await admin.get(f"{BASE}/trail?card={card.id}")).text
    assert (await admin.get(f"{BASE}/trail?card=x")).status_code == 400


async def test_the_officials_link(site):
    """The page itself knows no secret; with it the official sees one card, writes the result once, and no more."""
    card = await in_work(site)
    admin = Person("administrator", "А", Role.ADMINISTRATOR, site.desk.journal.service)
    changes = {"holder": Holder.CLINIC, "organisation_id": site.clinic}
    await site.desk.journal.move(admin, Seen(card.id, card.version), T.HAND_OVER, changes, MONDAY)
    body = (await site.desk.outbox.due(MONDAY, 10))[-1].message.body
    address, secret = re.search(r"(https://\S+)#(\S+)", body).groups()
    assert address.endswith(f"{BASE}/result")
    client = await site.client()
    assert "data-link" in (await client.get(f"{BASE}/result")).text
    page = await client.post(f"{BASE}/result", data={"secret": secret})
    assert "Петров П. П." in page.text
    assert (await client.post(f"{BASE}/result", data={"secret": "wrong"})).status_code == 404
    fields = {"secret": secret, "do": "enter_result", "version": "3"}
    assert (await client.post(f"{BASE}/result", data={**fields, "measures": " "})).status_code == 422
    answer = await client.post(f"{BASE}/result", data={**fields, "measures": "Принят врачом"})
    assert "Результат сохранён" in answer.text
    assert (await site.desk.journal.cards.get(card.id)).measures == "Принят врачом"
    again = await client.post(f"{BASE}/result", data={**fields, "measures": "Другое"})
    assert "Принят врачом" in again.text
    assert (await site.desk.journal.cards.get(card.id)).measures == "Принят врачом"


async def test_the_other_language(site):
    """One press, and every page speaks English, also after the next login; the login page follows the browser."""
    client = await site.client(Role.ADMINISTRATOR)
    assert "Рабочее место" in (await client.get(f"{BASE}/")).text
    await post(client, "/language")
    again = await site.client(Role.ADMINISTRATOR)
    for path in (
        "/",
        "/journal",
        "/knowledge",
        "/catalogues",
        "/people",
        "/trail",
        "/reports",
        "/wallboard",
        "/cards/new",
    ):
        text = re.sub(
            r"<(td|option|span|input|button|strong)\b[^>]*>[^<]*", "", (await again.get(f"{BASE}/{path}")).text
        )
        assert not re.search("[а-яё]", text, re.IGNORECASE), path
    stranger = await site.client(**{"accept-language": "en-GB"})
    assert "Password" in (await stranger.get(f"{BASE}/login")).text

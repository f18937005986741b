"""Cards at the desk, as a browser sees them without a browser: from the call or by hand to the official's result."""

import re

import pytest

from acd.journal.cards import Channel, open_card
from acd.journal.roles import Person, Role
from acd.journal.service import Seen
from acd.journal.states import CardState, CardTrigger, Holder
from acd.journal.store.cards import Entry
from tests.journal.test_cards import MONDAY
from tests.journal.website import BASE, FORM, in_work, opened, post

T = CardTrigger


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

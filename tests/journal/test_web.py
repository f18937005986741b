"""The desk's doors as a browser sees them, without a browser: rights, log-in, forms of other sites, languages."""

import re

import pytest

from acd.journal.roles import MATRIX, Person, Role
from acd.journal.store.people import hash_password
from acd.journal.web.access import COOKIE, LOCKED_S, SESSION_S
from acd.journal.web.app import DOORS
from acd.journal.web.words import AGENT_STATES, WORDS
from queue_engine.facts import AgentState
from tests.journal.website import BASE, PASSWORD, form_token, in_work, opened, post, with_records


def test_every_word_exists_in_both_languages():
    """Nothing is shown in one language only; operators' states all have a name."""
    for text in [*WORDS.values(), *AGENT_STATES.values()]:
        assert text.en
        assert text.ru
    assert set(AGENT_STATES) == set(AgentState)


@pytest.mark.parametrize("role", Role)
async def test_each_door_opens_for_those_with_its_right_alone(site, role):
    """The role matrix, door by door; also nobody without a login gets in."""
    await with_records(site)
    stranger = await site.client()
    client = await site.client(role)
    token = form_token(await client.get(f"{BASE}/journal"))
    for door in DOORS:
        if door.path.endswith("events"):
            continue  # an endless stream: its guard is the same function, its contents are tested in the browser
        path = re.sub(r"\{\w+(:int)?\}", "99", door.path)
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


async def test_the_other_language(site):
    """One press, and every page speaks English, also after the next login; the login page follows the browser."""
    client = await site.client(Role.ADMINISTRATOR)
    assert "Рабочее место" in (await client.get(f"{BASE}/")).text
    await post(client, "/language")
    again = await site.client(Role.ADMINISTRATOR)
    await with_records(site)
    for path in (
        "/campaigns",
        "/do-not-call",
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

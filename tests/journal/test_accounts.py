"""Accounts: how passwords are kept and changed, and what ends a session."""

import pytest

from acd.control.access import Identity
from acd.control.access import Role as ControlRole
from acd.journal.roles import Person, Role
from acd.journal.store.people import hash_password
from acd.journal.web import access
from acd.journal.web.access import ATTEMPTS, LOCKED_S, SESSION_S, Brake, DeskGuard
from tests.journal.test_cards import MONDAY
from tests.journal.website import BASE, PASSWORD, form_token, site_on

NEW = "another horse battery"


@pytest.fixture
async def site(sqlite):
    """A desk with a login per role."""
    return await site_on(sqlite)


async def change(client, **fields):
    """Send the form for another password."""
    token = form_token(await client.get(f"{BASE}/password"))
    return await client.post(f"{BASE}/password", data={"form_token": token, **fields})


async def test_passwords_are_kept_by_argon2_alone(site):
    """What is stored names the algorithm with its cost, and is never the password."""
    stored = await site.desk.people.password_of("operator_1")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in stored


async def test_one_changes_ones_own_password(site):
    """The new one opens, the old one does not; whoever else is logged in under the name has to log in anew."""
    here, elsewhere = await site.client(Role.OPERATOR_1), await site.client(Role.OPERATOR_1)
    answer = await change(here, old=PASSWORD, new=NEW, again=NEW)
    assert "Пароль изменён" in answer.text
    assert (await here.get(f"{BASE}/journal")).status_code == 200
    assert (await elsewhere.get(f"{BASE}/journal")).status_code == 303
    stranger = await site.client()
    for password, status in ((PASSWORD, 401), (NEW, 303)):
        answer = await stranger.post(f"{BASE}/login", data={"login": "operator_1", "password": password})
        assert answer.status_code == status
    assert ("operator_1", "password") in [(one.actor, one.action) for one in await site.desk.journal.trail.read()]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"old": "guessed guessed", "new": NEW, "again": NEW}, "Прежний пароль указан неверно"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "не короче 12 знаков"),
        ({"old": PASSWORD, "new": NEW, "again": NEW + "x"}, "Новые пароли не совпадают"),
    ],
)
async def test_a_password_that_cannot_be_changed_so_stays(site, fields, told):
    """The page says why."""
    client = await site.client(Role.OPERATOR_1)
    answer = await change(client, **fields)
    assert answer.status_code == 422
    assert told in answer.text
    assert (await site.client(Role.OPERATOR_1)) is not None  # the old one still opens


async def test_a_stolen_session_cannot_guess_the_password(site):
    """The brake of the login counts these attempts too."""
    client = await site.client(Role.OPERATOR_1)
    for _ in range(ATTEMPTS):
        assert (await change(client, old="guessed guessed", new=NEW, again=NEW)).status_code == 422
    assert (await change(client, old=PASSWORD, new=NEW, again=NEW)).status_code == 429


async def test_a_password_or_role_given_by_the_administrator_ends_the_sessions(site):
    """Nobody goes on with rights that he had."""
    client = await site.client(Role.OPERATOR_1)
    person = Person("operator_1", "Анна", Role.OPERATOR_1, site.desk.journal.service)
    await site.desk.people.put(person, hash_password(NEW))
    assert (await client.get(f"{BASE}/journal")).status_code == 303


async def test_one_log_in_opens_the_desk_and_the_control_api(site):
    """A program logs in at the desk, and its token is that of the control API, with the rights of the person."""
    stranger = await site.client()
    guard = DeskGuard(site.floor.now)
    tokens = {}
    for role in Role:
        answer = await stranger.post(
            f"{BASE}/login", data={"login": str(role), "password": PASSWORD}, headers={"accept": "application/json"}
        )
        assert "set-cookie" not in answer.headers
        tokens[role] = answer.json()["token"]
        assert await guard.identify(tokens[role]) is None  # no journal is served yet
    guard.people = site.desk.people
    found = {role: await guard.identify(token) for role, token in tokens.items()}
    assert found == {
        Role.OPERATOR_1: Identity("operator_1", ControlRole.OPERATOR, "101"),
        Role.OPERATOR_2: Identity("operator_2", ControlRole.OPERATOR, "102"),
        Role.OPERATOR_3: Identity("operator_3", ControlRole.OPERATOR, "103"),
        Role.ADMINISTRATOR: Identity("administrator", ControlRole.SUPERVISOR),
        Role.INSURER: None,
        Role.OFFICIAL: None,
    }
    bearer = {"authorization": f"Bearer {tokens[Role.OPERATOR_1]}"}
    assert (await stranger.get(f"{BASE}/journal", headers=bearer)).status_code == 200
    assert await guard.identify("guessed") is None
    site.floor.at += SESSION_S + 1
    assert await guard.identify(tokens[Role.OPERATOR_1]) is None


def test_the_brake_has_a_bound_and_keeps_who_is_locked(monkeypatch):
    """Names tried at random neither fill the memory nor free a name that is locked."""
    monkeypatch.setattr(access, "NAMES", 4)
    brake = Brake()
    for _ in range(ATTEMPTS):
        brake.miss("anna", MONDAY)
    for number in range(100):
        brake.miss(f"name{number}", MONDAY)
        assert len(brake.failed) <= 4
    assert brake.locked("anna", MONDAY)
    assert not brake.locked("anna", MONDAY + LOCKED_S + 1)

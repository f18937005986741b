"""A desk on a real engine: people of every role, lines 122 and what calls do to them, served without a network."""

import asyncio
import re
from array import array
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from starlette.applications import Starlette
from starlette.routing import Mount

from acd.journal.cards import Channel, open_card
from acd.journal.from_calls import CardsFromCalls, Story
from acd.journal.letters import Letters
from acd.journal.roles import Person, Role
from acd.journal.service import Journal, Seen
from acd.journal.states import CardTrigger, Holder
from acd.journal.store.cards import Entry
from acd.journal.store.knowledge import Knowledge
from acd.journal.store.lists import Lists
from acd.journal.store.outbox import Outbox
from acd.journal.store.people import People, hash_password
from acd.journal.store.talks import Talk
from acd.journal.web.access import Sessions
from acd.journal.web.app import desk_routes
from acd.journal.web.desk import Desk
from acd.journal.web.hub import Hub
from acd.messages.desk import MessageDesk
from acd.prompts.wav import RATE, write_wav
from ami_bridge.ended import EndedCall, LeftMessage
from callback.inputs import CapacityChanged
from metrics.records.database import async_url, upgrade
from tests.acd.stage import HOST, SITE, Stage, StageCampaigns
from tests.journal.conftest import rules_of
from tests.journal.test_cards import MONDAY

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
BASE = "/desk"
FORM = {
    "description": "Не могу записаться <b>к врачу</b>",
    "contact_name": "Петров П. П.",
    "contact_phone": "+79161234567",
    "contact_email": "petrov@example.org",
}
"""What an operator types into a card."""


class Floor(Stage):
    """A stage whose line has the service's name, with the telephones of three operators; its facts reach the desk."""

    def __init__(self, hub, folder, line):
        text = SITE.replace('name = "saratov-122"', f'name = "{line}"') + MORE
        path = folder / "acd.toml"
        path.write_text(text.format(home=folder, host=HOST, port=8122, ami_port=5038, secret="s3cret"), "utf-8")
        path.chmod(0o600)
        self.hub, self.listeners = hub, []
        super().__init__(path, MONDAY)
        self.callbacks.handle(CapacityChanged(line, 2))
        # Pages look for voice messages; without a pool no connection outlives the page.
        self.records = create_async_engine(async_url(self.config.database.url), poolclass=NullPool)
        self.messages = MessageDesk(lambda: self.config, self.now, self.records, self.told.append)
        self.campaigning = StageCampaigns(self)
        self.sinks += [hub.on_fact, lambda fact: [listener(fact) for listener in self.listeners]]


MORE = """
[[operator]]
number = "103"

[[telephone]]
name = "op103"
"""


@dataclass
class Site:
    """A served desk."""

    desk: Desk
    app: Starlette
    floor: Floor
    facts: list
    reason: int
    clinic: int
    insurer: int

    async def client(self, role=None, **headers):
        """Return a browser without a screen, logged in with this role."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="https://desk.example.org", headers=headers
        )
        if role is not None:
            answer = await client.post(f"{BASE}/login", data={"login": str(role), "password": PASSWORD})
            assert answer.status_code == 303
        return client


def form_token(page):
    """Return the token of a page's forms."""
    return re.search(r'name="form_token" value="([^"]+)"', page.text)[1]


async def post(client, path, **fields):
    """Send a form as a person would who sees the journal's page."""
    page = await client.get(f"{BASE}/journal")
    return await client.post(f"{BASE}{path}", data={"form_token": form_token(page), **fields})


async def leave_message(site, call):
    """Let a caller leave ten seconds of sound with the secretary, and open its card; return the file."""
    line = site.desk.journal.service
    file = f"2026-11-23/{call}.wav"
    path = site.floor.config.messages.directory / file
    path.parent.mkdir(parents=True)
    write_wav(path, array("h", bytes(2 * 10 * RATE)))
    left = LeftMessage(file, MONDAY - 10, MONDAY)
    ended = EndedCall(call, line, "+79161234567", MONDAY, MONDAY, None, "", 16, "secretary", "new", None, left)
    await site.floor.messages.learn("main", {call: ended})
    async with site.desk.engine.begin() as connection:
        cards = CardsFromCalls({line: site.desk.journal}, site.desk.people)
        await cards.apply(connection, site.floor.told[-1], Story())
    return path


async def site_on(engine, profile="sakhalin-1300", *, address="https://desk.example.org/desk", secure=True):
    """Return a desk with a login per role, password `PASSWORD`."""
    rules = rules_of(profile)
    hub, facts = Hub(), []

    def publish(fact):
        facts.append(fact)
        hub.on_journal(fact)

    journal = Journal(engine, rules, Letters(rules.work), publish=publish, address=address)
    people = People(engine)
    sessions = Sessions(people)
    floor = Floor(hub, Path(engine.url.database).parent, profile)
    desk = Desk(
        engine, journal, Lists(engine), Knowledge(engine), people, Outbox(engine), floor, hub, sessions, secure=secure
    )
    reason = await journal.catalogues.add_reason(profile, "Запись к врачу")
    clinic = await journal.catalogues.add_organisation(profile, Holder.CLINIC, "Городская больница № 1")
    insurer = await journal.catalogues.add_organisation(profile, Holder.INSURER, "Страховая компания")
    await journal.catalogues.add_official(clinic, "Смирнова О. И.", "clinic@example.org")
    numbers = {Role.OPERATOR_1: "101", Role.OPERATOR_2: "102", Role.OPERATOR_3: "103"}
    for role in Role:
        organisation = insurer if role is Role.INSURER else None
        person = Person(str(role), f"Сотрудник ({role})", role, profile, numbers.get(role), organisation)
        await people.put(person, HASH)
    app = Starlette(routes=[Mount(BASE, routes=desk_routes(desk, sessions))])
    return Site(desk, app, floor, facts, reason, clinic, insurer)


async def with_records(site):
    """Give the centre behind a desk its database of records, which call lists are kept in; return the desk."""
    await asyncio.to_thread(upgrade, site.floor.config.database.url)
    return site


async def opened(site, **given):
    """Return a new card by a call."""
    card = open_card(site.desk.journal.rules, MONDAY, Channel.TELEPHONE, caller="+79161234567", **given)
    return await site.desk.journal.cards.add(card, Entry(MONDAY, "system"), talk=Talk("c1", "101", MONDAY, 61.0))


async def in_work(site):
    """Return a registered card."""
    card = await opened(site)
    admin = Person("administrator", "А", Role.ADMINISTRATOR, site.desk.journal.service)
    changes = {**FORM, "reason_id": site.reason}
    return await site.desk.journal.move(admin, Seen(card.id, 1), CardTrigger.REGISTER, changes, MONDAY)

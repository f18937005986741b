"""A desk that listens on loopback, and what every person does first at it in a real browser."""

import asyncio
import socket
from contextlib import asynccontextmanager

import uvicorn

from acd.campaigns.model import NewContact, Settings
from acd.journal.from_calls import CardsFromCalls
from callback.kinds import BarScope
from callback.lists import Pacing
from tests.journal.browser import window
from tests.journal.website import PASSWORD, site_on, with_records

LINE = "kemerovo-support"


@asynccontextmanager
async def served(engine):
    """Serve a desk on loopback, with calls that open cards."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    site = await site_on(engine, LINE, address=f"http://127.0.0.1:{port}/desk", secure=False)
    site.address = site.desk.journal._address

    def publish(fact):
        site.facts.append(fact)
        site.floor.hub.on_journal(fact)

    site.cards = CardsFromCalls({LINE: site.desk.journal}, site.desk.people)
    site.publish = publish
    server = uvicorn.Server(
        uvicorn.Config(site.app, lifespan="off", log_config=None, timeout_graceful_shutdown=1, ws="none")
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield site
    finally:
        server.should_exit = True
        await task


def log_in(browser, address, role):
    """Log in as somebody of this role."""
    browser.go(f"{address}/login")
    browser.type("#login", str(role))
    browser.type("#password", PASSWORD)
    browser.press("button.main")
    browser.wait_for("nav a[aria-current]")


async def in_browser(driver, work, *args):
    """Run the steps of a person in a thread, while the server goes on here."""

    def run():
        with window(driver) as browser:
            work(browser, *args)

    await asyncio.to_thread(run)


async def with_a_list(site):
    """Give the centre behind a desk a list called on request, with two contacts, and a number not to call."""
    await with_records(site)
    lists = site.floor.campaigning
    how = Settings(title="Напоминания", pacing=Pacing.PREVIEW, hours=("mon-sun 00:00-24:00",), script="Здравствуйте!")
    made = await lists.desk.add("remind", LINE, how, "administrator")
    contacts = (NewContact("+79271230001", "Анна", (("Клиника", "№ 3"),)), NewContact("+79271230002"))
    await lists.desk.fill(made, contacts)
    await lists.bars.add("+79271230009", BarScope.ALL, "просил", "administrator")
    return await lists.desk.change_state(made, "running", "administrator")

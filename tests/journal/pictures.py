"""The pictures of the documentation, made anew: `make pictures`, or `python -m tests.journal.pictures [FOLDER]`.

A card during a call and what became of it are taken from the tests with a real Asterisk; the journal, the analysis of a
month, a call list and a contact, which take many of their kind, are played here from a seed.
"""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from acd.campaigns.model import NewContact, Settings
from acd.journal.cards import Channel, move, open_card
from acd.journal.limits import Urgency
from acd.journal.roles import Person, Role
from acd.journal.states import CardTrigger, Holder
from acd.journal.store.cards import Entry
from acd.journal.store.database import open_journal, upgrade
from callback.lists import Pacing
from queue_engine.inputs import AgentBecameReachable
from tests.journal.browser import chromedriver
from tests.journal.served import LINE, in_browser, log_in, served
from tests.journal.test_cards import MONDAY
from tests.journal.website import with_records

DOCS = Path(__file__).parent.parent.parent / "docs" / "pictures"
TAKEN = {
    "desk-3-card": "desk-card",
    "desk-5-handed-over": "desk-handed-over",
    "desk-6-official": "desk-official",
}
"""Pictures of the tests with a real Asterisk, and what they are called in the documentation."""
TESTS = ("tests/integration/test_desk.py", "-k", "real_call")
STAFF = {
    Role.OPERATOR_1: "Анна Петрова",
    Role.OPERATOR_2: "Борис Ильин",
    Role.OPERATOR_3: "Вера Осипова",
    Role.ADMINISTRATOR: "Ольга Смирнова",
}
REASONS = ("Ошибка входа", "Не открывается форма записи", "Медленная работа", "Обучение", "Нет рецептов в списке")
CALLERS = ("Петров П. П.", "Сидорова А. И.", "Кузнецов О. В.", "Орлова М. К.", "Ким Д. С.")
RESULTS = (
    ("closed", "reached", "told", "101"),
    ("closed", "reached", "agreed", "102"),
    ("waiting", "no_answer", "", ""),
    ("closed", "reached", "told", "103"),
    ("waiting", "busy", "", ""),
    ("calling", "", "", "101"),
    ("waiting", "", "", ""),
    ("closed", "do_not_call", "", ""),
    ("waiting", "", "", ""),
)
"""What has become of the contacts of the list, over and over."""
CARDS = 400
DAY_S = 86_400.0


async def many_cards(site, chance):
    """Fill the journal with a month of appeals."""
    journal, rules = site.desk.journal, site.desk.journal.rules
    reasons = [await journal.catalogues.add_reason(LINE, title) for title in REASONS]
    begin = MONDAY - 27 * DAY_S
    for opened_at in sorted(begin + chance.randrange(27) * DAY_S + chance.randrange(9) * 3600 for _ in range(CARDS)):
        responsible = str(chance.choice(list(STAFF)))
        filled = {
            "contact_name": chance.choice(CALLERS),
            "contact_phone": f"+7916123{chance.randrange(300):04}",
            "reason_id": chance.choice(reasons),
            "description": "Не открывается форма записи к врачу",
            "responsible": responsible,
        }
        urgency = chance.choice(list(Urgency))
        card = open_card(rules, opened_at, Channel.TELEPHONE, caller=filled["contact_phone"], urgency=urgency)
        card = await journal.cards.add(card, Entry(opened_at, "system"))
        fate = chance.random()
        if fate > 0.07:
            card = move(card, CardTrigger.REGISTER, filled, rules, opened_at + 600)
            if fate > 0.2:
                done = {"measures": "Исправлено, проверено вместе с заявителем"}
                card = move(card, CardTrigger.FINISH, done, rules, opened_at + chance.uniform(0.1, 2.2) * DAY_S)
            elif fate > 0.13:
                card = move(card, CardTrigger.HAND_OVER, {"holder": Holder.SECOND_LINE}, rules, opened_at + 3600)
            await journal.cards.save(replace(card, version=1), card, Entry(opened_at + 600, responsible))


async def a_list(site):
    """Make a call list that is half done."""
    await with_records(site)
    desk, now = site.floor.campaigning.desk, site.floor.now()
    settings = Settings(title="Диспансеризация, ноябрь", script="Здравствуйте! Приглашаем на диспансеризацию.")
    made = await desk.add("checkups", LINE, settings, "administrator")
    await desk.fill(made, [NewContact(f"+791612300{at:02}", CALLERS[at % 5]) for at in range(36)])
    await desk.change_state(made, "running", "administrator")
    for at, contact in enumerate(await desk.store.page(made, 0, 100)):
        state, result, outcome, agent = RESULTS[at % len(RESULTS)]
        what = {"state": state, "result": result, "outcome": outcome, "agent": agent, "attempts": int(bool(result))}
        await desk.store.put(contact, now, **what, next_at=now + 3600)


async def a_list_on_request(site):
    """Make a call list whose contacts operators ask for."""
    desk = site.floor.campaigning.desk
    script = "Здравствуйте! Напоминаем, что Вы записаны к врачу на завтра.\nПридёте ли Вы?"
    hours = ("mon-sun 00:00-24:00",)
    settings = Settings(title="Напоминания о записи", pacing=Pacing.PREVIEW, script=script, hours=hours)
    made = await desk.add("reminders", LINE, settings, "administrator")
    details = (("Врач", "терапевт Смирнова О. И."), ("Время", "17 ноября, 10:20"), ("Поликлиника", "№ 3"))
    await desk.fill(made, [NewContact("+79161230301", "Орлова Мария Константиновна", details)])
    await desk.change_state(made, "running", "administrator")


async def played(folder, home):
    """Draw what is played: the journal, the analysis, the list, a contact."""
    url = f"sqlite:///{home}/journal.sqlite"
    await asyncio.to_thread(upgrade, url)
    engine = open_journal(url)
    async with served(engine) as site:
        for role, name in STAFF.items():
            person = Person(str(role), name, role, LINE, agent="101" if role is Role.OPERATOR_1 else None)
            await site.desk.people.put(person, await site.desk.people.password_of(str(role)))
        config = site.floor.config
        titled = config.site.model_copy(update={"title": "Служба 1300"})
        site.floor.config = config.model_copy(update={"site": titled})
        await many_cards(site, random.Random(1300))
        await a_list(site)
        await a_list_on_request(site)
        site.floor.post(AgentBecameReachable("101"))
        site.floor.log_in()

        def head(browser):
            log_in(browser, site.address, Role.ADMINISTRATOR)
            pages = {
                "journal": "/journal",
                "reports": "/reports?from=2026-10-20&to=2026-11-16",
                "list": "/campaigns/checkups",
            }
            for name, path in pages.items():
                browser.go(f"{site.address}{path}")
                browser.picture(folder / f"desk-{name}.png")

        def operator(browser):
            log_in(browser, site.address, Role.OPERATOR_1)
            browser.go(f"{site.address}/calling")
            browser.press("button[name=campaign]")
            browser.wait_for("[data-contact]")
            browser.picture(folder / "desk-contact.png")

        with chromedriver() as driver:
            await in_browser(driver, head)
            await in_browser(driver, operator)
    await engine.dispose()


def taken(folder, home):
    """Take pictures of the tests with a real Asterisk."""
    environment = {**os.environ, "ACD_PICTURES": str(home)}
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "0", *TESTS], env=environment, check=True)
    for name, wanted in TAKEN.items():
        shutil.copy(home / f"{name}.png", folder / f"{wanted}.png")


def main():
    """Make all of them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    folder.mkdir(parents=True, exist_ok=True)
    for make in (lambda home: asyncio.run(played(folder, home)), lambda home: taken(folder, home)):
        with tempfile.TemporaryDirectory(prefix="acd-pictures-") as home:
            make(Path(home))


if __name__ == "__main__":
    main()

"""The desk in a real Chromium: a call opens its card, keys work, nothing typed is lost, axe has no serious finding."""

import asyncio
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from acd.journal.cards import Channel, edit, open_card
from acd.journal.from_calls import Story
from acd.journal.roles import Person, Role
from acd.journal.service import Seen
from acd.journal.states import CardState, CardTrigger, Holder
from acd.journal.store.cards import Entry
from acd.journal.store.knowledge import ArticleKind, Proposal
from metrics.service_facts import VoiceMessageHeard
from queue_engine.facts import CallAnswered
from queue_engine.inputs import AgentBecameReachable, AgentLoggedIn, CallArrived, OfferAnswered
from tests.journal.browser import KEYS, window
from tests.journal.served import LINE, in_browser, log_in, served, with_a_list
from tests.journal.test_cards import MONDAY
from tests.journal.website import leave_message

AXE = "4.14.1"
CACHE = Path(__file__).parent.parent.parent / ".cache" / "axe"
NO_CARD = "/cards/99"
MESSAGE = "lab-1794798100.3"
PAGES = (
    "/", "/journal", "/cards/1", "/cards/2", "/cards/new", "/knowledge", "/catalogues", "/people", "/trail",
    "/reports?from=2026-11-01&to=2026-11-30", "/wallboard", "/result", NO_CARD,
    "/campaigns", "/campaigns/remind", "/contacts/1", "/do-not-call",
)  # fmt: skip


@pytest.fixture(scope="module")
def axe():
    """The accessibility checker axe-core, fetched by npm into the cache once; skips where that cannot be."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed")
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(CACHE), f"axe-core@{AXE}"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=100)
        if done.returncode:
            pytest.skip("axe-core cannot be fetched")
    return script.read_text(encoding="utf-8")


async def ring_and_answer(site, call="c1"):
    """A call arrives and operator 101 answers it; return once its card is stored."""
    site.floor.post(AgentBecameReachable("101"))
    site.floor.post(AgentLoggedIn("101", "operator_1"))
    site.floor.post(CallArrived(call, LINE, "+79161234567", site.floor.at))
    (offer,) = [agent.offer for agent in site.floor.engine.snapshot().agents if agent.offer is not None]
    site.floor.at += 3
    heard = []
    site.floor.listeners.append(heard.append)
    site.floor.post(OfferAnswered(offer))
    (answered,) = [fact for fact in heard if isinstance(fact, CallAnswered)]
    async with site.desk.engine.begin() as connection:
        opened = await site.cards.apply(connection, answered, Story("+79161234567"))
    site.publish(opened)


async def test_a_call_opens_its_card_and_the_appeal_goes_its_whole_way(sqlite, driver):
    """Answered, filled in, registered, handed over, finished, reopened, finished again: by the page's buttons."""
    async with served(sqlite) as site:
        loop = asyncio.get_running_loop()

        def work(browser):
            log_in(browser, site.address, "operator_2")
            browser.see("h1", "Рабочее место")

        async def own(site):
            await site.desk.people.put(
                Person("operator_2", "Анна", Role.OPERATOR_2, LINE, agent="101"),
                await site.desk.people.password_of("operator_2"),
            )
            await site.desk.people.set_active(LINE, "operator_1", active=False)

        await own(site)

        def whole(browser):
            work(browser)
            browser.wait_for("body[data-events]")
            asyncio.run_coroutine_threadsafe(ring_and_answer(site), loop).result(30)
            browser.wait_for("form.card")
            browser.see("h1", "Обращение kem-2026-000001")
            browser.type("#contact_name", "Петров П. П.")
            browser.type("#description", "Не открывается форма записи")
            browser.press("#reason_id option:nth-child(2)")
            browser.press("button[value=register]")
            browser.see("span", "в работе")
            browser.press("#holder option[value=second_line]")
            browser.press("button[value=hand_over]")
            browser.see("span", "передано · 2-я линия")
            browser.type("#measures", "Форма исправлена")
            browser.press("button[value=finish]")
            browser.see("span", "завершено · 2-я линия")
            browser.press("button[value=reopen]")
            browser.see("span", "открыто заново")
            browser.type("#measures", "Исправлена ещё раз, проверено вместе с заявителем")
            browser.press("button[value=finish]")
            browser.see("span", "завершено")
            assert [line for line in browser.log() if "422" not in line] == []

        await in_browser(driver, whole)
        card = await site.desk.journal.cards.get(1)
        assert (card.state, card.reopened, card.contact_phone) == (CardState.FINISHED, 1, "+79161234567")


async def test_keys_and_what_was_typed(sqlite, driver):
    """`/` goes to the search, Ctrl+S saves; a call throws away nothing that is being typed, a conflict shows both."""
    async with served(sqlite) as site:
        loop = asyncio.get_running_loop()
        rules = site.desk.journal.rules
        cards = site.desk.journal.cards
        card = await cards.add(open_card(rules, MONDAY, Channel.EMAIL), Entry(MONDAY, "system"))

        def work(browser):
            log_in(browser, site.address, "operator_1")
            browser.keys("/")
            assert browser.script("return document.activeElement.name") == "text"
            browser.keys("kem-2026-1" + KEYS["enter"])
            browser.see("h1", "Обращение kem-2026-000001")
            browser.wait_for("body[data-events]")
            browser.type("#description", "Первое слово")
            browser.keys("s", held=KEYS["control"])
            browser.see("p", "Сохранено.")
            browser.wait_for("body[data-events]")
            browser.type("#measures, #description", "Второе слово")
            asyncio.run_coroutine_threadsafe(ring_and_answer(site), loop).result(30)
            browser.wait_for("#told a")
            assert browser.script("return document.querySelector('#description').value") == "Второе слово"

            async def by_another():
                seen = await cards.get(card.id)
                await cards.save(seen, edit(seen, {"description": "Чужое слово"}, rules), Entry(MONDAY, "boris"))

            asyncio.run_coroutine_threadsafe(by_another(), loop).result(30)
            browser.keys("s", held=KEYS["control"])
            browser.see("td", "Чужое слово")
            assert browser.script("return document.querySelector('#description').value") == "Второе слово"

        await in_browser(driver, work)


async def test_two_people_on_one_card_lose_nothing(sqlite, driver):
    """Both have it open and save: the second sees both texts, joins them, and the history has every word of both."""
    async with served(sqlite) as site:
        cards = site.desk.journal.cards
        card = await cards.add(open_card(site.desk.journal.rules, MONDAY, Channel.EMAIL), Entry(MONDAY, "system"))

        def work(anna):
            with window(driver) as boris:
                for browser, role in ((anna, "operator_1"), (boris, "operator_2")):
                    log_in(browser, site.address, role)
                    browser.go(f"{site.address}/cards/{card.id}")
                anna.type("#description", "Анна: жалоба на очередь")
                boris.type("#description", "Борис: просит справку")
                boris.type("#contact_name", "Петров П. П.")
                anna.keys("s", held=KEYS["control"])
                anna.see("p", "Сохранено.")
                boris.keys("s", held=KEYS["control"])
                boris.see("h2", "Карточку сохранил другой сотрудник")
                boris.see("td", "Анна: жалоба на очередь")
                boris.see("td", "Борис: просит справку")
                assert boris.script("return document.querySelector('#contact_name').value") == "Петров П. П."
                boris.type("#description", "Анна: жалоба на очередь. Борис: просит справку")
                boris.keys("s", held=KEYS["control"])
                boris.see("p", "Сохранено.")

        await in_browser(driver, work)
        stored = await cards.get(card.id)
        assert stored.description == "Анна: жалоба на очередь. Борис: просит справку"
        assert stored.contact_name == "Петров П. П."
        changes = [(entry.actor, entry.after.get("description")) for entry in await cards.history(card.id)]
        assert changes[1:] == [
            ("operator_1", "Анна: жалоба на очередь"),
            ("operator_2", "Анна: жалоба на очередь. Борис: просит справку"),
        ]


async def test_the_official_answers_through_the_link(sqlite, driver):
    """The secret is taken from behind the # and vanishes from the address; the result is stored."""
    async with served(sqlite) as site:
        admin = Person("administrator", "А", Role.ADMINISTRATOR, LINE)
        journal = site.desk.journal
        card = await journal.open_by_hand(admin, Channel.PAPER, filled(site), MONDAY)
        card = await journal.move(admin, Seen(card.id, 1), CardTrigger.REGISTER, {}, MONDAY)
        rules = journal.rules
        assert Holder.CLINIC not in rules.profile.holders
        journal.rules = replace(rules, profile=replace(rules.profile, holders=frozenset({Holder.CLINIC})))
        changes = {"holder": Holder.CLINIC, "organisation_id": site.clinic}
        await journal.move(admin, Seen(card.id, 2), CardTrigger.HAND_OVER, changes, MONDAY)
        body = (await site.desk.outbox.due(MONDAY, 10))[-1].message.body
        link = next(word for word in body.split() if "#" in word)

        def work(browser):
            browser.go(link)
            browser.type("#measures", "Пациент принят")
            assert "#" not in browser.address()
            browser.press("button[value=enter_result]")
            browser.see("p", "Спасибо. Результат сохранён.")

        await in_browser(driver, work)
        assert (await journal.cards.get(card.id)).measures == "Пациент принят"


def filled(site):
    """Return what registration needs."""
    return {
        "reason_id": site.reason,
        "description": "Жалоба",
        "contact_name": "Петров П. П.",
        "contact_phone": "+79161234567",
    }


async def test_a_voice_message_is_played_on_its_card(sqlite, driver):
    """UDM 5.3: the operator presses the space bar at the player; it plays, and the card says who has heard it."""
    async with served(sqlite) as site:
        await leave_message(site, MESSAGE)

        def work(browser):
            log_in(browser, site.address, "operator_1")
            browser.go(f"{site.address}/cards/1")
            browser.see("h1", "Обращение kem-2026-000001")
            browser.script(
                "const player = document.querySelector('audio');"
                "const note = () => { if (player.currentTime > 0) player.dataset.plays = ''; };"
                "player.addEventListener('timeupdate', note);"
                "player.focus();"
            )
            browser.keys(" ")
            browser.wait_for("audio[data-plays]")
            assert round(browser.script("return document.querySelector('audio').duration")) == 10
            browser.go(f"{site.address}/cards/1")
            told = browser.script("return document.querySelector('.sound span').textContent")
            assert told.endswith("прослушано (Сотрудник (operator_1))")

        await in_browser(driver, work)
        assert [fact.by for fact in site.floor.told if isinstance(fact, VoiceMessageHeard)] == ["operator_1"]


async def test_pages_are_accessible_and_fit_the_screen(sqlite, driver, axe):
    """No page has a serious finding of axe, scrolls sideways at 1280, or complains in the console."""
    async with served(sqlite) as site:
        admin = Person("administrator", "А", Role.ADMINISTRATOR, LINE)
        card = await site.desk.journal.open_by_hand(admin, Channel.PAPER, filled(site), MONDAY)
        await site.desk.journal.move(admin, Seen(card.id, 1), CardTrigger.REGISTER, {}, MONDAY)
        await leave_message(site, MESSAGE)
        await with_a_list(site)
        script = Proposal(ArticleKind.SCRIPT, "Приветствие", "Здравствуйте!")
        await site.desk.knowledge.propose(LINE, script, "anna", MONDAY)
        found = {}

        def look(browser, path):
            browser.go(site.address + path)
            browser.script(axe)
            result = browser.script_async(
                "axe.run(document, {resultTypes: ['violations']}).then(arguments[arguments.length - 1])"
            )
            serious = [one for one in result["violations"] if one["impact"] in {"serious", "critical"}]
            found[path] = [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious]
            wide = browser.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                found[path].append(("wider than the window", wide))
            complaints = [("console", line) for line in browser.log() if "[DOM]" not in line]
            if path != NO_CARD:  # its status is an entry in the console
                found[path] += complaints

        def work(browser):
            look(browser, "/login")
            log_in(browser, site.address, "administrator")
            for path in PAGES:
                look(browser, path)
            log_in(browser, site.address, "operator_1")
            asyncio.run_coroutine_threadsafe(ring_and_answer(site), loop).result(30)
            browser.wait_for("[data-state=talking]")
            for path in ("/?talking", "/cards/1?talking", "/password", "/calling"):
                look(browser, path)
            browser.press("button[name=campaign]")
            browser.wait_for("[data-contact]")
            look(browser, "/calling?contact")

        loop = asyncio.get_running_loop()
        await in_browser(driver, work)
        assert {path: what for path, what in found.items() if what} == {}


async def test_the_wallboard_draws_itself(sqlite, driver):
    """A call that arrives is on the wall without anybody touching the page."""
    async with served(sqlite) as site:
        loop = asyncio.get_running_loop()

        def work(browser):
            log_in(browser, site.address, "administrator")
            browser.go(f"{site.address}/wallboard")
            browser.wait_for("[data-wallboard][data-events]")
            loop.call_soon_threadsafe(site.floor.post, CallArrived("c1", LINE, "+79161234567", site.floor.at))
            browser.wait_for("td.busy")

        await in_browser(driver, work)

"""The operators' desk on real calls: Asterisk rings, the card opens by itself in a real Chromium, goes its whole way.

The operator works by keyboard. Each step leaves a picture of the screen: with ACD_PICTURES=FOLDER there, which is how
`make pictures` makes those of the documentation.
"""

import asyncio
import math
import os
import re
from array import array
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from acd.journal.cards import Card
from acd.journal.roles import Person, Role
from acd.journal.states import CardState, Holder
from acd.journal.store import tables
from acd.journal.store.cards import Cards
from acd.journal.store.catalogues import Catalogues
from acd.journal.store.database import open_journal, upgrade
from acd.journal.store.knowledge import ArticleKind, Knowledge, Proposal
from acd.journal.store.people import People, hash_password
from acd.journal.store.trail import Trail
from acd.lab.centre import LabCentre
from acd.lab.keys import write_keys
from acd.lab.plans import Answering, Caller
from acd.lab.site import LINE, Site
from acd.prompts.wav import RATE, write_wav
from metrics.records.tables import transfers
from queue_engine.ids import Instant
from tests.integration.office import until_operator
from tests.integration.test_callback import until_ended
from tests.journal.browser import KEYS, Browser, chromedriver, window
from tests.journal.test_mail import mailbox  # noqa: F401 - fixtures are found by name

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PORT = 8422
PASSWORD = "a long password of the lab"
SETTINGS = """
[journal]
profile = "{profile}"
lines = ["{line}"]
database = "sqlite:///{home}/acd.db"
address = "http://{host}:{port}/desk"
listen_host = "{host}"
listen_port = {port}
supervisors = ["head@example.org"]
[journal.smtp]
host = "127.0.0.1"
port = {mail}
sender = "Служба 1300 <acd@example.org>"
starttls = false
"""
SCRIPT = "Здравствуйте! Служба «1300», оператор Анна. Чем могу помочь?\n\nУточните фамилию, имя, отчество и телефон."
"""D9: what the operator reads when the card opens."""


class Office:
    """The centre, the journal's database, and what people do at the desk."""

    def __init__(self, centre: LabCentre, mail: Any, pictures: Path) -> None:
        self.centre = centre
        self.mail = mail
        self.address = f"http://{centre.slice.daemon}:{PORT}/desk"
        self.engine = open_journal(f"sqlite:///{centre.home}/acd.db")
        self.cards = Cards(self.engine)
        self._pictures = pictures
        self.loop = asyncio.get_running_loop()

    def picture(self, browser: Browser, name: str) -> None:
        """Keep what the window shows."""
        browser.picture(self._pictures / f"{name}.png")

    def in_loop(self, work: Any) -> Any:
        """Do something of the centre's from the browser's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def log_in(self, browser: Browser, login: str) -> None:
        """Log in by keyboard."""
        browser.go(f"{self.address}/login")
        browser.wait_for("#login")
        browser.keys(f"{login}\ue004{PASSWORD}\ue007")
        browser.wait_for("nav a[aria-current]")
        browser.wait_for("body[data-events]")

    def letter(self, to: str) -> str:
        """Wait for a letter and return its text."""

        async def arrived() -> str:
            async with asyncio.timeout(30):
                while True:
                    for envelope in self.mail.letters:
                        if to in envelope.rcpt_tos:
                            head, _, body = envelope.content.partition(b"\r\n\r\n")
                            return (b64decode(body) if b"base64" in head else body).decode()
                    await asyncio.sleep(0.05)

        text: str = self.in_loop(arrived())
        return text

    async def prepare(self, profile: str) -> None:
        """Admit Anna, who sits at telephone 101, and give her catalogues and a script."""
        anna = Person("anna", "Анна Петрова", Role.OPERATOR_2, profile, agent="101")
        head = Person("head", "Ольга Смирнова", Role.ADMINISTRATOR, profile)
        password = await asyncio.to_thread(hash_password, PASSWORD)
        people, catalogues, knowledge = People(self.engine), Catalogues(self.engine), Knowledge(self.engine)
        await people.put(anna, password)
        await people.put(head, password)
        for reason in ("Запись к врачу", "Лекарственное обеспечение", "Отказ в приёме"):
            await catalogues.add_reason(profile, reason)
        clinic = await catalogues.add_organisation(profile, Holder.CLINIC, "Городская больница № 1")
        await catalogues.add_official(clinic, "Смирнова О. И.", "clinic@example.org")
        script = Proposal(ArticleKind.SCRIPT, "Приветствие", SCRIPT, LINE)
        await knowledge.decide(
            profile,
            await knowledge.propose(profile, script, "head", Instant(0)),
            approve=True,
            by="head",
            at=Instant(0),
        )

    async def time_passes(self, card: int) -> None:
        """Let the time for reopening be over: its end is put a week back, where the clock finds it at once."""
        table = tables.card
        async with self.engine.begin() as connection:
            over = Instant((await self.cards.get(card)).reopen_until or 0) - 7 * 86400
            await connection.execute(update(table).where(table.c.id == card).values(reopen_until=over, alarm_at=over))

    async def until(self, card: int, holds: Callable[[Card], bool]) -> Card:
        """Wait until a card is as it should be."""
        async with asyncio.timeout(90):
            while not holds(found := await self.cards.get(card)):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.1)
        return found


@asynccontextmanager
async def office(
    program: Any, home: Path, mail: Any, profile: str, pictures: Path, **differs: Any
) -> AsyncIterator[Office]:
    """Run a centre whose daemon keeps a journal by this profile; one operator unless the site differs."""
    more = '[[destination]]\nkind = "appeal_state"\nname = "appeal-state"\nnumbers = ["1223"]\n'
    how = {"operators": 1, "auto_login": False, "min_talk_s": 0.2, "title": "Служба 1300", "more": more}
    site = Site(**how | differs)
    centre = LabCentre(site, program=program, home=home)
    centre.prepare()
    settings = home / "journal.toml"
    settings.write_text(
        SETTINGS.format(
            profile=profile, line=LINE, home=centre.home, host=centre.slice.daemon, port=PORT, mail=mail.port
        ),
        encoding="utf-8",
    )
    centre.run_options = ("--journal", str(settings))
    await asyncio.to_thread(upgrade, f"sqlite:///{centre.home}/acd.db")
    made = Office(centre, mail, pictures)
    await made.prepare(profile)
    try:
        async with centre:
            yield made
    finally:
        await made.engine.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver() -> AsyncIterator[str]:
    """A chromedriver for the module."""
    with chromedriver() as address:
        yield address


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return where pictures go."""
    return pictures_beside(tmp_path)


def pictures_beside(home: Path) -> Path:
    """Return the folder that ACD_PICTURES names, or one in a test's own."""
    folder = Path(os.environ.get("ACD_PICTURES") or home / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def at_the_desk(driver: str, work: Callable[[Browser], None]) -> None:
    """Run a person's steps in a thread, while the centre goes on here."""

    def run() -> None:
        with window(driver) as browser:
            work(browser)

    await asyncio.to_thread(run)


async def ask_by_telephone(site: Office, typed: str) -> None:
    """KEM 5.7: dial the number for asking, press what the caller has been told, hear the answer, hang up."""
    tone = array("h", (round(8000 * math.sin(n * 0.3)) for n in range(RATE // 4)))
    (site.centre.home / "prompts").mkdir(exist_ok=True)
    for name in ("ask", "unknown", "finished"):
        write_wav(site.centre.home / "prompts" / f"appeal-{name}.wav", tone)
    keys = write_keys(site.centre.home / f"keys-{len(typed)}", typed)
    caller = Caller("79147654321", dialled="1223", patience_ms=9000)
    async with site.centre.callers([caller], port=5066, digits=keys, digit_gap_ms=300) as calling:
        assert (await calling.finish(60)).connected == 1


async def test_a_real_call_opens_its_card_and_the_clinics_official_finishes_it(
    program,
    driver,
    tmp_path,
    pictures,
    mailbox,  # noqa: F811 - the fixture
):
    """J1, J7, SAH 4.2: rings, opens by itself, filled in by keyboard, handed to a clinic, its result by the link."""
    async with office(program, tmp_path / "centre", mailbox, "sakhalin-1300", pictures) as site:
        calling = site.centre.callers([Caller("79147654321", patience_ms=60_000)])

        def anna(browser: Browser) -> None:
            site.log_in(browser, "anna")
            browser.press("#phone button[value=login]")
            site.in_loop(until_operator(site.centre, "101", state="ready"))
            browser.wait_for("[data-state=ready]")
            site.picture(browser, "desk-1-ready")
            site.in_loop(calling.__aenter__())
            browser.wait_for("[data-state=ringing]")
            site.picture(browser, "desk-2-rings")
            browser.wait_for("form.card")
            browser.wait_for("[data-state=talking]")
            assert browser.script("return document.activeElement.id") == "contact_name"
            assert browser.script("return document.querySelector('#contact_phone').value") == "79147654321"
            tab = "\ue004"
            # Name; past telephone, e-mail and the box; the reason by its first letters; the description.
            browser.keys(f"Петров Пётр Петрович{tab}{tab}{tab}{tab}Отказ{tab}")
            browser.keys("В регистратуре отказали в записи к терапевту, просит помочь.")
            site.picture(browser, "desk-3-card")
            browser.keys(KEYS["enter"], held=KEYS["control"])
            browser.see("span", "в работе")
            site.picture(browser, "desk-4-registered")
            browser.press("#holder option[value=clinic]")
            browser.press("#organisation_id option:nth-child(2)")
            browser.press("button[value=hand_over]")
            browser.see("span", "передано · медицинская организация")
            site.picture(browser, "desk-5-handed-over")

        def official(browser: Browser) -> None:
            letter = site.letter("clinic@example.org")
            link = re.search(r"http\S+#\S+", letter)
            assert link, letter
            browser.go(link[0])
            browser.type(
                "#measures", "Пациент записан к терапевту на 24 ноября, 10:20. Регистратуре сделано замечание."
            )
            site.picture(browser, "desk-6-official")
            browser.press("button[value=enter_result]")
            browser.see("p", "Спасибо. Результат сохранён.")

        def head(browser: Browser) -> None:
            site.log_in(browser, "head")
            site.picture(browser, "desk-7-journal")
            browser.go(f"{site.address}/wallboard")
            browser.wait_for("[data-wallboard][data-events]")
            site.picture(browser, "desk-8-wallboard")

        async with site.centre.telephones([Answering(ring_ms=1500, talk_ms=12_000)]):
            try:
                await at_the_desk(driver, anna)
                await calling.finish(40)
            finally:
                await calling.__aexit__(None, None, None)
            await site.centre.settled(1)
        await at_the_desk(driver, official)
        card = await site.until(1, lambda card: card.state is CardState.FINISHED)
        await at_the_desk(driver, head)
        for typed in ("99991#", "2026000001#"):
            await ask_by_telephone(site, typed)
        lines = site.centre.daemon.text().splitlines()
        told = [line for line in lines if "appeal.unknown" in line or "appeal.told" in line]
        assert ["appeal.told" in line for line in told] == [False, True]
        assert "1300-2026-000001" in told[1]
        assert "finished" in told[1]
        assert "does not exist" not in site.centre.asterisk.text()
        assert card.measures.startswith("Пациент записан")
        assert (card.caller, card.contact_name, card.responsible) == ("79147654321", "Петров Пётр Петрович", "anna")
        (talk,) = await site.cards.talks(1)
        (recorded,) = await site.centre.settled(1)
        assert talk.call == recorded["call"]
        assert talk.talked_s == pytest.approx(recorded["talked_s"], abs=0.01)


async def test_a_card_outlives_the_daemon_and_is_finished_reopened_and_closed(
    program,
    driver,
    tmp_path,
    pictures,
    mailbox,  # noqa: F811 - the fixture
):
    """KEM 5.2, 5.11: killed in the middle of the talk, the daemon comes back to the same card and its talk time."""
    async with office(program, tmp_path / "centre", mailbox, "kemerovo-support", pictures) as site:
        calling = site.centre.callers([Caller("79051112233", patience_ms=90_000)])

        def anna(browser: Browser) -> None:
            site.log_in(browser, "anna")
            browser.press("#phone button[value=login]")
            browser.wait_for("[data-state=ready]")
            site.in_loop(calling.__aenter__())
            browser.wait_for("form.card")
            browser.type("#contact_name", "Сидорова Анна Ильинична")
            browser.press("#reason_id option:nth-child(3)")
            browser.type("#description", "Не открывается список рецептов")
            site.in_loop(site.centre.kill_daemon())
            site.in_loop(site.centre.start_daemon())
            browser.wait_for("body[data-events]")
            browser.press("button[value=register]")
            browser.see("span", "в работе")
            browser.wait_for("[data-state=talking]")
            browser.press("#holder option[value=second_line]")
            browser.press("button[value=hand_over]")
            browser.see("span", "передано · 2-я линия")
            site.in_loop(calling.finish(60))
            site.in_loop(site.centre.settled(1))
            browser.type("#measures", "Права на список рецептов выданы")
            browser.press("button[value=finish]")
            browser.see("span", "завершено · 2-я линия")
            site.picture(browser, "desk-9-finished")
            browser.press("button[value=reopen]")
            browser.see("span", "открыто заново")
            browser.type("#measures", "Список открывается, проверено вместе с заявителем")
            browser.press("button[value=finish]")
            browser.see("span", "завершено")
            site.in_loop(site.time_passes(1))
            # Any change in the journal wakes the clock of limits: here a card that is opened by hand.
            browser.go(f"{site.address}/cards/new")
            browser.press("button[value=save]")
            site.in_loop(site.until(1, lambda card: card.state is CardState.CLOSED))
            browser.go(f"{site.address}/cards/1")
            browser.see("span", "закрыто")
            assert browser.script("return document.querySelectorAll('.buttons button').length") == 0
            site.picture(browser, "desk-10-closed")

        async with site.centre.telephones([Answering(ring_ms=200, talk_ms=40_000)]):
            try:
                await at_the_desk(driver, anna)
            finally:
                await calling.__aexit__(None, None, None)
        (talk,) = await site.cards.talks(1)
        (recorded,) = await site.centre.settled(1)
        assert talk.call == recorded["call"]
        assert talk.talked_s == pytest.approx(recorded["talked_s"], abs=0.01)
        assert [entry.trigger for entry in await site.cards.history(1)][:6] == [
            "open", "register", "hand_over", "finish", "reopen", "finish"
        ]  # fmt: skip


async def test_a_caller_is_handed_on_and_called_back_from_the_desk(
    program,
    driver,
    tmp_path,
    pictures,
    mailbox,  # noqa: F811 - the fixture
):
    """D4, UDM 5.9: by the desk's buttons a colleague gets the caller, and he is called back; three talks, one card."""
    calls_back = '[line.callback]\ntrunk = "city"\nhours = []\nbreaks = []\noutcome_within_s = 1.0\n'
    differs = {"operators": 2, "line": calls_back, "trunk_port": 5090}
    async with office(program, tmp_path / "centre", mailbox, "sakhalin-1300", pictures, **differs) as site:
        calling = site.centre.callers([Caller("79147654321", patience_ms=100_000)])

        def anna(browser: Browser) -> None:
            site.log_in(browser, "anna")
            browser.press("#phone button[value=login]")
            site.in_loop(until_operator(site.centre, "101", state="ready"))
            site.in_loop(calling.__aenter__())
            browser.wait_for("form.card")
            browser.wait_for("[data-state=talking]")
            site.in_loop(site.centre.tell("/v1/agents/102/login", {}))
            site.in_loop(until_operator(site.centre, "102", state="ready"))
            browser.press("#phone select[name=to] option[value='102']")
            site.picture(browser, "desk-11-hand-on")
            browser.press("#phone button[value=transfer]")
            browser.wait_for("[data-state=ready]")
            site.in_loop(site.centre.settled(2))
            assert browser.script("return document.querySelector('#cb-number').value") == "79147654321"
            browser.press("form.callback button")
            # The talk that begins brings the operator back to its card, which now has three.
            browser.wait_for("aside table tbody tr:nth-child(3)")
            browser.wait_for("[data-state=ready]")

        plan = [Answering(ring_ms=100, talk_ms=100_000), Answering(ring_ms=100, talk_ms=2000)]
        far = site.centre.far_side([Answering(ring_ms=100, talk_ms=4000)])
        async with site.centre.telephones([*plan, Answering(ring_ms=100, talk_ms=100_000)]), far:
            try:
                await at_the_desk(driver, anna)
                await calling.finish(40)
            finally:
                await calling.__aexit__(None, None, None)
            (asked,) = await until_ended(site.centre)
            assert (asked["result"], asked["attempts"]) == ("done", 1)
            assert [step.who for step in far.steps() if step.event == "offered"] == ["+79147654321"]
        talks = await site.cards.talks(1)
        assert [talk.agent for talk in talks] == ["101", "102", "101"]
        assert talks[1].call == f"{talks[0].call}-1"
        (handed,) = await site.centre.rows(transfers)
        assert (handed["agent"], handed["target"], handed["by"], handed["taken_by"]) == ("101", "102", "anna", "102")
        entries = [(one.actor, one.action) for one in await Trail(site.engine).read()]
        assert {("anna", "transfer"), ("anna", "callback")} <= set(entries)

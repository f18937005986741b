"""What operators do about their talks at the desk, on real calls in a real Chromium: ask first, pause, work call lists.

The strip at the top of every page follows by itself whatever happens on the telephone. Pictures: see `test_desk.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
import pytest_asyncio

from acd.journal.roles import Person, Role
from acd.journal.store.people import People, hash_password
from acd.journal.store.trail import Trail
from acd.lab.plans import Answering, Caller
from acd.lab.site import LINE
from metrics.records.tables import transfers
from tests.integration.office import until_operator
from tests.integration.softphone import Softphones
from tests.integration.test_callback import told
from tests.integration.test_desk import (  # noqa: F401 - driver is a fixture
    PASSWORD,
    Office,
    at_the_desk,
    driver,
    office,
    pictures_beside,
)
from tests.integration.test_handing_on import caller_talks
from tests.integration.test_handing_on_by_key import until_joined
from tests.journal.browser import Browser

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LINE_TOML = """
strategy = "fixed_order"

[line.recording]
keep_days = 1

[line.callback]
trunk = "city"
hours = []
breaks = []
outcome_within_s = 1.0
"""
MORE = """
[recording]
folder = "recordings"

[in_talk]
ask = "*4"
"""
LONG = Answering(ring_ms=50, talk_ms=90_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(program, tmp_path_factory) -> AsyncIterator[Office]:
    """Return an office of two operators whose line records its talks and calls out; one for all tests here."""
    home = tmp_path_factory.mktemp("talks")
    differs = {"operators": 2, "line": LINE_TOML, "trunk_port": 5090, "more": MORE, "min_talk_s": 0.0}
    nobodys_mail = SimpleNamespace(port=9)
    async with office(
        program, home / "centre", nobodys_mail, "sakhalin-1300", pictures_beside(home), **differs
    ) as made:
        boris = Person("boris", "Борис Иванов", Role.OPERATOR_1, "sakhalin-1300", agent="102")
        await People(made.engine).put(boris, hash_password(PASSWORD))
        yield made


async def hang_up(phones: Softphones, telephone: str) -> None:
    """The operator hangs up."""
    phones.hang_up(await phones.talk_of(telephone))


def to_the_line(site: Office, browser: Browser, login: str, number: str) -> None:
    """Log in at the desk and at the telephone."""
    site.log_in(browser, login)
    browser.press("#phone button[value=login]")
    site.in_loop(until_operator(site.centre, number, state="ready"))
    browser.wait_for("#phone [data-state=ready]")


async def test_an_operator_asks_a_colleague_and_both_pause_their_recordings(site, driver):  # noqa: F811 - the fixture
    """D4, S1: asked, called off, asked and joined by the strip's buttons; each part of the way is paused by its own."""
    phones = Softphones(site.centre.slice.telephones, site.centre.slice.asterisk, answering={"op101", "op102"})
    calling = site.centre.callers([Caller("79147654321", patience_ms=120_000)])
    calls = []

    def asks(browser: Browser) -> None:
        browser.press("#phone select[name=to] option[value='102']")
        browser.press("#phone button[value=ask]")
        browser.wait_for("#phone button[value=join]")

    def anna(browser: Browser) -> None:
        to_the_line(site, browser, "anna", "101")
        site.in_loop(calling.__aenter__())
        browser.wait_for("form.card")
        browser.wait_for("#phone [data-state=talking]")
        calls.append(site.in_loop(caller_talks(site.centre)))
        browser.press("#phone button[value=pause_recording]")
        browser.wait_for("#phone [data-paused=yes]")
        browser.press("#phone button[value=resume_recording]")
        browser.wait_for("#phone [data-paused=no]")
        site.in_loop(site.centre.tell(f"/v1/calls/{calls[0]}/recording/pause"))
        browser.wait_for("#phone [data-paused=yes]")
        site.in_loop(site.centre.tell("/v1/agents/102/login", {}))
        site.in_loop(until_operator(site.centre, "102", state="ready"))
        asks(browser)
        site.in_loop(until_joined(site.centre, "op101", "op102", "trunk-city"))
        site.picture(browser, "desk-12-asking")
        browser.press("#phone button[value=back]")
        browser.wait_for("#phone button[value=ask]")
        site.in_loop(until_operator(site.centre, "102", state="ready"))
        asks(browser)
        site.in_loop(until_joined(site.centre, "op101", "op102", "trunk-city"))
        browser.press("#phone button[value=join]")
        browser.wait_for("#phone [data-state=ready]")

    def boris(browser: Browser) -> None:
        site.log_in(browser, "boris")
        browser.wait_for("#phone [data-state=talking]")
        browser.wait_for("#phone [data-paused=no]")
        browser.press("#phone button[value=pause_recording]")
        browser.wait_for("#phone [data-paused=yes]")
        site.picture(browser, "desk-13-paused")
        site.in_loop(hang_up(phones, "op102"))
        browser.wait_for("#phone [data-state=ready]")

    async with phones:
        try:
            await at_the_desk(driver, anna)
            await at_the_desk(driver, boris)
            assert (await calling.finish(40)).served == 1
        finally:
            await calling.__aexit__(None, None, None)
    (first,), second = calls, f"{calls[0]}-1"
    (handed,) = await site.centre.rows(transfers)
    assert (handed["way"], handed["by"], handed["taken_by"], handed["next_call"]) == ("attended", "anna", "102", second)
    paused = [(fact["call"], fact["by"]) for fact in await told(site.centre, "RecordingPaused")]
    assert paused == [(first, "anna"), (first, "console"), (second, "boris")]
    assert [fact["by"] for fact in await told(site.centre, "RecordingResumed")] == ["anna"]
    noted = [(one.actor, one.action) for one in reversed(await Trail(site.engine).read()) if one.card is None]
    ways = ["pause_recording", "resume_recording", "ask", "back", "ask", "join"]
    assert noted == [*(("anna", way) for way in ways), ("boris", "pause_recording")]


async def test_an_operator_works_call_lists_at_the_desk(site, driver):  # noqa: F811 - the fixture
    """VLA 3.7: by preview and by pacing, the contact is on strip and card; the outcome is said there or later."""
    listed = {
        "reminders": ("preview", "+79147650001", "Иванова Мария"),
        "asks": ("operators", "+79147650002", "Сидоров"),
    }
    phones = Softphones(site.centre.slice.telephones, site.centre.slice.asterisk, answering={"op101"})
    for name, (pacing, number, person) in listed.items():
        settings = {"title": f"Запись {name}", "pacing": pacing, "hours": ["mon-sun 00:00-24:00"], "attempts": 1}
        settings["script"] = "Здравствуйте! Напоминаем о записи к врачу."
        await site.centre.tell("/v1/campaigns", {"name": name, "line": LINE, "settings": settings})
        contact = {"number": number, "name": person, "details": {"Поликлиника": "№ 3"}}
        await site.centre.tell(f"/v1/campaigns/{name}/contacts", {"contacts": [contact]})

    def anna(browser: Browser) -> None:
        site.log_in(browser, "anna")
        browser.wait_for("#phone [data-state=ready]")
        site.in_loop(site.centre.tell("/v1/campaigns/reminders/state", {"state": "running"}))
        browser.go(f"{site.address}/calling")
        browser.press("button[value=reminders]")
        browser.see("dd", "Иванова Мария")
        browser.see("dd", "+79147650001")
        site.picture(browser, "desk-14-contact")
        browser.press(".contact button.main")
        browser.wait_for("form.card")
        browser.wait_for("#phone [data-state=talking]")
        browser.see("a", "Обзвон «Запись reminders»: Иванова Мария")
        browser.press("aside #oc-outcome option[value=call_again]")
        browser.type("aside #oc-note", "Просила после обеда")
        site.picture(browser, "desk-15-outcome")
        browser.press("aside .outcome button")
        browser.see("p", "Итог сохранён.")
        site.in_loop(hang_up(phones, "op101"))
        browser.wait_for("#phone [data-state=ready]")
        site.in_loop(site.centre.tell("/v1/campaigns/asks/state", {"state": "running"}))
        browser.see("a", "Обзвон «Запись asks»: Сидоров")
        browser.wait_for("#phone [data-state=talking]")
        site.in_loop(hang_up(phones, "op101"))
        browser.wait_for("#phone [data-state=ready]")
        site.in_loop(closed(site, "asks"))
        browser.go(f"{site.address}/calling")
        browser.see("h2", "Разговоры без итога")
        browser.press("aside li a")
        browser.see("dd", "Сидоров")
        browser.press("#oc-outcome option[value=told]")
        browser.press(".outcome button")
        browser.see("p", "Итог сохранён.")

    async with phones, site.centre.far_side([LONG]):
        await at_the_desk(driver, anna)
    (first,) = (await site.centre.ask("/v1/campaigns/reminders/contacts"))["contacts"]
    (second,) = (await site.centre.ask("/v1/campaigns/asks/contacts"))["contacts"]
    assert (first["state"], first["result"], first["agent"]) == ("waiting", "reached", "101")
    assert (first["outcome"], first["outcome_by"], first["note"]) == ("call_again", "anna", "Просила после обеда")
    assert (second["state"], second["result"], second["outcome"], second["outcome_by"]) == (
        "closed", "reached", "told", "anna",
    )  # fmt: skip


async def closed(site: Office, name: str) -> None:
    """Wait until a list knows what has become of its only contact."""
    async with asyncio.timeout(30):
        while (await site.centre.ask(f"/v1/campaigns/{name}"))["closed"] != 1:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.1)

"""Call lists in a real Chromium: an operator works one by keyboard, a supervisor fills one from a spreadsheet."""

import asyncio

import xlsxwriter

from queue_engine.inputs import AgentBecameReachable, AgentPaused
from tests.journal.browser import KEYS
from tests.journal.served import in_browser, log_in, served, with_a_list
from tests.journal.test_cards import MONDAY


async def test_an_operator_works_a_list_by_keyboard(sqlite, driver):
    """The next contact, the call, the outcome with its note; what is typed stays while the strip is drawn anew."""
    async with served(sqlite) as site:
        loop = asyncio.get_running_loop()
        await with_a_list(site)
        site.floor.at = MONDAY + 6 * 3600.0  # within the hours of the line's call-backs
        site.floor.post(AgentBecameReachable("101"))
        site.floor.log_in()
        store = site.floor.campaigning.desk.store

        def work(browser):
            log_in(browser, site.address, "operator_1")
            browser.go(f"{site.address}/calling")
            browser.wait_for("body[data-events]")
            browser.script("document.querySelector('button[name=campaign]').focus()")
            browser.keys(KEYS["enter"])
            browser.see("dd", "Анна")
            browser.wait_for("body[data-events]")
            browser.script("document.querySelector('.contact form button.main').focus()")
            browser.keys(KEYS["enter"])
            browser.see("p", "Сейчас зазвонит Ваш телефон, затем его.")
            browser.type("#oc-note", "Придёт в среду")
            asyncio.run_coroutine_threadsafe(paused(), loop).result(30)
            browser.wait_for("#phone [data-state=paused]")
            browser.script("document.querySelector('#oc-outcome').focus()")
            browser.keys("Согл\ue004")
            browser.script("document.querySelector('.outcome button').focus()")
            browser.keys(KEYS["enter"])
            browser.see("p", "Итог сохранён.")
            assert browser.log() == []

        async def paused():
            site.floor.post(AgentPaused("101", "break", "test"))

        await in_browser(driver, work)
        found = await store.contact(1)
        assert (found.outcome, found.note, found.outcome_by) == ("agreed", "Придёт в среду", "operator_1")


async def test_a_supervisor_fills_a_list_from_a_file(sqlite, driver, tmp_path):
    """A spreadsheet as people have it is chosen and uploaded by the page; its contacts are in the list."""
    file = tmp_path / "Список на ноябрь.xlsx"
    with xlsxwriter.Workbook(file) as book:
        for row, cells in enumerate((("ФИО", "Телефон"), ("Борис", 89271230005), ("Вера", "+7 927 123-00-06"))):
            book.get_worksheet_by_name("Лист") or book.add_worksheet("Лист")
            book.worksheets()[0].write_row(row, 0, cells)
    async with served(sqlite) as site:
        await with_a_list(site)

        def work(browser):
            log_in(browser, site.address, "administrator")
            browser.go(f"{site.address}/campaigns/remind")
            browser.attach("#l-file", file)
            browser.press("form[enctype] button")
            browser.see("p", "Добавлено: 2; уже в списке: 0; звонить нельзя: 0.")
            browser.see("td", "+79271230006")
            assert browser.log() == []

        await in_browser(driver, work)

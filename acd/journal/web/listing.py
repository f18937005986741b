"""The journal's list as a file: the cards that the filters of the page show, as CSV or as a workbook.

Read page by page, so that a year of cards costs no memory as CSV. What people have typed is never taken for a formula
by a spreadsheet. Every export is in the trail, with what was asked for.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from starlette.responses import Response, StreamingResponse

from acd.journal.cards import Card
from acd.journal.store.lists import CardFilter
from acd.journal.store.trail import TrailEntry
from acd.journal.texts import name_of
from acd.journal.web.cards import filter_of
from acd.journal.web.desk import Asked, BadForm, language_of
from acd.journal.web.export import CSV_KIND, IN_A_WORKBOOK, XLSX_KIND, attached, table_xlsx
from acd.journal.web.words import WORDS
from metrics.reports.cells import harmless

READ_AT_ONCE: Final = 500
COLUMNS: Final = (
    "number", "opened", "channel", "state", "holder", "organisation_id", "urgency", "contact_name", "contact_phone",
    "contact_email", "anonymous", "reason_id", "description", "measures", "rejection", "responsible", "registered",
    "due", "finished", "breach", "reopened",
)  # fmt: skip

Row = tuple[str, ...]


async def journal_csv(asked: Asked) -> Response:
    """The list as CSV that Excel opens by a double click in Russia: semicolons, UTF-8 with its mark."""
    wanted = filter_of(asked)
    row_of = await _rows(asked)
    await _note(asked, "csv")

    async def lines() -> AsyncIterator[bytes]:
        yield b"\xef\xbb\xbf" + _csv([_heads(asked)])
        async for cards in _pages(asked, wanted):
            yield _csv([tuple(harmless(cell, keep_numbers=False) for cell in row_of(card)) for card in cards])

    return StreamingResponse(lines(), media_type=CSV_KIND, headers=attached("journal.csv"))


async def journal_xlsx(asked: Asked) -> Response:
    """The list as a workbook."""
    wanted = filter_of(asked)
    row_of = await _rows(asked)
    rows: list[Row] = []
    async for cards in _pages(asked, wanted):
        rows += [row_of(card) for card in cards]
        if len(rows) > IN_A_WORKBOOK:
            raise BadForm("too_many_rows")
    await _note(asked, "xlsx")
    content = await asyncio.to_thread(
        table_xlsx, WORDS["journal"].say(language_of(asked.person.language)), _heads(asked), rows
    )
    return Response(content, media_type=XLSX_KIND, headers=attached("journal.xlsx"))


async def _pages(asked: Asked, wanted: CardFilter) -> AsyncIterator[list[Card]]:
    while cards := await asked.desk.lists.page(asked.person, wanted, READ_AT_ONCE):
        yield cards
        wanted = replace(wanted, before_id=cards[-1].id)


async def _rows(asked: Asked) -> Callable[[Card], Row]:
    """Return what makes a row of a card, with the names from the catalogues."""
    desk, language = asked.desk, language_of(asked.person.language)
    store, service, zone = desk.journal.catalogues, desk.journal.service, desk.journal.rules.work.zone
    reasons = {one.id: one.title for one in await store.reasons(service)}
    organisations = {one.id: one.name for one in await store.organisations(service)}
    names = await desk.people.names(service)
    yes = WORDS["yes"].say(language)

    def when(at: float | None) -> str:
        return "" if at is None else datetime.fromtimestamp(at, zone).strftime("%d.%m.%Y %H:%M")

    def row(card: Card) -> Row:
        return (
            str(card.number), when(card.opened_at), name_of(card.channel, language), name_of(card.state, language),
            name_of(card.holder, language), organisations.get(card.organisation_id or 0, ""),
            name_of(card.urgency, language), card.contact_name, card.contact_phone or card.caller, card.contact_email,
            yes if card.anonymous else "", reasons.get(card.reason_id or 0, ""), card.description, card.measures,
            card.rejection, names.get(card.responsible, card.responsible), when(card.registered_at),
            when(card.due_at), when(card.finished_at), yes if card.breached else "", str(card.reopened or ""),
        )  # fmt: skip

    return row


def _heads(asked: Asked) -> Row:
    return tuple(WORDS[column].say(language_of(asked.person.language)) for column in COLUMNS)


def _csv(rows: Iterable[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


async def _note(asked: Asked, kind: str) -> None:
    asked_for = " ".join(f"{name}={value}" for name, value in sorted(asked.query.items()) if value)
    entry = TrailEntry(asked.desk.now(), asked.person.login, "export", detail=f"journal.{kind} {asked_for}".strip())
    await asked.desk.journal.trail.note(entry)

"""Pages of whoever keeps the call lists: made, filled from a file, let run, looked at, their results taken away."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from starlette.responses import Response, StreamingResponse

from acd.campaigns.desk import CampaignRefused
from acd.campaigns.importing import REASONS, FileRefused, contacts_in
from acd.campaigns.model import Campaign, Contact, Imported, Settings, outcome_from
from acd.campaigns.results import outcome_title, results_csv, results_of, word
from acd.control.campaigns import AddCampaign, CampaignView, view_of
from acd.journal.errors import CardNotFound
from acd.journal.store.trail import TrailEntry
from acd.journal.web.desk import Asked, BadForm, language_of
from acd.journal.web.export import CSV_KIND, IN_A_WORKBOOK, XLSX_KIND, attached, table_xlsx
from acd.journal.web.words import WORDS
from callback.lists import Pacing

PAGE: Final = 100
"""Contacts of one page."""
READ_AT_ONCE: Final = 500
ADDED_AT_ONCE: Final = 100
"""Contacts of a file whose numbers are looked at in one go: the calls' loop waits 10 ms for them at most."""
_NUMBERS: Final = ("attempts", "keep_free", "at_once")
_DEEDS: Final = {"run": "running", "pause": "paused", "stop": "stopped"}


async def campaigns(asked: Asked) -> Response:
    """Every call list with how far it is, and a form for a new one."""
    return await _campaigns_page(asked)


async def _campaigns_page(asked: Asked, refused: str = "") -> Response:
    desk, config = asked.desk.floor.campaigning.desk, asked.desk.floor.config
    return asked.page(
        "campaigns.html",
        status=422 if refused else 200,
        lists=[await _view(asked, one) for one in await desk.store.all()],
        lines=[line for line in config.lines if line.callback is not None],
        surveys=[survey.name for survey in config.surveys],
        pacings=Pacing,
        given=asked.form or {"hours": "\n".join(Settings().hours)},
        defaults=Settings(),
        refused=refused,
        word=_word(asked),
    )


async def add(asked: Asked) -> Response:
    """Make a list, paused and empty; what is wrong is said on the same page, with all that was typed."""
    language = language_of(asked.person.language)
    try:
        wanted = AddCampaign.model_validate(_typed(asked.form))
        made = await asked.desk.floor.campaigning.desk.add(
            wanted.name, wanted.line, wanted.settings, asked.person.login
        )
    except ValidationError as fault:
        fields = dict.fromkeys(_field(error["loc"]) for error in fault.errors())
        named = ", ".join(WORDS[f"list_{each}"].say(language) if f"list_{each}" in WORDS else each for each in fields)
        return await _campaigns_page(asked, f"{WORDS['list_wrong'].say(language)} {named}")
    except CampaignRefused as fault:
        return await _campaigns_page(asked, WORDS[f"list_{fault.code}"].say(language))
    await _note(asked, "call_list", f"{made.name} made")
    return asked.goto(f"/campaigns/{made.name}")


def _typed(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the form as the control API takes a new list; what was left empty has its default."""
    settings: dict[str, Any] = {name: form[name] for name in ("title", "pacing", "survey", "script") if form.get(name)}
    settings |= {name: form[name] for name in _NUMBERS if form.get(name)}
    if lines := _lines(form.get("hours", "")):
        settings["hours"] = lines
    if lines := _lines(form.get("outcomes", "")):
        settings["outcomes"] = [outcome_from(line) for line in lines]
    return {"name": form.get("name", ""), "line": form.get("line", ""), "settings": settings}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _field(place: tuple[int | str, ...]) -> str:
    """Return the field of the form that a mistake is in: that of the settings, or of the list itself."""
    return str(place[1] if place[0] == "settings" and len(place) > 1 else place[0])


async def campaign(asked: Asked) -> Response:
    """One list: its state, its counts, its contacts page by page."""
    query = asked.query
    counts = {key: query[key] for key in Imported._fields if key in query}
    said = ""
    if len(counts) == len(Imported._fields):
        said = WORDS["list_imported"].say(language_of(asked.person.language), **counts)
    return await _campaign_page(asked, await _named(asked), said=said)


async def _campaign_page(asked: Asked, found: Campaign, *, said: str = "", refused: str = "") -> Response:
    desk, language = asked.desk.floor.campaigning.desk, language_of(asked.person.language)
    after = asked.query.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise BadForm
    contacts = await desk.store.page(found, int(after), PAGE)
    await _note(asked, "contacts", found.name)
    return asked.page(
        "campaign.html",
        status=422 if refused else 200,
        view=await _view(asked, found),
        settings=found.settings,
        contacts=contacts,
        more=len(contacts) == PAGE,
        agents={operator.number: operator.title for operator in asked.desk.floor.config.operators},
        word=_word(asked),
        outcome=lambda code: (
            outcome_title(found.settings, code, language) if code else WORDS["outcome_none"].say(language)
        ),
        said=said,
        refused=refused,
    )


async def change(asked: Asked) -> Response:
    """Let a list run, rest or end for good."""
    found, do = await _named(asked), asked.form.get("do", "")
    if do not in _DEEDS:
        raise BadForm
    language = language_of(asked.person.language)
    if do == "stop" and asked.form.get("sure") != "on":
        return await _campaign_page(asked, found, refused=WORDS["list_stop_unsure"].say(language))
    try:
        changed = await asked.desk.floor.campaigning.desk.change_state(found, _DEEDS[do], asked.person.login)
    except CampaignRefused as fault:
        return await _campaign_page(asked, found, refused=WORDS[f"list_{fault.code}"].say(language))
    await _note(asked, "call_list", f"{changed.name} {changed.state}")
    return asked.goto(f"/campaigns/{found.name}")


async def fill(asked: Asked) -> Response:
    """Add the contacts of a file; whom the list has already is left as he is."""
    found, file = await _named(asked), asked.files.get("file")
    language = language_of(asked.person.language)
    if file is None:
        return await _campaign_page(asked, found, refused=WORDS["list_no_file"].say(language))
    total = Imported(0, 0, 0)
    try:
        rows = await asyncio.to_thread(contacts_in, file.name, file.content)
        for first in range(0, len(rows), ADDED_AT_ONCE):
            done = await asked.desk.floor.campaigning.desk.fill(found, rows[first : first + ADDED_AT_ONCE])
            total = Imported(*(one + more for one, more in zip(total, done, strict=True)))
    except FileRefused as fault:
        told = REASONS[fault.reason].say(language, path=file.name, **fault.values)
        return await _campaign_page(asked, found, refused=told)
    except CampaignRefused as fault:
        return await _campaign_page(asked, found, refused=WORDS[f"list_{fault.code}"].say(language))
    counts = {key: str(value) for key, value in total._asdict().items()}
    await _note(
        asked, "call_list", f"{found.name} {file.name[:100]}: " + " ".join(f"{k}={v}" for k, v in counts.items())
    )
    return asked.goto(f"/campaigns/{found.name}", **counts)


async def results_as_csv(asked: Asked) -> Response:
    """Every contact with what became of him, as CSV that Excel opens by a double click in Russia."""
    found, language = await _named(asked), language_of(asked.person.language)
    await _note(asked, "export", f"{found.name}.csv")

    async def parts() -> AsyncIterator[bytes]:
        yield b"\xef\xbb\xbf" + results_csv(results_of((), language)).encode()
        async for contacts in _all_contacts(asked, found):
            rows = results_of(map(_as_shown, contacts), language)
            next(rows)  # the heads
            yield results_csv(rows).encode()

    return StreamingResponse(parts(), media_type=CSV_KIND, headers=attached(f"{found.name}.csv"))


async def results_as_xlsx(asked: Asked) -> Response:
    """The same as a workbook."""
    found, language = await _named(asked), language_of(asked.person.language)
    contacts: list[Contact] = []
    async for part in _all_contacts(asked, found):
        contacts += part
        if len(contacts) > IN_A_WORKBOOK:
            raise BadForm("too_many_rows")
    await _note(asked, "export", f"{found.name}.xlsx")

    def made() -> bytes:
        heads, *rows = results_of(map(_as_shown, contacts), language)
        return table_xlsx(WORDS["list_results"].say(language), heads, rows)

    content = await asyncio.to_thread(made)
    return Response(content, media_type=XLSX_KIND, headers=attached(f"{found.name}.xlsx"))


async def _all_contacts(asked: Asked, found: Campaign) -> AsyncIterator[list[Contact]]:
    store, after = asked.desk.floor.campaigning.desk.store, 0
    while contacts := await store.page(found, after, READ_AT_ONCE):
        yield contacts
        after = contacts[-1].id


def _as_shown(contact: Contact) -> dict[str, Any]:
    """Return a contact as the control API shows it to a supervisor."""
    return {**contact._asdict(), "contact": contact.id, "details": contact.facts()}


async def _named(asked: Asked) -> Campaign:
    """Return the list that the path names.

    Raises:
        CardNotFound: There is none of this name.
    """
    name = asked.request.path_params["campaign"]
    found = await asked.desk.floor.campaigning.desk.store.find(name)
    if found is None:
        raise CardNotFound(name)
    return found


async def _view(asked: Asked, found: Campaign) -> CampaignView:
    return view_of(found, await asked.desk.floor.campaigning.desk.summary(found))


def _word(asked: Asked) -> Any:
    language = language_of(asked.person.language)
    return lambda name: word(name, language)


async def _note(asked: Asked, action: str, detail: str) -> None:
    await asked.desk.journal.trail.note(TrailEntry(asked.desk.now(), asked.person.login, action, detail=detail))

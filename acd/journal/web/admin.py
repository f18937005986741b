"""Pages of administration: knowledge base, catalogues, people, the trail, assessments, reports."""

import asyncio
from datetime import date, timedelta

from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from acd.journal.numbers import parse_number
from acd.journal.reports import Report, report
from acd.journal.roles import Person, Right, Role
from acd.journal.states import Holder
from acd.journal.store.knowledge import ArticleKind, Proposal
from acd.journal.store.people import SHORTEST_PASSWORD, hash_password
from acd.journal.store.trail import MARKS, Assessment, TrailEntry
from acd.journal.web.desk import Asked, BadForm, day_after, language_of, local_instant
from acd.journal.web.export import CSV_KIND, XLSX_KIND, attached, csv_of, sides_of, xlsx_of


async def knowledge(asked: Asked) -> Response:
    """The knowledge base with its search; proposals for those who decide."""
    desk, person = asked.desk, asked.person
    return await _knowledge_page(asked, desk.journal.service, person.may(Right.APPROVE_KNOWLEDGE))


async def _knowledge_page(asked: Asked, service: str, decides: bool) -> Response:
    base = asked.desk.knowledge
    return asked.page(
        "knowledge.html",
        articles=await base.search(service, asked.query.get("text", "")),
        proposals=await base.proposals(service) if decides else [],
        kinds=ArticleKind,
        query=asked.query,
    )


async def propose(asked: Asked) -> Response:
    """Propose an article."""
    form = asked.form
    title, body = form.get("title", "").strip(), form.get("body", "").strip()
    if not title or not body:
        raise BadForm
    try:
        kind = ArticleKind(form.get("kind", ""))
        replaces = int(form["replaces"]) if form.get("replaces") else None
    except ValueError as error:
        raise BadForm from error
    proposal = Proposal(kind, title, body, form.get("line", "").strip(), replaces)
    desk = asked.desk
    await desk.knowledge.propose(desk.journal.service, proposal, asked.person.login, desk.now())
    return asked.goto("/knowledge", saved="1")


async def decide(asked: Asked) -> Response:
    """Approve or decline a proposal."""
    desk = asked.desk
    approve = asked.form.get("do") == "approve"
    service, article = desk.journal.service, asked.number("article")
    await desk.knowledge.decide(service, article, approve=approve, by=asked.person.login, at=desk.now())
    return asked.goto("/knowledge")


async def catalogues(asked: Asked) -> Response:
    """Organisations, their officials, reasons; and letters that could not be delivered."""
    return await _catalogues_page(asked)


async def _catalogues_page(asked: Asked, error: str = "") -> Response:
    store, service = asked.desk.journal.catalogues, asked.desk.journal.service
    return asked.page(
        "catalogues.html",
        status=409 if error else 200,
        organisations=await store.organisations(service),
        officials=await store.officials(service),
        reasons=await store.reasons(service),
        kinds=[Holder.CLINIC, Holder.MINISTRY, Holder.INSURER],
        undelivered=await asked.desk.outbox.given_up(20),
        error=error,
    )


async def change_catalogue(asked: Asked) -> Response:
    """Add a row to a catalogue, or take one out of use."""
    store, service, form = asked.desk.journal.catalogues, asked.desk.journal.service, asked.form
    name = form.get("name", "").strip()
    try:
        match form.get("do", ""):
            case "organisation" if name:
                await store.add_organisation(service, Holder(form.get("kind", "")), name)
            case "official" if name and "@" in form.get("email", ""):
                organisation = int(form.get("organisation_id", ""))
                if organisation not in {one.id for one in await store.organisations(service)}:
                    raise BadForm
                await store.add_official(organisation, name, form["email"].strip(), form.get("phone", "").strip())
            case "reason" if name:
                await store.add_reason(service, name)
            case "active":
                await store.set_active(service, form["table"], int(form["row"]), active=form["value"] == "1")
            case _:
                raise BadForm
    except (ValueError, KeyError) as error:
        raise BadForm from error
    except IntegrityError:
        return await _catalogues_page(asked, "exists")
    await _note(asked, "catalogue", f"{form['do']} {name or form.get('row', '')}")
    return asked.goto("/catalogues")


async def people(asked: Asked) -> Response:
    """The access list."""
    return await _people_page(asked)


async def _people_page(asked: Asked, error: str = "") -> Response:
    desk = asked.desk
    return asked.page(
        "people.html",
        status=422 if error else 200,
        everybody=await desk.people.all(desk.journal.service),
        roles=[role for role in Role if role is not Role.OFFICIAL],
        insurers=[
            one for one in await desk.journal.catalogues.organisations(desk.journal.service)
            if one.kind is Holder.INSURER and one.active
        ],
        error=error,
    )  # fmt: skip


async def change_people(asked: Asked) -> Response:
    """Admit somebody, change what is known of them, or withdraw their access."""
    desk, form = asked.desk, asked.form
    service, login = desk.journal.service, form.get("login", "").strip().lower()
    if not login:
        raise BadForm
    if form.get("do") in {"admit", "dismiss"}:
        await desk.people.set_active(service, login, active=form["do"] == "admit")
    else:
        if len(form.get("password", "")) < SHORTEST_PASSWORD:
            return await _people_page(asked, "password_short")
        known = await desk.people.service_of(login)
        if known not in {None, service}:
            return await _people_page(asked, "exists")
        try:
            person = Person(
                login,
                form["name"].strip(),
                Role(form["role"]),
                service,
                agent=form.get("agent", "").strip() or None,
                organisation=int(form["organisation_id"]) if form.get("organisation_id") else None,
            )
        except (KeyError, ValueError) as error:
            raise BadForm from error
        if person.role is Role.OFFICIAL:
            raise BadForm
        await desk.people.put(person, await asyncio.to_thread(hash_password, form["password"]))
    await _note(asked, "people", f"{form.get('do', 'put')} {login}")
    return asked.goto("/people")


async def trail(asked: Asked) -> Response:
    """Who looked at what and did what."""
    desk, written = asked.desk, asked.query.get("card", "").strip()
    card = None
    if written:
        journal = desk.journal
        card = (await journal.cards.by_number(journal.service, parse_number(written, journal.rules.profile.prefix))).id
    entries = await desk.journal.trail.read(card=card, actor=asked.query.get("actor", "").strip())
    numbers = await desk.journal.cards.numbers({entry.card for entry in entries if entry.card is not None})
    return asked.page("trail.html", entries=entries, query=asked.query, numbers=numbers)


async def assess(asked: Asked) -> Response:
    """Assess the handling of a card."""
    desk, number = asked.desk, asked.number("card")
    card = await desk.journal.read(asked.person, number, desk.now())
    try:
        marks = {mark: int(asked.form.get(mark, "")) for mark in MARKS}
        comment = asked.form.get("comment", "").strip()
        call = asked.form.get("call", "")
        agent = await _who_talked(asked, number, call) if call else card.responsible
        assessment = Assessment(number, agent, asked.person.login, desk.now(), marks, comment, call)
    except (ValueError, LookupError) as error:
        raise BadForm from error
    await desk.journal.trail.assess(assessment)
    return asked.goto(f"/cards/{number}", saved="1")


async def _who_talked(asked: Asked, number: int, call: str) -> str:
    """Return the login of the operator of one of the card's talks, or the operator's number. Raises `LookupError`."""
    desk = asked.desk
    agents = {talk.call: talk.agent for talk in await desk.journal.cards.talks(number) if talk.agent}
    person = await desk.people.by_agent(desk.journal.service, agents[call])
    return person.login if person is not None else agents[call]


async def reports(asked: Asked) -> Response:
    """The analysis of a period, on the screen."""
    found, begin, end = await _report(asked)
    sides = dict(sides_of(found, language_of(asked.person.language)))
    by_time = sides.pop("by_time")
    return asked.page(
        "reports.html", report=found, sides=sides.items(), by_time=by_time, begin=begin, end=end,
        periods=_periods(asked.desk.journal.rules.work.local_date(asked.desk.now())),
    )  # fmt: skip


def _periods(today: date) -> list[tuple[str, date, date]]:
    """Return the periods that are asked for every month and quarter (UDM 8.2): the last whole ones, and the current."""
    month = today.replace(day=1)
    quarter = month.replace(month=1 + (month.month - 1) // 3 * 3)
    last_month, last_quarter = month - timedelta(days=1), quarter - timedelta(days=1)
    begin_of_quarter = last_quarter.replace(day=1, month=1 + (last_quarter.month - 1) // 3 * 3)
    return [
        ("this_month", month, today),
        ("last_month", last_month.replace(day=1), last_month),
        ("this_quarter", quarter, today),
        ("last_quarter", begin_of_quarter, last_quarter),
    ]


async def reports_csv(asked: Asked) -> Response:
    """The analysis of a period as CSV."""
    found, begin, end = await _report(asked)
    return await _download(asked, f"report-{begin}-{end}.csv", CSV_KIND, csv_of(found, asked.person))


async def reports_xlsx(asked: Asked) -> Response:
    """The analysis of a period as a workbook."""
    found, begin, end = await _report(asked)
    content = await asyncio.to_thread(xlsx_of, found, asked.person)
    return await _download(asked, f"report-{begin}-{end}.xlsx", XLSX_KIND, content)


async def _report(asked: Asked) -> tuple[Report, str, str]:
    desk = asked.desk
    today = desk.journal.rules.work.local_date(desk.now())
    begin = asked.query.get("from") or today.replace(day=1).isoformat()
    end = asked.query.get("to") or today.isoformat()
    found = await report(
        desk.engine, desk.journal.service, local_instant(desk, begin), day_after(desk, end), desk.now(),
        desk.journal.rules.work.zone,
    )  # fmt: skip
    return found, begin, end


async def _download(asked: Asked, name: str, kind: str, content: bytes) -> Response:
    await _note(asked, "export", name)
    return Response(content, media_type=kind, headers=attached(name))


async def _note(asked: Asked, action: str, detail: str) -> None:
    entry = TrailEntry(asked.desk.now(), asked.person.login, action, detail=detail)
    await asked.desk.journal.trail.note(entry)

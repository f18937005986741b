"""`acd campaigns`: call lists, from the file of contacts to the file of results."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from acd.campaigns.model import outcome_from
from acd.campaigns.results import WORDS, results_csv, results_of
from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.imported import AT_ONCE, contacts_of
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.texts import Text

HELP: Final = tell("Call lists: make, fill, let run, results.", "Обзвоны: создать, заполнить, запустить, итоги.")
PAGE: Final = 500

_Name = Annotated[str, typer.Argument(help=tell("Name of the list.", "Имя обзвона."))]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

campaigns = typer.Typer(help=HELP, invoke_without_command=True)


@campaigns.callback()
def _default(context: typer.Context, *, json: _Json = False) -> None:
    """List them when no action is named."""
    if context.invoked_subcommand is None:
        _list(context.obj, json=json)


@campaigns.command("list", help=tell("Every list and how far it is.", "Все обзвоны и как они идут."))
def list_(context: typer.Context, *, json: _Json = False) -> None:
    """Print the table of lists."""
    _list(context.obj, json=json)


@campaigns.command(help=tell("One of them, with its results.", "Один из них, с итогами."))
def show(context: typer.Context, name: _Name, *, json: _Json = False) -> None:
    """Print one list, how its calls ended and what the talks have brought."""
    session: Session = context.obj
    told = session.daemon().get(f"/v1/campaigns/{name}")
    _print([told], session, json=json)
    if not json:
        for result, count in told["results"].items():
            session.print_line(f"  {_word(result, session)}: {count}")


@campaigns.command(help=tell("Make a list, paused and empty.", "Создать обзвон: пустой и на паузе."))
def add(
    context: typer.Context,
    name: _Name,
    line: Annotated[str, typer.Option(help=tell("Line whose operators call.", "Линия, операторы которой звонят."))],
    *,
    title: Annotated[str, typer.Option(help=tell("What people read.", "Название."))] = "",
    pacing: Annotated[
        str,
        typer.Option(
            help=tell(
                "operators: when one is free; preview: he asks for the next; menu: a survey without operators.",
                "operators — когда оператор свободен; preview — по его запросу; menu — опрос без операторов.",
            )
        ),
    ] = "operators",
    survey: Annotated[str, typer.Option(help=tell("Survey of pacing menu.", "Опрос для menu."))] = "",
    attempts: Annotated[int, typer.Option(min=1, max=20, help=tell("Attempts at one contact.", "Попыток."))] = 3,
    keep_free: Annotated[
        int, typer.Option(min=0, help=tell("Operators left for callers.", "Операторов оставить для входящих."))
    ] = 0,
    at_once: Annotated[
        int, typer.Option(min=1, max=1000, help=tell("Calls at the same time.", "Одновременных звонков."))
    ] = 10,
    first_leg: Annotated[
        str | None, typer.Option(help=tell("operator or caller is dialled first.", "Кого набирать первым."))
    ] = None,
    hours: Annotated[
        list[str] | None, typer.Option(help=tell("mon-fri 09:00-20:00; repeat.", "mon-fri 09:00-20:00; можно ещё."))
    ] = None,
    script: Annotated[
        Path | None, typer.Option(help=tell("File of what the operator says.", "Файл с текстом для оператора."))
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            help=tell(
                "code=title, code=title=again or =do_not_call; repeat.",
                "код=название, код=название=again или =do_not_call; можно несколько.",
            )
        ),
    ] = None,
    json: _Json = False,
) -> None:
    """Ask the daemon for a new list."""
    session: Session = context.obj
    settings: dict[str, object] = {"title": title, "pacing": pacing, "survey": survey, "attempts": attempts}
    settings |= {"keep_free": keep_free, "at_once": at_once, "first_leg": first_leg}
    if hours:
        settings["hours"] = hours
    if script is not None:
        settings["script"] = _text_of(script)
    if outcome:
        settings["outcomes"] = [outcome_from(text) for text in outcome]
    told = session.daemon().post("/v1/campaigns", {"name": name, "line": line, "settings": settings})
    _print([told], session, json=json)


@campaigns.command(help=tell("Let a list rest; calls under way go on.", "Поставить на паузу; начатые звонки идут."))
def pause(context: typer.Context, name: _Name, *, json: _Json = False) -> None:
    """Ask the daemon to pause it."""
    _change(context.obj, name, "paused", json=json)


@campaigns.command(help=tell("Let a list run.", "Запустить или продолжить."))
def resume(context: typer.Context, name: _Name, *, json: _Json = False) -> None:
    """Ask the daemon to run it."""
    _change(context.obj, name, "running", json=json)


@campaigns.command(help=tell("End a list for good.", "Завершить насовсем."))
def stop(context: typer.Context, name: _Name, *, json: _Json = False) -> None:
    """Ask the daemon to end it."""
    _change(context.obj, name, "stopped", json=json)


@campaigns.command("import", help=tell("Add the contacts of a CSV, XLSX, XLS or ODS file.", "Добавить из файла."))
def import_(
    context: typer.Context,
    name: _Name,
    file: Annotated[Path, typer.Argument(help=tell("The file.", "Файл CSV, XLSX, XLS или ODS."))],
    *,
    json: _Json = False,
) -> None:
    """Read the file here and hand its contacts to the daemon; whom it has already is left as he is."""
    session: Session = context.obj
    rows = contacts_of(file)
    daemon = session.daemon()
    total = {"added": 0, "repeated": 0, "impossible": 0}
    for first in range(0, len(rows), AT_ONCE):
        part = [row.as_request() for row in rows[first : first + AT_ONCE]]
        told = daemon.post(f"/v1/campaigns/{name}/contacts", {"contacts": part})
        total = {key: total[key] + told[key] for key in total}
    if json:
        session.print_json(total)
        return
    session.print_line(session.say(_IMPORTED, **total))


@campaigns.command(help=tell("Contacts with their results, as CSV.", "Контакты с итогами, CSV."))
def export(
    context: typer.Context,
    name: _Name,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=tell("File to write to.", "Файл, куда писать."))
    ] = None,
) -> None:
    """Write every contact; the trail notes whose numbers were shown."""
    session: Session = context.obj
    text = results_csv(results_of(_all_contacts(session, name), session.language))
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8-sig", newline="")
    except OSError as fault:
        raise CommandFailed(ExitCode.WRONG, _UNWRITTEN, path=output, reason=fault.strerror) from fault


@campaigns.command(help=tell("What the talks have brought.", "Чем закончились разговоры."))
def outcomes(context: typer.Context, name: _Name, *, json: _Json = False) -> None:
    """Print how often each outcome was given."""
    session: Session = context.obj
    told = session.daemon().get(f"/v1/campaigns/{name}")
    if json:
        session.print_json(told["outcomes"])
        return
    titles = {code["code"]: code["title"] for code in told["settings"].get("outcomes", [])}
    rows = [
        [titles.get(code) or (_word(code, session) if code else session.say(_NOT_GIVEN)), str(count)]
        for code, count in told["outcomes"].items()
    ]
    session.print_table([session.say(_OUTCOME), session.say(_CONTACTS)], rows)


def _list(session: Session, *, json: bool) -> None:
    _print(session.daemon().get("/v1/campaigns")["campaigns"], session, json=json)


def _change(session: Session, name: str, state: str, *, json: bool) -> None:
    _print([session.daemon().post(f"/v1/campaigns/{name}/state", {"state": state})], session, json=json)


def _print(rows: list[dict[str, Any]], session: Session, *, json: bool) -> None:
    if json:
        session.print_json(rows)
        return
    session.print_table([session.say(text) for text in _HEAD], [_row(row, session) for row in rows])


def _row(row: dict[str, Any], session: Session) -> list[str]:
    counts = [str(row[key]) for key in ("contacts", "waiting", "calling", "reached", "closed")]
    return [row["name"], row["title"], row["line"], _word(row["state"], session), row["pacing"], *counts]


def _word(word: str, session: Session) -> str:
    return session.say(WORDS[word]) if word in WORDS else word


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise CommandFailed(ExitCode.WRONG, _UNREADABLE, path=path, reason=fault) from fault


def _all_contacts(session: Session, name: str) -> Iterator[dict[str, Any]]:
    daemon, after = session.daemon(), 0
    while True:
        rows = daemon.get(f"/v1/campaigns/{name}/contacts?after={after}&limit={PAGE}")["contacts"]
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1]["contact"]


_HEAD: Final = (
    Text("List", "Обзвон"),
    Text("Title", "Название"),
    Text("Line", "Линия"),
    Text("State", "Состояние"),
    Text("Pacing", "Режим"),
    Text("Contacts", "Контактов"),
    Text("Waiting", "Ждут"),
    Text("Calling", "Звоним"),
    Text("Reached", "Дозвонились"),
    Text("Closed", "Закрыто"),
)
_OUTCOME: Final = Text("Outcome", "Итог")
_CONTACTS: Final = Text("Contacts", "Контактов")
_NOT_GIVEN: Final = Text("not given", "не указан")
_IMPORTED: Final = Text(
    "Added {added}; in the list already {repeated}; cannot be called {impossible}",
    "Добавлено: {added}; уже в списке: {repeated}; звонить нельзя: {impossible}",
)
_UNWRITTEN: Final = Text("{path} cannot be written: {reason}", "Нельзя записать {path}: {reason}")
_UNREADABLE: Final = Text("{path} cannot be read: {reason}", "Нельзя прочесть {path}: {reason}")

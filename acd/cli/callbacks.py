"""`acd callbacks`: who is owed a call-back, and what a supervisor may ask: add one, call one off, settle one."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape

from acd.cli.help import tell
from acd.cli.imported import contacts_of
from acd.cli.session import Session
from acd.cli.status import JSON_HELP, owed_line
from acd.control.errors import RequestRefused
from acd.texts import Text

HELP: Final = tell("Show who is owed a call-back, or change it.", "Показать, кому надо перезвонить, или изменить это.")
_Request = Annotated[int, typer.Argument(min=1, help=tell("The number from the list.", "Номер из списка."))]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

callbacks = typer.Typer(help=HELP, invoke_without_command=True)


@callbacks.callback()
def _default(context: typer.Context, *, json: _Json = False) -> None:
    """List them when no action is named."""
    if context.invoked_subcommand is None:
        _list(context.obj, json=json)


@callbacks.command("list", help=tell("Everybody who is owed a call-back.", "Все, кому надо перезвонить."))
def list_(context: typer.Context, *, json: _Json = False) -> None:
    """Print the table of open requests."""
    _list(context.obj, json=json)


@callbacks.command(help=tell("One of them, with its attempts.", "Один из них, с попытками."))
def show(context: typer.Context, request: _Request, *, json: _Json = False) -> None:
    """Print one request and its attempts."""
    session: Session = context.obj
    told = session.daemon().get(f"/v1/callbacks/{request}")
    if json:
        session.print_json(told)
        return
    _print_one(told, session)


@callbacks.command(help=tell("Ask for a call-back, now or at a time.", "Заказать обратный звонок, сейчас или потом."))
def add(
    context: typer.Context,
    line: Annotated[str, typer.Argument(help=tell("Name of the line.", "Имя линии."))],
    number: Annotated[str, typer.Argument(help=tell("Whom to call.", "Кому позвонить."))],
    *,
    at: Annotated[
        str | None,
        typer.Option(help=tell("When: 2026-11-21T14:30, the site's time.", "Когда: 2026-11-21T14:30, местное время.")),
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help=tell("Number of the operator who is to call.", "Номер оператора, кто звонит."))
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help=tell("A citizen's wish on the web site.", "Заявка гражданина с сайта."))
    ] = False,
    json: _Json = False,
) -> None:
    """Ask the daemon for a call-back."""
    session: Session = context.obj
    body: dict[str, object] = {"line": line, "number": number, "origin": "web" if web else "booked"}
    if at is not None:
        body["at"] = session.instant(at)
    if agent is not None:
        body["agent"] = agent
    told = session.daemon().post("/v1/callbacks", body)
    if json:
        session.print_json(told)
        return
    _print_one(told, session)


@callbacks.command(
    "import",
    help=tell("Wishes of the web site, out of a CSV, XLSX, XLS or ODS file.", "Заявки с сайта из файла CSV или XLSX."),
)
def import_(
    context: typer.Context,
    line: Annotated[str, typer.Argument(help=tell("Name of the line.", "Имя линии."))],
    file: Annotated[Path, typer.Argument(help=tell("The file.", "Файл."))],
    *,
    json: _Json = False,
) -> None:
    """Ask for a call-back for each number of the file, as the web site does one by one."""
    session: Session = context.obj
    rows, daemon = contacts_of(file), session.daemon()
    refused: list[tuple[str, str]] = []
    for row in rows:
        try:
            daemon.post("/v1/callbacks", {"line": line, "number": row.number, "origin": "web"})
        except RequestRefused as fault:
            if fault.code != "callback_impossible":
                raise
            refused.append((row.number, fault.message))
    if json:
        session.print_json({"booked": len(rows) - len(refused), "refused": dict(refused)})
        return
    session.print_line(session.say(_IMPORTED, booked=len(rows) - len(refused), refused=len(refused)))
    for number, reason in refused:
        session.print_line(escape(f"{number}: {session.say(_WORDS[reason]) if reason in _WORDS else reason}"))


@callbacks.command(help=tell("Call a call-back off.", "Отменить обратный звонок."))
def cancel(context: typer.Context, request: _Request, *, json: _Json = False) -> None:
    """Ask the daemon to call it off."""
    _end(context.obj, request, "cancel", json=json)


@callbacks.command(help=tell("Nothing is owed any more: it was settled otherwise.", "Вопрос решён иначе, не звонить."))
def done(context: typer.Context, request: _Request, *, json: _Json = False) -> None:
    """Ask the daemon to close it."""
    _end(context.obj, request, "done", json=json)


def _end(session: Session, request: int, action: str, *, json: bool) -> None:
    told = session.daemon().post(f"/v1/callbacks/{request}/{action}")
    if json:
        session.print_json(told)
        return
    _print_one(told, session)


def _list(session: Session, *, json: bool) -> None:
    told = session.daemon().get("/v1/callbacks")
    if json:
        session.print_json(told)
        return
    zone = ZoneInfo(session.load().site.time_zone)
    rows = [_row(row, zone, session) for row in told["callbacks"]]
    session.print_table([session.say(text) for text in _HEAD], rows)
    session.print_line(owed_line(told["owed"], told["oldest_due_in_s"], session))


def _print_one(row: dict[str, Any], session: Session) -> None:
    zone = ZoneInfo(session.load().site.time_zone)
    session.print_table([session.say(text) for text in _HEAD], [_row(row, zone, session)])
    for attempt in row["attempts"]:
        became = session.say(_WORDS[attempt["failure"]]) if attempt["failure"] in _WORDS else attempt["failure"] or ""
        session.print_line(
            escape(session.say(_ATTEMPT, call=attempt["call"], at=_time(attempt["started_at"], zone), became=became))
        )


def _row(row: dict[str, Any], zone: ZoneInfo, session: Session) -> list[str]:
    why = row["reason"] or row["hold"] or ""
    return [
        str(row["request"]),
        row["line"],
        row["number"],
        session.say(_WORDS[row["state"]]),
        session.say(_WORDS[why]) if why in _WORDS else why,
        session.say(_WORDS[row["origin"]]),
        row["reserved"] or row["agent"] or "",
        _time(row["broken_at"], zone),
        _time(row["next_at"], zone) if row["state"] == "owed" else "",
        str(len(row["attempts"])),
    ]


def _time(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%d.%m %H:%M:%S}"


_IMPORTED: Final = Text("Booked {booked}, refused {refused}", "Заказано: {booked}, отказано: {refused}")
_ATTEMPT: Final = Text("{at}  {call}  {became}", "{at}  {call}  {became}")
_HEAD: Final = (
    Text("No.", "№"),
    Text("Line", "Линия"),
    Text("Number", "Номер"),
    Text("State", "Состояние"),
    Text("Reason", "Причина"),
    Text("Origin", "Откуда"),
    Text("Operator", "Оператор"),
    Text("Broken", "Разрыв"),
    Text("Next", "Следующая"),
    Text("Attempts", "Попыток"),
)
_WORDS: Final = {
    "owed": Text("owed", "ожидает"),
    "in_line": Text("in line", "в очереди"),
    "reserved": Text("operator rings", "звоним оператору"),
    "dialling": Text("dialling", "набираем"),
    "ringing": Text("ringing", "звоним"),
    "connected": Text("caller waits", "абонент ждёт"),
    "talking": Text("talking", "говорят"),
    "after_talk": Text("after the talk", "после разговора"),
    "calling_in": Text("calls in himself", "звонит сам"),
    "done": Text("done", "выполнен"),
    "merged": Text("called himself", "дозвонился сам"),
    "given_up": Text("given up", "прекращён"),
    "impossible": Text("impossible", "невозможен"),
    "break": Text("break", "разрыв"),
    "place": Text("place in line", "место в очереди"),
    "web": Text("web site", "сайт"),
    "booked": Text("booked", "обещан"),
    "list": Text("call list", "обзвон"),
    "do_not_call": Text("does not want our calls", "просил не звонить"),
    "withheld": Text("number withheld", "номер скрыт"),
    "invalid": Text("no telephone number", "не телефонный номер"),
    "not_permitted": Text("number not permitted", "номер не разрешён"),
    "own_number": Text("a number of ours", "свой номер"),
    "number_limit": Text("called often enough today", "сегодня звонили достаточно"),
    "no_policy": Text("line has no call-backs", "линия не перезванивает"),
    "person_limit": Text("asked for too many this hour", "за этот час заказано предельное число"),
    "too_many": Text("too many are open", "слишком много открытых"),
    "attempts_made": Text("all attempts made", "все попытки сделаны"),
    "expired": Text("too long ago", "слишком давно"),
    "wrong_person": Text("wrong person", "не тот абонент"),
    "cancelled": Text("called off", "отменён"),
    "line_gone": Text("line was removed", "линия убрана"),
    "number_in_use": Text("number is in use", "номер занят нами"),
    "channels": Text("no channel free", "нет каналов"),
    "operators": Text("no operator", "нет операторов"),
    "hourly_limit": Text("limit of the hour", "часовой предел"),
    "busy": Text("busy", "занято"),
    "no_answer": Text("no answer", "не отвечает"),
    "unreachable": Text("unreachable", "недоступен"),
    "refused": Text("refused", "отклонил"),
    "no_line": Text("nothing went out", "вызов не ушёл"),
    "left": Text("hung up before an operator came", "не дождался оператора"),
    "no_operator": Text("no operator came", "оператор не пришёл"),
    "machine": Text("answering machine", "автоответчик"),
    "called_in": Text("called us meanwhile", "позвонил сам"),
    "withdrawn": Text("ended by us", "прервано нами"),
    "lost": Text("unknown", "неизвестно"),
}

"""`acd calls`: who waits and who talks, and where a supervisor puts a call that waits."""

from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.texts import Text, duration
from metrics.reports.show import word

HELP: Final = tell("Show the calls, or put one that waits elsewhere.", "Показать вызовы или переставить ожидающий.")
_Call = Annotated[str, typer.Argument(help=tell("The call's id, from the list.", "Номер вызова из списка."))]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
_Consent = Annotated[
    bool,
    typer.Option(
        "--consent", help=tell("The caller agrees to be handed on outside.", "Абонент согласен на передачу вовне.")
    ),
]

calls = typer.Typer(help=HELP, invoke_without_command=True)


@calls.callback()
def show(
    context: typer.Context,
    *,
    line: Annotated[str | None, typer.Option(help=tell("Of one line only.", "Только одной линии."))] = None,
    json: _Json = False,
) -> None:
    """Print the table of calls when no action is named."""
    if context.invoked_subcommand is not None:
        return
    session: Session = context.obj
    told = session.daemon().get("/v1/calls")
    shown = [call for call in told["calls"] if line is None or call["line"] == line]
    if json:
        session.print_json({"at": told["at"], "calls": shown})
        return
    session.print_table([session.say(text) for text in _HEAD], [_row(call, session) for call in shown])


@calls.command(
    help=tell("Give a call to one operator, when he is free.", "Отдать вызов оператору, когда он освободится.")
)
def give(
    context: typer.Context,
    call: _Call,
    agent: Annotated[str, typer.Argument(help=tell("The operator's number.", "Номер оператора."))],
    *,
    json: _Json = False,
) -> None:
    """Ask the daemon to give the call to the operator."""
    _ask(context.obj, call, "give", {"agent": agent}, json=json)


@calls.command(help=tell("Move a call to another line.", "Перевести вызов на другую линию."))
def move(
    context: typer.Context,
    call: _Call,
    line: Annotated[str, typer.Argument(help=tell("Name of the line.", "Имя линии."))],
    *,
    json: _Json = False,
) -> None:
    """Ask the daemon to move the call."""
    _ask(context.obj, call, "move", {"line": line}, json=json)


@calls.command(
    help=tell("Put a call into another class; a higher one goes first.", "Сменить класс вызова; высший — первым.")
)
def priority(
    context: typer.Context,
    call: _Call,
    class_: Annotated[
        int,
        typer.Argument(metavar="CLASS", min=-100, max=100, help=tell("The class; 0 is usual.", "Класс; обычный 0.")),
    ],
    *,
    json: _Json = False,
) -> None:
    """Ask the daemon to change the call's class."""
    _ask(context.obj, call, "priority", {"priority": class_}, json=json)


@calls.command(help=tell("Hand the caller of a talk on.", "Передать абонента разговора дальше."))
def transfer(
    context: typer.Context,
    call: _Call,
    to: Annotated[
        str,
        typer.Argument(
            help=tell(
                "Number of an operator, name of a line or of a destination.",
                "Номер оператора, имя линии или назначения.",
            )
        ),
    ],
    *,
    consent: _Consent = False,
    json: _Json = False,
) -> None:
    """Ask the daemon to hand the caller on; what becomes of it, the records tell."""
    session: Session = context.obj
    told = session.daemon().post(f"/v1/calls/{quote(call, safe='')}/transfer", {"to": to, "consent": consent})
    if json:
        session.print_json(told)
        return
    session.print_line(session.say(_HANDED_ON, call=told["call"], to=told["to"]["to"]))


@calls.command(
    help=tell("Ask somebody before the caller is handed on to him.", "Посоветоваться, прежде чем передать абонента.")
)
def ask(
    context: typer.Context,
    call: _Call,
    to: Annotated[
        str,
        typer.Argument(
            help=tell("Number of an operator or name of a destination.", "Номер оператора или имя назначения.")
        ),
    ],
    *,
    consent: _Consent = False,
    json: _Json = False,
) -> None:
    """Ask the daemon to ring whoever is to be asked; the caller hears music meanwhile."""
    session: Session = context.obj
    told = session.daemon().post(f"/v1/calls/{quote(call, safe='')}/ask", {"to": to, "consent": consent})
    if json:
        session.print_json(told)
        return
    session.print_line(session.say(_IS_ASKED, call=told["call"], to=told["to"]["to"]))


@calls.command(help=tell("Join the caller to whoever is asked.", "Соединить абонента с тем, с кем советуются."))
def join(context: typer.Context, call: _Call, *, json: _Json = False) -> None:
    """Ask the daemon to complete what `ask` has begun."""
    _end_asking(context.obj, call, "join", _JOINED, json=json)


@calls.command(
    help=tell("Back to the caller: nobody is asked any more.", "Вернуться к абоненту, прервав консультацию.")
)
def back(context: typer.Context, call: _Call, *, json: _Json = False) -> None:
    """Ask the daemon to call off what `ask` has begun."""
    _end_asking(context.obj, call, "cancel", _BACK, json=json)


def _end_asking(session: Session, call: str, action: str, said: Text, *, json: bool) -> None:
    told = session.daemon().post(f"/v1/calls/{quote(call, safe='')}/ask/{action}")
    if json:
        session.print_json(told)
        return
    session.print_line(session.say(said, call=told["call"]))


def _ask(session: Session, call: str, action: str, body: dict[str, object], *, json: bool) -> None:
    told = session.daemon().post(f"/v1/calls/{quote(call, safe='')}/{action}", body)
    if json:
        session.print_json(told)
        return
    session.print_table([session.say(text) for text in _HEAD], [_row(told, session)])


def _row(call: dict[str, Any], session: Session) -> list[str]:
    return [
        call["call"],
        call["line"],
        session.say(_GREETING) if call["state"] == "greeting" else word(call["state"], session.language),
        "" if call["position"] is None else str(call["position"]),
        duration(call["waited_s"], session.language),
        call["caller"],
        " ".join(call["agents"]),
        str(call["priority"]),
    ]


_HANDED_ON: Final = Text("{call} is handed on to {to}", "{call}: передан — {to}")
_IS_ASKED: Final = Text("{call}: {to} is being asked", "{call}: консультация — {to}")
_JOINED: Final = Text("{call}: the caller is joined to whoever was asked", "{call}: абонент соединён")
_BACK: Final = Text("{call}: back with the caller", "{call}: разговор с абонентом продолжается")
_GREETING: Final = Text("greeting", "приветствие")
_HEAD: Final = (
    Text("Call", "Вызов"),
    Text("Line", "Линия"),
    Text("State", "Состояние"),
    Text("Place", "Место"),
    Text("Waited", "Ожидание"),
    Text("Caller", "Абонент"),
    Text("Operator", "Оператор"),
    Text("Class", "Класс"),
)

"""`acd dnc`: numbers that must not be called."""

from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.texts import Text

HELP: Final = tell("Numbers that must not be called.", "Номера, на которые не звонить.")
_Number = Annotated[str, typer.Argument(help=tell("The number.", "Номер."))]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

dnc = typer.Typer(help=HELP, invoke_without_command=True)


@dnc.callback()
def _default(context: typer.Context, *, json: _Json = False) -> None:
    """List them when no action is named."""
    if context.invoked_subcommand is None:
        _list(context.obj, json=json)


@dnc.command("list", help=tell("The whole list.", "Весь список."))
def list_(context: typer.Context, *, json: _Json = False) -> None:
    """Print the table of numbers."""
    _list(context.obj, json=json)


@dnc.command(help=tell("Never call a number.", "Не звонить на номер."))
def add(
    context: typer.Context,
    number: _Number,
    *,
    reason: Annotated[str, typer.Option(help=tell("Why; it is kept.", "Почему; это сохраняется."))] = "",
    lists: Annotated[
        bool,
        typer.Option(
            "--lists",
            help=tell(
                "Only call lists leave it alone: broken calls are called back.",
                "Только обзвоны: после разрыва связи перезваниваем.",
            ),
        ),
    ] = False,
    json: _Json = False,
) -> None:
    """Put a number on the list."""
    session: Session = context.obj
    body = {"number": number, "scope": "lists" if lists else "all", "reason": reason}
    told = session.daemon().post("/v1/dnc", body)
    if json:
        session.print_json(told)
        return
    session.print_line(session.say(_BARRED, number=told["number"]))


@dnc.command(help=tell("Let a number be called again.", "Снова разрешить звонить на номер."))
def remove(context: typer.Context, number: _Number, *, json: _Json = False) -> None:
    """Take a number off the list."""
    session: Session = context.obj
    told = session.daemon().post("/v1/dnc/remove", {"number": number})
    if json:
        session.print_json(told)
        return
    session.print_line(session.say(_FREED, number=told["number"]))


def _list(session: Session, *, json: bool) -> None:
    told = session.daemon().get("/v1/dnc")["numbers"]
    if json:
        session.print_json(told)
        return
    zone = ZoneInfo(session.load().site.time_zone)
    rows = [
        [
            row["number"],
            session.say(_SCOPES[row["scope"]]),
            row["reason"],
            f"{datetime.fromtimestamp(row['added_at'], zone):%d.%m.%Y %H:%M}",
            row["added_by"],
        ]
        for row in told
    ]
    session.print_table([session.say(text) for text in _HEAD], rows)


_HEAD: Final = (
    Text("Number", "Номер"),
    Text("Calls", "Звонки"),
    Text("Reason", "Причина"),
    Text("Since", "С"),
    Text("By", "Кем"),
)
_SCOPES: Final = {
    "all": Text("none at all", "никакие"),
    "lists": Text("none of call lists", "только не обзвон"),
}
_BARRED: Final = Text("{number} is not called any more.", "На {number} больше не звоним.")
_FREED: Final = Text("{number} may be called again.", "На {number} снова можно звонить.")

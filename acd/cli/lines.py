"""`acd line`: which lines are open, and opening or closing one by hand."""

from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.texts import Text

HELP: Final = tell("Show which lines are open, or open or close one.", "Показать, открыты ли линии, открыть, закрыть.")
_Line = Annotated[str, typer.Argument(help=tell("Name of the line.", "Имя линии."))]
_Reason = Annotated[str, typer.Option(help=tell("Why; it is kept.", "Почему; это сохраняется."))]
_Until = Annotated[
    str | None,
    typer.Option(help=tell("Until when: 2026-11-21T14:30, the site's time.", "До когда: 2026-11-21T14:30, местное.")),
]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

lines = typer.Typer(help=HELP, invoke_without_command=True)


@lines.callback()
def _default(context: typer.Context, *, json: _Json = False) -> None:
    """List them when no action is named."""
    if context.invoked_subcommand is None:
        _show(context.obj, context.obj.daemon().get("/v1/lines")["lines"], json=json)


@lines.command(
    help=tell("Close a line; its callers go where at_closed says.", "Закрыть линию: звонки идут в at_closed.")
)
def close(context: typer.Context, line: _Line, *, reason: _Reason, until: _Until = None, json: _Json = False) -> None:
    """Close a line by hand."""
    _switch(context.obj, line, "close", reason, until, json=json)


@lines.command("open", help=tell("Open a line, also outside its hours.", "Открыть линию, в том числе вне её часов."))
def open_(context: typer.Context, line: _Line, *, reason: _Reason, until: _Until = None, json: _Json = False) -> None:
    """Open a line by hand."""
    _switch(context.obj, line, "open", reason, until, json=json)


@lines.command("by-hours", help=tell("Let the line's hours decide again.", "Вернуть линию под управление её часов."))
def by_hours(context: typer.Context, line: _Line, *, json: _Json = False) -> None:
    """Take a switch by hand back."""
    session: Session = context.obj
    _show(session, [session.daemon().post(f"/v1/lines/{line}/by-hours")], json=json)


def _switch(session: Session, line: str, action: str, reason: str, until: str | None, *, json: bool) -> None:
    body: dict[str, object] = {"reason": reason}
    if until is not None:
        body["until"] = session.instant(until)
    _show(session, [session.daemon().post(f"/v1/lines/{line}/{action}", body)], json=json)


def _show(session: Session, rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        session.print_json(rows)
        return
    zone = ZoneInfo(session.load().site.time_zone)
    head = [session.say(text) for text in _HEAD]
    session.print_table(head, [_row(row, zone, session) for row in rows])


def _row(row: dict[str, Any], zone: ZoneInfo, session: Session) -> list[str]:
    change = row["next_change_at"]
    return [
        row["line"],
        row["title"],
        session.say(_OPEN if row["open"] else _CLOSED),
        row["switched_by"] or session.say(_HOURS),
        row["switched_for"] or "",
        "" if change is None else f"{datetime.fromtimestamp(change, zone):%d.%m %H:%M}",
    ]


_OPEN: Final = Text("open", "открыта")
_CLOSED: Final = Text("closed", "закрыта")
_HOURS: Final = Text("by its hours", "по часам")
_HEAD: Final = (
    Text("Line", "Линия"),
    Text("Title", "Название"),
    Text("State", "Состояние"),
    Text("Decided by", "Кем решено"),
    Text("Reason", "Причина"),
    Text("Next change", "Следующая смена"),
)

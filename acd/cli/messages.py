"""`acd messages`: voice messages that callers have left, as work to be processed."""

import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import write_result
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.texts import Text

HELP: Final = tell("Voice messages: list, listen, mark as done.", "Голосовые сообщения: список, слушать, отметить.")
PLAYERS: Final = (("aplay", "-q"), ("paplay",), ("play", "-q"))
_Call = Annotated[str, typer.Argument(help=tell("The name from the list.", "Имя из списка."))]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

messages = typer.Typer(help=HELP, invoke_without_command=True)


@messages.callback()
def _default(context: typer.Context, *, json: _Json = False) -> None:
    """List them when no action is named."""
    if context.invoked_subcommand is None:
        _list(context.obj, "open", json=json)


@messages.command("list", help=tell("Those to be processed, or all.", "Те, что ждут обработки, или все."))
def list_(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help=tell("Also what was processed.", "Показать и обработанные."))
    ] = False,
    json: _Json = False,
) -> None:
    """Print the table of messages."""
    _list(context.obj, "all" if everything else "open", json=json)


@messages.command(help=tell("One of them.", "Одно из них."))
def show(context: typer.Context, call: _Call, *, json: _Json = False) -> None:
    """Print one message."""
    session: Session = context.obj
    _print([session.daemon().get(f"/v1/messages/{call}")], session, json=json)


@messages.command(help=tell("Mark a message as processed.", "Отметить сообщение обработанным."))
def done(
    context: typer.Context,
    call: _Call,
    *,
    note: Annotated[str, typer.Option(help=tell("What came of it.", "Что сделано."))] = "",
    json: _Json = False,
) -> None:
    """Mark one as done."""
    session: Session = context.obj
    _print([session.daemon().post(f"/v1/messages/{call}/done", {"note": note})], session, json=json)


@messages.command(help=tell("Listen to a message, or save its sound.", "Прослушать сообщение или сохранить его."))
def play(
    context: typer.Context,
    call: _Call,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=tell("Write the WAV file there.", "Записать WAV сюда."))
    ] = None,
) -> None:
    """Fetch the sound and play it with what this machine has, or write it to a file."""
    session: Session = context.obj
    sound = session.daemon().fetch(f"/v1/messages/{call}/sound")
    if output is not None:
        write_result(sound, output)
        return
    player = next((p for p in PLAYERS if shutil.which(p[0])), None)
    if player is None:
        raise CommandFailed(ExitCode.WRONG, _NO_PLAYER, _NO_PLAYER_ADVICE)
    subprocess.run([*player, "-"], input=sound, check=False)  # noqa: S603 - one of the programs above


@messages.command(help=tell("Destroy a message's sound before its time.", "Уничтожить звук сообщения досрочно."))
def destroy(
    context: typer.Context,
    call: _Call,
    *,
    reason: Annotated[str, typer.Option(help=tell("Why; it is kept.", "Почему; это сохраняется."))],
    json: _Json = False,
) -> None:
    """Destroy the sound; the record that there was a message stays."""
    session: Session = context.obj
    _print([session.daemon().post(f"/v1/messages/{call}/destroy", {"reason": reason})], session, json=json)


def _list(session: Session, state: str, *, json: bool) -> None:
    _print(session.daemon().get(f"/v1/messages?state={state}")["messages"], session, json=json)


def _print(rows: list[dict[str, Any]], session: Session, *, json: bool) -> None:
    if json:
        session.print_json(rows)
        return
    zone = ZoneInfo(session.load().site.time_zone)
    session.print_table([session.say(text) for text in _HEAD], [_row(row, zone, session) for row in rows])


def _row(row: dict[str, Any], zone: ZoneInfo, session: Session) -> list[str]:
    return [
        row["call"],
        row["line"],
        row["caller"],
        f"{datetime.fromtimestamp(row['left_at'], zone):%d.%m %H:%M}",
        f"{row['length_s']:.0f}",
        session.say(_STATES[row["state"]]),
        row["done_by"] or row["heard_by"] or "",
        row["note"],
    ]


_HEAD: Final = (
    Text("Message", "Сообщение"),
    Text("Line", "Линия"),
    Text("Number", "Номер"),
    Text("Left", "Оставлено"),
    Text("Seconds", "Секунд"),
    Text("State", "Состояние"),
    Text("By", "Кем"),
    Text("Note", "Пометка"),
)
_STATES: Final = {
    "new": Text("new", "новое"),
    "heard": Text("heard", "прослушано"),
    "done": Text("done", "обработано"),
    "destroyed": Text("destroyed", "уничтожено"),
}
_NO_PLAYER: Final = Text("No program here plays sound", "На этой машине нечем воспроизвести звук")
_NO_PLAYER_ADVICE: Final = Text(
    "Save it with --output FILE.wav, or listen at a telephone (*98)",
    "Сохраните его с --output ФАЙЛ.wav или слушайте по телефону (*98)",
)

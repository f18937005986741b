"""`acd recordings`: the recorded talks: list, show, play, export, destroy, and pause the recording of a talk.

All of it goes through the running daemon, so that the rights hold and every use stands in the trail.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import unwritable
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.texts import Text, duration

HELP: Final = tell("The recorded talks.", "Записи разговоров.")
PLAYERS: Final = (
    ("paplay",),
    ("aplay", "-q"),
    ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
"""Programs that play a sound file, the first that is there is used; ACD_PLAYER names another."""

_Recording = Annotated[str, typer.Argument(help=tell("The recording, from the list.", "Запись из списка."))]
_Call = Annotated[str, typer.Argument(help=tell("The call's id.", "Номер вызова."))]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

recordings = typer.Typer(help=HELP, no_args_is_help=True)


@recordings.command("list", help=tell("Recorded talks, the newest first.", "Записи, новые впереди."))
def list_(
    context: typer.Context,
    *,
    call: Annotated[str | None, typer.Option(help=tell("Of this call.", "Этого вызова."))] = None,
    agent: Annotated[str | None, typer.Option(help=tell("Of this operator.", "Этого оператора."))] = None,
    line: Annotated[str | None, typer.Option(help=tell("Of this line.", "Этой линии."))] = None,
    day: Annotated[str | None, typer.Option(help=tell("Of this day: 2026-11-21.", "Этого дня: 2026-11-21."))] = None,
    destroyed: Annotated[
        bool, typer.Option("--destroyed", help=tell("Destroyed ones as well.", "Также уничтоженные."))
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=tell("So many at most.", "Не больше стольких."))] = 100,
    json: _Json = False,
) -> None:
    """Print the table of recordings."""
    session: Session = context.obj
    zone = ZoneInfo(session.load().site.time_zone)
    asked: dict[str, object] = {"call": call, "agent": agent, "line": line, "limit": limit}
    if destroyed:
        asked["destroyed"] = "true"
    if day is not None:
        asked |= _span(day, zone)
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    told = session.daemon().get(f"/v1/recordings?{query}")
    if json:
        session.print_json(told)
        return
    session.print_table(
        [session.say(text) for text in _HEAD], [_row(each, zone, session) for each in told["recordings"]]
    )


@recordings.command(help=tell("One recording.", "Одна запись."))
def show(context: typer.Context, recording: _Recording, *, json: _Json = False) -> None:
    """Print all that is known of one."""
    session: Session = context.obj
    told = session.daemon().get(_path(recording))
    if json:
        session.print_json(told)
        return
    for name, value in told.items():
        session.print_line(f"{name}\t{'' if value is None else value}")


@recordings.command(help=tell("Listen to a recording.", "Прослушать запись."))
def play(context: typer.Context, recording: _Recording) -> None:
    """Fetch it into a file that nobody else can read, play it, and take the file away."""
    session: Session = context.obj
    player = _player()
    with tempfile.NamedTemporaryFile(prefix="acd-", suffix=".wav") as file:
        file.write(session.daemon().fetch(f"{_path(recording)}/sound"))
        file.flush()
        subprocess.run([*player, file.name], check=False)  # noqa: S603 - a player of this list, or of the user's own


@recordings.command(help=tell("Save the sound as a file.", "Сохранить звук в файл."))
def export(
    context: typer.Context,
    recording: _Recording,
    file: Annotated[Path, typer.Argument(help=tell("Where to: a new .wav file.", "Куда: новый файл .wav."))],
) -> None:
    """Fetch it, hold it against its digest in the records, and write it for the user alone."""
    session: Session = context.obj
    daemon = session.daemon()
    told = daemon.get(_path(recording))
    sound = daemon.fetch(f"{_path(recording)}/sound")
    if hashlib.sha256(sound).hexdigest() != told["sha256"]:
        raise CommandFailed(ExitCode.WRONG, _CHANGED)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(sound)
    except OSError as error:
        raise unwritable(file, error) from error
    session.print_line(f"{told['sha256']}  {file}")


@recordings.command(help=tell("Destroy a recording before its time.", "Уничтожить запись раньше срока."))
def destroy(
    context: typer.Context,
    recording: _Recording,
    *,
    reason: Annotated[str, typer.Option(help=tell("Why; kept in the records.", "Почему; остаётся в учёте."))],
    json: _Json = False,
) -> None:
    """Ask the daemon to destroy it; it answers once the file is gone."""
    session: Session = context.obj
    told = session.daemon().post(f"{_path(recording)}/destroy", {"reason": reason})
    if json:
        session.print_json(told)
        return
    session.print_line(session.say(_DESTROYED, recording=recording))


@recordings.command(help=tell("Pause the recording of a talk.", "Приостановить запись разговора."))
def pause(context: typer.Context, call: _Call) -> None:
    """From now on it holds silence."""
    _pausing(context.obj, call, "pause")


@recordings.command(help=tell("Resume the recording of a talk.", "Возобновить запись разговора."))
def resume(context: typer.Context, call: _Call) -> None:
    """It holds what is said again."""
    _pausing(context.obj, call, "resume")


@recordings.command(
    help=tell("Talks with somebody outside that are recorded now.", "Идущие разговоры с городом, что записываются.")
)
def outside(context: typer.Context, *, json: _Json = False) -> None:
    """Print them; `pause` and `resume` take their calls like any other."""
    session: Session = context.obj
    told = session.daemon().get("/v1/outside-talks")
    if json:
        session.print_json(told)
        return
    zone = ZoneInfo(session.load().site.time_zone)
    rows = [
        [
            each["call"],
            f"{datetime.fromtimestamp(each['began_at'], zone):%H:%M:%S}",
            each["line"],
            each["agent"],
            each["telephone"],
            session.say(_YES) if each["paused"] else "",
        ]
        for each in told["talks"]
    ]
    session.print_table([session.say(text) for text in _HEAD_OUTSIDE], rows)


def _pausing(session: Session, call: str, action: str) -> None:
    told = session.daemon().post(f"/v1/calls/{quote(call, safe='')}/recording/{action}")
    session.print_line(session.say(_PAUSED if told["paused"] else _RESUMED, call=call))


def _path(recording: str) -> str:
    return f"/v1/recordings/{quote(recording, safe='')}"


def _span(day: str, zone: ZoneInfo) -> dict[str, object]:
    try:
        start = datetime.fromisoformat(day).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone)
    except ValueError as error:
        raise CommandFailed(ExitCode.WRONG, _NO_DAY, day=day) from error
    since = start.timestamp()
    return {"since": since, "until": since + 86_400}


def _player() -> list[str]:
    """Return the program that plays a sound file.

    Raises:
        CommandFailed: None is installed.
    """
    own = os.environ.get("ACD_PLAYER")
    candidates = (tuple(shlex.split(own)),) if own else PLAYERS
    for program, *arguments in candidates:
        if (found := shutil.which(program)) is not None:
            return [found, *arguments]
    raise CommandFailed(ExitCode.WRONG, _NO_PLAYER, _NO_PLAYER_ADVICE)


def _row(told: dict[str, Any], zone: ZoneInfo, session: Session) -> list[str]:
    at = datetime.fromtimestamp(told["started_at"], zone)
    return [
        told["recording"],
        f"{at:%Y-%m-%d %H:%M:%S}",
        duration(told["duration_s"], session.language),
        told["line"],
        told["agent"],
        told["caller"],
        told["call"],
        f"{datetime.fromtimestamp(told['keep_until'], zone):%Y-%m-%d}",
        "" if told["destroyed_at"] is None else told["destroyed_by"],
    ]


_HEAD: Final = (
    Text("Recording", "Запись"),
    Text("Begun", "Начало"),
    Text("Length", "Длина"),
    Text("Line", "Линия"),
    Text("Operator", "Оператор"),
    Text("Caller", "Абонент"),
    Text("Call", "Вызов"),
    Text("Kept until", "Хранится до"),
    Text("Destroyed by", "Уничтожил"),
)
_HEAD_OUTSIDE: Final = (
    Text("Call", "Вызов"),
    Text("Begun", "Начало"),
    Text("Line", "Линия"),
    Text("Operator", "Оператор"),
    Text("Channel of", "Канал"),
    Text("Paused", "Приостановлена"),
)
_YES = Text("yes", "да")
_CHANGED = Text(
    "The sound is not what was recorded: its digest differs from the records",
    "Звук не тот, что был записан: его сумма расходится с учётом",
)
_DESTROYED = Text("Destroyed: {recording}", "Уничтожена: {recording}")
_PAUSED = Text("The recording of {call} is paused", "Запись {call} приостановлена")
_RESUMED = Text("The talk {call} is recorded again", "Разговор {call} снова записывается")
_NO_DAY = Text("{day} is no day: 2026-11-21", "{day} — не день: 2026-11-21")
_NO_PLAYER = Text("No program that plays sound is installed", "Не найдено программы для воспроизведения звука")
_NO_PLAYER_ADVICE = Text(
    "Install alsa-utils or sox, or name one in ACD_PLAYER; `acd recordings export` saves the file",
    "Установите alsa-utils или sox либо задайте ACD_PLAYER; `acd recordings export` сохранит файл",
)

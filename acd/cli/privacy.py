"""`acd privacy`: what is kept of one person, for him to have, or to be erased at his demand (152-FZ)."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import unwritable
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.tokens import note_at_keyboard
from acd.clock import wall_time
from acd.control.client import ControlClient
from acd.texts import Text
from config.backup import Backup
from metrics.errors import RecordsUnusable

HELP: Final = tell(
    "One person's data: hand it out or erase it (152-FZ).", "Данные одного человека: выдать или удалить (152-ФЗ)."
)
_Number = Annotated[str, typer.Argument(help=tell("His telephone number.", "Его номер телефона."))]

privacy = typer.Typer(help=HELP, no_args_is_help=True)


@privacy.command(
    help=tell(
        "Write all that is kept of a person, his recorded talks and voice messages, into a new folder.",
        "Записать всё, что хранится о человеке, его записанные разговоры и сообщения в новую папку.",
    )
)
def export(
    context: typer.Context,
    number: _Number,
    *,
    output: Annotated[Path, typer.Option(help=tell("The folder; it must not exist.", "Папка; её ещё не должно быть."))],
) -> None:
    """Find, note in the trail who asked, write."""
    from acd.control import messages, recordings  # noqa: PLC0415 - the database's libraries take long
    from acd.privacy import whole  # noqa: PLC0415 - see above

    session: Session = context.obj
    config, person, daemon = session.load(), _person(number), session.daemon()
    try:
        found = asyncio.run(whole.find(config, person, _progress()))
    except RecordsUnusable as fault:
        raise CommandFailed(ExitCode.DATABASE, _UNREAD, reason=fault) from fault
    sounds = {name: daemon.fetch(recordings.SOUND_PATH.replace("{recording}", name)) for name in found.recordings}
    sounds |= {f"message-{call}": daemon.fetch(messages.SOUND_PATH.replace("{call}", call)) for call in found.messages}
    note_at_keyboard(session, "privacy export", str(output.name), f"{found.rows} rows, {len(sounds)} sounds")
    try:
        output.mkdir(mode=0o700)
        _write(output / "data.json", _json({"number": person.number, "tables": found.tables}))
        for name, sound in sounds.items():
            _write(output / f"{name}.wav", sound)
    except OSError as fault:
        raise unwritable(output, fault) from fault
    session.print_line(session.say(_EXPORTED, rows=found.rows, sounds=len(sounds), path=output))


@privacy.command(
    help=tell(
        "Erase a person: a pseudonym for his number everywhere, recordings and messages destroyed. Not to be undone.",
        "Удалить человека: псевдоним вместо номера везде, записи и сообщения уничтожаются. Необратимо.",
    )
)
def erase(
    context: typer.Context,
    number: _Number,
    *,
    reason: Annotated[str, typer.Option(help=tell("Why, for the trail.", "Основание, для журнала доступа."))],
    yes: Annotated[bool, typer.Option("--yes", help=tell("Do not ask.", "Не переспрашивать."))] = False,
) -> None:
    """Look that nothing is going on with him, destroy, erase, note."""
    from acd.privacy import whole  # noqa: PLC0415 - the database's libraries take long

    session: Session = context.obj
    config, person, daemon = session.load(), _person(number), session.daemon()
    _check_idle(daemon, person.is_in)
    try:
        found = asyncio.run(whole.find(config, person, _progress()))
        sounds = len(found.recordings) + len(found.messages)
        asked = session.say(_ASK, rows=found.rows, sounds=sounds)
        if not yes and not typer.confirm(asked):
            raise CommandFailed(ExitCode.INTERRUPTED, _NOT_DONE)
        note_at_keyboard(session, "privacy erase", person.pseudonym, reason)
        _note_for_backups(config.backup, person.number)
        for name in found.recordings:
            daemon.post(f"/v1/recordings/{name}/destroy", {"reason": reason})
        for call in found.messages:
            daemon.post(f"/v1/messages/{call}/destroy", {"reason": reason})
        changed = asyncio.run(whole.forget(config, person, _progress()))
    except RecordsUnusable as fault:
        raise CommandFailed(ExitCode.DATABASE, _UNREAD, reason=fault) from fault
    session.print_table(
        [session.say(text) for text in _HEAD], [[name, str(count)] for name, count in sorted(changed.items())]
    )
    session.print_line(session.say(_ERASED, pseudonym=person.pseudonym, sounds=sounds))


def _note_for_backups(settings: Backup | None, number: str) -> None:
    """Note among the backups that he is erased: one that is restored must not bring him back.

    Raises:
        CommandFailed: It cannot be noted; then nobody is to be erased.
    """
    if settings is None:
        return
    from acd.backup import erasures  # noqa: PLC0415 - the database's libraries take long
    from acd.backup.errors import BackupFolder  # noqa: PLC0415 - see above
    from acd.backup.vault import PURPOSE  # noqa: PLC0415 - see above
    from acd.recordings.sealed import SealingKey  # noqa: PLC0415 - see above

    try:
        key = SealingKey(settings.key.reveal(), PURPOSE)
        erasures.note(settings.folder, key, erasures.Erasure(wall_time(), number))
    except BackupFolder as fault:
        raise CommandFailed(ExitCode.WRONG, fault.text, None, **fault.values) from fault


def _person(number: str) -> Any:
    from acd.privacy.person import NotANumber, Person  # noqa: PLC0415 - the numbering plans take long

    try:
        return Person(number)
    except NotANumber as fault:
        raise CommandFailed(ExitCode.WRONG, _NO_NUMBER, typed=fault.typed) from fault


def _check_idle(daemon: ControlClient, is_his: Any) -> None:
    """Go on only if the person is not on the line, is owed nothing, and all facts are in the database.

    Raises:
        CommandFailed: One of these is not so.
    """
    if any(is_his(call["caller"] or "") for call in daemon.get("/v1/calls")["calls"]):
        raise CommandFailed(ExitCode.REFUSED, _ON_THE_LINE)
    owed = [row["request"] for row in daemon.get("/v1/callbacks")["callbacks"] if is_his(row["number"] or "")]
    if owed:
        raise CommandFailed(ExitCode.REFUSED, _OWED, _OWED_ADVICE, request=owed[0])
    if daemon.get("/v1/health")["spooled_bytes"]:
        raise CommandFailed(ExitCode.DATABASE, _SPOOLED)


def _progress() -> Any:
    console = Console(stderr=True)
    return (lambda name: console.print(f"[dim]{name}[/dim]")) if console.is_terminal else (lambda _name: None)


def _json(content: object) -> bytes:
    # The names of a row's columns are of a class of SQLAlchemy's own, which is a kind of `str`.
    return orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)


_HEAD: Final = (Text("Table", "Таблица"), Text("Rows changed", "Изменено строк"))
_NO_NUMBER: Final = Text("{typed!r} is no telephone number", "{typed!r} — не номер телефона")
_UNREAD: Final = Text("The records cannot be used: {reason}", "Записи недоступны: {reason}")
_EXPORTED: Final = Text(
    "{rows} rows and {sounds} sounds are in {path}", "Строк: {rows}, звукозаписей: {sounds}; папка {path}"
)
_ASK: Final = Text(
    "{rows} rows and {sounds} sounds. Erase them for ever?",
    "Строк: {rows}, звукозаписей: {sounds}. Удалить безвозвратно?",
)
_NOT_DONE: Final = Text("Nothing was erased", "Ничего не удалено")
_ERASED: Final = Text(
    "Erased; {sounds} sounds destroyed. The pseudonym is {pseudonym}. Tapes (`acd run --record`), exported reports "
    "are not looked at: see docs/security.md. In backups he is until they are too old; none that is restored has him.",
    "Удалено; уничтожено звукозаписей: {sounds}. Псевдоним: {pseudonym}. Ленты (`acd run --record`), выгруженные "
    "отчёты не затронуты: см. docs/security.md. В копиях он до истечения их срока, при восстановлении удаляется снова.",
)
_ON_THE_LINE: Final = Text("He is on the line now: wait for the end of the call", "Он сейчас на линии: дождитесь конца")
_OWED: Final = Text("He is owed a call-back: request {request}", "Ему должны перезвонить: заявка {request}")
_OWED_ADVICE: Final = Text(
    "Call it off first: acd callbacks cancel NUMBER", "Сначала отмените: acd callbacks cancel НОМЕР"
)
_SPOOLED: Final = Text(
    "Facts wait for the database: try again when it has taken them",
    "Факты ещё ждут базу данных: повторите, когда она их примет",
)

"""`acd backup`: make, list, look through and put back encrypted backups of the site."""

import asyncio
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import unwritable
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.tokens import note_at_keyboard
from acd.clock import wall_time
from acd.control.errors import StoreAway
from acd.texts import Text
from config.backup import Backup
from config.kinds import HostPort
from metrics.errors import RecordsUnusable

if TYPE_CHECKING:
    from acd.recordings.sealed import Keys

HELP: Final = tell("Encrypted backups of the site.", "Зашифрованные резервные копии площадки.")
KNOCK_S: Final = 1.0

backup = typer.Typer(help=HELP, no_args_is_help=True)

_File = Annotated[Path, typer.Argument(help=tell("The backup.", "Файл копии."))]
_Key = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", help=tell("Further file with a key; may be given again.", "Ещё файл ключа; можно несколько.")
    ),
]

_T = TypeVar("_T")


@backup.command(
    help=tell(
        "Make a backup now, while the daemon runs or not, and remove those that are too old.",
        "Сделать копию сейчас, при работающей службе или без неё, и удалить устаревшие.",
    )
)
def create(
    context: typer.Context,
    *,
    output: Annotated[
        Path | None, typer.Option(help=tell("A file instead of one in the folder.", "Файл вместо имени в папке."))
    ] = None,
) -> None:
    """Make it, and say what is in it."""
    from acd.backup import site  # noqa: PLC0415 - the database's libraries take long

    session: Session = context.obj
    config, settings = session.load(), _settings(session)
    note_at_keyboard(session, "backup create", str(output or settings.folder), "")
    made = _told(lambda: asyncio.run(site.create(config, session.config_path, settings, wall_time(), output)))
    session.print_line(
        session.say(
            _MADE,
            path=made.path,
            kilobytes=made.path.stat().st_size // 1024,
            rows=sum(made.rows.values()),
            new=made.sounds.new,
            there=made.sounds.there,
            gone=made.sounds.gone,
        )
    )
    if made.sounds.missing:
        session.print_line(session.say(_MISSING, count=made.sounds.missing))
    for path in made.removed:
        session.print_line(session.say(_REMOVED, path=path))


@backup.command("list", help=tell("The backups that there are, the oldest first.", "Имеющиеся копии, старые впереди."))
def list_(context: typer.Context) -> None:
    """Print time, size and file of each; nothing is opened."""
    from acd.backup import site  # noqa: PLC0415 - see above

    session: Session = context.obj
    zone = ZoneInfo(session.load().site.time_zone)
    rows = [
        [_instant(site.made_at(path), zone), str(path.stat().st_size // 1024), str(path)]
        for path in site.backups_in(_settings(session).folder)
    ]
    session.print_table([session.say(text) for text in _HEAD], rows)


@backup.command(
    help=tell(
        "Read a backup and all copies of recordings from end to end; the newest one, if none is named.",
        "Прочитать копию и все копии записей от начала до конца; самую новую, если не указано иное.",
    )
)
def verify(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help=tell("The backup.", "Файл копии."))] = None,
    *,
    key: _Key = None,
) -> None:
    """Exit with 1 where something is damaged."""
    from acd.backup import site  # noqa: PLC0415 - see above

    session: Session = context.obj
    settings, keys = _settings(session), _keys(session, key)
    path = file or next(iter(reversed(site.backups_in(settings.folder))), None)
    if path is None:
        raise CommandFailed(ExitCode.WRONG, _NONE, folder=settings.folder)
    manifest, kinds = _told(lambda: site.verify(path, keys))
    made = _instant(manifest.made_at, ZoneInfo(session.load().site.time_zone))
    session.print_line(session.say(_WHOLE, path=path, site=manifest.site, made=made))
    for kind, size in sorted(kinds.items()):
        session.print_line(f"  {kind}: {size // 1024} KB")
    found = list(site.verify_sounds(path.parent, keys))
    damaged = [damage for damage in found if damage is not None]
    session.print_line(session.say(_SOUNDS, whole=len(found) - len(damaged), damaged=len(damaged)))
    for damage in damaged:
        session.print_line(damage.text.say(session.language, **damage.values))
    if damaged:
        raise typer.Exit(ExitCode.DIFFERENT)


@backup.command(
    help=tell(
        "Put a backup back: database, recordings, seats, prompts. The daemon must not run, nothing is overwritten.",
        "Восстановить: базу, записи, места, подсказки. Служба остановлена; имеющееся не перезаписывается.",
    )
)
def restore(
    context: typer.Context,
    file: _File,
    *,
    key: _Key = None,
    yes: Annotated[bool, typer.Option("--yes", help=tell("Do not ask.", "Не переспрашивать."))] = False,
) -> None:
    """Look it through, put it back, note it."""
    from acd.backup import site  # noqa: PLC0415 - see above

    session: Session = context.obj
    config, keys = session.load(), _keys(session, key)
    if _answers(config.control.listen):
        raise CommandFailed(ExitCode.REFUSED, _RUNS, address=config.control.listen)
    if not yes and not typer.confirm(session.say(_ASK, path=file)):
        raise CommandFailed(ExitCode.INTERRUPTED, _NOT_DONE)
    restored = _told(lambda: site.restore(config, file, keys))
    made = _instant(restored.manifest.made_at, ZoneInfo(config.site.time_zone))
    note_at_keyboard(session, "backup restore", file.name, f"as of {made}")
    session.print_line(
        session.say(
            _RESTORED,
            made=made,
            rows=sum(restored.rows.values()),
            files=restored.files,
            sounds=restored.sounds.new + restored.sounds.there,
            erased=restored.erased_again,
        )
    )
    if restored.sounds.missing:
        session.print_line(session.say(_MISSING, count=restored.sounds.missing))


@backup.command(
    help=tell(
        "Take the configuration and its secrets out of a backup into a new folder; for a machine that has none.",
        "Извлечь из копии настройку и её секреты в новую папку — для машины, где их нет.",
    )
)
def configuration(
    context: typer.Context,
    file: _File,
    *,
    to: Annotated[Path, typer.Option(help=tell("The folder; it must not exist.", "Папка; её ещё не должно быть."))],
    key: Annotated[list[Path], typer.Option("--key", help=tell("File with the key.", "Файл ключа."))],
) -> None:
    """Write the files for their owner alone. Needs no configuration."""
    from acd.backup import site  # noqa: PLC0415 - see above

    session: Session = context.obj
    keys = _told(lambda: site.keys_of(None, [_text_of(path) for path in key]))
    found = _told(lambda: site.configuration_in(file, keys))
    try:
        to.mkdir(mode=0o700)
        for name, content in found.items():
            path = to / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(path, "xb", opener=lambda at, flags: os.open(at, flags, 0o600)) as out:
                out.write(content)
    except OSError as fault:
        raise unwritable(to, fault) from fault
    session.print_line(session.say(_TAKEN_OUT, count=len(found), path=to))


def _settings(session: Session) -> Backup:
    settings = session.load().backup
    if settings is None:
        raise CommandFailed(ExitCode.WRONG, _OFF, _OFF_ADVICE)
    return settings


def _keys(session: Session, files: list[Path] | None) -> "Keys":
    from acd.backup import site  # noqa: PLC0415 - see above

    return _told(lambda: site.keys_of(session.load().backup, [_text_of(path) for path in files or []]))


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise CommandFailed(ExitCode.WRONG, _KEY_UNREAD, path=path, reason=fault) from fault


def _told(work: Callable[[], _T]) -> _T:
    """Return what work returns; what can go wrong with it ends the command in words."""
    from acd.backup.errors import BackupError  # noqa: PLC0415 - see above
    from acd.recordings.errors import KeyWrong  # noqa: PLC0415 - see above

    try:
        return work()
    except BackupError as fault:
        raise CommandFailed(ExitCode.WRONG, fault.text, None, **fault.values) from fault
    except KeyWrong as fault:
        raise CommandFailed(ExitCode.WRONG, _KEY_WRONG, reason=fault) from fault
    except (RecordsUnusable, StoreAway) as fault:
        raise CommandFailed(ExitCode.DATABASE, _DATABASE, reason=fault) from fault


def _answers(at: HostPort) -> bool:
    """Tell whether something listens where the daemon would."""
    try:
        with socket.create_connection((at.host, at.port), timeout=KNOCK_S):
            return True
    except OSError:
        return False


def _instant(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).isoformat(" ", "seconds")


_HEAD: Final = (Text("Made", "Создана"), Text("KB", "КБ"), Text("File", "Файл"))
_MADE: Final = Text(
    "{path}: {kilobytes} KB, {rows} rows; recordings and messages: {new} new, {there} copied before, {gone} destroyed",
    "{path}: {kilobytes} КБ, строк: {rows}; записи и сообщения: новых {new}, уже скопировано {there}, удалено {gone}",
)
_MISSING: Final = Text(
    "[yellow]{count} recordings or messages are named by the records and are nowhere to be found[/]",
    "[yellow]Записей или сообщений, которые указаны в базе, но нигде не найдены: {count}[/]",
)
_REMOVED: Final = Text("Removed, being too old: {path}", "Удалена как устаревшая: {path}")
_WHOLE: Final = Text("{path} is whole: {site}, as of {made}", "{path} цела: {site}, на {made}")
_SOUNDS: Final = Text(
    "Copies of recordings and messages: {whole} whole, {damaged} damaged",
    "Копии записей и сообщений: целых {whole}, повреждённых {damaged}",
)
_NONE: Final = Text("There is no backup in {folder}", "В {folder} нет копий")
_ASK: Final = Text("Put {path} back at this site?", "Восстановить {path} на этой площадке?")
_NOT_DONE: Final = Text("Nothing was put back", "Ничего не восстановлено")
_RUNS: Final = Text("The daemon runs at {address}: stop it first", "Служба работает ({address}): сначала остановите её")
_RESTORED: Final = Text(
    "Put back as of {made}: {rows} rows, {files} files, {sounds} recordings and messages; erased again: {erased}. "
    "Next: `acd check`, then start the daemon.",
    "Восстановлено на {made}: строк {rows}, файлов {files}, записей и сообщений {sounds}; повторно удалено людей: "
    "{erased}. Дальше: `acd check`, затем запустите службу.",
)
_TAKEN_OUT: Final = Text(
    "{count} files in {path}; what lay elsewhere is under {path}/elsewhere by its whole path",
    "Файлов: {count}, в {path}; лежавшие отдельно — в {path}/elsewhere под полным путём",
)
_OFF: Final = Text("This site makes no backups", "Эта площадка не делает копий")
_OFF_ADVICE: Final = Text(
    "Give the configuration a table [backup] with folder and key: docs/backup.md",
    "Добавьте в настройку таблицу [backup] с folder и key: docs/backup.md",
)
_KEY_UNREAD: Final = Text("The key {path} cannot be read: {reason}", "Ключ {path} не читается: {reason}")
_KEY_WRONG: Final = Text("The key cannot be used: {reason}", "Ключ непригоден: {reason}")
_DATABASE: Final = Text("The database cannot be used: {reason}", "База данных недоступна: {reason}")

"""`acd asterisk-conf`: write what Asterisk has to load, or show what would change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import unwritable
from acd.cli.help import tell
from acd.cli.session import Session
from acd.texts import Text

if TYPE_CHECKING:
    from acd.asterisk_conf import FileChange

HELP: Final = tell(
    "Write the files that Asterisk has to load, made from the configuration.",
    "Создать по настройке файлы, которые должен загрузить Asterisk.",
)


def asterisk_conf(
    context: typer.Context,
    *,
    output: Annotated[Path, typer.Option(help=tell("Directory to write to.", "Каталог, куда писать."))],
    whole: Annotated[
        bool,
        typer.Option(
            "--whole/--include",
            help=tell(
                "The whole directory of a fresh Asterisk, or files to include in an existing one or FreePBX.",
                "Весь каталог нового Asterisk или файлы для подключения к имеющемуся либо к FreePBX.",
            ),
        ),
    ] = False,
    show_diff: Annotated[
        bool,
        typer.Option(
            "--diff",
            help=tell(
                "Only show what would change; exit code 1 if anything.",
                "Лишь показать, что изменится; код 1, если есть что.",
            ),
        ),
    ] = False,
    server: Annotated[
        str | None, typer.Option(help=tell("Name of the server; the first by default.", "Имя сервера; иначе первый."))
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help=tell("Configuration file, as before the command.", "Файл настройки, как и до команды.")),
    ] = None,
) -> None:
    """Render for one server, then write or compare."""
    from acd.asterisk_conf import Mode, diff, render, write  # noqa: PLC0415 - templates take long to import

    session: Session = context.obj
    if config is not None:
        session.config_path = config
    loaded = session.load()
    try:
        chosen = loaded.server(server)
    except KeyError as fault:
        known = ", ".join(each.name for each in loaded.servers)
        raise CommandFailed(ExitCode.WRONG, _NO_SERVER, name=server, known=known) from fault
    mode = Mode.WHOLE if whole else Mode.INCLUDE
    files = render(loaded, chosen)
    try:
        changes = diff(files, output, mode) if show_diff else write(files, output, mode)
    except OSError as fault:
        raise unwritable(fault.filename or output, fault) from fault
    if show_diff:
        for change in changes:
            session.print_line(escape(change.diff.rstrip("\n")))
        raise typer.Exit(ExitCode.DIFFERENT if changes else ExitCode.OK)
    _report(changes, output, session, include=mode is Mode.INCLUDE)


def _report(changes: "tuple[FileChange, ...]", output: Path, session: Session, *, include: bool) -> None:
    for change in changes:
        session.print_line(session.say(_MADE if change.new else _CHANGED, path=escape(str(output / change.name))))
    if not changes:
        session.print_line(session.say(_UNCHANGED, path=escape(str(output))))
    elif include:
        session.print_line(session.say(_INCLUDE))


_NO_SERVER: Final = Text("No server is named {name}; known: {known}", "Сервера {name} нет; известны: {known}")
_MADE: Final = Text("made {path}", "создан {path}")
_CHANGED: Final = Text("changed {path}", "изменён {path}")
_UNCHANGED: Final = Text("All files in {path} are as they should be.", "Все файлы в {path} уже такие, как нужно.")
_INCLUDE: Final = Text(
    "Include them in Asterisk's own files, as their first lines say, and run `core reload` there; then `acd check`.",
    "Подключите их в файлах Asterisk, как сказано в их первых строках, выполните там `core reload`, затем `acd check`.",
)

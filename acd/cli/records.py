"""`acd records`: care of the records."""

import asyncio
from typing import Final

import typer
from rich.console import Console

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.progress import progress_bar
from acd.cli.session import Session
from acd.texts import Text
from metrics.errors import RecordsUnusable

HELP: Final = tell("Care of the records.", "Обслуживание записей.")

records = typer.Typer(help=HELP, no_args_is_help=True)


@records.callback()
def _group() -> None:
    """Keep `rebuild` a command below `records`: a group of one would be the command itself."""


@records.command(
    help=tell(
        "Derive the call records from the recorded facts again; the daemon may run meanwhile.",
        "Построить записи о звонках заново по зафиксированным фактам; служба может работать.",
    )
)
def rebuild(context: typer.Context) -> None:
    """Rebuild and say how many facts that took."""
    session: Session = context.obj
    config = session.load()
    # Imported here, for it takes a second: the database's libraries and all.
    from acd import reporting  # noqa: PLC0415

    try:
        with progress_bar(Console(stderr=True), session.say(_WORKING)) as progress:
            count = asyncio.run(reporting.rebuild_records(config, progress))
    except (RecordsUnusable, OSError) as fault:
        raise CommandFailed(ExitCode.DATABASE, _FAILED, reason=fault) from fault
    session.print_line(session.say(_DONE, count=count))


_WORKING: Final = Text("Rebuilding", "Построение")
_DONE: Final = Text("Rebuilt from {count} facts.", "Построено заново, фактов: {count}.")
_FAILED: Final = Text("The records cannot be rebuilt: {reason}", "Записи построить нельзя: {reason}")

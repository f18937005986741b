"""`acd folders`: the folders that this configuration needs, and whose they are."""

from typing import Final

import typer

from acd.cli.help import tell
from acd.cli.session import Session
from acd.site.folders import folders

HELP: Final = tell(
    "Print the folders that the configuration needs: mode, owner and path of each, for scripts/install-service.",
    "Напечатать папки, нужные этой настройке: права, владелец и путь каждой, для scripts/install-service.",
)


def print_folders(context: typer.Context) -> None:
    """Print a line per folder, the path last, for it may hold blanks."""
    session: Session = context.obj
    for folder in folders(session.load()):
        typer.echo(f"{folder.mode:o} {folder.owner} {folder.path}")

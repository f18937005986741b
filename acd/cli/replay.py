"""`acd replay FILE`: run the engine again from a tape of `acd run --record`, and print the facts."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.tape import TapeUnreadable, fact_lines
from acd.texts import Text

HELP: Final = tell(
    "Run the engine again from a tape and print its facts, a line each: the kind, a tab, the fields as JSON.",
    "Прогнать ядро по ленте и напечатать факты, по строке: вид, табуляция, поля в JSON.",
)


def replay(
    tape: Annotated[Path, typer.Argument(help=tell("What `acd run --record` wrote.", "Запись `acd run --record`."))],
) -> None:
    """Print what the engine makes of the tape."""
    try:
        for line in fact_lines(tape):
            sys.stdout.buffer.write(line)
    except (OSError, TapeUnreadable) as error:
        raise CommandFailed(ExitCode.WRONG, _UNREADABLE, reason=str(error)) from error
    sys.stdout.buffer.flush()


_UNREADABLE: Final = Text("The tape cannot be read: {reason}", "Ленту нельзя прочесть: {reason}")

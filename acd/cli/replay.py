"""`acd replay FILE`: run the engine again from a tape of `acd run --record`, and print the facts.

With another configuration (`--with`) or more operators: the same callers in virtual time, and both days side by side.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.simulating import Format, FormatOption, Output, Processes, Runs, Seed, config_of, now_at, told, write
from acd.tape import TapeUnreadable, fact_lines
from acd.texts import Text

HELP: Final = tell(
    "Run the engine again from a tape and print its facts, a line each: the kind, a tab, the fields as JSON.",
    "Прогнать ядро по ленте и напечатать факты, по строке: вид, табуляция, поля в JSON.",
)


def replay(
    context: typer.Context,
    tape: Annotated[Path, typer.Argument(help=tell("What `acd run --record` wrote.", "Запись `acd run --record`."))],
    *,
    other: Annotated[
        Path | None,
        typer.Option(
            "--with",
            help=tell(
                "Instead: the same callers under this configuration, beside what was.",
                "Вместо этого: те же звонки при этой настройке рядом с тем, что было.",
            ),
        ),
    ] = None,
    more: Annotated[
        int, typer.Option("--more", min=0, max=1000, help=tell("So many operators more.", "Ещё столько операторов."))
    ] = 0,
    runs: Runs = 10,
    seed: Seed = 1,
    processes: Processes = 0,
    format_: FormatOption = Format.TABLE,
    output: Output = None,
) -> None:
    """Print what the engine makes of the tape, or what another day it would have been."""
    if other is not None or more:
        _beside(context.obj, tape, other, more, _Order(runs, seed, processes, format_, output))
        return
    try:
        for line in fact_lines(tape):
            sys.stdout.buffer.write(line)
    except (OSError, TapeUnreadable) as error:
        raise CommandFailed(ExitCode.WRONG, _UNREADABLE, reason=str(error)) from error
    sys.stdout.buffer.flush()


@dataclass(frozen=True, slots=True)
class _Order:
    """How often it is run and how it is written."""

    runs: int
    seed: int
    processes: int
    format_: Format
    output: Path | None


def _beside(session: Session, tape: Path, other: Path | None, more: int, order: _Order) -> None:
    # Imported here, for it takes a second: the reports' libraries and all.
    from acd.simulate.recorded import read_tape  # noqa: PLC0415
    from acd.simulate.replaying import Replay, replay_report  # noqa: PLC0415
    from acd.simulate.study import Workers, cores  # noqa: PLC0415

    settings, others = session.load(), config_of(session, other)
    try:
        day = read_tape(tape)
    except (OSError, TapeUnreadable) as error:
        raise CommandFailed(ExitCode.WRONG, _UNREADABLE, reason=str(error)) from error
    if not day.rows:
        raise CommandFailed(ExitCode.WRONG, _EMPTY)
    known = frozenset(operator.number for operator in settings.operators)
    was = Replay(day, settings, known, 0, order.seed)
    otherwise = Replay(day, others, known, more, order.seed)
    made = None
    with told(session, _STOPPED), Workers(min(order.runs, order.processes or cores())) as workers:
        made = replay_report(was, otherwise, order.runs, workers, made_at=now_at(others))
    if made is None:
        raise typer.Exit(ExitCode.INTERRUPTED)
    write(session, made, order.format_, order.output)


_EMPTY: Final = Text("The tape has no calls that have ended", "На ленте нет завершённых звонков")
_STOPPED: Final = Text("Stopped", "Остановлено")
_UNREADABLE: Final = Text("The tape cannot be read: {reason}", "Ленту нельзя прочесть: {reason}")

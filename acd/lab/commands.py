"""`acd demo` and `acd lab run`: the lab on the command line."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.lab import words
from acd.lab.errors import LabError
from config.errors import ConfigErrors

DEMO_HELP: Final = tell(
    "A minute of a contact centre on loopback, with a real Asterisk, ending with the table of indicators.",
    "Минута работы контакт-центра на внутреннем адресе с настоящим Asterisk; в конце таблица показателей.",
)
RUN_HELP: Final = tell(
    "The contact centre for real telephones, with an Asterisk of its own, until Ctrl-C.",
    "Контакт-центр для настоящих телефонов со своим Asterisk, до Ctrl-C.",
)
LAB_HELP: Final = tell("Trials with an Asterisk of their own.", "Испытания со своим отдельным Asterisk.")

lab = typer.Typer(help=LAB_HELP, no_args_is_help=True)


def demo(
    context: typer.Context,
    *,
    operators: Annotated[int, typer.Option(min=1, max=500, help=tell("Operators.", "Операторы."))] = 20,
    callers: Annotated[int, typer.Option(min=1, max=20_000, help=tell("Callers.", "Абоненты."))] = 200,
    seconds: Annotated[
        float, typer.Option(min=1, max=3600, help=tell("They call within this time, s.", "За сколько секунд звонят."))
    ] = 50.0,
    seed: Annotated[int, typer.Option(help=tell("Seed of all chance.", "Начальное число случайностей."))] = 122,
) -> None:
    """Play the demonstration; exit with 1 if a single call is unaccounted for."""
    # Imported here: they bring in all of the daemon's libraries.
    from acd.lab.demo import DemoPlan, play  # noqa: PLC0415
    from acd.lab.screen import Screen  # noqa: PLC0415

    session: Session = context.obj
    plan = DemoPlan(operators=operators, callers=callers, within_s=seconds, seed=seed)
    screen = Screen(session.out, session.language, plan)
    try:
        result = asyncio.run(play(plan, screen, session.language))
    except LabError as error:
        raise CommandFailed(ExitCode.WRONG, words.LAB_FAILED, reason=error) from error
    finally:
        screen.close()
    screen.result(result)
    if not result.accounted:
        raise typer.Exit(ExitCode.DIFFERENT)


@lab.command("run", help=RUN_HELP)
def run(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            help=tell("A configuration of your own; otherwise one is made.", "Своя настройка вместо готовой.")
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help=tell("Where telephones reach this machine.", "Адрес этой машины для телефонов.")),
    ] = None,
    operators: Annotated[int, typer.Option(min=1, max=500, help=tell("Operators.", "Операторы."))] = 10,
) -> None:
    """Bring the centre up, say how to reach it, and wait for Ctrl-C."""
    # Imported here: it brings in all of the daemon's libraries.
    from acd.lab.standing import stand  # noqa: PLC0415

    session: Session = context.obj
    try:
        asyncio.run(stand(session, config, address, operators))
    except ConfigErrors as errors:
        raise CommandFailed(ExitCode.WRONG, words.LAB_FAILED, reason=errors.text(session.language)) from errors
    except LabError as error:
        raise CommandFailed(ExitCode.WRONG, words.LAB_FAILED, reason=error) from error

"""`acd journal`: set up the journal of appeals, before the daemon serves it (`acd run --journal FILE`).

`prepare` brings the database's schema up to date. `admit` puts somebody on the access list and asks for the password,
so that the first administrator can log in; everybody else is admitted at the desk.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.journal.errors import JournalError
from acd.journal.roles import Person, Role
from acd.texts import Text
from metrics.errors import RecordsUnusable

if TYPE_CHECKING:  # needed only when a command runs: every command of `acd` would start later
    from acd.journal.settings import JournalSettings

HELP: Final = tell("Set up the journal of appeals.", "Настроить журнал обращений.")

journal = typer.Typer(help=HELP, no_args_is_help=True)

_File = Annotated[Path, typer.Argument(help=tell("The journal's settings.", "Файл настроек журнала."))]


@journal.command(help=tell("Bring the database's schema up to date.", "Обновить схему базы данных."))
def prepare(settings: _File) -> None:
    """Bring the schema up to date."""
    _prepared(settings)
    typer.echo("ok")


@journal.command(help=tell("Put somebody on the access list.", "Внести сотрудника в список доступа."))
def admit(
    settings: _File,
    login: Annotated[str, typer.Argument(help=tell("Name for logging in.", "Имя для входа."))],
    name: Annotated[str, typer.Argument(help=tell("Full name.", "Фамилия, имя, отчество."))],
    *,
    role: Annotated[Role, typer.Option(help=tell("What the person is.", "Роль."))] = Role.ADMINISTRATOR,
    agent: Annotated[str, typer.Option(help=tell("The operator's number.", "Номер оператора."))] = "",
) -> None:
    """Put somebody on the access list."""
    from acd.journal.store.people import SHORTEST_PASSWORD, hash_password  # noqa: PLC0415 - the database's libraries take long

    known = _prepared(settings)
    password = typer.prompt("Password / Пароль", hide_input=True, confirmation_prompt=True)
    if len(password) < SHORTEST_PASSWORD:
        raise CommandFailed(ExitCode.WRONG, _SHORT, least=SHORTEST_PASSWORD)
    person = Person(login.lower(), name, role, known.profile, agent=agent or None, language=known.language)
    asyncio.run(_put(known, person, hash_password(password)))
    typer.echo(f"{login.lower()}: {role}")


async def _put(settings: "JournalSettings", person: Person, password_hash: str) -> None:
    from acd.journal.store.database import open_journal  # noqa: PLC0415 - see above
    from acd.journal.store.people import People  # noqa: PLC0415 - see above

    engine = open_journal(settings.database)
    try:
        await People(engine).put(person, password_hash)
    finally:
        await engine.dispose()


def _prepared(path: Path) -> "JournalSettings":
    from acd.journal.settings import load_settings  # noqa: PLC0415 - see above
    from acd.journal.store.database import upgrade  # noqa: PLC0415 - see above

    try:
        settings = load_settings(path)
        upgrade(settings.database)
    except JournalError as error:
        raise CommandFailed(ExitCode.WRONG, _AS_IT_SAYS, error=error) from error
    except RecordsUnusable as error:
        raise CommandFailed(ExitCode.DATABASE, _AS_IT_SAYS, error=error) from error
    return settings


_AS_IT_SAYS: Final = Text("{error}", "{error}")
_SHORT: Final = Text("The password needs {least} characters.", "Пароль — не короче {least} знаков.")

"""Set up a journal: `python -m acd.journal prepare --config FILE`, `... admit --config FILE LOGIN NAME ROLE`.

`prepare` brings the database's schema up to date. `admit` puts somebody on the access list and asks for the password,
so that the first administrator can log in; everybody else is admitted at the desk.
"""

import asyncio
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from acd.journal.errors import JournalError
from acd.journal.roles import Person, Role
from acd.journal.settings import JournalSettings, load_settings
from acd.journal.store.database import open_journal, upgrade
from acd.journal.store.people import SHORTEST_PASSWORD, People, hash_password
from metrics.errors import RecordsUnusable

app = typer.Typer(no_args_is_help=True, add_completion=False)

ConfigFile = Annotated[Path, typer.Option("--config", help="The journal's TOML file. / Файл настроек журнала.")]


def main() -> None:
    """Run the command line."""
    app(prog_name="acd.journal")


@app.command()
def prepare(config: ConfigFile) -> None:
    """Bring the schema up to date. / Обновить схему базы данных."""
    _prepared(config)
    typer.echo("ok")


@app.command()
def admit(
    config: ConfigFile,
    login: str,
    name: str,
    role: Role = Role.ADMINISTRATOR,
    agent: Annotated[str, typer.Option(help="Operator's number. / Номер оператора.")] = "",
) -> None:
    """Put somebody on the access list. / Внести сотрудника в список доступа."""
    settings = _prepared(config)
    password = typer.prompt("Password / Пароль", hide_input=True, confirmation_prompt=True)
    if len(password) < SHORTEST_PASSWORD:
        _fail(f"The password needs {SHORTEST_PASSWORD} characters. / Пароль — не короче {SHORTEST_PASSWORD} знаков.")
    person = Person(login.lower(), name, role, settings.profile, agent=agent or None, language=settings.language)
    asyncio.run(_put(settings, person, hash_password(password)))
    typer.echo(f"{login.lower()}: {role}")


async def _put(settings: JournalSettings, person: Person, password_hash: str) -> None:
    engine = open_journal(settings.database)
    try:
        await People(engine).put(person, password_hash)
    finally:
        await engine.dispose()


def _prepared(config: Path) -> JournalSettings:
    try:
        settings = load_settings(config)
        upgrade(settings.database)
    except (JournalError, RecordsUnusable) as error:
        _fail(str(error))
    return settings


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    main()

"""`acd init`: a new site's configuration from a profile and a few answers."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import unwritable
from acd.cli.help import tell
from acd.cli.session import Session
from acd.site.write import MOST_OPERATORS, Answers, SiteExists, write_site
from acd.texts import Text
from config.errors import ConfigErrors, UnknownProfile
from config.profile import load_profile, profile_names

HELP: Final = tell(
    "Write a new site's configuration and secrets from a profile; what is not given is asked for.",
    "Создать настройку и секреты новой площадки по профилю; чего не дано, то будет спрошено.",
)


def init(
    context: typer.Context,
    *,
    profile: Annotated[str | None, typer.Option(help=tell("The regulation's profile.", "Профиль регламента."))] = None,
    name: Annotated[str | None, typer.Option(help=tell("Short name of the site.", "Короткое имя площадки."))] = None,
    number: Annotated[
        list[str] | None,
        typer.Option(help=tell("What callers dial; may be given again.", "Номер, который набирают; можно несколько.")),
    ] = None,
    first_operator: Annotated[
        str | None, typer.Option(help=tell("Number of the first operator.", "Номер первого оператора."))
    ] = None,
    operators: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_OPERATORS, help=tell("How many operators.", "Сколько операторов.")),
    ] = None,
    trunk: Annotated[
        str | None, typer.Option(help=tell("Address of the provider or gateway.", "Адрес провайдера или шлюза."))
    ] = None,
    data: Annotated[Path, typer.Option(help=tell("Folder of the daemon's data.", "Каталог данных службы."))] = Path(
        "/var/lib/acd"
    ),
    time_zone: Annotated[
        str, typer.Option(help=tell("Instead of the profile's.", "Часовой пояс вместо профильного."))
    ] = "",
    title: Annotated[str, typer.Option(help=tell("What people read.", "Название для людей."))] = "",
    call_back: Annotated[
        bool, typer.Option(help=tell("Call back after breaks.", "Перезванивать после разрывов."))
    ] = True,
    record: Annotated[bool, typer.Option(help=tell("Record talks.", "Записывать разговоры."))] = True,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help=tell("Ask nothing; take what is usual.", "Не спрашивать, брать обычное.")),
    ] = False,
) -> None:
    """Ask for what is missing, write, and say what comes next."""
    session: Session = context.obj
    path = session.config_path
    asks = not yes and sys.stdin.isatty()
    chosen = profile or _asked(session, _PROFILE, "", asks=asks, known=", ".join(profile_names()))
    try:
        known = load_profile(chosen)
        answers = Answers(
            profile=chosen,
            name=name or _asked(session, _NAME, chosen, asks=asks),
            numbers=tuple(number or _asked(session, _NUMBERS, known.number or "", asks=asks).split()),
            first_operator=first_operator or _asked(session, _FIRST, "101", asks=asks),
            operators=operators or _count(session, _asked(session, _OPERATORS, "5", asks=asks)),
            trunk=trunk or _asked(session, _TRUNK, "", asks=asks),
            data=data,
            title=title,
            time_zone=time_zone,
            call_back=call_back,
            record=record,
        )
        if not answers.first_operator.isdecimal():
            raise CommandFailed(ExitCode.WRONG, _NO_NUMBER, given=answers.first_operator)
        written = write_site(path, answers)
    except UnknownProfile as error:
        raise CommandFailed(ExitCode.WRONG, _UNKNOWN, name=error.name, known=", ".join(error.known)) from error
    except SiteExists as error:
        raise CommandFailed(ExitCode.WRONG, _EXISTS, _EXISTS_ADVICE, path=error.path) from error
    except ConfigErrors as errors:
        raise CommandFailed(ExitCode.WRONG, _WRONG, told=errors.text(session.language)) from errors
    except OSError as error:
        raise unwritable(path, error) from error
    values = {"config": written.config, "secrets": written.secrets, "count": written.secret_files}
    session.print_line(session.say(_DONE, **values))


def _asked(session: Session, text: Text, usual: str, *, asks: bool, known: str = "") -> str:
    """Return an answer: asked for at a terminal, else what is usual.

    Raises:
        CommandFailed: Nothing is usual, and nobody can be asked.
    """
    question = session.say(text, known=known)
    if asks:
        answer: str = typer.prompt(question, default=usual or None)
        return answer.strip()
    if not usual:
        raise CommandFailed(ExitCode.WRONG, _NEEDED, question=question)
    return usual


def _count(session: Session, text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MOST_OPERATORS:
        return int(text)
    raise CommandFailed(ExitCode.WRONG, _NO_NUMBER, given=text)


_PROFILE: Final = Text("Profile ({known}), --profile", "Профиль ({known}), --profile")
_NAME: Final = Text("Short name of the site, --name", "Короткое имя площадки, --name")
_NUMBERS: Final = Text("Numbers that callers dial, --number", "Номера, которые набирают, --number")
_FIRST: Final = Text("Number of the first operator, --first-operator", "Номер первого оператора, --first-operator")
_OPERATORS: Final = Text("How many operators, --operators", "Сколько операторов, --operators")
_TRUNK: Final = Text("Address of the provider or gateway, --trunk", "Адрес провайдера или шлюза, --trunk")
_NEEDED: Final = Text("This must be given: {question}", "Это надо задать: {question}")
_NO_NUMBER: Final = Text("{given} is no number that can be used", "{given} — не подходящее число")
_UNKNOWN: Final = Text("No profile {name}; known: {known}", "Профиля {name} нет; есть: {known}")
_EXISTS: Final = Text("{path} is there already and is not overwritten", "{path} уже есть и не перезаписывается")
_EXISTS_ADVICE: Final = Text("Name another file: acd --config FILE init", "Укажите другой файл: acd --config ФАЙЛ init")
_WRONG: Final = Text("That cannot be used:\n{told}", "Это не подходит:\n{told}")
_DONE: Final = Text(
    """Written: {config}, and {count} secrets in {secrets}.

Next:
  scripts/install-service                    the service's user, its folders, its units
  acd --config {config} prompts build       speak the texts, or put recordings of your own there
  acd --config {config} asterisk-conf --output /etc/asterisk --include
  acd --config {config} check               what is still missing
  systemctl enable --now acd""",
    """Создано: {config} и {count} секретов в {secrets}.

Дальше:
  scripts/install-service                    пользователь службы, её папки и юниты
  acd --config {config} prompts build       озвучить тексты или положить туда свои записи
  acd --config {config} asterisk-conf --output /etc/asterisk --include
  acd --config {config} check               чего ещё не хватает
  systemctl enable --now acd""",
)

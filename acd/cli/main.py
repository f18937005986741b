"""The command line as a whole: its commands, what all of them share, and how an error ends."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from typer.main import get_command

import acd
from acd.cli import (
    agents,
    asterisk,
    backup,
    callbacks,
    calls,
    campaigns,
    checking,
    daemon,
    dnc,
    folders,
    forecasting,
    init,
    journal,
    lines,
    messages,
    planning,
    privacy,
    prompts,
    recordings,
    records,
    replay,
    report,
    simulating,
    status,
    tokens,
    top,
)
from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import localise, tell
from acd.cli.session import DEFAULT_CONFIG, Session
from acd.control.errors import DaemonAway, RequestRefused
from acd.lab import commands as trials
from acd.logs import set_up_logs
from acd.texts import Text, language_of
from metrics.reports.texts import Language

application = typer.Typer(
    name="acd",
    help=tell(
        "Call distributor for Asterisk: runs the lines of a health service's call centre.",
        "Распределитель вызовов для Asterisk: ведёт линии контакт-центра службы здравоохранения.",
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
application.command("run", help=daemon.RUN_HELP)(daemon.run)
application.command("init", help=init.HELP)(init.init)
application.command("folders", help=folders.HELP)(folders.print_folders)
application.command("check", help=checking.HELP)(checking.check)
application.command("status", help=status.HELP)(status.status)
application.command("top", help=top.HELP)(top.top)
application.add_typer(agents.agents, name="agents")
application.add_typer(calls.calls, name="calls")
application.add_typer(callbacks.callbacks, name="callbacks")
application.add_typer(campaigns.campaigns, name="campaigns")
application.add_typer(dnc.dnc, name="dnc")
application.add_typer(lines.lines, name="line")
application.add_typer(messages.messages, name="messages")
application.add_typer(prompts.prompts, name="prompts")
application.add_typer(report.report, name="report")
application.command("asterisk-conf", help=asterisk.HELP)(asterisk.asterisk_conf)
application.add_typer(records.records, name="records")
application.add_typer(recordings.recordings, name="recordings")
application.add_typer(journal.journal, name="journal")
application.add_typer(privacy.privacy, name="privacy")
application.add_typer(backup.backup, name="backup")
application.add_typer(tokens.tokens, name="tokens")
application.command("audit", help=tokens.AUDIT_HELP)(tokens.audit)
application.command("reload", help=daemon.RELOAD_HELP)(daemon.reload)
application.command("upgrade", help=daemon.UPGRADE_HELP)(daemon.upgrade)
application.command("replay", help=replay.HELP)(replay.replay)
application.command("simulate", help=simulating.HELP)(simulating.simulate)
application.add_typer(planning.plan, name="plan")
application.command("forecast", help=forecasting.HELP)(forecasting.forecast)
application.command("demo", help=trials.DEMO_HELP)(trials.demo)
application.add_typer(trials.lab, name="lab")


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"acd {acd.__version__}\n")
        raise typer.Exit


@application.callback()
def _prepare(
    context: typer.Context,
    *,
    config: Annotated[
        Path,
        typer.Option(
            "--config", "-c", envvar="ACD_CONFIG", help=tell("The site's configuration.", "Файл настройки площадки.")
        ),
    ] = DEFAULT_CONFIG,
    lang: Annotated[
        str | None,
        typer.Option(help=tell("Language, ru or en; otherwise that of LANG.", "Язык, ru или en; иначе по LANG.")),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help=tell("Show the version.", "Показать версию.")
        ),
    ] = False,
) -> None:
    set_up_logs(level="error")  # what a command has to say, it says itself; `run` sets up the daemon's own log
    context.obj = Session(config, language_of(lang))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing is raised that a person at the keyboard could cause."""
    language = language_of(_asked_language(arguments))
    command = get_command(application)
    localise(command, language)
    try:
        command.main([*arguments], prog_name="acd")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.WRONG
    except CommandFailed as failure:
        return _tell(failure, language)
    except DaemonAway as away:
        return _tell(
            CommandFailed(ExitCode.DAEMON_AWAY, _AWAY, _AWAY_ADVICE, address=away.address, reason=away.reason), language
        )
    except RequestRefused as refusal:
        text = _REFUSALS.get(refusal.code, _REFUSED)
        return _tell(CommandFailed(ExitCode.REFUSED, text, message=refusal.message), language)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return ExitCode.OK


def _asked_language(arguments: Sequence[str]) -> str | None:
    """Return the language that is asked for on the line, which must be known before help is written."""
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang":
            return arguments[index + 1] if index + 1 < len(arguments) else None
    return None


def _tell(failure: CommandFailed, language: Language) -> int:
    errors = Console(stderr=True, highlight=False)
    mark = _MARK.say(language)
    errors.print(f"[red]{mark}[/] {escape(failure.text.say(language, **failure.values))}", soft_wrap=True)
    if failure.advice is not None:
        errors.print(escape(failure.advice.say(language, **failure.values)), soft_wrap=True)
    return failure.code


_MARK: Final = Text("Error:", "Ошибка:")
_AWAY: Final = Text(
    "The daemon does not answer at {address}: {reason}", "Служба не отвечает по адресу {address}: {reason}"
)
_AWAY_ADVICE: Final = Text(
    "Does it run? `systemctl status acd` or `acd run`", "Работает ли она? `systemctl status acd` или `acd run`"
)
_REFUSED: Final = Text("The daemon refused: {message}", "Служба отказала: {message}")
_REFUSALS: Final = {
    "agent_unknown": Text("There is no such operator", "Такого оператора нет"),
    "target_unknown": Text("Callers cannot be handed on to that", "Туда абонентов не передают"),
    "consent_needed": Text(
        "The caller has to be asked first: then `--consent`", "Сначала спросите абонента, затем `--consent`"
    ),
    "asking_off": Text(
        "Asking first is off: [in_talk] ask is not set", "Консультация выключена: не задано [in_talk] ask"
    ),
    "asking_already": Text("Somebody is being asked already", "Консультация уже идёт"),
    "nobody_asked": Text("Nobody is being asked in this talk", "В этом разговоре никого не спрашивают"),
    "not_transferred": Text("Asterisk has refused: {message}", "Asterisk отказал: {message}"),
    "recording_unknown": Text("There is no such recording", "Такой записи нет"),
    "recording_destroyed": Text("This recording is destroyed", "Эта запись уничтожена"),
    "recordings_off": Text("This site records no talks", "Эта площадка не записывает разговоров"),
    "not_recorded": Text("This talk is not being recorded", "Этот разговор не записывается"),
    "call_unknown": Text("There is no such call, or it has left", "Такого вызова нет или он уже ушёл"),
    "callback_unknown": Text("There is no such call-back", "Такого обратного звонка нет"),
    "callback_impossible": Text("This number cannot be called: {message}", "На этот номер звонить нельзя: {message}"),
    "call_talks": Text("This call no longer waits", "Этот вызов уже не ждёт"),
    "line_unknown": Text("There is no such line", "Такой линии нет"),
    "line_no_destination": Text(
        "The line has no at_closed: where would its callers go?", "У линии не задан at_closed: куда пойдут звонки?"
    ),
    "campaign_unknown": Text("There is no such call list", "Такого обзвона нет"),
    "campaign_taken": Text("There is a call list of this name already", "Обзвон с таким именем уже есть"),
    "campaign_stopped": Text("This call list was ended for good", "Этот обзвон завершён насовсем"),
    "campaign_rests": Text("This call list does not run", "Этот обзвон не идёт"),
    "line_calls_nobody": Text(
        "The line has no table [line.callback], so it calls nobody",
        "У линии нет таблицы [line.callback]: она не звонит",
    ),
    "survey_needed": Text("--survey goes with --pacing menu", "--survey задаётся вместе с --pacing menu"),
    "survey_unknown": Text("There is no such survey", "Такого опроса нет"),
    "outcome_unknown": Text("The list has no such outcome", "У обзвона нет такого итога"),
    "number_wrong": Text("That is no telephone number", "Это не номер телефона"),
    "number_unknown": Text("The number is not on the list", "Этого номера нет в списке"),
    "message_unknown": Text("There is no such message", "Такого сообщения нет"),
    "message_done": Text("That was done already", "Это уже сделано"),
    "sound_gone": Text("Its sound is not here any more", "Его звука здесь больше нет"),
    "sound_held": Text("Its sound cannot be destroyed: {message}", "Звук уничтожить нельзя: {message}"),
    "agent_absent": Text("This operator takes no calls now", "Этот оператор сейчас не принимает вызовов"),
    "database_away": Text("The database is away", "База данных недоступна"),
    "not_allowed": Text("This token has no right to do that", "У этого ключа доступа нет такого права"),
    "token_wrong": Text(
        "The daemon does not know this token: ask as the daemon's user, or set ACD_TOKEN",
        "Служба не знает этого ключа: работайте от её пользователя или задайте ACD_TOKEN",
    ),
}

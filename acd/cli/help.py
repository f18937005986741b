"""Help texts in two languages: each option says both where it is declared."""

from typing import Any, Final

from typer import rich_utils

from acd.texts import Text
from metrics.reports.texts import Language

_TOLD: Final[dict[str, Text]] = {}

_PANELS: Final = {
    "ARGUMENTS_PANEL_TITLE": Text("Arguments", "Что указать"),
    "OPTIONS_PANEL_TITLE": Text("Options", "Параметры"),
    "COMMANDS_PANEL_TITLE": Text("Commands", "Команды"),
    "ERRORS_PANEL_TITLE": Text("Error", "Ошибка"),
    "DEFAULT_STRING": Text("[default: {}]", "[по умолчанию: {}]"),
    "ENVVAR_STRING": Text("[env var: {}]", "[переменная: {}]"),
    "REQUIRED_LONG_STRING": Text("[required]", "[обязательно]"),
    "RICH_HELP": Text(
        "Try [blue]'{command_path} {help_option}'[/] for help.", "Справка: [blue]{command_path} {help_option}[/]"
    ),
}


def tell(en: str, ru: str) -> str:
    """Return the English help text, and remember its Russian one."""
    _TOLD[en] = Text(en, ru)
    return en


def localise(command: Any, language: Language) -> None:
    """Put the language into the help of a command and of all below it.

    Args:
        command: What `typer.main.get_command` returned; typer's own copy of click has no public types.
        language: The reader's.
    """
    for title, text in _PANELS.items():
        setattr(rich_utils, title, text.say(language))
    _localise(command, language)


def untold(command: Any) -> list[str]:
    """Return the help texts below the command that exist in one language only: for the test that there are none."""
    return [text for text in _help_texts(command) if text not in _TOLD]


def _localise(command: Any, language: Language) -> None:
    for thing in (command, *command.params):
        text = _TOLD.get(getattr(thing, "help", None) or "")
        if text is not None:
            thing.help = text.say(language)
    asked_for_help = command.get_help_option(command.context_class(command))
    if asked_for_help is not None:
        asked_for_help.help = _HELP.say(language)
    for below in getattr(command, "commands", {}).values():
        _localise(below, language)


def _help_texts(command: Any) -> list[str]:
    texts = [thing.help or "" for thing in (command, *command.params)]
    for below in getattr(command, "commands", {}).values():
        texts += _help_texts(below)
    return texts


_HELP: Final = Text("Show this message and exit.", "Показать эту справку.")

# typer's own options carry typer's own words.
tell("Install completion for the current shell.", "Включить подсказки команд в этой оболочке.")
tell(
    "Show completion for the current shell, to copy it or customize the installation.",
    "Показать код подсказок для этой оболочки, чтобы скопировать или изменить его.",
)

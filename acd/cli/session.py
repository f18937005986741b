"""What every command shares: the configuration's path, the language, where to write, and how to reach the daemon."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from acd.cli.exits import CommandFailed, ExitCode
from acd.control.access import read_token_file
from acd.control.client import ControlClient
from acd.control.errors import TokenFileError
from acd.control.place import token_path
from acd.texts import Text
from config.errors import ConfigErrors
from config.load import load_config
from config.model import Config
from metrics.reports.plain import visible
from metrics.reports.texts import Language

Cell = str | RichText
"""What stands in a table: plain text, or text with a colour."""

DEFAULT_CONFIG: Final = Path("/etc/acd/acd.toml")


@dataclass(slots=True)
class Session:
    """One call of the command line."""

    config_path: Path
    language: Language
    out: Console = field(default_factory=lambda: Console(highlight=False))

    def say(self, text: Text, **values: object) -> str:
        """Return the text in the session's language."""
        return text.say(self.language, **values)

    def load(self) -> Config:
        """Return the configuration.

        Raises:
            CommandFailed: It has mistakes, all of which are told.
        """
        try:
            return load_config(self.config_path)
        except ConfigErrors as errors:
            told = errors.text(self.language)
            raise CommandFailed(ExitCode.WRONG, _CONFIG_WRONG, _CONFIG_ADVICE, told=told) from errors

    def daemon(self) -> ControlClient:
        """Return the way to the running daemon.

        Raises:
            CommandFailed: There is no token, that is, no daemon has ever run here, or it is not ours to read.
        """
        config = self.load()
        path = token_path(config)
        try:
            token = os.environ.get("ACD_TOKEN") or read_token_file(path)
        except TokenFileError as fault:
            raise CommandFailed(
                ExitCode.DAEMON_AWAY, _NO_TOKEN, _NO_TOKEN_ADVICE, path=path, reason=fault.reason
            ) from fault
        return ControlClient.of(config, token)

    def instant(self, text: str) -> float:
        """Return a time that was typed, in the site's zone, as epoch seconds.

        Raises:
            CommandFailed: It is none.
        """
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.load().site.time_zone)).timestamp()
        except ValueError as error:
            raise CommandFailed(ExitCode.WRONG, _TIME_WRONG, given=text) from error

    def print_json(self, content: object) -> None:
        """Write an object as JSON: indented on a terminal, one line elsewhere."""
        option = orjson.OPT_INDENT_2 if self.out.is_terminal else 0
        sys.stdout.write(orjson.dumps(content, option=option, default=str).decode() + "\n")

    def print_table(self, head: Sequence[str], rows: Sequence[Sequence[Cell]], *, title: str = "") -> None:
        """Write rows: a table on a terminal; elsewhere tab-separated lines under one line of headings."""
        if not self.out.is_terminal:
            for row in (head, *rows):
                sys.stdout.write("\t".join(_cell(value) for value in row) + "\n")
            return
        table = Table(
            *head, title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        for row in rows:
            table.add_row(*(value if isinstance(value, RichText) else RichText(visible(value)) for value in row))
        self.out.print(table)

    def print_line(self, line: str = "") -> None:
        """Write a line of text; rich mark-up in it counts on a terminal and is taken out elsewhere."""
        self.out.print(visible(line), soft_wrap=not self.out.is_terminal)


def _cell(value: Cell) -> str:
    """Return a value for a tab-separated line: no colour, no tab, no line break."""
    return " ".join(visible(value.plain if isinstance(value, RichText) else value).split())


_CONFIG_WRONG = Text("The configuration cannot be used:\n{told}", "Настройка непригодна:\n{told}")
_CONFIG_ADVICE = Text(
    "Another file is named with --config FILE or by the variable ACD_CONFIG",
    "Другой файл указывается параметром --config ФАЙЛ или переменной ACD_CONFIG",
)
_NO_TOKEN = Text("No token for the daemon in {path}: {reason}", "Нет ключа доступа к службе в {path}: {reason}")
_NO_TOKEN_ADVICE = Text(
    "Start the daemon (`acd run`), which makes the file; then ask as its user, as root, or with a token in ACD_TOKEN",
    "Запустите службу (`acd run`), она создаст файл; работайте от её пользователя, от root или с ключом в ACD_TOKEN",
)
_TIME_WRONG = Text("{given} is no time; write 2026-11-21T14:30", "{given} — не время; пишите 2026-11-21T14:30")

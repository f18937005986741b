"""What callers hear that is the site's own: texts that are spoken by a program at set-up, or recorded by a person.

A sound is meant by `acd/NAME` wherever a sound is named; NAME is a prompt of the site, of its lines' profiles or of the
product. The files lie in one folder, which Asterisk and the daemon both see.
"""

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from config.kinds import FilePath, Name, Table

DEFAULT_DIRECTORY: Final = Path("/var/lib/acd/prompts")
SPEAK: Final = ("espeak-ng", "-v", "{language}", "-s", "145", "-p", "45", "-w", "{output}", "--stdin")
"""The voice that is always to be had; `{language}` and `{output}` are filled in, the text comes on standard input."""


class Prompt(Table):
    """One text."""

    name: Name
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    source: str | None = None
    """The section of the regulation that asks for it."""


class Voice(Table):
    """Where prompts lie and who speaks them."""

    directory: FilePath = DEFAULT_DIRECTORY
    command: tuple[str, ...] = Field(default=SPEAK, min_length=1)
    """Reads the text (UTF-8) on standard input and writes a WAV file of 16 bits, mono, at any rate, to `{output}`."""


BUILT_IN: Final = {
    "ru": (
        Prompt(name="minutes-few", text="минуты"),
        Prompt(name="no-messages", text="Новых сообщений нет."),
        Prompt(
            name="message-keys",
            text="Чтобы отметить сообщение выполненным, нажмите один. Повторить — два. Дальше — три.",
        ),
        Prompt(name="message-done", text="Сообщение отмечено выполненным."),
    ),
    "en": (
        Prompt(name="no-messages", text="There are no new messages."),
        Prompt(
            name="message-keys",
            text="To mark the message as done, press one. To repeat it, two. For the next one, three.",
        ),
        Prompt(name="message-done", text="The message is marked as done."),
    ),
}
"""Texts of the product's own. `minutes-few` is the form of "minute" after 2, 3 and 4, which the core sounds lack."""

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
        Prompt(name="appeal-ask", text="Наберите номер обращения: год и порядковый номер. Затем нажмите решётку."),
        Prompt(name="appeal-unknown", text="Обращения с таким номером нет."),
        Prompt(name="appeal-away", text="Сейчас узнать состояние обращения нельзя. Перезвоните, пожалуйста, позже."),
        Prompt(name="appeal-new", text="Ваше обращение принято."),
        Prompt(name="appeal-in-work", text="Ваше обращение в работе."),
        Prompt(name="appeal-handed-over", text="Ваше обращение передано специалистам и находится на рассмотрении."),
        Prompt(name="appeal-deferred", text="Ваше обращение в работе. Мы Вам перезвоним."),
        Prompt(name="appeal-finished", text="Работа по Вашему обращению завершена."),
        Prompt(name="appeal-rejected", text="Ваше обращение отклонено: вопрос не относится к компетенции службы."),
        Prompt(name="appeal-reopened", text="Ваше обращение открыто заново и находится в работе."),
        Prompt(name="appeal-closed", text="Ваше обращение закрыто."),
    ),
    "en": (
        Prompt(name="no-messages", text="There are no new messages."),
        Prompt(
            name="message-keys",
            text="To mark the message as done, press one. To repeat it, two. For the next one, three.",
        ),
        Prompt(name="message-done", text="The message is marked as done."),
        Prompt(name="appeal-ask", text="Enter the number of the appeal, its year first. Then press hash."),
        Prompt(name="appeal-unknown", text="There is no appeal of this number."),
        Prompt(name="appeal-away", text="The state of an appeal cannot be told now. Please call again later."),
        Prompt(name="appeal-new", text="Your appeal is taken in."),
        Prompt(name="appeal-in-work", text="Your appeal is being worked on."),
        Prompt(name="appeal-handed-over", text="Your appeal has been handed over to specialists."),
        Prompt(name="appeal-deferred", text="Your appeal is being worked on. We will call you back."),
        Prompt(name="appeal-finished", text="The work on your appeal is finished."),
        Prompt(name="appeal-rejected", text="Your appeal is rejected: it is outside the competence of this service."),
        Prompt(name="appeal-reopened", text="Your appeal is open again and being worked on."),
        Prompt(name="appeal-closed", text="Your appeal is closed."),
    ),
}
"""Texts of the product's own. `minutes-few` is the form of "minute" after 2, 3 and 4, which the core sounds lack."""

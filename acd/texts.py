"""What people read exists in Russian and English: the pair of texts, and the choice between them.

It is the pair of the reports (`metrics.reports.texts`), with its values by name. Both languages stand side by side
where they are used, so that none can be forgotten: the type checker asks for both.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from metrics.reports import texts
from metrics.reports.texts import Language


@dataclass(frozen=True, slots=True)
class Text(texts.Text):
    """One message in every language; `{name}` marks a place for a value."""

    def say(self, language: Language, **values: object) -> str:
        """Return the message in the language, values filled in.

        Raises:
            KeyError: The message names a value that was not given: a bug of the caller.
        """
        chosen = self.ru if language == "ru" else self.en
        return chosen.format(**values) if values else chosen


def language_of(asked: str | None, environment: Mapping[str, str] | None = None) -> Language:
    """Return the language asked for, or else that of LC_ALL, LC_MESSAGES or LANG; English without any."""
    told = os.environ if environment is None else environment
    for name in (asked, told.get("LC_ALL"), told.get("LC_MESSAGES"), told.get("LANG")):
        if name:
            return "ru" if name.lower().startswith("ru") else "en"
    return "en"


def duration(seconds: float, language: Language) -> str:
    """Return a duration as people read it: `7 s`, `3:05`, `1:02:03`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} {'с' if language == 'ru' else 's'}"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

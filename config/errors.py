"""What can be wrong with a configuration, and how it is told: each mistake with its file, key and a plain reason."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Language = Literal["ru", "en"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that whoever wrote the file has to put right."""

    file: Path
    key: str
    """Path of the key as it stands in the file, counted from 1: `line[2].ring_s`. Empty for the file as a whole."""
    reason: str
    reason_ru: str

    def text(self, language: Language = "en") -> str:
        """Return the mistake as one line: file, key, reason."""
        reason = self.reason_ru if language == "ru" else self.reason
        return ": ".join(part for part in (str(self.file), self.key, reason) if part)

    def __str__(self) -> str:
        return self.text()


class ConfigError(Exception):
    """Base of everything that this package raises."""


@dataclass(eq=False)
class ConfigErrors(ConfigError):
    """The configuration cannot be used; all its mistakes at once."""

    mistakes: tuple[Mistake, ...] = field(default=())

    def text(self, language: Language = "en") -> str:
        """Return all mistakes, one per line."""
        return "\n".join(mistake.text(language) for mistake in self.mistakes)

    def __str__(self) -> str:
        return self.text()


@dataclass(eq=False)
class UnknownProfile(ConfigError):
    """No profile of this name comes with the product."""

    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"no profile {self.name!r}; known: {', '.join(self.known)}"


@dataclass(eq=False)
class ScheduleError(ConfigError):
    """Opening hours contradict themselves, or a date lies outside the production calendar."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(eq=False)
class CalendarExhausted(ConfigError):
    """There is no working time within ten years of an instant."""

    start: float

    def __str__(self) -> str:
        return f"no working time within ten years of epoch second {self.start:.0f}: look at the overrides"

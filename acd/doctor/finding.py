"""What a check has found: how bad, about what, said in both languages, with what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.texts import Text
from metrics.reports.texts import Language


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    SKIPPED = "skipped"
    """Could not be looked at, for a reason that is no fault of its own: something before it failed."""
    WARNING = "warning"
    """Calls are served; something will bite later."""
    ERROR = "error"
    """Calls are not served, or will not be recorded."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one check."""

    check: str
    """Stable name of the check, for programs: `ami.login`."""
    severity: Severity
    subject: str
    """What it is about: a server, an operator, a file; empty for the whole."""
    text: Text
    advice: Text | None = None
    """What to do about it."""
    values: Mapping[str, object] = field(default_factory=dict)
    """Fill the places in `text` and `advice`."""

    def said(self, language: Language) -> str:
        """Return what was found, as a sentence."""
        return self.text.say(language, subject=self.subject, **self.values)

    def advised(self, language: Language) -> str:
        """Return what to do, as a sentence; empty when there is nothing to do."""
        return "" if self.advice is None else self.advice.say(language, subject=self.subject, **self.values)


def ok(check: str, subject: str, text: Text, **values: object) -> Finding:
    """Return the finding that all is well."""
    return Finding(check, Severity.OK, subject, text, None, values)


def skipped(check: str, subject: str, text: Text, **values: object) -> Finding:
    """Return the finding that this could not be looked at."""
    return Finding(check, Severity.SKIPPED, subject, text, None, values)


def warning(check: str, subject: str, text: Text, advice: Text, **values: object) -> Finding:
    """Return the finding of something that will bite later."""
    return Finding(check, Severity.WARNING, subject, text, advice, values)


def error(check: str, subject: str, text: Text, advice: Text, **values: object) -> Finding:
    """Return the finding of something that keeps calls from being served or recorded."""
    return Finding(check, Severity.ERROR, subject, text, advice, values)

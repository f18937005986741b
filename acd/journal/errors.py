"""What can go wrong in the journal. Each error carries its fields and formats itself; the desk maps them to answers.

JournalError
    ProfileError            a profile or schedule contradicts itself: the configuration is wrong
    SettingsError           the site's settings have mistakes
    CardNotFound            no such card, or none that this person may see
    TransitionRefused       the card's state does not allow what was asked
    CardIncomplete          a field must be filled in first
    TooLate                 the time for reopening is over
    EditConflict            somebody else saved the card in between
    Forbidden               the person's role does not include this right
    NumberMistyped          what was typed or said is no card number
    ExchangeRefused         an outside message is unsigned, stale, or contradicts an earlier one
"""

from collections.abc import Mapping
from pathlib import Path


class JournalError(Exception):
    """Base of all errors of the journal."""


class ProfileError(JournalError):
    """A profile, schedule or limit contradicts itself."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.where = where
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class SettingsError(JournalError):
    """The site's settings have mistakes; all of them are named."""

    def __init__(self, path: Path, mistakes: tuple[str, ...]) -> None:
        super().__init__(path, mistakes)
        self.path = path
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(f"{self.path}: {mistake}" for mistake in self.mistakes)


class CardNotFound(JournalError):
    """No such card, or none that this person may see: the two are not told apart on purpose (S2)."""

    def __init__(self, card: int | str) -> None:
        super().__init__(card)
        self.card = card

    def __str__(self) -> str:
        return f"no card {self.card}"


class TransitionRefused(JournalError):
    """The card's state does not allow what was asked."""

    def __init__(self, state: str, trigger: str) -> None:
        super().__init__(state, trigger)
        self.state = state
        self.trigger = trigger

    def __str__(self) -> str:
        return f"{self.trigger} is not possible in state {self.state}"


class CardIncomplete(JournalError):
    """These fields must be filled in before the card may go on."""

    def __init__(self, trigger: str, fields: tuple[str, ...]) -> None:
        super().__init__(trigger, fields)
        self.trigger = trigger
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.trigger} needs: {', '.join(self.fields)}"


class TooLate(JournalError):
    """The time in which a card may be reopened is over."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until

    def __str__(self) -> str:
        return f"reopening was possible until epoch second {self.until:.0f}"


class EditConflict(JournalError):
    """Somebody else saved the card after it was read: `theirs` and `yours` name the fields that both changed or not."""

    def __init__(
        self, card: int, seen_version: int, version: int, theirs: Mapping[str, object], yours: Mapping[str, object]
    ) -> None:
        super().__init__(card, seen_version, version)
        self.card = card
        self.seen_version = seen_version
        self.version = version
        self.theirs = theirs
        """Fields whose stored value differs from what this person wants to store, with the stored value."""
        self.yours = yours
        """The same fields with the value that this person wants."""

    def __str__(self) -> str:
        return f"card {self.card} is at version {self.version}, the edit was made on version {self.seen_version}"


class Forbidden(JournalError):
    """The person's role does not include this right."""

    def __init__(self, person: str, right: str) -> None:
        super().__init__(person, right)
        self.person = person
        self.right = right

    def __str__(self) -> str:
        return f"{self.person} has no right {self.right}"


class NumberMistyped(JournalError):
    """What was typed or said is no card number."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"no card number: {self.text!r}"


class ExchangeRefused(JournalError):
    """A message from an outside system is unsigned, stale, or contradicts an earlier one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason

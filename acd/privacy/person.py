"""A person as the records know him: by a telephone number, in every spelling of it.

Pure. A number stands in the records as a trunk showed it, as we dialled it, and as people wrote it into a card:
`+79271234567`, `89271234567`, `8 (927) 123-45-67`. All of these are one person.
"""

import re
import secrets
from typing import Any, Final

from acd.numbers import number_rule
from callback.numbers import Dialable

ERASED: Final = "erased-"
"""So begins what stands instead of an erased number. The rest is drawn at random: nothing leads back from it, and the
calls of one person stay those of one, so that repeat calls are counted as before."""
_BETWEEN: Final = r"[\s().-]{0,3}"
_RUSSIAN: Final = "+7"


class NotANumber(Exception):
    """What was typed is no telephone number."""

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.typed = typed


class Person:
    """Finds and replaces one number in texts."""

    def __init__(self, typed: str) -> None:
        """Take the number as somebody typed it.

        Raises:
            NotANumber: It is none.
        """
        told = number_rule()(typed)
        if not isinstance(told, Dialable):
            raise NotANumber(typed)
        self.number: Final = told.number
        """In E.164."""
        if self.number.startswith(_RUSSIAN):
            digits, country = self.number.removeprefix(_RUSSIAN), rf"(?:\+?7{_BETWEEN}|8{_BETWEEN})?"
        else:
            digits, country = self.number.removeprefix("+"), r"\+?"
        self._digits = digits
        self._spellings = re.compile(rf"(?<![\d+]){country}{_BETWEEN.join(digits)}(?!\d)")
        self.pseudonym: Final = ERASED + secrets.token_hex(6)

    def like(self, *, typed: bool) -> str:
        """Return a pattern for SQL's LIKE that finds every spelling, and now and then one that is none of his.

        Args:
            typed: People write there, with blanks and brackets; networks and we do not.
        """
        return "%" + ("%" if typed else "").join(self._digits) + "%"

    def is_in(self, text: str) -> bool:
        """Tell whether the number stands in a text."""
        return self._spellings.search(text) is not None

    def erased(self, text: str) -> str:
        """Return a text with the pseudonym in the place of the number."""
        return self._spellings.sub(self.pseudonym, text)

    def erased_within(self, value: Any) -> Any:
        """Return a value of JSON with the pseudonym in the place of the number, in whatever text it stands."""
        match value:
            case str():
                return self.erased(value)
            case list():
                return [self.erased_within(item) for item in value]
            case dict():
                return {self.erased(name): self.erased_within(item) for name, item in value.items()}
            case _:
                return value

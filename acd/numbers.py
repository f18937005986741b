"""Which telephone numbers can be dialled, and how a trunk wants to be told them.

The border to libphonenumber. Only the numbering plans are asked (`phonenumbers`), never its geocoder or carrier tables:
they are large, are read at import, and nothing here needs to know where a number is. What may be dialled of all numbers
that exist is the line's policy (prefixes), not this file's.
"""

import re
from collections.abc import Callable
from typing import Final, Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from callback.kinds import ImpossibleReason
from callback.numbers import Dialable, NumberRule, Undialable

COUNTRY: Final = "RU"
"""Where a number without a country code is."""
LONGEST: Final = 40
"""Characters; what is longer is no number, and the library would take its time over it."""

_WITHHELD: Final = frozenset({"", "anonymous", "restricted", "unavailable", "unknown", "private", "asterisk", "0"})
_WRITTEN: Final = re.compile(r"\+?[0-9() .-]+", re.ASCII)
_NATIONAL: Final = "+7"

DialForm = Literal["e164", "digits", "national"]


def number_rule(country: str = COUNTRY) -> NumberRule:
    """Return the rule for numbers as networks of this country show them, or people type them. It never raises."""

    def rule(shown: str) -> Dialable | Undialable:
        text = shown.strip()
        if text.lower() in _WITHHELD:
            return Undialable(ImpossibleReason.WITHHELD)
        if len(text) > LONGEST or _WRITTEN.fullmatch(text) is None:
            return Undialable(ImpossibleReason.INVALID)
        # Some trunks show a Russian number as 11 digits that begin with the country code and lack its plus.
        international = text if text[:1] == "+" or len(text) != 11 or text[0] != "7" else f"+{text}"
        try:
            parsed = phonenumbers.parse(international, country)
        except NumberParseException:
            return Undialable(ImpossibleReason.INVALID)
        if not phonenumbers.is_valid_number(parsed):
            return Undialable(ImpossibleReason.INVALID)
        return Dialable(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))

    return rule


def dialled_as(number: str, form: DialForm) -> str:
    """Return an E.164 number as the trunk wants it: `+78452123456`, `78452123456`, or in Russia `88452123456`."""
    match form:
        case "e164":
            return number
        case "national" if number.startswith(_NATIONAL):
            return f"8{number.removeprefix(_NATIONAL)}"
        case "digits" | "national":
            return number.removeprefix("+")


def normaliser(rule: NumberRule) -> Callable[[str], str | None]:
    """Return a function from a number as written to E.164, None for one that is no full number (as `122`)."""

    def normalised(shown: str) -> str | None:
        checked = rule(shown)
        return checked.number if isinstance(checked, Dialable) else None

    return normalised

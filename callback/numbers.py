"""Whom we may dial: the border to the normaliser outside, and the policy's prefixes.

Normalising needs the world's numbering plans, so it is done by a function that is passed in. What it returns is
checked once more for its form, because it becomes part of a dial string.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from callback.kinds import ImpossibleReason
from callback.policy import CallbackPolicy

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Dialable:
    """A number in the form of E.164 with its plus sign: `+78452123456`."""

    number: str


@dataclass(frozen=True, slots=True)
class Undialable:
    """Why what the network or a person gave is no number to dial."""

    reason: Literal[ImpossibleReason.WITHHELD, ImpossibleReason.INVALID]


NumberRule = Callable[[str], Dialable | Undialable]
"""Pure function from a number as shown or typed to what can be dialled. Must not raise."""


def check_number(shown: str, rule: NumberRule, policy: CallbackPolicy) -> str | ImpossibleReason:
    """Return the number to dial, or why this line may not dial it."""
    checked = rule(shown)
    if isinstance(checked, Undialable):
        return checked.reason
    number = checked.number
    if _E164.fullmatch(number) is None:
        return ImpossibleReason.INVALID
    if number in policy.own_numbers:
        return ImpossibleReason.OWN_NUMBER
    if number.startswith(policy.forbidden_prefixes) or not number.startswith(policy.permitted_prefixes):
        return ImpossibleReason.NOT_PERMITTED
    return number

"""Text as a cell of a CSV: nothing that somebody has typed or dialled is a formula to the spreadsheet that opens it."""

import re
from typing import Final

_TELEPHONE: Final = re.compile(r"\+?[0-9]+")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(text: str, *, keep_numbers: bool = True) -> str:
    """Return the text so that no spreadsheet takes it for a formula (OWASP, CSV injection).

    Args:
        text: The cell.
        keep_numbers: Whether a telephone number keeps its plus: taken for a formula it is still that number.
    """
    if keep_numbers and _TELEPHONE.fullmatch(text):
        return text
    return f"'{text}" if text.startswith(_FORMULA) else text

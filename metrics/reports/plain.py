"""Text that a terminal shows and does not obey.

A caller's number, a pause's reason, a name in a web form may hold what moves the cursor, sets a window's title, hides a
line. Whatever others have written passes through here on its way to a screen.
"""

import re
from typing import Any, Final

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C0 but for tab and line feed, DEL, C1, and what turns the direction of writing round."""
SHOWN: Final = "\ufffd"


def visible(text: str) -> str:
    """Return a text of the same length with a replacement character for each one that is an order to the terminal."""
    return text if text.isprintable() else _CONTROL.sub(SHOWN, text)


def visible_within(value: Any) -> Any:
    """Return a value of JSON whose texts are all visible."""
    match value:
        case str():
            return visible(value)
        case list():
            return [visible_within(item) for item in value]
        case dict():
            return {name: visible_within(item) for name, item in value.items()}
        case _:
            return value

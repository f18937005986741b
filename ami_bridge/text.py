"""How bytes of Asterisk become text, for AMI and AGI alike.

Asterisk passes on what the network shows: usually UTF-8, from old trunks windows-1251, and now and then UTF-8 that one
of Asterisk's own buffers has cut in the middle of a letter.
"""

import re
from typing import Final

LINE_BREAKERS: Final = re.compile(r"[\r\n\0]")
"""What ends a line or a string for Asterisk, and so must never be in a value that we write."""


def decode_value(value: bytes) -> str:
    """Return the text of one value; never raises and never drops a letter silently.

    Valid UTF-8 is that. UTF-8 cut in its last letter keeps the rest and ends in U+FFFD. Everything else is read as
    windows-1251, in which only the byte 0x98 has no letter (U+FFFD as well).
    """
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not value[: error.start].isascii():
            return value.decode(errors="replace")
        return value.decode("cp1251", errors="replace")

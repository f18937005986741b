"""A `Range` header of one range of bytes (RFC 9110, 14.1.2), which players send to move within a sound."""

import re
from typing import Final

from acd.control.errors import RequestRefused

_ONE: Final = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.ASCII)


def asked_range(header: str | None, size: int) -> tuple[int, int]:
    """Return the first byte wanted and how many; all of them for no header, or one that is none of ours.

    Raises:
        RequestRefused: It begins beyond the end (416).
    """
    match = _ONE.fullmatch(header or "")
    if match is None or (not match["first"] and not match["last"]):
        return 0, size
    if not match["first"]:
        wanted = min(int(match["last"]), size)
        return size - wanted, wanted
    first = int(match["first"])
    last = min(int(match["last"] or size - 1), size - 1)
    if first >= size or last < first:
        raise RequestRefused(416, "range_wrong", f"the recording has {size} bytes")
    return first, last - first + 1

"""What the files that Asterisk writes are called, which is all that is known of a recording when a crash was between.

`<leg>_<ms>_<line>_<call>_<telephone>.wav`, made by the dialplan (`acd-recorded`): the leg is `mix`, or `in` and `out`
for the two sides of a stereo recording; the instant of the answer in epoch milliseconds; the telephone's endpoint last,
since it alone may hold a `_`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from queue_engine.ids import CallId, Instant, QueueName

_FILE: Final = re.compile(
    r"(?P<leg>mix|in|out)_(?P<ms>[0-9]{1,16})_(?P<line>[a-z0-9-]*)_(?P<call>[A-Za-z0-9.-]+)_(?P<telephone>[^/]+)\.wav"
)
_ID: Final = re.compile(r"[0-9]{1,16}_[A-Za-z0-9.-]+_[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Talk:
    """One recorded talk, as the names of its files say."""

    started_at: Instant
    """By the clock of the Asterisk that wrote them."""
    line: QueueName
    call: CallId
    telephone: str

    @property
    def recording(self) -> str:
        """The recording's id."""
        return f"{round(self.started_at * 1000)}_{self.call}_{self.telephone}"


def parse(file: str) -> tuple[Talk, str] | None:
    """Return the talk and the leg that a file is of; None for a file that is none of ours."""
    match = _FILE.fullmatch(file)
    if match is None:
        return None
    started_at = Instant(int(match["ms"]) / 1000)
    return Talk(started_at, QueueName(match["line"]), CallId(match["call"]), match["telephone"]), match["leg"]


def by_talk(files: Iterable[str]) -> dict[Talk, dict[str, str]]:
    """Return the files of each talk by their legs; others are left aside."""
    talks: dict[Talk, dict[str, str]] = {}
    for file in sorted(files):
        if (found := parse(file)) is not None:
            talk, leg = found
            talks.setdefault(talk, {})[leg] = file
    return talks


def is_recording(text: str) -> bool:
    """Tell whether a text from outside can be the id of a recording: no path, nothing that leaves a folder."""
    return _ID.fullmatch(text) is not None and ".." not in text

r"""FastAGI as a pure codec: what Asterisk says in a session, and the commands that it is told; no I/O.

Asterisk opens with its environment, lines `agi_name: value` ended by an empty line, and then answers commands, one
answer each, in order. Facts relied on (Asterisk res/res_agi.c):

- lines end in LF; `ast_agi_send` writes one answer at once;
- an answer is `<code> result=<value>[ (<data>)][ endpos=<n>]`, or `510`, `511` with a text, or a usage text of many
  lines from `520-Invalid...` to `520 End of proper usage.`; `100` announces that the answer is yet to come;
- a value that holds LF makes the answer of GET VARIABLE go over several lines;
- `HANGUP` comes by itself when the channel dies and answers nothing;
- `agi_threadid` comes after everything that the network has a say in, so an empty line before it is not the end of
  the environment but part of a caller's number (a SIP URI may carry `%0A`);
- a command line has at most 2047 bytes (`AGI_BUF_LEN`) and 127 words (`MAX_ARGS`), and is split by `parse_args`.
"""

import re
from dataclasses import dataclass
from typing import Final

from ami_bridge.errors import AgiProtocolError, InjectionRefused, TooLong
from ami_bridge.text import LINE_BREAKERS, decode_value

MAX_ENVIRONMENT: Final = 64 * 1024
"""Bytes of an environment; an honest one has about 700."""
MAX_ENVIRONMENT_LINES: Final = 256
MAX_ANSWER: Final = 64 * 1024
MAX_COMMAND: Final = 2046
"""Bytes of a command line, its LF not counted."""
MAX_WORDS: Final = 120

_OPENING: Final = b"agi_network"
_END_OF_USAGE: Final = b"520 End of proper usage."
_NAME: Final = re.compile(r"agi_[a-z0-9_]+")
_ANSWER: Final = re.compile(r"([0-9]{3})(?: result=(\S*))?(.*)", re.DOTALL)
_END_POSITION: Final = re.compile(r" endpos=(\d+)")
_COMMAND: Final = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")
_PLAIN_WORD: Final = re.compile(r"[^\s\"\\]+")

_OURS: Final = frozenset(
    {"agi_network", "agi_network_script", "agi_request", "agi_channel", "agi_language", "agi_type", "agi_uniqueid"}
)
"""Names that Asterisk sends before anything that a caller has a say in: of these the first counts, else the last."""


class AgiEnvironment(dict[str, str]):
    """The variables that Asterisk opens a session with, by their full names (`agi_channel`)."""


@dataclass(frozen=True, slots=True)
class AgiReply:
    """Asterisk's answer to one command."""

    code: int
    result: int = 0
    """The result as a number; 0 where it is none."""
    data: str = ""
    """What stands in parentheses, without them: a variable's value, `timeout`, `hangup`."""
    value: str = ""
    """The result as it stands: digits keep their zeros and may be `*` or `#`."""
    end_position: int | None = None
    """Where the playing of a file ended, in samples."""
    text: str = ""
    """What Asterisk says along with a code other than 200."""


@dataclass(frozen=True, slots=True)
class AgiHangUp:
    """Asterisk says that the channel is dead. This answers no command."""


AgiMessage = AgiEnvironment | AgiReply | AgiHangUp


class AgiDecoder:
    """Turns the stream of one session into its environment, replies and the hang-up; any cut gives the same."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0
        self._open = False
        self._lines = 0
        self._parts: list[bytes] = []
        self._parts_size = 0

    def feed(self, data: bytes) -> list[AgiMessage]:
        """Take the next bytes and return what they complete.

        Raises:
            AgiProtocolError: The peer does not speak AGI, or a part of what it says does not end.
        """
        self._held += data
        messages: list[AgiMessage] = []
        if not self._open:
            self._lines += data.count(b"\n")
            environment = self._take_environment()
            if environment is None:
                return []
            self._open = True
            self._searched = 0
            messages.append(environment)
        while (end := self._held.find(b"\n", self._searched)) >= 0:
            line = bytes(self._held[:end])
            del self._held[: end + 1]
            self._searched = 0
            message = self._take_line(line)
            if message is not None:
                messages.append(message)
        self._searched = len(self._held)
        if self._searched + self._parts_size > MAX_ANSWER:
            raise AgiProtocolError("an answer does not end")
        return messages

    def _take_environment(self) -> AgiEnvironment | None:
        held = self._held
        if not held.startswith(_OPENING[: len(held)]):
            raise AgiProtocolError("no AGI environment")
        while True:
            end = held.find(b"\n\n", self._searched)
            if (end if end >= 0 else len(held)) > MAX_ENVIRONMENT:
                raise AgiProtocolError("the environment is too large")
            if end < 0:
                if self._lines > MAX_ENVIRONMENT_LINES:
                    raise AgiProtocolError("the environment has too many lines")
                self._searched = max(0, len(held) - 1)
                return None
            if held.find(b"\nagi_threadid: ", 0, end) >= 0:
                break
            self._searched = end + 1
        block = bytes(held[:end])
        del held[: end + 2]
        return parse_environment(block)

    def _take_line(self, line: bytes) -> AgiMessage | None:
        if self._parts:
            self._parts.append(line)
            self._parts_size += len(line)
            usage = self._parts[0].startswith(b"520-")
            if not (line.startswith(_END_OF_USAGE) if usage else _closes(line)):
                return None
            line = b"\n".join(self._parts)
            self._parts, self._parts_size = [], 0
        elif line == b"HANGUP":
            return AgiHangUp()
        elif line.startswith(b"520-") or (line.startswith(b"200 ") and b" (" in line and not _closes(line)):
            self._parts, self._parts_size = [line], len(line)
            return None
        elif line.startswith(b"100"):
            return None
        return parse_reply(line)


def _closes(line: bytes) -> bool:
    """Say whether an answer with data in parentheses ends here."""
    return line.endswith(b")") or b") endpos=" in line


def parse_environment(block: bytes) -> AgiEnvironment:
    """Return the variables of an environment, without the empty line that ends it.

    Raises:
        AgiProtocolError: It has too many lines.
    """
    try:
        lines = block.decode().split("\n")
    except UnicodeDecodeError:
        lines = [decode_value(line) for line in block.split(b"\n")]
    if len(lines) > MAX_ENVIRONMENT_LINES:
        raise AgiProtocolError("the environment has too many lines")
    try:
        environment = AgiEnvironment([line.split(": ", 1) for line in lines])
    except ValueError:  # a line that is none of Asterisk's
        environment = AgiEnvironment()
    if len(environment) == len(lines):
        return environment
    environment.clear()
    for line in lines:
        name, colon, value = line.partition(": ")
        if colon and (name not in environment or name not in _OURS):
            environment[name] = value
    return environment


def parse_reply(line: bytes) -> AgiReply:
    """Return the answer that this is, be it of one line or of several.

    Raises:
        AgiProtocolError: It is none.
    """
    text = decode_value(line)
    match = _ANSWER.match(text)
    if match is None:
        raise AgiProtocolError("an answer without a code")
    code, value, rest = int(match[1]), match[2] or "", match[3]
    if code != 200:
        return AgiReply(code, text=text[4:])
    try:
        result = int(value)
    except ValueError:
        result = 0
    opened, closed = rest.find("("), rest.rfind(")")
    data = rest[opened + 1 : closed] if 0 <= opened < closed else ""
    position = _END_POSITION.search(rest[closed + 1 :])
    return AgiReply(code, result, data, value, None if position is None else int(position[1]))


def encode_command(name: str, *words: str) -> bytes:
    r"""Return the line of one command, each word quoted as `parse_args` in res_agi.c takes quotes apart.

    A word goes as it is unless it is empty or has blanks, quotes or backslashes; then it is quoted, with `\\` before
    each quote and backslash. The command's name may be of several words (`SET VARIABLE`). EXEC hands its one word of
    arguments to the application unchanged.

    Raises:
        InjectionRefused: A word holds CR, LF or NUL, or the name anything but letters and blanks.
        TooLong: The line or the number of words exceeds what Asterisk reads.
    """
    line = " ".join([name, *[word if _PLAIN_WORD.fullmatch(word) else _quoted(word) for word in words]])
    if LINE_BREAKERS.search(line) or not _COMMAND.fullmatch(name):
        raise InjectionRefused(name, "a word")
    wire = line.encode(errors="replace")
    if len(wire) > MAX_COMMAND:
        raise TooLong(name, "the command", MAX_COMMAND)
    if len(words) > MAX_WORDS:
        raise TooLong(name, "number of words", MAX_WORDS)
    return wire + b"\n"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

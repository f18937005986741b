r"""The manager protocol as a pure codec: bytes to messages and actions to bytes, no I/O.

A message is lines `Header: value` ended by an empty line; the stream starts with one greeting line. Facts relied on:

- lines end in CR LF (Asterisk main/manager.c, `astman_append`); a lone LF is part of a value;
- an event names itself in its first header; a header may repeat (`ChanVariable`, `Output`);
- Asterisk reads a line of at most 1024 bytes and an action of at most 128 headers (`inbuf`, `AST_MAX_MANHEADERS`).

What a message means is left to its readers; how the link lives is left to `client.py`.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final, TypeVar, overload

from ami_bridge.errors import AmiProtocolError, InjectionRefused, MissingHeader, TooLong
from ami_bridge.text import LINE_BREAKERS, decode_value

GREETING: Final = b"Asterisk Call Manager/"
MAX_GREETING: Final = 256
MAX_MESSAGE: Final = 4 * 1024 * 1024
"""Bytes without the end of a message that are a broken peer's. The largest honest message is a command's output."""

MAX_LINE: Final = 1022
"""Bytes of a header line that Asterisk reads, its CR LF not counted (`char inbuf[1025]`)."""
MAX_HEADERS: Final = 127

_END: Final = b"\r\n\r\n"
_ACTION_ID: Final = b"\r\nActionID: "

_T = TypeVar("_T")

HeaderValue = str | Sequence[str]
"""A sequence is written as one header per item."""


class AmiMessage(Mapping[str, str]):
    """One event or response. Header names are compared without case; of a repeated header the first value counts."""

    __slots__ = ("_folded", "_headers", "_repeated", "action_id", "event", "has_repeats")

    def __init__(self, headers: dict[str, str], repeated: dict[str, list[str]] | None = None) -> None:
        """Take the headers as Asterisk spells them; `repeated` has all the values of those that come several times."""
        self._headers = headers
        self._repeated = repeated or None
        self._folded: dict[str, str] | None = None
        self.event: str = headers.get("Event", "")
        """Name of the event; empty for a response."""
        self.action_id: str | None = headers.get("ActionID")
        """Which action this belongs to, if any."""
        self.has_repeats: bool = bool(repeated)
        """Whether a header comes more than once."""

    def _name(self, header: str) -> str | None:
        """Return the header's name as the message spells it."""
        if self._folded is None:
            self._folded = {}
            for name in self._headers:
                self._folded.setdefault(name.lower(), name)
        return self._folded.get(header.lower())

    def __getitem__(self, header: str) -> str:
        value = self.get(header)
        if value is None:
            raise MissingHeader(header, self.event or "response")
        return value

    @overload
    def get(self, header: str, /) -> str | None: ...
    @overload
    def get(self, header: str, default: str | _T, /) -> str | _T: ...

    def get(self, header: str, default: object = None, /) -> object:
        """Return the header's first value, or the default."""
        value = self._headers.get(header)
        if value is not None:
            return value
        name = self._name(header)
        return default if name is None else self._headers[name]

    def __contains__(self, header: object) -> bool:
        return isinstance(header, str) and self.get(header) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        return f"<AmiMessage {self.event or self._headers.get('Response', '?')} with {len(self._headers)} headers>"

    def all(self, header: str) -> list[str]:
        """Return every value of a header, in order; empty when it is missing."""
        name = header if header in self._headers else self._name(header)
        if name is None:
            return []
        if self._repeated is not None and name in self._repeated:
            return list(self._repeated[name])
        return [self._headers[name]]

    @property
    def variables(self) -> dict[str, str]:
        """The channel's variables: those of `channelvars` in manager.conf, and those that a Status asked for.

        Status says `(null)` of a variable that is not set (seen on 16.28 and 22.10): such a one is left out.
        """
        pairs = (item.partition("=") for header in ("ChanVariable", "Variable") for item in self.all(header))
        return {name: value for name, _, value in pairs if value != "(null)"}

    @property
    def forged(self) -> bool:
        """True for an event in which a header comes twice that Asterisk writes once.

        Asterisk passes on line ends in a caller's number (`%0D%0A` in a SIP URI; seen on 16.28 and 22.10). So a caller
        can add headers to the events of his own channel, and which of two values is Asterisk's cannot be told.
        Asterisk itself repeats variables only, and State in the TestEvent of some builds.
        """
        if self._repeated is None or self.event in {"", "TestEvent"}:
            return False
        return any(not name.endswith("Variable") for name in self._repeated)

    @property
    def output(self) -> str:
        """What a `Command` printed, its lines joined by LF."""
        return "\n".join(self.all("Output"))

    @property
    def ok(self) -> bool:
        """True for a response that is no refusal."""
        return self._headers.get("Response") in {"Success", "Follows", "Goodbye", "Pong"}


def parse_message(block: bytes) -> AmiMessage:
    """Return the message that these lines are, without the empty line that ends it."""
    try:
        lines = block.decode().split("\r\n")
    except UnicodeDecodeError:
        lines = [decode_value(line) for line in block.split(b"\r\n")]
    try:
        headers = dict([line.split(": ", 1) for line in lines])
    except ValueError:  # a header without the blank after its colon
        headers = {}
    if len(headers) == len(lines):
        return AmiMessage(headers)
    headers = {}
    repeated: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name in headers:
            repeated.setdefault(name, [headers[name]]).append(value)
        else:
            headers[name] = value
    return AmiMessage(headers, repeated)


class AmiDecoder:
    """Turns the stream of one connection into messages; cutting the stream anywhere gives the same messages."""

    def __init__(self, wanted: Set[str] | None = None, *, max_message: int = MAX_MESSAGE) -> None:
        """Decode every event, or only the wanted ones.

        Args:
            wanted: Names of the events to parse; others are dropped unparsed, unless they belong to an action
                (carry an ActionID). None takes all.
            max_message: Bytes that may be held without the end of a message among them.
        """
        self.version: str | None = None
        """What the greeting says; None until it has come."""
        self.forged = 0
        """How many events were dropped because a caller had a hand in them: see `AmiMessage.forged`."""
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._max_message = max_message
        self._held = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[AmiMessage]:
        """Take the next bytes and return the messages that they complete.

        Raises:
            AmiProtocolError: The peer greets like no Asterisk, or a message does not end.
        """
        if self.version is None:
            self._held += data
            if not self._take_greeting():
                return []
            data = bytes(self._held)
            self._held.clear()
        if self._held:
            self._held += data
            if self._held.find(_END, self._searched) < 0:
                self._hold()
                return []
            data = bytes(self._held)
            self._held.clear()
        *blocks, rest = data.split(_END)
        if rest:
            self._held += rest
            self._hold()
        messages: list[AmiMessage] = []
        for block in blocks:
            # Asterisk now and then ends a message with a CR LF too many: then the next one begins with it.
            whole = block if block[:1] == b"E" else block.lstrip(b"\r\n")
            if not whole or not self._is_wanted(whole):
                continue
            message = parse_message(whole)
            if message.has_repeats and message.forged:
                self.forged += 1
            else:
                messages.append(message)
        return messages

    def _hold(self) -> None:
        if len(self._held) > self._max_message:
            raise AmiProtocolError(f"{len(self._held)} bytes without the end of a message")
        self._searched = max(0, len(self._held) - len(_END) + 1)

    def _take_greeting(self) -> bool:
        end = self._held.find(b"\r\n")
        length = len(self._held) if end < 0 else end
        if not self._held.startswith(GREETING[: len(self._held)]) or length > MAX_GREETING:
            raise AmiProtocolError("no greeting of Asterisk")
        if end < 0:
            return False
        self.version = self._held[len(GREETING) : end].decode("ascii", errors="replace")
        del self._held[: end + 2]
        return True

    def _is_wanted(self, block: bytes) -> bool:
        if self._wanted is None or not block.startswith(b"Event: "):
            return True
        end = block.find(b"\r\n")
        return (block[7:end] if end > 0 else block[7:]) in self._wanted or _ACTION_ID in block


def encode_action(name: str, headers: Mapping[str, HeaderValue], action_id: str) -> bytes:
    """Return the bytes of one action.

    Raises:
        InjectionRefused: A name or value holds CR, LF or NUL, or a header's name a colon.
        TooLong: A line or the number of headers exceeds what Asterisk reads.
    """
    lines = [("Action", name), ("ActionID", action_id)]
    for header, value in headers.items():
        lines += [(header, item) for item in ((value,) if isinstance(value, str) else value)]
    if len(lines) > MAX_HEADERS:
        raise TooLong(name, "number of headers", MAX_HEADERS)
    encoded = []
    for header, value in lines:
        if ":" in header or LINE_BREAKERS.search(header) or LINE_BREAKERS.search(value):
            raise InjectionRefused(name, header)
        encoded.append(f"{header}: {value}".encode(errors="replace"))
        if len(encoded[-1]) > MAX_LINE:
            raise TooLong(name, header, MAX_LINE)
    return b"\r\n".join(encoded) + _END

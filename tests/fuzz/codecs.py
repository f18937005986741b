"""What is fed to the codecs between us and Asterisk, and what has to hold of them."""

import math
from collections.abc import Callable
from typing import Final

from ami_bridge.agi_message import AgiDecoder, AgiEnvironment, AgiMessage, AgiReply, encode_command
from ami_bridge.ended import parse_entry
from ami_bridge.errors import AgiProtocolError, AmiProtocolError, InjectionRefused, TooLong
from ami_bridge.message import AmiDecoder, AmiMessage, encode_action, parse_message
from ami_bridge.server_clock import ServerClock
from tests.fuzz.mutating import Reader

GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"
AMI: Final = (
    b"\x07" + GREETING + b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n",
    b"\x13"
    + GREETING
    + b"Event: Newchannel\r\nPrivilege: call,all\r\nChannel: PJSIP/city-00000001\r\nUniqueid: lab-1.1\r\n"
    + b"CallerIDNum: 79270000001\r\nChanVariable: ACD_CALL=lab-1.1\r\nChanVariable: ACD_LINE=122\r\n\r\n",
    b"\x40" + GREETING + b"Event: Hangup\r\nCause: 16\r\nCause-txt: Normal\r\n\r\nEvent: DialEnd\r\n\r\n\r\n",
)
AGI: Final = (
    (
        b"\x05agi_network: yes\nagi_request: agi://127.0.0.1/call\nagi_channel: PJSIP/city-1\nagi_callerid: +7927\n"
        b"agi_threadid: 1\nagi_arg_1: lab-1.1\n\n200 result=1\n200 result=0 endpos=1200\n"
    ),
    (
        b"\x21agi_network: yes\nagi_threadid: 1\n\n200 result=1 (value of\na variable)\n520-Invalid command\nUsage\n"
        b"520 End of proper usage.\n510 Invalid or unknown command\nHANGUP\n"
    ),
)
ACTIONS: Final = (
    b"Hangup\x1fChannel\x1fPJSIP/op101-1\x1fCause\x1f16",
    b"Originate\x1fVariable\x1fA=1\x1fVariable\x1fB=2",
)
COMMANDS: Final = (
    b"EXEC\x1fDial\x1fPJSIP/op101,20,g",
    b'SET VARIABLE\x1fA\x1fa "b" \\c',
    b"STREAM FILE\x1fru/hello\x1f",
)
ENTRIES: Final = (
    b"122|79270000001|1795251600.1|1795251660.2|ANSWER|PJSIP/op101-00000002|1795251610000|16||served|waiting|",
    b"122|1|nan|1e309|ANSWER|PJSIP/op101-1|NaN|16||served|waiting|inf",
    b"122||1795251600.1|1795251660.2||||16|PJSIP/op101||new|1795251620000",
)  # fmt: skip


def _fed(decoder_feed: Callable[[bytes], list[object]], data: bytes, step: int) -> tuple[list[object], str]:
    """Return what a stream cut into pieces gives, and the error that ends it, if any."""
    found: list[object] = []
    for at in range(0, len(data), step):
        try:
            found += decoder_feed(data[at : at + step])
        except (AmiProtocolError, AgiProtocolError) as error:
            return found, type(error).__name__
    return found, ""


def _ami(messages: list[object]) -> list[tuple[str, str | None, list[tuple[str, list[str]]]]]:
    return [
        (m.event, m.action_id, [(name, m.all(name)) for name in m]) for m in messages if isinstance(m, AmiMessage)
    ]  # fmt: skip


def ami_stream(data: bytes) -> None:
    """Any cut of a stream gives the same messages, no event of two minds gets through, and reading one never raises."""
    reader = Reader(data)
    step = 1 + reader.number(64)
    stream = reader.rest()
    whole, whole_end = _fed(AmiDecoder().feed, stream, len(stream) or 1)
    pieces, pieces_end = _fed(AmiDecoder().feed, stream, step)
    if not whole_end and not pieces_end:
        assert _ami(whole) == _ami(pieces)
    for message in whole:
        assert isinstance(message, AmiMessage)
        assert not message.forged
        assert message.variables is not None
        assert message.get("no such header") is None


def ami_action(data: bytes) -> None:
    """Whatever is written into an action comes back as that one action, or is refused."""
    name, *words = (part.decode(errors="replace") for part in data.split(b"\x1f"))
    headers: dict[str, list[str]] = {}
    for header, value in zip(words[::2], words[1::2], strict=False):
        headers.setdefault(header, []).append(value)
    try:
        wire = encode_action(name, {k: v if len(v) > 1 else v[0] for k, v in headers.items()}, "7")
    except (InjectionRefused, TooLong):
        return
    assert wire.endswith(b"\r\n\r\n")
    assert wire.count(b"\r\n\r\n") == 1
    assert wire.count(b"\r\n") == 3 + sum(map(len, headers.values()))
    assert b"\r" not in wire.replace(b"\r\n", b"")
    lines = wire[:-4].split(b"\r\n")
    assert lines[:2] == [f"Action: {name}".encode(errors="replace"), b"ActionID: 7"]
    parse_message(wire[:-4])


def agi_stream(data: bytes) -> None:
    """Any cut of a session gives the same environment and answers."""
    reader = Reader(data)
    step = 1 + reader.number(64)
    stream = reader.rest()
    whole, whole_end = _fed(AgiDecoder().feed, stream, len(stream) or 1)
    pieces, pieces_end = _fed(AgiDecoder().feed, stream, step)
    if not whole_end and not pieces_end:
        assert whole == pieces
    kinds: list[AgiMessage] = [message for message in whole if isinstance(message, AgiEnvironment | AgiReply)]
    assert not kinds or isinstance(kinds[0], AgiEnvironment)


def _words_as_asterisk_reads(line: str) -> list[str]:
    """Split a command line as `parse_args` of res_agi.c does: blanks part, quotes group, a backslash takes the next."""
    words: list[str] = []
    word: list[str] = []
    quoted = escaped = began = False
    for sign in line:
        if escaped:
            word.append(sign)
            escaped = False
        elif sign == "\\":
            escaped = began = True
        elif sign == '"':
            quoted, began = not quoted, True
        elif sign in " \t" and not quoted:
            if began:
                words.append("".join(word))
            word, began = [], False
        else:
            word.append(sign)
            began = True
    return [*words, "".join(word)] if began else words


def agi_command(data: bytes) -> None:
    """Whatever is written into a command is one line, and Asterisk reads the very words that were meant."""
    name, *words = (part.decode(errors="replace") for part in data.split(b"\x1f"))
    try:
        wire = encode_command(name, *words)
    except (InjectionRefused, TooLong):
        return
    assert wire.endswith(b"\n")
    assert wire.count(b"\n") == 1
    assert b"\r" not in wire
    assert b"\0" not in wire
    assert _words_as_asterisk_reads(wire[:-1].decode()) == [*name.split(" "), *words]


def ended_entry(data: bytes) -> None:
    """An entry of the journal of ended calls is one of ours or none, whatever stands in it."""
    text = data.decode(errors="replace")
    ended = parse_entry("lab-1.1", text, ServerClock("lab"))
    if ended is None:
        return
    assert ended.queue == text.split("|")[0]
    assert math.isfinite(ended.entered_at)
    assert math.isfinite(ended.ended_at)
    assert ended.talked_s is None or (math.isfinite(ended.talked_s) and ended.talked_s >= 0)
    assert ended.questioned_at is None or math.isfinite(ended.questioned_at)

"""FastAGI's codec: environments and answers however they are cut, and commands that read back as they were meant."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.utils import parse_agi_result

from ami_bridge.agi_message import (
    MAX_ANSWER,
    MAX_COMMAND,
    MAX_ENVIRONMENT,
    MAX_ENVIRONMENT_LINES,
    MAX_WORDS,
    AgiDecoder,
    AgiEnvironment,
    AgiHangUp,
    AgiMessage,
    AgiReply,
    encode_command,
    parse_reply,
)
from ami_bridge.errors import AgiProtocolError, InjectionRefused, TooLong
from tests.ami_bridge.fake_asterisk import ENVIRONMENT, environment

USAGE = (
    "520-Invalid command syntax.  Proper usage follows:\n"
    " Usage: STREAM FILE <filename> <escape digits>\n\n\tSend the given file.\n520 End of proper usage.\n"
)
SESSION = (
    environment()
    + (
        "100 Trying...\n200 result=1 (Иванов)\nHANGUP\n" + USAGE + "200 result=1 (two\nlines)\n511 Dead channel\n"
    ).encode()
)


def decoded(*chunks: bytes) -> list[AgiMessage]:
    """Return what these chunks hold."""
    decoder = AgiDecoder()
    return [message for chunk in chunks for message in decoder.feed(chunk)]


def test_session_is_taken_apart():
    """Environment, answers of one line and of several, and the hang-up in between are told apart."""
    opening, value, hang_up, usage, lines, dead = decoded(SESSION)
    assert opening == ENVIRONMENT
    assert value == AgiReply(200, 1, "Иванов", "1")
    assert hang_up == AgiHangUp()
    assert isinstance(usage, AgiReply)
    assert usage.code == 520
    assert "Send the given file." in usage.text
    assert lines == AgiReply(200, 1, "two\nlines", "1")
    assert dead == AgiReply(511, text="Dead channel")


@given(st.lists(st.integers(0, len(SESSION)), max_size=12))
def test_cutting_the_session_anywhere_gives_the_same(cuts):
    """No cut changes what is understood."""
    edges = [0, *sorted(cuts), len(SESSION)]
    assert decoded(*(SESSION[a:b] for a, b in itertools.pairwise(edges))) == decoded(SESSION)


def test_byte_by_byte_gives_the_same():
    """The smallest segments give the same messages."""
    assert decoded(*(SESSION[i : i + 1] for i in range(len(SESSION)))) == decoded(SESSION)


@given(st.binary(max_size=300))
def test_any_bytes_are_understood_or_refused(garbage):
    """Nothing that a peer can send raises anything but AgiProtocolError, before or after the environment."""
    for opening in (b"", b"agi_network: yes\n", environment()):
        decoder = AgiDecoder()
        try:
            decoder.feed(opening + garbage)
        except AgiProtocolError:
            continue


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"200 result=0", AgiReply(200, 0, "", "0")),
        (b"200 result=-1", AgiReply(200, -1, "", "-1")),
        (b"200 result= (timeout)", AgiReply(200, 0, "timeout", "")),
        (b"200 result=0012 (timeout)", AgiReply(200, 12, "timeout", "0012")),
        (b"200 result=12*# ()", AgiReply(200, 0, "", "12*#")),
        (b"200 result=1 (a (b) c)", AgiReply(200, 1, "a (b) c", "1")),
        (b"200 result=0 endpos=8000", AgiReply(200, 0, "", "0", 8000)),
        (b"200 result=1 (speech) endpos=160 results=0", AgiReply(200, 1, "speech", "1", 160)),
        (b"510 Invalid or unknown command", AgiReply(510, text="Invalid or unknown command")),
        (b"503 result=-2 Memory allocation failure", AgiReply(503, text="result=-2 Memory allocation failure")),
    ],
)
def test_answer_is_understood(line, reply):
    """Every shape of answer that res_agi.c sends."""
    assert parse_reply(line) == reply


def test_bare_panoramisk_misreads_answers():
    """The claim: an end of file raises, a time-out's data and a result of -1 are lost."""
    with pytest.raises(ValueError, match="invalid literal"):
        parse_agi_result("")
    assert "timeout" not in str(parse_agi_result("200 result= (timeout)"))
    assert "status_code" not in parse_agi_result("200 result=-1")


def test_value_of_windows_1251_arrives():
    """A name from an old trunk is read, and ends no session."""
    opening = environment().replace("Иванов".encode(), "Иванов".encode("cp1251"))
    assert decoded(opening) == [ENVIRONMENT]


def test_number_with_line_ends_cannot_set_what_comes_before_it():
    """A SIP URI may carry %0A. What a caller's number says of the channel, or before its time, does not count."""
    forged = "1\nagi_uniqueid: 9.9\nagi_channel: PJSIP/op101-1\n\nagi_arg_1: forged"
    (opening,) = decoded(environment(callerid=forged))
    assert isinstance(opening, AgiEnvironment)
    assert opening["agi_uniqueid"] == ENVIRONMENT["agi_uniqueid"]
    assert opening["agi_channel"] == ENVIRONMENT["agi_channel"]
    assert opening["agi_arg_1"] == ENVIRONMENT["agi_arg_1"]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01",
        b"agi_network_script: x" + b"x" * MAX_ENVIRONMENT,
        b"agi_network: yes\n" + b"agi_x: 1\n" * (MAX_ENVIRONMENT_LINES + 1),
        environment(**{f"x{n}": "1" for n in range(MAX_ENVIRONMENT_LINES)}),
        environment(calleridname="x" * MAX_ENVIRONMENT),
        environment() + b"no code\n",
        environment() + b"200 result=1 (" + b"x" * MAX_ANSWER,
        environment() + b"520-Usage\n" + b"more\n" * (MAX_ANSWER // 4),
        environment() + b"x" * (MAX_ANSWER + 1),
    ],
    ids=["http", "tls", "long", "lines", "many", "large", "nonsense", "value", "usage", "line"],
)
def test_peer_that_is_no_asterisk_or_talks_without_end_is_refused(data):
    """Memory is bounded in every state, whether it comes at once or in small pieces."""
    with pytest.raises(AgiProtocolError):
        decoded(data)
    with pytest.raises(AgiProtocolError):
        decoded(*(data[i : i + 500] for i in range(0, len(data), 500)))


def as_asterisk_splits(line: str) -> list[str]:
    """Split a command line by the rules of `parse_args`: quotes group, a backslash takes the next as it is."""
    words: list[str] = []
    fresh, quoted, escaped = True, False, False
    for letter in line:
        if letter == '"' and not escaped:
            quoted = not quoted
            if quoted and fresh:
                words.append("")
                fresh = False
        elif letter in " \t" and not quoted and not escaped:
            fresh = True
        elif letter == "\\" and not escaped:
            escaped = True
        else:
            if fresh:
                words.append("")
                fresh = False
            words[-1] += letter
            escaped = False
    return words


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20), max_size=6)
)
def test_words_read_back_as_they_were_meant(words):
    """Whatever a word holds, Asterisk sees exactly that word: quotes, backslashes, blanks, dollars, nothing at all."""
    wire = encode_command("SET VARIABLE", *words)
    assert wire.endswith(b"\n")
    assert as_asterisk_splits(wire.decode()[:-1]) == ["SET", "VARIABLE", *words]


def test_plain_words_are_not_quoted():
    """What needs no quotes has none: the line stays readable in Asterisk's debug log."""
    assert encode_command("EXEC", "Dial", "PJSIP/op101,15,gm(default)") == b"EXEC Dial PJSIP/op101,15,gm(default)\n"
    assert encode_command("STREAM FILE", "greeting", "") == b'STREAM FILE greeting ""\n'


@pytest.mark.parametrize("poison", ["1\nEXEC System id", "1\rx", "1\0", '"\nHANGUP'])
def test_no_word_can_become_a_second_command(poison):
    """CR, LF and NUL are refused, in the name as in a word."""
    with pytest.raises(InjectionRefused):
        encode_command("SET VARIABLE", "X", poison)
    with pytest.raises(InjectionRefused):
        encode_command(poison)


def test_name_of_a_command_is_letters():
    """Arguments do not get into the name by mistake, where nothing would quote them."""
    with pytest.raises(InjectionRefused):
        encode_command('SET VARIABLE X "1"')


def test_what_asterisk_would_cut_is_refused():
    """A line over Asterisk's buffer would be read as two."""
    assert encode_command("VERBOSE", "x" * (MAX_COMMAND - 8))
    with pytest.raises(TooLong):
        encode_command("VERBOSE", "x" * (MAX_COMMAND - 7))
    with pytest.raises(TooLong):
        encode_command("NOOP", *["x"] * (MAX_WORDS + 1))

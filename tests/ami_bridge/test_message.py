"""The manager protocol's codec: the same messages however the stream is cut, bounded, proof against injection."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ami_bridge.errors import AmiProtocolError, BridgeError, InjectionRefused, MissingHeader, TooLong
from ami_bridge.message import MAX_HEADERS, MAX_LINE, AmiDecoder, AmiMessage, encode_action, parse_message
from tests.ami_bridge.fake_asterisk import GREETING

STREAM = (
    GREETING
    + (
        "Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
        "Event: Newchannel\r\nCallerIDName: Иванов 😀\r\nChanVariable: A=1\r\nChanVariable: B=x=y\r\n"
        "AccountCode: \r\n\r\n\r\nEvent: Hangup\r\nCause-txt:Normal\r\nLinkedid:\r\n\r\n"
        "Response: Success\r\nActionID: 2\r\nOutput: one\r\nOutput: \r\nOutput: three\r\n\r\n"
    ).encode()
)


def decoded(*chunks: bytes, wanted: set[str] | None = None) -> list[list[tuple[str, list[str]]]]:
    """Feed these chunks and return all headers of all messages with all their values."""
    decoder = AmiDecoder(wanted)
    messages = [message for chunk in chunks for message in decoder.feed(chunk)]
    return [[(name, message.all(name)) for name in message] for message in messages]


WHOLE = decoded(STREAM)


def test_stream_is_taken_apart():
    """Greeting, responses, events, repeated and empty headers and a command's output are what they are."""
    decoder = AmiDecoder()
    login, channel, hangup, command = decoder.feed(STREAM)
    assert decoder.version == "11.0.0"
    assert login.ok
    assert login.event == ""
    assert channel.event == "Newchannel"
    assert channel["CallerIDName"] == "Иванов 😀"
    assert channel.variables == {"A": "1", "B": "x=y"}
    assert channel["AccountCode"] == ""
    assert hangup["Cause-txt"] == "Normal"
    assert hangup["Linkedid"] == ""
    assert command.output == "one\n\nthree"


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_cutting_the_stream_anywhere_gives_the_same_messages(cuts):
    """No cut, in a letter, in a line end or in the greeting, changes a message."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert decoded(*(STREAM[a:b] for a, b in itertools.pairwise(edges))) == WHOLE


def test_byte_by_byte_gives_the_same_messages():
    """The smallest segments that TCP can deliver give the same messages."""
    assert decoded(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == WHOLE


@given(st.binary(max_size=400))
def test_any_bytes_give_messages_or_a_protocol_error(garbage):
    """After the greeting whatever comes is a message of some kind; before it, a broken peer."""
    AmiDecoder().feed(GREETING + garbage + b"\r\n\r\n")
    try:
        AmiDecoder().feed(garbage)
    except AmiProtocolError:
        assert not GREETING.startswith(garbage)


def test_unwanted_events_are_dropped_and_answers_never():
    """An event that nobody wants is not parsed, unless it is an item of a list that was asked for."""
    stream = GREETING + (
        b"Event: VarSet\r\nVariable: X\r\n\r\nEvent: Hangup\r\nCause: 16\r\n\r\n"
        b"Event: VarSet\r\nActionID: 7\r\n\r\nEvent: HangupRequest\r\n\r\nResponse: Success\r\n\r\n"
    )
    kept = AmiDecoder({"Hangup"}).feed(stream)
    assert [(message.event, message.get("ActionID")) for message in kept] == [
        ("Hangup", None),
        ("VarSet", "7"),
        ("", None),
    ]


def test_header_names_have_no_case():
    """Asterisk writes Uniqueid here and UniqueID there."""
    message = parse_message(b"Event: X\r\nUniqueid: 1.2\r\nChanVariable: a=1\r\nChanVariable: b=2")
    assert message["UNIQUEID"] == "1.2"
    assert "uniqueID" in message
    assert message.all("chanvariable") == ["a=1", "b=2"]


def test_missing_header_is_an_error():
    """A misspelt header is no empty string; on bare panoramisk it is."""
    message = AmiMessage({"Event": "Hangup"})
    with pytest.raises(MissingHeader, match="Hangup has no header Casue"):
        message["Casue"]
    assert message.get("Casue") is None
    assert message.get("Casue", "16") == "16"
    assert message.all("Casue") == []
    assert Message({"Event": "Hangup"}).casue == ""


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Иванов".encode(), "Иванов"),
        ("Иванов".encode("cp1251"), "Иванов"),
        ("Иванов".encode()[:-1], "Ивано\ufffd"),
        (b"\x98", "\ufffd"),
        (b"Ren\xe9", "Renй"),
    ],
)
def test_every_encoding_of_a_name_arrives(raw, text):
    """UTF-8, windows-1251 and UTF-8 cut by a buffer of Asterisk's are told apart, value by value."""
    message = parse_message(b"Event: X\r\nCallerIDName: " + raw + b"\r\nConnectedLineName: \xd0\xaf")
    assert message["CallerIDName"] == text
    assert message["ConnectedLineName"] == "Я"


class Sink:
    """What panoramisk's protocol calls its factory."""

    save_stream = None

    def __init__(self):
        self.events = []

    def dispatch(self, event):
        """Keep it."""
        self.events.append(event)


def on_bare_panoramisk(*chunks: bytes) -> list[Message]:
    """Return the events that panoramisk's own protocol makes of these segments."""
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = sink = Sink()
    protocol.encoding = "utf8"
    for chunk in chunks:
        protocol.data_received(chunk)
    return sink.events


def test_bare_panoramisk_loses_a_letter_at_a_segment_boundary():
    """The claim: 'Иванов' cut within its second letter arrives as 'Ианов', and windows-1251 as nothing."""
    event = "Event: X\r\nCallerIDName: Иванов\r\n\r\n".encode()
    cut = event.index("в".encode()) + 1
    assert on_bare_panoramisk(event[:cut], event[cut:])[0]["CallerIDName"] == "Ианов"
    assert (
        on_bare_panoramisk("Event: X\r\nCallerIDName: Иванов\r\nCause: 1\r\n\r\n".encode("cp1251"))[0]["CallerIDName"]
        == ""
    )
    assert decoded(GREETING + event[:cut], event[cut:])[0][1] == ("CallerIDName", ["Иванов"])


def test_bare_panoramisk_loses_headers_without_a_blank():
    """The claim: `Header:` without a blank and an empty last header are lost."""
    event = b"Event: X\r\nCause:16\r\nAccountCode: \r\n\r\n"
    assert set(on_bare_panoramisk(event)[0]) == {"Event", "content"}
    assert decoded(GREETING + event) == [[("Event", ["X"]), ("Cause", ["16"]), ("AccountCode", [""])]]


def test_endless_message_is_a_broken_peer():
    """Memory is bounded whatever the peer sends; bare panoramisk keeps everything."""
    decoder = AmiDecoder(max_message=100_000)
    decoder.feed(GREETING)
    for _ in range(10):
        decoder.feed(b"x" * 10_000)
    with pytest.raises(AmiProtocolError, match="without the end of a message"):
        decoder.feed(b"x")
    assert on_bare_panoramisk(*[b"x" * 10_000] * 20) == []


@pytest.mark.parametrize("first", [b"SSH-2.0-OpenSSH_9.2\r\n", b"Asterisk Call Manager/" + b"9" * 300, b"\r\n"])
def test_peer_that_is_no_asterisk_is_refused(first):
    """What does not greet like Asterisk is not listened to."""
    with pytest.raises(AmiProtocolError, match="greeting"):
        AmiDecoder().feed(first)


def test_action_is_written_as_asterisk_reads_it():
    """One header per line and per value, an empty line at the end."""
    wire = encode_action("Originate", {"Channel": "PJSIP/op101", "Variable": ["A=1", "B=Я"]}, "7")
    assert wire.decode() == (
        "Action: Originate\r\nActionID: 7\r\nChannel: PJSIP/op101\r\nVariable: A=1\r\nVariable: B=Я\r\n\r\n"
    )


@pytest.mark.parametrize("poison", ["a\r\n\r\nAction: Command", "a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize("where", ["name", "id", "header", "value", "item"])
def test_nothing_that_is_sent_can_become_a_second_action(poison, where):
    """CR, LF and NUL are refused wherever they stand, and the error repeats no value."""
    name = poison if where == "name" else "Setvar"
    headers: dict[str, str | list[str]] = {poison if where == "header" else "Variable": "X"}
    headers["Value"] = poison if where == "value" else ["ok", poison if where == "item" else "ok"]
    with pytest.raises(InjectionRefused) as refused:
        encode_action(name, headers, poison if where == "id" else "1")
    assert "\n" not in str(refused.value)


async def test_bare_panoramisk_sends_an_injected_action():
    """The claim: a value with line ends goes out as a second action."""
    assert "\r\nAction: Originate\r\n" in str(Action({"Action": "Setvar", "Value": "a\r\nAction: Originate"}))


def test_header_name_with_a_colon_is_refused():
    """A header's name cannot smuggle another header in."""
    with pytest.raises(InjectionRefused):
        encode_action("Setvar", {"Value: x": "y"}, "1")


def test_what_asterisk_would_cut_is_refused():
    """A line over Asterisk's buffer, or too many headers, never leave: Asterisk would read something else."""
    assert encode_action("Setvar", {"Value": "x" * (MAX_LINE - 7)}, "1")
    with pytest.raises(TooLong, match="Setvar: Value exceeds"):
        encode_action("Setvar", {"Value": "я" * (MAX_LINE // 2)}, "1")
    with pytest.raises(TooLong, match="number of headers"):
        encode_action("Setvar", {"Variable": ["x"] * MAX_HEADERS}, "1")


@given(st.text(max_size=60), st.text(max_size=60))
def test_an_action_that_is_written_reads_back(header, value):
    """What passes the encoder is one message with these headers and no other."""
    try:
        wire = encode_action("Setvar", {header: value}, "1")
    except BridgeError:
        return
    (message,) = AmiDecoder().feed(GREETING + wire)
    assert list(message) == list(dict.fromkeys(["Action", "ActionID", header]))
    assert message.all(header)[-1] == value


def test_variables_of_a_status_leave_out_what_is_not_set():
    """Status answers `(null)` for a variable that the channel does not have."""
    message = parse_message(b"Event: Status\r\nVariable: ACD_CALL=(null)\r\nVariable: ACD_LINE=122")
    assert message.variables == {"ACD_LINE": "122"}


def test_event_that_a_caller_had_a_hand_in_is_dropped():
    """`%0D%0A` in a caller's number adds headers to his events: none can name another call's channel."""
    stream = GREETING + (
        b"Event: Hangup\r\nChannel: PJSIP/t-1\r\nCallerIDNum: 1\r\nUniqueid: 9.9\r\nUniqueid: 1.1\r\n\r\n"
        b"Event: Hangup\r\nChannel: PJSIP/t-2\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nUniqueid: 2.2\r\n\r\n"
    )
    decoder = AmiDecoder()
    assert [event["Uniqueid"] for event in decoder.feed(stream)] == ["2.2"]
    assert decoder.forged == 1


def test_repr_shows_no_values():
    """A message in a log or a traceback tells nobody's number."""
    assert repr(parse_message(b"Event: X\r\nCallerIDNum: 79161234567")) == "<AmiMessage X with 2 headers>"

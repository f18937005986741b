"""Speech data and keys: what is written can be read, and what is heard is told apart from silence."""

import struct

import dpkt
import pytest

from acd.lab.keys import EVENTS, write_keys, write_speech_with_keys
from acd.lab.media import RtpPacket, between, longest_gap_s, longest_silence_s, parse_rtp, read_speech


def events(path):
    """Return event, end bit, sequence number and timestamp of each packet of a capture."""
    found = []
    with path.open("rb") as file:
        for _, frame in dpkt.pcap.Reader(file):
            data = bytes(dpkt.ethernet.Ethernet(frame).data.data.data)
            _, _, sequence, stamp, _ = struct.unpack("!BBHII", data[:12])
            event, flags, _ = struct.unpack("!BBH", data[12:])
            found.append((event, flags >> 7, sequence, stamp))
    return found


def test_each_key_is_later_than_the_one_before(tmp_path):
    """The same key twice is two keys."""
    first, second = (events(path) for path in write_keys(tmp_path, "77"))
    assert {event for event, *_ in first + second} == {7}
    assert [end for _, end, *_ in first].count(1) == 3
    assert len({stamp for *_, stamp in first}) == 1
    assert max(sequence for *_, sequence, _ in first) < min(sequence for *_, sequence, _ in second)
    assert first[-1][3] < second[0][3]


def test_every_key_has_its_code(tmp_path):
    """Digits are themselves, the star is 10, the hash 11."""
    assert [events(path)[0][0] for path in write_keys(tmp_path, EVENTS)] == list(range(12))


def test_what_is_no_key_is_refused(tmp_path):
    """A letter is a mistake of the test."""
    with pytest.raises(ValueError, match="substring"):
        write_keys(tmp_path, "1a")


def test_speech_with_keys_is_one_stream(tmp_path):
    """One source whose numbers never jump; keys stand in it at their times, instead of the speech."""
    speech = tmp_path / "speech.al"
    speech.write_bytes(bytes(range(1, 251)))
    path = write_speech_with_keys(tmp_path / "both.pcap", speech, write_keys(tmp_path, "*7"), 700)
    packets = []
    with path.open("rb") as file:
        for at, frame in dpkt.pcap.Reader(file):
            data = bytes(dpkt.ethernet.Ethernet(frame).data.data.data)
            _, kind, sequence, stamp, source = struct.unpack("!BBHII", data[:12])
            packets.append((at, kind & 0x7F, sequence, stamp, source, data[12:]))
    assert [sequence for _, _, sequence, *_ in packets] == list(range(len(packets)))
    assert len({source for *_, source, _ in packets}) == 1
    keys = [(at, stamp, payload) for at, kind, _, stamp, _, payload in packets if kind == 101]
    assert [(payload[0], stamp) for _, stamp, payload in keys] == [(10, 5600)] * 8 + [(7, 11200)] * 8
    assert [at for at, *_ in keys][::8] == pytest.approx([0.7, 1.4])
    spoken = [(at, stamp) for at, kind, _, stamp, *_ in packets if kind == 8]
    assert all(stamp == round(at * 8000) for at, stamp in spoken)
    assert not {stamp for _, stamp in spoken} & {5600 + 160 * step for step in range(6)}


RTP = struct.pack("!BBHII", 0x80, 8, 1, 160, 7)


@pytest.mark.parametrize(
    ("payload", "speech"),
    [
        (RTP + b"\xd5\x11", b"\xd5\x11"),
        (b"\x81" + RTP[1:] + b"\0\0\0\1" + b"\x22", b"\x22"),
        (RTP, None),
        (b"SIP/2.0 200 OK\r\n", None),
        (b"\x80\x65" + RTP[2:] + b"\7\n\0\0", None),
    ],
    ids=["speech", "contributing-source", "empty", "sip", "key"],
)
def test_speech_is_known_from_everything_else(payload, speech):
    """Version 2 and A-law."""
    assert parse_rtp(payload) == speech


def packet(at, payload=b"\x11\x12"):
    """Return a packet at an instant."""
    return RtpPacket(at, "127.0.0.1", 10000, "127.0.0.2", payload)


def test_gap_and_silence_are_different_things():
    """A gap has no packets; in a silence they go on."""
    stream = [packet(0.0), packet(0.02), packet(0.3, b"\xd5\x55"), packet(0.5, b"\xd5\xd5"), packet(0.52)]
    assert longest_gap_s(stream) == pytest.approx(0.28)
    assert longest_silence_s(stream) == pytest.approx(0.2)
    assert longest_gap_s([]) == longest_silence_s([]) == 0.0
    assert [each.at for each in between(stream, 0.02, 0.3)] == [0.02, 0.3]


def test_speech_of_one_address_is_read_from_a_capture(tmp_path):
    """Others' packets, and what is no speech, are left out."""
    path = tmp_path / "speech.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for at, source, payload in ((1.0, 1, RTP + b"a"), (2.0, 2, RTP + b"b"), (3.0, 1, b"INVITE")):
            udp = dpkt.udp.UDP(sport=10000, dport=6000, data=payload, ulen=8 + len(payload))
            ip = dpkt.ip.IP(src=bytes([127, 0, 0, source]), dst=b"\x7f\0\0\3", p=17, data=udp, len=28 + len(payload))
            writer.writepkt(bytes(dpkt.ethernet.Ethernet(data=ip)), ts=at)
    (heard,) = read_speech(path, "127.0.0.1")
    assert (heard.at, heard.source_port, heard.target, heard.payload) == (1.0, 10000, "127.0.0.3", b"a")
    assert not heard.silent

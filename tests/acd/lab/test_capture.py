"""Waits are computed from SIP messages: from the bytes of a capture to the figures."""

import math
import socket

import dpkt

from acd.lab.capture import (
    SipMessage,
    Spread,
    answer_waits,
    bye_to_invite,
    miss_to_invite,
    parse_sip,
    read_capture,
)

ASTERISK, TRUNK, PHONES = "127.64.0.1", "127.64.0.2", "127.64.0.3"
FLOW = [
    # at, from, to, method, status, Call-ID, user of the request, user of From
    (0.0, TRUNK, ASTERISK, "INVITE", 0, "c1", "122", "7900"),
    (0.1, ASTERISK, TRUNK, "INVITE", 200, "c1", "", "7900"),
    (0.5, ASTERISK, PHONES, "INVITE", 0, "o1", "op101", "7900"),
    (0.6, PHONES, ASTERISK, "INVITE", 603, "o1", "", "7900"),
    (0.62, ASTERISK, PHONES, "INVITE", 0, "o2", "op102", "7900"),
    (2.62, ASTERISK, PHONES, "CANCEL", 0, "o2", "op102", "7900"),
    (2.63, PHONES, ASTERISK, "INVITE", 487, "o2", "", "7900"),
    (2.66, ASTERISK, PHONES, "INVITE", 0, "o3", "op103", "7900"),
    (3.0, PHONES, ASTERISK, "INVITE", 200, "o3", "", "7900"),
    (5.0, PHONES, ASTERISK, "BYE", 0, "o3", "asterisk", "op103"),
    (5.003, ASTERISK, PHONES, "INVITE", 0, "o4", "op103", "7901"),
]


def messages():
    """Return the flow as messages."""
    return [
        SipMessage(at, source, target, method, status, call, 1, user, from_user)
        for at, source, target, method, status, call, user, from_user in FLOW
    ]


def text_of(message):
    """Return a message as SIP text."""
    first = f"SIP/2.0 {message.status} X" if message.status else f"{message.method} sip:{message.user}@h SIP/2.0"
    return (
        f"{first}\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:{message.from_user}@h>;tag=1\r\n"
        f"Call-ID: {message.call_id}\r\nCSeq: {message.sequence} {message.method}\r\n\r\n"
    ).encode()


def written(path, sent):
    """Write a capture file with one packet per message."""
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for message in sent:
            udp = dpkt.udp.UDP(sport=5060, dport=5060, data=text_of(message))
            udp.ulen = len(udp)
            source, target = socket.inet_aton(message.source), socket.inet_aton(message.target)
            packet = dpkt.ip.IP(src=source, dst=target, p=dpkt.ip.IP_PROTO_UDP, data=udp)
            packet.len = len(packet)
            writer.writepkt(bytes(dpkt.ethernet.Ethernet(data=packet)), message.at)
    return path


def test_capture_gives_back_what_was_sent(tmp_path):
    """Each SIP message of a capture file is read with its time, its ends and what it says."""
    read = read_capture(written(tmp_path / "flow.pcap", messages()))
    assert [(m.method, m.status, m.call_id, m.user, m.from_user, m.source) for m in read] == [
        (m.method, m.status, m.call_id, m.user, m.from_user, m.source) for m in messages()
    ]
    assert all(abs(got.at - sent.at) < 1e-5 for got, sent in zip(read, messages(), strict=True))


def test_retransmissions_count_once(tmp_path):
    """A message that was sent again is the one that was sent first."""
    twice = [message for message in messages() for _ in range(2)]
    assert len(read_capture(written(tmp_path / "twice.pcap", twice))) == len(FLOW)


def test_what_is_no_sip_is_left_out():
    """Keep-alives and garbage are no messages."""
    assert parse_sip(b"\r\n\r\n") is None
    assert parse_sip(b"\xff\x00garbage") is None
    assert parse_sip(b"INVITE sip:1@h SIP/2.0\r\nCSeq: x INVITE\r\nCall-ID: 1\r\n\r\n") is None


def test_bye_to_next_invite_of_the_same_operator():
    """The gap is counted at the telephone that hung up, and only before the given instant."""
    assert [round(gap, 6) for gap in bye_to_invite(messages(), PHONES)] == [0.003]
    assert bye_to_invite(messages(), PHONES, before=4.0) == []


def test_missed_offers_to_next_invite_of_the_same_caller():
    """A refusal counts from its answer, a ring-no-answer from Asterisk's CANCEL, each once."""
    assert [round(gap, 6) for gap in miss_to_invite(messages(), PHONES)] == [0.02, 0.04]


def test_caller_waits_until_an_operator_has_answered():
    """The wait runs from the caller's INVITE to the 200 of an operator, not to that of Asterisk."""
    assert answer_waits(messages(), TRUNK, PHONES) == {"7900": 3.0}


def test_spread_uses_nearest_rank():
    """Percentiles are values that occurred; without values there is no number at all."""
    spread = Spread.of([value / 1000 for value in range(1, 101)])
    assert (spread.count, spread.p50, spread.p90, spread.p99, spread.most) == (100, 50.0, 90.0, 99.0, 100.0)
    assert Spread.of([0.005]).p99 == 5.0
    assert math.isnan(Spread.of([]).p50)

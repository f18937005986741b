"""What a party really heard: the speech data (RTP, RFC 3550) of a capture, and what can be told from it.

Everything here is A-law at 8 kHz, the codec that the lab's callers and telephones speak (RFC 3551, payload type 8).
"""

import math
import socket
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import dpkt

from acd.lab.sounds import RATE, linear

A_LAW: Final = 8
RTP_HEADER: Final = 12
SILENCE: Final = frozenset({0xD5, 0x55})
"""The A-law bytes nearest to nothing: +0 and -0."""


AUDIBLE: Final = 1000.0
"""Of a tone in a mixture, linear amplitude of 32767 at most: `write_tone` makes some 10 000."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet of A-law speech."""

    at: float
    """Epoch seconds, by the kernel's clock at the loopback interface."""
    source: str
    source_port: int
    """Asterisk has a port of its own for every call leg."""
    target: str
    payload: bytes

    @property
    def silent(self) -> bool:
        """Whether nothing is heard in it."""
        return SILENCE.issuperset(self.payload)


def parse_rtp(payload: bytes) -> bytes | None:
    """Return the speech of an RTP packet of version 2 with A-law; None for anything else."""
    if len(payload) <= RTP_HEADER or payload[0] >> 6 != 2 or payload[1] & 0x7F != A_LAW:
        return None
    return payload[RTP_HEADER + 4 * (payload[0] & 0x0F) :]


def read_speech(path: Path, source: str) -> list[RtpPacket]:
    """Return the speech that an address sent, in the order of a capture."""
    packets: list[RtpPacket] = []
    wanted = socket.inet_aton(source)
    with path.open("rb") as file:
        for at, frame in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(frame).data
            if not isinstance(packet, dpkt.ip.IP) or packet.src != wanted or not isinstance(packet.data, dpkt.udp.UDP):
                continue
            speech = parse_rtp(bytes(packet.data.data))
            if speech is not None:
                packets.append(RtpPacket(float(at), source, packet.data.sport, socket.inet_ntoa(packet.dst), speech))
    return packets


def amplitude(packets: Iterable[RtpPacket], hertz: float) -> float:
    """Return how loud a tone is in the speech, as a linear amplitude: the median over its packets (Goertzel's filter).

    A tone of a whole number of periods per packet (20 ms: multiples of 50 Hz) is told apart from every other one.
    """
    turn = 2 * math.cos(2 * math.pi * hertz / RATE)
    found = []
    for packet in packets:
        before = last = 0.0
        for byte in packet.payload:
            before, last = last, linear(byte) + turn * last - before
        power = before * before + last * last - turn * before * last
        found.append(2 * math.sqrt(max(0.0, power)) / len(packet.payload))
    return statistics.median(found) if found else 0.0


def heard(packets: Iterable[RtpPacket], tones: Iterable[float]) -> set[float]:
    """Return which of the tones somebody hears in what is sent to him."""
    sent = list(packets)
    return {hertz for hertz in tones if amplitude(sent, hertz) > AUDIBLE}


def between(packets: Iterable[RtpPacket], begin: float, end: float) -> list[RtpPacket]:
    """Return the packets of a span of time."""
    return [packet for packet in packets if begin <= packet.at <= end]


def longest_gap_s(packets: Sequence[RtpPacket]) -> float:
    """Return the longest time without a packet between the first and the last of a stream."""
    return max((later.at - earlier.at for earlier, later in pairwise(packets)), default=0.0)


def longest_silence_s(packets: Sequence[RtpPacket]) -> float:
    """Return the longest time in which a stream went on but nothing was heard in it."""
    longest, since = 0.0, None
    for packet in packets:
        if not packet.silent:
            since = None
        elif since is None:
            since = packet.at
        else:
            longest = max(longest, packet.at - since)
    return longest

"""Keys that a party presses, as captures that SIPp can play: RFC 4733 telephone events, payload type 101.

SIPp comes with such captures, but each is the same at every playing, and Asterisk takes an event that is not later
than the last one for a repetition: no key twice, and none of a lower sequence number. So they are made here, one after
the other in time.

Who speaks while he presses keys sends one stream: events take the place of speech in it, with its numbers and its
source (RFC 4733 section 2.5.1.1). Two streams to one port are nothing that a telephone sends, and Asterisk, which puts
packets into their order, now and then made several keys of one, or none.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dpkt

EVENTS: Final = "0123456789*#"
"""The codes of the keys are their places here (RFC 4733 section 3.2)."""
PAYLOAD_TYPE: Final = 101
SSRC: Final = 0x0ACD
PACKETS: Final = 6
"""Of 20 ms each, the last one sent three times with the end bit (RFC 4733 section 2.5.1.4)."""
TICKS: Final = 160
"""Of the 8 kHz clock in 20 ms."""
VOLUME: Final = 10
"""-10 dBm0."""
PORT: Final = 6000
A_LAW: Final = 8
MARKER: Final = 0x80
RTP_HEADER: Final = 12
PACKET_MS: Final = 20
SPEAKS_ON_S: Final = 60
"""For so long after his last key he speaks."""


@dataclass(frozen=True, slots=True)
class Media:
    """What one party of a call sends: keys, speech, both or nothing."""

    digits: Sequence[Path]
    """Captures that `write_keys` has written."""
    digit_gap_ms: int
    """Pause before each key."""
    rtp_file: Path | None
    """Raw A-law that is said over and over."""

    def values(self, folder: Path) -> dict[str, object]:
        """Return what a scenario says of it; speech with keys is written into `folder` as one stream."""
        if not self.digits or self.rtp_file is None:
            return {"digits": self.digits, "digit_gap_ms": self.digit_gap_ms, "rtp_file": self.rtp_file, "keys_ms": 0}
        both = write_speech_with_keys(folder / "speech.pcap", self.rtp_file, self.digits, self.digit_gap_ms)
        keys_ms = self.digit_gap_ms * len(self.digits)
        return {"digits": [both], "digit_gap_ms": 0, "rtp_file": None, "keys_ms": keys_ms}


def write_keys(folder: Path, digits: str) -> list[Path]:
    """Write one capture per key, in order, and return their paths.

    Raises:
        ValueError: Something in `digits` is no key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, digit in enumerate(digits):
        path = folder / f"key-{index:02}.pcap"
        with path.open("wb") as file:
            writer = dpkt.pcap.Writer(file)
            for at, payload in _packets(EVENTS.index(digit), index):
                writer.writepkt(_frame(payload), ts=at)
        paths.append(path)
    return paths


def write_speech_with_keys(path: Path, speech: Path, keys: Sequence[Path], gap_ms: int) -> Path:
    """Write one capture of somebody who speaks all the time and presses keys meanwhile, and return its path.

    Args:
        path: What to write.
        speech: Raw A-law, said over and over.
        keys: Captures that `write_keys` has written.
        gap_ms: Time before the first key, and from one to the next; longer than a key, a multiple of 20.
    """
    sound = speech.read_bytes()
    begins = {gap_ms // PACKET_MS * (index + 1): _event_of(key) for index, key in enumerate(keys)}
    payloads = _spoken(sound, begins, (gap_ms * len(keys) + SPEAKS_ON_S * 1000) // PACKET_MS)
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for sequence, (slot, marker, kind, stamp, payload) in enumerate(payloads):
            header = struct.pack("!BBHII", 0x80, marker | kind, sequence & 0xFFFF, stamp, SSRC)
            writer.writepkt(_frame(header + payload), ts=slot * PACKET_MS / 1000)
    return path


def _spoken(sound: bytes, begins: Mapping[int, int], slots: int) -> Iterator[tuple[int, int, int, int, bytes]]:
    """Return slot of 20 ms, marker, payload type, timestamp and payload of each packet."""
    begun, event = -PACKETS, 0
    for slot in range(slots):
        if slot in begins:
            begun, event = slot, begins[slot]
        if (step := slot - begun) < PACKETS:
            for _ in range(3 if step == PACKETS - 1 else 1):
                yield slot, 0 if step else MARKER, PAYLOAD_TYPE, TICKS * begun, _event(event, step)
        else:
            at = TICKS * slot % len(sound)
            said = (sound[at : at + TICKS] + sound)[:TICKS]
            yield slot, MARKER if slot in {0, begun + PACKETS} else 0, A_LAW, TICKS * slot, said


def _event_of(key: Path) -> int:
    with key.open("rb") as file:
        _, frame = next(iter(dpkt.pcap.Reader(file)))
    payload: bytes = dpkt.ethernet.Ethernet(frame).data.data.data
    return payload[RTP_HEADER]


def _event(event: int, step: int) -> bytes:
    end = 0x80 if step == PACKETS - 1 else 0
    return struct.pack("!BBH", event, end | VOLUME, TICKS * (step + 1))


def _packets(event: int, index: int) -> Iterator[tuple[float, bytes]]:
    """Return the RTP packets of the key at this place, with their times from the beginning."""
    started = 8000 * (index + 1)
    for number in range(PACKETS + 2):
        step = min(number, PACKETS - 1)
        marker = MARKER if number == 0 else 0
        header = struct.pack("!BBHII", 0x80, marker | PAYLOAD_TYPE, 100 * (index + 1) + step, started, SSRC)
        yield PACKET_MS / 1000 * step, header + _event(event, step)


def _frame(payload: bytes) -> bytes:
    # SIPp takes the payload alone; addresses and ports are those of the call.
    udp = dpkt.udp.UDP(sport=PORT, dport=PORT, data=payload, ulen=8 + len(payload))
    packet = dpkt.ip.IP(src=b"\x7f\0\0\1", dst=b"\x7f\0\0\1", p=dpkt.ip.IP_PROTO_UDP, data=udp, len=28 + len(payload))
    return bytes(dpkt.ethernet.Ethernet(data=packet))

"""Keys that a party presses, as captures that SIPp can play: RFC 4733 telephone events, payload type 101.

SIPp comes with such captures, but each is the same at every playing, and Asterisk takes an event that is not later
than the last one for a repetition: no key twice, and none of a lower sequence number. So they are made here, one after
the other in time.
"""

import struct
from collections.abc import Iterator
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


def _packets(event: int, index: int) -> Iterator[tuple[float, bytes]]:
    """Return the RTP packets of the key at this place, with their times from the beginning."""
    started = 8000 * (index + 1)
    for number in range(PACKETS + 2):
        step = min(number, PACKETS - 1)
        marker = 0x80 if number == 0 else 0
        end = 0x80 if step == PACKETS - 1 else 0
        header = struct.pack("!BBHII", 0x80, marker | PAYLOAD_TYPE, 100 * (index + 1) + step, started, SSRC)
        yield 0.02 * step, header + struct.pack("!BBH", event, end | VOLUME, TICKS * (step + 1))


def _frame(payload: bytes) -> bytes:
    # SIPp takes the payload alone; addresses and ports are those of the call.
    udp = dpkt.udp.UDP(sport=PORT, dport=PORT, data=payload, ulen=8 + len(payload))
    packet = dpkt.ip.IP(src=b"\x7f\0\0\1", dst=b"\x7f\0\0\1", p=dpkt.ip.IP_PROTO_UDP, data=udp, len=28 + len(payload))
    return bytes(dpkt.ethernet.Ethernet(data=packet))

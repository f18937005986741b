"""What really went over the wire: a packet capture of SIP, independent of Asterisk, the daemon and SIPp.

The functions at the end turn the messages into the waits that matter. A caller is recognised on the operator's side by
his number: Asterisk puts it into the From header of the INVITE to the telephone.
"""

import signal
import socket
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import dpkt

from acd.lab.errors import ProcessFailed
from acd.lab.process import LabProcess, find_program, until

BUFFER_KIB: Final = 65536
"""Of the kernel for packets that tcpdump has not taken yet: 160 calls/s lose none (tried)."""
MISSED_BY_TELEPHONE: Final = frozenset({408, 480, 486, 487, 503, 600, 603})


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One SIP message as it left its sender."""

    at: float
    """Epoch seconds, by the kernel's clock at the loopback interface."""
    source: str
    target: str
    method: str
    """Of the request, or of the request that is answered."""
    status: int
    """0 for a request."""
    call_id: str
    sequence: int
    user: str
    """User of the request URI; empty for an answer."""
    from_user: str


def parse_sip(payload: bytes) -> tuple[str, int, str, int, str, str] | None:
    """Return method, status, Call-ID, CSeq number, user of the request URI, user of From; None for what is no SIP."""
    head = payload.partition(b"\r\n\r\n")[0].decode("utf-8", errors="replace")
    first, _, rest = head.partition("\r\n")
    headers: dict[str, str] = {}
    for line in rest.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    number, _, method = headers.get("cseq", "").partition(" ")
    call_id = headers.get("call-id", headers.get("i", ""))
    if not call_id or not number.isdigit():
        return None
    from_user = _user(headers.get("from", headers.get("f", "")))
    if first.startswith("SIP/2.0 "):
        return method.strip(), int(first[8:11]), call_id, int(number), "", from_user
    return method.strip(), 0, call_id, int(number), _user(first), from_user


def _user(text: str) -> str:
    _, found, rest = text.partition("sip:")
    user, at, _ = rest.partition("@")
    return user if found and at else ""


def read_capture(path: Path) -> list[SipMessage]:
    """Return the SIP messages of a capture in order, retransmissions left out."""
    messages: list[SipMessage] = []
    seen: set[tuple[str, int, str, int, str]] = set()
    with path.open("rb") as file:
        for at, frame in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(frame).data
            if not isinstance(packet, dpkt.ip.IP) or not isinstance(packet.data, dpkt.udp.UDP):
                continue
            parsed = parse_sip(bytes(packet.data.data))
            if parsed is None:
                continue
            method, status, call_id, sequence, user, from_user = parsed
            source = socket.inet_ntoa(packet.src)
            key = (call_id, sequence, method, status, source)
            if key in seen and method != "ACK":
                continue
            seen.add(key)
            target = socket.inet_ntoa(packet.dst)
            messages.append(SipMessage(float(at), source, target, method, status, call_id, sequence, user, from_user))
    return messages


class Capture:
    """tcpdump on the loopback interface, for one slice of addresses. Needs root or the right to capture."""

    def __init__(self, path: Path, net: str, port: int = 5060, *, media: bool = False) -> None:
        """Capture SIP of `net` (`127.64.7`) into the file `path`, with `media` all speech data too."""
        self.path = path
        self._filter = f"udp and net {net}.0/24" if media else f"udp port {port} and net {net}.0/24"
        self._process: LabProcess | None = None

    async def __aenter__(self) -> Self:
        """Start, and return once packets are taken.

        Raises:
            ProcessFailed: tcpdump may not capture here.
        """
        tcpdump = find_program("tcpdump", "run scripts/setup-asterisk")
        # -Z root: it would otherwise drop its rights and could not write where the lab writes.
        argv = [tcpdump, "-i", "lo", "-n", "-s", "0", "-U", "-Z", "root", "-B", str(BUFFER_KIB)]
        argv += ["-w", str(self.path), self._filter]
        process = await LabProcess.start("tcpdump", argv, self.path.with_suffix(".log"))
        self._process = process
        await until(lambda: "listening on" in process.text() or not process.running)
        if not process.running:
            raise ProcessFailed("tcpdump", "cannot capture", process.text())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self._process.stop(signal.SIGINT, limit_s=10.0)

    def messages(self) -> list[SipMessage]:
        """Return what was captured, once it is over.

        Raises:
            ProcessFailed: The kernel dropped packets: the figures would be wrong.
        """
        self.check_complete()
        return read_capture(self.path)

    def check_complete(self) -> None:
        """Look whether everything was captured, once it is over.

        Raises:
            ProcessFailed: The kernel dropped packets: the figures would be wrong.
        """
        text = self._process.text() if self._process is not None else ""
        if "\n0 packets dropped by kernel" not in text:
            raise ProcessFailed("tcpdump", "packets were dropped", text)


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number of durations lie, in milliseconds."""

    count: int
    p50: float
    p90: float
    p99: float
    most: float

    @classmethod
    def of(cls, durations_s: Iterable[float]) -> Self:
        """Return the spread of durations in seconds, percentiles by nearest rank; all NaN when there is none."""
        values = sorted(1000 * duration for duration in durations_s)
        if not values:
            return cls(0, *[float("nan")] * 4)

        def percentile(percent: int) -> float:
            return values[max(0, -(-percent * len(values) // 100) - 1)]

        return cls(len(values), percentile(50), percentile(90), percentile(99), values[-1])


def bye_to_invite(messages: Sequence[SipMessage], telephones: str, before: float = float("inf")) -> list[float]:
    """Return, for each BYE that a telephone sent, how long it took until it was rung again, s.

    Only BYEs before the instant `before` count: until then somebody must be waiting all the time, or the figure would
    measure the callers.
    """
    user_of: dict[str, str] = {}
    rung_at: dict[str, list[float]] = defaultdict(list)
    for message in messages:
        if message.method == "INVITE" and message.status == 0 and message.target == telephones:
            user_of[message.call_id] = message.user
            rung_at[message.user].append(message.at)
    found = []
    for message in messages:
        ended = message.method == "BYE" and message.status == 0 and message.source == telephones
        if ended and message.at < before and message.call_id in user_of:
            rings = rung_at[user_of[message.call_id]]
            index = bisect_right(rings, message.at)
            if index < len(rings):
                found.append(rings[index] - message.at)
    return found


def miss_to_invite(messages: Sequence[SipMessage], telephones: str) -> list[float]:
    """Return, for each refused, busy or unanswered ring, how long it took until another telephone rang for it, s.

    An unanswered ring counts from the CANCEL that Asterisk sent. The caller is known by his number; a caller who never
    rings again (he gave up) does not count.
    """
    caller_of: dict[str, str] = {}
    rung_at: dict[str, list[float]] = defaultdict(list)
    missed: dict[str, float] = {}
    for message in messages:
        if message.method == "INVITE" and message.status == 0 and message.target == telephones:
            caller_of[message.call_id] = message.from_user
            rung_at[message.from_user].append(message.at)
        elif message.call_id in caller_of:
            refused = message.method == "INVITE" and message.source == telephones
            cancelled = message.method == "CANCEL" and message.status == 0
            if cancelled or (refused and message.status in MISSED_BY_TELEPHONE):
                missed.setdefault(message.call_id, message.at)
    found = []
    for call_id, at in missed.items():
        rings = rung_at[caller_of[call_id]]
        index = bisect_right(rings, at)
        if index < len(rings):
            found.append(rings[index] - at)
    return found


def answer_waits(messages: Sequence[SipMessage], trunk: str, telephones: str) -> dict[str, float]:
    """Return how long each caller, by number, waited from his INVITE to an operator's 200, s; the answered alone."""
    called_at: dict[str, float] = {}
    caller_of: dict[str, str] = {}
    waits: dict[str, float] = {}
    for message in messages:
        if message.method != "INVITE":
            continue
        if message.status == 0 and message.source == trunk:
            called_at.setdefault(message.from_user, message.at)
        elif message.status == 0 and message.target == telephones:
            caller_of[message.call_id] = message.from_user
        elif message.status == 200 and message.source == telephones:
            number = caller_of.get(message.call_id)
            if number in called_at and number is not None:
                waits.setdefault(number, message.at - called_at[number])
    return waits

"""Operators' telephones that SIPp cannot be: one that holds two calls and joins them (REFER with Replaces, RFC 3891).

All telephones of a lab's centre are at one address, so one socket is all of them. It answers every call to a telephone
that is told to, calls Asterisk as any of them, and keeps each call's dialog.
"""

import asyncio
import itertools
import re
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote

from acd.lab.sipp import Endpoint

SDP = (
    "v=0\r\no=phone 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
)

LOUD = bytes((0x2A, 0xAA)) * 80
"""20 ms of a square wave, A-law."""

_numbers = itertools.count(1)
"""Of branches, tags and calls: Asterisk takes a number that it has seen in the last half minute for the old request."""


@dataclass
class Dialog:
    """One call of a telephone."""

    user: str
    call_id: str
    local: str
    """Our From (or To), with its tag."""
    remote: str
    target: str = ""
    cseq: int = 1
    rings: asyncio.Event = field(default_factory=asyncio.Event)
    """It rings at the far end of a call of ours."""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    speaks: asyncio.TimerHandle | None = None
    """Sends the next packet of speech."""

    def tag(self, side: str) -> str:
        """Return the tag of a side."""
        match = re.search(r"tag=([^;>\s]+)", side)
        return match[1] if match else ""


class Softphones(asyncio.DatagramProtocol):
    """All telephones of a centre."""

    def __init__(self, local: Endpoint, server: Endpoint, *, answering: set[str], speaking: bool = False) -> None:
        """Take where they and Asterisk are, which of them answer calls, and whether they speak in them.

        Asterisk takes the Local channels of an attended transfer out of a talk only where somebody speaks.
        """
        self._local = local
        self._server = server
        self.answering = answering
        self.dialogs: list[Dialog] = []
        self.offered: dict[str, asyncio.Event] = {}
        self._speaking = speaking
        self._keys: dict[str, asyncio.Event] = {}
        """Set when the last key of a call has been answered."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        place = (self._local.address, self._local.port)
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=place)
        media = (self._local.address, self._local.port + 1000)
        self._media, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=media)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for dialog in self.dialogs:
            if dialog.up.is_set() and not dialog.over.is_set():
                self.hang_up(dialog)
            if dialog.speaks is not None:
                dialog.speaks.cancel()
        self._transport.close()
        self._media.close()

    # -- what the people do ----------------------------------------------------------------------------------------

    async def talk_of(self, user: str) -> Dialog:
        """Wait until this telephone has answered a call, and return it."""
        async with asyncio.timeout(20):
            while True:
                for dialog in self.dialogs:
                    if dialog.user == user and dialog.up.is_set() and not dialog.over.is_set():
                        return dialog
                await asyncio.sleep(0.05)

    async def until_offered(self, user: str) -> None:
        """Wait until this telephone rings, or has rung."""
        await asyncio.wait_for(self.offered.setdefault(user, asyncio.Event()).wait(), 20)

    async def press(self, dialog: Dialog, keys: str) -> None:
        """Press keys in a call, one after the other (INFO, application/dtmf-relay)."""
        for key in keys:
            answered = self._keys[dialog.call_id] = asyncio.Event()
            self._request(dialog, "INFO", body=f"Signal={key}\r\nDuration=100\r\n", kind="application/dtmf-relay")
            await asyncio.wait_for(answered.wait(), 10)
            await asyncio.sleep(0.15)  # as long as Asterisk takes for a key

    def call(self, user: str, number: str) -> Dialog:
        """Call a number from this telephone."""
        call_id = f"own-{next(_numbers)}@{self._local.address}"
        local = f"<sip:{user}@{self._server}>;tag=own{next(_numbers)}"
        dialog = Dialog(user, call_id, local, f"<sip:{number}@{self._server}>", f"sip:{number}@{self._server}")
        self.dialogs.append(dialog)
        self._request(dialog, "INVITE", body=self._sdp())
        return dialog

    def join(self, first: Dialog, second: Dialog) -> None:
        """Join the far sides of two calls of one telephone: the attended transfer."""
        user = re.search(r"sip:([^@>]+)@", second.remote)
        tags = f"to-tag={second.tag(second.remote)};from-tag={second.tag(second.local)}"
        replaces = quote(f"{second.call_id};{tags}", safe="")
        to = f"Refer-To: <sip:{user[1] if user else ''}@{self._server}?Replaces={replaces}>"
        self._request(first, "REFER", [to])

    def hang_up(self, dialog: Dialog) -> None:
        """End a call."""
        dialog.over.set()
        self._request(dialog, "BYE")

    def _speak(self, dialog: Dialog, sdp: str) -> None:
        """Send speech to where the other side's description says, a packet for each 20 ms, until the call is over."""
        place = re.search(r"c=IN IP4 (\S+).*?m=audio (\d+)", sdp, re.DOTALL)
        if not self._speaking or place is None:
            return
        loop, to = asyncio.get_running_loop(), (place[1], int(place[2]))
        began = loop.time()

        def send(number: int) -> None:
            while not dialog.over.is_set() and began + number * 0.02 <= loop.time():
                heads = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160, len(dialog.call_id))
                self._media.sendto(heads + LOUD, to)
                number += 1
            if not dialog.over.is_set():
                dialog.speaks = loop.call_at(began + number * 0.02, send, number)

        send(0)

    # -- SIP -------------------------------------------------------------------------------------------------------

    def _sdp(self) -> str:
        return SDP.format(address=self._local.address, port=self._local.port + 1000)

    def _request(
        self, dialog: Dialog, method: str, more: list[str] | None = None, body: str = "", kind: str = "application/sdp"
    ) -> None:
        dialog.cseq += method != "ACK"
        branch = f"z9hG4bK{next(_numbers)}"
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._local};branch={branch}",
            f"From: {dialog.local}",
            f"To: {dialog.remote}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {dialog.cseq} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:{dialog.user}@{self._local}>",
            *(more or []),
        ]
        self._send(lines, body, kind)

    def _send(self, lines: list[str], body: str = "", kind: str = "application/sdp") -> None:
        told = [f"Content-Type: {kind}"] if body else []
        text = "\r\n".join([*lines, *told, f"Content-Length: {len(body)}", "", body])
        self._transport.sendto(text.encode(), (self._server.address, self._server.port))

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Take in a message of Asterisk's."""
        text = data.decode(errors="replace")
        first, _, rest = text.partition("\r\n")
        heads = re.findall(r"(?m)^([A-Za-z-]+):\s*(.*?)\r?$", rest.partition("\r\n\r\n")[0])
        if first.startswith("SIP/2.0"):
            self._answered(int(first.split()[1]), heads, text)
        else:
            self._asked(first.split()[0], first.split()[1], heads, text)

    def _answered(self, status: int, heads: list[tuple[str, str]], text: str) -> None:
        values = dict(heads)
        dialog = next((d for d in self.dialogs if d.call_id == values["Call-ID"]), None)
        if values["CSeq"].endswith("INFO") and values["Call-ID"] in self._keys:
            self._keys[values["Call-ID"]].set()
        if dialog is None or not values["CSeq"].endswith("INVITE") or status == 100:
            return
        dialog.remote = values["To"]
        if status < 200:
            dialog.rings.set()
            return
        contact = re.search(r"<([^>]+)>", values.get("Contact", ""))
        dialog.target = contact[1] if contact else dialog.target
        self._request(dialog, "ACK")
        (dialog.up if status < 300 else dialog.over).set()
        if status < 300 and dialog.speaks is None:
            self._speak(dialog, text)

    def _asked(self, method: str, uri: str, heads: list[tuple[str, str]], text: str) -> None:
        values = dict(heads)
        copied = [f"{name}: {value}" for name, value in heads if name in {"Via", "From", "Call-ID", "CSeq"}]
        dialog = next((d for d in self.dialogs if d.call_id == values["Call-ID"]), None)
        if method == "INVITE" and dialog is None:
            user = uri.removeprefix("sip:").partition("@")[0]
            to = f"{values['To']};tag=phone{next(_numbers)}"
            contact = re.search(r"<([^>]+)>", values["Contact"])
            dialog = Dialog(user, values["Call-ID"], to, values["From"], contact[1] if contact else "", 100)
            self.dialogs.append(dialog)
            self.offered.setdefault(user, asyncio.Event()).set()
            here = f"Contact: <sip:{user}@{self._local}>"
            self._send(["SIP/2.0 180 Ringing", *copied, f"To: {to}", here])
            if user in self.answering:
                self._send(["SIP/2.0 200 OK", *copied, f"To: {to}", here], self._sdp())
                dialog.up.set()
                self._speak(dialog, text)
            return
        if method == "ACK":
            return
        if method in {"BYE", "CANCEL"} and dialog is not None:
            dialog.over.set()
        body = self._sdp() if method == "INVITE" else ""
        here = f"Contact: <sip:{dialog.user if dialog else 'x'}@{self._local}>"
        self._send(["SIP/2.0 200 OK", *copied, f"To: {values['To']}", here], body)
        if method == "CANCEL" and dialog is not None:
            invite = [line.replace("CANCEL", "INVITE") for line in copied]
            self._send(["SIP/2.0 487 Request Terminated", *invite, f"To: {dialog.local}"])

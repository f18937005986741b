"""Appeals by e-mail (KEM 5.1): unseen letters of an IMAP folder become cards, and are marked as seen once stored.

A letter is known by its Message-ID, so one that could not be marked, or that arrives twice, opens no second card.
"""

import asyncio
import hashlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Final

import structlog

from acd.journal.cards import Channel
from acd.journal.exchange.inbound import Inbox
from queue_engine.ids import Instant

SOURCE: Final = "mail"
LONGEST_TEXT: Final = 20_000
BATCH: Final = 50
"""Letters per look: the rest comes with the next."""

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where appeals by e-mail arrive."""

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 993
    tls: bool = True
    folder: str = "INBOX"
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says."""

    message_id: str
    sender_name: str
    sender: str
    subject: str
    text: str
    automatic: bool
    """Written by a machine (RFC 3834): an answer to one would begin an endless exchange."""


class MailboxReader:
    """Reads one folder."""

    def __init__(self, server: ImapServer, inbox: Inbox) -> None:
        self._server = server
        self._inbox = inbox

    async def read(self, now: Instant) -> int:
        """Open cards for unseen letters; return how many cards were opened.

        Raises:
            OSError: The server cannot be reached or refuses.
        """
        opened = 0
        for number, raw in await asyncio.to_thread(self._fetch):
            letter = letter_of(raw)
            if not letter.automatic:
                taken = await self._inbox.take(
                    SOURCE, letter.message_id, letter.message_id.encode(), _fields(letter), now
                )
                opened += not taken.repeated
            await asyncio.to_thread(self._mark, number)
        return opened

    def _fetch(self) -> list[tuple[bytes, bytes]]:
        with _folder(self._server) as imap:
            _, found = imap.uid("search", "UNSEEN")
            letters = []
            for number in found[0].split()[:BATCH]:
                # PEEK leaves the letter unseen until its card is stored.
                _, parts = imap.uid("fetch", number.decode(), "(BODY.PEEK[])")
                letters += [(number, part[1]) for part in parts if isinstance(part, tuple)]
            return letters

    def _mark(self, number: bytes) -> None:
        with _folder(self._server) as imap:
            imap.uid("store", number.decode(), "+FLAGS", r"(\Seen)")


@contextmanager
def _folder(server: ImapServer) -> Iterator[imaplib.IMAP4]:
    try:
        imap: imaplib.IMAP4
        if server.tls:
            context = ssl.create_default_context()
            imap = imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=server.timeout_s)
        else:
            imap = imaplib.IMAP4(server.host, server.port, timeout=server.timeout_s)
        with imap:
            imap.login(server.user, server.password)
            imap.select(server.folder)
            yield imap
    except imaplib.IMAP4.error as error:
        raise OSError(f"IMAP: {error}") from error


def letter_of(raw: bytes) -> Letter:
    """Return what a letter says; whatever it is, it becomes one."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - what this policy makes
    name, address = parseaddr(str(mail.get("From", "")))
    digest = hashlib.sha256(raw).hexdigest()
    automatic = str(mail.get("Auto-Submitted", "no")).lower() != "no" or "List-Id" in mail
    return Letter(
        message_id=" ".join(str(mail.get("Message-ID", "")).split()) or digest,
        sender_name=" ".join(name.split()),
        sender=address,
        subject=" ".join(str(mail.get("Subject", "")).split()),
        text=_text_of(mail),
        automatic=automatic,
    )


def _fields(letter: Letter) -> dict[str, object]:
    description = f"{letter.subject}\n\n{letter.text}".strip()[:LONGEST_TEXT]
    return {
        "channel": Channel.EMAIL,
        "contact_name": letter.sender_name,
        "contact_email": letter.sender,
        "description": description,
    }


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, UnicodeError):  # a character set that nobody knows
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    if part.get_content_subtype() == "html":
        content = _without_tags(content)
    return content.replace("\r\n", "\n").replace("\0", "").strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"script", "style"}
        if tag in {"br", "p", "div", "tr", "li"}:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in {"script", "style"}))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _without_tags(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))

"""Sending what waits in the outbox: SMTP in a thread, growing retries, giving up on what can never be delivered."""

import asyncio
import hashlib
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Protocol

import structlog

from acd.journal.store.outbox import Message, Outbox
from queue_engine.ids import Instant

RETRY_S: Final = (60.0, 300.0, 900.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""How long to wait after each failed attempt; after the last the message is given up and listed."""
BATCH: Final = 50

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where letters are handed in."""

    host: str
    sender: str
    port: int = 587
    starttls: bool = True
    user: str = ""
    password: str = ""
    timeout_s: float = 20.0
    tls: ssl.SSLContext | None = None
    """None: the system's authorities."""

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"


class Undeliverable(Exception):
    """The server will never take this message (SMTP 5xx for the recipient or the content)."""


class Post(Protocol):
    """Takes letters to their recipients."""

    async def send(self, message: Message) -> None:
        """Send one letter.

        Raises:
            Undeliverable: It will never be taken.
            OSError: Not now; smtplib's errors are OSErrors too.
        """
        ...


class SmtpPost:
    """Sends by SMTP, one connection per letter: a few per minute at the most."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def send(self, message: Message) -> None:
        """Send one letter: see `Post`."""
        if "@" not in message.recipient:
            raise Undeliverable(f"no address: {message.recipient!r}")
        await asyncio.to_thread(self._send, _mail_of(message, self._server.sender))

    def _send(self, mail: EmailMessage) -> None:
        server = self._server
        with smtplib.SMTP(server.host, server.port, timeout=server.timeout_s) as smtp:
            if server.starttls:
                smtp.starttls(context=server.tls or ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
            try:
                smtp.send_message(mail)
            except smtplib.SMTPRecipientsRefused as refused:
                raise _judged(*next(iter(refused.recipients.values()))) from refused
            except smtplib.SMTPDataError as refused:
                raise _judged(refused.smtp_code, refused.smtp_error) from refused


def _judged(code: int, text: bytes | str) -> Exception:
    said = f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return Undeliverable(said) if code >= 500 else OSError(said)


def _mail_of(message: Message, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = _one_line(message.recipient)
    mail["Subject"] = _one_line(message.subject)
    # The same for each attempt: a mail system that saw the first one drops the second.
    domain = sender.rpartition("@")[2].rstrip(">")
    mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail


def _one_line(text: str) -> str:
    return " ".join(text.split())


class Deliverer:
    """Empties the outbox, or the messages of one kind in it."""

    def __init__(self, outbox: Outbox, post: Post, *, kind: str = "") -> None:
        self._outbox = outbox
        self._post = post
        self._kind = kind

    async def next_due(self) -> Instant | None:
        """Return when the next message is to be sent or tried again."""
        return await self._outbox.next_due(self._kind)

    async def deliver(self, now: Instant) -> int:
        """Try all letters that are due; return how many were sent. A letter that fails does not hold up the others."""
        sent = 0
        for waiting in await self._outbox.due(now, BATCH, self._kind):
            try:
                await self._post.send(waiting.message)
            except (Undeliverable, ValueError) as refused:  # ValueError: no valid address
                log.warning("letter.given_up", letter=waiting.id, kind=waiting.message.kind)
                await self._outbox.failed(waiting.id, now, str(refused), None)
            except OSError as failed:
                again = RETRY_S[waiting.attempts] if waiting.attempts < len(RETRY_S) else None
                log.warning("letter.failed", letter=waiting.id, kind=waiting.message.kind, again_in_s=again)
                again_at = None if again is None else Instant(now + again)
                await self._outbox.failed(waiting.id, now, str(failed) or type(failed).__name__, again_at)
            else:
                await self._outbox.sent(waiting.id, now)
                sent += 1
        return sent

"""Changes of cards told to outside systems: written into the outbox with the change, delivered as signed requests.

The message id is the outbox key, the same for each attempt, so the receiver can tell a repeated message. What cannot be
delivered is tried again as letters are, and listed when given up.
"""

import asyncio
import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import orjson

from acd.journal.cards import Card
from acd.journal.exchange.signing import Partner, sign
from acd.journal.mail import Post, Undeliverable
from acd.journal.states import CardTrigger
from acd.journal.store.outbox import Message
from queue_engine.ids import Instant

KIND: Final = "webhook"
TIMEOUT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an outside system wants to be told of changes."""

    partner: Partner
    address: str
    """`https://...`; `http` for loopback alone is the configuration's decision, not ours."""
    contents: bool = False
    """Also description, measures and contact: personal data, for systems that may have them (SAH 2.1)."""

    def message(self, card: Card, trigger: CardTrigger, at: Instant) -> Message:
        """Return the message about a change of the card."""
        told: dict[str, object] = {
            "number": str(card.number),
            "version": card.version + 1,
            "state": card.state,
            "holder": card.holder,
            "trigger": trigger,
            "at": at,
        }
        if self.contents:
            names = ("channel", "urgency", "contact_name", "contact_phone", "contact_email", "anonymous",
                     "description", "measures", "rejection")  # fmt: skip
            told |= {name: getattr(card, name) for name in names}
        key = f"{self.partner.name}:{card.service}:{card.number}:{card.version + 1}"
        return Message(key, KIND, self.partner.name, "", orjson.dumps(told).decode())


class WebhookPost:
    """Delivers by HTTP POST."""

    def __init__(
        self, hooks: Mapping[str, Webhook], now: Callable[[], Instant], tls: ssl.SSLContext | None = None
    ) -> None:
        self._hooks = hooks
        self._now = now
        self._tls = tls

    async def send(self, message: Message) -> None:
        """Send one message: see `mail.Post`. 4xx but 408 and 429 is for good, 3xx and 5xx are tried again."""
        hook = self._hooks.get(message.recipient)
        if hook is None:
            raise Undeliverable(f"no webhook of this name any more: {message.recipient}")
        body = message.body.encode()
        headers = {"content-type": "application/json", **sign(hook.partner, message.key, body, self._now())}
        try:
            status = await asyncio.to_thread(self._post, hook.address, body, headers)
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP: {type(error).__name__}") from error
        if 200 <= status < 300:
            return
        if 400 <= status < 500 and status not in {408, 429}:
            raise Undeliverable(f"HTTP {status}")
        raise OSError(f"HTTP {status}")

    def _post(self, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(address)
        path = parts.path or "/"
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = self._tls or ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=context)
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", f"{path}?{parts.query}" if parts.query else path, body, dict(headers))
            answer = connection.getresponse()
            answer.read(65_536)
            return answer.status
        finally:
            connection.close()


class ByKind:
    """Sends each message by the post for its kind, letters by default."""

    def __init__(self, letters: Post, others: Mapping[str, Post]) -> None:
        self._letters = letters
        self._others = others

    async def send(self, message: Message) -> None:
        """Send one message: see `mail.Post`."""
        await self._others.get(message.kind, self._letters).send(message)

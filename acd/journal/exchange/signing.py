"""Signatures of requests between the journal and an outside system: HMAC-SHA256 over time, message id and body.

    x-acd-source: who sends, as both sides have agreed
    x-acd-time: epoch seconds
    x-acd-message: id of the message, the same for each attempt to deliver it
    x-acd-signature: hexadecimal HMAC-SHA256 of "<time>.<message>.<body>" with the shared secret

A request older or younger than `TOLERANCE_S` is refused, so a recorded one is of no use later; within that time a
repeated message id is recognised by the receiver, who answers as the first time.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from acd.journal.errors import ExchangeRefused
from queue_engine.ids import Instant

TOLERANCE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Partner:
    """An outside system."""

    name: str
    secret: str = field(repr=False)


def sign(partner: Partner, message_id: str, body: bytes, now: Instant) -> dict[str, str]:
    """Return the headers of a request to or from the partner."""
    at = str(int(now))
    return {
        "x-acd-source": partner.name,
        "x-acd-time": at,
        "x-acd-message": message_id,
        "x-acd-signature": _signature(partner.secret, at, message_id, body),
    }


def check(partners: Mapping[str, Partner], headers: Mapping[str, str], body: bytes, now: Instant) -> tuple[str, str]:
    """Return source and message id of a request that is signed by a partner.

    Raises:
        ExchangeRefused: It is not, or its time is not now.
    """
    source, at = headers.get("x-acd-source", ""), headers.get("x-acd-time", "")
    message_id = headers.get("x-acd-message", "")
    partner = partners.get(source)
    # Without a partner the same work is done with a secret that nobody has: the time of the answer tells nothing.
    expected = _signature(partner.secret if partner else "", at, message_id, body)
    fits = hmac.compare_digest(expected.encode(), headers.get("x-acd-signature", "").encode())
    if partner is None or not fits or not message_id:
        raise ExchangeRefused("the signature does not fit")
    if not at.isdecimal() or abs(now - int(at)) > TOLERANCE_S:
        raise ExchangeRefused("the time of the request is not now")
    return source, message_id


def _signature(secret: str, at: str, message_id: str, body: bytes) -> str:
    signed = at.encode() + b"." + message_id.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()

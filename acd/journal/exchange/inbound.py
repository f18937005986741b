"""Appeals that come from outside systems: each becomes one card, however often its message is delivered."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from acd.journal.cards import Card, Channel, open_card
from acd.journal.errors import CardNotFound, ExchangeRefused, NumberMistyped
from acd.journal.exchange.signing import Partner, check
from acd.journal.facts import CardOpened
from acd.journal.limits import Urgency
from acd.journal.service import Journal, Publish
from acd.journal.store import tables
from acd.journal.store.cards import Entry, add_in
from queue_engine.ids import Instant

LARGEST_BODY: Final = 262_144


class Appeal(BaseModel):
    """An appeal as an outside system sends it. Unknown fields are refused: a misspelt one must not be lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True, strict=True)

    channel: Channel = Channel.WEB_SITE
    description: str = Field(min_length=1, max_length=20_000)
    contact_name: str = Field(default="", max_length=300)
    contact_phone: str = Field(default="", max_length=50)
    contact_email: str = Field(default="", max_length=300)
    anonymous: bool = False
    urgency: Urgency = Urgency.LOW


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message."""

    card: Card
    repeated: bool


class Inbox:
    """Takes messages from outside into one journal."""

    def __init__(self, engine: AsyncEngine, journal: Journal, *, publish: Publish) -> None:
        self._engine = engine
        self._journal = journal
        self._publish = publish

    async def take(
        self, source: str, message_id: str, content: bytes, fields: Mapping[str, Any], now: Instant
    ) -> Taken:
        """Open a card for a message, or return the card that it opened before.

        Raises:
            ExchangeRefused: The same message id came before with other contents.
        """
        digest = hashlib.sha256(content).hexdigest()
        known = await self._known(source, message_id, digest)
        if known is not None:
            return Taken(known, repeated=True)
        # NUL is a character that PostgreSQL does not store.
        given = {
            name: value.replace("\0", "") if isinstance(value, str) else value
            for name, value in fields.items() if name != "channel"
        }  # fmt: skip
        fresh = open_card(self._journal.rules, now, fields["channel"], **given)
        try:
            async with self._engine.begin() as connection:
                card = await add_in(connection, fresh, Entry(now, source, "open"))
                await connection.execute(
                    insert(tables.received).values(
                        source=source, message_id=message_id, digest=digest, card_id=card.id, at=now
                    )
                )
        except IntegrityError:  # the same message, delivered twice at once: the other one was first
            known = await self._known(source, message_id, digest)
            if known is None:
                raise
            return Taken(known, repeated=True)
        self._publish(CardOpened(now, card.service, card.id, str(card.number)))
        return Taken(card, repeated=False)

    async def _known(self, source: str, message_id: str, digest: str) -> Card | None:
        table = tables.received
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(table).where(table.c.source == source, table.c.message_id == message_id)
            )
            row = rows.one_or_none()
        if row is None:
            return None
        if row.digest != digest:
            raise ExchangeRefused("this message id came before with other contents")
        return await self._journal.cards.get(row.card_id)


def exchange_routes(
    journal: Journal, inbox: Inbox, partners: Mapping[str, Partner], now: Callable[[], Instant]
) -> list[BaseRoute]:
    """Return `POST /appeals` and `GET /appeals/<number>` for outside systems, signed as `signing` says."""

    async def post(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _answer(413, {"error": "too_long"})
        try:
            source, message_id = check(partners, request.headers, body, now())
        except ExchangeRefused as refused:
            return _answer(401, {"error": "refused", "reason": str(refused)})
        try:
            appeal = Appeal.model_validate_json(body)
        except ValidationError as fault:
            mistakes = fault.errors(include_url=False, include_input=False, include_context=False)
            told = [{"field": ".".join(map(str, one["loc"])), "reason": one["msg"]} for one in mistakes]
            return _answer(422, {"error": "mistakes", "mistakes": told})
        try:
            taken = await inbox.take(source, message_id, body, dict(appeal), now())
        except ExchangeRefused as refused:
            return _answer(409, {"error": "refused", "reason": str(refused)})
        return _answer(200 if taken.repeated else 201, {"number": str(taken.card.number), "state": taken.card.state})

    async def get(request: Request) -> Response:
        try:
            check(partners, request.headers, request.scope["path"].encode(), now())
        except ExchangeRefused as refused:
            return _answer(401, {"error": "refused", "reason": str(refused)})
        try:
            told = await journal.tell(request.path_params["number"])
        except (CardNotFound, NumberMistyped):
            return _answer(404, {"error": "not_found"})
        return _answer(200, {"number": str(told.number), "state": told.state, "due_at": told.due_at})

    return [Route("/appeals", post, methods=["POST"]), Route("/appeals/{number}", get, methods=["GET"])]


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _answer(status: int, content: object) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json", headers={"cache-control": "no-store"})

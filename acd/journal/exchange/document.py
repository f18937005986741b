"""The OpenAPI 3.1 document of what programs ask of the journal: the exchange, and the log-in at the desk.

Made from the models that check the requests. Served at `/exchange/openapi.json` without a signature: it tells nothing
about anybody.
"""

from typing import Any, Final

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import acd
from acd.journal.exchange.inbound import Appeal
from acd.journal.states import CardState

_REFERENCE: Final = "#/components/schemas/{model}"
_NUMBER: Final = "^([a-z0-9]+-)?[0-9]{4}-[0-9]{1,9}$"
_SIGNED: Final = (
    ("x-acd-source", "Who sends, as both sides have agreed."),
    ("x-acd-time", "Epoch seconds; five minutes from now at most."),
    ("x-acd-message", "Id of the message, the same for each attempt to deliver it."),
    (
        "x-acd-signature",
        "Hexadecimal HMAC-SHA256 of `<time>.<message>.<body>` with the shared secret; of a GET the path is the body.",
    ),
)


_LOGIN: Final = {
    "type": "object",
    "properties": {"login": {"type": "string"}, "password": {"type": "string"}},
    "required": ["login", "password"],
}


class Opened(BaseModel):
    """The card of an appeal."""

    number: str
    state: CardState


class Standing(Opened):
    """Where an appeal stands: nothing of its contents."""

    due_at: float | None
    """Its nearest limit, seconds since the epoch."""


class Mistake(BaseModel):
    """What is wrong with a field."""

    field: str
    reason: str


class Refused(BaseModel):
    """Why a request was refused."""

    error: str
    """`refused`, `mistakes`, `not_found` or `too_long`; of the log-in `login_failed`, `login_locked`, `bad_request`."""
    reason: str = ""
    mistakes: tuple[Mistake, ...] = ()


class LoggedIn(BaseModel):
    """A session at the desk, which is one of the control API too."""

    token: str
    expires_at: float
    """Seconds since the epoch."""


def described() -> Route:
    """Return the route that answers with the document."""
    document = orjson.dumps(journal_document())

    async def answer(_request: Request) -> Response:
        return Response(document, media_type="application/json")

    return Route("/openapi.json", answer)


def journal_document() -> dict[str, Any]:
    """Return the document."""
    schemas: dict[str, Any] = {}
    for model in (Appeal, Opened, Standing, LoggedIn, Refused):
        schema = model.model_json_schema(ref_template=_REFERENCE)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    signed = [
        {"name": name, "in": "header", "required": True, "description": told, "schema": {"type": "string"}}
        for name, told in _SIGNED
    ]
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "string", "pattern": _NUMBER}}
    taken = {
        "200": _answer("The same message came before: the same answer", Opened),
        "201": _answer("A card is open", Opened),
        "default": _answer("Refused", Refused),
    }
    told = {"200": _answer("As it stands now", Standing), "default": _answer("Refused", Refused)}
    body = {"required": True, "content": _content(Appeal)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Call distributor: the journal of appeals",
            "version": acd.__version__,
            "description": "Appeals from outside systems, each request signed; and the log-in of programs at the desk.",
        },
        "paths": {
            "/exchange/appeals": {
                "post": {
                    "operationId": "post_appeal",
                    "summary": "Hand in an appeal: one card for each message, however often it is delivered",
                    "parameters": signed,
                    "requestBody": body,
                    "responses": taken,
                }
            },
            "/exchange/appeals/{number}": {
                "get": {
                    "operationId": "get_appeal",
                    "summary": "Ask where an appeal stands",
                    "parameters": [number, *signed],
                    "responses": told,
                }
            },
            "/desk/login": {
                "post": {
                    "operationId": "post_login",
                    "summary": "Begin a session; five wrong passwords lock a name for a quarter of an hour",
                    "requestBody": {
                        "required": True,
                        "content": {"application/x-www-form-urlencoded": {"schema": _LOGIN}},
                    },
                    "responses": {
                        "200": _answer("With `accept: application/json`", LoggedIn),
                        "default": _answer("Refused", Refused),
                    },
                }
            },
        },
        "components": {"schemas": schemas},
    }


def _answer(told: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": told, "content": _content(model)}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}

"""The control API as an ASGI application: authentication, rights, bodies, JSON, and one shape for every refusal.

What is asked and answered is in `endpoints.py`. No request raises out of here: the daemon has calls to serve.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import orjson
import structlog
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from acd.control.access import FileGuard, Guard, Identity, ensure_token_file
from acd.control.centre import Centre
from acd.control.endpoints import ENDPOINTS, Asked, Body, Endpoint
from acd.control.errors import RequestRefused
from acd.control.openapi import openapi_document
from acd.control.place import token_path
from acd.control.views import ErrorView, Refusal
from config.model import Config

log = structlog.get_logger(__name__)

LARGEST_BODY: Final = 65_536

_NAMES_OF_STATUS: Final = {404: "path_unknown", 405: "method_wrong"}


def control_app(centre: Centre, config: Config) -> Starlette:
    """Return the daemon's control API; the administrator's token file is made if it is not there.

    Raises:
        TokenFileError: The token's file cannot be made or must not be trusted.
    """
    return build_app(centre, FileGuard(ensure_token_file(token_path(config))))


def build_app(centre: Centre, guard: Guard, more: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the API over a centre, for those whom the guard knows.

    Args:
        centre: The running call centre.
        guard: Knows whom a token belongs to.
        more: Further routes, which bring their own authentication.
    """
    document = orjson.dumps(openapi_document(ENDPOINTS))

    async def describe(_request: Request) -> Response:
        return Response(document, media_type="application/json")

    routes: list[BaseRoute] = [
        Route(endpoint.path, _handler(endpoint, centre, guard), methods=[endpoint.method]) for endpoint in ENDPOINTS
    ]
    return Starlette(
        routes=[*routes, Route("/v1/openapi.json", describe), *more],
        exception_handlers={HTTPException: _http_refused, RequestRefused: _refused, Exception: _broken},
    )


def _handler(endpoint: Endpoint, centre: Centre, guard: Guard) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        asker = await authenticate(request, guard)
        if asker.role not in endpoint.roles:
            raise RequestRefused(403, "not_allowed", f"{asker.role} may not {endpoint.method} {endpoint.path}")
        body = await _body(request, endpoint.body)
        answer = await endpoint.answer(Asked(centre, asker, request.path_params, body))
        if endpoint.method != "GET":
            log.info("control.asked", by=asker.name, method=endpoint.method, path=request.url.path)
        return _json(200, answer)

    return handle


async def authenticate(request: Request, guard: Guard) -> Identity:
    """Return who asks.

    Raises:
        RequestRefused: No token, or one that nobody holds (401).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    identity = await guard.identify(token.strip()) if scheme.lower() == "bearer" and token else None
    if identity is None:
        raise RequestRefused(401, "token_wrong", "a valid bearer token is needed")
    return identity


async def _body(request: Request, model: type[Body]) -> Body:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise RequestRefused(413, "body_too_long", f"at most {LARGEST_BODY} bytes")
    try:
        return model.model_validate_json(bytes(content) or b"{}")
    except ValidationError as fault:
        mistakes = fault.errors(include_url=False, include_input=False, include_context=False)
        told = "; ".join(f"{'.'.join(map(str, m['loc'])) or 'body'}: {m['msg']}" for m in mistakes)
        raise RequestRefused(422, "body_wrong", told) from fault


def _json(status: int, content: object) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json", headers={"cache-control": "no-store"})


def _refusal(status: int, code: str, message: str) -> Response:
    return _json(status, Refusal(ErrorView(code, message)))


async def _refused(_request: Request, fault: Exception) -> Response:
    if not isinstance(fault, RequestRefused):
        raise fault
    answer = _refusal(fault.status, fault.code, fault.message)
    if fault.status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer


async def _http_refused(_request: Request, fault: Exception) -> Response:
    if not isinstance(fault, HTTPException):
        raise fault
    return _refusal(fault.status_code, _NAMES_OF_STATUS.get(fault.status_code, "refused"), fault.detail)


async def _broken(request: Request, fault: Exception) -> Response:
    log.error("control.failed", path=request.url.path, exc_info=fault)
    return _refusal(500, "failed", "the daemon could not answer; its log says why")

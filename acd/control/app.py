"""The control API as an ASGI application: authentication, rights, bodies, JSON, and one shape for every refusal.

What is asked and answered is in `endpoints.py`. No request raises out of here: the daemon has calls to serve.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import orjson
import structlog
from prometheus_client.registry import Collector, CollectorRegistry
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from acd.control.access import FileGuard, Guard, Guards, Identity, ensure_token_file
from acd.control.asked import Asked, Body, Endpoint
from acd.control.centre import Centre
from acd.control.endpoints import ENDPOINTS
from acd.control.errors import RequestRefused, StoreAway
from acd.control.events import Event, Gap, Heartbeat, names_a_number, shown_to
from acd.control.openapi import openapi_document
from acd.control.place import token_path
from acd.control.recordings import SOUND_PATH, sound_of
from acd.control.server import ControlServer, Tls
from acd.control.store.database import ControlDatabase
from acd.control.store.tokens import StoreGuard, TokenStore
from acd.control.store.trail import Trail
from acd.control.views import ErrorView, Refusal
from acd.meters.route import metrics_route
from config.messages import is_own, texts
from config.model import Config
from queue_engine.ids import CallId, Instant

log = structlog.get_logger(__name__)

LARGEST_BODY: Final = 65_536

Meters = tuple[CollectorRegistry, Collector]
"""What `/metrics` tells: what is counted all the time, and what is read from the centre when it is asked."""

_NAMES_OF_STATUS: Final = {404: "path_unknown", 405: "method_wrong"}


class ControlApp(Starlette):
    """The application, and what it holds open."""

    def __init__(
        self,
        centre: Centre,
        guard: Guard,
        trail: Trail,
        *,
        database: ControlDatabase | None = None,
        more: Sequence[BaseRoute] = (),
        meters: Meters | None = None,
    ) -> None:
        self._centre = centre
        self._database = database
        document = orjson.dumps(openapi_document(ENDPOINTS))

        async def describe(_request: Request) -> Response:
            return Response(document, media_type="application/json")

        routes: list[BaseRoute] = [
            Route(endpoint.path, _handler(endpoint, centre, guard, trail), methods=[endpoint.method])
            for endpoint in ENDPOINTS
        ]
        routes.append(Route(SOUND_PATH, sound_of(centre, lambda request: authenticate(request, guard), trail)))
        stream = Route("/v1/events", _follower(centre, guard, trail))
        if meters is not None:
            routes.append(metrics_route(*meters, centre, lambda request: authenticate(request, guard)))
        super().__init__(
            routes=[*routes, stream, Route("/v1/openapi.json", describe), *more],
            exception_handlers={HTTPException: _http_refused, RequestRefused: _refused, Exception: _broken},
        )
        # Whoever asks for another path is told so; a redirection would be built from the `Host` that he sent.
        self.router.redirect_slashes = False

    def end_streams(self) -> None:
        """Let those who follow events go: the server is about to close."""
        self._centre.events.close()

    async def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            await self._database.close()


def control_server(
    centre: Centre,
    config: Config,
    more: Sequence[BaseRoute] = (),
    meters: Meters | None = None,
    trail: Trail | None = None,
    guards: Sequence[Guard] = (),
) -> ControlServer:
    """Return the listener of the daemon's control API, at the address and with the certificate of the configuration.

    Raises:
        TokenFileError: The token's file cannot be made or must not be trusted.
    """
    settings = config.control
    tls = None if settings.certificate is None or settings.key is None else Tls(settings.certificate, settings.key)
    app = control_app(centre, config, more, meters, trail, guards)
    return ControlServer(app, settings.listen.host, settings.listen.port, tls=tls)


def control_app(
    centre: Centre,
    config: Config,
    more: Sequence[BaseRoute] = (),
    meters: Meters | None = None,
    trail: Trail | None = None,
    guards: Sequence[Guard] = (),
) -> ControlApp:
    """Return the daemon's control API; the administrator's token file is made if it is not there.

    Args:
        centre: The running call centre.
        config: Where tokens and records are.
        more: Further routes, which bring their own authentication.
        meters: What `/metrics` tells; it does not exist if not given.
        trail: The trail that others write as well; one of its own if not given.
        guards: Know further tokens, say those of people at the desk.

    Raises:
        TokenFileError: The token's file cannot be made or must not be trusted.
    """
    console = FileGuard(ensure_token_file(token_path(config)))
    trail = trail or Trail(ControlDatabase(config.database.url))
    database = trail.database or ControlDatabase(config.database.url)
    guard = Guards(console, StoreGuard(TokenStore(database), centre.now), *guards)
    return ControlApp(centre, guard, trail, database=database, more=more, meters=meters)


def build_app(
    centre: Centre,
    guard: Guard,
    trail: Trail | None = None,
    more: Sequence[BaseRoute] = (),
    meters: Meters | None = None,
) -> ControlApp:
    """Return the API over a centre, for those whom the guard knows.

    Args:
        centre: The running call centre.
        guard: Knows whom a token belongs to.
        trail: Where looks and actions are noted; in the log alone if not given.
        more: Further routes, which bring their own authentication.
        meters: What `/metrics` tells; it does not exist if not given.
    """
    return ControlApp(centre, guard, trail or Trail(None), more=more, meters=meters)


def _handler(
    endpoint: Endpoint, centre: Centre, guard: Guard, trail: Trail
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        asker = await authenticate(request, guard)
        try:
            _check_role(asker, endpoint)
            _check_pressure(endpoint, centre.lag_s)
            body = await _body(request, endpoint.body)
            query = _checked(lambda: endpoint.query.model_validate(dict(request.query_params)))
            asked = Asked(centre, trail, asker, _address(request), request.path_params, query, body)
            answer = await endpoint.answer(asked)
        except RequestRefused as refusal:
            await trail.acted(asker, *_deed(request, centre), outcome=refusal.code)
            raise
        if endpoint.method != "GET":
            detail = body.model_dump_json(exclude_defaults=True)
            await trail.acted(asker, *_deed(request, centre), detail="" if detail == "{}" else detail)
        return answer if isinstance(answer, Response) else _json(200, answer)

    return handle


def _check_role(asker: Identity, endpoint: Endpoint) -> None:
    if asker.role not in endpoint.roles:
        raise RequestRefused(403, "not_allowed", f"{asker.role} may not {endpoint.method} {endpoint.path}")


def _check_pressure(endpoint: Endpoint, lag_s: float) -> None:
    if lag_s >= endpoint.gives.value:
        raise RequestRefused(503, "busy", f"calls go first: the daemon is {lag_s:.1f} s late; ask again in a moment")


def _deed(request: Request, centre: Centre) -> tuple[str, str, str, Instant]:
    """Return what the trail says of a request: from where, what, to whom, when."""
    # Not `request.url`: a query of bytes that are no text would end the request.
    object_ = " ".join(f"{kind} {name}" for kind, name in request.path_params.items())
    return _address(request), f"{request.method} {request.scope['path']}", object_, centre.now()


def _follower(centre: Centre, guard: Guard, trail: Trail) -> Callable[[Request], Awaitable[Response]]:
    async def follow(request: Request) -> Response:
        asker = await authenticate(request, guard)
        after = request.headers.get("last-event-id") or request.query_params.get("after")

        async def lines() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            async with aclosing(centre.events.follow(after)) as seen:
                async for each in seen:
                    if (line := await _line(each, asker, _address(request), centre, trail)) is not None:
                        yield line

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    return follow


async def _line(
    seen: Event | Gap | Heartbeat, asker: Identity, address: str, centre: Centre, trail: Trail
) -> bytes | None:
    """Return an event as it goes over the wire; None for one that is not the asker's to see."""
    match seen:
        case Gap():
            return b"event: gap\ndata: {}\n\n"
        case Heartbeat():
            return b":\n\n"
        case Event():
            values = shown_to(asker, seen)
            if values is None:
                return None
            if names_a_number(values) and values.get("call"):
                await trail.looked(asker, address, [CallId(values["call"])], centre.now())
            return b"id: %s\nevent: %s\ndata: %s\n\n" % (seen.id.encode(), seen.kind.encode(), orjson.dumps(values))


async def authenticate(request: Request, guard: Guard) -> Identity:
    """Return who asks.

    Raises:
        RequestRefused: No token, or one that nobody holds (401); or the tokens cannot be read now (503).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        identity = await guard.identify(token.strip()) if scheme.lower() == "bearer" and token else None
    except StoreAway as fault:
        raise RequestRefused(503, "database_away", "tokens cannot be read now") from fault
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
        orjson.loads(content or b"{}")  # stricter than what follows: no NaN, no bytes that are no text
    except orjson.JSONDecodeError as fault:
        raise RequestRefused(422, "body_wrong", "the body is no JSON") from fault
    # In a body `true` is no number and `"5"` neither; in a query everything is text.
    return _checked(lambda: model.model_validate_json(bytes(content) or b"{}", strict=True))


def _checked(made: Callable[[], Body]) -> Body:
    try:
        return made()
    except ValidationError as fault:
        mistakes = fault.errors(include_url=False, include_input=False)
        # What no schema can say, such as hours in their order, is checked by rules of ours, which have words of ours.
        code = "value_wrong" if all(is_own(mistake["type"]) for mistake in mistakes) else "body_wrong"
        raise RequestRefused(422, code, "; ".join(map(_told, mistakes))) from fault


def _told(mistake: ErrorDetails) -> str:
    kind, said = mistake["type"], mistake["msg"]
    english = texts(kind, mistake["ctx"], said)[0] if is_own(kind) else said
    return f"{'.'.join(map(str, mistake['loc'])) or 'body'}: {english}"


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _json(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    kept_nowhere = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(content), status, media_type="application/json", headers=kept_nowhere)


def _refusal(status: int, code: str, message: str) -> Response:
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return _json(status, Refusal(ErrorView(code, message)), headers)


async def _refused(_request: Request, fault: Exception) -> Response:
    if not isinstance(fault, RequestRefused):
        raise fault
    return _refusal(fault.status, fault.code, fault.message)


async def _http_refused(_request: Request, fault: Exception) -> Response:
    if not isinstance(fault, HTTPException):
        raise fault
    return _refusal(fault.status_code, _NAMES_OF_STATUS.get(fault.status_code, "refused"), fault.detail)


async def _broken(request: Request, fault: Exception) -> Response:
    log.error("control.failed", path=request.scope["path"], exc_info=fault)
    return _refusal(500, "failed", "the daemon could not answer; its log says why")

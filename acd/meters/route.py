"""`GET /metrics`: who may scrape, and the answer in Prometheus' text format."""

import ipaddress
from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from acd.control.access import Identity, Role
from acd.control.centre import Centre
from acd.control.errors import RequestRefused


def metrics_route(
    registry: CollectorRegistry,
    gauges: Collector,
    centre: Centre,
    authenticate: Callable[[Request], Awaitable[Identity]],
) -> Route:
    """Return the route; `control.metrics` of the configuration says whether loopback goes without a token."""
    registry.register(gauges)

    async def scrape(request: Request) -> Response:
        if centre.config.control.metrics != "loopback" or not _is_from_loopback(request):
            asker = await authenticate(request)
            if asker.role is Role.OPERATOR:
                raise RequestRefused(403, "not_allowed", "operator may not GET /metrics")
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", scrape)


def _is_from_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

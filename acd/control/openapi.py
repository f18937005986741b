"""The OpenAPI 3.1 document of the control API, made from the endpoints themselves: it cannot differ from them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

import acd
from acd.control.asked import Body, Endpoint, NoBody
from acd.control.views import Refusal

_REFERENCE: Final = "#/components/schemas/{model}"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def openapi_document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the document that describes the endpoints."""
    schemas, references = _schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, references)
    paths["/v1/events"] = {"get": _stream()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Call distributor: control API",
            "version": acd.__version__,
            "description": "What the running daemon tells, and what it may be asked to do. Instants are seconds since "
            "the epoch, UTC; durations end in `_s` and are seconds.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(endpoints: Iterable[Endpoint]) -> tuple[dict[str, Any], Mapping[Any, dict[str, Any]]]:
    """Return the schemas of all types by name, and for each type how it is referred to."""
    answers = {Refusal, *(endpoint.answers for endpoint in endpoints)} - {bytes}
    bodies = {endpoint.body for endpoint in endpoints} - {NoBody}
    wanted: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
        *((kind, "serialization", TypeAdapter(kind)) for kind in sorted(answers, key=str)),
        *((kind, "validation", TypeAdapter(kind)) for kind in sorted(bodies, key=str)),
    ]
    by_key, together = TypeAdapter.json_schemas(wanted, ref_template=_REFERENCE)
    references = {kind: dict(by_key[kind, mode]) for kind, mode, _ in wanted}
    return dict(together.get("$defs", {})), references


def _answer(endpoint: Endpoint, references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    if endpoint.answers is bytes:
        return {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}
    return _content(references[endpoint.answers])


def _operation(endpoint: Endpoint, references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    roles = ", ".join(sorted(endpoint.roles))
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "description": f"For: {roles}.",
        "responses": {
            "200": {"description": "Done", "content": _answer(endpoint, references)},
            "default": {"description": "Refused", "content": _content(references[Refusal])},
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    parameters += _query_parameters(endpoint.query)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not NoBody:
        operation["requestBody"] = {"required": True, "content": _content(references[endpoint.body])}
    return operation


def _stream() -> dict[str, Any]:
    """Return the operation that follows events, which no schema of one answer describes."""
    return {
        "operationId": "get_events",
        "summary": "Follow every event as it happens (server-sent events)",
        "description": "Each event has its kind, its fields as JSON, and an id to go on from. An event `gap` says that "
        "some are missing: read the state anew. An operator gets the events that name him.",
        "parameters": [
            {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}},
            {"name": "after", "in": "query", "required": False, "schema": {"type": "string"}},
        ],
        "responses": {"200": {"description": "A stream", "content": {"text/event-stream": {}}}},
    }


def _query_parameters(query: type[Body]) -> list[dict[str, Any]]:
    schema = query.model_json_schema(by_alias=True)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": described}
        for name, described in schema.get("properties", {}).items()
    ]


def _content(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _operation_id(endpoint: Endpoint) -> str:
    words = [word for word in re.split(r"\W+", endpoint.path) if word not in {"", "v1", "agent", "call"}]
    return "_".join([endpoint.method.lower(), *words])

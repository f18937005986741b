"""Requests drawn from an OpenAPI document by schemathesis, each answer held against the document.

What the document allows has to be taken, what it forbids refused; nothing may be a failure of the server, and no answer
may have a shape that the document does not tell.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from acd.control.app import LARGEST_BODY

PAYLOAD_TOO_LARGE: Final = 413

Ask = Callable[[str, str, dict[str, Any]], httpx.Response]
"""Method, address and httpx's further arguments; returns the answer."""

CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    positive_data_acceptance,
)
HTTP: Final = frozenset({"headers", "params", "json", "data"})
"""What schemathesis hands over and httpx understands."""


def operations(document: Mapping[str, Any]) -> Iterator[APIOperation]:
    """Yield every operation that the document describes and that ends; who asks is the asker's own affair."""
    for found in schemathesis.openapi.from_dict(_without_credentials(document)).get_all_operations():
        operation = found.ok()
        if "text/event-stream" not in str(operation.definition.raw["responses"]):
            yield operation


def hold(
    operation: APIOperation,
    ask: Ask,
    *,
    examples: int,
    seed: int,
    known: Mapping[str, Sequence[str]],
    text_with_a_meaning: bool = False,
) -> int:
    """Ask so many allowed and so many forbidden requests of an operation; return how many that were.

    Args:
        operation: What to ask.
        ask: Asks.
        examples: Of each kind.
        seed: The same requests for the same seed.
        known: Things that are there, by the name of the path's parameter: else nearly all would be unknown.
        text_with_a_meaning: A value means more than its schema can say and has no code of its own, such as a password.

    Raises:
        Exception: An answer is not as described; the message has the request and what is wrong with the answer.
    """
    asked = 0
    left_out = {positive_data_acceptance} if text_with_a_meaning else set()

    def held(case: Case, pick: int) -> None:
        nonlocal asked
        asked += 1
        for name in case.path_parameters or {}:
            if pick and name in known:
                case.path_parameters[name] = known[name][pick % len(known[name])]
        sent = case.as_transport_kwargs(base_url="http://here")
        further = {name: value for name, value in sent.items() if name in HTTP and value is not None}
        if isinstance(further.get("data"), bytes | str):
            further["content"] = further.pop("data")
        answer = ask(sent["method"], sent["url"], further)
        too_long = answer.status_code == PAYLOAD_TOO_LARGE  # refused unread, whatever its document says of its parts
        assert not too_long or len(answer.request.content) > LARGEST_BODY
        # Blanks around a text are cut off before its length is looked at, of which no schema knows.
        about_data = {negative_data_rejection, positive_data_acceptance}
        unread = about_data if too_long or _padded([case.body, case.query]) else set()
        meant = {positive_data_acceptance} if _refused_for_its_meaning(answer) else set()
        case.validate_response(answer, checks=[check for check in CHECKS if check not in left_out | unread | meant])

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
            continue
        drawn = given(case=operation.as_strategy(generation_mode=mode), pick=st.integers(0, 3))(held)
        few = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            print_blob=False,
        )
        seeded(seed)(few(drawn))()
    return asked


def _padded(value: object) -> bool:
    """Tell whether a text in the value begins or ends with a blank."""
    if isinstance(value, str):
        return value != value.strip()
    if isinstance(value, Mapping):
        return any(map(_padded, value.values()))
    return isinstance(value, list) and any(map(_padded, value))


def _refused_for_its_meaning(answer: httpx.Response) -> bool:
    """Tell whether a value was refused under a code of its own: what is against the schema is `body_wrong`."""
    if answer.status_code != 422:
        return False
    error = answer.json().get("error")
    return isinstance(error, dict) and error.get("code") != "body_wrong"


def _without_credentials(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document without tokens and signatures, which every request is given."""
    bare = copy.deepcopy(dict(document))
    bare.pop("security", None)
    bare["components"].pop("securitySchemes", None)
    for methods in bare["paths"].values():
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one["in"] != "header"]
    return bare


def _can_be_wrong(operation: APIOperation) -> bool:
    """Tell whether anything but the path is asked for: a text in a path is never against its schema."""
    return bool(operation.body) or bool(operation.query)

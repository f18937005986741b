"""Names of requests and of their attempts.

An attempt is a call of its own to the engine, known before any channel exists, so its id is made here and not by
Asterisk: `callback-<request>-<attempt>`.
"""

import re
from typing import Final, NewType

from queue_engine.ids import CallId

RequestId = NewType("RequestId", int)
"""One promise to call somebody back. Never used twice, not even across a restart."""

_ATTEMPT_CALL: Final = re.compile(r"callback-([0-9]{1,18})-([0-9]{1,9})")


def attempt_call(request: RequestId, attempt: int) -> CallId:
    """Return the call id under which the engine and the bridge know this attempt, the first being 1."""
    return CallId(f"callback-{request}-{attempt}")


def parse_attempt_call(call: CallId) -> tuple[RequestId, int] | None:
    """Return request and attempt of a call-back's call id, None for the id of any other call."""
    match = _ATTEMPT_CALL.fullmatch(call)
    if match is None:
        return None
    return RequestId(int(match[1])), int(match[2])

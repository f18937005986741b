"""How callers are handed on from one operator to another."""

from typing import Annotated

from pydantic import Field

from config.kinds import Table

Span = Annotated[float, Field(gt=0, le=3600)]


class Transfer(Table):
    """How long a caller who was handed on waits for whom."""

    wait_s: Span = 20.0
    """For the operator he was handed on to, if that one is not free at once."""
    return_s: Span = 60.0
    """For the one who handed him on, if nobody took him; then he is anybody's of the line."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 1
    """The class in which he waits when it comes to that."""

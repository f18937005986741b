"""What an endpoint is, and what it is given: the request once it has been checked."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict

from acd.control.access import Identity, Role
from acd.control.centre import Centre
from acd.control.store.trail import Trail
from acd.pressure import Gives
from queue_engine.ids import CallId

EVERYBODY: Final = frozenset(Role)
WATCHERS: Final = frozenset({Role.READ_ONLY, Role.SUPERVISOR, Role.ADMINISTRATOR})
STAFF: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
SUPERVISORS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR})


class Body(BaseModel):
    """What a request carries: checked, and nothing else is let through."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NoBody(Body):
    """A request that says all in its path."""


_B = TypeVar("_B", bound=Body)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked: who asks, for whom, with what."""

    centre: Centre
    trail: Trail
    asker: Identity
    address: str
    """Where the request came from."""
    path: Mapping[str, str]
    query: Body
    body: Body

    async def looked(self, shown: Iterable[tuple[str | None, str | None, bool]]) -> None:
        """Note in the trail whose numbers were shown: of (call, number, in full) those that say so."""
        calls = [CallId(call) for call, number, full in shown if call and number and full]
        await self.trail.looked(self.asker, self.address, calls, self.centre.now())


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One request that the API answers."""

    method: str
    path: str
    summary: str
    roles: frozenset[Role]
    answers: Any
    """The answer's type: a view, or a plain dict where the shape is a report's own."""
    answer: Callable[[Asked], Awaitable[object]]
    body: type[Body] = NoBody
    query: type[Body] = NoBody
    gives: Gives = Gives.WORK
    """What is left undone when the event loop is late."""


def given(body: Body, kind: type[_B]) -> _B:
    """Return the body or query as what the endpoint has declared.

    Raises:
        TypeError: The endpoint has declared something else: a bug of ours.
    """
    if not isinstance(body, kind):
        raise TypeError(f"{type(body).__name__} is no {kind.__name__}")
    return body

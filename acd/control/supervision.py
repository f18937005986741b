"""The control API's requests about supervisors on the telephone: listen, whisper, join, take over (S4).

Supervisors and administrators alone see or do anything here: whom somebody listens to is not for a wallboard, and not
for the operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Protocol

from pydantic import Field

from acd.control.asked import SUPERVISORS, Asked, Body, Endpoint, given
from acd.control.errors import RequestRefused
from ami_bridge.errors import SupervisionRefused
from ami_bridge.supervision import Mode, Watch
from queue_engine.ids import AgentId

STATUS_OF: Final = {"telephone_unknown": 404, "agent_unknown": 404, "server_away": 503}
"""HTTP status of a refusal; 409 for all others."""


class SupervisionDesk(Protocol):
    """What the API asks of the supervisors' telephones."""

    def watches(self) -> Sequence[Watch]:
        """Return who is in which talk."""
        ...

    async def supervise(self, mode: Mode, agent: AgentId, telephone: str | None, by: str) -> Watch:
        """Ring a supervisor's telephone and put it into the operator's talk.

        Raises:
            SupervisionRefused: Not now, or not that telephone.
        """
        ...

    def leave(self, telephone: str) -> bool:
        """Hang a supervisor up; return whether he was in a talk."""
        ...


@dataclass(frozen=True, slots=True)
class SupervisionView:
    """A supervisor in a talk."""

    telephone: str
    by: str
    """Who asked for it, or whose telephone dialled it."""
    mode: str
    """`listen`, `whisper`, `join` or `take`."""
    agent: str
    call: str
    for_s: float
    picked_up: bool
    """False while the supervisor's telephone rings."""


@dataclass(frozen=True, slots=True)
class SupervisionsView:
    """All of them."""

    at: float
    supervisions: tuple[SupervisionView, ...]


class Supervise(Body):
    """What a supervisor does in an operator's talk, and at which telephone."""

    mode: Mode
    telephone: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """Not given: that of the supervisor who is called like the token, or the only one."""


async def _list(asked: Asked) -> SupervisionsView:
    return SupervisionsView(asked.centre.now(), tuple(_view(asked, w) for w in asked.centre.supervising.watches()))


async def _supervise(asked: Asked) -> SupervisionView:
    agent, body = AgentId(asked.path["agent"]), given(asked.body, Supervise)
    if not any(view.agent == agent for view in asked.centre.agents()):
        raise RequestRefused(404, "agent_unknown", f"no operator {agent}")
    desk = asked.centre.supervising
    try:
        watch = await desk.supervise(body.mode, agent, body.telephone, asked.asker.name)
    except SupervisionRefused as refused:
        raise RequestRefused(STATUS_OF.get(refused.code, 409), refused.code, refused.message) from refused
    return _view(asked, watch)


async def _end(asked: Asked) -> SupervisionsView:
    telephone = asked.path["telephone"]
    if not asked.centre.supervising.leave(telephone):
        raise RequestRefused(404, "telephone_unknown", f"no supervisor is in a talk at {telephone}")
    return await _list(asked)


def _view(asked: Asked, watch: Watch) -> SupervisionView:
    for_s = round(max(0.0, asked.centre.now() - watch.began_at), 3)
    return SupervisionView(
        watch.telephone.name, watch.by, watch.mode, watch.agent, watch.call, for_s, picked_up=watch.up
    )


SUPERVISION: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/v1/supervisions", "Supervisors who are in a talk now", SUPERVISORS, SupervisionsView, _list),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/supervise",
        "Listen to an operator's talk, whisper to him, join in, or take the caller over, at a supervisor's telephone",
        SUPERVISORS,
        SupervisionView,
        _supervise,
        Supervise,
    ),
    Endpoint(
        "POST",
        "/v1/supervisions/{telephone}/end",
        "Hang a supervisor up; a caller whom he has taken over is hung up with him",
        SUPERVISORS,
        SupervisionsView,
        _end,
    ),
)

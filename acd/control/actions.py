"""What may be asked of the running centre: operators' states, and the places of calls that wait."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from pydantic import Field

from acd.control.access import Role
from acd.control.asked import STAFF, SUPERVISORS, Asked, Body, Endpoint, NoBody, given
from acd.control.errors import RequestRefused
from acd.control.show import show_agents, show_calls
from acd.control.views import AgentView, CallView
from acd.whole import WHOLE
from queue_engine.facts import AgentState
from queue_engine.floor import AWAY
from queue_engine.ids import AgentId, CallId, QueueName
from queue_engine.inputs import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentResumed,
    CallGivenTo,
    CallMovedTo,
    Input,
    PrioritySet,
    QuestioningMarked,
    WrapUpEnded,
)

_B = TypeVar("_B", bound=Body)


class LogIn(Body):
    """Where an operator logs in."""

    telephone: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """Name of the telephone where he sits now; his own if not given."""


class LogOut(Body):
    """Why an operator is logged out."""

    reason: Annotated[str, Field(max_length=100)] = ""


class Pause(Body):
    """Why an operator pauses, and for how long at most."""

    reason: Annotated[str, Field(min_length=1, max_length=100)]
    limit_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """After so many seconds the pause ends by itself."""


class Give(Body):
    """Which operator gets the call, as soon as he is free."""

    agent: Annotated[str, Field(min_length=1, max_length=40)]


class Move(Body):
    """Which line the call goes to; its place there is that of its entry."""

    line: Annotated[str, Field(min_length=1, max_length=80)]


class Priority(Body):
    """Which class the call gets; a higher one is served first."""

    priority: Annotated[int, Field(ge=-100, le=100), WHOLE]


def _agent(
    kind: type[_B], make: Callable[[AgentId, str, _B], Input], *, only_in_talk: bool = False
) -> Callable[[Asked], Awaitable[AgentView]]:
    """Return the endpoint that asks something of one operator and answers with what he is doing then."""

    async def answer(asked: Asked) -> AgentView:
        agent = AgentId(asked.path["agent"])
        _check_may_act(asked, agent)
        if only_in_talk:
            check_talks(asked, agent)
        asked.centre.post(make(agent, asked.asker.name, given(asked.body, kind)))
        return await _shown(asked, agent)

    return answer


async def _shown(asked: Asked, agent: AgentId) -> AgentView:
    view = next(view for view in show_agents(asked.centre, asked.asker).agents if view.agent == agent)
    await asked.looked([(view.call, view.caller, True)])
    return view


async def _log_in(asked: Asked) -> AgentView:
    """Log an operator in. At another's telephone the one who sits there is logged out, by supervisors alone."""
    agent, centre, by = AgentId(asked.path["agent"]), asked.centre, asked.asker.name
    _check_may_act(asked, agent)
    telephone = given(asked.body, LogIn).telephone
    if telephone is None:
        own = next((o.own_telephone for o in centre.config.operators if o.number == agent), None)
        if own is None and centre.telephone_of(agent) is None:
            raise RequestRefused(422, "telephone_needed", f"operator {agent} has no telephone of his own")
        centre.post(AgentLoggedIn(agent, by))
        return await _shown(asked, agent)
    refused = centre.log_in_at(agent, telephone, by, oust=asked.asker.role is not Role.OPERATOR)
    if refused == "telephone_unknown":
        raise RequestRefused(404, refused, f"no telephone {telephone}")
    if refused:
        raise RequestRefused(409, refused, f"somebody else sits at {telephone}")
    return await _shown(asked, agent)


def _call(kind: type[_B], make: Callable[[Asked, CallId, _B], Input]) -> Callable[[Asked], Awaitable[CallView]]:
    """Return the endpoint that changes the place of one call that waits and answers with that place."""

    async def answer(asked: Asked) -> CallView:
        call = CallId(asked.path["call"])
        _check_waits(asked, call)
        asked.centre.post(make(asked, call, given(asked.body, kind)))
        view = next((view for view in show_calls(asked.centre, asked.asker).calls if view.call == call), None)
        if view is None:
            raise RequestRefused(404, "call_unknown", f"call {call} has left meanwhile")
        await asked.looked([(view.call, view.caller, True)])
        return view

    return answer


def _check_may_act(asked: Asked, agent: AgentId) -> None:
    if not asked.asker.may_act_on(agent):
        raise RequestRefused(403, "not_allowed", f"{asked.asker.role} may not act on operator {agent}")
    _check_agent(asked, agent)


def _check_agent(asked: Asked, agent: AgentId) -> None:
    if not any(view.agent == agent for view in asked.centre.agents()):
        raise RequestRefused(404, "agent_unknown", f"no operator {agent}")


def check_talks(asked: Asked, agent: AgentId) -> None:
    """Go on only if the operator talks to somebody now.

    Raises:
        RequestRefused: He does not.
    """
    if not any(v.agent == agent and v.state is AgentState.TALKING for v in asked.centre.agents()):
        raise RequestRefused(409, "agent_talks_not", f"operator {agent} talks to nobody")


def _check_waits(asked: Asked, call: CallId) -> None:
    lines = asked.centre.snapshot().lines
    if any(view.call == call for line in lines for view in line.talking):
        raise RequestRefused(409, "call_talks", f"call {call} no longer waits")
    if not any(view.call == call for line in lines for view in line.waiting):
        raise RequestRefused(404, "call_unknown", f"no call {call}")


def _give(asked: Asked, call: CallId, body: Give) -> Input:
    agent = AgentId(body.agent)
    _check_agent(asked, agent)
    if any(view.agent == agent and view.state in AWAY for view in asked.centre.agents()):
        raise RequestRefused(409, "agent_absent", f"operator {agent} takes no calls now")
    return CallGivenTo(call, agent, asked.asker.name)


def _move(asked: Asked, call: CallId, body: Move) -> Input:
    if not any(line.queue == body.line and not line.draining for line in asked.centre.snapshot().lines):
        raise RequestRefused(404, "line_unknown", f"no line {body.line}")
    return CallMovedTo(call, QueueName(body.line), asked.asker.name)


ACTIONS: Final[tuple[Endpoint, ...]] = (
    Endpoint(
        "POST",
        "/v1/agents/{agent}/login",
        "Log an operator in at his own telephone, or where he sits now",
        STAFF,
        AgentView,
        _log_in,
        LogIn,
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/logout",
        "Log an operator out, after the call if there is one",
        STAFF,
        AgentView,
        _agent(LogOut, lambda agent, by, body: AgentLoggedOut(agent, by, body.reason)),
        LogOut,
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/pause",
        "Pause an operator, after the call if there is one",
        STAFF,
        AgentView,
        _agent(Pause, lambda agent, by, body: AgentPaused(agent, body.reason, by, body.limit_s)),
        Pause,
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/resume",
        "End a pause",
        STAFF,
        AgentView,
        _agent(NoBody, lambda agent, by, _body: AgentResumed(agent, by)),
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/end-wrap-up",
        "End the work after a call",
        STAFF,
        AgentView,
        _agent(NoBody, lambda agent, by, _body: WrapUpEnded(agent, by)),
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/questioning-over",
        "Mark in the operator's talk that questioning is over and advising begins; the first mark counts",
        STAFF,
        AgentView,
        _agent(NoBody, lambda agent, by, _body: QuestioningMarked(agent, by), only_in_talk=True),
    ),
    Endpoint(
        "POST",
        "/v1/calls/{call}/give",
        "Give a call that waits to one operator",
        SUPERVISORS,
        CallView,
        _call(Give, _give),
        Give,
    ),
    Endpoint(
        "POST",
        "/v1/calls/{call}/move",
        "Move a call that waits to another line",
        SUPERVISORS,
        CallView,
        _call(Move, _move),
        Move,
    ),
    Endpoint(
        "POST",
        "/v1/calls/{call}/priority",
        "Put a call that waits into another class",
        SUPERVISORS,
        CallView,
        _call(Priority, lambda asked, call, body: PrioritySet(call, body.priority, asked.asker.name)),
        Priority,
    ),
)

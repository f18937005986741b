"""The control API's requests about call-backs: who is owed one, and what people ask for."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field

from acd.control.access import Identity, Role
from acd.control.asked import STAFF, SUPERVISORS, WATCHERS, Asked, Body, Endpoint, given
from acd.control.errors import RequestRefused
from acd.logs import mask_number
from callback.book import BookSnapshot
from callback.ids import RequestId
from callback.inputs import CallbackAsked, CallbackCancelled, CallbackClosed, CallbackInput
from callback.kinds import ImpossibleReason, Origin, TalkOutcome
from callback.request import Request
from queue_engine.ids import AgentId, CallId, Instant, QueueName


class CallbackDesk(Protocol):
    """What the API asks of the book of call-backs."""

    def snapshot(self) -> BookSnapshot:
        """Return all that is open."""
        ...

    async def find(self, request: RequestId) -> Request | None:
        """Return a request, open or ended lately; None if there is none, or the database that has it is away."""
        ...

    def refusal(self, queue: QueueName, shown: str) -> ImpossibleReason | None:
        """Return why this number may not be called back for this line; None if it may."""
        ...

    def ask(self, asked: CallbackAsked) -> Request | None:
        """Open a request, or join the one that is open; None if it is impossible, which is recorded."""
        ...

    def handle(self, told: CallbackInput) -> None:
        """Tell the book."""
        ...

    def unfinished(self, agent: AgentId, by: str, call: CallId | None = None) -> bool:
        """An operator says that his last talk (or this one) broke; return whether the caller is to be called back."""
        ...

    def outcome_of_last(self, agent: AgentId, outcome: TalkOutcome, by: str) -> bool:
        """An operator says what his call-back's talk was; return whether there was one."""
        ...


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One time that the number was called."""

    call: str
    started_at: float
    ended_at: float | None
    failure: str | None
    """Why it did not end in a talk; null for one that did, or is under way."""


@dataclass(frozen=True, slots=True)
class CallbackView:
    """One request for a call-back."""

    request: int
    line: str
    number: str
    """Masked for those who need not see it; as it was shown, for one that cannot be called."""
    state: str
    """`owed`, `in_line`, `reserved`, `dialling`, `ringing`, `connected`, `talking`, `after_talk`, `calling_in`; at the
    end `done`, `merged`, `given_up` or `impossible`."""
    reason: str | None
    """Of the last two: why."""
    origin: str
    """`break`, `place`, `web`, `booked` or `list`."""
    agent: str | None
    """The operator wished for."""
    reserved: str | None
    """The operator who is kept for it, or talks."""
    hold: str | None
    """What it waits for beside an operator's turn."""
    opened_at: float
    broken_at: float
    next_at: float
    """No attempt before this, while it is owed."""
    limit_at: float | None
    """The first attempt must have started by then; null where no norm says so."""
    broken_call: str | None
    by: str
    attempts: tuple[AttemptView, ...]
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class CallbacksView:
    """All that is owed."""

    at: float
    owed: int
    """Requests whose caller is not being spoken to."""
    oldest_due_in_s: float | None
    """Until the nearest limit of those that no attempt was made for; negative when it has passed; null without one."""
    callbacks: tuple[CallbackView, ...]


@dataclass(frozen=True, slots=True)
class SaidView:
    """That what an operator said of his talk was taken."""

    agent: str
    taken: bool


class Ask(Body):
    """Whom to call back."""

    line: Annotated[str, Field(min_length=1, max_length=80)]
    number: Annotated[str, Field(min_length=1, max_length=40)]
    at: Annotated[float, Field(ge=0, le=4e9)] | None = None
    """When, epoch seconds; now if not given."""
    agent: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """Who is to call."""
    origin: Literal["booked", "web"] = "booked"
    """`web` for a citizen's wish on the site: it is met in the permitted hours only."""


class Unfinished(Body):
    """Which talk was not finished."""

    call: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    """The operator's last if not given."""


class Outcome(Body):
    """What the call-back's talk was."""

    outcome: Literal["spoken", "machine", "wrong_person"]


def show_callback(row: Request, asker: Identity) -> CallbackView:
    """Return one request as the asker may see it."""
    number = row.number or row.shown
    own = asker.agent is not None and asker.agent in {row.agent, row.reserved}
    return CallbackView(
        request=row.request,
        line=row.queue,
        number=number if asker.sees_numbers or own else mask_number(number),
        state=row.state.value,
        reason=None if row.reason is None else row.reason.value,
        origin=row.origin.value,
        agent=row.agent,
        reserved=row.reserved,
        hold=None if row.hold is None else row.hold.value,
        opened_at=row.opened_at,
        broken_at=row.broken_at,
        next_at=row.next_at,
        limit_at=row.limit_at,
        broken_call=row.broken_call,
        by=row.by,
        attempts=tuple(
            AttemptView(a.call, a.started_at, a.ended_at, None if a.failure is None else a.failure.value)
            for a in row.attempts
        ),
        ended_at=row.ended_at,
    )


def oldest_due_in_s(snapshot: BookSnapshot, now: Instant) -> float | None:
    """Return the seconds until the nearest limit of those that no attempt was made for, to the millisecond."""
    return None if snapshot.oldest_limit_at is None else round(snapshot.oldest_limit_at - now, 3)


async def _list(asked: Asked) -> CallbacksView:
    snapshot, now = asked.centre.callbacks.snapshot(), asked.centre.now()
    rows = tuple(show_callback(row, asked.asker) for row in snapshot.rows)
    await asked.looked((row.broken_call, row.number, asked.asker.sees_numbers) for row in rows)
    return CallbacksView(now, snapshot.owed, oldest_due_in_s(snapshot, now), rows)


async def _shown(asked: Asked, row: Request | None) -> CallbackView:
    if row is None:
        raise RequestRefused(404, "callback_unknown", "no such call-back")
    view = show_callback(row, asked.asker)
    await asked.looked([(view.broken_call, view.number, asked.asker.sees_numbers)])
    return view


def _named(asked: Asked) -> RequestId:
    text = asked.path["request"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise RequestRefused(404, "callback_unknown", "no such call-back")
    return RequestId(int(text))


async def _one(asked: Asked) -> CallbackView:
    return await _shown(asked, await asked.centre.callbacks.find(_named(asked)))


async def _ask(asked: Asked) -> CallbackView:
    body, desk = given(asked.body, Ask), asked.centre.callbacks
    if not any(line.name == body.line for line in asked.centre.config.lines):
        raise RequestRefused(404, "line_unknown", f"no line {body.line}")
    agent = None if body.agent is None else AgentId(body.agent)
    if agent is not None and not any(o.number == agent for o in asked.centre.config.operators):
        raise RequestRefused(404, "agent_unknown", f"no operator {agent}")
    if asked.asker.role is Role.OPERATOR and agent not in {None, asked.asker.agent}:
        raise RequestRefused(403, "not_allowed", "an operator books a call-back for himself or for anybody")
    queue = QueueName(body.line)
    reason = desk.refusal(queue, body.number)
    due_at = None if body.at is None else Instant(body.at)
    limited = asked.asker.role is Role.OPERATOR
    # What an operator asks for is his own promise, whatever he calls it: only that counts against his limit.
    origin = Origin.BOOKED if limited else Origin(body.origin)
    row = desk.ask(
        CallbackAsked(queue, body.number, asked.asker.name, origin, due_at=due_at, agent=agent, limited=limited)
    )
    if row is None:
        otherwise = ImpossibleReason.PERSON_LIMIT if limited else ImpossibleReason.TOO_MANY
        raise RequestRefused(422, "callback_impossible", (reason or otherwise).value)
    return await _shown(asked, row)


async def _end(asked: Asked, told: type[CallbackClosed] | type[CallbackCancelled]) -> CallbackView:
    request, desk = _named(asked), asked.centre.callbacks
    if not any(row.request == request for row in desk.snapshot().rows):
        raise RequestRefused(404, "callback_unknown", "no such open call-back")
    desk.handle(told(request, asked.asker.name))
    return await _shown(asked, await desk.find(request))


async def _cancel(asked: Asked) -> CallbackView:
    return await _end(asked, CallbackCancelled)


async def _done(asked: Asked) -> CallbackView:
    return await _end(asked, CallbackClosed)


def _speaker(asked: Asked) -> AgentId:
    agent = AgentId(asked.path["agent"])
    if not asked.asker.may_act_on(agent):
        raise RequestRefused(403, "not_allowed", f"{asked.asker.role} may not act on operator {agent}")
    if not any(operator.number == agent for operator in asked.centre.config.operators):
        raise RequestRefused(404, "agent_unknown", f"no operator {agent}")
    return agent


async def _unfinished(asked: Asked) -> SaidView:
    agent, body = _speaker(asked), given(asked.body, Unfinished)
    call = None if body.call is None else CallId(body.call)
    if not asked.centre.callbacks.unfinished(agent, asked.asker.name, call):
        raise RequestRefused(409, "talk_unknown", f"operator {agent} has had no such talk lately")
    return SaidView(agent, taken=True)


async def _outcome(asked: Asked) -> SaidView:
    agent, body = _speaker(asked), given(asked.body, Outcome)
    if not asked.centre.callbacks.outcome_of_last(agent, TalkOutcome(body.outcome), asked.asker.name):
        raise RequestRefused(409, "talk_unknown", f"operator {agent} has had no call-back's talk lately")
    return SaidView(agent, taken=True)


CALLBACKS: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/v1/callbacks", "Everybody who is owed a call-back", WATCHERS, CallbacksView, _list),
    Endpoint("GET", "/v1/callbacks/{request}", "One call-back", WATCHERS, CallbackView, _one),
    Endpoint("POST", "/v1/callbacks", "Ask for a call-back, now or at a time", STAFF, CallbackView, _ask, Ask),
    Endpoint("POST", "/v1/callbacks/{request}/cancel", "Call a call-back off", SUPERVISORS, CallbackView, _cancel),
    Endpoint(
        "POST", "/v1/callbacks/{request}/done", "Settle a call-back without a talk", SUPERVISORS, CallbackView, _done
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/unfinished",
        "Say that the last talk was not finished: the caller is called back",
        STAFF,
        SaidView,
        _unfinished,
        Unfinished,
    ),
    Endpoint(
        "POST",
        "/v1/agents/{agent}/callback-outcome",
        "Say what the last call-back has reached: somebody, a machine, a wrong person",
        STAFF,
        SaidView,
        _outcome,
        Outcome,
    ),
)

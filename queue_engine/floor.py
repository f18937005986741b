"""The live objects of one engine, and the few primitives by which they change.

Nothing here decides anything: `calls.py` and `agents.py` react to what happens, `dispatch.py` brings calls and
operators together, `reload.py` takes up new policies. All of them work on one `Floor`, and nothing mutable leaves it.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from queue_engine.call import CallState
from queue_engine.effects import Effect
from queue_engine.facts import AgentState, AgentStateChanged, Fact
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import SYSTEM_ACTOR
from queue_engine.offer import OfferState
from queue_engine.policy import AgentPolicy, QueuePolicy
from queue_engine.ranked import Ranked
from queue_engine.timers import NO_TIMER, Timers, What

OFFER_MEMORY_S: Final = 60.0
"""So long an ended offer is remembered, to tell a late report from an unknown one."""

LineEntry = tuple[int, float, int, "Call"]
"""Minus the class, the instant when it is urgent, the order of arrival, the call."""

AgentEntry = tuple[float, int, "Agent"]
"""Since when the operator waits for calls, the order of getting ready, the operator."""


class StepKind(Enum):
    """What happens at a step of the line by waiting time."""

    TARGET = "target"
    MAX_WAIT = "max_wait"


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to a call that has waited so long."""

    at_s: float
    kind: StepKind


def steps_of(policy: QueuePolicy) -> tuple[Step, ...]:
    """Return the line's steps by waiting time, in order."""
    return (Step(policy.target_wait_s, StepKind.TARGET), Step(policy.max_wait_s, StepKind.MAX_WAIT))


class Line:
    """A line: who waits in it for an offer, and who is ready to serve it."""

    __slots__ = ("calls", "draining", "name", "policy", "ready", "steps", "waiting")

    def __init__(self, policy: QueuePolicy) -> None:
        self.name = policy.name
        self.policy = policy
        self.steps = steps_of(policy)
        self.waiting: Ranked[LineEntry] = Ranked()
        self.ready: Ranked[AgentEntry] = Ranked()
        self.calls = 0
        """All live calls of the line, in whatever state."""
        self.draining = False
        """No longer in the configuration; lives until its last call has ended."""

    def urgent_at(self, entered_at: float) -> float:
        """Return when a call that entered then counts as due, for comparing lines that share operators.

        A call is due at entry + target wait. A line of weight w counts its calls as due (w - 1) target waits earlier,
        so within one line it is the order of entry, and a greater weight wins against equal norms.
        """
        return entered_at + self.policy.target_wait_s * (2.0 - self.policy.weight)


class Call:
    """One visit of one caller."""

    __slots__ = (
        "agent",
        "agent_id",
        "answered_at",
        "caller",
        "entered_at",
        "entry",
        "id",
        "line",
        "missed_by",
        "offers",
        "overdue",
        "priority",
        "queued",
        "seq",
        "state",
        "step",
        "talk_offer",
        "timer",
    )

    def __init__(self, call: CallId, line: Line, caller: str, entered_at: Instant, *, priority: int, seq: int) -> None:
        self.id = call
        self.line = line
        self.caller = caller
        self.entered_at = entered_at
        self.priority = priority
        self.seq = seq
        self.state = CallState.WAITING
        self.entry: LineEntry = (-priority, line.urgent_at(entered_at), seq, self)
        """The place in the line; it never changes while the call is in it."""
        self.queued = False
        """Whether the entry is in the line's `waiting`."""
        self.offers: tuple[Offer, ...] = ()
        """The telephones that ring for the call now."""
        self.talk_offer: Offer | None = None
        self.agent: Agent | None = None
        """With whom the caller talks; None too for a talk with somebody unknown, whom `agent_id` names."""
        self.agent_id = AgentId("")
        self.answered_at: Instant | None = None
        """When the talk began; None while there is none, or if nobody knows."""
        self.missed_by: frozenset[AgentId] = frozenset()
        self.step = 0
        """How many of the line's steps by waiting time have fired."""
        self.overdue = False
        """The maximum wait passed while a telephone rang: the call leaves if that comes to nothing."""
        self.timer = NO_TIMER


class Agent:
    """One operator: state, and the marks that say what lies under it (see `agent.py`)."""

    __slots__ = (
        "busy_elsewhere",
        "call",
        "entry",
        "id",
        "idle_since",
        "lines",
        "logged_in",
        "logout_by",
        "logout_reason",
        "misses",
        "offer",
        "pause_by",
        "pause_reason",
        "pause_timer",
        "paused",
        "policy",
        "queued",
        "reachable",
        "reason",
        "removed",
        "rest",
        "rest_reason",
        "rest_timer",
        "since",
        "state",
    )

    def __init__(self, policy: AgentPolicy, now: Instant) -> None:
        self.id = policy.agent
        self.policy = policy
        self.lines: tuple[Line, ...] = ()
        self.state = AgentState.LOGGED_OUT
        self.since = now
        self.reason = ""
        self.logged_in = False
        self.logout_by = SYSTEM_ACTOR
        self.logout_reason = ""
        self.paused = False
        self.pause_reason = ""
        self.pause_by = SYSTEM_ACTOR
        self.pause_timer = NO_TIMER
        self.reachable = True
        self.busy_elsewhere = False
        self.rest: AgentState | None = None
        """WRAP_UP or BACK_OFF while its time runs."""
        self.rest_reason = ""
        self.rest_timer = NO_TIMER
        self.offer: Offer | None = None
        self.call: Call | None = None
        self.misses = 0
        """Missed offers in a row."""
        self.idle_since = now
        self.entry: AgentEntry | None = None
        """The place among the ready operators of each line served, kept while a withdrawn offer may give it back."""
        self.queued = False
        """Whether the entry is in the lines' `ready`."""
        self.removed = False
        """No longer in the configuration; is logged out and forgotten after the call."""


class Offer:
    """One attempt to give one call to one operator."""

    __slots__ = ("agent", "call", "id", "since", "state", "timer")

    def __init__(self, offer: OfferId, call: Call, agent: Agent, since: Instant) -> None:
        self.id = offer
        self.call = call
        self.agent = agent
        self.since = since
        self.state = OfferState.RINGING
        self.timer = NO_TIMER


class Floor:
    """Everything that one engine knows, and what the current step has produced so far."""

    __slots__ = (
        "accepted",
        "agents",
        "arrived",
        "calls",
        "effects",
        "facts",
        "freed",
        "last_seq",
        "left",
        "lines",
        "next_offer",
        "now",
        "offers",
        "past_offers",
        "timers",
    )

    def __init__(self, first_offer: int) -> None:
        self.now = Instant(0.0)
        self.lines: dict[QueueName, Line] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.calls: dict[CallId, Call] = {}
        self.offers: dict[OfferId, Offer] = {}
        """Live offers and those that ended lately."""
        self.past_offers: deque[tuple[float, OfferId]] = deque()
        self.timers: Timers[Call | Agent | Offer] = Timers()
        self.next_offer = first_offer
        self.last_seq = 0
        self.accepted = 0
        """Calls taken in since the start."""
        self.left = 0
        """Calls that have gone since the start, one way or another."""
        self.freed: list[Agent] = []
        """Operators who became ready in this step and are not yet in any rank."""
        self.arrived: list[Call] = []
        """Calls that became eligible in this step and are not yet in their line."""
        self.facts: list[Fact] = []
        self.effects: list[Effect] = []

    def seq(self) -> int:
        """Return the next number of a running order that breaks ties."""
        self.last_seq += 1
        return self.last_seq

    # Calls

    def drop_from_line(self, call: Call) -> None:
        """Take the call out of those that wait for an offer."""
        if call.queued:
            call.queued = False
            call.line.waiting.remove(call.entry)

    def forget_call(self, call: Call) -> None:
        """The call is gone for good."""
        self.drop_from_line(call)
        self.timers.cancel(call.timer)
        call.timer = NO_TIMER
        del self.calls[call.id]
        self.left += 1
        line = call.line
        line.calls -= 1
        if line.draining and not line.calls:
            self.close_line(line)

    def close_line(self, line: Line) -> None:
        """A line that was removed has served its last call."""
        del self.lines[line.name]
        for agent in self.agents.values():
            if line in agent.lines:
                agent.lines = tuple(other for other in agent.lines if other is not line)

    # Offers

    def close_offer(self, offer: Offer, state: OfferState) -> None:
        """The offer has ended without a talk; the operator holds it no longer."""
        offer.state = state
        self.timers.cancel(offer.timer)
        offer.timer = NO_TIMER
        offer.agent.offer = None
        call = offer.call
        call.offers = () if len(call.offers) == 1 else tuple(other for other in call.offers if other is not offer)
        self.remember_offer(offer)

    def remember_offer(self, offer: Offer) -> None:
        """Keep an ended offer for a while, and forget those that ended long ago."""
        past = self.past_offers
        horizon = self.now - OFFER_MEMORY_S
        while past and past[0][0] < horizon:
            self.offers.pop(past.popleft()[1], None)
        past.append((self.now, offer.id))

    # Operators

    def drop_from_ready(self, agent: Agent) -> None:
        """Take the operator out of the ranks of those ready."""
        if agent.queued:
            agent.queued = False
            entry = agent.entry
            assert entry is not None  # noqa: S101 - `queued` says that there is one: our own book-keeping
            for line in agent.lines:
                line.ready.remove(entry)

    def change(self, agent: Agent, after: AgentState, reason: str, by: str, call: CallId | None = None) -> None:
        """Put the operator into this state and say so; READY makes him a candidate of the next dispatch."""
        now = self.now
        before = agent.state
        if agent.queued:
            self.drop_from_ready(agent)
        self.facts.append(AgentStateChanged(now, agent.id, before, after, reason, by, now - agent.since, call))
        agent.state = after
        agent.since = now
        agent.reason = reason
        if after is AgentState.READY:
            self.freed.append(agent)

    def arm_rest(self, agent: Agent, rest: AgentState, rest_s: float, reason: str) -> None:
        """Let the operator rest for so long; 0 for not at all."""
        self.end_rest(agent)
        if rest_s > 0:
            agent.rest = rest
            agent.rest_reason = reason
            agent.rest_timer = self.timers.arm(self.now + rest_s, What.REST_OVER, agent)

    def end_rest(self, agent: Agent) -> None:
        """Wrap-up or back-off is over."""
        if agent.rest is not None:
            agent.rest = None
            self.timers.cancel(agent.rest_timer)
            agent.rest_timer = NO_TIMER

    def end_pause(self, agent: Agent) -> None:
        """The pause is over, or was taken back."""
        agent.paused = False
        self.timers.cancel(agent.pause_timer)
        agent.pause_timer = NO_TIMER

"""Everything that one engine knows, and the few primitives by which it changes.

Nothing here decides anything: `calls.py`, `callbacks.py`, `waiting.py` and `agents.py` react to what happens,
`dispatch.py` brings calls and operators together, `reload.py` takes up new policies. All of them work on one `Floor`,
and nothing mutable leaves it.
"""

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Final

from queue_engine.call import CallState
from queue_engine.effects import Effect
from queue_engine.facts import AgentState, AgentStateChanged, Fact
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Turn
from queue_engine.line import Line
from queue_engine.live import Agent, Call, Offer
from queue_engine.offer import OfferState
from queue_engine.timers import NO_TIMER, Timers, What

OFFER_MEMORY_S: Final = 60.0
"""So long an ended offer is remembered, to tell a late report from an unknown one."""

AWAY: Final = frozenset({AgentState.LOGGED_OUT, AgentState.PAUSED, AgentState.UNREACHABLE})
"""States of an operator for whom no call waits."""

# Looked up once: in Python 3.11 a member of an Enum costs ten times what a global does.
_AGENT_LOGGED_OUT: Final = AgentState.LOGGED_OUT
_AGENT_PAUSED: Final = AgentState.PAUSED
_AGENT_READY: Final = AgentState.READY
_AGENT_UNREACHABLE: Final = AgentState.UNREACHABLE
_CALL_STEP: Final = What.CALL_STEP
_CALL_WAITING: Final = CallState.WAITING
_REST_OVER: Final = What.REST_OVER


class Floor:
    """Everything that one engine knows, and what the current step has produced so far."""

    __slots__ = (
        "accepted",
        "agents",
        "arrived",
        "calls",
        "draw",
        "effects",
        "facts",
        "freed",
        "kept_places",
        "left",
        "left_lines",
        "lines",
        "next_offer",
        "now",
        "offers",
        "past_offers",
        "seq",
        "timers",
        "turns",
    )

    def __init__(self, first_offer: int, draw: Callable[[], float] | None) -> None:
        self.now = Instant(0.0)
        self.lines: dict[QueueName, Line] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.calls: dict[CallId, Call] = {}
        self.offers: dict[OfferId, Offer] = {}
        """Live offers and those that ended lately."""
        self.past_offers: deque[tuple[float, OfferId]] = deque()
        self.timers: Timers[Call | Agent | Offer] = Timers()
        self.next_offer = first_offer
        self.draw = draw
        """Draws from [0, 1); None: nothing is random."""
        self.kept_places: dict[tuple[QueueName, str], tuple[float, float, int]] = {}
        """Line and number of who gave up lately: until when the place is kept, and its instant and class."""
        self.turns: dict[CallId, tuple[Turn, ...]] = {}
        """Operators whom calls that were handed on still have to wait for, one after the other."""
        self.seq = count(1).__next__
        """Gives the next number of a running order that breaks ties."""
        self.accepted = 0
        """Calls taken in since the start."""
        self.left = 0
        """Calls that have gone since the start, one way or another."""
        self.freed: list[Agent] = []
        """Operators who became ready in this step and are not yet in any rank."""
        self.arrived: list[Call] = []
        """Calls that became eligible in this step and are not yet in their line."""
        self.left_lines: list[Line] = []
        """Lines with several lanes that somebody has logged out of in this step."""
        self.facts: list[Fact] = []
        self.effects: list[Effect] = []

    # Calls

    def take_in(self, call: Call) -> None:
        """The call is here from now on."""
        self.calls[call.id] = call
        call.line.calls += 1
        self.accepted += 1

    def drop_from_line(self, call: Call) -> None:
        """Take the call out of those that wait for an offer."""
        place = call.place
        if place is not None:
            call.place = None
            place.remove(call.entry)

    def key(self, call: Call) -> None:
        """Derive the place in the order from what it depends on."""
        call.entry = (-call.priority, call.place_at + call.line.urgent_s, call.seq, call.id)

    def arm_step(self, call: Call) -> None:
        """Wait for the next step of the line by waiting time. A call-back without a channel has none."""
        steps = call.line.steps
        if call.has_channel and call.step < len(steps):
            call.timer = self.timers.arm(call.entered_at + steps[call.step].at_s, _CALL_STEP, call)

    def stop_timers(self, call: Call) -> None:
        """Nothing more happens to the call by time alone."""
        cancel = self.timers.cancel
        if call.timer:
            cancel(call.timer)
        if call.side_timer:
            cancel(call.side_timer)
        if call.say_timer:
            cancel(call.say_timer)
        call.timer = call.side_timer = call.say_timer = NO_TIMER

    def stop_side_timer(self, call: Call) -> None:
        """The call waits for no operator in particular, rings no further telephone, is held no longer."""
        if call.side_timer:
            self.timers.cancel(call.side_timer)
            call.side_timer = NO_TIMER

    def leave_line(self, call: Call) -> None:
        """The call is gone for good, and waited until now."""
        self.drop_from_line(call)
        self.stop_timers(call)
        call.reserved_for = None
        self.forget_call(call)

    def forget_call(self, call: Call) -> None:
        """The call is gone for good; it stands in no line and waits for nothing."""
        del self.calls[call.id]
        if self.turns:
            self.turns.pop(call.id, None)
        self.left += 1
        line = call.line
        line.calls -= 1
        if line.draining and not line.calls:
            self.close_line(line)

    def close_line(self, line: Line) -> None:
        """A line that was removed has served its last call."""
        del self.lines[line.name]
        for agent in self.agents.values():
            if any(seat.line is line for seat in agent.seats):
                agent.sit(tuple(seat for seat in agent.seats if seat.line is not line))

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
            for seat in agent.seats:
                if seat.entry is not None:
                    seat.line.ready[seat.lane].remove(seat.entry)
                    seat.entry = None

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
        if after is _AGENT_READY:
            self.freed.append(agent)
        if after in AWAY or before in AWAY:
            self._come_or_go(agent, before, after)

    def _come_or_go(self, agent: Agent, before: AgentState, after: AgentState) -> None:
        """Count who is there, let go of the calls that wait for somebody who has gone, watch over long absences."""
        self.count_staff(agent, before, -1)
        self.count_staff(agent, after, 1)
        self.timers.cancel(agent.leave_timer)
        agent.leave_timer = NO_TIMER
        leave_s = 0.0
        if after is _AGENT_PAUSED:
            leave_s = agent.policy.logout_after_pause_s
        elif after is _AGENT_UNREACHABLE:
            leave_s = agent.policy.logout_unreachable_s
        if leave_s > 0:
            agent.leave_timer = self.timers.arm(self.now + leave_s, What.AUTO_LOGOUT, agent)
        if after is _AGENT_LOGGED_OUT:
            self.left_lines.extend(seat.line for seat in agent.seats if len(seat.line.lanes) > 1)
        if after in AWAY:
            for entry in list(agent.own):
                self.release(self.calls[entry[3]])

    def count_staff(self, agent: Agent, state: AgentState, count: int) -> None:
        """Add the operator in this state to the numbers of his lines, or take him out of them."""
        if state is _AGENT_LOGGED_OUT:
            return
        for seat in agent.seats:
            seat.line.staff[seat.lane] += count
            if state not in AWAY:
                seat.line.on_duty += count

    def release(self, call: Call) -> None:
        """The call no longer waits for one operator: it is anybody's, at its place in the line."""
        self.drop_from_line(call)
        self.stop_side_timer(call)
        call.reserved_for = None
        if call.state is _CALL_WAITING:
            self.arrived.append(call)

    def arm_rest(self, agent: Agent, rest: AgentState, rest_s: float, reason: str) -> None:
        """Let the operator rest for so long; 0 for not at all."""
        self.end_rest(agent)
        if rest_s > 0:
            agent.rest = rest
            agent.rest_reason = reason
            agent.rest_until = Instant(self.now + rest_s)
            agent.rest_timer = self.timers.arm(agent.rest_until, _REST_OVER, agent)

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

"""The one place where offers are made: ready operators x waiting callers -> offers.

Run after every input, over what that input touched only. It relies on the promise that it keeps: before the input there
was no ready operator who could have served a waiting caller. So a new pair contains an operator who became ready or a
call that became eligible in this step, and the ranks need looking at from there alone.

An operator takes first the calls that wait for him alone; then, between the lines he serves, the call that stands first
by class, by the instant when it is urgent (`Line.urgent_s`), by arrival. A call goes to the operators of the nearest
lane, among them by the line's strategy; to those who missed this very call already only if there is nobody else.
"""

from itertools import islice
from typing import Final

from queue_engine.agent import AgentTrigger
from queue_engine.agent import work_after as agent_work_after
from queue_engine.call import CallState, CallTrigger
from queue_engine.call import after as call_after
from queue_engine.effects import OfferCall, Ring, Whisper
from queue_engine.facts import AgentState, CallOffered, ReachWidened
from queue_engine.floor import AWAY, Floor
from queue_engine.ids import OfferId
from queue_engine.inputs import SYSTEM_ACTOR
from queue_engine.line import LineEntry
from queue_engine.live import Agent, Call, Offer, Seat
from queue_engine.policy import Strategy
from queue_engine.timers import What

OFFER_GUARD_S: Final = 5.0
"""So long after the ring time an offer of whose end nothing was heard is given up."""

# Looked up once: in Python 3.11 a member of an Enum costs ten times what a global does.
_AGENT_ON_OFFER: Final = agent_work_after(AgentTrigger.OFFER)
_AGENT_READY: Final = AgentState.READY
_CALL_ON_OFFER: Final = call_after(CallTrigger.OFFER)
_CALL_WAITING: Final = CallState.WAITING
_OFFER_GUARD: Final = What.OFFER_GUARD
_LONGEST_IDLE: Final = Strategy.LONGEST_IDLE
_RANDOM: Final = Strategy.RANDOM
_ROUND_ROBIN: Final = Strategy.ROUND_ROBIN


def dispatch(floor: Floor) -> None:
    """Make every offer that the step has made possible."""
    freed, arrived = floor.freed, floor.arrived
    if len(freed) + len(arrived) > 1:
        _serve_all(floor)
    elif freed:
        # The most urgent call for the operator who became ready; nobody else was free to take it.
        agent = freed.pop()
        if agent.state is _AGENT_READY:
            call = _most_urgent(floor, agent)
            if call is None:
                _enrol(floor, agent)
            else:
                offer(floor, call, agent)
    else:
        # The operator whose turn it is for the call that became eligible, or a place in its line.
        call = arrived.pop()
        if call.state is _CALL_WAITING and call.place is None:
            if call.target_passed:
                _ease(floor, call)
            found = choose(floor, call)
            if found is None:
                _stand(floor, call)
            else:
                offer(floor, call, found)


def _serve_all(floor: Floor) -> None:
    """Take several changes together: operators in the order they became ready, then the calls in order of the line."""
    freed, arrived = floor.freed[:], floor.arrived[:]
    floor.freed.clear()
    floor.arrived.clear()
    for agent in freed:
        if agent.state is _AGENT_READY and not agent.queued:
            _enrol(floor, agent)
    for call in arrived:
        if call.state is _CALL_WAITING and call.place is None:
            if call.target_passed:
                _ease(floor, call)
            _stand(floor, call)
    for agent in freed:
        while agent.state is _AGENT_READY and (call_found := _most_urgent(floor, agent)) is not None:
            offer(floor, call_found, choose(floor, call_found) or agent)
    for call in sorted(arrived, key=_entry):
        if call.state is _CALL_WAITING and (agent_found := choose(floor, call)) is not None:
            offer(floor, call, agent_found)


def _entry(call: Call) -> LineEntry:
    return call.entry


def _ease(floor: Floor, call: Call) -> None:
    """Let a call past its norm, whose lane nobody logged in can serve, go on to the first that somebody can."""
    line = call.line
    last = len(line.lanes) - 1
    lane = call.lane
    while lane < last and not line.staffed(lane):
        lane += 1
    if lane != call.lane:
        reach(floor, call, lane, "nobody_with_the_skill")


def reach(floor: Floor, call: Call, lane: int, reason: str) -> None:
    """Put a call that does not stand in a lane into a further one, and say whom it may be offered to now."""
    call.lane = lane
    admitted = call.line.lanes[lane]
    skills = tuple(skill.name for skill in admitted.skills)
    floor.facts.append(ReachWidened(floor.now, call.id, call.line.name, admitted.level, skills, reason))


def _stand(floor: Floor, call: Call) -> None:
    """Give the call its place: before the one operator it waits for, or in its lane of the line."""
    one = call.reserved_for
    call.place = place = call.line.waiting[call.lane] if one is None else one.own
    place.add(call.entry)


def _enrol(floor: Floor, agent: Agent) -> None:
    """Give the operator a place among the ready ones of each line served."""
    agent.queued = True
    seq = floor.seq()
    for seat in agent.seats:
        seat.entry = (_rank(floor, agent, seat), agent.idle_since, seq, agent)
        seat.line.ready[seat.lane].add(seat.entry)


def _rank(floor: Floor, agent: Agent, seat: Seat) -> float:
    """Return what the line's strategy compares; the least goes first, equals by who has waited longest."""
    strategy = seat.line.policy.strategy
    if strategy is _LONGEST_IDLE:
        return agent.idle_since
    match strategy:
        case Strategy.FEWEST_CALLS:
            return agent.calls
        case Strategy.LEAST_TALK:
            return agent.talked_s
        case Strategy.ROUND_ROBIN:
            return seat.turn
        case Strategy.FIXED_ORDER:
            return agent.order
        case Strategy.RANDOM:
            return floor.draw() if floor.draw is not None else 0.0


def _most_urgent(floor: Floor, agent: Agent) -> Call | None:
    """Return the first of the calls that wait for this operator, or in the lines he serves."""
    best = agent.own.head
    if best is None:
        for rank in agent.waiting:
            entry = rank.head
            if entry is not None and (best is None or entry < best):
                best = entry
        if best is None:
            return None
    return floor.calls[best[3]]


def choose(floor: Floor, call: Call) -> Agent | None:
    """Return the ready operator whose turn it is for this call; None when nobody is ready."""
    one = call.reserved_for
    if one is not None:
        return one if one.state is _AGENT_READY else None
    missed = call.missed_by
    line = call.line
    fallback: Agent | None = None
    for rank in line.reach[call.lane]:
        first = rank.head
        if first is None:
            continue
        if missed:
            # At most one look more than there are operators who missed the call.
            for entry in rank:
                if entry[3].id not in missed:
                    return entry[3]
            fallback = fallback or first[3]
        elif floor.draw is not None and line.policy.strategy is _RANDOM:
            # Whoever has stood there for long has lost many draws: only a fresh one is fair to all.
            return rank.at(int(floor.draw() * len(rank)))[3]
        else:
            return first[3]
    return fallback


def _others(call: Call, agent: Agent, count: int | None) -> list[Agent]:
    """Return so many further ready operators whose turn it is next; None for all."""
    missed = call.missed_by
    found: list[Agent] = []
    for rank in call.line.reach[call.lane]:
        candidates = (entry[3] for entry in rank if entry[3] is not agent and entry[3].id not in missed)
        found += candidates if count is None else islice(candidates, count - len(found))
    return found


def reserve(floor: Floor, call: Call, agent: Agent, patience_s: float | None) -> bool:
    """Let the call wait for this operator, so long at most; False if he is not there or does not take calls now."""
    if agent.state in AWAY:
        return False
    call.reserved_for = agent
    if patience_s is not None:
        call.side_timer = floor.timers.arm(floor.now + patience_s, What.PATIENCE_OVER, call)
    return True


def offer(floor: Floor, call: Call, agent: Agent) -> None:
    """Make the operator's telephone ring for the call, and those of as many others as the line says."""
    policy = call.line.policy
    if call.place is not None:
        floor.drop_from_line(call)
    if call.side_timer:
        floor.stop_side_timer(call)
    reserved = call.reserved_for is not None
    call.reserved_for = None
    if policy.ring_at_once == 1 or reserved or not call.has_channel:
        _ring(floor, call, agent)
    else:
        wanted = policy.ring_at_once - 1 if policy.ring_at_once else None
        others = _others(call, agent, wanted)
        _ring(floor, call, agent)
        for other in others:
            _ring(floor, call, other)
    if call.has_channel:
        _tell(floor, call)
        _arm_more(floor, call)


def _ring(floor: Floor, call: Call, agent: Agent) -> None:
    """Make one offer. That of a call-back without a channel has no end of its own: whoever dials ends it."""
    now = floor.now
    line = call.line
    new = Offer(OfferId(floor.next_offer), call, agent, now)
    floor.next_offer += 1
    floor.offers[new.id] = new
    if call.has_channel:
        guard(floor, new)
    call.state = _CALL_ON_OFFER[call.state]
    call.offers = (*call.offers, new)
    agent.offer = new
    floor.facts.append(CallOffered(now, call.id, line.name, new.id, agent.id, now - call.entered_at))
    floor.change(agent, _AGENT_ON_OFFER[agent.state], "offered", SYSTEM_ACTOR, call.id)
    if line.policy.strategy is _ROUND_ROBIN:
        turn = floor.seq()
        for seat in agent.seats:
            if seat.line is line:
                seat.turn = turn


def guard(floor: Floor, new: Offer) -> None:
    """Give the offer up if nothing is heard of its end."""
    ring_s = new.call.line.policy.ring_s
    new.timer = floor.timers.arm(floor.now + ring_s + OFFER_GUARD_S, _OFFER_GUARD, new)


def _tell(floor: Floor, call: Call) -> None:
    """Say which telephones shall ring for the call from now on."""
    policy = call.line.policy
    offers = call.offers
    if len(offers) == 1:
        rings: tuple[Ring, ...] = (Ring(offers[0].id, offers[0].agent.id),)
    else:
        rings = tuple(Ring(each.id, each.agent.id) for each in offers)
    whisper = Whisper(policy.name, floor.now - call.entered_at) if policy.whisper else None
    floor.effects.append(OfferCall(call.id, rings, policy.ring_s, whisper))


def connect(floor: Floor, call: Call) -> None:
    """The caller of a call-back is on the line now: whoever was kept for him is rung at once."""
    for each in call.offers:
        guard(floor, each)
    _tell(floor, call)


def _arm_more(floor: Floor, call: Call) -> None:
    every_s = call.line.policy.ring_more_every_s
    if every_s > 0:
        call.side_timer = floor.timers.arm(floor.now + every_s, What.RING_MORE, call)


def ring_more(floor: Floor, call: Call) -> None:
    """Add the next operator to those who ring, if there is one; the others ring on, and all have the full time."""
    more = _others(call, call.offers[0].agent, 1)
    if more:
        for each in call.offers:
            floor.timers.cancel(each.timer)
            guard(floor, each)
        _ring(floor, call, more[0])
        _tell(floor, call)
    _arm_more(floor, call)

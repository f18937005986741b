"""The promises of the engine that can be seen in its state, one function each: checked by tests and, on demand, in use.

Each function yields a sentence per breach. They cost a pass over all calls and operators, so in use they are run
now and then, not after each input. The promises about facts (every call ends exactly once in the records) are kept by
tests.
"""

from collections.abc import Iterator

from queue_engine.call import CallState
from queue_engine.engine import QueueEngine
from queue_engine.facts import AgentState
from queue_engine.floor import AWAY, Floor
from queue_engine.ids import AgentId
from queue_engine.offer import OfferState
from queue_engine.settling import settled
from queue_engine.timers import NO_TIMER

_WORK = (AgentState.RINGING, AgentState.TALKING)


def check(engine: QueueEngine) -> list[str]:
    """Return a sentence for each promise that does not hold at this moment; empty is well."""
    floor = engine._floor  # noqa: SLF001 - to look inside is this module's whole job
    return [breach for promise in PROMISES for breach in promise(floor)]


def every_call_is_accounted_for(floor: Floor) -> Iterator[str]:
    """Promise 1: each call taken in has left or is here, and the lines count the same."""
    if floor.accepted != floor.left + len(floor.calls):
        yield f"{floor.accepted} calls were taken in, {floor.left} have left, but {len(floor.calls)} are here"
    for line in floor.lines.values():
        here = sum(call.line is line for call in floor.calls.values())
        if here != line.calls:
            yield f"line {line.name} counts {line.calls} calls, but {here} are here"
    for call in floor.calls.values():
        if call.state is CallState.GONE:
            yield f"call {call.id} is gone, but still here"
        if floor.lines.get(call.line.name) is not call.line:
            yield f"call {call.id} is in a line that is not there"


def one_talk_each(floor: Floor) -> Iterator[str]:
    """Promise 2: a call has at most one live conversation, an operator likewise, and both know of it."""
    talking: dict[AgentId, str] = {}
    for call in floor.calls.values():
        if call.state is not CallState.TALKING:
            if call.agent is not None:
                yield f"call {call.id} does not talk, but has operator {call.agent.id}"
            continue
        if call.offers:
            yield f"call {call.id} talks, but telephones ring for it"
        if call.agent is None:
            continue
        if call.agent.call is not call:
            yield f"call {call.id} talks to operator {call.agent.id}, who does not know it"
        if call.agent.id in talking:
            yield f"operator {call.agent.id} talks to {talking[call.agent.id]} and {call.id}"
        talking[call.agent.id] = call.id
    for agent in floor.agents.values():
        if (agent.state is AgentState.TALKING) != (agent.call is not None):
            yield f"operator {agent.id} is {agent.state}, but the call is {agent.call and agent.call.id}"


def rings_if_and_only_if_offered(floor: Floor) -> Iterator[str]:
    """Promise 2: an operator rings if and only if a live offer is held, and a call is offered likewise."""
    for agent in floor.agents.values():
        offer = agent.offer
        if (agent.state is AgentState.RINGING) != (offer is not None):
            yield f"operator {agent.id} is {agent.state}, but the offer is {offer and offer.id}"
        if offer is not None and (offer.state is not OfferState.RINGING or offer not in offer.call.offers):
            yield f"operator {agent.id} holds offer {offer.id}, which is over"
    for call in floor.calls.values():
        if (call.state is CallState.OFFERED) != bool(call.offers):
            yield f"call {call.id} is {call.state}, but {len(call.offers)} telephones ring"
        for offer in call.offers:
            if offer.agent.offer is not offer:
                yield f"call {call.id} is offered to operator {offer.agent.id}, who does not know it"
    for offer in floor.offers.values():
        if offer.state is OfferState.RINGING and offer.call.has_channel and offer.timer == NO_TIMER:
            yield f"offer {offer.id} rings without a guard"


def nobody_waits_beside_a_free_operator(floor: Floor) -> Iterator[str]:
    """Promise 3: no ready, eligible operator while an eligible caller waits without an offer."""
    for line in floor.lines.values():
        for lane, waiting in enumerate(line.waiting):
            first = waiting.head
            for ready in line.ready[: lane + 1]:
                beside = ready.head
                if first is not None and beside is not None:
                    yield f"call {first[3]} waits while operator {beside[3].id} is ready"
    for agent in floor.agents.values():
        if agent.state is AgentState.READY and agent.own:
            yield f"a call waits for operator {agent.id}, who is ready"
        if (agent.state is AgentState.READY) != agent.queued:
            yield f"operator {agent.id} is {agent.state}, but stands among the ready: {agent.queued}"
    if floor.freed or floor.arrived or floor.left_lines:
        yield "the dispatch has not been run"


def everybody_stands_where_he_belongs(floor: Floor) -> Iterator[str]:
    """Each waiting call stands in its one place, each ready operator at each of his seats, and nobody else anywhere."""
    stand = {id(rank): set(rank) for line in floor.lines.values() for rank in line.waiting}
    stand |= {id(agent.own): set(agent.own) for agent in floor.agents.values()}
    for call in floor.calls.values():
        one = call.reserved_for
        place = call.line.waiting[call.lane] if one is None else one.own
        if (call.state is CallState.WAITING) != (call.place is not None):
            yield f"call {call.id} is {call.state}, but stands in its line: {call.place is not None}"
        elif call.place is not None and (call.place is not place or call.entry not in stand.get(id(place), ())):
            yield f"call {call.id} stands in a wrong place"
    if sum(map(len, stand.values())) != sum(call.place is not None for call in floor.calls.values()):
        yield "more entries wait than calls do"
    ready = {id(rank): set(rank) for line in floor.lines.values() for rank in line.ready}
    seats = [seat for agent in floor.agents.values() if agent.queued for seat in agent.seats]
    if any(seat.entry not in ready.get(id(seat.line.ready[seat.lane]), ()) for seat in seats):
        yield "somebody is ready, but not at one of his seats"
    if sum(map(len, ready.values())) != len(seats):
        yield "more entries are ready than operators are"


def staff_is_counted(floor: Floor) -> Iterator[str]:
    """Who is logged in, and who is on duty, is counted right at each line."""
    for line in floor.lines.values():
        staff, on_duty = [0] * len(line.lanes), 0
        for agent in floor.agents.values():
            for seat in agent.seats:
                if seat.line is line and agent.state is not AgentState.LOGGED_OUT:
                    staff[seat.lane] += 1
                    on_duty += agent.state not in AWAY
        if (staff, on_duty) != (line.staff, line.on_duty):
            yield f"line {line.name} counts {line.staff} and {line.on_duty}, not {staff} and {on_duty}"


def no_skill_blocks_past_the_norm(floor: Floor) -> Iterator[str]:
    """Whoever has waited for the norm stands in a lane that somebody logged in can serve, if any further one is."""
    for call in floor.calls.values():
        line = call.line
        last = len(line.lanes) - 1
        waits = call.target_passed and call.state is CallState.WAITING and call.reserved_for is None
        if waits and call.lane < last and not line.staffed(call.lane):
            yield f"call {call.id} waits for what nobody can"


def places_are_kept(floor: Floor) -> Iterator[str]:
    """Promise 4: the place of a call is its class, its instant and its arrival, whatever befell it."""
    for call in floor.calls.values():
        if call.entry != (-call.priority, call.place_at + call.line.urgent_s, call.seq, call.id):
            yield f"call {call.id} has lost its place"
    for line in floor.lines.values():
        waiting, ready = [list(rank) for rank in line.waiting], [list(rank) for rank in line.ready]
        if any(rank != sorted(rank) for rank in waiting) or any(rank != sorted(rank) for rank in ready):
            yield f"line {line.name} is out of order"


def steps_have_fired(floor: Floor) -> Iterator[str]:
    """Promise 5: what was due has been done, and whoever waits has something that will be."""
    due = floor.timers.next_due()
    if due is not None and due <= floor.now:
        yield f"something is due since {floor.now - due} s"
    for call in floor.calls.values():
        waits = call.has_channel and call.state not in (CallState.TALKING, CallState.OFFERED)
        if waits and call.timer == NO_TIMER:
            yield f"call {call.id} waits for ever"
        offered = call.has_channel and call.state is CallState.OFFERED
        if offered and call.timer == NO_TIMER and call.leaves_for is None:
            yield f"call {call.id} is offered, but has no maximum wait"
        over = floor.now > call.entered_at + call.line.policy.max_wait_s
        if over and call.has_channel and call.state is not CallState.TALKING and call.leaves_for is None:
            yield f"call {call.id} waits past the maximum"
        if call.state is CallState.HELD and call.side_timer == NO_TIMER:
            yield f"call {call.id} is held for ever"
        if call.state is CallState.TALKING and (call.timer, call.side_timer, call.say_timer) != (NO_TIMER,) * 3:
            yield f"call {call.id} talks, but its wait goes on"


def states_are_what_the_marks_say(floor: Floor) -> Iterator[str]:
    """An operator who does not work is in the state that the marks say, and what is timed has its timer."""
    for agent in floor.agents.values():
        if agent.state not in _WORK and agent.state is not settled(agent):
            yield f"operator {agent.id} is {agent.state}, not {settled(agent)}"
        if (agent.rest is not None) != (agent.rest_timer != NO_TIMER):
            yield f"operator {agent.id} rests without end, or has a rest's timer without the rest"
        if agent.rest is not None and (agent.state in _WORK or not agent.logged_in):
            yield f"operator {agent.id} rests while {agent.state}"
        if agent.pause_timer != NO_TIMER and not agent.paused:
            yield f"operator {agent.id} has a pause's timer without the pause"


PROMISES = (
    every_call_is_accounted_for,
    one_talk_each,
    rings_if_and_only_if_offered,
    nobody_waits_beside_a_free_operator,
    everybody_stands_where_he_belongs,
    staff_is_counted,
    no_skill_blocks_past_the_norm,
    places_are_kept,
    steps_have_fired,
    states_are_what_the_marks_say,
)

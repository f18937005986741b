"""The promises of the engine that can be seen in its state, one function each: checked by tests and, on demand, in use.

Each function yields a sentence per breach. They cost a pass over all calls and operators, so in use they are run
now and then, not after each input. The promises about facts (every call ends exactly once in the records) are kept by
tests.
"""

from collections.abc import Iterator

from queue_engine.call import CallState
from queue_engine.engine import QueueEngine
from queue_engine.facts import AgentState
from queue_engine.floor import Floor
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
        if offer.state is OfferState.RINGING and offer.timer == NO_TIMER:
            yield f"offer {offer.id} rings without a guard"


def nobody_waits_beside_a_free_operator(floor: Floor) -> Iterator[str]:
    """Promise 3: no ready, eligible operator while an eligible caller waits without an offer."""
    for line in floor.lines.values():
        waiting, ready = line.waiting.first(), line.ready.first()
        if waiting is not None and ready is not None:
            yield f"call {waiting[3].id} waits while operator {ready[2].id} is ready"
    for call in floor.calls.values():
        if (call.state is CallState.WAITING) != call.queued or call.queued != (call.entry in set(call.line.waiting)):
            yield f"call {call.id} is {call.state}, but stands in its line: {call.queued}"
    for agent in floor.agents.values():
        if (agent.state is AgentState.READY) != agent.queued:
            yield f"operator {agent.id} is {agent.state}, but stands among the ready: {agent.queued}"
        if agent.queued and not all(agent.entry in set(line.ready) for line in agent.lines):
            yield f"operator {agent.id} is ready, but not in all lines served"
    if floor.freed or floor.arrived:
        yield "the dispatch has not been run"


def places_are_kept(floor: Floor) -> Iterator[str]:
    """Promise 4: the place of a call is its class, its entry and its arrival, whatever befell it."""
    for call in floor.calls.values():
        if call.entry[:3] != (-call.priority, call.line.urgent_at(call.entered_at), call.seq):
            yield f"call {call.id} has lost its place"
    for line in floor.lines.values():
        for rank in (list(line.waiting), list(line.ready)):
            if rank != sorted(rank):
                yield f"line {line.name} is out of order"


def steps_have_fired(floor: Floor) -> Iterator[str]:
    """Promise 5: what was due has been done, and whoever waits has something that will be."""
    due = floor.timers.next_due()
    if due is not None and due <= floor.now:
        yield f"something is due since {floor.now - due} s"
    for call in floor.calls.values():
        unanswered = call.state is not CallState.TALKING
        if unanswered and call.timer == NO_TIMER and not call.overdue:
            yield f"call {call.id} waits for ever"
        if not unanswered and call.timer != NO_TIMER:
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
    places_are_kept,
    steps_have_fired,
    states_are_what_the_marks_say,
)

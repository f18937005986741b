"""How an offer ends, and what becomes of its call: answered, failed, withdrawn, or never heard of again.

The table of `offer.py` says whether a report counts. A call whose last telephone has stopped ringing goes back to its
old place, or leaves the line if its time was up meanwhile.
"""

from typing import Final

from queue_engine import settling
from queue_engine.agent import SETTLE, AgentTrigger
from queue_engine.agent import after as agent_after
from queue_engine.agent import work_after as agent_work_after
from queue_engine.call import CallTrigger
from queue_engine.call import after as call_after
from queue_engine.effects import SendCallTo, WithdrawOffer
from queue_engine.facts import CallAnswered, CallOverflowed, OfferMissed, OfferWithdrawn
from queue_engine.floor import Floor
from queue_engine.inputs import OfferAnswered, OfferFailed, OfferRang, RingFailure
from queue_engine.live import Agent, Call, Offer
from queue_engine.offer import OfferState, OfferTrigger
from queue_engine.offer import after as offer_after
from queue_engine.timers import NO_TIMER, What

HOLD_S: Final = 0.25
"""So long a call is left alone whose offer Asterisk has ended without our asking: most often its caller is leaving."""

CLOSING: Final = "closing"
"""Why a call leaves that waited when its line closed; one that comes to a closed line is turned away as `closed`."""

# Looked up once: in Python 3.11 a member of an Enum costs ten times what a global does.
_AGENT_ON_ANSWER: Final = agent_work_after(AgentTrigger.ANSWER)
_AGENT_ON_WITHDRAW: Final = agent_after(AgentTrigger.WITHDRAW)
_CALL_ON_ANSWER: Final = call_after(CallTrigger.ANSWER)
_CALL_ON_HOLD: Final = call_after(CallTrigger.HOLD)
_CALL_ON_LEAVE: Final = call_after(CallTrigger.LEAVE)
_CALL_ON_RELEASE: Final = call_after(CallTrigger.RELEASE)
_CALL_ON_RINGS_OVER: Final = call_after(CallTrigger.RINGS_OVER)
_OFFER_ANSWERED: Final = OfferState.ANSWERED
_OFFER_ON_ANSWER: Final = offer_after(OfferTrigger.ANSWER)
_OFFER_ON_FAIL: Final = offer_after(OfferTrigger.FAIL)
_OFFER_ON_WITHDRAW: Final = offer_after(OfferTrigger.WITHDRAW)
_OFFER_RINGING: Final = OfferState.RINGING


def offer_rang(floor: Floor, event: OfferRang) -> None:
    """Nothing changes: an offer rings for us from the moment it is made."""


def offer_answered(floor: Floor, event: OfferAnswered) -> None:
    """Operator and caller are joined; whoever else rang for the call stops ringing."""
    offer = floor.offers.get(event.offer)
    if offer is None:
        return
    call, agent = offer.call, offer.agent
    if offer.state is not _OFFER_RINGING:
        if offer.state is not _OFFER_ANSWERED:
            floor.effects.append(WithdrawOffer(offer.id, call.id, agent.id))
        return
    offer.state = _OFFER_ON_ANSWER[offer.state]
    floor.timers.cancel(offer.timer)
    offer.timer = NO_TIMER
    floor.remember_offer(offer)
    agent.offer = None
    if len(call.offers) > 1:
        for other in call.offers:
            if other is not offer:
                withdraw(floor, other, "answered_elsewhere")
    call.offers = ()
    call.has_channel = True
    call.state = _CALL_ON_ANSWER[call.state]
    floor.stop_timers(call)
    line = call.line
    line.pace.taken(floor.now, line.on_duty, others_wait=line.anybody_waits())
    now = floor.now
    call.answered_at = now
    call.agent = agent
    call.agent_id = agent.id
    floor.facts.append(CallAnswered(now, call.id, line.name, offer.id, agent.id, now - call.entered_at))
    settling.start_talk(floor, agent, call, "answered", _AGENT_ON_ANSWER)


def offer_failed(floor: Floor, event: OfferFailed) -> None:
    """A telephone rings no more and nobody talks."""
    offer = floor.offers.get(event.offer)
    if offer is not None and offer.state is _OFFER_RINGING:
        fail(floor, offer, event.failure)


def fail(floor: Floor, offer: Offer, failure: RingFailure) -> None:
    """Close a ringing offer that came to nothing, and send the call back to its place."""
    call, agent, now = offer.call, offer.agent, floor.now
    floor.close_offer(offer, _OFFER_ON_FAIL[offer.state])
    rang_s = now - offer.since
    if failure is RingFailure.CANCELLED:
        floor.facts.append(OfferWithdrawn(now, call.id, call.line.name, offer.id, agent.id, failure.value, rang_s))
    else:
        call.missed_by |= {agent.id}
        floor.facts.append(OfferMissed(now, call.id, call.line.name, offer.id, agent.id, failure, rang_s))
    settling.missed(floor, agent, failure)
    if call.offers:
        return
    if failure is RingFailure.CANCELLED and call.leaves_for is None:
        floor.stop_side_timer(call)
        call.state = _CALL_ON_HOLD[call.state]
        call.side_timer = floor.timers.arm(now + HOLD_S, What.HOLD_OVER, call)
        steps_go_on(floor, call)
    else:
        rings_over(floor, call)


def steps_go_on(floor: Floor, call: Call) -> None:
    """The call waits again: a step to another line that waited for the ringing to end is due now."""
    if call.move_step is not None:
        call.step, call.move_step = call.move_step, None
        floor.timers.cancel(call.timer)
        floor.arm_step(call)
    elif not call.timer:
        floor.arm_step(call)


def hold_over(floor: Floor, call: Call) -> None:
    """The call is still there: it is offered again."""
    call.state = _CALL_ON_RELEASE[call.state]
    call.side_timer = NO_TIMER
    _back_in_line(floor, call)


def guard_due(floor: Floor, offer: Offer) -> None:
    """Nothing was heard of the offer long after its ring time: no operator is left ringing for ever."""
    floor.effects.append(WithdrawOffer(offer.id, offer.call.id, offer.agent.id))
    fail(floor, offer, RingFailure.NO_ANSWER)


def withdraw(floor: Floor, offer: Offer, reason: str) -> None:
    """Stop a telephone ringing. The operator is free at once.

    Asterisk cancels the telephone within milliseconds, before it could send a new INVITE there; should the operator
    pick up in that very moment, the answer is stale and hung up, and a new offer that met the busy telephone fails as
    busy with its short back-off. Waiting for the confirmation instead would cost every operator that time each time.
    """
    agent, call = offer.agent, offer.call
    floor.close_offer(offer, _OFFER_ON_WITHDRAW[offer.state])
    floor.facts.append(
        OfferWithdrawn(floor.now, call.id, call.line.name, offer.id, agent.id, reason, floor.now - offer.since)
    )
    floor.effects.append(WithdrawOffer(offer.id, call.id, agent.id))
    if _AGENT_ON_WITHDRAW[agent.state] is SETTLE:
        settling.settle(floor, agent, "withdrawn", keeps_turn=True)


def give_up(floor: Floor, agent: Agent, reason: str) -> bool:
    """Withdraw the offer of an operator who goes; False when there is none."""
    offer = agent.offer
    if offer is None:
        return False
    call = offer.call
    withdraw(floor, offer, reason)
    if not call.offers:
        rings_over(floor, call)
    return True


def rings_over(floor: Floor, call: Call) -> None:
    """No telephone rings for the call any more: back to its old place, or away if its time is up."""
    call.state = _CALL_ON_RINGS_OVER[call.state]
    floor.stop_side_timer(call)
    steps_go_on(floor, call)
    if call.leaves_for is not None:
        overflow(floor, call, *call.leaves_for)
    else:
        _back_in_line(floor, call)


def _back_in_line(floor: Floor, call: Call) -> None:
    """Let the call be offered again, unless its line has closed meanwhile and sends away who waits."""
    if call.line.closed_to and call.has_channel:
        overflow(floor, call, call.line.closed_to, CLOSING)
    else:
        floor.arrived.append(call)


def withdraw_all(floor: Floor, call: Call, reason: str) -> None:
    """Stop every telephone that rings for the call."""
    for offer in call.offers:
        withdraw(floor, offer, reason)


def overflow(floor: Floor, call: Call, destination: str, reason: str) -> None:
    """The call leaves the line for a destination of the dialplan."""
    leave(floor, call, destination, reason)
    floor.effects.append(SendCallTo(call.id, destination))


def leave(floor: Floor, call: Call, destination: str, reason: str) -> None:
    """The call is no longer in the line, whatever rang for it."""
    withdraw_all(floor, call, reason)
    call.state = _CALL_ON_LEAVE[call.state]
    now, line = floor.now, call.line
    floor.leave_line(call)
    line.pace.given_up(others_wait=line.anybody_waits())
    floor.facts.append(CallOverflowed(now, call.id, line.name, destination, reason, now - call.entered_at))

"""Who talks with whom, from the bridges that channels enter.

A talk begins when caller and operator are in one bridge, whoever came first. It is the answer of an offer, or, where
no offer of ours explains the telephone's channel, a talk that is found: the fallback or a daemon before us began it.
"""

from collections.abc import Callable

from ami_bridge.legs import CallLeg, LegBook, OperatorLeg
from ami_bridge.own_calls import OwnCalls
from ami_bridge.visits import Visits
from queue_engine.ids import AgentId, Instant
from queue_engine.inputs import Input, OfferAnswered, TalkFound


class Talks:
    """The beginnings of talks on one server."""

    def __init__(self, legs: LegBook, own_calls: OwnCalls, visits: Visits, post: Callable[[Input], None]) -> None:
        self._legs = legs
        self._own_calls = own_calls
        self._visits = visits
        self._post = post
        self.moved: Callable[[AgentId], None] = lambda _: None
        """Told of an operator in a talk who has come into another bridge: to somebody whom he asks, or back."""

    def entered(self, uniqueid: str, bridge: str, now: Instant) -> None:
        """A channel has entered a bridge."""
        call = self._legs.caller(uniqueid)
        if call is not None:
            if not call.transferred:  # else he is with whoever he was handed to, and this call is nearly over
                self._caller_in(call, bridge, now, seen=True)
            return
        found = self._legs.operator(uniqueid)
        if found is not None:
            call, leg = found
            before, leg.bridge = leg.bridge, bridge
            if call.bridge == bridge and not leg.talking:
                self._began(leg)
            elif leg.talking and bridge != before:
                self.moved(leg.agent)
            return
        own = self._own_calls.get(uniqueid)
        if own is not None:
            # Not dialled by us: an own call of the operator, or a Dial or Queue() that outlived a daemon of ours.
            own.bridge = bridge
            caller = self._legs.caller_in(bridge)
            if caller is not None:
                self._adopt(caller, uniqueid, now, bridge)

    def caller_found(self, call: CallLeg, bridge: str, answered_at: Instant | None) -> None:
        """Resynchronisation found the caller's channel in this bridge; whoever else is there talks with him."""
        self._caller_in(call, bridge, answered_at, seen=False)

    def operator_found(self, call: CallLeg, uniqueid: str, answered_at: Instant | None) -> None:
        """Resynchronisation found who has answered the caller, who may be in another bridge, asking somebody."""
        own = self._own_calls.get(uniqueid)
        if own is not None and own.bridge:
            self._adopt(call, uniqueid, answered_at, own.bridge)

    def _caller_in(self, call: CallLeg, bridge: str, answered_at: Instant | None, *, seen: bool) -> None:
        self._legs.enter(call, bridge)
        for leg in call.legs:
            if leg.bridge != bridge or leg.talking:
                continue
            if seen or answered_at is None:
                self._began(leg)
            else:
                leg.talking = True
                self._post(TalkFound(call.call, call.queue, leg.agent, call.caller, call.entered_at, answered_at))
        for own in self._own_calls.in_bridge(bridge):
            self._adopt(call, own.uniqueid, answered_at, bridge)

    def _began(self, leg: OperatorLeg) -> None:
        leg.talking = True
        if leg.offer is not None:
            self._post(OfferAnswered(leg.offer))

    def _adopt(self, call: CallLeg, uniqueid: str, answered_at: Instant | None, bridge: str) -> None:
        """Take a talk that no offer of ours explains for what it is: this call with whoever sits at the telephone."""
        if call.talk is not None:
            return  # the caller comes to a second talk: `attended.py` is told which
        leg = self._own_calls.taken(uniqueid, bridge)
        if leg is None:
            return
        self._legs.attach(call, leg)
        if not call.introduced:
            self._visits.introduce(call)
        self._post(TalkFound(call.call, call.queue, leg.agent, call.caller, call.entered_at, answered_at))

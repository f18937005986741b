"""A caller's visit to a line, from its coming to its end, as the engine is told of it.

Asterisk's events and the FastAGI sessions tell of channels; this file decides what their coming and going means for
the call: that it has arrived, that an offer came to nothing, that the talk or the whole visit is over, and who ended
it. Two channels end a talk, in any order, and only one of the two ends tells how.
"""

from collections.abc import Callable

from ami_bridge.arrivals import Arrivals
from ami_bridge.causes import MEDIA_TIMEOUT, NORMAL_CLEARING, ring_failure
from ami_bridge.handed import Handed, parse_handed
from ami_bridge.legs import BackInLineOrder, CallLeg, LegBook, OperatorLeg
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    CallArrived,
    CallerHungUp,
    CallLost,
    Input,
    OfferFailed,
    Party,
    RingFailure,
    TalkEnded,
)


class Visits:
    """The visits on one server."""

    def __init__(self, legs: LegBook, arrivals: Arrivals, post: Callable[[Input], None]) -> None:
        self._legs = legs
        self._arrivals = arrivals
        self._post = post
        self.last_operator_of: Callable[[str], AgentId | None] = lambda _: None
        """Who talked last to the caller of a number."""
        self.handed: Callable[[CallLeg, Handed], None] | None = None
        """Told of a caller who was handed on and has come to a line with it, before the engine is."""
        self.coming: Callable[[str], None] = lambda _: None
        """Told the Uniqueid of whoever comes to a line: he may be somebody whom an operator has called and hands on."""

    # -- it comes --------------------------------------------------------------------------------------------------

    def find_or_add(
        self, call: CallId, queue: QueueName, caller: str, entered_at: Instant, channel: str, uniqueid: str
    ) -> CallLeg:
        """Return the leg of this call, made if it is new."""
        leg = self._legs.call(call)
        if leg is None:
            self.coming(uniqueid)
            before = self._legs.caller(uniqueid)
            if before is not None:
                self._gone_to_another_line(before)
            leg = CallLeg(call, self._legs.server, queue, caller, entered_at, channel, uniqueid)
            self._legs.add(leg)
            self._arrivals.over(uniqueid)
        return leg

    def was_handed(self, call: CallLeg, said: str) -> None:
        """Take in what `ACD_HANDED` says of a call that has just come, or was found."""
        handed = parse_handed(said)
        if handed is not None and not call.introduced and self.handed is not None:
            self.handed(call, handed)

    def introduce(self, call: CallLeg, *, greeted: bool = True) -> None:
        """Tell the engine of this call, again where it knew it before we broke off."""
        call.introduced = True
        self._post(
            CallArrived(
                call.call,
                call.queue,
                call.caller,
                call.entered_at,
                call.priority,
                greeted=greeted,
                recovered=call.known_before,
                turns=call.turns,
                preferred=self.last_operator_of(call.caller),
            )
        )

    def _gone_to_another_line(self, call: CallLeg) -> None:
        """The same channel has come to a line again, under a number of its own: this visit is over."""
        for leg in list(call.legs):
            self._legs.drop(call, leg)
            if leg.talking:
                self._post(TalkEnded(call.call, leg.hung_up_by or Party.AGENT, NORMAL_CLEARING, handed_on=True))
            elif leg.offer is not None:
                self._post(OfferFailed(leg.offer, RingFailure.CANCELLED))
        self.lost(call, "gone to another line")

    # -- it ends ---------------------------------------------------------------------------------------------------

    def lost(self, call: CallLeg, reason: str) -> None:
        """The call's channel is gone and no Hangup told so."""
        self._legs.remove(call)
        self._post(CallLost(call.call, reason))

    def caller_gone(self, call: CallLeg, cause: int, ended_at: Instant | None = None) -> None:
        """The caller's channel has ended, now or when that was noted.

        A talk is over only when the operator's channel is gone too: until then his telephone may still be hanging up
        and would refuse the next call as busy.
        """
        call.hangup_cause = cause
        call.orders.clear()
        if not call.introduced:
            # It waited where a daemon before us had left it and never came back to us: book it, then its end.
            self.introduce(call)
        if call.talk is None:
            self._post(CallerHungUp(call.call, cause, call.hung_up_by or Party.CALLER, ended_at))
        self.round_over(call, "CANCEL")
        if not call.legs:
            self._legs.remove(call)

    def caller_gone_unseen(self, call: CallLeg) -> None:
        """The session tells that the caller has hung up, and no events come in: a talk has ended with it."""
        for leg in [leg for leg in call.legs if leg.talking]:
            self._legs.drop(call, leg)
        self.caller_gone(call, NORMAL_CLEARING)

    def operator_gone(self, call: CallLeg, leg: OperatorLeg, cause: int) -> None:
        """An operator's channel has ended: a missed offer, or the end of a talk."""
        was_talking = leg.talking
        if not was_talking and not leg.withdrawn and leg.dial_status == "CANCEL" and call.hangup_cause is None:
            # The caller left the Dial, and most likely the line: his Hangup comes first for the engine, or his session.
            self._legs.unbind(leg)
            return
        self._legs.drop(call, leg)
        if not was_talking:
            if leg.dial_status == "ANSWER":
                # Picked up and dropped before the two were joined: the dialplan must not take it for a talk.
                call.order(BackInLineOrder())
            if leg.offer is not None:
                gone = RingFailure.CANCELLED if leg.withdrawn else ring_failure(leg.dial_status, cause)
                self._post(OfferFailed(leg.offer, gone))
        elif call.hangup_cause is not None:
            self._post(CallerHungUp(call.call, call.hangup_cause, call.hung_up_by or Party.CALLER))
        elif call.hung_up_by is None or leg.hung_up_by is not None:
            # A telephone that fell silent has ended the talk for its side, as one that hung up.
            by = Party.AGENT if cause == MEDIA_TIMEOUT else leg.hung_up_by or Party.SYSTEM
            self._post(TalkEnded(call.call, by, cause, handed_on=call.transferred))
            if call.transferred:
                # The channel lives on, but not as a call of a line: back in one it will be another call.
                self._legs.remove(call)
                return
        else:
            # The caller's side ended it and his Hangup, with the cause, is on its way: `caller_gone` will tell.
            return
        if call.hangup_cause is not None and not call.legs:
            self._legs.remove(call)

    def round_over(self, call: CallLeg, dial_status: str) -> None:
        """No Dial runs for this call: telephones that were dialled and never got a channel did not ring.

        Those that did are told by their Hangup, which carries the cause; those that wait in an order are yet to come.
        """
        for leg in [leg for leg in call.legs if not leg.uniqueid and not leg.talking and not call.awaits(leg)]:
            self._legs.drop(call, leg)
            if leg.offer is not None:
                failure = RingFailure.CANCELLED if leg.withdrawn else ring_failure(leg.dial_status or dial_status, 0)
                self._post(OfferFailed(leg.offer, failure))

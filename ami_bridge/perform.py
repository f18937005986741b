"""From the engine's effects to orders of sessions and AMI actions. What cannot be done comes back as an input."""

from collections.abc import Callable, Mapping
from typing import assert_never

from ami_bridge.desks import Desks
from ami_bridge.legs import BackInLineOrder, CallLeg, DialOrder, LeaveOrder, OperatorLeg
from ami_bridge.switchboard import Switchboard
from queue_engine.effects import Announce, Effect, OfferCall, ReleaseCall, SendCallTo, WithdrawOffer
from queue_engine.ids import CallId
from queue_engine.inputs import Input, OfferFailed, RingFailure


class Performer:
    """Carries out effects, on whichever server the call is."""

    def __init__(
        self,
        boards: Mapping[str, Switchboard],
        desks: Desks,
        post: Callable[[Input], None],
        hang_up: Callable[[str, str], None],
    ) -> None:
        self._boards = boards
        self._desks = desks
        self._post = post
        self._hang_up = hang_up

    def perform(self, effect: Effect) -> None:
        """Do it, or post the input that says why it could not be done."""
        match effect:
            case OfferCall():
                self._offer(effect)
            case WithdrawOffer():
                self._withdraw(effect)
            case SendCallTo(call, destination):
                self._order_to_leave(call, destination)
            case ReleaseCall(call):
                self._order_to_leave(call, "")
            case Announce():
                pass  # no line of the configuration has announcements by waiting time
            case _:
                assert_never(effect)

    def back_in_line(self, call_id: CallId) -> None:
        """The engine took the call back into the line after a talk that was none."""
        call = self._find(call_id)
        if call is not None:
            call.order(BackInLineOrder())

    def _find(self, call_id: CallId) -> CallLeg | None:
        return next((call for board in self._boards.values() if (call := board.legs.call(call_id))), None)

    def _offer(self, effect: OfferCall) -> None:
        call = self._find(effect.call)
        if call is None or call.hangup_cause is not None:
            for ring in effect.rings:
                self._post(OfferFailed(ring.offer, RingFailure.CANCELLED))
            return
        legs = []
        board = self._boards[call.server]
        for ring in effect.rings:
            telephone = self._desks.telephone_of(ring.agent)
            if telephone is None or telephone.server != call.server:
                self._post(OfferFailed(ring.offer, RingFailure.UNREACHABLE))
                continue
            leg = OperatorLeg(ring.agent, telephone.name, ring.offer)
            board.legs.attach(call, leg)
            legs.append(leg)
        if legs:
            call.order(DialOrder(legs, effect.ring_s))

    def _withdraw(self, effect: WithdrawOffer) -> None:
        for board in self._boards.values():
            found = board.legs.offer(effect.offer)
            if found is None:
                continue
            call, leg = found
            leg.withdrawn = True
            if leg.channel:
                self._hang_up(board.server, leg.channel)
                return
            for order in call.orders:
                if isinstance(order, DialOrder) and leg in order.legs:
                    order.legs.remove(leg)
                    board.legs.drop(call, leg)
                    break
            else:
                return  # dialled, but without a channel yet: the switchboard hangs it up as soon as it has one
            break
        self._post(OfferFailed(effect.offer, RingFailure.CANCELLED))

    def _order_to_leave(self, call_id: CallId, destination: str) -> None:
        call = self._find(call_id)
        if call is not None:
            call.order(LeaveOrder(destination))

"""From the engine's effects to orders of sessions and AMI actions. What cannot be done comes back as an input."""

from collections.abc import Callable, Mapping
from typing import Protocol, assert_never

from ami_bridge.desks import Desks
from ami_bridge.legs import BackInLineOrder, CallLeg, DialOrder, LeaveOrder, MovedOrder, OperatorLeg, SayOrder
from ami_bridge.switchboard import Switchboard
from queue_engine.effects import Announce, Effect, OfferCall, ReleaseCall, SendCallTo, Whisper, WithdrawOffer
from queue_engine.ids import CallId, QueueName
from queue_engine.inputs import Input, OfferFailed, RingFailure


class Phrases(Protocol):
    """What is said, as sounds."""

    def announcement(self, effect: Announce) -> tuple[str, ...]:
        """Return the sounds for a caller who waits; none when there is nothing to be said."""

    def whisper(self, whisper: Whisper) -> tuple[str, ...]:
        """Return the sounds for the operator before the talk."""


class Performer:
    """Carries out effects, on whichever server the call is."""

    def __init__(
        self,
        boards: Mapping[str, Switchboard],
        desks: Desks,
        post: Callable[[Input], None],
        hang_up: Callable[[str, str], None],
        phrases: Phrases,
    ) -> None:
        self._boards = boards
        self._desks = desks
        self._post = post
        self._hang_up = hang_up
        self._phrases = phrases

    def perform(self, effect: Effect) -> None:
        """Do it, or post the input that says why it could not be done."""
        match effect:
            case OfferCall():
                self._offer(effect)
            case WithdrawOffer():
                self._withdraw(effect)
            case SendCallTo():
                self._order_to_leave(effect.call, effect.destination)
            case ReleaseCall():
                self._order_to_leave(effect.call, "")
            case Announce():
                call = self._find(effect.call)
                sounds = self._phrases.announcement(effect)
                if call is not None and sounds:
                    call.order(SayOrder(sounds))
            case _:
                assert_never(effect)

    def back_in_line(self, call_id: CallId) -> None:
        """The engine took the call back into the line after a talk that was none."""
        call = self._find(call_id)
        if call is not None:
            call.order(BackInLineOrder())

    def say(self, call_id: CallId, sounds: tuple[str, ...]) -> None:
        """Say this to a caller who waits."""
        call = self._find(call_id)
        if call is not None:
            call.order(SayOrder(sounds))

    def send_to(self, call_id: CallId, destination: str) -> None:
        """Let the call leave for a destination of the dialplan that the engine does not know."""
        self._order_to_leave(call_id, destination)

    def moved(self, call_id: CallId, queue: QueueName) -> None:
        """The engine has taken the call over to another line."""
        call = self._find(call_id)
        if call is not None:
            call.order(MovedOrder(queue))

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
        self._replace_running_dial(board, call, effect)
        for ring in effect.rings:
            telephone = self._desks.telephone_of(ring.agent)
            if telephone is None or telephone.server != call.server:
                self._post(OfferFailed(ring.offer, RingFailure.UNREACHABLE))
                continue
            leg = OperatorLeg(ring.agent, telephone.name, ring.offer)
            board.legs.attach(call, leg)
            legs.append(leg)
        if legs:
            whisper = self._phrases.whisper(effect.whisper) if effect.whisper else ()
            call.order(DialOrder(legs, effect.ring_s, whisper))
            board.unheld.is_to_ring(call)

    def _replace_running_dial(self, board: Switchboard, call: CallLeg, effect: OfferCall) -> None:
        """Telephones that ring already under the same offers are rung anew, together with the added ones.

        A running Dial takes no further telephone, so it is ended; what it reports of its telephones means nothing.
        """
        for ring in effect.rings:
            found = board.legs.offer(ring.offer)
            if found is None:
                continue
            before = found[1]
            board.legs.orphan(before)
            before.withdrawn = True
            if before.channel:
                self._hang_up(board.server, before.channel)
            for order in call.orders:
                if isinstance(order, DialOrder) and before in order.legs:
                    order.legs.remove(before)

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
                    if call.wake is None:
                        board.fetch(call)  # nobody was there to dial: it stands somewhere in the dialplan
                    break
            else:
                return  # dialled, but without a channel yet: the switchboard hangs it up as soon as it has one
            break
        self._post(OfferFailed(effect.offer, RingFailure.CANCELLED))

    def _order_to_leave(self, call_id: CallId, destination: str) -> None:
        call = self._find(call_id)
        if call is not None:
            call.order(LeaveOrder(destination))

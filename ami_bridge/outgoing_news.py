"""What is told of an attempt: to the book of call-backs how far it has come, to the engine the operator's part in it.

The caller first: as soon as the hook has him he is a call like any other, and the engine tells of his end. The operator
first: both legs are told of from here, as no caller's channel ever is in the hook.
"""

from collections.abc import Callable

from ami_bridge.causes import ring_failure
from ami_bridge.outgoing_legs import Attempt, Side
from ami_bridge.switchboard import Switchboard
from callback.causes import failure_of
from callback.inputs import AttemptFailed, CallbackInput, CallerAnswered, CallerDialled, CallerRang
from callback.kinds import AttemptFailure
from queue_engine.ids import CallId, Instant
from queue_engine.inputs import CallerHungUp, OfferAnswered, OfferFailed, Party, RingFailure, TalkEnded, TalkFound


class OutgoingNews:
    """Tells of one server's attempts."""

    def __init__(self, board: Switchboard, tell: Callable[[CallbackInput], None]) -> None:
        self._board = board
        self._tell = tell

    def no_line(self, call: CallId) -> None:
        """The caller was not called and cannot be."""
        self._tell(AttemptFailed(call, AttemptFailure.NO_LINE))

    def no_way(self, attempt: Attempt) -> None:
        """Nothing left the house."""
        order = attempt.order
        if attempt.side is Side.CALLER:
            self.no_line(order.call)
        elif order.offer is not None:
            self._board.post(OfferFailed(order.offer, RingFailure.UNREACHABLE))

    def dialled(self, attempt: Attempt) -> None:
        """The caller's number is being called."""
        self._tell(CallerDialled(attempt.order.call))

    def rang(self, attempt: Attempt) -> None:
        """The caller's telephone rings."""
        self._tell(CallerRang(attempt.order.call))

    def answered(self, attempt: Attempt) -> None:
        """The caller has picked up."""
        attempt.far_answered = True
        self._tell(CallerAnswered(attempt.order.call))

    def talk_began(self, attempt: Attempt, at: Instant | None) -> None:
        """The two talk, since then; None where nobody knows since when."""
        attempt.talking = True
        order = attempt.order
        self.answered(attempt)
        if order.offer is not None:
            self._board.post(OfferAnswered(order.offer))
        elif order.agent is not None:
            self._board.post(TalkFound(order.call, order.queue, order.agent, order.number, attempt.began_at, at))

    def ended(self, attempt: Attempt, cause: int) -> None:
        """The leg that was originated has ended with this Q.850 cause, and with it the other."""
        if attempt.talking:
            self._talk_over(attempt, cause)
        elif attempt.stopped:
            pass
        elif attempt.side is Side.CALLER:
            self._caller_gone(attempt, cause)
        elif attempt.far_uniqueid:
            self._far_gone(attempt, cause)
        elif attempt.order.offer is not None:
            refused = attempt.picked_up
            failure = RingFailure.REFUSED if refused else ring_failure(attempt.dial_status or "NOANSWER", cause)
            self._board.post(OfferFailed(attempt.order.offer, failure))

    def vanished(self, attempt: Attempt) -> None:
        """The channels are gone and nobody told how. What is not reported here, the book finds missing."""
        if attempt.talking:
            self._board.post(CallerHungUp(attempt.order.call, 0, Party.SYSTEM))

    def _caller_gone(self, attempt: Attempt, cause: int) -> None:
        call = attempt.order.call
        if not attempt.picked_up:
            self._tell(AttemptFailed(call, failure_of(cause), cause))
        elif self._board.legs.call(call) is None:
            # He hung up before the hook had him; once it has, the engine tells of his end.
            self._tell(AttemptFailed(call, AttemptFailure.LEFT, cause))

    def _far_gone(self, attempt: Attempt, cause: int) -> None:
        """The operator was first, the caller's number was called, and they never talked."""
        call, told = attempt.order.call, cause if attempt.far_cause is None else attempt.far_cause
        if attempt.far_answered:
            failure = AttemptFailure.LEFT
        elif attempt.hung_up_by is Party.AGENT:
            failure = AttemptFailure.WITHDRAWN
        else:
            failure = failure_of(told)
        self._tell(AttemptFailed(call, failure, told))

    def _talk_over(self, attempt: Attempt, cause: int) -> None:
        call, by = attempt.order.call, attempt.hung_up_by or Party.SYSTEM
        told = cause if by is Party.AGENT or attempt.far_cause is None else attempt.far_cause
        if by is Party.AGENT:
            self._board.post(TalkEnded(call, by, told))
        # Also after that: a talk too short to be one has put the call back into the line, and nobody is there.
        self._board.post(CallerHungUp(call, told, by))

"""Outgoing calls of one server: originates the two legs of a call-back and tells what becomes of them.

The caller first: his leg enters the hook when he answers and is from then on a call like any other, which the
switchboard follows; here is only what comes before. The operator first: his leg dials the caller's number from the
dialplan, and the talk of the two is followed here, as no caller's channel ever is in the hook.

Facts of Asterisk used here, each tried on 16.28 and 22.10:

- An originated channel sends `Newchannel`, then `DialBegin` (as DestChannel, with no Channel) when the INVITE is out,
  `DialState` RINGING, `DialEnd`, and at its end `Hangup` with the cause; `ChannelId` becomes its Uniqueid.
- A telephone that rings to the end of the Originate's Timeout leaves cause 19 and no `DialEnd`.
- Where no channel can be made (unknown endpoint, no contact) there is nothing but `OriginateResponse` with Failure.
- The operator's leg ends after the caller's: its `Hangup` is the end of the whole. Where the caller's goes on, the
  operator has handed him on: `BlindTransfer` and `AttendedTransfer` name the operator's leg, mostly before its end.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from ami_bridge.causes import MEDIA_TIMEOUT, NO_ANSWER, NORMAL_CLEARING
from ami_bridge.client import AmiClient
from ami_bridge.desks import Telephone
from ami_bridge.legs import CallLeg, OperatorLeg
from ami_bridge.message import AmiMessage
from ami_bridge.originate import Originator
from ami_bridge.outgoing_found import FoundAttempts
from ami_bridge.outgoing_legs import Attempt, AttemptBook, DialOut, Side, leg_uniqueid
from ami_bridge.outgoing_news import OutgoingNews
from ami_bridge.resync import EVER
from ami_bridge.switchboard import BY_KEY, QUESTIONED, Switchboard
from callback.inputs import CallbackInput, LiveAttempt
from queue_engine.ids import AgentId, CallId, Instant, OfferId
from queue_engine.inputs import Party, QuestioningMarked

log = structlog.get_logger(__name__)

EVENTS: Final = frozenset({"DialState", "OriginateResponse"})
"""What is wanted here beside the switchboard's events."""

_DIALLED: Final = re.compile(r"\+?[0-9]{5,20}", re.ASCII)


class OutgoingCalls:
    """The attempts of one server."""

    def __init__(
        self,
        board: Switchboard,
        client: Callable[[], AmiClient],
        hang_up: Callable[[str], None],
        tell: Callable[[CallbackInput], None],
    ) -> None:
        self._board = board
        self._hang_up = hang_up
        self._book = AttemptBook()
        self._news = OutgoingNews(board, tell)
        self._originator = Originator(client, board.clock, self._no_way)
        self._found = FoundAttempts(board, self._book, self._news)
        self._handlers: dict[str, Callable[[AmiMessage], None]] = {
            "Newchannel": self._newchannel,
            "DialBegin": self._dial_begin,
            "DialState": self._dial_state,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridge_enter,
            "HangupRequest": self._hangup_request,
            "SoftHangupRequest": self._hangup_request,
            "Hangup": self._hangup,
            "OriginateResponse": self._originate_response,
            "UserEvent": self._user_event,
            "BlindTransfer": self._handed_on,
            "AttendedTransfer": self._handed_on,
        }
        board.called_out = self._talk
        board.visits.coming = self._comes_to_a_line

    def on_event(self, message: AmiMessage) -> None:
        """Take in one event; those of other channels are ignored."""
        handler = self._handlers.get(message.event)
        if handler is not None and self._book:
            handler(message)

    def holds(self, call: CallId) -> bool:
        """Tell whether the attempt has any channel, or may still get one."""
        return self._book.get(call) is not None

    def talk_of(self, agent: AgentId) -> tuple[CallId, Telephone, str] | None:
        """Return the call, the telephone and the channel of an operator who has called somebody and talks to him."""
        for attempt in self._book:
            if attempt.side is Side.OPERATOR and attempt.talking and attempt.order.agent == agent:
                telephone = self._board.desks.telephone_of_channel(self._board.server, attempt.channel)
                return None if telephone is None else (attempt.order.call, telephone, attempt.channel)
        return None

    # -- what is asked of us ---------------------------------------------------------------------------------------

    def dial(self, order: DialOut) -> None:
        """Originate the leg that is first.

        The operator's leg alone gives way to an order with the caller first; a number that is being called is let be.
        """
        present = self._book.get(order.call)
        if present is None:
            self._originate(order)
        elif not present.reaches_caller and order.first is Side.CALLER:
            # One after the other, so that no answer of the operator in this moment can dial the number a second time.
            present.then = order
            self._end(present)

    def stop(self, call: CallId) -> None:
        """End the legs of the attempt that nobody has answered. Idempotent."""
        attempt = self._book.get(call)
        if attempt is None or attempt.talking:
            return
        answered = attempt.far_answered or (attempt.side is Side.CALLER and attempt.picked_up)
        if answered and not attempt.order.menu:
            return
        attempt.then = None
        attempt.stopped = True
        self._end(attempt)

    def withdraw(self, offer: OfferId) -> bool:
        """Take back an offer whose operator's leg is here; False if it is none of ours."""
        attempt = next((a for a in self._book if a.order.offer == offer), None)
        if attempt is None or attempt.side is not Side.OPERATOR:
            return False
        if not attempt.talking:
            self.stop(attempt.order.call)
        return True

    def _originate(self, order: DialOut) -> None:
        if _DIALLED.fullmatch(order.dialled) is None:
            log.error("outgoing.refused", call=order.call, reason="no number")
            self._news.no_line(order.call)
            return
        number = 1 if order.offer is None or order.first is Side.CALLER else order.offer
        uniqueid = leg_uniqueid(self._board.server, order.call, order.first, number)
        attempt = Attempt(order, uniqueid, self._board.now())
        self._book.add(attempt)
        self._originator.ask(attempt)

    def _no_way(self, attempt: Attempt, reason: str) -> None:
        """Nothing left the house."""
        if attempt.channel or not self._book.drop(attempt):
            return
        order = attempt.order
        log.warning("outgoing.failed", call=order.call, side=attempt.side.name, reason=reason)
        if attempt.then is not None:
            self._originate(attempt.then)
        else:
            self._news.no_way(attempt)

    def _end(self, attempt: Attempt) -> None:
        if attempt.channel:
            self._hang_up(attempt.channel)

    # -- what becomes of the legs ----------------------------------------------------------------------------------

    def _newchannel(self, message: AmiMessage) -> None:
        attempt = self._book.by_first_leg(message["Uniqueid"])
        if attempt is None:
            return
        attempt.channel = message["Channel"]
        if attempt.stopped or attempt.then is not None:
            self._end(attempt)

    def _dial_begin(self, message: AmiMessage) -> None:
        dialled = message["DestUniqueid"]
        attempt = self._book.by_first_leg(dialled)
        if attempt is not None:
            if attempt.side is Side.CALLER:
                self._news.dialled(attempt)
            return
        attempt = self._book.by_first_leg(message.get("Uniqueid") or "")
        if attempt is not None and attempt.side is Side.OPERATOR and not attempt.far_uniqueid:
            attempt.picked_up = True
            self._book.far_began(attempt, dialled, message["DestChannel"])
            self._news.dialled(attempt)

    def _dial_state(self, message: AmiMessage) -> None:
        if message.get("DialStatus") != "RINGING":
            return
        attempt = self._book.by_callers_leg(message["DestUniqueid"])
        if attempt is not None:
            self._news.rang(attempt)

    def _dial_end(self, message: AmiMessage) -> None:
        uniqueid, status = message["DestUniqueid"], message["DialStatus"]
        attempt = self._book.by_first_leg(uniqueid)
        if attempt is not None:
            attempt.dial_status = status
            attempt.picked_up = attempt.picked_up or status == "ANSWER"
        caller = self._book.by_callers_leg(uniqueid)
        if caller is not None and status == "NOANSWER":
            caller.far_cause = NO_ANSWER  # its Hangup says 0 when our own time for it is over
        if caller is not None and status == "ANSWER":
            self._news.answered(caller)

    def _bridge_enter(self, message: AmiMessage) -> None:
        attempt = self._book.operator_first(message["Uniqueid"])
        if attempt is None:
            return
        attempt.bridges[message["Uniqueid"]] = message["BridgeUniqueid"]
        both = {attempt.bridges.get(attempt.uniqueid), attempt.bridges.get(attempt.far_uniqueid, "")}
        if not attempt.talking and len(both) == 1:
            self._news.talk_began(attempt, self._board.now())
        elif attempt.talking and message["Uniqueid"] == attempt.uniqueid and attempt.order.agent is not None:
            self._board.talks.moved(attempt.order.agent)

    def _user_event(self, message: AmiMessage) -> None:
        """Take in the key of an operator whose own leg is here; any other's the switchboard knows."""
        attempt = self._book.by_first_leg(message["Uniqueid"])
        if attempt is None or attempt.side is not Side.OPERATOR or attempt.order.agent is None:
            return
        if message["UserEvent"] == QUESTIONED:
            self._board.post(QuestioningMarked(attempt.order.agent, BY_KEY))

    def _hangup_request(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        attempt = self._book.operator_first(uniqueid)
        if attempt is None or attempt.hung_up_by is not None:
            return
        if message.event == "SoftHangupRequest" and message.get("Cause") != str(MEDIA_TIMEOUT):
            return  # Asterisk's own way of ending a leg whose dialplan is done
        attempt.hung_up_by = Party.CALLER if uniqueid == attempt.far_uniqueid else Party.AGENT

    def _hangup(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        cause = int(message.get("Cause") or NORMAL_CLEARING)
        far = self._book.by_far_leg(uniqueid)
        if far is not None:
            far.far_cause = cause or far.far_cause
            far.far_gone = True
            return
        attempt = self._book.by_first_leg(uniqueid)
        if attempt is None:
            return
        goes_on = attempt.side is Side.OPERATOR and attempt.talking and not attempt.far_gone
        if not (goes_on and self._to_switchboard(attempt)):
            self._over(attempt, cause)

    def _over(self, attempt: Attempt, cause: int) -> None:
        """The leg that was originated is gone, and with it the other."""
        if not self._book.drop(attempt):
            return
        if attempt.then is not None and not attempt.talking:
            self._originate(attempt.then)
        else:
            self._news.ended(attempt, cause)

    # -- the caller goes on without the operator who has called him ------------------------------------------------

    def _handed_on(self, message: AmiMessage) -> None:
        """The operator hands the caller on; what was his second call may be the one that we know."""
        if message.get("Result") != "Success":
            return
        for name in ("TransfererUniqueid", "OrigTransfererUniqueid", "SecondTransfererUniqueid"):
            attempt = self._book.by_first_leg(message.get(name) or "")
            if attempt is not None and attempt.side is Side.OPERATOR and attempt.talking:
                self._to_switchboard(attempt)

    def _comes_to_a_line(self, uniqueid: str) -> None:
        """His session may be faster than the event of the transfer."""
        attempt = self._book.by_far_leg(uniqueid)
        if attempt is not None and attempt.talking:
            self._to_switchboard(attempt)

    def _to_switchboard(self, attempt: Attempt) -> bool:
        """From here on the talk is one like any other, whose end, and what follows it, the switchboard tells."""
        call = self._legs_of(attempt)
        if call is None or not self._book.drop(attempt):
            return False
        self._board.legs.add(call)
        for leg in call.legs:
            self._board.legs.know(call, leg)
        return True

    def _talk(self, call: CallId) -> CallLeg | None:
        """Return the legs of an attempt, operator first, whose two talk; None without one."""
        attempt = self._book.get(call)
        talks = attempt is not None and attempt.side is Side.OPERATOR and attempt.talking
        return self._legs_of(attempt) if attempt is not None and talks else None

    def _legs_of(self, attempt: Attempt) -> CallLeg | None:
        """Return the two legs of a talk as those of any other; None for an unknown operator or telephone."""
        order, telephone = attempt.order, self._board.desks.telephone_of_channel(self._board.server, attempt.channel)
        if order.agent is None or telephone is None:
            return None
        there, here = attempt.bridges.get(attempt.far_uniqueid, ""), attempt.bridges.get(attempt.uniqueid, "")
        leg = OperatorLeg(order.agent, telephone.name, order.offer, attempt.channel, attempt.uniqueid, here)
        leg.talking, leg.hung_up_by = True, attempt.hung_up_by
        return CallLeg(
            call=order.call,
            server=self._board.server,
            queue=order.queue,
            caller=order.number,
            entered_at=attempt.began_at,
            channel=attempt.far_channel,
            uniqueid=attempt.far_uniqueid,
            bridge=there,
            introduced=True,
            legs=[leg],
        )

    def _originate_response(self, message: AmiMessage) -> None:
        attempt = self._book.by_first_leg(message.action_id or "")
        if attempt is not None and message.get("Response") == "Failure" and not attempt.channel:
            self._no_way(attempt, "Asterisk made no channel")

    # -- after a connection is up ----------------------------------------------------------------------------------

    def calls(self) -> list[CallId]:
        """Return the calls of all attempts that have a channel, or may still get one."""
        return [attempt.order.call for attempt in self._book]

    def resynchronise(self, present: Mapping[str, AmiMessage], read_at: Instant = EVER) -> list[LiveAttempt]:
        """Bring the attempts into line with the channels that existed; return those that were alive.

        Args:
            present: All channels of the server, by Uniqueid, as `Status` tells them.
            read_at: When they were read; attempts that have begun since are let be.
        """
        return self._found.resynchronise(present, read_at)

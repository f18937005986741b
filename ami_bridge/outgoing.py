"""Outgoing calls of one server: originates the two legs of a call-back and tells what becomes of them.

The caller first: his leg enters the hook when he answers and is from then on a call like any other, which the
switchboard follows; here is only what comes before. The operator first: his leg dials the caller's number from the
dialplan, and the talk of the two is followed here, as no caller's channel ever is in the hook.

Facts of Asterisk used here, each tried on 16.28 and 22.10:

- An originated channel sends `Newchannel`, then `DialBegin` (as DestChannel, with no Channel) when the INVITE is out,
  `DialState` RINGING, `DialEnd`, and at its end `Hangup` with the cause; `ChannelId` becomes its Uniqueid.
- A telephone that rings to the end of the Originate's Timeout leaves cause 19 and no `DialEnd`.
- Where no channel can be made (unknown endpoint, no contact) there is nothing but `OriginateResponse` with Failure.
- The operator's leg ends after the caller's: its `Hangup` is the end of the whole.
"""

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from ami_bridge.causes import NO_ANSWER, NORMAL_CLEARING, ring_failure
from ami_bridge.client import AmiClient
from ami_bridge.desks import Telephone
from ami_bridge.errors import AmiConnectionLost, AmiTimeout, BridgeError
from ami_bridge.message import AmiMessage
from ami_bridge.outgoing_legs import Attempt, DialOut, Side, leg_uniqueid, parse_leg
from ami_bridge.server_clock import ServerClock
from ami_bridge.switchboard import BY_KEY, QUESTIONED, Switchboard
from callback.causes import failure_of
from callback.inputs import (
    AttemptFailed,
    CallbackInput,
    CallerAnswered,
    CallerDialled,
    CallerRang,
    LiveAttempt,
)
from callback.kinds import AttemptFailure, LiveStage
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import (
    CallerHungUp,
    OfferAnswered,
    OfferFailed,
    Party,
    QuestioningMarked,
    RingFailure,
    TalkEnded,
    TalkFound,
)

log = structlog.get_logger(__name__)

CONTEXT: Final = {Side.CALLER: "acd-callback", Side.OPERATOR: "acd-callback-operator"}
EVENTS: Final = frozenset({"DialState", "OriginateResponse"})
"""What is wanted here beside the switchboard's events."""
UP: Final = "6"

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
        self._client = client
        self._hang_up = hang_up
        self._tell = tell
        self._attempts: dict[CallId, Attempt] = {}
        self._far: dict[str, Attempt] = {}
        """Attempts by the Uniqueid of a caller's leg that an operator's leg has dialled."""
        self._asking: set[asyncio.Task[None]] = set()
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
        }

    def on_event(self, message: AmiMessage) -> None:
        """Take in one event; those of other channels are ignored."""
        handler = self._handlers.get(message.event)
        if handler is not None and self._attempts:
            handler(message)

    def holds(self, call: CallId) -> bool:
        """Tell whether the attempt has any channel, or may still get one."""
        return call in self._attempts

    def talking_channel(self, call: CallId) -> str | None:
        """Return the operator's channel of an attempt, operator first, whose two talk; None without one."""
        attempt = self._attempts.get(call)
        return attempt.channel if attempt is not None and attempt.side is Side.OPERATOR and attempt.talking else None

    def talk_of(self, agent: AgentId) -> tuple[CallId, Telephone, str] | None:
        """Return the call, the telephone and the channel of an operator who has called somebody and talks to him."""
        for attempt in self._attempts.values():
            if attempt.side is Side.OPERATOR and attempt.talking and attempt.order.agent == agent:
                telephone = self._board.desks.telephone_of_channel(self._board.server, attempt.channel)
                return None if telephone is None else (attempt.order.call, telephone, attempt.channel)
        return None

    # -- what is asked of us ---------------------------------------------------------------------------------------

    def dial(self, order: DialOut) -> None:
        """Originate the leg that is first.

        The operator's leg alone gives way to an order with the caller first; a number that is being called is let be.
        """
        present = self._attempts.get(order.call)
        if present is None:
            self._originate(order)
        elif not present.reaches_caller and order.first is Side.CALLER:
            # One after the other, so that no answer of the operator in this moment can dial the number a second time.
            present.then = order
            self._end(present)

    def stop(self, call: CallId) -> None:
        """End the legs of the attempt that nobody has answered. Idempotent."""
        attempt = self._attempts.get(call)
        if attempt is None or attempt.talking or attempt.far_answered:
            return
        if attempt.side is Side.CALLER and attempt.picked_up:
            return
        attempt.then = None
        attempt.stopped = True
        self._end(attempt)

    def withdraw(self, offer: OfferId) -> bool:
        """Take back an offer whose operator's leg is here; False if it is none of ours."""
        attempt = next((a for a in self._attempts.values() if a.order.offer == offer), None)
        if attempt is None or attempt.side is not Side.OPERATOR:
            return False
        if not attempt.talking:
            self.stop(attempt.order.call)
        return True

    def _originate(self, order: DialOut) -> None:
        if _DIALLED.fullmatch(order.dialled) is None:
            log.error("outgoing.refused", call=order.call, reason="no number")
            self._tell(AttemptFailed(order.call, AttemptFailure.NO_LINE))
            return
        number = 1 if order.offer is None or order.first is Side.CALLER else order.offer
        uniqueid = leg_uniqueid(self._board.server, order.call, order.first, number)
        attempt = Attempt(order, uniqueid, self._board.now())
        self._attempts[order.call] = attempt
        task = asyncio.get_running_loop().create_task(self._ask(attempt), name=f"originate-{order.call}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, attempt: Attempt) -> None:
        try:
            await self._client().action("Originate", _headers(attempt, self._board.clock))
        except AmiTimeout as error:
            log.warning("outgoing.unsure", call=attempt.order.call, reason=str(error))
        except AmiConnectionLost as error:
            if not error.sent:
                self._no_way(attempt, str(error))
        except BridgeError as error:
            self._no_way(attempt, str(error))

    def _no_way(self, attempt: Attempt, reason: str) -> None:
        """Nothing left the house."""
        if attempt.channel or not self._drop(attempt):
            return
        order = attempt.order
        log.warning("outgoing.failed", call=order.call, side=attempt.side.name, reason=reason)
        if attempt.then is not None:
            self._originate(attempt.then)
        elif attempt.side is Side.CALLER:
            self._tell(AttemptFailed(order.call, AttemptFailure.NO_LINE))
        elif order.offer is not None:
            self._board.post(OfferFailed(order.offer, RingFailure.UNREACHABLE))

    def _end(self, attempt: Attempt) -> None:
        if attempt.channel:
            self._hang_up(attempt.channel)

    def _drop(self, attempt: Attempt) -> bool:
        """Forget the attempt; False if it was forgotten already."""
        self._far.pop(attempt.far_uniqueid, None)
        if self._attempts.get(attempt.order.call) is not attempt:
            return False
        del self._attempts[attempt.order.call]
        return True

    # -- what becomes of the legs ----------------------------------------------------------------------------------

    def _first_leg(self, uniqueid: str) -> Attempt | None:
        leg = parse_leg(uniqueid)
        attempt = None if leg is None else self._attempts.get(leg.call)
        return attempt if attempt is not None and attempt.uniqueid == uniqueid else None

    def _newchannel(self, message: AmiMessage) -> None:
        attempt = self._first_leg(message["Uniqueid"])
        if attempt is None:
            return
        attempt.channel = message["Channel"]
        if attempt.stopped or attempt.then is not None:
            self._end(attempt)

    def _dial_begin(self, message: AmiMessage) -> None:
        dialled = message["DestUniqueid"]
        attempt = self._first_leg(dialled)
        if attempt is not None:
            if attempt.side is Side.CALLER:
                self._tell(CallerDialled(attempt.order.call))
            return
        attempt = self._first_leg(message.get("Uniqueid") or "")
        if attempt is not None and attempt.side is Side.OPERATOR and not attempt.far_uniqueid:
            attempt.picked_up = True
            attempt.far_uniqueid = dialled
            self._far[dialled] = attempt
            self._tell(CallerDialled(attempt.order.call))

    def _dial_state(self, message: AmiMessage) -> None:
        if message.get("DialStatus") != "RINGING":
            return
        attempt = self._of_caller(message["DestUniqueid"])
        if attempt is not None:
            self._tell(CallerRang(attempt.order.call))

    def _dial_end(self, message: AmiMessage) -> None:
        uniqueid, status = message["DestUniqueid"], message["DialStatus"]
        attempt = self._first_leg(uniqueid)
        if attempt is not None:
            attempt.dial_status = status
            attempt.picked_up = attempt.picked_up or status == "ANSWER"
        caller = self._of_caller(uniqueid)
        if caller is not None and status == "NOANSWER":
            caller.far_cause = NO_ANSWER  # its Hangup says 0 when our own time for it is over
        if caller is not None and status == "ANSWER":
            caller.far_answered = True
            self._tell(CallerAnswered(caller.order.call))

    def _of_caller(self, uniqueid: str) -> Attempt | None:
        """Return the attempt whose caller's leg has this Uniqueid."""
        attempt = self._first_leg(uniqueid) or self._far.get(uniqueid)
        return attempt if attempt is not None and attempt.caller_uniqueid == uniqueid else None

    def _either(self, uniqueid: str) -> Attempt | None:
        """Return the attempt, operator first, one of whose legs this is."""
        attempt = self._first_leg(uniqueid) or self._far.get(uniqueid)
        return attempt if attempt is not None and attempt.side is Side.OPERATOR else None

    def _bridge_enter(self, message: AmiMessage) -> None:
        attempt = self._either(message["Uniqueid"])
        if attempt is None:
            return
        attempt.bridges[message["Uniqueid"]] = message["BridgeUniqueid"]
        both = {attempt.bridges.get(attempt.uniqueid), attempt.bridges.get(attempt.far_uniqueid, "")}
        if not attempt.talking and len(both) == 1:
            self._talk_began(attempt, self._board.now())

    def _talk_began(self, attempt: Attempt, at: Instant | None) -> None:
        attempt.talking = attempt.far_answered = True
        order = attempt.order
        self._tell(CallerAnswered(order.call))
        if order.offer is not None:
            self._board.post(OfferAnswered(order.offer))
        elif order.agent is not None:
            self._board.post(TalkFound(order.call, order.queue, order.agent, order.number, attempt.began_at, at))

    def _user_event(self, message: AmiMessage) -> None:
        """Take in the key of an operator whose own leg is here; any other's the switchboard knows."""
        attempt = self._first_leg(message["Uniqueid"])
        if attempt is None or attempt.side is not Side.OPERATOR or attempt.order.agent is None:
            return
        if message["UserEvent"] == QUESTIONED:
            self._board.post(QuestioningMarked(attempt.order.agent, BY_KEY))

    def _hangup_request(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        attempt = self._either(uniqueid)
        if attempt is None or attempt.hung_up_by is not None:
            return
        if message.event == "SoftHangupRequest" and message.get("Cause") != "44":
            return  # Asterisk's own way of ending a leg whose dialplan is done
        attempt.hung_up_by = Party.CALLER if uniqueid == attempt.far_uniqueid else Party.AGENT

    def _hangup(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        cause = int(message.get("Cause") or NORMAL_CLEARING)
        far = self._far.get(uniqueid)
        if far is not None:
            far.far_cause = cause or far.far_cause
            return
        attempt = self._first_leg(uniqueid)
        if attempt is not None:
            self._over(attempt, cause)

    def _over(self, attempt: Attempt, cause: int) -> None:
        """The leg that was originated is gone, and with it the other."""
        if not self._drop(attempt):
            return
        if attempt.talking:
            self._talk_over(attempt, cause)
        elif attempt.then is not None:
            self._originate(attempt.then)
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

    def _originate_response(self, message: AmiMessage) -> None:
        attempt = self._first_leg(message.action_id or "")
        if attempt is not None and message.get("Response") == "Failure" and not attempt.channel:
            self._no_way(attempt, "Asterisk made no channel")

    # -- after a connection is up ----------------------------------------------------------------------------------

    def resynchronise(self, present: Mapping[str, AmiMessage]) -> list[LiveAttempt]:
        """Bring the attempts into line with the channels that exist; return those that are alive.

        Args:
            present: All channels of the server, by Uniqueid, as `Status` tells them.
        """
        for attempt in list(self._attempts.values()):
            if attempt.uniqueid not in present:
                self._vanished(attempt)
        live = []
        for uniqueid, channel in present.items():
            leg = parse_leg(uniqueid)
            if leg is None or leg.server != self._board.server:
                continue
            attempt = self._attempts.get(leg.call) or self._adopt(uniqueid, leg.call, leg.side, channel)
            live.append(self._look_at(attempt, channel, present))
        return live

    def _vanished(self, attempt: Attempt) -> None:
        """The channels are gone and nobody told how. What is not reported here, the book finds missing."""
        if self._drop(attempt) and attempt.talking:
            self._board.post(CallerHungUp(attempt.order.call, 0, Party.SYSTEM))

    def _adopt(self, uniqueid: str, call: CallId, side: Side, channel: AmiMessage) -> Attempt:
        """Take up an attempt that a daemon before us has begun."""
        variables = channel.variables
        entered = variables.get("ACD_ENTERED") or ""
        order = DialOut(
            call=call,
            queue=QueueName(variables.get("ACD_LINE", "")),
            number=variables.get("ACD_NUMBER", ""),
            dialled="",
            endpoint="",
            caller_id="",
            first=side,
            ring_s=0.0,
            operator_ring_s=0.0,
            agent=AgentId(variables["ACD_AGENT"]) if variables.get("ACD_AGENT") else None,
        )
        began_at = self._board.clock.ours(float(entered)) if entered else self._board.now()
        attempt = Attempt(order, uniqueid, began_at, channel=channel["Channel"])
        self._attempts[call] = attempt
        return attempt

    def _look_at(self, attempt: Attempt, channel: AmiMessage, present: Mapping[str, AmiMessage]) -> LiveAttempt:
        order, bridge = attempt.order, channel.get("BridgeID") or ""
        attempt.picked_up = attempt.picked_up or channel.get("ChannelState") == UP
        if attempt.side is Side.CALLER:
            agent = None
            if bridge and (leg := self._board.legs.call(order.call)) is not None and leg.talk is not None:
                agent = leg.talk.agent
            return LiveAttempt(order.call, LiveStage.TALKING if bridge else _stage(channel), agent)
        far = next((c for c in present.values() if c.get("Linkedid") == attempt.uniqueid and c is not channel), None)
        if far is None:
            return LiveAttempt(order.call, LiveStage.OPERATOR, order.agent)
        attempt.far_uniqueid = far["Uniqueid"]
        self._far[attempt.far_uniqueid] = attempt
        if bridge and far.get("BridgeID") == bridge:
            if not attempt.talking:
                answered = channel.variables.get("ACD_ANSWERED")
                self._talk_began(attempt, Instant(int(answered) / 1000) if answered else None)
                if order.agent is not None:
                    self._board.mark_found(order.agent, channel.variables.get("ACD_QUESTIONED", ""))
            return LiveAttempt(order.call, LiveStage.TALKING, order.agent)
        return LiveAttempt(order.call, _stage(far), order.agent)


def _stage(channel: AmiMessage) -> LiveStage:
    """Return how far the caller's leg is, from the state of its channel."""
    match channel.get("ChannelState"):
        case "6":
            return LiveStage.CONNECTED
        case "5":
            return LiveStage.RINGING
        case _:
            return LiveStage.DIALLING


def _headers(attempt: Attempt, clock: ServerClock) -> dict[str, str | list[str]]:
    """Return the Originate of an attempt's first leg. Its variables tell a daemon after us what it is."""
    order = attempt.order
    caller_first = attempt.side is Side.CALLER
    variables = {
        "__ACD_CALL": order.call,
        "ACD_LINE": order.queue,
        "ACD_NUMBER": order.number,
        "ACD_ENTERED": f"{clock.theirs(attempt.began_at):.3f}",
        "ACD_STAGE": "waiting",
    }
    if not caller_first:
        variables |= {
            "ACD_DIALLED": order.dialled,
            "ACD_RING": str(math.ceil(order.ring_s)),
            "ACD_AGENT": order.agent or "",
        }
    return {
        "ActionID": attempt.uniqueid,
        "ChannelId": attempt.uniqueid,
        "Channel": f"PJSIP/{order.dialled}@{order.endpoint}" if caller_first else f"PJSIP/{order.telephone}",
        "Context": CONTEXT[attempt.side],
        "Exten": order.queue,
        "Priority": "1",
        "Timeout": str(round(1000 * (order.ring_s if caller_first else order.operator_ring_s))),
        # What the called side sees: the line's number, or on the operator's telephone who is called back.
        "CallerID": f"<{order.caller_id if caller_first else order.number}>",
        "Async": "true",
        "Variable": [f"{name}={value}" for name, value in variables.items()],
    }

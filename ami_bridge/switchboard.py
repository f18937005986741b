"""From Asterisk's events to the engine's inputs, for one server.

This file decides what an AMI event means: whose channel it is, when a talk has begun and ended, who ended it, and why
an offer came to nothing. It keeps the legs (`legs.py`) and does no I/O of its own: inputs go out through `post`,
channels to be hung up through `hang_up`.

Facts of Asterisk used here, each tried on 16.28 and 22.10:

- `Newchannel` of a dialled telephone carries the caller's Linkedid; `DialBegin` names both channels and comes after it.
- Both channels of a talk send `BridgeEnter` with one BridgeUniqueid; the talk begins with the second.
- Whoever hangs up sends `HangupRequest`; a time-out of the media sends `SoftHangupRequest` and no `HangupRequest`; the
  other side's channel sends neither. `Hangup` comes last, with the cause.
- `BlindTransfer` names the operator's channel before it is hung up; the caller's channel goes on in the dialplan.
- A telephone that did not answer leaves `DialEnd` with its DialStatus, then `Hangup` with the cause that tells a
  refusal (21) from a telephone that could not be reached.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ami_bridge.arrivals import Arrivals
from ami_bridge.desks import Desks, Telephone
from ami_bridge.handed import Handed, OutsideVisit, parse_handed, parse_outside
from ami_bridge.legs import BackInLineOrder, CallLeg, LegBook, OperatorLeg
from ami_bridge.message import AmiMessage
from ami_bridge.outgoing_legs import parse_leg
from ami_bridge.server_clock import ServerClock
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    CallArrived,
    CallerHungUp,
    CallLost,
    Input,
    OfferAnswered,
    OfferFailed,
    Party,
    QuestioningMarked,
    RingFailure,
    TalkEnded,
    TalkFound,
)

NORMAL_CLEARING: Final = 16
OUR_CONTEXTS: Final = ("acd-incoming", "acd-line", "acd-ended")
"""Contexts of a caller's channel that is in our dialplan and not in a destination."""
MEDIA_TIMEOUT: Final = 44
"""What Asterisk gives a channel whose party has sent no speech for `rtp_timeout` (tried)."""
QUESTIONED: Final = "ACDQuestioned"
"""The dialplan's event when an operator has pressed the key that marks the end of questioning."""
OUTSIDE_ENDED: Final = "ACDOutside"
"""The dialplan's event when a caller who was handed on to somebody outside is back, or gone."""
BY_KEY: Final = "key"
"""Who marked it then."""
CALL_REJECTED: Final = 21
USER_BUSY: Final = 17

# DIALSTATUS and DialEnd's DialStatus share these words (app_dial.c, dial.c).
FAILURE_BY_DIAL_STATUS: Final[Mapping[str, RingFailure]] = {
    "NOANSWER": RingFailure.NO_ANSWER,
    "BUSY": RingFailure.BUSY,
    "CANCEL": RingFailure.CANCELLED,
    "ANSWER": RingFailure.REFUSED,
}


def ring_failure(dial_status: str, cause: int) -> RingFailure:
    """Return why a telephone did not answer, from the status of the Dial and the Q.850 cause of its channel's end.

    A refusal (SIP 603) and an unreachable telephone share the status CHANUNAVAIL; the cause tells them apart. Some
    telephones send 486 for "refuse": that is BUSY and cannot be told from being busy.
    """
    if cause == CALL_REJECTED:
        return RingFailure.REFUSED
    if cause == USER_BUSY:
        return RingFailure.BUSY
    return FAILURE_BY_DIAL_STATUS.get(dial_status, RingFailure.UNREACHABLE)


async def _at_once() -> None:
    """Of a board without a link: there is nothing to wait for."""


@dataclass(slots=True)
class _ForeignChannel:
    telephone: Telephone
    channel: str
    bridge: str


class Switchboard:
    """Events of one Asterisk server, as they come over AMI."""

    def __init__(
        self,
        server: str,
        desks: Desks,
        post: Callable[[Input], None],
        hang_up: Callable[[str], None],
        hush: Callable[[str], None],
        key_pressed: Callable[[CallId, str], None],
        now: Callable[[], Instant],
    ) -> None:
        self.server = server
        self.legs = LegBook(server)
        self.clock = ServerClock(server)
        self.desks = desks
        self.post = post
        self._hang_up = hang_up
        self.hush = hush
        """Stops what is being played on a channel."""
        self._key_pressed = key_pressed
        self.now = now
        self._foreign: dict[str, _ForeignChannel] = {}
        self._caller_in: dict[str, CallLeg] = {}
        self.arrivals = Arrivals()
        self.take_up: Callable[[], Awaitable[None]] = _at_once
        """Takes up the calls that Asterisk has and that never came to us."""
        self.fetch: Callable[[CallLeg], None] = lambda _: None
        """Brings a call to us whose session is lost and does not come back by itself."""
        self.line_of: Callable[[str], QueueName | None] = lambda _: None
        self.last_operator_of: Callable[[str], AgentId | None] = lambda _: None
        """Who talked last to the caller of a number."""
        """The line of a dialled number."""
        self.caught_up: Callable[[], Awaitable[None]] = _at_once
        """Returns when all events have come in that Asterisk has sent before, or the link is lost."""
        self.unseen_end: Callable[[str], None] | None = None
        """Told the Uniqueid of a channel of our dialplan that ended without ever having come to us."""
        self.outside_ended: Callable[[OutsideVisit], None] | None = None
        """Told of callers' visits to somebody outside, at their end."""
        self.attended: Callable[[AmiMessage], None] | None = None
        """Told of attended transfers."""
        self.handed: Callable[[CallLeg, Handed], None] | None = None
        """Told of a caller who was handed on and has come to a line with it, before the engine is."""
        self.link_up = False
        """Whether events come in at all; without them the FastAGI sessions tell what they can."""
        self.hung_up_since_resync: set[str] | None = None
        """Uniqueids that ended while a resynchronisation reads the channels; None when none is running."""
        self._handlers: dict[str, Callable[[AmiMessage], None]] = {
            "Newchannel": self._newchannel,
            "DialBegin": self._dial_begin,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridge_enter,
            "HangupRequest": self._hangup_request,
            "SoftHangupRequest": self._soft_hangup_request,
            "Hangup": self._hangup,
            "DTMFEnd": self._dtmf_end,
            "ContactStatus": self._contact_status,
            "BlindTransfer": self._blind_transfer,
            "AttendedTransfer": self._attended_transfer,
            "UserEvent": self._user_event,
        }

    @property
    def wanted_events(self) -> frozenset[str]:
        """The names of all events that mean anything here."""
        return frozenset(self._handlers)

    def on_event(self, message: AmiMessage) -> None:
        """Take in one event; unknown ones are ignored."""
        handler = self._handlers.get(message.event)
        if handler is not None:
            handler(message)

    # -- channels come up ------------------------------------------------------------------------------------------

    def _newchannel(self, message: AmiMessage) -> None:
        if self.legs.caller(message["Uniqueid"]) is None:  # events may come later than the session
            self.arrivals.saw(message, self.now())
        self.telephone_found(message["Channel"], message["Uniqueid"], message["Linkedid"], "")

    def telephone_found(self, channel: str, uniqueid: str, linkedid: str, bridge: str) -> None:
        """There is this channel; if it is an operator's telephone, it rings for an offer of ours or is foreign."""
        telephone = self.desks.telephone_of_channel(self.server, channel)
        if telephone is None or parse_leg(uniqueid) is not None:
            return  # an operator's leg of a call-back is followed by `outgoing.py`
        if self.legs.operator(uniqueid) is None:
            self._bind_pending(self.legs.caller(linkedid), telephone, channel, uniqueid)
        found = self.legs.operator(uniqueid)
        if found is not None:
            found[1].bridge = bridge
        elif uniqueid not in self._foreign:
            self._foreign[uniqueid] = _ForeignChannel(telephone, channel, bridge)
            self.desks.foreign_began(telephone, uniqueid)

    def foreign_ended(self, telephone: Telephone, uniqueid: str) -> None:
        """That channel is gone, or has turned out to be ours."""
        if self._foreign.pop(uniqueid, None) is not None:
            self.desks.foreign_ended(telephone, uniqueid)

    def foreign_channel(self, uniqueid: str) -> tuple[Telephone, str] | None:
        """Return the telephone and the name of a channel that no offer of ours explains."""
        foreign = self._foreign.get(uniqueid)
        return None if foreign is None else (foreign.telephone, foreign.channel)

    def forget_call(self, call: CallLeg) -> None:
        """The channel lives on, but not as a call of a line."""
        self._caller_done(call)

    def uniqueids(self) -> set[str]:
        """Return the Uniqueids of all channels that we believe to exist."""
        return self.legs.uniqueids() | self._foreign.keys()

    def forget_foreign_channel(self, uniqueid: str) -> AgentId | None:
        """Forget a foreign channel that is gone; return the operator whom it kept busy."""
        foreign = self._foreign.get(uniqueid)
        if foreign is None:
            return None
        self.foreign_ended(foreign.telephone, uniqueid)
        return self.desks.agent_at(foreign.telephone)

    def forget_foreign(self, present: Collection[str]) -> None:
        """Forget the foreign channels that are not among the present ones."""
        for uniqueid, foreign in list(self._foreign.items()):
            if uniqueid not in present:
                self.foreign_ended(foreign.telephone, uniqueid)

    def _dial_begin(self, message: AmiMessage) -> None:
        uniqueid = message["DestUniqueid"]
        if self.legs.operator(uniqueid) is not None:
            return
        channel = message["DestChannel"]
        telephone = self.desks.telephone_of_channel(self.server, channel)
        if telephone is None:
            return
        # The Linkedid of a transferred caller is not his Uniqueid: Newchannel could not tell, DialBegin can.
        if self._bind_pending(self.legs.caller(message.get("Uniqueid") or ""), telephone, channel, uniqueid):
            self.foreign_ended(telephone, uniqueid)

    def _bind_pending(self, call: CallLeg | None, telephone: Telephone, channel: str, uniqueid: str) -> bool:
        if call is None:
            return False
        for leg in call.legs:
            if not leg.uniqueid and leg.telephone == telephone.name:
                self.legs.bind(call, leg, channel, uniqueid)
                if leg.withdrawn:
                    self._hang_up(channel)
                return True
        return False

    def _dial_end(self, message: AmiMessage) -> None:
        found = self.legs.operator(message["DestUniqueid"])
        if found is not None:
            found[1].dial_status = message["DialStatus"]

    # -- talks -----------------------------------------------------------------------------------------------------

    def _bridge_enter(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        bridge = message["BridgeUniqueid"]
        call = self.legs.caller(uniqueid)
        if call is not None:
            if not call.transferred:  # else he is with whoever he was handed to, and this call is nearly over
                self._caller_in_bridge(call, bridge, self.now(), seen=True)
            return
        found = self.legs.operator(uniqueid)
        if found is not None:
            call, leg = found
            leg.bridge = bridge
            if call.bridge == bridge and not leg.talking:
                self._talk_began(leg)
            return
        foreign = self._foreign.get(uniqueid)
        if foreign is not None:
            # Not dialled by us: an own call of the operator, or a Dial or Queue() that outlived a daemon of ours.
            foreign.bridge = bridge
            caller = self._caller_in.get(bridge)
            if caller is not None:
                self.adopt_talk(caller, foreign.telephone, foreign.channel, uniqueid, self.now())

    def caller_found_in_bridge(self, call: CallLeg, bridge: str, answered_at: Instant | None) -> None:
        """Resynchronisation found the caller's channel in this bridge; whoever else is there talks with him."""
        self._caller_in_bridge(call, bridge, answered_at, seen=False)

    def _caller_in_bridge(self, call: CallLeg, bridge: str, answered_at: Instant | None, *, seen: bool) -> None:
        self._caller_in.pop(call.bridge, None)
        call.bridge = bridge
        self._caller_in[bridge] = call
        for leg in call.legs:
            if leg.bridge != bridge or leg.talking:
                continue
            if seen or answered_at is None:
                self._talk_began(leg)
            else:
                leg.talking = True
                self.post(TalkFound(call.call, call.queue, leg.agent, call.caller, call.entered_at, answered_at))
        mates = [(u, f) for u, f in self._foreign.items() if f.bridge == bridge]
        for mate, foreign in mates:
            self.adopt_talk(call, foreign.telephone, foreign.channel, mate, answered_at)

    def _talk_began(self, leg: OperatorLeg) -> None:
        leg.talking = True
        if leg.offer is not None:
            self.post(OfferAnswered(leg.offer))

    def adopt_talk(
        self, call: CallLeg, telephone: Telephone, channel: str, uniqueid: str, answered_at: Instant | None
    ) -> None:
        """Take a talk that no offer of ours explains for what it is: this call with whoever sits at the telephone."""
        if call.talk is not None:
            return  # the caller comes to a second talk: `attended.py` is told which
        self.foreign_ended(telephone, uniqueid)
        # Nobody logged in there: the fallback rang it. The talk is booked under the telephone's name.
        agent = self.desks.agent_at(telephone) or AgentId(telephone.name)
        leg = OperatorLeg(agent, telephone.name, None, channel, uniqueid, call.bridge, talking=True)
        self.legs.attach(call, leg)
        if not call.introduced:
            self.introduce(call)
        self.post(TalkFound(call.call, call.queue, agent, call.caller, call.entered_at, answered_at))

    # -- channels go down ------------------------------------------------------------------------------------------

    def _hangup_request(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        call = self.legs.caller(uniqueid)
        if call is not None:
            call.hung_up_by = call.hung_up_by or Party.CALLER
            return
        found = self.legs.operator(uniqueid)
        if found is not None:
            found[1].hung_up_by = found[1].hung_up_by or Party.AGENT

    def _soft_hangup_request(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        call = self.legs.caller(uniqueid)
        if call is not None:
            call.hung_up_by = call.hung_up_by or Party.SYSTEM
            return
        found = self.legs.operator(uniqueid)
        if found is not None:
            found[1].hung_up_by = found[1].hung_up_by or Party.SYSTEM

    def _hangup(self, message: AmiMessage) -> None:
        uniqueid = message["Uniqueid"]
        self.arrivals.over(uniqueid)
        if self.hung_up_since_resync is not None:
            self.hung_up_since_resync.add(uniqueid)
        cause = int(message.get("Cause") or NORMAL_CLEARING)
        call = self.legs.caller(uniqueid)
        if call is not None:
            self.caller_gone(call, cause)
            own = self._foreign.get(uniqueid)
            if own is not None:  # an operator who had called a line himself
                self.foreign_ended(own.telephone, uniqueid)
            return
        found = self.legs.operator(uniqueid)
        if found is not None:
            self.operator_gone(*found, cause)
            return
        foreign = self._foreign.get(uniqueid)
        if foreign is not None:
            self.foreign_ended(foreign.telephone, uniqueid)
        elif (message.get("Context") or "").startswith(OUR_CONTEXTS) and self.unseen_end is not None:
            self.unseen_end(uniqueid)

    def caller_gone(self, call: CallLeg, cause: int) -> None:
        """The caller's channel has ended. A talk is over only when the operator's channel is gone too.

        Until then the operator's telephone may still be hanging up and would refuse the next call as busy.
        """
        call.hangup_cause = cause
        call.orders.clear()
        if not call.introduced:
            # It waited where a daemon before us had left it and never came back to us: book it, then its end.
            self.introduce(call)
        if call.talk is None:
            self.post(CallerHungUp(call.call, cause, call.hung_up_by or Party.CALLER))
        self.round_over(call, "CANCEL")
        if not call.legs:
            self._caller_done(call)

    def caller_gone_unseen(self, call: CallLeg) -> None:
        """The session tells that the caller has hung up, and no events come in: a talk has ended with it."""
        for leg in [leg for leg in call.legs if leg.talking]:
            self.legs.drop(call, leg)
        self.caller_gone(call, NORMAL_CLEARING)

    def _caller_done(self, call: CallLeg) -> None:
        self._caller_in.pop(call.bridge, None)
        self.legs.remove(call)

    def operator_gone(self, call: CallLeg, leg: OperatorLeg, cause: int) -> None:
        """An operator's channel has ended: a missed offer, or the end of a talk."""
        was_talking = leg.talking
        if not was_talking and not leg.withdrawn and leg.dial_status == "CANCEL" and call.hangup_cause is None:
            # The caller left the Dial, and most likely the line: his Hangup comes first for the engine, or his session.
            self.legs.unbind(leg)
            return
        self.legs.drop(call, leg)
        if not was_talking:
            if leg.dial_status == "ANSWER":
                # Picked up and dropped before the two were joined: the dialplan must not take it for a talk.
                call.order(BackInLineOrder())
            if leg.offer is not None:
                gone = RingFailure.CANCELLED if leg.withdrawn else ring_failure(leg.dial_status, cause)
                self.post(OfferFailed(leg.offer, gone))
        elif call.hangup_cause is not None:
            self.post(CallerHungUp(call.call, call.hangup_cause, call.hung_up_by or Party.CALLER))
        elif call.hung_up_by is None or leg.hung_up_by is not None:
            # A telephone that fell silent has ended the talk for its side, as one that hung up.
            by = Party.AGENT if cause == MEDIA_TIMEOUT else leg.hung_up_by or Party.SYSTEM
            self.post(TalkEnded(call.call, by, cause, handed_on=call.transferred))
            if call.transferred:
                # The channel lives on, but not as a call of a line: back in one it will be another call.
                self._caller_done(call)
                return
        else:
            # The caller's side ended it and his Hangup, with the cause, is on its way: `caller_gone` will tell.
            return
        if call.hangup_cause is not None and not call.legs:
            self._caller_done(call)

    # -- the FastAGI session's view --------------------------------------------------------------------------------

    def round_over(self, call: CallLeg, dial_status: str) -> None:
        """No Dial runs for this call: telephones that were dialled and never got a channel did not ring.

        Those that did are told by their Hangup, which carries the cause; those that wait in an order are yet to come.
        """
        for leg in [leg for leg in call.legs if not leg.uniqueid and not leg.talking and not call.awaits(leg)]:
            self.legs.drop(call, leg)
            if leg.offer is not None:
                failure = RingFailure.CANCELLED if leg.withdrawn else ring_failure(leg.dial_status or dial_status, 0)
                self.post(OfferFailed(leg.offer, failure))

    def _attended_transfer(self, message: AmiMessage) -> None:
        if self.attended is not None:
            self.attended(message)

    def _blind_transfer(self, message: AmiMessage) -> None:
        # The transferrer's channel is hung up by Asterisk then: no HangupRequest tells who ended the talk.
        found = self.legs.operator(message["TransfererUniqueid"])
        if found is not None:
            found[0].transferred = True
            found[1].hung_up_by = found[1].hung_up_by or Party.AGENT

    # -- the rest --------------------------------------------------------------------------------------------------

    def _dtmf_end(self, message: AmiMessage) -> None:
        # Direction is as Asterisk sees it: Received is what the caller pressed.
        call = self.legs.caller(message["Uniqueid"])
        if call is not None and message["Direction"] == "Received":
            self._key_pressed(call.call, message["Digit"])

    def _user_event(self, message: AmiMessage) -> None:
        """Take in what the dialplan says of an operator in a talk; those of his own leg first `outgoing.py` knows."""
        found = self.legs.operator(message["Uniqueid"])
        if message["UserEvent"] == QUESTIONED and found is not None:
            self.post(QuestioningMarked(found[1].agent, BY_KEY))
        elif message["UserEvent"] == OUTSIDE_ENDED:
            visit = parse_outside(message["Visit"], message["Entry"], self.clock)
            if visit is not None and self.outside_ended is not None:
                self.outside_ended(visit)

    def mark_found(self, agent: AgentId, marked: str) -> None:
        """Resynchronisation found when the operator who talks marked the end of questioning, epoch ms; or no mark."""
        if marked:
            self.post(QuestioningMarked(agent, BY_KEY, self.clock.ours(int(marked) / 1000)))

    def _contact_status(self, message: AmiMessage) -> None:
        name = message.get("EndpointName") or message.get("AOR") or ""
        usable = message["ContactStatus"] not in {"Removed", "Unreachable", "Unknown"}
        self.desks.contact_changed(Telephone(self.server, name), message.get("URI") or "", usable=usable)

    def find_or_add(
        self, call: CallId, queue: QueueName, caller: str, entered_at: Instant, channel: str, uniqueid: str
    ) -> CallLeg:
        """Return the leg of this call, made if it is new."""
        leg = self.legs.call(call)
        if leg is None:
            before = self.legs.caller(uniqueid)
            if before is not None:
                self._gone_to_another_line(before)
            leg = CallLeg(call, self.server, queue, caller, entered_at, channel, uniqueid)
            self.legs.add(leg)
            self.arrivals.over(uniqueid)
        return leg

    def was_handed(self, call: CallLeg, said: str) -> None:
        """Take in what `ACD_HANDED` says of a call that has just come, or was found."""
        handed = parse_handed(said)
        if handed is not None and not call.introduced and self.handed is not None:
            self.handed(call, handed)

    def introduce(self, call: CallLeg, *, greeted: bool = True) -> None:
        """Tell the engine of this call, again where it knew it before we broke off."""
        call.introduced = True
        self.post(
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
            self.legs.drop(call, leg)
            if leg.talking:
                self.post(TalkEnded(call.call, leg.hung_up_by or Party.AGENT, NORMAL_CLEARING, handed_on=True))
            elif leg.offer is not None:
                self.post(OfferFailed(leg.offer, RingFailure.CANCELLED))
        self.lost(call, "gone to another line")

    def lost(self, call: CallLeg, reason: str) -> None:
        """The call's channel is gone and no Hangup told so."""
        self._caller_done(call)
        self.post(CallLost(call.call, reason))

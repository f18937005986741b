"""From Asterisk's events to the engine's inputs, for one server.

This file decides what an AMI event means: whose channel it is and what has happened to it. What follows for the call
is decided beside it: `visits.py` how it comes and ends, `talks.py` when a talk begins. What is known of the channels
is in `legs.py`, `own_calls.py` and `arrivals.py`. No I/O of its own: inputs go out through `post`, channels to be
hung up through `hang_up`.

Facts of Asterisk used here, each tried on 16.28 and 22.10:

- `Newchannel` of a dialled telephone carries the caller's Linkedid; `DialBegin` names both channels and comes after it.
- Both channels of a talk send `BridgeEnter` with one BridgeUniqueid; the talk begins with the second.
- Whoever hangs up sends `HangupRequest`; a time-out of the media sends `SoftHangupRequest` and no `HangupRequest`; the
  other side's channel sends neither. `Hangup` comes last, with the cause.
- `BlindTransfer` names the operator's channel before it is hung up; the caller's channel goes on in the dialplan.
- A telephone that did not answer leaves `DialEnd` with its DialStatus, then `Hangup` with the cause that tells a
  refusal (21) from a telephone that could not be reached.
"""

from collections.abc import Awaitable, Callable
from math import inf
from typing import Final

from ami_bridge.arrivals import Arrivals
from ami_bridge.causes import NORMAL_CLEARING
from ami_bridge.consultations import Consultations
from ami_bridge.desks import Desks, Telephone
from ami_bridge.handed import OutsideVisit, parse_outside
from ami_bridge.legs import CallLeg, LegBook, OperatorLeg
from ami_bridge.meanwhile import Meanwhile
from ami_bridge.message import AmiMessage
from ami_bridge.outgoing_legs import parse_leg
from ami_bridge.own_calls import OwnCalls
from ami_bridge.server_clock import ServerClock
from ami_bridge.talks import Talks
from ami_bridge.unheld import Unheld
from ami_bridge.visits import Visits
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Input, Party, QuestioningMarked

OUR_CONTEXTS: Final = ("acd-incoming", "acd-line", "acd-ended")
"""Contexts of a caller's channel that is in our dialplan and not in a destination."""
QUESTIONED: Final = "ACDQuestioned"
"""The dialplan's event when an operator has pressed the key that marks the end of questioning."""
OUTSIDE_ENDED: Final = "ACDOutside"
"""The dialplan's event when a caller who was handed on to somebody outside is back, or gone."""
BY_KEY: Final = "key"
"""Who marked it then."""


async def _at_once() -> None:
    """Of a board without a link: there is nothing to wait for."""


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
        self.arrivals = Arrivals()
        self.own_calls = OwnCalls(desks)
        self.consultations = Consultations()
        self.visits = Visits(self.legs, self.arrivals, post)
        self.talks = Talks(self.legs, self.own_calls, self.visits, post)
        self.take_up: Callable[[], Awaitable[None]] = _at_once
        """Takes up the calls that Asterisk has and that never came to us."""
        self.sample_clock: Callable[[], Awaitable[None]] = _at_once
        """Has Asterisk asked what its clock shows."""
        self.fetch: Callable[[CallLeg], None] = lambda _: None
        """Brings a call to us whose session is lost and does not come back by itself."""
        self.unheld = Unheld(lambda call: self.fetch(call))  # noqa: PLW0108 - it is set later
        self.line_of: Callable[[str], QueueName | None] = lambda _: None
        """The line of a dialled number."""
        self.longest_wait_s: Callable[[QueueName], float] = lambda _: inf
        """How long anybody waits in a line."""
        self.caught_up: Callable[[], Awaitable[None]] = _at_once
        """Returns when all events have come in that Asterisk has sent before, or the link is lost."""
        self.unseen_end: Callable[[str], None] | None = None
        """Told the Uniqueid of a channel of our dialplan that ended without ever having come to us."""
        self.called_out: Callable[[CallId], CallLeg | None] = lambda _: None
        """Finds the talk of a call-back whose operator was called first: `outgoing.py` follows it."""
        self.outside_ended: Callable[[OutsideVisit], None] | None = None
        """Told of callers' visits to somebody outside, at their end."""
        self.attended: Callable[[AmiMessage], None] | None = None
        """Told of attended transfers."""
        self.link_up = False
        """Whether events come in at all; without them the FastAGI sessions tell what they can."""
        self.meanwhile = Meanwhile()
        """What happens to channels while the list of all is read."""
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

    def link_lost(self) -> None:
        """No more events come in. A session that awaits those of a talk's end books it by itself."""
        self.link_up = False
        for call in self.legs:
            if call.talk is not None and call.wake is not None:
                call.wake()

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
        self.consultations.on_event(message)
        if self.legs.caller(message["Uniqueid"]) is None:  # events may come later than the session
            self.arrivals.saw(message, self.now())
        self.telephone_found(message["Channel"], message["Uniqueid"], message["Linkedid"], "")

    def telephone_found(self, channel: str, uniqueid: str, linkedid: str, bridge: str) -> None:
        """There is this channel; if it is an operator's telephone, it rings for an offer of ours or is in use."""
        telephone = self.desks.telephone_of_channel(self.server, channel)
        if telephone is None or parse_leg(uniqueid) is not None:
            return  # an operator's leg of a call-back is followed by `outgoing.py`
        if self.legs.operator(uniqueid) is None:
            self._bind_pending(self.legs.caller(linkedid), telephone, channel, uniqueid)
        found = self.legs.operator(uniqueid)
        if found is not None:
            found[1].bridge = bridge
        else:
            self.own_calls.began(telephone, channel, uniqueid, bridge, linkedid)

    def talk_of(self, call: CallId) -> tuple[CallLeg, OperatorLeg] | None:
        """Return caller and operator of a call who talk, whichever of the two was called first."""
        found = self.legs.call(call) or self.called_out(call)
        if found is None or found.talk is None or not found.talk.channel:
            return None
        return found, found.talk

    def uniqueids(self) -> set[str]:
        """Return the Uniqueids of all channels that we believe to exist."""
        return self.legs.uniqueids() | self.own_calls.uniqueids()

    def _dial_begin(self, message: AmiMessage) -> None:
        self.consultations.on_event(message)
        uniqueid = message["DestUniqueid"]
        if self.legs.operator(uniqueid) is not None:
            return
        channel = message["DestChannel"]
        telephone = self.desks.telephone_of_channel(self.server, channel)
        if telephone is None:
            return
        # The Linkedid of a transferred caller is not his Uniqueid: Newchannel could not tell, DialBegin can.
        if self._bind_pending(self.legs.caller(message.get("Uniqueid") or ""), telephone, channel, uniqueid):
            self.own_calls.ended(uniqueid)

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
        self.consultations.on_event(message)
        found = self.legs.operator(message["DestUniqueid"])
        if found is not None:
            found[1].dial_status = message["DialStatus"]
        elif message["DialStatus"] == "ANSWER":
            self.own_calls.picked_up(message["DestUniqueid"])

    def _bridge_enter(self, message: AmiMessage) -> None:
        uniqueid, bridge, now = message["Uniqueid"], message["BridgeUniqueid"], self.now()
        self.meanwhile.entered(uniqueid, bridge, now)
        self.talks.entered(uniqueid, bridge, now)

    # -- channels go down ------------------------------------------------------------------------------------------

    def _hangup_request(self, message: AmiMessage) -> None:
        self._ended_by(message["Uniqueid"], Party.CALLER, Party.AGENT)

    def _soft_hangup_request(self, message: AmiMessage) -> None:
        self._ended_by(message["Uniqueid"], Party.SYSTEM, Party.SYSTEM)

    def _ended_by(self, uniqueid: str, if_callers: Party, if_operators: Party) -> None:
        """Note who ends it by this channel; whoever was the first stays it."""
        call = self.legs.caller(uniqueid)
        if call is not None:
            call.hung_up_by = call.hung_up_by or if_callers
            return
        found = self.legs.operator(uniqueid)
        if found is not None:
            found[1].hung_up_by = found[1].hung_up_by or if_operators

    def _hangup(self, message: AmiMessage) -> None:
        self.consultations.on_event(message)
        uniqueid = message["Uniqueid"]
        self.arrivals.over(uniqueid)
        self.meanwhile.ended(uniqueid)
        cause = int(message.get("Cause") or NORMAL_CLEARING)
        call = self.legs.caller(uniqueid)
        if call is not None:
            self.visits.caller_gone(call, cause)
            self.own_calls.ended(uniqueid)  # of an operator who had called a line himself
            return
        found = self.legs.operator(uniqueid)
        if found is not None:
            self.visits.operator_gone(*found, cause)
            return
        unseen = self.own_calls.ended(uniqueid) is None and (message.get("Context") or "").startswith(OUR_CONTEXTS)
        if unseen and self.unseen_end is not None:
            self.unseen_end(uniqueid)

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

"""Attended transfers: an operator has asked a colleague first and now joins the caller to him.

Asterisk moves the caller's channel into the bridge of the second talk and ends both channels of the operator. The
caller's dialplan stays where it is, inside the Dial of the first talk. So there is no new session as with a blind
transfer: the visit that follows begins here, and what the dialplan needs for its journal is written onto the channel.

An operator who asks a line waits in it with a channel of the pair that dials for him, as a call of its own. Once
somebody has answered, joining is as with any colleague; before that, the caller is sent into the line.

Facts of Asterisk used here, tried on 16.28 and 22.10: `AttendedTransfer` comes after `BridgeEnter` of the caller in the
colleague's bridge and before the `Hangup` of the operator's two channels; it names all four channels. Where the
operator's second channel is in no bridge yet it comes with `DestType` App and names no target; the caller's channel,
with its name, Uniqueid and variables, then takes the place in the dialplan of the operator's second one. With `DestApp`
Dial the colleague either still rings, or has answered in this instant (`DialEnd` ANSWER has come) and is about to be
bridged.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ami_bridge.causes import NORMAL_CLEARING
from ami_bridge.consultations import Consultation
from ami_bridge.handed import first_visit, visit_after
from ami_bridge.legs import CallLeg, LeaveOrder, OperatorLeg
from ami_bridge.message import AmiMessage
from ami_bridge.switchboard import Switchboard
from queue_engine.ids import AgentId, CallId, QueueName
from queue_engine.inputs import CallArrived, CallerHungUp, Party, TalkEnded, TalkFound

PART_KEY: Final = "A"
"""A key that telephones do not have, and a feature of our dialplan (`acd-part`).

AMI's own action that begins a recording would need the class `system`; a key can be pressed for a channel (`PlayDTMF`
with `Receive`, tried on 16.28 and 22.10).
"""
OPERATORS_CONTEXT: Final = "acd-operators"
"""What operators' telephones may dial."""


class AttendedTransfers:
    """Those of one server."""

    def __init__(
        self,
        board: Switchboard,
        set_variables: Callable[[str, Mapping[str, str]], None],
        redirect: Callable[[str, str, str], None],
        joined: Callable[[CallId, QueueName, AgentId, CallLeg, AgentId | None], None],
        joined_outside: Callable[[CallLeg, OperatorLeg, str, str], bool],
        has_to_be_asked: Callable[[CallId, str], bool],
    ) -> None:
        """Take what it works with.

        Args:
            board: The server's switchboard.
            set_variables: Writes variables onto a channel.
            redirect: Sends a channel to a context and an extension of the dialplan.
            joined: Told of each: the visit that is over, its line, who handed the caller on, the visit that follows,
                and who has him now; None where he waits in a line.
            joined_outside: Told of a caller who was joined to somebody outside, before the talk is over: by whose leg,
                what was dialled, on which channel; tells whether it knows that number.
            has_to_be_asked: Whether the caller of a call may be joined to a dialled number only once he has agreed.
        """
        self._board = board
        self._set_variables = set_variables
        self._redirect = redirect
        self._joined = joined
        self._joined_outside = joined_outside
        self._has_to_be_asked = has_to_be_asked

    def on_event(self, message: AmiMessage) -> None:
        """Take in an `AttendedTransfer`; one that came to nothing leaves everybody where he was."""
        if message.get("Result") != "Success":
            return
        found = self._talk_of(message)
        if found is None:
            return
        call, leg = found
        if message.get("DestType") == "App":
            self._to_whom_he_dials(call, leg, message)
            return
        # The operator may have called the colleague first and the caller second: whoever is not the caller has him now.
        side = "Transferee" if message.get("TransferTargetUniqueid") == call.uniqueid else "TransferTarget"
        far, channel = message.get(f"{side}Uniqueid") or "", message.get(f"{side}Channel") or ""
        second, dialled = message.get("SecondTransfererUniqueid") or "", message.get("SecondTransfererExten") or ""
        consultation = self._consultation(channel, message)
        if consultation is not None:
            far, channel, dialled = consultation.uniqueid, consultation.channel, consultation.dialled
            if not consultation.answered:
                self._as_blind(call, leg, "", dialled)
                return
        if self._has_to_be_asked(call.call, dialled):
            self._as_blind(call, leg, second, dialled)
            return
        self._hand_on(call, leg, far, channel, dialled)

    def _talk_of(self, message: AmiMessage) -> tuple[CallLeg, OperatorLeg] | None:
        """Return whose caller is handed on, and the operator's leg."""
        board = self._board
        found = board.legs.operator(message["OrigTransfererUniqueid"]) or board.legs.operator(
            message.get("SecondTransfererUniqueid") or ""
        )
        if found is not None:
            return found if found[1].talking else None
        # Whoever asks by key and hangs up the moment a telephone rings may be gone before the transfer is told.
        call = board.legs.caller(message.get("TransfereeUniqueid") or "")
        channel = message.get("OrigTransfererChannel") or ""
        telephone = board.desks.telephone_of_channel(board.server, channel)
        asked = self._consultation(message.get("TransferTargetChannel") or "", message)
        if call is None or call.talk is not None or telephone is None or asked is None:
            return None
        agent = board.desks.agent_at(telephone) or AgentId(telephone.name)
        return call, OperatorLeg(agent, telephone.name, None, channel)

    def _consultation(self, channel: str, message: AmiMessage) -> Consultation | None:
        """Return whom the operator asked by key.

        One who hangs up while it rings has the first half of the pair moved from his bridge to the caller's: the event
        that Asterisk makes in this moment finds it in neither and names no target (7 of 28 on 16.28 and 22.10).
        """
        consultations = self._board.consultations
        if channel:
            return consultations.by_channel(channel)
        return consultations.by_linkedid(message.get("OrigTransfererLinkedid") or "")

    def _to_whom_he_dials(self, call: CallLeg, leg: OperatorLeg, message: AmiMessage) -> None:
        """The operator's second call is no talk yet."""
        second = message.get("SecondTransfererUniqueid") or ""
        waits = self._board.legs.caller(second)
        answering = self._board.own_calls.answering(second)
        if waits is not None and waits is not call:
            self._takes_place(call, leg, waits)
        elif answering is not None:
            self._hand_on(call, leg, answering.uniqueid)
        elif message.get("SecondTransfererContext") == OPERATORS_CONTEXT:
            self._as_blind(call, leg, second, message["SecondTransfererExten"])
        else:
            self._hand_on(call, leg, "")

    def _as_blind(self, call: CallLeg, leg: OperatorLeg, second: str, extension: str) -> None:
        """It still rings there: the caller is sent to where the operator has dialled, as by a blind transfer.

        So he waits for the colleague in the books, is asked before he is put through to somebody outside, and comes
        back if nobody answers. The telephone that rings stops and, if its owner is free, rings again at once.
        """
        call.transferred = True
        leg.hung_up_by = leg.hung_up_by or Party.AGENT

        def send() -> None:
            # What Asterisk writes at a blind transfer, from which the dialplan reads who has handed him on.
            self._set_variables(call.channel, {"BLINDTRANSFER": leg.channel})
            self._redirect(call.channel, OPERATORS_CONTEXT, extension)

        # Until the operator's channel is gone the caller is not in its place, and Asterisk forgets where he was sent.
        own = self._board.own_calls.get(second)
        if own is None:
            send()
        else:
            own.when_over = send

    def _hand_on(self, call: CallLeg, leg: OperatorLeg, far: str, channel: str = "", dialled: str = "") -> None:
        board, now = self._board, self._board.now()
        before, queue = call.call, call.queue
        outside = self._joined_outside(call, leg, dialled, channel)
        board.legs.drop(call, leg)
        board.post(TalkEnded(before, Party.AGENT, NORMAL_CLEARING, handed_on=True))
        taken_by = None if outside else self._whoever(far, call)
        if taken_by is None:
            board.legs.remove(call)  # not to one of ours: what follows is no talk of a line
            return
        board.legs.rename(call, visit_after(before, first_visit(call.server, call.uniqueid)))
        call.entered_at, call.known_before, call.turns, call.hung_up_by = now, False, (), None
        # Not greeted, so that nobody is rung for it in the moment before the talk is told.
        board.post(CallArrived(call.call, queue, call.caller, now, greeted=False))
        board.legs.attach(call, taken_by)
        board.post(TalkFound(call.call, queue, taken_by.agent, call.caller, now, now))
        self._joined(before, queue, leg.agent, call, taken_by.agent)
        at = board.clock.theirs(now)
        visit = call.call.rpartition("-")[2]
        written = {"ACD_CALL": call.call, "ACD_VISIT": visit, "ACD_ENTERED": f"{at:.3f}", "ACD_QUESTIONED": ""}
        # The last as Dial has written it for the one before: who talks with him, whatever bridge that one is in.
        written |= {"ACD_ANSWERED": f"{at * 1000:.0f}", "DIALEDPEERNAME": taken_by.channel, "MEMBERINTERFACE": ""}
        self._set_variables(call.channel, written)

    def _takes_place(self, call: CallLeg, leg: OperatorLeg, waits: CallLeg) -> None:
        """The operator waits in a line himself and puts the caller into his place: his visit is the caller's now.

        Asterisk moves the caller's channel, with its name and Uniqueid, to where the operator's is in the dialplan: the
        session there goes on, with somebody else in it.
        """
        board = self._board
        before, queue = call.call, call.queue
        board.legs.drop(call, leg)
        board.post(TalkEnded(before, Party.AGENT, NORMAL_CLEARING, handed_on=True))
        board.legs.remove(call)
        board.legs.rebind(waits, call.channel, call.uniqueid)
        waits.caller = call.caller
        self._joined(before, queue, leg.agent, waits, None)

    def _whoever(self, uniqueid: str, call: CallLeg) -> OperatorLeg | None:
        """Return the leg of whoever talks with the caller now; None if that is no operator of ours."""
        board = self._board
        other = board.legs.operator(uniqueid)
        if other is not None:  # the colleague was reached through a line: that call was the operator's own
            own, leg = other
            board.legs.drop(own, leg)
            board.post(CallerHungUp(own.call, NORMAL_CLEARING, Party.AGENT))
            # Where nobody speaks his session is still between the two: with the colleague's end it is over too.
            own.order(LeaveOrder("hangup"))
            return OperatorLeg(leg.agent, leg.telephone, None, leg.channel, uniqueid, call.bridge, talking=True)
        return board.own_calls.taken(uniqueid, call.bridge)

"""After a connection is up: which attempts Asterisk still holds, and how far each of them is.

The channels' names say which attempt they are of, and their variables what it is, also to a daemon that was started
after it. So no number is called twice because of a restart.
"""

from collections.abc import Mapping
from typing import Final

from ami_bridge import surveys
from ami_bridge.message import AmiMessage
from ami_bridge.outgoing_legs import Attempt, AttemptBook, DialOut, Side, parse_leg
from ami_bridge.outgoing_news import OutgoingNews
from ami_bridge.resync import UP
from ami_bridge.switchboard import Switchboard
from callback.inputs import LiveAttempt
from callback.kinds import LiveStage
from queue_engine.ids import AgentId, CallId, Instant, QueueName

CALLED: Final = "called"
"""`ACD_STAGE` of somebody whom an operator has called back and who has answered."""


class FoundAttempts:
    """Brings one server's attempts into line with its channels."""

    def __init__(self, board: Switchboard, book: AttemptBook, news: OutgoingNews) -> None:
        self._board = board
        self._book = book
        self._news = news

    def resynchronise(self, present: Mapping[str, AmiMessage], read_at: Instant) -> list[LiveAttempt]:
        """Bring the attempts into line with the channels that existed; return those that were alive.

        Args:
            present: All channels of the server, by Uniqueid, as `Status` tells them.
            read_at: When they were read. An attempt that has begun since cannot be among them: those who died with
                Asterisk are called back as soon as that is known.
        """
        for attempt in self._book:
            if attempt.began_at >= read_at:
                continue
            if attempt.uniqueid not in present and self._book.drop(attempt):
                self._news.vanished(attempt)
        live = []
        for uniqueid, channel in present.items():
            leg = parse_leg(uniqueid)
            if leg is None or leg.server != self._board.server:
                continue
            attempt = self._book.get(leg.call) or self._adopt(uniqueid, leg.call, leg.side, channel)
            live.append(self._look_at(attempt, channel, present))
        return live

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
            menu=variables.get("ACD_TO", "") if channel.get("Context") == surveys.CONTEXT else "",
        )
        began_at = self._board.clock.ours(float(entered)) if entered else self._board.now()
        attempt = Attempt(order, uniqueid, began_at, channel=channel["Channel"])
        self._book.add(attempt)
        return attempt

    def _look_at(self, attempt: Attempt, channel: AmiMessage, present: Mapping[str, AmiMessage]) -> LiveAttempt:
        order, bridge = attempt.order, channel.get("BridgeID") or ""
        attempt.picked_up = attempt.picked_up or channel.get("ChannelState") == UP
        if attempt.side is Side.CALLER:
            agent = None
            if bridge and (leg := self._board.legs.call(order.call)) is not None and leg.talk is not None:
                agent = leg.talk.agent
            return LiveAttempt(order.call, LiveStage.TALKING if bridge else _stage(channel), agent)
        far = self._callers(attempt, present)
        if far is None:
            return LiveAttempt(order.call, LiveStage.OPERATOR, order.agent)
        self._book.far_began(attempt, far["Uniqueid"], far["Channel"])
        there = far.get("BridgeID") or ""
        if bridge and there:  # one bridge, or two while he asks somebody
            attempt.bridges |= {attempt.uniqueid: bridge, far["Uniqueid"]: there}
            if not attempt.talking:
                answered = channel.variables.get("ACD_ANSWERED")
                self._news.talk_began(attempt, self._board.clock.ours(int(answered) / 1000) if answered else None)
                if order.agent is not None:
                    self._board.mark_found(order.agent, channel.variables.get("ACD_QUESTIONED", ""))
            return LiveAttempt(order.call, LiveStage.TALKING, order.agent)
        return LiveAttempt(order.call, _stage(far), order.agent)

    def _callers(self, attempt: Attempt, present: Mapping[str, AmiMessage]) -> AmiMessage | None:
        """Return the channel of the caller whom the operator has dialled; None while there is none.

        Whom he asks while he talks has the same Linkedid. Who has answered the call-back is marked as such.
        """
        linked = [c for c in present.values() if c.get("Linkedid") == attempt.uniqueid != c["Uniqueid"]]
        dialled = [c for c in linked if not c["Channel"].startswith("Local/") and not self._is_telephone(c)]
        return next((c for c in linked if c.variables.get("ACD_STAGE") == CALLED), next(iter(dialled), None))

    def _is_telephone(self, channel: AmiMessage) -> bool:
        return self._board.desks.telephone_of_channel(self._board.server, channel["Channel"]) is not None


def _stage(channel: AmiMessage) -> LiveStage:
    """Return how far the caller's leg is, from the state of its channel."""
    match channel.get("ChannelState"):
        case "6":
            return LiveStage.CONNECTED
        case "5":
            return LiveStage.RINGING
        case _:
            return LiveStage.DIALLING

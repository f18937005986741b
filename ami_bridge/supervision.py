"""A supervisor on the telephone: listens to a talk, whispers to the operator, joins in, or takes the caller over.

Listening, whispering and joining are Asterisk's `ChanSpy` on the operator's channel, in a dialplan of our own
(`acd-supervise`): it hangs on that channel from the side, so neither the supervisor's hanging up nor our death touches
the talk. Taking over is `Bridge()` by the caller's channel: the dialplan does it, and brings the caller back to his
line when the supervisor is gone in that moment. Who may do all that is asked before: `acd/supervising.py`.

Facts of Asterisk used here, tried on 16.28 and 22.10: with option `u` ChanSpy stays with the one channel whatever is
pressed; the bridge of a talk that is spied on becomes a simple one and speech goes on; a `Redirect` of the caller out
of the Dial hangs the operator's channel up, with no HangupRequest of either side; `Bridge()` leaves both channels
their names and Uniqueids.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from ami_bridge.client import AmiClient
from ami_bridge.desks import Telephone
from ami_bridge.errors import BridgeError, SupervisionRefused
from ami_bridge.legs import CallLeg, OperatorLeg
from ami_bridge.message import AmiMessage
from ami_bridge.switchboard import Switchboard
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Party

log = structlog.get_logger(__name__)

CONTEXT: Final = "acd-supervise"
TAKEN: Final = "acd-taken"
RING_S: Final = 20.0
"""How long the supervisor's telephone rings when it was not he who dialled."""


_NO_LINE: Final = QueueName("")


class Mode(StrEnum):
    """What a supervisor does in a talk; also the extension of the dialplan."""

    LISTEN = "listen"
    WHISPER = "whisper"
    """Only the operator hears him."""
    JOIN = "join"
    """Both hear him."""
    TAKE = "take"
    """The caller is his, the operator is let go."""


@dataclass(slots=True)
class Watch:
    """One supervisor in one talk."""

    by: str
    telephone: Telephone
    mode: Mode
    agent: AgentId
    call: CallId
    began_at: Instant
    uniqueid: str
    channel: str = ""
    """Of the supervisor's telephone; empty until Asterisk has made one."""
    up: bool = False
    """The supervisor has picked up."""
    ended_as: str = ""
    """Why it came to nothing, where it did."""
    queue: QueueName = _NO_LINE
    """Line of a caller who is being taken over."""
    taken_at: Instant | None = None
    """When caller and supervisor were brought together; None while they are not."""


@dataclass(frozen=True, slots=True)
class SpiedTalk:
    """An operator's talk, as far as a supervisor has to do with it."""

    call: CallId
    telephone: Telephone
    channel: str
    """The operator's: the one that is listened to."""
    legs: tuple[CallLeg, OperatorLeg] | None
    """Caller and operator; None where the operator has called the caller, who has no dialplan to be taken over by."""


class Supervision:
    """All supervisors on the telephone, on all servers."""

    def __init__(
        self,
        boards: Mapping[str, Switchboard],
        client: Callable[[str], AmiClient],
        now: Callable[[], Instant],
        ended: Callable[[Watch], None],
        called_out: Callable[[AgentId], SpiedTalk | None],
        taken: Callable[[Watch], None],
    ) -> None:
        """Make it.

        Args:
            boards: The switchboards, by server.
            client: The AMI link to a server.
            now: Our instant.
            ended: Told of each supervisor who is in a talk no more, or whose telephone was not picked up.
            called_out: Finds the talk of an operator who has called somebody back from his own telephone.
            taken: Told of each supervisor who has taken a caller over, once the two talk.
        """
        self._boards = boards
        self._called_out = called_out
        self._client = client
        self._now = now
        self._ended = ended
        self._taken = taken
        self._watches: dict[str, Watch] = {}
        """By the Uniqueid of the supervisor's channel."""
        self._taking: set[asyncio.Task[None]] = set()

    def watches(self) -> list[Watch]:
        """Return who is in which talk, the earliest first."""
        return list(self._watches.values())

    def at(self, telephone: Telephone) -> Watch | None:
        """Return what the supervisor at this telephone is doing."""
        return next((watch for watch in self._watches.values() if watch.telephone == telephone), None)

    # -- what is asked of us ---------------------------------------------------------------------------------------

    async def begin(self, mode: Mode, agent: AgentId, telephone: Telephone, by: str) -> Watch:
        """Ring the supervisor's telephone and put it into the operator's talk; change what it does if it is in one.

        Raises:
            SupervisionRefused: The operator does not talk, or the telephone cannot be used for it.
        """
        talk = self._talk_of(agent, telephone)
        if mode is Mode.TAKE:
            _both(talk)
        present = self.at(telephone)
        if present is not None:
            await self._change(present, mode, agent, talk, by)
            return present
        uniqueid = f"acd-watch-{telephone.server}-{round(self._now() * 1000)}"
        watch = Watch(by, telephone, mode, agent, talk.call, self._now(), uniqueid)
        self._watches[uniqueid] = watch
        headers: dict[str, str | list[str]] = {
            "ActionID": uniqueid,
            "ChannelId": uniqueid,
            "Channel": f"PJSIP/{telephone.name}",
            "Context": CONTEXT,
            "Exten": _extension(mode),
            "Priority": "1",
            "Timeout": str(round(RING_S * 1000)),
            "CallerID": f"<{agent}>",
            "Async": "true",
            "Variable": [f"ACD_SPIED={talk.channel}"],
        }
        try:
            await self._act(telephone.server, "Originate", headers)
        except SupervisionRefused:
            self._watches.pop(uniqueid, None)
            raise
        return watch

    def dialled(
        self, mode: Mode, agent: AgentId, telephone: Telephone, by: str, channel: str, uniqueid: str
    ) -> tuple[Watch, str]:
        """The supervisor has dialled it himself; return the channel that he is to listen to.

        Raises:
            SupervisionRefused: The operator does not talk, or on another server.
        """
        talk = self._talk_of(agent, telephone)
        if mode is Mode.TAKE:
            _both(talk)
        watch = Watch(by, telephone, mode, agent, talk.call, self._now(), uniqueid, channel, up=True)
        self._watches[uniqueid] = watch
        return watch, talk.channel

    def take_now(self, watch: Watch) -> None:
        """Take the caller over for a supervisor who has picked up."""
        task = asyncio.get_running_loop().create_task(self._take_or_let_go(watch), name="supervisor-takes")
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    def end(self, telephone: Telephone) -> bool:
        """Hang the supervisor up; return whether he was in a talk. A caller whom he has taken over is hung up too."""
        watch = self.at(telephone)
        if watch is None:
            return False
        target = watch.channel or watch.uniqueid
        self._client(telephone.server).post("Hangup", {"Channel": target, "Cause": "16"})
        return True

    def _talk_of(self, agent: AgentId, telephone: Telephone) -> SpiedTalk:
        talk = self._found(agent)
        if talk is None:
            raise SupervisionRefused("agent_talks_not", f"operator {agent} talks to nobody")
        if talk.telephone.server != telephone.server:
            raise SupervisionRefused("telephone_elsewhere", f"{telephone.name} is not on the server of that talk")
        if talk.telephone == telephone:
            raise SupervisionRefused("telephone_busy", f"{telephone.name} is in that talk itself")
        return talk

    def _found(self, agent: AgentId) -> SpiedTalk | None:
        for server, board in self._boards.items():
            for call in board.legs:
                leg = call.talk
                if leg is not None and leg.agent == agent and leg.channel and call.hangup_cause is None:
                    return SpiedTalk(call.call, Telephone(server, leg.telephone), leg.channel, (call, leg))
        return self._called_out(agent)

    async def _change(self, watch: Watch, mode: Mode, agent: AgentId, talk: SpiedTalk, by: str) -> None:
        """Let a supervisor who is in a talk do something else there, or in another talk."""
        if not watch.up or watch.mode is Mode.TAKE:
            raise SupervisionRefused("telephone_busy", f"{watch.telephone.name} rings, or has a caller already")
        watch.agent, watch.call, watch.by = agent, talk.call, by
        if mode is Mode.TAKE:
            await self._take(watch, talk)
            return
        server = watch.telephone.server
        spied = {"Channel": watch.channel, "Variable": "ACD_SPIED", "Value": talk.channel}
        await self._act(server, "Setvar", spied)
        await self._go(server, watch.channel, CONTEXT, _extension(mode))
        watch.mode = mode

    async def _take_or_let_go(self, watch: Watch) -> None:
        """Take the caller; a supervisor who comes too late for that is hung up."""
        try:
            await self._take(watch, self._talk_of(watch.agent, watch.telephone))
        except SupervisionRefused as refused:
            watch.ended_as = refused.code
            log.warning("supervision.failed", telephone=watch.telephone.name, agent=watch.agent, reason=str(refused))
            self.end(watch.telephone)

    async def _take(self, watch: Watch, talk: SpiedTalk) -> None:
        """Bring caller and supervisor together; the operator's talk ends by it.

        First the supervisor's channel leaves ChanSpy, as that ends with the operator's channel.
        """
        if talk.call != watch.call:
            raise SupervisionRefused("agent_talks_not", f"operator {watch.agent} talks to somebody else by now")
        server, (call, leg) = talk.telephone.server, _both(talk)
        await self._go(server, watch.channel, CONTEXT, "wait")
        await self._act(server, "Setvar", {"Channel": call.channel, "Variable": "ACD_TAKEN_BY", "Value": watch.channel})
        # The channel lives on, but this call is over with the operator's talk; nobody of the two has ended it.
        watch.queue = call.queue
        before = (call.transferred, leg.hung_up_by)
        call.transferred, leg.hung_up_by = True, leg.hung_up_by or Party.SYSTEM
        try:
            await self._go(server, call.channel, TAKEN, call.queue)
        except SupervisionRefused:
            call.transferred, leg.hung_up_by = before
            raise
        watch.mode = Mode.TAKE

    async def _go(self, server: str, channel: str, context: str, exten: str) -> None:
        to = {"Channel": channel, "Context": context, "Exten": exten, "Priority": "1"}
        await self._act(server, "Redirect", to)

    async def _act(self, server: str, action: str, headers: Mapping[str, str | list[str]]) -> None:
        try:
            await self._client(server).action(action, headers)
        except BridgeError as error:
            raise SupervisionRefused("server_away", str(error)) from error

    # -- what becomes of it ----------------------------------------------------------------------------------------

    def on_event(self, message: AmiMessage) -> None:
        """Take in one event; nearly always nobody supervises and there is nothing to look at."""
        if not self._watches:
            return
        if message.event == "OriginateResponse":
            self._picked_up(message)
        elif message.event in {"Newchannel", "Hangup", "BridgeEnter"}:
            watch = self._watches.get(message["Uniqueid"])
            if watch is None:
                return
            if message.event == "Hangup":
                self._over(watch)
            elif message.event == "BridgeEnter":
                self._joined(watch)
            else:
                watch.channel = message["Channel"]

    def _joined(self, watch: Watch) -> None:
        """His channel is in a bridge: listening brings it into none, so the caller is his now."""
        if watch.taken_at is None:
            watch.taken_at = self._now()
            self._taken(watch)

    def _picked_up(self, message: AmiMessage) -> None:
        watch = self._watches.get(message.action_id or "")
        if watch is None:
            return
        if message.get("Response") == "Failure":
            watch.ended_as = "not_picked_up"
            self._over(watch)
            return
        watch.up, watch.channel = True, message["Channel"]
        if watch.mode is Mode.TAKE:
            self.take_now(watch)

    def resynchronise(self, server: str, present: Mapping[str, AmiMessage]) -> None:
        """After a break of the link: those whose channel is gone have hung up."""
        for watch in self.watches():
            if watch.telephone.server == server and watch.uniqueid not in present:
                self._over(watch)

    def _over(self, watch: Watch) -> None:
        if self._watches.pop(watch.uniqueid, None) is not None:
            self._ended(watch)


def _both(talk: SpiedTalk) -> tuple[CallLeg, OperatorLeg]:
    if talk.legs is None:
        raise SupervisionRefused("take_impossible", "who was called back by the operator cannot be taken over")
    return talk.legs


def _extension(mode: Mode) -> str:
    """Return where the supervisor's channel begins: who takes over listens until the caller is his."""
    return Mode.LISTEN if mode is Mode.TAKE else mode

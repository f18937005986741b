"""One waiting caller's FastAGI session: greeting, music, the Dial of an offer, and the way out.

The session does what the call's orders say, one AGI command at a time; it decides nothing. It may break at any time
and come back as a new one for the same call, so whatever must outlive it is kept in the `CallLeg`.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, assert_never

import structlog

from ami_bridge.agi_server import AgiSession
from ami_bridge.causes import NORMAL_CLEARING
from ami_bridge.ended import FAMILY
from ami_bridge.errors import AgiError, AgiHungUp, AgiLost
from ami_bridge.handed import first_visit
from ami_bridge.legs import (
    BackInLineOrder,
    CallLeg,
    DialOrder,
    LeaveOrder,
    MovedOrder,
    OperatorLeg,
    Order,
    SayOrder,
    is_call_of,
)
from ami_bridge.switchboard import Switchboard
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.inputs import GreetingEnded, Input, Party, TalkEnded, TalkFound

log = structlog.get_logger(__name__)

TAKE_UP_LIMIT_S: Final = 0.3
"""How long a caller is kept waiting for those who should have come before him to be looked for, or for the time."""
STAGES_GREETED: Final = frozenset({"waiting", "returned"})


@dataclass(frozen=True, slots=True)
class LineSound:
    """What a caller of this line hears while he waits."""

    greeting: str = ""
    """Name of a sound file, played once to its end before the first offer; empty for none."""
    music: str = "default"
    """Class of music on hold."""
    notice: str = ""
    """Tells that talks are recorded, after the greeting; empty for none."""
    recorded: bool = False
    """Whether talks are recorded; the dialplan's `acd-recorded` does it."""
    handed_on_by_key: bool = False
    """Whether operators hand callers on by keys that Asterisk listens for."""

    @property
    def before(self) -> tuple[str, ...]:
        """What is played once to its end before the first offer."""
        return tuple(sound for sound in (self.greeting, self.notice) if sound)


@dataclass(frozen=True, slots=True)
class House:
    """What every session asks of the house."""

    sounds: Callable[[QueueName], LineSound]
    post: Callable[[Input], None]
    prune: Callable[[], str | None]
    """A minute of the journal of ended calls that may go; see `ended.Pruner`."""


class CallerSessions:
    """The handler of `agi://HOST:PORT/call`."""

    def __init__(
        self,
        boards: Mapping[str, Switchboard],
        sounds: Callable[[QueueName], LineSound],
        post: Callable[[Input], None],
        known_before: Callable[[CallId, str], bool],
        prune: Callable[[], str | None],
        now: Callable[[], Instant],
    ) -> None:
        self._boards = boards
        self._now = now
        self._known_before = known_before
        self._house = House(sounds, post, prune)

    async def serve(self, agi: AgiSession) -> None:
        """Hold one caller until he is served, sent elsewhere or gone.

        A session whose arguments are not what our dialplan sends is logged and ended; the dialplan then helps itself.
        """
        try:
            call_id, line, entered, stage = agi.args[:4]
            entered_by_asterisk = float(entered)
            # A dialplan of before says nothing: it stays loaded until somebody reloads it.
            opened_by_asterisk = float(agi.args[4]) if len(agi.args) > 4 else None
            board = next(b for name, b in self._boards.items() if is_call_of(call_id, name, agi.unique_id))
        except (ValueError, StopIteration):
            log.warning("session.refused", args=agi.args, channel=agi.channel)
            return
        if board.arrivals.is_anybody_late(self._now(), agi.unique_id):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(board.take_up(), TAKE_UP_LIMIT_S)
        if opened_by_asterisk is not None and board.clock.is_off(entered_by_asterisk, opened_by_asterisk, self._now()):
            # A session that is taken up late tells too little: by that the wait of all who come now would be wrong.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(board.sample_clock(), TAKE_UP_LIMIT_S)
        known = board.legs.call(CallId(call_id))
        if known is not None:
            entered_at = known.entered_at
        else:
            longest_s = board.longest_wait_s(QueueName(line))
            entered_at = board.clock.entry(entered_by_asterisk, opened_by_asterisk, self._now(), longest_s)
        call = board.visits.find_or_add(
            CallId(call_id), QueueName(line), agi.caller, entered_at, agi.channel, agi.unique_id
        )
        # The dialplan is here, so no Dial of an earlier session is running any more.
        board.visits.round_over(call, "")
        await self._hold(agi, board, call, stage)

    async def _hold(self, agi: AgiSession, board: Switchboard, call: CallLeg, stage: str) -> None:
        """Hold the caller in this session, to its end or its loss."""
        woken = asyncio.Event()
        call.wake, call.said_gone = woken.set, False
        board.unheld.came(call)
        board.meanwhile.is_there(call.uniqueid)
        conversation = Conversation(self._house, agi, board, call, stage, woken)
        try:
            call.known_before = self._known_before(call.call, stage)
            if not call.introduced and call.call != first_visit(board.server, call.uniqueid):
                board.visits.was_handed(call, (await agi.command("GET VARIABLE", "ACD_HANDED")).data)
            await conversation.hold()
        except AgiHungUp:
            call.said_gone = True
            # A talk that was found without the operator's channel has ended with it, of which no event will tell.
            if not board.link_up or any(leg.talking and not leg.uniqueid for leg in call.legs):
                board.visits.caller_gone_unseen(call)
                board.meanwhile.said_to_be_gone(call.uniqueid)
            else:
                conversation.keep_dial()  # Asterisk says the same of one whom a Redirect has taken out of it
        except AgiLost:
            board.arrivals.session_broke(self._now())
            call.unheld = call.wake == woken.set  # else another session has come already
            log.info("session.lost", call=call.call)
        except AgiError as error:
            log.warning("session.failed", call=call.call, error=str(error))
        finally:
            if call.wake == woken.set:
                call.wake = None
        if call.unheld:
            await conversation.ring_nevertheless()


class Conversation:
    """One session from its first command to its last."""

    def __init__(
        self, house: House, agi: AgiSession, board: Switchboard, call: CallLeg, stage: str, woken: asyncio.Event
    ) -> None:
        self._house = house
        self._agi = agi
        self._board = board
        self._call = call
        self._woken = woken
        self._sound = house.sounds(call.queue)
        self._greeted = stage in STAGES_GREETED or not self._sound.before
        self._music = False
        self._dialling: DialOrder | None = None
        """What rings, as far as we know."""
        self._talked = False
        """A Dial has just connected the two; what has become of the talk, the next order tells."""
        self._returned = stage == "returned"
        """An earlier talk did not end the call, so DIALSTATUS proves nothing."""

    async def hold(self) -> None:
        """Hold the caller: do what is ordered, play music meanwhile, until an order ends the session.

        Raises:
            AgiHungUp, AgiLost, AgiError: The caller has gone, the session has, or Asterisk refused a command.
        """
        if not self._call.is_to_leave:  # else the engine has let it go, and would take it for another call
            self._board.visits.introduce(self._call, greeted=self._greeted)
        if not self._greeted and not self._call.orders:  # an order here sends the call on: the line does not take it
            await self._greet()
        while True:
            if self._call.orders:
                order = self._call.orders[0]
                if isinstance(order, LeaveOrder):
                    await self._leave(order)  # if the connection breaks now, the next session is told it again
                    self._call.orders.remove(order)
                    return
                del self._call.orders[0]
                await self._do(order)
            elif not self._music and not self._talked:
                await self._play_music()
            elif self._talked and self._call.talk is not None and not self._board.link_up:
                await self._book_unseen_talk([self._call.talk])  # the link was lost before its events told of the end
            else:
                self._woken.clear()
                await self._agi.wait(self._woken)

    async def ring_nevertheless(self) -> None:
        """The connection broke; an operator who is kept for the caller does not wait for the dialplan's next try.

        Whether Asterisk has taken up a Dial that was on its way, only its events tell: it rings then without us.
        """
        if self._dialling is not None:
            await self._board.caught_up()
        if self._board.link_up and self._call.unheld:
            self.keep_dial()
            if self._call.is_to_ring:
                self._board.unheld.is_to_ring(self._call)

    def keep_dial(self) -> None:
        """Leave a Dial of which nothing has rung yet to the next session, once: what always breaks is not hurried."""
        order = self._dialling
        if order is not None and not order.again and not any(leg.talking or leg.uniqueid for leg in order.legs):
            order.again = True
            self._call.orders.insert(0, order)

    async def _do(self, order: Order) -> None:
        match order:
            case DialOrder():
                self._dialling = order
                if order.again:
                    # Its events, which are on their way, tell whether it rang after all and what has become of it.
                    await self._board.caught_up()
                    order.legs = [leg for leg in order.legs if leg in self._call.legs and not leg.uniqueid]
                await self._dial(order)
                self._dialling, self._music = None, False
            case SayOrder():
                await self._say(order)
                self._music = False
            case MovedOrder():
                self._call.queue, self._sound = order.queue, self._house.sounds(order.queue)
                await self._agi.command("SET VARIABLE", "ACD_LINE", order.queue)
                self._music = False
            case BackInLineOrder():
                await self._agi.command("SET VARIABLE", "ACD_STAGE", "returned")
                self._talked, self._returned = False, True
            case LeaveOrder():
                await self._leave(order)
            case _:
                assert_never(order)

    async def _greet(self) -> None:
        for sound in self._sound.before:
            played = await self._agi.command("STREAM FILE", sound, "")
            if played.result < 0:
                raise AgiHungUp("STREAM FILE", "the caller left in the greeting")
        await self._agi.command("SET VARIABLE", "ACD_STAGE", "waiting")
        self._house.post(GreetingEnded(self._call.call))

    async def _play_music(self) -> None:
        await self._agi.command("SET MUSIC", "ON", self._sound.music)
        self._music = True
        bucket = self._house.prune()
        if bucket is not None:
            await self._agi.command("DATABASE DELTREE", FAMILY, bucket)

    async def _leave(self, order: LeaveOrder) -> None:
        self._call.left = True
        # DIALSTATUS tells the dialplan of a talk that ended the call, unless an earlier one did not.
        if order.destination or self._returned or not self._talked:
            await self._agi.command("SET VARIABLE", "ACD_TO", order.destination or "served")

    async def _say(self, order: SayOrder) -> None:
        """Say it sound by sound, until it is said or there is something else to do.

        CONTROL STREAM FILE and not STREAM FILE, because AMI's ControlPlayback can stop it at once. No key stops it:
        keys are heard as events, whatever plays. Asterisk stops the music for it, so it is put on again afterwards;
        its place in the piece is kept.
        """
        self._call.hush = partial(self._board.hush, self._call.channel)
        try:
            for sound in order.sounds:
                if self._call.orders:
                    return
                played = await self._agi.command("CONTROL STREAM FILE", sound, "")
                if played.result < 0:
                    raise AgiHungUp("CONTROL STREAM FILE", "the caller hung up")
        finally:
            self._call.hush = None

    async def _dial(self, order: DialOrder) -> None:
        """Ring the telephones of one offer, for as long as Asterisk's Dial lasts."""
        legs = [leg for leg in order.legs if not leg.withdrawn]
        if legs:
            # g: the session goes on when the operator hangs up. U: the dialplan notes when the talk began, for whoever
            # comes after a crash of ours. m: music while it rings, unless it plays already. t: the
            # operator, and he alone, may hand on by key. A: a word to the operator.
            options = "gU(acd-recorded)" if self._sound.recorded else "gU(acd-answered)"
            if self._sound.handed_on_by_key:
                options += "t"
            if not self._music:
                options += f"m({self._sound.music})"
            if order.whisper:
                options += f"A({'&'.join(order.whisper)})"
            where = "&".join(f"PJSIP/{leg.telephone}" for leg in legs)
            dialled = await self._agi.command("EXEC", "Dial", f"{where},{math.ceil(order.ring_s)},{options}")
            if dialled.result < 0:
                if not self._board.link_up:
                    await self._find_unseen_talk(legs)
                raise AgiHungUp("EXEC Dial", "the caller hung up")
        self._talked = any(leg.talking for leg in legs)
        status = ""
        if legs and not self._talked:
            status = (await self._agi.command("GET VARIABLE", "DIALSTATUS")).data
            self._talked = status == "ANSWER"
            if self._talked and self._board.link_up:
                # Events lag behind. Not waited for, a talk that is over would pass for an offer that was missed, and
                # the caller would be put through once more.
                await self._board.caught_up()
        if self._talked and not (self._board.link_up and any(leg.talking for leg in legs)):
            await self._book_unseen_talk(legs)
        self._board.visits.round_over(self._call, status)

    async def _find_unseen_talk(self, dialled: Sequence[OperatorLeg]) -> OperatorLeg | None:
        """Return which of the legs talks or has talked; one that began while no events came in is told of now.

        That may be one that was given up meanwhile, as nothing was heard of it: Asterisk was not told.
        When it began the dialplan has noted. A variable can be read of a channel that is dead as well.
        """
        possible = [leg for leg in dialled if not leg.withdrawn or not self._board.link_up]
        leg = min(possible, key=lambda leg: (not leg.talking, leg.withdrawn), default=None)
        if leg is not None and not leg.talking:
            answered = (await self._agi.command("GET VARIABLE", "ACD_ANSWERED")).data
            if not answered.isdigit():
                return None
            leg.talking = True
            at = self._board.clock.ours(int(answered) / 1000)
            call = self._call
            self._house.post(TalkFound(call.call, call.queue, leg.agent, call.caller, call.entered_at, at))
        return leg

    async def _book_unseen_talk(self, dialled: Sequence[OperatorLeg]) -> None:
        """The end of the talk, or all of it, came while no events came in: it has ended just now."""
        leg = await self._find_unseen_talk(dialled)
        if leg is not None:
            self._board.legs.drop(self._call, leg)
            self._house.post(TalkEnded(self._call.call, Party.AGENT, NORMAL_CLEARING))

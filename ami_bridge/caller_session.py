"""One waiting caller's FastAGI session: greeting, music, the Dial of an offer, and the way out.

The session does what the call's orders say, one AGI command at a time; it decides nothing. It may break at any time
and come back as a new one for the same call, so whatever must outlive it is kept in the `CallLeg`.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, assert_never

import structlog

from ami_bridge.agi_server import AgiSession
from ami_bridge.errors import AgiError, AgiHungUp, AgiLost
from ami_bridge.legs import BackInLineOrder, CallLeg, DialOrder, LeaveOrder, MovedOrder, SayOrder
from ami_bridge.switchboard import NORMAL_CLEARING, Switchboard
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.inputs import GreetingEnded, Input, OfferAnswered, Party, TalkEnded

log = structlog.get_logger(__name__)

STAGES_GREETED: Final = frozenset({"waiting", "returned"})


@dataclass(frozen=True, slots=True)
class LineSound:
    """What a caller of this line hears while he waits."""

    greeting: str = ""
    """Name of a sound file, played once to its end before the first offer; empty for none."""
    music: str = "default"
    """Class of music on hold."""


class CallerSessions:
    """The handler of `agi://HOST:PORT/call`."""

    def __init__(
        self,
        boards: Mapping[str, Switchboard],
        sounds: Callable[[QueueName], LineSound],
        post: Callable[[Input], None],
        known_before: Callable[[CallId, str], bool],
        prune: Callable[[], str | None],
    ) -> None:
        self._boards = boards
        self._sounds = sounds
        self._post = post
        self._known_before = known_before
        self._prune = prune

    async def serve(self, agi: AgiSession) -> None:
        """Hold one caller until he is served, sent elsewhere or gone.

        A session whose arguments are not what our dialplan sends is logged and ended; the dialplan then helps itself.
        """
        try:
            call_id, line, entered, stage = agi.args[:4]
            entered_at = Instant(float(entered))
            board = self._boards[call_id.removesuffix(f"-{agi.unique_id}")]
        except (ValueError, KeyError):
            log.warning("session.refused", args=agi.args, channel=agi.channel)
            return
        call = board.find_or_add(CallId(call_id), QueueName(line), agi.caller, entered_at, agi.channel, agi.unique_id)
        # The dialplan is here, so no Dial of an earlier session is running any more.
        board.round_over(call, "")
        woken = asyncio.Event()
        call.wake = woken.set
        try:
            await self._serve(agi, board, call, stage, woken)
        except AgiHungUp:
            if not board.link_up:
                board.caller_gone(call, NORMAL_CLEARING)
        except AgiLost:
            log.info("session.lost", call=call_id)
        except AgiError as error:
            log.error("session.failed", call=call_id, error=str(error))
        finally:
            if call.wake == woken.set:
                call.wake = None

    async def _serve(
        self, agi: AgiSession, board: Switchboard, call: CallLeg, stage: str, woken: asyncio.Event
    ) -> None:
        sound = self._sounds(call.queue)
        greeted = stage in STAGES_GREETED or not sound.greeting
        call.known_before = self._known_before(call.call, stage)
        board.introduce(call, greeted=greeted)
        if not greeted:
            played = await agi.command("STREAM FILE", sound.greeting, "")
            if played.result < 0:
                raise AgiHungUp("STREAM FILE", "the caller left in the greeting")
            await agi.command("SET VARIABLE", "ACD_STAGE", "waiting")
            self._post(GreetingEnded(call.call))
        music = False
        talked = False
        returned = stage == "returned"
        while True:
            if not call.orders:
                if not music and not talked:
                    await agi.command("SET MUSIC", "ON", sound.music)
                    music = True
                    bucket = self._prune()
                    if bucket is not None:
                        await agi.command("DATABASE DELTREE", "acd-ended", bucket)
                    continue
                woken.clear()
                await agi.wait(woken)
                continue
            order = call.orders.pop(0)
            match order:
                case DialOrder():
                    talked = await self._dial(agi, board, call, order, "" if music else sound.music)
                    music = False
                case SayOrder():
                    await self._say(agi, board, call, order)
                    music = False
                case MovedOrder():
                    call.queue, sound = order.queue, self._sounds(order.queue)
                    await agi.command("SET VARIABLE", "ACD_LINE", order.queue)
                    music = False
                case BackInLineOrder():
                    await agi.command("SET VARIABLE", "ACD_STAGE", "returned")
                    talked, returned = False, True
                case LeaveOrder():
                    # DIALSTATUS tells the dialplan of a talk that ended the call, unless an earlier one did not.
                    if order.destination or returned or not talked:
                        await agi.command("SET VARIABLE", "ACD_TO", order.destination or "served")
                    return
                case _:
                    assert_never(order)

    async def _say(self, agi: AgiSession, board: Switchboard, call: CallLeg, order: SayOrder) -> None:
        """Say it sound by sound, until it is said or there is something else to do.

        CONTROL STREAM FILE and not STREAM FILE, because AMI's ControlPlayback can stop it at once. No key stops it: keys
        are heard as events, whatever plays. Asterisk stops the music for it, so it is put on again afterwards; its place
        in the piece is kept.
        """
        call.hush = partial(board.hush, call.channel)
        try:
            for sound in order.sounds:
                if call.orders:
                    return
                played = await agi.command("CONTROL STREAM FILE", sound, "")
                if played.result < 0:
                    raise AgiHungUp("CONTROL STREAM FILE", "the caller hung up")
        finally:
            call.hush = None

    async def _dial(self, agi: AgiSession, board: Switchboard, call: CallLeg, order: DialOrder, music: str) -> bool:
        """Ring the telephones of one offer; return whether there was a talk."""
        legs = [leg for leg in order.legs if not leg.withdrawn]
        if legs:
            # g: the session goes on when the operator hangs up. m: music while it rings, unless it plays already.
            # U: the dialplan notes when the talk began, for whoever comes after a crash of ours.
            # A: what the operator hears before the talk.
            options = f"gU(acd-answered)m({music})" if music else "gU(acd-answered)"
            if order.whisper:
                options += f"A({'&'.join(order.whisper)})"
            where = "&".join(f"PJSIP/{leg.telephone}" for leg in legs)
            dialled = await agi.command("EXEC", "Dial", f"{where},{math.ceil(order.ring_s)},{options}")
            if dialled.result < 0:
                raise AgiHungUp("EXEC Dial", "the caller hung up")
        talked = any(leg.talking for leg in legs)
        status = ""
        if legs and not talked:
            status = (await agi.command("GET VARIABLE", "DIALSTATUS")).data
            # Events may lag behind: what an answer has led to, the next order tells.
            talked = status == "ANSWER"
        if talked and not board.link_up:
            await self._book_unseen_talk(agi, board, call)
        board.round_over(call, status)
        return talked

    async def _book_unseen_talk(self, agi: AgiSession, board: Switchboard, call: CallLeg) -> None:
        """The end of the talk, or all of it, came while no events came in: book it from what the dialplan noted."""
        answered = (await agi.command("GET VARIABLE", "ACD_ANSWERED")).data
        leg = next((leg for leg in call.legs if not leg.withdrawn), None)
        if leg is None:
            return
        if not leg.talking and leg.offer is not None:
            self._post(OfferAnswered(leg.offer))
        talked_s = max(0.0, board.now() - int(answered) / 1000) if answered.isdigit() else None
        board.legs.drop(call, leg)
        self._post(TalkEnded(call.call, Party.AGENT, NORMAL_CLEARING, talked_s))

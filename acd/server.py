"""One Asterisk server as the daemon sees it: its AMI link, its switchboard, its fallback, its health."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from ami_bridge import outgoing
from ami_bridge.attended import PART_KEY
from ami_bridge.client import AmiClient, AmiSettings
from ami_bridge.desks import Desks
from ami_bridge.ended import FAMILY, EndedCall, Pruner, parse_entry
from ami_bridge.errors import AmiError, AmiLoginRefused
from ami_bridge.fallback_mirror import FallbackMirror
from ami_bridge.legs import CallLeg
from ami_bridge.message import AmiMessage
from ami_bridge.reconcile import Difference, Reconciler
from ami_bridge.resync import FETCHED_FROM, Found, Resynchroniser
from ami_bridge.server_clock import read_clock
from ami_bridge.surveys import Taken, told_survey
from ami_bridge.switchboard import Switchboard
from config.telephony import Asterisk
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.inputs import Input, KeyPressed

log = structlog.get_logger(__name__)

HOURS: Final = "PRESENCE_STATE(CustomPresence:acd-hours-{})"
"""Where a line's hours are left with Asterisk, as `LineHours.plan` writes them. Asterisk keeps such a state in its
database, so it is there after a restart. `DB()` refuses to be written over AMI ("dangerous function"), `DBPut` would
need the class `system`, and a global variable is gone with the process (all tried on 16.28 and 22.10)."""

FETCHING_TRIES: Final = 10
FETCHING_S: Final = 0.02
"""The dialplan has gone on within milliseconds of the loss of a session, and waits for a second then."""
REDIRECTS: Final = 3
REDIRECTED_S: Final = 1.0
"""A channel that was sent elsewhere is there within milliseconds."""


@dataclass(slots=True)
class LinkState:
    """Whether the AMI link is up, since when and why not."""

    up: bool
    since: Instant
    reason: str = "not yet connected"
    version: str = ""


class AsteriskServer:
    """Keeps one server's link up and its switchboard in line with it."""

    def __init__(
        self,
        settings: Asterisk,
        desks: Desks,
        post: Callable[[Input], None],
        now: Callable[[], Instant],
        known_before: Callable[[CallId, str], bool],
        on_synchronised: Callable[["AsteriskServer", Found], None],
        mirror: Callable[[Callable[[], AmiClient]], FallbackMirror],
        mirrored_members: Callable[[], list[tuple[str, str]]],
    ) -> None:
        self.name = settings.name
        self.board = Switchboard(settings.name, desks, post, self.hang_up, self.hush, self._key_pressed, now)
        self.board.unseen_end = self._unseen_end
        self.board.caught_up = self._caught_up
        self.board.take_up = self._take_up
        self.board.sample_clock = self._sample_clock
        self.board.fetch = self._fetch
        self.on_unseen: Callable[[EndedCall], None] | None = None
        """Told of a call that ended before it came to us: its caller hung up while Asterisk answered."""
        self.on_hangup: Callable[[str], None] | None = None
        """Told the Uniqueid of every channel that ends."""
        self.on_survey: Callable[[Taken], None] | None = None
        """Told of a survey that is over."""
        self._taking_up: asyncio.Task[None] | None = None
        self._sampling: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._post = post
        self.pruner = Pruner(now, self.board.clock)
        self.link = LinkState(up=False, since=now())
        self.first_told: Callable[[AmiMessage], None] | None = None
        """Who is told each event before the switchboard is: the outgoing calls."""
        self.also_told: Callable[[AmiMessage], None] | None = None
        """Who is told each event as well: the supervisors on the telephone."""
        self._now = now
        self._on_synchronised = on_synchronised
        self._reconciler = Reconciler(self.board, desks)
        self._resynchroniser = Resynchroniser(self.board, desks, known_before)
        self.client = AmiClient(
            AmiSettings(
                settings.name,
                settings.host,
                settings.ami_port,
                settings.ami_user,
                settings.ami_secret.reveal(),
                wanted_events=self.board.wanted_events | outgoing.EVENTS,
            ),
            self._on_event,
            self._on_up,
            self._on_down,
            self._on_refused,
        )
        self._mirror = mirror(lambda: self.client)
        self._mirrored_members = mirrored_members
        self._mirror_wanted = asyncio.Event()

    def hang_up(self, channel: str) -> None:
        """Hang a channel up; that it is gone already is no error."""
        self.client.post("Hangup", {"Channel": channel, "Cause": "16"})

    def hush(self, channel: str) -> None:
        """Stop what is being played to a caller; that nothing is any more is no error."""
        self.client.post("ControlPlayback", {"Channel": channel, "Control": "stop"})

    def set_global(self, variable: str, value: str) -> None:
        """Set a global variable of the dialplan; a link that is down is told when it comes up."""
        self.client.post("Setvar", {"Variable": variable, "Value": value})

    def set_variables(self, channel: str, variables: Mapping[str, str]) -> None:
        """Set variables of a channel; that it is gone already is no error."""
        for name, value in variables.items():
            self.client.post("Setvar", {"Channel": channel, "Variable": name, "Value": value})

    def redirect(self, channel: str, context: str, extension: str) -> None:
        """Send a caller who is handed on elsewhere in the dialplan; that he is gone already is no error."""
        self._ask(self._redirect(channel, context, extension))

    def _ask(self, asking: Coroutine[Any, Any, None]) -> None:
        """Let it be asked; nobody waits for it."""
        task = asyncio.ensure_future(asking)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _redirect(self, channel: str, context: str, extension: str) -> None:
        """Do so until he is there, which begins a visit of his.

        A channel that Asterisk moves from bridge to bridge in this moment forgets where it was sent (seen on 22.10).
        """
        where = {"Channel": channel, "Context": context, "Exten": extension, "Priority": "1"}
        visit = {"Channel": channel, "Variable": "ACD_VISIT"}
        with contextlib.suppress(AmiError):
            before = (await self.client.action("Getvar", visit)).get("Value")
            for _ in range(REDIRECTS):
                await self.client.action("Redirect", where)
                await asyncio.sleep(REDIRECTED_S)
                if (await self.client.action("Getvar", visit)).get("Value") != before:
                    return
                log.warning("transfers.redirected_again", server=self.name, channel=channel, extension=extension)

    def stop_recordings(self) -> None:
        """End the recording of every talk; the talks go on."""
        for call in self.board.legs:
            if call.talk is not None and call.talk.channel:
                self.client.post("StopMixMonitor", {"Channel": call.talk.channel})

    def record_part(self, channel: str, queue: QueueName, call: CallId) -> None:
        """Let a channel that a caller was joined to be recorded from now on, as this visit to this line."""
        self.set_variables(channel, {"ACD_PART": f"{queue}_{call}"})
        self.client.post("PlayDTMF", {"Channel": channel, "Digit": PART_KEY, "Receive": "true"})

    def take_back(self, calls: Iterable[CallLeg]) -> None:
        """Bring calls without a session, say out of Asterisk's own Queue(), to the hook: they come to us at once."""
        for call in calls:
            if call.hangup_cause is None and call.talk is None and call.wake is None and not call.left:
                to = {"Context": "acd-line", "Exten": call.queue, "Priority": "session"}
                self.client.post("Redirect", {"Channel": call.channel} | to)

    async def take_back_who_waits(self, calls: Iterable[CallLeg]) -> None:
        """Bring those to us who were found waiting without a session, unless they talk by now.

        Asterisk's own Queue() goes on with them until they are here. So what has happened is taken in first: a talk
        whose beginning we have not heard of yet would be cut short.
        """
        await self._caught_up()
        self.take_back(calls)

    def _fetch(self, call: CallLeg) -> None:
        self._ask(self._fetch_who_stands(call))

    async def _fetch_who_stands(self, call: CallLeg) -> None:
        """Bring one call to us whose session is lost, unless it is on its way already, or is being put through.

        The loss is known to us some milliseconds before the dialplan has gone on. One that opens a session just now
        must be let be: a Redirect would take it out of that again, and its Dial would fail.
        """
        with contextlib.suppress(AmiError):
            for _ in range(FETCHING_TRIES):
                listed = await self.client.action_list("Status", {"Channel": call.channel})
                doing = {channel.get("Application") for channel in listed if channel.get("Uniqueid") == call.uniqueid}
                if not call.unheld or doing & FETCHED_FROM:
                    self.take_back((call,))
                    return
                await asyncio.sleep(FETCHING_S)

    def tell_hours(self, queue: QueueName, plan: str) -> None:
        """Leave a line's hours with Asterisk, for its dialplan when we are away; nothing while the link is down."""
        if self.board.link_up:
            self.client.post("Setvar", {"Variable": HOURS.format(queue), "Value": f"available,{plan}"})

    def mirror_soon(self) -> None:
        """Somebody logged in, out or paused: the fallback's members are to follow."""
        self._mirror_wanted.set()

    async def keep_mirror(self) -> None:
        """Bring the fallback's members into line whenever something has changed. Runs until cancelled."""
        while True:
            await self._mirror_wanted.wait()
            self._mirror_wanted.clear()
            if self.board.link_up:
                await self._mirror.refresh(self._mirrored_members())

    async def reconcile(self) -> list[Difference]:
        """Compare what we believe with what Asterisk has, and mend it; nothing while the link is down."""
        if not self.client.up:
            return []
        try:
            return await self._reconciler.run(self.client)
        except AmiError as error:
            log.warning("reconciliation.failed", server=self.name, reason=str(error))
            return []

    async def _caught_up(self) -> None:
        """Wait until the events that Asterisk has sent are here: it answers a Ping after them, in their order."""
        with contextlib.suppress(AmiError):
            await self.client.action("Ping")

    async def _sample_clock(self) -> None:
        """Ask for Asterisk's time, once for all who want to know it now."""
        if self._sampling is None or self._sampling.done():
            self._sampling = asyncio.create_task(self._ask_for_the_time(), name=f"clock-{self.name}")
        await asyncio.shield(self._sampling)

    async def _ask_for_the_time(self) -> None:
        with contextlib.suppress(AmiError):
            await read_clock(self.client, self.board.clock, self._now)

    async def _take_up(self) -> None:
        """Our port refused callers for a while: whoever comes first now must not be first in the line.

        All who come meanwhile wait for the one look at Asterisk's channels.
        """
        if self._taking_up is None or self._taking_up.done():
            self._taking_up = asyncio.create_task(self._take_up_all(), name=f"take-up-{self.name}")
        await asyncio.shield(self._taking_up)

    async def _take_up_all(self) -> None:
        try:
            await self.take_back_who_waits(await self._resynchroniser.take_up(self.client))
        except AmiError as error:
            log.warning("arrivals.not_taken_up", server=self.name, reason=str(error))

    def _unseen_end(self, uniqueid: str) -> None:
        self._ask(self._ask_journal(uniqueid))

    async def _ask_journal(self, uniqueid: str) -> None:
        """Look up what the dialplan has written of this channel's call, which it did before the channel ended."""
        ended = await self.ended_entry(CallId(f"{self.name}-{uniqueid}"))
        if ended is not None and self.on_unseen is not None:
            self.on_unseen(ended)

    async def ended_entry(self, call: CallId) -> EndedCall | None:
        """Return what the journal has of a call that has just ended; None where it has nothing, or the link is lost.

        A lost link is followed by a resynchronisation, which reads all entries.
        """
        try:
            await read_clock(self.client, self.board.clock, self._now)
        except AmiError:
            return None
        minute = self.pruner.minute()
        for family in (f"{FAMILY}/{minute}", f"{FAMILY}/{minute - 1}"):
            try:
                found = await self.client.action_list("DBGet", {"Family": family, "Key": call})
            except AmiError:
                continue  # not in this minute
            for entry in found:
                ended = parse_entry(call, entry.get("Val") or "", self.board.clock)
                if ended is not None:
                    return ended
        return None

    def _on_event(self, message: AmiMessage) -> None:
        if message.event == "Hangup":
            self.pruner.saw_end()
            if self.on_hangup is not None:
                self.on_hangup(message["Uniqueid"])
        taken = told_survey(message, self.board.clock)
        if taken is not None and self.on_survey is not None:
            self.on_survey(taken)
        if self.first_told is not None:
            self.first_told(message)
        if self.also_told is not None:
            self.also_told(message)
        self.board.on_event(message)

    def _key_pressed(self, call: CallId, digit: str) -> None:
        self._post(KeyPressed(call, digit))

    async def _on_up(self, client: AmiClient) -> None:
        self.board.link_up = True
        found = await self._resynchroniser.run(client)
        self.link = LinkState(up=True, since=self._now(), reason="")
        self._mirror.forget()
        self._mirror_wanted.set()
        self._on_synchronised(self, found)

    def _on_down(self, reason: str) -> None:
        self.board.link_lost()
        self.link = LinkState(up=False, since=self._now(), reason=reason)

    def _on_refused(self, error: AmiLoginRefused) -> None:
        self.link = LinkState(up=False, since=self.link.since, reason=str(error))
